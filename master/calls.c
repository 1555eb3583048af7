/* Verbs of frameworks that concern tasks and executors which are there already. */
#include "master/calls.h"

#include "lib/log.h"
#include "master/agents.h"
#include "master/frameworks.h"
#include "master/offers.h"
#include "master/tasks.h"

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
		task_refuse(f, c->task_id, c->agent_id, TASK_LOST, REASON_RECONCILIATION,
			    "Reconciliation: Task is unknown");
		return;
	}
	if (task_terminal(t->report.state))
		return; /* its last update is on the way until it is acknowledged */
	note_kill(t, c);
	log_info("task %s: is to be killed framework=%s", c->task_id, f->info->id);
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
