/* Removals: asked for, granted one by one, in the hands of an operator. */
#include "master/removals.h"

#include "lib/log.h"
#include "master/agents.h"
#include "master/pings.h"
#include "master/recovery.h"

int removals_start(struct master *m, struct error *e)
{
	const char *limit = m->flags->agent_removal_rate_limit;
	int64_t interval_ns = 0;

	if (limit && ratelimit_parse(limit, &interval_ns, e))
		return error_wrap(e, "--agent_removal_rate_limit");
	removal_queue_init(&m->removals, interval_ns);
	return 0;
}

void removals_stop(struct master *m)
{
	alarm_cancel(&m->removal_alarm);
	removal_queue_fini(&m->removals);
}

static void carry_out(struct master *m, const struct removal *r)
{
	const char *why = removal_reasons[r->kind];
	struct agent *a = agent_find(m, r->agent_id);

	log_info("agent %s: removing it: %s hostname=%s", r->agent_id, why, r->hostname);
	if (a)
		agent_remove(a, why);
	else
		recovery_remove(m, r->agent_id, why);
}

static void arm(struct master *m);

static void on_turn(void *arg)
{
	struct master *m = arg;
	int64_t now = alarms_now(&m->alarms);
	struct removal *r;

	while ((r = removal_queue_grant(&m->removals, now))) {
		carry_out(m, r);
		removal_free(r);
	}
	arm(m);
}

static void arm(struct master *m)
{
	int64_t now = alarms_now(&m->alarms), next = removal_queue_next(&m->removals, now);

	if (next == INT64_MAX)
		alarm_cancel(&m->removal_alarm);
	else
		alarm_set(&m->alarms, &m->removal_alarm, next - now, on_turn, m);
}

void removals_request(struct master *m, const struct agent_info *info, enum removal_kind kind)
{
	if (!removal_queue_add(&m->removals, info->id, info->hostname, kind,
			       alarms_now(&m->alarms)))
		return;
	m->metrics.slave_shutdowns_scheduled += 1;
	log_info("agent %s: is to be removed: %s hostname=%s queued=%zu", info->id,
		 removal_reasons[kind], info->hostname, m->removals.limit.queued);
	arm(m);
}

/* What it was there to protect from a removal is back. */
static void release_if_empty(struct master *m)
{
	if (!m->removals.held || m->removals.limit.queued)
		return;
	log_info("removals: nobody waits any more: held no longer paused=%s",
		 m->removals.paused ? "true" : "false");
	removal_queue_release(&m->removals);
}

static bool cancel(struct master *m, const char *agent_id, const char *why)
{
	struct removal *r = removal_queue_cancel(&m->removals, agent_id);

	if (!r)
		return false;
	m->metrics.slave_shutdowns_canceled += 1;
	log_info("agent %s: its removal is canceled: %s hostname=%s", r->agent_id, why,
		 r->hostname);
	removal_free(r);
	release_if_empty(m);
	arm(m);
	return true;
}

void removals_cancel(struct master *m, const char *agent_id, const char *why)
{
	cancel(m, agent_id, why);
}

void removals_hold(struct master *m, const char *sentence)
{
	log_warning("removals: held: %s", sentence);
	removal_queue_hold(&m->removals, sentence);
	arm(m);
}

/* What an operator may do */

static int act_pause(struct master *m, const struct removals_action *action unused,
		     struct error *e unused)
{
	log_info("removals: paused by an operator queued=%zu", m->removals.limit.queued);
	removal_queue_pause(&m->removals);
	arm(m);
	return 0;
}

static int act_resume(struct master *m, const struct removals_action *action unused,
		      struct error *e unused)
{
	log_info("removals: resumed by an operator queued=%zu", m->removals.limit.queued);
	removal_queue_resume(&m->removals);
	arm(m);
	return 0;
}

/*
 * A live agent has its time once more. A recovered one may come back until the next start, but
 * frameworks that ask for tasks wait for it no longer.
 */
static int act_cancel(struct master *m, const struct removals_action *action, struct error *e)
{
	struct agent *a;

	if (!action->agent_id)
		return error_set(e, EINVAL, "agent_id: cancel needs to know whose removal");
	if (!cancel(m, action->agent_id, "an operator says so"))
		return error_set(e, ENOENT, "agent_id: '%s' is not in the queue of removals",
				 action->agent_id);
	a = agent_find(m, action->agent_id);
	if (a)
		pings_forgive(a);
	else
		recovery_spare(m, action->agent_id);
	return 0;
}

static const struct {
	const char *word;
	bool of_one;
	int (*fn)(struct master *m, const struct removals_action *action, struct error *e);
} actions[] = {
	{ .word = "pause", .fn = act_pause },
	{ .word = "resume", .fn = act_resume },
	{ .word = "cancel", .of_one = true, .fn = act_cancel },
};

int removals_act(struct master *m, const struct removals_action *action, struct error *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (strcmp(action->action, actions[i].word) != 0)
			continue;
		if (action->agent_id && !actions[i].of_one)
			return error_set(e, EINVAL, "agent_id: %s is about all agents",
					 action->action);
		return actions[i].fn(m, action, e);
	}
	return error_set(e, EINVAL, "action: must be pause, resume or cancel, not '%s'",
			 action->action);
}

void removals_add(const struct master *m, struct buf *out)
{
	removal_queue_view(&m->removals, m->flags->agent_removal_rate_limit, alarms_now(&m->alarms),
			   out);
}

void removals_health_add(const struct master *m, struct buf *out)
{
	const struct removal_queue *q = &m->removals;

	if (q->held)
		buf_addf(out, "Removals of agents are held%s: %s.",
			 q->paused ? ", and paused by an operator" : "", q->held);
	else if (q->paused)
		buf_addf(out,
			 "Removals of agents are paused by an operator, %zu wait: POST /removals "
			 "with {\"action\":\"resume\"} lets them go on.",
			 q->limit.queued);
}
