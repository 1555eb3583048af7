/* One row for each thing; what is borrowed for it is freed by nobody. */
#include "agent/save.h"

#include "agent/agent.h"
#include "agent/store.h"

#define SELF "self"

static char *unconst(const char *text)
{
	return (char *)(uintptr_t)text;
}

void save_agent(struct agent *a)
{
	struct agent_row row = {
		.name = unconst(SELF),
		.boot_id = a->boot_id,
		.agent_id = a->id,
		.epoch = a->epoch,
		.has_epoch = a->epoch > 0,
		.resources = a->info.resources,
		.resources_count = a->info.resources_count,
		.detected = a->detected,
		.detected_count = a->detected_count,
		.attributes = a->info.attributes,
		.attributes_count = a->info.attributes_count,
		.runtime_dir = a->flags.runtime_dir,
	};

	store_put(a->store, &agent_table, &row);
}

void save_framework(const struct framework *f)
{
	struct framework_row row = {
		.framework_id = f->id,
		.info = f->info,
		.terminating = f->terminating,
		.has_terminating = true,
		.completed = f->completed,
		.has_completed = true,
	};

	store_put(f->agent->store, &framework_table, &row);
}

static const char *phase_of(const struct executor *x)
{
	if (x->state == EXECUTOR_TERMINATED)
		return PHASE_ENDED;
	if (!x->container || x->container->phase < CONTAINER_HELD)
		return PHASE_PREPARING;
	return x->container->phase == CONTAINER_RUNNING ? PHASE_RUNNING : PHASE_HELD;
}

static void add_container(const struct container *c, struct executor_row *row)
{
	row->supervisor_token = c->token;
	row->supervisor = (uint64_t)c->supervisor;
	row->has_supervisor = c->supervisor > 0;
	row->supervisor_start = c->supervisor_start;
	row->has_supervisor_start = row->has_supervisor;
	row->pid = (uint64_t)c->pid;
	row->has_pid = c->pid > 0;
	row->pid_start = c->pid_start;
	row->has_pid_start = row->has_pid;
	row->started = c->started_wall_ns;
	row->has_started = row->has_pid;
	row->limit_reason = c->reason;
	row->has_limit_reason = c->limited;
	row->limit_message = c->limited ? c->message : NULL;
	row->limit_disk = c->limit_disk_bytes;
	row->has_limit_disk = c->limited;
}

void save_executor(const struct executor *x)
{
	struct executor_row row = {
		.container_id = x->container_id,
		.framework_id = x->framework->id,
		.executor_id = x->info->executor_id,
		.info = x->info,
		.command = x->command,
		.has_command = true,
		.sandbox = x->sandbox,
		.token = x->token,
		.phase = unconst(phase_of(x)),
		.terminating = x->state == EXECUTOR_TERMINATING,
		.has_terminating = true,
		.completed = x->past,
		.has_completed = true,
		.subscribed = x->has_subscribed,
		.has_subscribed = true,
		.disk_override = x->override.limit_bytes,
		.has_disk_override = x->override.set,
		.disk_denied = x->denied,
		.disk_denied_told = x->denied_told,
		.has_disk_denied_told = true,
	};

	if (x->container)
		add_container(x->container, &row);
	store_put(x->framework->agent->store, &executor_table, &row);
}

static struct task_row task_key(const struct task *t)
{
	return (struct task_row){
		.framework_id = t->executor->framework->id,
		.container_id = t->executor->container_id,
		.task_id = t->info->task_id,
	};
}

/* What is past keeps no ids in its statuses: they are all the task's. */
static struct task_status *named_statuses(const struct task *t)
{
	struct task_status *list = xcalloc(t->statuses_count, sizeof(*list));

	for (size_t i = 0; i < t->statuses_count; i++) {
		list[i] = t->statuses[i];
		list[i].task_id = t->info->task_id;
	}
	return list;
}

void save_task(const struct task *t)
{
	autofree struct task_status *statuses = named_statuses(t);
	struct task_row row = task_key(t);

	row.info = t->info;
	row.state = t->state;
	row.has_state = true;
	row.statuses = statuses;
	row.statuses_count = t->statuses_count;
	row.killed = t->killed;
	row.has_killed = true;
	row.kill_grace = t->kill_grace_ns;
	row.has_kill_grace = t->has_kill_grace;
	memcpy(row.acknowledged, t->acknowledged, sizeof(row.acknowledged));
	row.has_acknowledged = t->has_acknowledged;
	row.acknowledged_state = t->acknowledged_state;
	row.has_acknowledged_state = t->has_acknowledged;
	row.completed = t->history != NULL;
	row.has_completed = true;
	store_put(t->executor->framework->agent->store, &task_table, &row);
}

void save_update(struct agent *a, const struct update *u)
{
	struct update_row row = {
		.sequence = u->sequence,
		.has_sequence = true,
		.body = u->body,
		.undecorated = true,
		.has_undecorated = u->holder != NULL,
	};

	store_put(a->store, &update_table, &row);
}

void forget_framework(const struct framework *f)
{
	struct framework_row row = { .framework_id = f->id };

	store_delete(f->agent->store, &framework_table, &row);
}

void forget_executor(const struct executor *x)
{
	struct executor_row row = { .container_id = x->container_id };

	store_delete(x->framework->agent->store, &executor_table, &row);
}

void forget_task(const struct task *t)
{
	struct task_row row = task_key(t);

	store_delete(t->executor->framework->agent->store, &task_table, &row);
}

void forget_update(struct agent *a, const struct update *u)
{
	struct update_row row = { .sequence = u->sequence, .has_sequence = true };

	store_delete(a->store, &update_table, &row);
}
