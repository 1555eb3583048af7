/*
 * What a custom executor says to its agent: SUBSCRIBE, UPDATE, MESSAGE; who it is, its token
 * proves.
 */
#include "agent/agent.h"
#include "agent/executors.h"
#include "agent/master.h"
#include "agent/save.h"
#include "lib/ids.h"
#include "lib/log.h"

static struct executor *by_token(struct agent *a, const char *token)
{
	struct framework *f, *next;
	struct executor *x;

	HASH_ITER(hh, a->frameworks, f, next)
		list_for_each(x, &f->executors, node)
			if (!x->command && x->container && secret_equal(x->token, token))
				return x;
	return NULL;
}

/* It has to come back, in its time. One that is asked to end keeps its deadline. */
static void unsubscribe(struct executor *x)
{
	if (!x->subscribed)
		return;
	x->subscribed = false;
	if (x->state < EXECUTOR_TERMINATING)
		executor_await_subscription(x);
}

static int on_greeted(struct peer *p, const struct hello *hello, struct error *e)
{
	struct agent *a = agent_of_peer(p);
	struct executor *x = hello->token ? by_token(a, hello->token) : NULL;

	if (!x)
		return error_set(e, EACCES,
				 "no executor has this token; it is in "
				 "MESOS_EXECUTOR_AUTHENTICATION_TOKEN");
	unsubscribe(x);
	executor_drop_peer(x); /* a new connection replaces the old one */
	x->peer = p;
	peer_set_owner(p, x);
	return 0;
}

static void acknowledge(struct executor *x, const char *task_id, const uint8_t uuid[16])
{
	struct executor_acknowledged m = {
		.task_id = (char *)(uintptr_t)task_id,
		.has_uuid = true,
	};

	memcpy(m.uuid, uuid, sizeof(m.uuid));
	peer_send(x->peer, TO_EXECUTOR_ACKNOWLEDGED, NULL, NULL, &m);
}

/* An update is on disk: whoever sent it may forget it. */
void executor_update_written(struct agent *a, const struct update *u)
{
	const struct task_status *s = u->body->status;
	struct framework *f = framework_find(a, u->body->framework_id);
	struct task *t = f ? task_find(f, s->task_id) : NULL;

	if (!t || t->executor->command || !t->executor->subscribed || s->source != SOURCE_EXECUTOR)
		return;
	for (size_t i = 0; i < u->said.len; i += sizeof(s->uuid))
		acknowledge(t->executor, s->task_id, (const uint8_t *)u->said.data + i);
}

/* It repeats the end of a task whose framework has acknowledged that: then so do we. */
static bool is_past(const struct executor *x, const struct task_status *s)
{
	struct task *t;

	list_for_each(t, &x->completed, node)
		if (str_equal(t->info->task_id, s->task_id))
			return true;
	return false;
}

static void refuse_update(struct peer *p, const char *why)
{
	const struct executor *x = peer_owner(p);

	x->framework->agent->metrics.invalid_status_updates++;
	peer_error(p, "UPDATE refused: %s", why);
}

static void take_update(struct peer *p, struct task_status *s)
{
	struct executor *x = peer_owner(p);
	struct agent *a = x->framework->agent;
	struct task *t = task_find(x->framework, s->task_id);
	struct error e;
	int r;

	if (s->has_uuid && !t && is_past(x, s)) {
		acknowledge(x, s->task_id, s->uuid);
		return;
	}
	if (!s->has_uuid || s->state == TASK_STAGING || !t || t->executor != x) {
		refuse_update(p, !s->has_uuid ? "it has no uuid"
				 : t          ? "TASK_STAGING or a task of another executor"
					      : "this executor has no such task");
		return;
	}
	s->source = SOURCE_EXECUTOR;
	s->has_source = true;
	r = agent_update(a, x->framework->id, t, s, &e);
	if (r < 0) {
		refuse_update(p, e.text);
		return;
	}
	a->metrics.valid_status_updates++;
	if ((r == UPDATE_DUPLICATE || x->framework->terminating) &&
	    !updates_unwritten(&a->updates, s->uuid))
		acknowledge(x, s->task_id, s->uuid);
	if (s->state == TASK_RUNNING)
		executor_tell_denied(x);
	if (task_terminal(s->state))
		executor_update_container(x);
}

static void on_update(struct peer *p, struct message *m)
{
	const struct executor_update *update = m->body;

	take_update(p, update->status);
}

/*
 * A task of which nothing was heard, and which it does not say it has, never reached it. An agent
 * before us may have handed over what we believe to be queued.
 */
static bool has_not(const struct task *t, const struct executor_subscribe *body)
{
	for (size_t i = 0; i < body->unacknowledged_tasks_count; i++)
		if (str_equal(body->unacknowledged_tasks[i].task_id, t->info->task_id))
			return false;
	return t->state == TASK_STAGING;
}

/* What did not reach it, in the order in which it was to happen. */
static void catch_up(struct executor *x, const struct executor_subscribe *body)
{
	struct task *t;

	list_for_each(t, &x->tasks, node) {
		if (task_terminal(t->state) || store_waiting(&t->stored))
			continue;
		t->queued = false;
		if (has_not(t, body) && t->killed)
			executor_cancel_task(x, t);
		else if (has_not(t, body))
			executor_hand_over(x, t);
		else if (t->killed)
			executor_send_kill(x, t);
	}
}

/*
 * What it said while it was not connected is taken, and what it missed is said now. One
 * that is asked to end keeps its deadline.
 */
static void on_subscribe(struct peer *p, struct message *m)
{
	const struct executor_subscribe *body = m->body;
	struct executor *x = peer_owner(p);
	struct agent *a = x->framework->agent;
	struct executor_subscribed subscribed = {
		.executor_info = x->info,
		.framework_info = x->framework->info,
		.agent_info = &a->info,
		.container_id = x->container_id,
	};

	x->subscribed = true;
	peer_subscribed(p);
	peer_send(p, TO_EXECUTOR_SUBSCRIBED, NULL, NULL, &subscribed);
	for (size_t i = 0; i < body->unacknowledged_updates_count; i++)
		take_update(p, body->unacknowledged_updates[i].status);
	if (x->state >= EXECUTOR_TERMINATING) {
		peer_send(p, TO_EXECUTOR_SHUTDOWN, NULL, NULL, NULL);
		return;
	}
	x->timer = sd_event_source_disable_unref(x->timer);
	x->state = EXECUTOR_RUNNING;
	if (!x->has_subscribed) {
		x->has_subscribed = true;
		save_executor(x);
	}
	log_info("executor %s: subscribed", x->info->executor_id);
	catch_up(x, body);
}

static void on_message(struct peer *p, struct message *m)
{
	const struct executor_data *data = m->body;
	struct executor *x = peer_owner(p);
	struct agent *a = x->framework->agent;
	struct executor_message out = {
		.framework_id = x->framework->id,
		.executor_id = x->info->executor_id,
		.data = data->data,
	};

	if (master_queued(a->master) > MESSAGES_QUEUED_MAX)
		agent_drop_message(a, x->info->executor_id, "the master does not read what waits");
	else
		master_send(a->master, AGENT_EXECUTOR_MESSAGE, &out);
}

static void on_heartbeat(struct peer *p unused, struct message *m unused)
{
}

static void on_closed(struct peer *p, const char *why)
{
	struct executor *x = peer_owner(p);

	log_info("executor %s: connection closed: %s", x->info->executor_id, why);
	x->peer = NULL;
	unsubscribe(x);
}

const struct peer_protocol executor_protocol = {
	.role = PEER_EXECUTOR,
	.hears = LANGUAGE_EXECUTOR,
	.line_max = LINE_MAX_BYTES,
	.verbs =
		(const struct peer_verb[]){
			{ EXECUTOR_SUBSCRIBE, PEER_GREETED | PEER_SUBSCRIBED, on_subscribe },
			{ EXECUTOR_UPDATE, PEER_SUBSCRIBED, on_update },
			{ EXECUTOR_MESSAGE, PEER_SUBSCRIBED, on_message },
			{ EXECUTOR_HEARTBEAT, PEER_SUBSCRIBED, on_heartbeat },
			{ .fn = NULL },
		},
	.greeted = on_greeted,
	.closed = on_closed,
};
