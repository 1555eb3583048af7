/*
 * An isolator. Its parameters: `nofile`, a limit of open files; `variable`, NAME=value; `tmpfs`, a directory of 1 MB in
 * memory; `command`, a program to run first; `fails`, the function that says no; `crashes`, the one that crashes once;
 * `waits`, the one that waits for a file called like the next one with `.go` behind it; `file`, where it writes what it
 * is called for, a line each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mesos/isolator.h>

static const char *parameter(const void *self, const char *key)
{
	return mesos_parameter(self, key);
}

static bool is(const void *self, const char *key, const char *what)
{
	const char *value = parameter(self, key);

	return value && !strcmp(value, what);
}

/* A host that comes after one that has crashed finds the mark of it. */
static void crash_once(const char *file)
{
	char mark[4096];

	snprintf(mark, sizeof(mark), "%s.crashed", file);
	if (!access(mark, F_OK))
		return;
	fclose(fopen(mark, "we"));
	abort();
}

static void await_go(const char *file)
{
	char go[4096];

	snprintf(go, sizeof(go), "%s.go", file);
	while (access(go, F_OK))
		usleep(10000);
}

static int note(const void *self, const char *what, const struct mesos_container *c)
{
	const char *file = parameter(self, "file");
	FILE *f = file ? fopen(file, "ae") : NULL;

	if (!f)
		return mesos_fail("cannot write to %s", file ? file : "nothing");
	fprintf(f, "%s %s user=%s mem=%g pid=%s sandbox=%s\n", what, mesos_container_id(c),
		mesos_container_user(c), mesos_container_resource(c, "mem"),
		mesos_container_pid(c) > 1 ? "yes" : "no", mesos_container_sandbox(c));
	fclose(f);
	if (is(self, "crashes", what))
		crash_once(file);
	if (is(self, "waits", what))
		await_go(file);
	return is(self, "fails", what) ? mesos_fail("%s says no", what) : 0;
}

static int add_variable(struct mesos_plan *plan, const char *text)
{
	char name[256];
	const char *equals = strchr(text, '=');

	snprintf(name, sizeof(name), "%.*s", equals ? (int)(equals - text) : 0, text);
	return mesos_plan_set_environment(plan, name, equals ? equals + 1 : "");
}

static int prepare(void *self, const struct mesos_container *c, struct mesos_plan *plan)
{
	const char *nofile = parameter(self, "nofile"), *variable = parameter(self, "variable");
	const char *tmpfs = parameter(self, "tmpfs"), *command = parameter(self, "command");
	const char *argv[] = { command, mesos_container_sandbox(c), NULL };
	uint64_t limit = nofile ? strtoull(nofile, NULL, 10) : 0;

	if (note(self, "prepare", c) ||
	    (nofile && mesos_plan_limit(plan, "nofile", limit, limit)) ||
	    (variable && add_variable(plan, variable)) ||
	    (tmpfs && mesos_plan_tmpfs(plan, tmpfs, 1 << 20)) ||
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
	if (is(self, "crashes", "usage"))
		crash_once(parameter(self, "file"));
	return mesos_usage_set(u, "given_mem", mesos_container_resource(c, "mem"));
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
