/*
 * How an executor's container comes to be: what it is made from, the room it needs on the disk,
 * and the gate that opens once the store knows of it; also of one that an agent before us launched.
 */
#include "agent/agent.h"
#include "agent/executor_hooks.h"
#include "agent/executors.h"
#include "agent/isolator/disk.h"
#include "agent/save.h"
#include "lib/fs.h"
#include "lib/ids.h"
#include "lib/log.h"
#include "lib/sandbox_path.h"

/* ---- who it is ---- */

/* A command task gets an executor of its own: its id is the task's. */
static struct executor_info *info_for_command(const struct task_info *task)
{
	struct executor_info *info = xcalloc(1, sizeof(*info));
	const struct command_info *command = task->command;

	info->executor_id = xstrdup(task->task_id);
	info->source = xstrdup(task->task_id);
	info->name = xasprintf("Command Executor (Task: %s)", task->task_id);
	info->command = schema_copy(command_info_schema(), command);
	if (task->labels)
		info->labels = schema_copy(labels_schema(), task->labels);
	if (task->container)
		info->container = schema_copy(container_info_schema(), task->container);
	return info;
}

char *executor_sandbox(const struct executor *x)
{
	return sandbox_path_make(executor_agent(x)->id, x->framework->id, x->info->executor_id,
				 x->container_id);
}

struct executor *executor_new(struct framework *f, struct executor_info *info, bool command)
{
	struct executor *x = xcalloc(1, sizeof(*x));
	struct error e;

	x->framework = f;
	x->command = command;
	x->info = info;
	if (!x->info->command)
		x->info->command = xcalloc(1, sizeof(*x->info->command));
	list_init(&x->recent);
	list_init(&x->tasks);
	list_init(&x->completed);
	if (resources_from_wire(x->info->resources, x->info->resources_count, &x->resources, &e))
		log_warning("executor %s: resources: %s", x->info->executor_id, e.text);
	list_append(&f->executors, &x->node);
	return x;
}

static void name_container(struct executor *x)
{
	autofree char *sandbox = NULL;

	x->container_id = uuid_text_new();
	x->token = uuid_text_new();
	sandbox = executor_sandbox(x);
	x->sandbox = path_join(executor_agent(x)->flags.work_dir, sandbox);
}

void executor_rename_container(struct executor *x)
{
	struct task *t;

	list_for_each(t, &x->tasks, node)
		forget_task(t);
	list_for_each(t, &x->completed, node)
		forget_task(t);
	forget_executor(x);
	free(x->container_id);
	free(x->token);
	free(x->sandbox);
	name_container(x);
	list_for_each(t, &x->tasks, node)
		save_task(t);
	list_for_each(t, &x->completed, node)
		save_task(t);
}

struct executor *executor_add(struct framework *f, const struct task_info *task)
{
	struct executor *x =
		executor_new(f,
			     task->executor ? schema_copy(executor_info_schema(), task->executor)
					    : info_for_command(task),
			     !task->executor);

	name_container(x);
	return x;
}

/* ---- what it is made from ---- */

static const char *user_of(const struct executor *x)
{
	const struct command_info *command = x->info->command;

	return command->user ? command->user : x->framework->info->user;
}

struct environment_rows {
	struct variable list[12];
	size_t count;
};

static void add(struct environment_rows *rows, const char *name, const char *value)
{
	assert(rows->count < ARRAY_SIZE(rows->list));
	rows->list[rows->count++] = (struct variable){ .name = (char *)(uintptr_t)name,
						       .value = (char *)(uintptr_t)value };
}

/* MESOS_CHECKPOINT stays unset when off: a known client takes "0" for true. */
static void mesos_environment(const struct executor *x, const char *endpoint, const char *pid,
			      struct environment_rows *rows)
{
	const struct agent *a = executor_agent(x);

	add(rows, "MESOS_FRAMEWORK_ID", x->framework->id);
	add(rows, "MESOS_EXECUTOR_ID", x->info->executor_id);
	add(rows, "MESOS_SLAVE_ID", a->id);
	add(rows, "MESOS_AGENT_ID", a->id);
	add(rows, "MESOS_SLAVE_PID", pid);
	add(rows, "MESOS_AGENT_ENDPOINT", endpoint);
	if (x->framework->info->checkpoint)
		add(rows, "MESOS_CHECKPOINT", "1");
	if (x->command) {
		add(rows, "MESOS_TASK_ID", x->info->executor_id);
		return;
	}
	add(rows, "MESOS_EXECUTOR_SOCKET", a->executor_socket_path);
	add(rows, "MESOS_EXECUTOR_AUTHENTICATION_TOKEN", x->token);
}

int64_t executor_grace(const struct executor *x)
{
	return x->info->has_shutdown_grace_period
		       ? x->info->shutdown_grace_period
		       : executor_agent(x)->flags.executor_shutdown_grace_period;
}

static const struct capability_info *capabilities_of(const struct executor *x)
{
	const struct container_info *container = x->info->container;

	return container && container->linux_info ? container->linux_info->effective_capabilities
						  : NULL;
}

/* The strings are borrowed; the resources are the caller's to free. */
static struct container_spec describe(struct executor *x, const char *sandbox,
				      struct resources *used)
{
	executor_used(x, used);
	return (struct container_spec){
		.id = x->container_id,
		.sandbox = x->sandbox,
		.sandbox_below = sandbox,
		.user = user_of(x),
		.task_id = x->command ? x->info->executor_id : NULL,
		.command = x->info->command,
		.capabilities = capabilities_of(x),
		.labels = x->info->labels,
		.grace_ns = executor_grace(x),
		.resources = used,
		.override = x->override,
		.denied = x->denied,
	};
}

/* ---- room for it ---- */

/* Measured, or so young that it has written nothing, or next to nothing if it is measured soon. */
static bool use_is_known(const struct container *c)
{
	if (ledger_known(&c->disk))
		return true;
	return !c->adopted && (c->phase < CONTAINER_RUNNING || isolators_have_disk(c->isolators));
}

/*
 * What it may still write of what it was offered. No sandbox is deleted for what an operator or a
 * hook gave beyond that; nor for one whose use is not known, as after a restart of the agent, or
 * where nobody measures: what it has written is not in the free space any more, and promised once
 * more it would take all garbage at each launch.
 */
static uint64_t may_write(const struct container *c)
{
	uint64_t offered, limit;

	if (!use_is_known(c) || !disk_offered_to(c, &offered) || !disk_limit_of(c, &limit))
		return 0;
	limit = MIN(limit, offered);
	return limit - MIN(c->disk.used.bytes, limit);
}

/* Disk that was offered is disk that is there: for this container, and for all that run. */
static uint64_t promised(const struct agent *a)
{
	struct container *c;
	uint64_t sum = 0, more;

	list_for_each(c, &a->node.containers, node_entry) {
		more = c->phase != CONTAINER_ENDED ? may_write(c) : 0;
		sum += MIN(more, UINT64_MAX - sum);
	}
	return sum;
}

/* One thing less that its container waits for. */
static void go_on(struct executor *x)
{
	assert(x->launch_waits);
	if (--x->launch_waits == 0 && x->container && x->container->waiting)
		container_proceed(x->container);
}

static void on_room(struct gc_wait *w)
{
	go_on(container_of(w, struct executor, room));
}

void executor_launch(struct executor *x)
{
	struct agent *a = executor_agent(x);
	autofree char *endpoint = agent_endpoint(a);
	autofree char *pid = xasprintf("slave(1)@%s", endpoint);
	autofree char *sandbox = executor_sandbox(x);
	autoresources struct resources used = { 0 };
	struct environment_rows rows = { .count = 0 };
	struct container_spec spec = describe(x, sandbox, &used);

	mesos_environment(x, endpoint, pid, &rows);
	spec.environment = rows.list;
	spec.environment_count = rows.count;
	log_info("executor %s: launching framework=%s container=%s user=%s", x->info->executor_id,
		 x->framework->id, x->container_id, spec.user);
	x->container = container_launch(&a->node, &spec, x);
	save_executor(x);
	x->launch_waits = 2; /* room on the disk, hooks */
	gc_make_room(a->gc, &x->room, promised(a), 0, on_room);
	executor_hooks_launch(x, go_on);
}

/* ---- the gate ---- */

static void on_stored(struct store_wait *w)
{
	struct executor *x = container_of(w, struct executor, stored);

	if (!x->container || x->container->phase != CONTAINER_HELD)
		return;
	container_start(x->container);
	if (!x->command && x->state < EXECUTOR_TERMINATING)
		executor_await_subscription(x);
}

void executor_start_when_stored(struct executor *x)
{
	store_wait(executor_agent(x)->store, &x->stored, on_stored);
}

/* ---- what an agent before us launched ---- */

void executor_adopt(struct executor *x, const struct container_past *past)
{
	struct agent *a = executor_agent(x);
	autofree char *sandbox = executor_sandbox(x);
	autoresources struct resources used = { 0 };
	struct container_spec spec = describe(x, sandbox, &used);

	x->container = container_adopt(&a->node, &spec, past, x);
}
