/*
 * How long 10 MB of state.json take: our encoder straight from records into a buffer,
 * beside jansson's tree built, dumped and freed, in interleaved rounds. Both texts are
 * the same JSON, which is checked first.
 */
#include <stdio.h>

#include "lib/resources.h"
#include "lib/views.h"
#include "tests/bench/common.h"

#define TASKS      27000
#define ROUNDS_MAX 101

struct work {
	struct resources resources;
	struct label label;
	struct labels labels;
	struct task_status statuses[2];
	struct buf raw[3];
};

static void task_names(unsigned i, char id[32], char name[32])
{
	snprintf(id, 32, "task-%06u", i);
	snprintf(name, 32, "web.%u", i % 100);
}

static void add_task(struct work *w, unsigned i, struct buf *out)
{
	static char framework[] = "20261122-133000-16777343-5050-4711-0000", executor[] = "default";
	static char agent[] = "20261122-133000-16777343-5050-4711-S42";
	char id[32], name[32];
	struct task_view v = {
		.id = id,
		.name = name,
		.framework_id = framework,
		.executor_id = executor,
		.slave_id = agent,
		.state = TASK_RUNNING,
	};

	task_names(i, id, name);
	for (size_t k = 0; k < ARRAY_SIZE(w->raw); k++)
		w->raw[k].len = 0;
	resources_add_view(&w->resources, &w->raw[0]);
	view_add_statuses(w->statuses, 2, &w->raw[1]);
	view_add_labels(&w->labels, &w->raw[2]);
	v.resources = buf_text(&w->raw[0]);
	v.statuses = buf_text(&w->raw[1]);
	v.labels = buf_text(&w->raw[2]);
	view_encode(task_view_schema(), &v, out);
}

static void encode_ours(struct work *w, struct buf *out)
{
	out->len = 0;
	view_open(out);
	for (unsigned i = 0; i < TASKS; i++) {
		view_item(out);
		add_task(w, i, out);
	}
	view_close(out);
}

static json_t *task_tree(unsigned i)
{
	char id[32], name[32];

	task_names(i, id, name);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:{s:f,s:i,s:i,s:s},"
			 "s:[{s:s,s:f},{s:s,s:f}],s:[{s:s,s:s}]}",
			 "id", id, "name", name, "framework_id",
			 "20261122-133000-16777343-5050-4711-0000", "executor_id", "default",
			 "slave_id", "20261122-133000-16777343-5050-4711-S42", "state",
			 "TASK_RUNNING", "resources", "cpus", 0.1, "disk", 64, "mem", 128, "ports",
			 "[31000-31001]", "statuses", "state", "TASK_STARTING", "timestamp",
			 1416000000.25, "state", "TASK_RUNNING", "timestamp", 1416000000.5,
			 "labels", "key", "team", "value", "search");
}

static char *encode_with_trees(void)
{
	json_t *list = json_array();
	char *text;

	for (unsigned i = 0; i < TASKS; i++)
		json_array_append_new(list, task_tree(i));
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

static void check_same(struct work *w, struct buf *out)
{
	autofree char *text = encode_with_trees();
	json_t *theirs = json_loads(text, 0, NULL), *ours;

	encode_ours(w, out);
	ours = json_loadb(out->data, out->len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_equal(ours, theirs)) {
		fprintf(stderr, "encode: not the same JSON: %.500s\n%.500s\n", out->data, text);
		exit(1);
	}
	json_decref(ours);
	json_decref(theirs);
}

static void setup(struct work *w)
{
	struct error e;

	if (resources_parse("cpus:0.1;mem:128;disk:64;ports:[31000-31001]", "*", &w->resources, &e))
		abort();
	w->label = (struct label){ .key = (char *)"team", .value = (char *)"search" };
	w->labels = (struct labels){ .labels = &w->label, .labels_count = 1 };
	w->statuses[0] = (struct task_status){ .state = TASK_STARTING, .timestamp = 1416000000.25 };
	w->statuses[1] = (struct task_status){ .state = TASK_RUNNING, .timestamp = 1416000000.5 };
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? MIN(MAX(atoi(argv[1]), 1), ROUNDS_MAX) : 11;
	double ours[ROUNDS_MAX], theirs[ROUNDS_MAX], ratios[ROUNDS_MAX];
	autobuf struct buf out = { 0 };
	struct work w = { 0 };

	setup(&w);
	check_same(&w, &out);
	for (int i = 0; i < rounds; i++) {
		int64_t start = now_ns(), middle;

		encode_ours(&w, &out);
		middle = now_ns();
		free(encode_with_trees());
		ours[i] = (double)(middle - start) / 1e6;
		theirs[i] = (double)(now_ns() - middle) / 1e6;
		ratios[i] = ours[i] / theirs[i];
	}
	printf("# encode: %.2f MB, %d tasks; %d round(s)\n", (double)out.len / 1e6, TASKS, rounds);
	printf("%-24s %8.1f ms %7.0f MB/s\n", "ours", median(ours, rounds),
	       (double)out.len / 1e3 / median(ours, rounds));
	printf("%-24s %8.1f ms %7.0f MB/s\n", "jansson: build and dump", median(theirs, rounds),
	       (double)out.len / 1e3 / median(theirs, rounds));
	printf("%-24s %8.3f    (goal <= 0.070)\n", "ratio", median(ratios, rounds));
	resources_fini(&w.resources);
	for (size_t k = 0; k < ARRAY_SIZE(w.raw); k++)
		buf_fini(&w.raw[k]);
	return 0;
}
