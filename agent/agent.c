/* Updates of tasks, what is in use, and the end of the agent. */
#include "agent/agent.h"

#include "agent/master.h"
#include "lib/ids.h"
#include "lib/log.h"

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

static struct status_update *make_update(const char *framework_id, const struct task *t,
					 struct task_status *s)
{
	struct status_update u = {
		.framework_id = (char *)(uintptr_t)framework_id,
		.status = s,
		.latest_state = t ? t->state : s->state,
		.has_latest_state = true,
	};

	return schema_copy(status_update_schema(), &u);
}

bool agent_update(struct agent *a, const char *framework_id, struct task *t,
		  struct task_status *status)
{
	struct container_status container = { .container_id = NULL };
	struct task_status full = *status;

	if (t && !task_may_move(t->state, full.state)) {
		log_warning("task %s: %s after %s is not possible, ignored", full.task_id,
			    enum_name(task_state_values, (int)full.state),
			    enum_name(task_state_values, (int)t->state));
		return false;
	}
	complete_status(a, t, &full, &container);
	if (t)
		task_move(t, &full, &a->metrics);
	log_info("task %s: %s%s%s", full.task_id, enum_name(task_state_values, (int)full.state),
		 full.message ? ": " : "", full.message ? full.message : "");
	if (t && t->executor->framework->terminating)
		return true;
	if (updates_add(&a->updates, make_update(framework_id, t, &full), now_ns()))
		return false;
	agent_pump_updates(a);
	return true;
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

void agent_terminate(struct agent *a, const char *why)
{
	if (a->terminating)
		return;
	log_info("agent: ending: %s", why);
	a->terminating = true;
	master_unregister(a->master);
	frameworks_shutdown_all(a);
	agent_maybe_leave(a);
}

/* The last measurements of ended containers are not waited for. */
void agent_maybe_leave(struct agent *a)
{
	if (a->terminating && !a->frameworks && !a->node.supervisors && !a->node.orphan_timer)
		sd_event_exit(a->loop, 0);
}
