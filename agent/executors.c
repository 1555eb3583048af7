/* From a task to a container, and what becomes of both. */
#include "agent/executors.h"

#include "agent/agent.h"
#include "agent/disk_hooks.h"
#include "agent/executor_hooks.h"
#include "agent/save.h"
#include "agent/settings.h"
#include "lib/fs.h"
#include "lib/log.h"
#include "lib/timer.h"

const struct ledger *executor_disk(const struct executor *x)
{
	const struct container *c = x->container ? x->container : x->ended;

	return c ? &c->disk : &x->disk;
}

void executor_used(const struct executor *x, struct resources *ret)
{
	struct task *t;

	resources_copy(ret, &x->resources);
	list_for_each(t, &x->tasks, node)
		if (!task_terminal(t->state))
			resources_add(ret, &t->resources);
}

void executor_update_container(struct executor *x)
{
	autoresources struct resources used = { 0 };

	if (!x->container)
		return;
	executor_used(x, &used);
	container_update(x->container, &used);
}

static void set_timer(struct executor *x, int64_t ns, sd_event_time_handler_t fn)
{
	timer_set(executor_agent(x)->loop, &x->timer, ns, fn, x);
}

/* One that has begun has tasks that run: it is given as long as its agent would be. */
static int64_t subscription_timeout(const struct executor *x)
{
	const struct agent_flags *f = &executor_agent(x)->flags;

	return x->has_subscribed ? MAX(f->recovery_timeout, f->executor_registration_timeout)
				 : f->executor_registration_timeout;
}

static int on_registration_timeout(sd_event_source *source unused, uint64_t usec, void *arg)
{
	struct executor *x = arg;

	if (timer_late(usec)) { /* it may have subscribed */
		set_timer(x, TIMER_LISTEN_NS, on_registration_timeout);
		return 0;
	}
	executor_shutdown(x, x->has_subscribed ? "it did not come back within --recovery_timeout"
					       : "it did not subscribe within "
						 "--executor_registration_timeout");
	return 0;
}

void executor_await_subscription(struct executor *x)
{
	set_timer(x, subscription_timeout(x), on_registration_timeout);
}

void executor_drop_peer(struct executor *x)
{
	x->subscribed = false;
	if (x->peer)
		peer_finish(take_ptr(x->peer));
}

static void forget_recent(struct executor *x)
{
	if (list_empty(&x->recent))
		return;
	list_remove(&x->recent);
	executor_agent(x)->recent_count--;
}

void executor_remember(struct executor *x)
{
	struct agent *a = executor_agent(x);
	struct executor *oldest;

	list_append(&a->recent, &x->recent);
	oldest = list_first(&a->recent, struct executor, recent);
	assert(oldest);
	if (++a->recent_count > RECENT_CONTAINERS_MAX)
		forget_recent(oldest);
}

void executor_add_task(struct executor *x, struct task *t)
{
	const char *id = t->info->task_id;

	list_append(&x->tasks, &t->node);
	HASH_ADD_KEYPTR(hh, x->framework->tasks, id, strlen(id), t);
}

static void drop_task(struct task *t)
{
	list_remove(&t->node);
	HASH_DEL(t->executor->framework->tasks, t);
}

void executor_free(struct executor *x)
{
	struct task *t;

	if (!x)
		return;
	list_for_each(t, &x->tasks, node) {
		drop_task(t);
		task_free(t);
	}
	list_for_each(t, &x->completed, node)
		task_free(t);
	assert(!x->container);
	settings_applied(x, "it has ended meanwhile");
	if (x->ended) {
		x->ended->owner = NULL;
		container_told(x->ended);
	}
	store_wait_cancel(&x->stored);
	gc_wait_cancel(&x->room);
	executor_hooks_stop(x);
	disk_hooks_stop(x);
	executor_drop_peer(x);
	forget_recent(x);
	sd_event_source_disable_unref(x->timer);
	list_remove(&x->node);
	schema_free(executor_info_schema(), x->info);
	resources_fini(&x->resources);
	free(x->container_id);
	free(x->sandbox);
	free(x->token);
	free(x->denied);
	free(x);
}

/* ---- tasks ---- */

void executor_hand_over(struct executor *x, struct task *t)
{
	struct executor_launch m = { .task = t->info };

	t->queued = false;
	peer_send(x->peer, TO_EXECUTOR_LAUNCH, NULL, NULL, &m);
}

/* Not before: an executor must not run what the next agent would not know of. */
static void on_task_stored(struct store_wait *w)
{
	struct task *t = container_of(w, struct task, stored);

	if (t->queued && t->executor->subscribed && !task_terminal(t->state))
		executor_hand_over(t->executor, t);
}

void executor_take_task(struct executor *x, struct task_info *info)
{
	struct task *t = task_new(x, info);

	executor_agent(x)->metrics.tasks_launched++;
	t->queued = !x->command;
	executor_add_task(x, t);
	save_task(t);
	if (!x->command)
		store_wait(executor_agent(x)->store, &t->stored, on_task_stored);
	executor_update_container(x);
}

void executor_say(struct task *t, const struct task_status *status)
{
	struct framework *f = t->executor->framework;
	struct error e;

	if (agent_update(f->agent, f->id, t, status, &e) < 0)
		log_warning("task %s: %s framework=%s", t->info->task_id, e.text, f->id);
}

void executor_end_task(struct task *t, enum task_state state, enum task_source source,
		       const enum task_reason *reason, const char *message)
{
	struct executor *x = t->executor;
	struct task_status s = agent_status(t->info->task_id, state, source, message);

	if (reason) {
		s.reason = *reason;
		s.has_reason = true;
	}
	executor_say(t, &s);
	executor_update_container(x);
}

void executor_resume_kill(struct executor *x)
{
	struct task *t = list_first(&x->tasks, struct task, node);

	if (x->command && t && t->killed && !task_terminal(t->state))
		container_destroy(x->container, t->kill_grace_ns);
}

void executor_lose_tasks(struct executor *x, enum task_reason reason, const char *why)
{
	struct task *t;

	list_for_each(t, &x->tasks, node)
		if (!task_terminal(t->state))
			executor_end_task(t, TASK_LOST, SOURCE_AGENT, &reason, why);
}

bool executor_idle(const struct executor *x)
{
	struct task *t;

	list_for_each(t, &x->tasks, node)
		if (!task_terminal(t->state))
			return false;
	return true;
}

void executor_send_kill(struct executor *x, const struct task *t)
{
	struct kill_policy policy = {
		.grace_period = t->kill_grace_ns,
		.has_grace_period = true,
	};
	struct executor_kill kill = {
		.task_id = t->info->task_id,
		.kill_policy = t->has_kill_grace ? &policy : NULL,
	};

	peer_send(x->peer, TO_EXECUTOR_KILL, NULL, NULL, &kill);
}

void executor_cancel_task(struct executor *x, struct task *t)
{
	t->queued = false;
	executor_end_task(t, TASK_KILLED, SOURCE_AGENT, NULL, "Task killed before it was launched");
	if (executor_idle(x))
		executor_shutdown(x, "its last task was killed before it had that");
}

/* One that is not connected is told when it is again, or ended if it never is. */
static void kill_custom_task(struct executor *x, struct task *t)
{
	if (!t->queued) {
		if (x->subscribed)
			executor_send_kill(x, t);
		return;
	}
	executor_cancel_task(x, t);
}

void executor_kill_task(struct executor *x, struct task *t, const struct kill_task *m)
{
	int64_t grace_ns = m->has_grace_period
				   ? m->grace_period
				   : executor_agent(x)->flags.executor_shutdown_grace_period;

	if (task_terminal(t->state))
		return;
	log_info_often("task %s: killing framework=%s", t->info->task_id, x->framework->id);
	t->killed = true;
	t->has_kill_grace = m->has_grace_period;
	t->kill_grace_ns = grace_ns;
	save_task(t);
	if (!x->container)
		return; /* it has ended, and the task will have in a moment */
	if (x->command)
		container_destroy(x->container, grace_ns);
	else
		kill_custom_task(x, t);
}

void executor_restore_completed(struct executor *x, struct task *t)
{
	list_append(&x->completed, &t->node);
	task_archive(t, &executor_agent(x)->history);
	x->completed_count++;
}

static void drop_completed(struct task *t)
{
	assert(t);
	t->executor->completed_count--;
	forget_task(t);
	task_free(t);
}

/* Counts are Mesos's; bytes have a most as well. */
static void complete_task(struct task *t)
{
	struct executor *x = t->executor;
	struct task_history *history = &executor_agent(x)->history;
	struct task *oldest;

	drop_task(t);
	executor_restore_completed(x, t);
	save_task(t);
	if (x->completed_count > COMPLETED_TASKS_MAX)
		drop_completed(list_first(&x->completed, struct task, node));
	while ((oldest = task_history_surplus(history)))
		drop_completed(oldest);
}

void executor_forget_task(struct executor *x, struct task *t)
{
	struct framework *f = x->framework;

	assert(task_terminal(t->state));
	complete_task(t);
	executor_maybe_complete(x);
	framework_maybe_complete(f);
}

/* ---- the end ---- */

static int on_shutdown_timeout(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct executor *x = arg;

	if (x->container)
		container_destroy(x->container, 0);
	return 0;
}

/* A subscribed custom executor is asked first; everything else gets SIGTERM. */
void executor_shutdown(struct executor *x, const char *why)
{
	if (x->state >= EXECUTOR_TERMINATING)
		return;
	if (why)
		log_info_often("executor %s: is to end: %s", x->info->executor_id, why);
	x->why_ending = why;
	x->state = EXECUTOR_TERMINATING;
	save_executor(x);
	if (!x->container)
		return;
	if (x->subscribed) {
		peer_send(x->peer, TO_EXECUTOR_SHUTDOWN, NULL, NULL, NULL);
		set_timer(x, executor_grace(x), on_shutdown_timeout);
	} else {
		container_destroy(x->container, executor_grace(x));
	}
}

/* Of one that is past views show these; the rest may be long, and there are many. */
static void strip_info(struct executor *x)
{
	struct executor_info *full = x->info;

	x->info = xcalloc(1, sizeof(*x->info));
	x->info->executor_id = xstrdup(full->executor_id);
	x->info->name = text_cut(full->name, NAME_KEPT_MAX);
	x->info->source = text_cut(full->source, NAME_KEPT_MAX);
	schema_free(executor_info_schema(), full);
}

void executor_restore_past(struct executor *x)
{
	list_remove(&x->node);
	list_append(&x->framework->completed_executors, &x->node);
	x->framework->completed_executors_count++;
	x->state = EXECUTOR_TERMINATED;
	x->past = true;
}

static void keep_completed(struct executor *x)
{
	struct framework *f = x->framework;
	autofree char *path = executor_sandbox(x);
	struct executor *oldest;

	executor_restore_past(x);
	save_executor(x);
	gc_add(f->agent->gc, path, wall_ns());
	if (f->completed_executors_count <= COMPLETED_EXECUTORS_MAX)
		return;
	oldest = list_first(&f->completed_executors, struct executor, node);
	assert(oldest);
	executor_forget(oldest);
	executor_free(oldest);
	f->completed_executors_count--;
}

void executor_remove_record(const struct executor *x)
{
	autofree char *record = path_join(executor_agent(x)->records_dir, x->container_id);

	if (unlink(record) && errno != ENOENT)
		log_warning("executor %s: %s cannot be removed: %s", x->info->executor_id, record,
			    strerror(errno));
}

void executor_forget(struct executor *x)
{
	struct task *t;

	if (store_waiting(&x->stored)) /* for its end, as it is past */
		executor_remove_record(x);
	store_wait_cancel(&x->stored);
	list_for_each(t, &x->completed, node)
		forget_task(t);
	forget_executor(x);
}

void executor_maybe_complete(struct executor *x)
{
	struct framework *f = x->framework;
	struct task *t;

	if (x->state != EXECUTOR_TERMINATED)
		return;
	if (f->terminating)
		list_for_each(t, &x->tasks, node)
			complete_task(t);
	if (!list_empty(&x->tasks))
		return;
	executor_hooks_removed(x);
	strip_info(x);
	keep_completed(x);
}
