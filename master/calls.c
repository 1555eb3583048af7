/* Verbs of frameworks that concern tasks and executors which are there already. */
#include "master/calls.h"

#include "lib/log.h"
#include "master/agents.h"
#include "master/frameworks.h"
#include "master/launch.h"
#include "master/offers.h"
#include "master/reconcile.h"
#include "master/tasks.h"
#include "master/updates.h"

void call_revive(struct peer *p, struct message *msg)
{
	struct framework *f = framework_calling(p, msg);

	if (!f)
		return;
	f->master->metrics.messages_revive_offers += 1;
	f->suppressed = false;
	allocator_revive(f->master->allocator, f->share);
	offers_soon(f->master);
}

void call_suppress(struct peer *p, struct message *msg)
{
	struct framework *f = framework_calling(p, msg);

	if (!f)
		return;
	f->master->metrics.messages_deactivate_framework += 1;
	f->suppressed = true;
	allocator_suppress(f->master->allocator, f->share);
}

/* ---- reconciliation: the answers have no uuid, since nobody acknowledges them ---- */

/* What was passed on last, since the framework may not have heard of what came after. */
static enum task_state state_of(const struct task *t)
{
	return t->has_update ? t->update_state : t->report.state;
}

static struct reconcile_facts facts_of_unknown(struct framework *f, const char *task_id,
					       const char *agent_id)
{
	struct reconcile_facts facts = {
		.transitional = agent_transitional(f->master, agent_id),
		.agent_registered = agent_id && agent_find(f->master, agent_id),
	};

	switch (updates_pending(&f->master->updates, f->info->id, task_id, &facts.end)) {
	case 0: break;
	case UPDATE_UNWRITTEN: facts.transitional = true; break;
	default: facts.ended = true;
	}
	return facts;
}

/* t may be NULL; else s already says where it is. */
static void answer(struct framework *f, const struct task *t, struct task_status *s)
{
	struct reconcile_facts facts = { .known = true };
	const char *message;

	if (t)
		facts.state = state_of(t);
	else
		facts = facts_of_unknown(f, s->task_id, s->agent_id);
	if (!reconcile_decide(&facts, &s->state, &message))
		return;
	s->has_state = true;
	s->source = SOURCE_MASTER;
	s->has_source = true;
	s->reason = REASON_RECONCILIATION;
	s->has_reason = true;
	s->message = (char *)message;
	s->timestamp = wall_seconds();
	s->has_timestamp = true;
	framework_send(f, EVENT_UPDATE, &(struct event_update){ .status = s });
}

static void answer_known(const struct task *t)
{
	const struct task_report *r = &t->report;
	struct task_status s = {
		.task_id = r->task_id,
		.agent_id = r->agent_id,
		.executor_id = r->executor_id,
	};

	if (r->statuses_count) {
		s.healthy = r->statuses[r->statuses_count - 1].healthy;
		s.has_healthy = r->statuses[r->statuses_count - 1].has_healthy;
	}
	answer(t->framework, t, &s);
}

static void reconcile_task(struct framework *f, const char *task_id, const char *agent_id)
{
	struct task_status s = { .task_id = (char *)task_id, .agent_id = (char *)agent_id };
	const struct task *t = task_find(f, task_id);

	if (t)
		answer_known(t);
	else
		answer(f, NULL, &s);
}

static void reconcile_all(struct framework *f)
{
	struct task *t, *next;

	HASH_ITER(hh, f->tasks, t, next)
		answer_known(t);
}

/* ---- tasks ---- */

/* The call's own grace period comes before the task's. */
static void note_kill(struct task *t, const struct call_kill *c)
{
	const struct kill_policy *policy = c->kill_policy;

	schema_free(kill_task_schema(), t->kill);
	t->kill = xcalloc(1, sizeof(*t->kill));
	t->kill->framework_id = xstrdup(t->framework->info->id);
	t->kill->task_id = xstrdup(t->report.task_id);
	t->kill->has_grace_period = policy ? policy->has_grace_period : t->has_grace;
	t->kill->grace_period = policy ? policy->grace_period : t->grace_ns;
}

void call_kill(struct peer *p, struct message *msg)
{
	struct framework *f = framework_calling(p, msg);
	const struct call_kill *c = msg->body;
	struct task *t;

	if (!f)
		return;
	f->master->metrics.messages_kill_task += 1;
	t = task_find(f, c->task_id);
	if (!t) {
		reconcile_task(f, c->task_id, NULL);
		return;
	}
	if (c->agent_id && !str_equal(c->agent_id, t->agent->info->id)) {
		log_info_often("task %s: is not to be killed, it runs on another agent than was "
			       "said framework=%s agent=%s",
			       c->task_id, f->info->id, t->agent->info->id);
		answer_known(t);
		return;
	}
	if (task_terminal(t->report.state))
		return; /* its last update is on the way until it is acknowledged */
	if (task_on_its_way(t)) {
		task_end(t, TASK_KILLED, REASON_EXECUTOR_UNREGISTERED,
			 "Task killed before it was launched", true);
		return;
	}
	note_kill(t, c);
	log_info_often("task %s: is to be killed framework=%s", c->task_id, f->info->id);
	agent_send(t->agent, MASTER_KILL_TASK, t->kill);
}

void call_shutdown(struct peer *p, struct message *msg)
{
	struct framework *f = framework_calling(p, msg);
	const struct call_shutdown *c = msg->body;
	struct agent *a;

	if (!f)
		return;
	a = agent_find(f->master, c->agent_id);
	if (!a || !a->active) {
		peer_error(p, "SHUTDOWN: agent '%s' is not connected", c->agent_id);
		return;
	}
	agent_send(a, MASTER_SHUTDOWN_EXECUTOR,
		   &(struct shutdown_executor){
			   .framework_id = f->info->id,
			   .executor_id = c->executor_id,
		   });
}

static bool ends_task(const struct task *t, const struct call_acknowledge *c)
{
	return t->has_update && task_terminal(t->update_state) && task_terminal(t->report.state) &&
	       !memcmp(t->update_uuid, c->uuid, sizeof(t->update_uuid));
}

void call_acknowledge(struct peer *p, struct message *msg)
{
	struct framework *f = framework_calling(p, msg);
	const struct call_acknowledge *c = msg->body;
	struct acknowledge_update ack = { .has_uuid = true };
	struct agent *a;
	struct task *t;

	if (!f)
		return;
	f->master->metrics.messages_status_update_acknowledgement += 1;
	if (master_updates_acknowledge(f, c->task_id, c->uuid)) {
		f->master->metrics.valid_status_update_acknowledgements += 1;
		return;
	}
	a = agent_find(f->master, c->agent_id);
	if (!a || !a->active) {
		f->master->metrics.invalid_status_update_acknowledgements += 1;
		return; /* the agent sends the update again when it is back */
	}
	f->master->metrics.valid_status_update_acknowledgements += 1;
	ack.framework_id = f->info->id;
	ack.task_id = c->task_id;
	memcpy(ack.uuid, c->uuid, sizeof(ack.uuid));
	agent_send(a, MASTER_ACKNOWLEDGE_UPDATE, &ack);
	t = task_find(f, c->task_id);
	if (t && t->agent == a && ends_task(t, c))
		task_complete(t);
}

void call_reconcile(struct peer *p, struct message *msg)
{
	struct framework *f = framework_calling(p, msg);
	const struct call_reconcile *c = msg->body;

	if (!f)
		return;
	f->master->metrics.messages_reconcile_tasks += 1;
	log_info_often("framework %s: asks for the state of its tasks, tasks=%zu", f->info->id,
		       c->tasks_count);
	for (size_t i = 0; i < c->tasks_count; i++)
		reconcile_task(f, c->tasks[i].task_id, c->tasks[i].agent_id);
	if (!c->tasks_count)
		reconcile_all(f);
}

void call_message(struct peer *p, struct message *msg)
{
	struct framework *f = framework_calling(p, msg);
	const struct call_message *c = msg->body;
	struct agent *a;

	if (!f)
		return;
	f->master->metrics.messages_framework_to_executor += 1;
	a = agent_find(f->master, c->agent_id);
	if (!a || !a->active) {
		f->master->metrics.invalid_framework_to_executor_messages += 1;
		peer_error(p, "MESSAGE: agent '%s' is not connected", c->agent_id);
		return;
	}
	if (!master_may_message(f->master, a->peer)) {
		f->master->metrics.invalid_framework_to_executor_messages += 1;
		return;
	}
	f->master->metrics.valid_framework_to_executor_messages += 1;
	agent_send(a, MASTER_FRAMEWORK_MESSAGE,
		   &(struct framework_message){
			   .framework_id = f->info->id,
			   .executor_id = c->executor_id,
			   .data = c->data,
		   });
}
