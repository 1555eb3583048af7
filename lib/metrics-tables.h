/* Second expansion of a metrics .def: <name>_table(). Families are known by their member name. */
#define METRICS(n)                                  \
	const struct metric *n##_table(void)        \
	{                                           \
		typedef struct n self;              \
		static const struct metric table[] = {
#define METRIC_ROW(k, m, mesos_name, prometheus_name, s, h) \
	{ .mesos = (mesos_name), .prometheus = (prometheus_name), .kind = METRIC_##k, \
	  .scale = (s), .help = (h), .offset = offsetof(self, m) },
#define GAUGE(m, mesos, prometheus, s, h)   METRIC_ROW(GAUGE, m, mesos, prometheus, s, h)
#define COUNTER(m, mesos, prometheus, s, h) METRIC_ROW(COUNTER, m, mesos, prometheus, s, h)
#define FAMILY(k, m, mesos_name, prometheus_name, s, h) \
	{ .mesos = (mesos_name), .prometheus = (prometheus_name), .kind = METRIC_##k, \
	  .family = true, .scale = (s), .help = (h) },
#define END_METRICS     \
	{ .prometheus = NULL }, \
	}               \
	;               \
	return table;   \
	}
