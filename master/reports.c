/* What agents say: who they are, what they run, and what became of tasks and executors. */
#include "lib/ids.h"
#include "lib/log.h"
#include "master/agents.h"
#include "master/frameworks.h"
#include "master/offers.h"
#include "master/tasks.h"

static void refuse(struct peer *p, const char *why)
{
	log_warning("peer %s: may not register: %s", peer_name(p), why);
	peer_error(p, "%s", why);
	peer_finish(p);
}

static void attach(struct agent *a, struct peer *p)
{
	a->peer = p;
	peer_set_owner(p, a);
	peer_subscribed(p);
	observer_pong(&a->observer);
}

static void on_register(struct peer *p, struct message *msg)
{
	struct register_agent *r = msg->body;
	struct master *m = peer_ctx(p);
	struct agent *a;
	struct error e;

	m->metrics.messages_register_slave += 1;
	free(r->agent->id);
	r->agent->id = xasprintf("%s-S%llu", m->id, (unsigned long long)m->next_agent);
	a = agent_new(m, r->agent, &e);
	if (!a) {
		refuse(p, e.text);
		return;
	}
	m->next_agent++;
	m->metrics.slave_registrations += 1;
	attach(a, p);
	log_info("agent %s: registered hostname=%s peer=%s version=%s", a->info->id,
		 a->info->hostname, peer_name(p), r->version ? r->version : "unknown");
	agent_welcome(a);
}

/* The old connection, if there is one, is dead or about to be. */
static int come_back(struct agent *a, struct agent_info *info, struct error *e)
{
	struct peer *old = a->peer;
	struct executor *x;
	struct task *t;

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
	if (agent_removed(m, info->id)) {
		log_warning("agent %s: was removed and may not come back", info->id);
		peer_send(p, MASTER_SHUTDOWN_AGENT, NULL, NULL,
			  &(struct shutdown_agent){
				  .message = "Agent attempted to re-register after removal" });
		peer_finish(p);
		return;
	}
	a = agent_find(m, info->id);
	if (a ? come_back(a, info, &e) != 0 : !(a = agent_new(m, info, &e))) {
		refuse(p, e.text);
		return;
	}
	if (!a->reregistered_time)
		m->metrics.slave_reregistrations += 1;
	attach(a, p);
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

	*why = NULL;
	if (!info->id || !id_valid(info->id)) {
		*why = "its framework has no valid id";
		return NULL;
	}
	if (framework_removed(a->master, info->id)) {
		agent_shutdown_framework(a, info->id);
		return NULL;
	}
	f = framework_find(a->master, info->id);
	if (!f)
		f = framework_new(a->master, info);
	if (!f)
		*why = "there are too many frameworks";
	return f;
}

/* What the agent knows is newer than what we know. */
static void catch_up(struct task *t, const struct task_report *report)
{
	t->listed = true;
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
	const char *why = a->active ? "the list of tasks is complete" : list_task(a, r);

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
	const char *why = a->active ? "the list of tasks is complete" : list_executor(a, msg->body);

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
		if (!t->listed)
			task_end(t, TASK_LOST, REASON_RECONCILIATION,
				 "Reconciliation: Task is unknown to the agent", true);
	list_for_each(x, &a->executors, node)
		if (!x->listed)
			end_executor(a, x->framework, x->info->executor_id, NULL);
}

static void on_tasks_end(struct peer *p, struct message *msg unused)
{
	struct agent *a = peer_owner(p);
	struct task *t;

	if (a->active) {
		peer_error(p, "REREGISTERED_TASKS: the list of tasks is complete");
		return;
	}
	lose_unlisted(a);
	agent_charge_adopted(a);
	agent_welcome(a);
	list_for_each(t, &a->tasks, agent_node)
		if (t->kill && !task_terminal(t->report.state))
			agent_send(a, MASTER_KILL_TASK, t->kill);
}

static void on_unregister(struct peer *p, struct message *msg unused)
{
	struct agent *a = peer_owner(p);

	a->master->metrics.messages_unregister_slave += 1;
	agent_remove(a, NULL);
}

static void on_pong(struct peer *p, struct message *msg unused)
{
	struct agent *a = peer_owner(p);

	observer_pong(&a->observer);
}

static void note_update(struct agent *a, struct framework *f, const struct status_update *u)
{
	enum task_state latest = u->status->state;
	struct task *t = task_find(f, u->status->task_id);
	struct master *m = a->master;

	if (!t || t->agent != a) {
		m->metrics.invalid_status_updates += 1;
		log_warning("task %s: unknown, but agent %s tells of it framework=%s",
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
	struct master *m = a->master;
	struct framework *f = framework_find(m, u->framework_id);

	m->metrics.messages_status_update += 1;
	if (!f) {
		m->metrics.invalid_status_updates += 1;
		log_warning("framework %s: unknown, but agent %s has an update of its",
			    u->framework_id, a->info->id);
		if (framework_removed(m, u->framework_id))
			agent_shutdown_framework(a, u->framework_id);
		return;
	}
	replace_str(&u->status->agent_id, a->info->id);
	note_update(a, f, u);
	framework_send(f, EVENT_UPDATE, &(struct event_update){ .status = u->status });
}

static void on_exited(struct peer *p, struct message *msg)
{
	struct exited_executor *e = msg->body;
	struct agent *a = peer_owner(p);
	struct framework *f = framework_find(a->master, e->framework_id);

	a->master->metrics.messages_exited_executor += 1;
	if (f)
		end_executor(a, f, e->executor_id, &e->status);
}

static void on_message(struct peer *p, struct message *msg)
{
	struct executor_message *e = msg->body;
	struct agent *a = peer_owner(p);
	struct framework *f = framework_find(a->master, e->framework_id);

	if (!f || !f->peer || !master_may_message(a->master, f->peer))
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

	if (!a)
		return;
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
	{ AGENT_PONG, PEER_SUBSCRIBED, on_pong },
	{ AGENT_STATUS_UPDATE, PEER_SUBSCRIBED, on_update },
	{ AGENT_EXITED_EXECUTOR, PEER_SUBSCRIBED, on_exited },
	{ AGENT_EXECUTOR_MESSAGE, PEER_SUBSCRIBED, on_message },
	{ .fn = NULL },
};

const struct peer_protocol agent_protocol = {
	.role = PEER_AGENT,
	.hears = LANGUAGE_AGENT,
	.line_max = LINE_MAX_DAEMON_BYTES,
	.verbs = verbs,
	.closed = on_closed,
};
