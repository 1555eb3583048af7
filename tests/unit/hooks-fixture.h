/*
 * The chain of hooks that a daemon would have, over modules-fixture.h, and its runs. Whatever is
 * not as expected fails the test.
 */
#pragma once

#include "tests/unit/modules-fixture.h"

#include "lib/hooks.h"
#include "lib/labels.h"

#define HOOKS_TEST(name) cmocka_unit_test_setup_teardown(name, hooks_set_up, hooks_tear_down)

extern struct hooks *hooks;
extern struct hooks_options
	options; /* of the next set_up(): ignore, five failures, all functions */

int hooks_set_up(void **state);
int hooks_tear_down(void **state);
/* --modules and --hooks; start_hooks() is to follow. */
void set_up(struct fixture *f, const struct example *list, size_t count, const char *names);
#define SET_UP(f, list, names) set_up(f, list, ARRAY_SIZE(list), names)
/* --hooks, where all of them are of the library labels. */
#define THREE_NAMES "org_example_labels,org_example_labels_2,org_example_labels_3"
void add_isolator(const char *name);
void start_hooks(void);

/* ---- runs ---- */

struct run {
	struct hook_run hook;
	unsigned done;
};

void run_fini(struct run *r);
#define autorun cleanup(run_fini)

/* Of a record, as JSON; who calls frees it. */
void *record(const struct schema *s, const char *text);
void start(struct run *r, enum module_function function);
/* Starts it and waits until it is done. */
void run(struct fixture *f, struct run *r, enum module_function function);
/* Decorates the labels of a task with this id, which had own:0. */
void decorate(struct fixture *f, struct run *r, const char *id);
/* Isolators are asked for a container. */
void isolate(struct fixture *f, struct run *r, enum module_function function);

/* The labels of a task, as lib/labels.h has them as text, and what has become of them. */
void set_labels(struct run *r, const char *text);
void expect_labels(const struct run *r, const char *text);
void expect_passed(const struct run *r);
void expect_failed(const struct run *r, const char *why);

/* ---- what is told of them ---- */

double metric(const char *name);
/* Of decorations of the labels of a task. */
void expect_counts(const char *hook, double calls, double errors, double timeouts);
/* Of the module i of /modules. */
void expect_state(size_t i, const char *text);
void expect_health(const char *text);
