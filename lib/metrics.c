/* Tables of metrics to flat JSON, Prometheus text and OpenMetrics. */
#include "lib/metrics.h"

#include "lib/schema.h"

const char *const metrics_content_types[] = {
	[METRICS_JSON] = "application/json",
	[METRICS_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
	[METRICS_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

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
	buf_adds(w->out, m->kind == METRIC_COUNTER ? " counter\n" : " gauge\n");
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

static void write_text(struct metrics_writer *w, const struct metric *m,
		       const struct metric_label *labels, double value)
{
	buf_adds(w->out, m->prometheus);
	write_labels(w->out, labels);
	buf_addc(w->out, ' ');
	json_add_number(w->out, value * m->scale);
	buf_addc(w->out, '\n');
}

void metrics_sample(struct metrics_writer *w, const char *json_name,
		    const struct metric_label *labels, double value)
{
	if (w->format != METRICS_JSON)
		write_text(w, w->metric, labels, value);
	else if (json_name)
		write_json(w, json_name, value);
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
