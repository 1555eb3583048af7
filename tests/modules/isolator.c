/*
 * An isolator. Its parameters: `nofile`, a limit of open files; `variable`, NAME=value; `tmpfs`, a
 * directory of 1 MB in memory; `bind` and `view`, SOURCE:TARGET, of which the second is read only;
 * `command`, a program to run first, with the sandbox as its argument; `file`, where it writes what
 * it is called for, a line each, with what it sees of the sandbox; and what told.h has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <mesos/isolator.h>

#include "told.h"

static const char *parameter(const void *self, const char *key)
{
	return mesos_parameter(self, key);
}

static int note(const void *self, const char *what, const struct mesos_container *c)
{
	const char *file = parameter(self, "file");
	FILE *f = file ? fopen(file, "ae") : NULL;
	struct stat st = { .st_mode = 0 };

	if (!f)
		return mesos_fail("cannot write to %s", file ? file : "nothing");
	stat(mesos_container_sandbox(c), &st);
	fprintf(f, "%s %s user=%s mem=%g pid=%s sandbox=%s owner=%u mode=%o\n", what,
		mesos_container_id(c), mesos_container_user(c), mesos_container_resource(c, "mem"),
		mesos_container_pid(c) > 1 ? "yes" : "no", mesos_container_sandbox(c),
		(unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
	fclose(f);
	return do_as_told(self, what);
}

static int add_variable(struct mesos_plan *plan, const char *text)
{
	char name[256];
	const char *equals = strchr(text, '=');

	snprintf(name, sizeof(name), "%.*s", equals ? (int)(equals - text) : 0, text);
	return mesos_plan_set_environment(plan, name, equals ? equals + 1 : "");
}

static int add_mount(struct mesos_plan *plan, const char *text, bool read_only)
{
	char source[4096];
	const char *colon = strchr(text, ':');

	snprintf(source, sizeof(source), "%.*s", colon ? (int)(colon - text) : 0, text);
	return mesos_plan_bind(plan, source, colon ? colon + 1 : "", read_only);
}

static int prepare(void *self, const struct mesos_container *c, struct mesos_plan *plan)
{
	const char *nofile = parameter(self, "nofile"), *variable = parameter(self, "variable");
	const char *tmpfs = parameter(self, "tmpfs"), *command = parameter(self, "command");
	const char *bind = parameter(self, "bind"), *view = parameter(self, "view");
	const char *argv[] = { command, mesos_container_sandbox(c), NULL };
	uint64_t limit = nofile ? strtoull(nofile, NULL, 10) : 0;

	if (note(self, "prepare", c) ||
	    (nofile && mesos_plan_limit(plan, "nofile", limit, limit)) ||
	    (variable && add_variable(plan, variable)) ||
	    (tmpfs && mesos_plan_tmpfs(plan, tmpfs, 1 << 20)) ||
	    (bind && add_mount(plan, bind, false)) || (view && add_mount(plan, view, true)) ||
	    (command && mesos_plan_command(plan, argv)))
		return -1;
	return 0;
}

static int isolate(void *self, const struct mesos_container *c)
{
	return note(self, "isolate", c);
}

static int update(void *self, const struct mesos_container *c)
{
	return note(self, "update", c);
}

static int usage(void *self, const struct mesos_container *c, struct mesos_usage *u)
{
	return do_as_told(self, "usage")
		       ? -1
		       : mesos_usage_set(u, "given_mem", mesos_container_resource(c, "mem"));
}

static int recover(void *self, const struct mesos_container *c)
{
	return note(self, "recover", c);
}

static int cleanup(void *self, const struct mesos_container *c)
{
	return note(self, "cleanup", c);
}

static void *create(const struct mesos_parameters *parameters)
{
	return (void *)(uintptr_t)parameters; /* they stay */
}

static bool compatible(void)
{
	return true;
}

static const struct mesos_isolator isolator = {
	.size = sizeof(isolator),
	.abi = MESOS_MODULE_ABI,
	.prepare = prepare,
	.isolate = isolate,
	.update = update,
	.usage = usage,
	.recover = recover,
	.cleanup = cleanup,
};

MESOS_MODULE(org_example_isolator) = {
	MESOS_MODULE_BEGIN,
	.kind = MESOS_ISOLATOR_KIND,
	.author_name = "An Author",
	.author_email = "author@example.org",
	.description = "Limits open files, and adds what it is told to.",
	.compatible = compatible,
	.functions = &isolator,
	.create = create,
};

/* Another one, so that there can be two. */
MESOS_MODULE(org_example_isolator_2) = {
	MESOS_MODULE_BEGIN,         .kind = MESOS_ISOLATOR_KIND,
	.author_name = "An Author", .author_email = "author@example.org",
	.description = "The same.", .compatible = compatible,
	.functions = &isolator,     .create = create,
};
