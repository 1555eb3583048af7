/* Tables of metrics to flat JSON, Prometheus text and OpenMetrics. */
#include "lib/metrics.h"

#include "lib/schema.h"

const char *const metrics_content_types[] = {
	[METRICS_JSON] = "application/json",
	[METRICS_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
	[METRICS_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

static const char *const kind_names[] = {
	[METRIC_GAUGE] = "gauge",
	[METRIC_COUNTER] = "counter",
	[METRIC_HISTOGRAM] = "histogram",
};

static const double bounds[HISTOGRAM_BOUNDS] = { 0.0001, 0.00025, 0.001, 0.0025, 0.01, 0.025,
						 0.1,    0.25,    1,     2.5,    10 };

/* Labels of one sample of a histogram: those of its family, and its bound. */
#define HISTOGRAM_LABELS_MAX 8

struct metrics_writer {
	struct buf *out;
	enum metrics_format format;
	const struct metric *metric; /* the family being written */
	bool first;                  /* nothing is in the JSON object yet */
};

static void write_json(struct metrics_writer *w, const char *name, double value)
{
	buf_addc(w->out, w->first ? '{' : ',');
	buf_add_json(w->out, name);
	buf_addc(w->out, ':');
	json_add_number(w->out, value);
	w->first = false;
}

/* Inside HELP: backslash and newline; in a label value the quote too. */
static void add_text(struct buf *out, const char *s, bool quote)
{
	size_t n;

	while (n = strcspn(s, quote ? "\\\n\"" : "\\\n"), s[n]) {
		buf_add(out, s, n);
		buf_addc(out, '\\');
		buf_addc(out, (char)(s[n] == '\n' ? 'n' : s[n]));
		s += n + 1;
	}
	buf_add(out, s, n);
}

/* OpenMetrics names the family of a counter without its _total. */
static size_t family_length(const struct metrics_writer *w, const struct metric *m)
{
	size_t n = strlen(m->prometheus);

	if (w->format != METRICS_OPENMETRICS || m->kind != METRIC_COUNTER)
		return n;
	assert(n > strlen("_total") && !strcmp(m->prometheus + n - strlen("_total"), "_total"));
	return n - strlen("_total");
}

const char *metric_kind_name(const struct metric *m)
{
	return kind_names[m->kind];
}

const char *metric_unit(const struct metric *m)
{
	static const char *const units[] = { "bytes", "seconds", "ratio" };
	size_t n = strlen(m->prometheus);

	if (m->kind == METRIC_COUNTER)
		n -= strlen("_total");
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t unit = strlen(units[i]);

		if (n > unit && m->prometheus[n - unit - 1] == '_' &&
		    !strncmp(m->prometheus + n - unit, units[i], unit))
			return units[i];
	}
	return NULL;
}

/* Only OpenMetrics knows units. */
static void write_unit(struct metrics_writer *w, const struct metric *m)
{
	const char *unit = metric_unit(m);

	if (w->format != METRICS_OPENMETRICS || !unit)
		return;
	buf_adds(w->out, "# UNIT ");
	buf_add(w->out, m->prometheus, family_length(w, m));
	buf_addf(w->out, " %s\n", unit);
}

static void write_heading(struct metrics_writer *w, const struct metric *m)
{
	size_t n;

	if (w->format == METRICS_JSON)
		return;
	n = family_length(w, m);
	buf_adds(w->out, "# HELP ");
	buf_add(w->out, m->prometheus, n);
	buf_addc(w->out, ' ');
	add_text(w->out, m->help, w->format == METRICS_OPENMETRICS);
	buf_adds(w->out, "\n# TYPE ");
	buf_add(w->out, m->prometheus, n);
	buf_addf(w->out, " %s\n", metric_kind_name(m));
	write_unit(w, m);
}

static void write_labels(struct buf *out, const struct metric_label *labels)
{
	char separator = '{';

	for (; labels && labels->name; labels++) {
		buf_addc(out, separator);
		buf_adds(out, labels->name);
		buf_adds(out, "=\"");
		add_text(out, labels->value, true);
		buf_addc(out, '"');
		separator = ',';
	}
	if (separator == ',')
		buf_addc(out, '}');
}

/* suffix: of a histogram, of which each family of samples has its own name. */
static void write_text(struct metrics_writer *w, const char *suffix,
		       const struct metric_label *labels, double value)
{
	const struct metric *m = w->metric;

	buf_adds(w->out, m->prometheus);
	buf_adds(w->out, suffix);
	write_labels(w->out, labels);
	buf_addc(w->out, ' ');
	json_add_number(w->out, value * m->scale);
	buf_addc(w->out, '\n');
}

void metrics_sample(struct metrics_writer *w, const char *json_name,
		    const struct metric_label *labels, double value)
{
	if (w->format != METRICS_JSON)
		write_text(w, "", labels, value);
	else if (json_name)
		write_json(w, json_name, value);
}

void histogram_add(struct histogram *h, double seconds)
{
	size_t i = 0;

	while (i < HISTOGRAM_BOUNDS && seconds > bounds[i])
		i++;
	h->counts[i]++;
	h->sum += seconds;
}

static void write_part(struct metrics_writer *w, const char *json_name, const char *part,
		       const char *suffix, const struct metric_label *labels, double value)
{
	autofree char *name = json_name ? xasprintf("%s/%s", json_name, part) : NULL;

	if (w->format != METRICS_JSON)
		write_text(w, suffix, labels, value);
	else if (name)
		write_json(w, name, value);
}

void metrics_histogram(struct metrics_writer *w, const char *json_name,
		       const struct metric_label *labels, const struct histogram *h)
{
	struct metric_label all[HISTOGRAM_LABELS_MAX + 1] = { { NULL, NULL } };
	uint64_t sum = 0;
	size_t n = 0;

	for (; labels[n].name; n++) {
		assert(n < HISTOGRAM_LABELS_MAX - 1);
		all[n] = labels[n];
	}
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		autofree char *bound =
			i < HISTOGRAM_BOUNDS ? xasprintf("%g", bounds[i]) : xstrdup("+Inf");
		autofree char *part = xasprintf("le_%s", bound);

		sum += h->counts[i];
		all[n] = (struct metric_label){ .name = "le", .value = bound };
		write_part(w, json_name, part, "_bucket", all, (double)sum);
	}
	write_part(w, json_name, "sum", "_sum", labels, h->sum);
	write_part(w, json_name, "count", "_count", labels, (double)sum);
}

static void write_set(struct metrics_writer *w, const struct metrics *set)
{
	for (const struct metric *m = set->table; m->prometheus; m++) {
		double value;

		write_heading(w, m);
		w->metric = m;
		if (m->family) {
			set->family(m, w, set->ctx);
			continue;
		}
		value = *(const double *)(const void *)((const char *)set->values + m->offset);
		metrics_sample(w, m->mesos, NULL, value);
	}
}

void metrics_write(const struct metrics *sets, size_t count, enum metrics_format format,
		   struct buf *out)
{
	struct metrics_writer w = { .out = out, .format = format, .first = true };

	for (size_t i = 0; i < count; i++)
		write_set(&w, &sets[i]);
	if (format == METRICS_JSON)
		buf_adds(out, w.first ? "{}" : "}");
	if (format == METRICS_OPENMETRICS)
		buf_adds(out, "# EOF\n");
}
