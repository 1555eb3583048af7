/* Updates of tasks, what is in use, and the end of the agent. */
#include "agent/agent.h"

#include "agent/container/orphans.h"
#include "agent/executors.h"
#include "agent/master.h"
#include "agent/quotas.h"
#include "agent/save.h"
#include "agent/status_hooks.h"
#include "lib/ids.h"
#include "lib/log.h"
#include "lib/manager.h"
#include "lib/timer.h"

/* Within it a master that is there has admitted us, and frameworks that are there have heard. */
#define CLEANUP_TELL_NS (10 * NSEC_PER_SEC)

struct task_status agent_status(const char *task_id, enum task_state state, enum task_source source,
				const char *message)
{
	return (struct task_status){
		.task_id = (char *)(uintptr_t)task_id,
		.state = state,
		.has_state = true,
		.source = source,
		.has_source = true,
		.message = (char *)(uintptr_t)message,
	};
}

/* What every update carries, whoever made it. The strings stay the caller's. */
static void complete_status(const struct agent *a, const struct task *t, struct task_status *s,
			    struct container_status *container)
{
	if (!s->has_uuid)
		uuid_new(s->uuid);
	s->has_uuid = true;
	if (!s->has_timestamp)
		s->timestamp = wall_seconds();
	s->has_timestamp = true;
	s->agent_id = a->id;
	if (!t)
		return;
	s->executor_id = t->executor->info->executor_id;
	container->container_id = t->executor->container_id;
	s->container_status = container;
}

/* Borrows both. */
static struct status_update update_of(const char *framework_id, struct task_status *status)
{
	return (struct status_update){
		.framework_id = (char *)(uintptr_t)framework_id,
		.status = status,
		.latest_state = status->state,
		.has_latest_state = true,
	};
}

/* The executor of a framework may flood us; what we say ourselves is little, and so are ends. */
static bool must_be_taken(const struct task *t, enum task_state state)
{
	return t && (t->executor->command || task_terminal(state));
}

/* Whether the update may be taken; a uuid that was used before is replaced. */
static int check_update(const struct agent *a, const struct task *t,
			const struct status_update *body, struct error *e)
{
	struct task_status *status = body->status;
	int r = updates_check(&a->updates, body, e);

	if ((!r || r == UPDATE_REUSED) && t && store_backlogged(a->store) &&
	    !must_be_taken(t, status->state))
		return error_set(e, ENOBUFS,
				 "the disk of the agent's store is full or slow, and too much "
				 "waits for it");
	if (r == UPDATE_REUSED)
		uuid_new(status->uuid);
	else if (r && !(r == -ENOBUFS && must_be_taken(t, status->state)))
		return r;
	if (t && !task_may_move(t->state, status->state))
		return error_set(e, EINVAL, "%s after %s is not possible",
				 enum_name(task_state_values, (int)status->state),
				 enum_name(task_state_values, (int)t->state));
	return 0;
}

static void log_update(const char *framework_id, const struct task *t, const struct task_status *s)
{
	const char *container = t ? t->executor->container_id : "";
	const char *state = enum_name(task_state_values, (int)s->state);

	if (t && t->state == s->state)
		log_debug("task %s: %s again", s->task_id, state);
	else
		log_info("task %s: %s framework=%s container=%s%s%s", s->task_id, state,
			 framework_id, container, s->message ? ": " : "",
			 s->message ? s->message : "");
}

/*
 * Of a task that is not here there is nothing to remember: should we forget the update too, then
 * the master misses the task at our next registration.
 */
static void queue_update(struct agent *a, const struct task *t, const struct status_update *body,
			 const uint8_t said[16])
{
	struct update *u = updates_add(&a->updates, schema_copy(status_update_schema(), body),
				       t ? store_batch(a->store) : 0, now_ns());

	if (t)
		updates_said_as(u, said);
	status_hooks_hold(a, u, t, t != NULL);
	if (t)
		save_update(a, u);
	agent_pump_updates(a);
}

int agent_update(struct agent *a, const char *framework_id, struct task *t,
		 const struct task_status *status, struct error *e)
{
	struct container_status container = { .container_id = NULL };
	struct task_status full = *status;
	struct status_update body = update_of(framework_id, &full);
	uint8_t said[16];
	int r;

	complete_status(a, t, &full, &container);
	memcpy(said, full.uuid, sizeof(said));
	r = check_update(a, t, &body, e);
	if (r)
		return r;
	log_update(framework_id, t, &full);
	if (t) {
		task_move(t, &full, &a->metrics);
		save_task(t);
	}
	if (t && t->executor->framework->terminating)
		return 0;
	queue_update(a, t, &body, said);
	return 0;
}

void agent_repeat_end(struct agent *a, const struct task *t)
{
	const struct task_status *last =
		t->statuses_count ? &t->statuses[t->statuses_count - 1] : NULL;
	struct container_status container = { .container_id = NULL };
	struct task_status full =
		last && last->state == t->state
			? *last
			: agent_status(t->info->task_id, t->state, SOURCE_AGENT, NULL);
	struct status_update body = update_of(t->executor->framework->id, &full);

	log_warning("task %s: the update that tells its end is not in the store: telling it again",
		    t->info->task_id);
	full.task_id = t->info->task_id;
	complete_status(a, t, &full, &container);
	queue_update(a, t, &body, full.uuid);
}

void agent_end_task(struct agent *a, const char *framework_id, const char *task_id,
		    enum task_state state, const enum task_reason *reason, const char *why)
{
	struct task_status s = agent_status(task_id, state, SOURCE_AGENT, why);
	struct error e;

	if (reason) {
		s.reason = *reason;
		s.has_reason = true;
	}
	if (agent_update(a, framework_id, NULL, &s, &e) < 0)
		log_warning_often("task %s: its framework is not told of %s: %s", task_id,
				  enum_name(task_state_values, (int)state), e.text);
}

void agent_refuse_task(struct agent *a, const char *framework_id, const char *task_id,
		       enum task_reason reason, const char *why)
{
	agent_end_task(a, framework_id, task_id, TASK_LOST, &reason, why);
}

void agent_drop_message(struct agent *a, const char *executor_id, const char *why)
{
	a->metrics.invalid_framework_messages++;
	log_limited(&a->drops, LOG_LEVEL_WARNING, "executor %s: a message is dropped: %s",
		    executor_id, why);
}

static void send_update(const struct status_update *body, void *ctx)
{
	struct agent *a = ctx;

	master_send(a->master, AGENT_STATUS_UPDATE, body);
}

static int on_update_timer(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	agent_pump_updates(arg);
	return 0;
}

static void arm(struct agent *a, int64_t due)
{
	uint64_t usec = (uint64_t)(due / NSEC_PER_USEC) + 1;

	if (due == INT64_MAX) {
		a->update_timer = sd_event_source_disable_unref(a->update_timer);
		return;
	}
	if (!a->update_timer) {
		if (sd_event_add_time(a->loop, &a->update_timer, CLOCK_MONOTONIC, usec, 0,
				      on_update_timer, a) < 0)
			log_error("updates: cannot set a timer to send them again");
		return;
	}
	sd_event_source_set_time(a->update_timer, usec);
	sd_event_source_set_enabled(a->update_timer, SD_EVENT_ONESHOT);
}

/* Nothing is sent, and nothing counts as an attempt, while no master knows us. */
void agent_pump_updates(struct agent *a)
{
	if (!master_registered(a->master)) {
		arm(a, INT64_MAX);
		return;
	}
	updates_run(&a->updates, now_ns(), send_update, a);
	arm(a, updates_next(&a->updates));
}

char *agent_endpoint(const struct agent *a)
{
	bool v6 = strchr(a->flags.ip, ':') != NULL;

	return xasprintf(v6 ? "[%s]:%u" : "%s:%u", a->flags.ip, listener_port(a->port));
}

void agent_used(const struct agent *a, struct resources *ret)
{
	struct framework *f, *next;
	struct executor *x;

	HASH_ITER(hh, a->frameworks, f, next)
		list_for_each(x, &f->executors, node) {
			autoresources struct resources used = { 0 };

			if (x->state == EXECUTOR_TERMINATED)
				continue;
			executor_used(x, &used);
			resources_add(ret, &used);
		}
}

void agent_terminate(struct agent *a, const char *why, int exit_status)
{
	if (a->terminating)
		return;
	if (exit_status)
		log_warning("agent: ending: %s", why);
	else
		log_info("agent: ending: %s", why);
	manager_status("Ending with all that runs: %s", why);
	manager_stopping();
	a->terminating = true;
	a->exit_status = exit_status;
	if (a->master)
		master_unregister(a->master);
	frameworks_shutdown_all(a);
	agent_maybe_leave(a);
}

static void forget_who_we_are(struct agent *a)
{
	frameworks_forget_completed(a);
	a->info.id = NULL;
	free(take_ptr(a->id));
	save_agent(a);
}

/* ---- --recover=cleanup ---- */

/* Nothing runs, and those who are to hear how it ended have. */
static bool all_told(const struct agent *a)
{
	return !a->frameworks && (!a->id || master_registered(a->master));
}

static int on_nobody_hears(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct agent *a = arg;

	log_warning("agent: not all is told: updates=%zu", a->updates.queue_count);
	if (!master_registered(a->master))
		log_warning("agent %s: no master has heard that it is gone: one that expects it "
			    "waits for --agent_reregister_timeout",
			    a->id);
	agent_terminate(a, a->cleaning, EXIT_SUCCESS);
	return 0;
}

/* As soon as all is told; if nobody listens, a while after the last of it has ended. */
static void go_on_cleaning(struct agent *a)
{
	if (a->node.supervisors || orphans_awaited(a->node.orphans))
		return;
	if (all_told(a))
		agent_terminate(a, a->cleaning, EXIT_SUCCESS);
	else if (!a->cleanup_timer)
		timer_set(a->loop, &a->cleanup_timer, CLEANUP_TELL_NS, on_nobody_hears, a);
}

void agent_clean_up(struct agent *a, const char *why)
{
	struct framework *f, *next;
	struct executor *x;

	log_info("agent: %s: ending what runs containers=%u", why, a->node.supervisors);
	a->cleaning = why;
	master_tell_availability(a->master);
	HASH_ITER(hh, a->frameworks, f, next)
		list_for_each(x, &f->executors, node)
			executor_shutdown(x, "its agent was told to end");
	go_on_cleaning(a);
}

/* ---- the end ---- */

/* The last measurements of ended containers are not waited for. */
void agent_maybe_leave(struct agent *a)
{
	if (a->cleaning && !a->terminating) {
		go_on_cleaning(a);
		return;
	}
	if (!a->terminating || a->frameworks || a->node.supervisors ||
	    orphans_awaited(a->node.orphans))
		return;
	if (a->id)
		forget_who_we_are(a);
	sd_event_exit(a->loop, a->exit_status);
}

const char *agent_takes_none(const struct agent *a)
{
	const char *blocked = hooks_missing(a->hooks);

	if (a->cleaning)
		return "it is ending";
	if (store_full(a->store))
		return "the disk of its store is full";
	return blocked ? blocked : places_missing(a);
}

void agent_add_health(const struct agent *a, struct buf *out)
{
	const char *missing = hooks_missing(a->hooks);

	if (store_full(a->store))
		buf_addf(out,
			 "The disk of the store in %s is full: no new task is taken; free some "
			 "space there.\n",
			 a->store_dir);
	hooks_add_health(a->hooks, out);
	if (missing)
		buf_addf(out, "No task is taken: %s.\n", missing);
	places_add_health(a, out);
	quotas_add_health(a, out);
	master_add_health(a->master, out);
}
