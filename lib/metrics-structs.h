/* First expansion of a metrics .def: the struct of values. */
#define METRICS(n)                           \
	const struct metric *n##_table(void); \
	struct n {
#define GAUGE(m, mesos, prometheus, scale, help) double m;
#define COUNTER(m, mesos, prometheus, scale, help) double m;
#define FAMILY(kind, m, mesos, prometheus, scale, help)
#define END_METRICS \
	}           \
	;
