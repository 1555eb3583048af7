/*
 * Metrics as records. A .def file has one row per metric with two names: Mesos's, for the flat JSON
 * of /metrics/snapshot, and Prometheus's, for its text format. Values are doubles in Mesos's unit;
 * `scale` takes them to Prometheus's base unit.
 *
 * 	METRICS(master_metrics)
 * 		GAUGE(uptime, "master/uptime_secs", "mesos_master_uptime_seconds", 1, "...")
 * 		COUNTER(tasks_lost, "master/tasks_lost", "mesos_master_tasks_lost_total", 1, "...")
 * 		FAMILY(GAUGE, used, "containers/<id>/used", "mesos_agent_container_used", 1, "...")
 * 	END_METRICS
 *
 * A FAMILY has no member: its samples carry labels and are written by the owner's callback; its
 * Mesos name is a pattern, for docs/metrics.md. Only a family can be a HISTOGRAM. Names that were
 * released stay. Exposition: Prometheus text format 0.0.4 and OpenMetrics 1.0.
 */
#pragma once

#include "lib/buf.h"

enum metric_kind { METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM };
enum metrics_format { METRICS_JSON, METRICS_PROMETHEUS, METRICS_OPENMETRICS };

/* Content-Type of each format. */
extern const char *const metrics_content_types[];

struct metric {
	const char *mesos;      /* NULL: not in the flat JSON; of a family a pattern */
	const char *prometheus; /* NULL ends the table */
	enum metric_kind kind;
	bool family;
	double scale; /* Mesos's unit in Prometheus's unit */
	const char *help;
	size_t offset; /* of the double in the values; not of a family */
};

/* "gauge", "counter" or "histogram". */
const char *metric_kind_name(const struct metric *m);
/* Prometheus's base unit, which ends the name: "bytes", "seconds", "ratio"; NULL: a mere number. */
const char *metric_unit(const struct metric *m);

struct metrics_writer;

/* A set of metrics and where their values come from. */
struct metrics {
	const struct metric *table;
	const void *values;
	/* Writes all samples of one family; NULL if the table has none. */
	void (*family)(const struct metric *m, struct metrics_writer *w, void *ctx);
	void *ctx;
};

struct metric_label {
	const char *name, *value;
};

/*
 * One sample of the family that is being written. json_name is its name in the flat JSON
 * (NULL: not there); labels end with a NULL name. value in Mesos's unit.
 */
void metrics_sample(struct metrics_writer *w, const char *json_name,
		    const struct metric_label *labels, double value);

/* How long something took, in seconds: from a tenth of a millisecond to ten seconds. */
#define HISTOGRAM_BOUNDS 11

struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS +
			1]; /* up to each bound and above the one before; the last is above all */
	double sum;
};

void histogram_add(struct histogram *h, double seconds);
/*
 * As metrics_sample(), of a family that is a histogram; json_name is continued by /count and so on.
 */
void metrics_histogram(struct metrics_writer *w, const char *json_name,
		       const struct metric_label *labels, const struct histogram *h);

/* Appends all sets, in order, as one document. */
void metrics_write(const struct metrics *sets, size_t count, enum metrics_format format,
		   struct buf *out);

/*
 * The host and this process: system/load_1min, process_open_fds, ...; at most 100 ms old. Only
 * what is in that format is read: counting descriptors takes long where there are many.
 */
struct metrics metrics_system(enum metrics_format format);
