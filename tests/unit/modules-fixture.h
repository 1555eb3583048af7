/*
 * Modules as their daemon sees them: the built mesos-module-host with modules of tests/modules, a
 * loop, a directory. Whatever is not as expected fails the test.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "lib/modules.h"
#include "tests/unit/loop.h"

#define TEST(name) cmocka_unit_test_setup_teardown(name, modules_set_up, modules_tear_down)

/* A module, and its parameters as "key=value". */
struct example {
	const char *library; /* of tests/modules, as "labels" */
	const char *name;
	const char *parameters[4];
};

struct fixture {
	sd_event *loop;
	struct streams *streams;
	char dir[32];
	char *launcher_dir, *text;
	/* As no flag but launcher_dir says, and with a call's time that nothing here takes. */
	struct modules_options o;
	struct modules *modules; /* NULL: the test has not made them yet; they are freed after it */
	struct hooks *hooks;     /* likewise */
	unsigned restarted;
};

int modules_set_up(void **state);
int modules_tear_down(void **state);
/* Path of an example; the caller frees. */
char *example_path(const char *library);
/* --modules is these, each as a library. */
void configure(struct fixture *f, const struct example *list, size_t count);
/* --modules is this text, a format. */
void configure_text(struct fixture *f, const char *fmt, ...) format_printf(2, 3);
/* Makes the modules of what is configured. */
void take(struct fixture *f);
/* And loads them. */
void load(struct fixture *f);
/* A file in the directory with this text; the caller frees its path. */
char *put_file(const struct fixture *f, const char *name, const char *text);
