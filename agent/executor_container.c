/* From what a container does to what its executor's tasks are, and what is told of that. */
#include "agent/executors.h"

#include <stdio.h>
#include <sys/wait.h>

#include "agent/agent.h"
#include "agent/disk_hooks.h"
#include "agent/executor_hooks.h"
#include "agent/master.h"
#include "agent/quotas.h"
#include "agent/save.h"
#include "agent/settings.h"
#include "lib/log.h"

static void say_starting(struct executor *x)
{
	struct task *t = list_first(&x->tasks, struct task, node);
	struct task_status s;

	if (!x->command || !t)
		return;
	s = agent_status(t->info->task_id, TASK_STARTING, SOURCE_EXECUTOR, NULL);
	executor_say(t, &s);
}

static void on_made(struct container *c)
{
	struct executor *x = c->owner;

	say_starting(x);
	save_executor(x);
	executor_start_when_stored(x);
}

static void on_limited(struct container *c)
{
	save_executor(c->owner);
}

/* What they do about that is their affair. */
void executor_tell_denied(struct executor *x)
{
	struct task_status s;
	struct task *t;

	if (!x->denied || x->denied_told)
		return;
	list_for_each(t, &x->tasks, node) {
		if (t->state != TASK_RUNNING)
			continue;
		x->denied_told = true;
		s = agent_status(t->info->task_id, TASK_RUNNING, SOURCE_AGENT, x->denied);
		s.reason = REASON_CONTAINER_LIMITATION_DISK;
		s.has_reason = true;
		executor_say(t, &s);
	}
	if (x->denied_told)
		save_executor(x);
}

static void on_exceeded(struct container *c, const char *why)
{
	disk_hooks_reached(c->owner, true, why);
}

static void on_denied(struct container *c)
{
	struct executor *x = c->owner;

	if (x->command)
		log_warning("task %s: %s framework=%s container=%s", x->info->executor_id,
			    c->denied, x->framework->id, c->id);
	else
		log_warning("executor %s: %s framework=%s container=%s", x->info->executor_id,
			    c->denied, x->framework->id, c->id);
	replace_str(&x->denied, c->denied);
	save_executor(x);
	executor_tell_denied(x);
}

static void on_full(struct container *c)
{
	quotas_found_full(executor_agent(c->owner), c);
}

static void on_refused(struct container *c, const char *message)
{
	disk_hooks_reached(c->owner, false, message);
}

static void on_started(struct container *c)
{
	struct executor *x = c->owner;
	struct task *t = list_first(&x->tasks, struct task, node);
	struct task_status s;

	save_executor(x);
	if (!x->command || !t)
		return;
	if (x->state == EXECUTOR_REGISTERING)
		x->state = EXECUTOR_RUNNING;
	s = agent_status(t->info->task_id, TASK_RUNNING, SOURCE_EXECUTOR, NULL);
	executor_say(t, &s);
	executor_tell_denied(x);
}

static void describe_exit(int status, const char *why, char *text, size_t size)
{
	const char *colon = why ? ": " : "";

	why = why ?: "";
	if (WIFEXITED(status))
		snprintf(text, size, "Command exited with status %d%s%s", WEXITSTATUS(status),
			 colon, why);
	else
		snprintf(text, size, "Command terminated with signal %s%s%s",
			 strsignal(WTERMSIG(status)), colon, why);
}

/* That somebody else than its framework ended it. */
static const char *why_failed(const struct executor *x, const struct container_end *end)
{
	return end->message ?: x->why_ending;
}

/* As Mesos does, with what was used of the disk. */
static void end_limited_task(struct task *t, const struct container_end *end)
{
	struct task_status s =
		agent_status(t->info->task_id, TASK_FAILED, SOURCE_AGENT, end->message);
	autoresources struct resources used = { 0 };
	struct limitation broken = { .resources_count = 0 };

	resources_add_disk(&used, end->limit_disk_bytes);
	resources_to_wire(&used, &broken.resources, &broken.resources_count);
	s.reason = end->reason;
	s.has_reason = true;
	s.limitation = &broken;
	executor_say(t, &s);
	executor_update_container(t->executor);
	schema_clear(limitation_schema(), &broken);
}

static void end_command_task(struct task *t, const struct container_end *end)
{
	static const enum task_reason launch_failed = REASON_CONTAINER_LAUNCH_FAILED;
	static const enum task_reason lost = REASON_COMMAND_EXECUTOR_FAILED;
	char text[256];

	if (end->limited) {
		end_limited_task(t, end);
	} else if (!end->has_status && t->killed) {
		executor_end_task(t, TASK_KILLED, SOURCE_AGENT, NULL,
				  end->launched ? end->message
						: "Task killed before it was launched");
	} else if (!end->has_status) {
		executor_end_task(t, TASK_FAILED, SOURCE_AGENT,
				  end->launched ? &lost : &launch_failed, end->message);
	} else {
		bool success = WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0;
		enum task_state state = success     ? TASK_FINISHED
					: t->killed ? TASK_KILLED
						    : TASK_FAILED;

		describe_exit(end->status,
			      state == TASK_FAILED ? why_failed(t->executor, end) : NULL, text,
			      sizeof(text));
		executor_end_task(t, state, SOURCE_EXECUTOR, NULL, text);
	}
}

static void end_custom_task(struct task *t, const struct container_end *end)
{
	static const enum task_reason terminated = REASON_EXECUTOR_TERMINATED;
	static const enum task_reason launch_failed = REASON_CONTAINER_LAUNCH_FAILED;
	const char *why = why_failed(t->executor, end);
	autofree char *text = xasprintf("Executor terminated%s%s", why ? ": " : "", why ?: "");

	if (end->limited)
		end_limited_task(t, end);
	else if (!end->launched && !end->has_status)
		executor_end_task(t, TASK_FAILED, SOURCE_AGENT, &launch_failed, end->message);
	else
		executor_end_task(t, TASK_FAILED, SOURCE_AGENT, &terminated, text);
}

static void report_exit(const struct executor *x)
{
	struct exited_executor m = {
		.framework_id = x->framework->id,
		.executor_id = x->info->executor_id,
		.status = x->exit_status,
		.has_status = true,
	};

	if (!x->command)
		master_send(executor_agent(x)->master, AGENT_EXITED_EXECUTOR, &m);
}

static void on_end_stored(struct store_wait *w)
{
	struct executor *x = container_of(w, struct executor, stored);

	if (x->ended)
		container_told(x->ended);
	executor_remove_record(x);
	report_exit(x);
}

static void remember_end(struct executor *x, const struct container_end *end)
{
	x->exit_status = end->has_status ? end->status : -1;
	save_executor(x);
	store_wait_cancel(&x->stored);
	store_wait(executor_agent(x)->store, &x->stored, on_end_stored);
}

static void on_ended(struct container *c, const struct container_end *end)
{
	struct executor *x = c->owner;
	struct framework *f = x->framework;
	struct task *t;

	f->agent->metrics.executors_terminated++;
	x->container = NULL;
	x->ended = c;
	executor_remember(x);
	x->state = EXECUTOR_TERMINATED;
	x->timer = sd_event_source_disable_unref(x->timer);
	gc_wait_cancel(&x->room);
	executor_hooks_stop(x);
	disk_hooks_stop(x);
	executor_drop_peer(x);
	list_for_each(t, &x->tasks, node) {
		if (task_terminal(t->state))
			continue;
		if (x->command)
			end_command_task(t, end);
		else
			end_custom_task(t, end);
	}
	remember_end(x, end);
	executor_maybe_complete(x);
	framework_maybe_complete(f);
}

static void on_settled(struct container *c)
{
	struct executor *x = c->owner;

	x->disk = c->disk;
	x->container = x->ended = NULL;
	settings_applied(x, "it has ended meanwhile");
}

static void on_limits_applied(struct container *c, const char *why)
{
	autofree char *kept =
		why ? xasprintf("%s; the new one is kept, and tried again at each check", why)
		    : NULL;

	if (why)
		quotas_missed(container_of(c->node, struct agent, node), c);
	if (c->owner)
		settings_applied(c->owner, kept);
}

static void on_idle(struct container_node *node)
{
	agent_maybe_leave(container_of(node, struct agent, node));
}

const struct container_ops executor_container_ops = {
	.made = on_made,
	.started = on_started,
	.exceeded = on_exceeded,
	.limited = on_limited,
	.full = on_full,
	.denied = on_denied,
	.refused = on_refused,
	.limits_applied = on_limits_applied,
	.ended = on_ended,
	.settled = on_settled,
	.idle = on_idle,
};
