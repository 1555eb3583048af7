/* What agents say: who they are, what they run, and what became of tasks and executors. */
#include "lib/ids.h"
#include "lib/labels.h"
#include "lib/log.h"
#include "master/agents.h"
#include "master/departures.h"
#include "master/endings.h"
#include "master/frameworks.h"
#include "master/launch.h"
#include "master/pings.h"
#include "master/recovery.h"
#include "master/registry.h"
#include "master/tasks.h"
#include "master/validate.h"

static void refuse(struct peer *p, const char *why)
{
	log_warning("peer %s: may not register: %s", peer_name(p), why);
	peer_error(p, "%s", why);
	peer_finish(p);
}

/* It knows its id. Nothing waits for the row: what it says decides nothing about this agent. */
static void confirm(struct agent *a)
{
	if (a->confirmed || !a->active)
		return;
	a->confirmed = true;
	registry_put_agent(a);
}

static void attach(struct agent *a, struct peer *p, const char *instance)
{
	a->peer = p;
	rivals_attach(a, instance);
	a->unavailable = false; /* it says so again */
	peer_set_owner(p, a);
	peer_subscribed(p);
	pings_heard(a);
}

static void on_register(struct peer *p, struct message *msg)
{
	struct register_agent *r = msg->body;
	struct master *m = peer_ctx(p);
	struct agent *a;
	struct error e;

	m->metrics.messages_register_slave += 1;
	if (registry_refuses_new(m, &e) || validate_agent_size(r->agent, &e)) {
		refuse(p, e.text);
		return;
	}
	free(r->agent->id);
	r->agent->id = xasprintf("%s-S%llu", m->id, (unsigned long long)m->next_agent);
	a = agent_new(m, r->agent, &e);
	if (!a) {
		refuse(p, e.text);
		return;
	}
	m->next_agent++;
	m->metrics.slave_registrations += 1;
	attach(a, p, r->instance);
	log_info("agent %s: registers hostname=%s peer=%s version=%s", a->info->id,
		 a->info->hostname, peer_name(p), r->version ? r->version : "unknown");
	agent_admit(a);
}

/* The old connection, if there is one, is dead or about to be. */
static int come_back(struct agent *a, struct agent_info *info, struct error *e)
{
	struct peer *old = a->peer;
	struct executor *x;
	struct task *t;

	confirm(a);
	if (agent_refresh(a, info, e))
		return -EINVAL;
	if (old) {
		agent_disconnected(a);
		peer_error(old, "the agent has connected again");
		peer_finish(old);
	}
	list_for_each(t, &a->tasks, agent_node)
		t->listed = false;
	list_for_each(x, &a->executors, node)
		x->listed = false;
	a->reregistered_time = wall_seconds();
	return 0;
}

/* A master before us may have known it. */
static struct agent *restore(struct master *m, struct agent_info *info, struct error *e)
{
	struct recovered *r = recovery_find(m, info->id);
	bool same = r && r->confirmed && schema_equal(agent_info_schema(), r->info, info);
	struct agent *a = agent_new(m, info, e);

	if (!a)
		return NULL;
	m->metrics.slave_reregistrations += 1;
	a->reregistered_time = a->registered_time;
	a->confirmed = true;
	if (!r) {
		agent_admit(a);
		return a;
	}
	a->registered_time = r->registered_time;
	if (!same)
		registry_put_agent(a);
	recovery_done(m, r);
	return a;
}

/* The row of a removal comes first, of which the agent will be told. */
static bool departs(struct master *m, const char *id, struct peer *p)
{
	struct departure *d = departure_find(m, id);

	if (!d)
		return false;
	departure_meet(d, p);
	peer_subscribed(p);
	return true;
}

static void turn_away(struct peer *p, const char *id, const char *why)
{
	log_warning("agent %s: is told to end: %s", id, why);
	peer_send(p, MASTER_SHUTDOWN_AGENT, NULL, NULL,
		  &(struct shutdown_agent){ .message = (char *)why });
	peer_finish(p);
}

/* Whether this agent may not come back. */
static bool turned_away(struct master *m, const char *id, struct peer *p)
{
	autofree char *unknown = NULL;

	if (agent_removed(m, id)) {
		turn_away(p, id, "Agent attempted to re-register after removal");
		return true;
	}
	if (!m->flags->registry_strict || agent_find(m, id) || recovery_find(m, id))
		return false;
	unknown = xasprintf("Agent attempted to re-register with unknown agent id %s", id);
	turn_away(p, id, unknown);
	return true;
}

static void on_reregister(struct peer *p, struct message *msg)
{
	struct reregister_agent *r = msg->body;
	struct agent_info *info = r->agent;
	struct master *m = peer_ctx(p);
	struct agent *a;
	struct error e;

	m->metrics.messages_reregister_slave += 1;
	if (!info->id || !id_valid(info->id)) {
		refuse(p, "REREGISTER_AGENT: agent.id is missing or contains invalid characters");
		return;
	}
	if (validate_agent_size(info, &e)) {
		refuse(p, e.text);
		return;
	}
	if (departs(m, info->id, p) || turned_away(m, info->id, p))
		return;
	a = agent_find(m, info->id);
	if (a && rivals_check(a, r->instance, info->hostname, p, &e)) {
		refuse(p, e.text);
		return;
	}
	if (a ? come_back(a, info, &e) != 0 : !(a = restore(m, info, &e))) {
		refuse(p, e.text);
		return;
	}
	agent_set_listing(a, true);
	attach(a, p, r->instance);
	log_info("agent %s: is back hostname=%s peer=%s version=%s", a->info->id, a->info->hostname,
		 peer_name(p), r->version ? r->version : "unknown");
}

/*
 * The framework of what an agent runs: known, or adopted until it subscribes. NULL with no
 * reason if it was removed: then the agent is told to end it.
 */
static struct framework *owner_of(struct agent *a, struct framework_info *info, const char **why)
{
	struct framework *f;
	struct error e;

	*why = NULL;
	if (!info->id || !id_valid(info->id)) {
		*why = "its framework has no valid id";
		return NULL;
	}
	if (framework_removed(a->master, info->id)) {
		ending_tell(a, info->id);
		return NULL;
	}
	f = framework_find(a->master, info->id);
	if (f)
		return f;
	if (validate_framework_size(info, &e)) {
		*why = "what is said of its framework is too large";
		return NULL;
	}
	f = framework_adopt(a->master, info);
	if (!f)
		*why = "there are too many frameworks";
	return f;
}

/* It was told of already: the agent ends it, and what it says of that is acknowledged. */
static void end_again(struct agent *a, struct task_report *report)
{
	struct kill_task kill = { .framework_id = report->framework_id,
				  .task_id = report->task_id };

	log_warning_often("task %s: ended before, and agent %s still has it framework=%s",
			  report->task_id, a->info->id, report->framework_id);
	if (!task_terminal(report->state))
		peer_send(a->peer, MASTER_KILL_TASK, NULL, NULL, &kill);
}

/* What the agent knows is newer than what we know. */
static void catch_up(struct task *t, const struct task_report *report)
{
	t->listed = true;
	task_set_labels(t, report->labels);
	if (task_may_move(t->report.state, report->state))
		task_move(t, report->state);
}

static const char *list_task(struct agent *a, struct reregister_task *r)
{
	struct framework *f;
	struct task *t;
	const char *why;

	if (strcmp(r->task->agent_id, a->info->id) || !r->framework->id ||
	    strcmp(r->task->framework_id, r->framework->id) || !id_valid(r->task->task_id))
		return "its ids do not fit together";
	f = owner_of(a, r->framework, &why);
	if (!f)
		return why;
	if (task_ended_here(f, a, r->task->task_id)) {
		end_again(a, r->task);
		return NULL;
	}
	t = task_find(f, r->task->task_id);
	if (t && t->agent != a)
		return "it runs on another agent";
	if (!t && HASH_COUNT(f->tasks) >= FRAMEWORK_TASKS_MAX)
		return "its framework has too many tasks";
	if (t)
		catch_up(t, r->task);
	else
		task_adopt(f, a, r->task);
	return NULL;
}

static void on_task(struct peer *p, struct message *msg)
{
	struct reregister_task *r = msg->body;
	struct agent *a = peer_owner(p);
	const char *why;

	if (!a)
		return;
	pings_heard(a);
	why = a->listing ? list_task(a, r) : "the list of tasks is complete";
	if (!why)
		return;
	log_warning("agent %s: task cannot be adopted: %s", a->info->id, why);
	peer_error(p, "REREGISTER_TASK: %s", why);
}

static const char *list_executor(struct agent *a, struct reregister_executor *r)
{
	const struct executor_info *info = r->executor;
	struct framework *f;
	struct executor *x;
	const char *why;

	if (!id_valid(info->executor_id) || !str_equal(info->framework_id, r->framework->id))
		return "its ids are not valid or do not fit together";
	f = owner_of(a, r->framework, &why);
	if (!f)
		return why;
	x = executor_find(a, f, info->executor_id);
	if (!x && a->executors_count >= AGENT_EXECUTORS_MAX)
		return "there are too many executors";
	if (x)
		x->listed = true;
	else
		executor_adopt(f, a, r->executor);
	return NULL;
}

static void on_executor(struct peer *p, struct message *msg)
{
	struct agent *a = peer_owner(p);
	const char *why;

	if (!a)
		return;
	pings_heard(a);
	why = a->listing ? list_executor(a, msg->body) : "the list of tasks is complete";
	if (!why)
		return;
	log_warning("agent %s: executor cannot be adopted: %s", a->info->id, why);
	peer_error(p, "REREGISTER_EXECUTOR: %s", why);
}

/* status as waitpid(2) gives it; NULL: the agent does not know any more. */
static void end_executor(struct agent *a, struct framework *f, const char *executor_id,
			 const int64_t *status)
{
	struct executor *x = executor_find(a, f, executor_id);
	struct event_failure failure = {
		.agent_id = a->info->id,
		.executor_id = (char *)executor_id,
		.status = status ? *status : 0,
		.has_status = status != NULL,
	};

	framework_send(f, EVENT_FAILURE, &failure);
	if (x)
		executor_end(x);
}

static void lose_unlisted(struct agent *a)
{
	struct executor *x;
	struct task *t;

	list_for_each(t, &a->tasks, agent_node)
		if (!t->listed && !task_on_its_way(t))
			task_end(t, TASK_LOST, REASON_RECONCILIATION,
				 "Reconciliation: Task is unknown to the agent", true);
	list_for_each(x, &a->executors, node)
		if (!x->listed && x->sent)
			end_executor(a, x->framework, x->info->executor_id, NULL);
}

static void on_tasks_end(struct peer *p, struct message *msg unused)
{
	struct agent *a = peer_owner(p);

	if (!a)
		return;
	pings_heard(a);
	if (!a->listing) {
		peer_error(p, "REREGISTERED_TASKS: the list of tasks is complete");
		return;
	}
	agent_set_listing(a, false);
	lose_unlisted(a);
	agent_charge_adopted(a);
	agent_welcome(a);
}

static void on_unregister(struct peer *p, struct message *msg unused)
{
	struct agent *a = peer_owner(p);

	if (!a)
		return;
	a->master->metrics.messages_unregister_slave += 1;
	agent_remove(a, NULL);
}

static void on_availability(struct peer *p, struct message *msg)
{
	const struct availability *v = msg->body;
	struct agent *a = peer_owner(p);

	if (!a)
		return;
	confirm(a);
	if (a->unavailable == !v->takes_tasks)
		return;
	a->unavailable = !v->takes_tasks;
	if (a->unavailable)
		log_warning("agent %s: takes no tasks: %s", a->info->id,
			    v->reason ? v->reason : "it does not say why");
	else
		log_info("agent %s: takes tasks again", a->info->id);
	agent_reconsider(a);
}

static void on_labels(struct peer *p, struct message *msg)
{
	const struct task_labels *m = msg->body;
	struct agent *a = peer_owner(p);
	struct framework *f = a ? framework_find(a->master, m->framework_id) : NULL;
	struct task *t = f ? task_find(f, m->task_id) : NULL;
	struct error e;

	if (!t || t->agent != a)
		return; /* it has ended meanwhile */
	confirm(a);
	if (labels_check(m->labels, NULL, &e))
		peer_error(p, "TASK_LABELS: %s", e.text);
	else
		task_set_labels(t, m->labels);
}

static void on_pong(struct peer *p, struct message *msg unused)
{
	struct agent *a = peer_owner(p);

	if (!a)
		return;
	confirm(a);
	rivals_answered(a);
	pings_heard(a);
}

static void note_update(struct agent *a, struct framework *f, const struct status_update *u)
{
	enum task_state latest = u->status->state;
	struct task *t = task_find(f, u->status->task_id);
	struct master *m = a->master;

	if (!t || t->agent != a) {
		m->metrics.invalid_status_updates += 1;
		log_warning_often("task %s: unknown, but agent %s tells of it framework=%s",
				  u->status->task_id, a->info->id, f->info->id);
		return;
	}
	m->metrics.valid_status_updates += 1;
	if (u->has_latest_state && !task_terminal(u->status->state))
		latest = u->latest_state;
	task_update(t, u->status, latest);
	if (!u->status->has_uuid && task_terminal(t->report.state))
		task_complete(t); /* nobody will acknowledge it */
}

/* The framework hears of tasks that are not in our books too: it ends the resending. */
static void on_update(struct peer *p, struct message *msg)
{
	struct status_update *u = msg->body;
	struct agent *a = peer_owner(p);
	struct master *m = peer_ctx(p);
	struct framework *f = framework_find(m, u->framework_id);

	m->metrics.messages_status_update += 1;
	if (!a) {
		m->metrics.invalid_status_updates += 1;
		return;
	}
	if (!f) {
		m->metrics.invalid_status_updates += 1;
		log_warning_often("framework %s: unknown, but agent %s has an update of its",
				  u->framework_id, a->info->id);
		if (framework_removed(m, u->framework_id))
			ending_tell(a, u->framework_id);
		return;
	}
	replace_str(&u->status->agent_id, a->info->id);
	if (task_update_late(f, a, u)) {
		m->metrics.invalid_status_updates += 1;
		return;
	}
	note_update(a, f, u);
	framework_send(f, EVENT_UPDATE, &(struct event_update){ .status = u->status });
}

static void on_exited(struct peer *p, struct message *msg)
{
	struct exited_executor *e = msg->body;
	struct agent *a = peer_owner(p);
	struct master *m = peer_ctx(p);
	struct framework *f = framework_find(m, e->framework_id);

	m->metrics.messages_exited_executor += 1;
	if (a && f)
		end_executor(a, f, e->executor_id, &e->status);
}

static void on_message(struct peer *p, struct message *msg)
{
	struct executor_message *e = msg->body;
	struct agent *a = peer_owner(p);
	struct master *m = peer_ctx(p);
	struct framework *f = framework_find(m, e->framework_id);

	if (!a || !f || !f->peer || !master_may_message(m, f->peer))
		return;
	framework_send(f, EVENT_MESSAGE,
		       &(struct event_message){
			       .agent_id = a->info->id,
			       .executor_id = e->executor_id,
			       .data = e->data,
		       });
}

static void on_closed(struct peer *p, const char *why)
{
	struct agent *a = peer_owner(p);

	if (!a) {
		departure_forget_peer(peer_ctx(p), p);
		return;
	}
	if (store_waiting(&a->admission) && !a->reregistered_time) {
		log_info("agent %s: went before it was admitted: %s", a->info->id, why);
		a->peer = NULL;
		registry_delete_agent(a);
		agent_free(a);
		return;
	}
	log_warning("agent %s: disconnected: %s hostname=%s", a->info->id, why, a->info->hostname);
	agent_disconnected(a);
}

static const struct peer_verb verbs[] = {
	{ AGENT_REGISTER_AGENT, PEER_GREETED, on_register },
	{ AGENT_REREGISTER_AGENT, PEER_GREETED, on_reregister },
	{ AGENT_REREGISTER_EXECUTOR, PEER_SUBSCRIBED, on_executor },
	{ AGENT_REREGISTER_TASK, PEER_SUBSCRIBED, on_task },
	{ AGENT_REREGISTERED_TASKS, PEER_SUBSCRIBED, on_tasks_end },
	{ AGENT_UNREGISTER_AGENT, PEER_SUBSCRIBED, on_unregister },
	{ AGENT_AVAILABILITY, PEER_SUBSCRIBED, on_availability },
	{ AGENT_TASK_LABELS, PEER_SUBSCRIBED, on_labels },
	{ AGENT_PONG, PEER_SUBSCRIBED, on_pong },
	{ AGENT_STATUS_UPDATE, PEER_SUBSCRIBED, on_update },
	{ AGENT_EXITED_EXECUTOR, PEER_SUBSCRIBED, on_exited },
	{ AGENT_EXECUTOR_MESSAGE, PEER_SUBSCRIBED, on_message },
	{ .fn = NULL },
};

/* A connection without an owner is that of an agent that is being removed: it is not heard. */
const struct peer_protocol agent_protocol = {
	.role = PEER_AGENT,
	.hears = LANGUAGE_AGENT,
	.line_max = LINE_MAX_DAEMON_BYTES,
	.verbs = verbs,
	.closed = on_closed,
};
