/* The framework of mesos-execute: registers, takes an offer, tells what becomes of the task. */
#include <math.h>

#include "lib/task_state.h"
#include "lib/timer.h"
#include "lib/units.h"
#include "tools/execute.h"
#include "tools/terminal.h"

#define DIAL_BACKOFF_NS     (100 * NSEC_PER_MSEC) /* after a round of all masters, doubling */
#define DIAL_BACKOFF_MAX_NS (2 * NSEC_PER_SEC)
#define NO_OFFER_NS         (10 * NSEC_PER_SEC) /* until we say what nobody offers */
#define HEARTBEATS_MISSED   5
#define QUESTION_NS         (2 * NSEC_PER_SEC) /* until we ask for the task again, doubling */
#define QUESTION_MAX_NS     (60 * NSEC_PER_SEC)

static void say(const char *text, const char *what)
{
	autobuf struct buf line = { 0 };

	buf_adds(&line, text);
	printable_add(&line, what);
	puts(buf_text(&line));
}

/* ---- offers ---- */

static void decline(struct execute *x, const struct offer *offer)
{
	struct call_decline call = { .offer_ids = (char *[]){ offer->id }, .offer_ids_count = 1 };

	peer_send(x->master, CALL_DECLINE, x->framework_id, NULL, &call);
}

/* Further offers would be of no use to us, and others want them. */
static void launch(struct execute *x, const struct offer *offer, struct task_info *task)
{
	struct launch tasks = { .task_infos = task, .task_infos_count = 1 };
	struct operation operation = { .type = (char *)"LAUNCH", .launch = &tasks };
	struct call_accept call = {
		.offer_ids = (char *[]){ offer->id },
		.offer_ids_count = 1,
		.operations = &operation,
		.operations_count = 1,
	};
	autobuf struct buf line = { 0 };

	peer_send(x->master, CALL_ACCEPT, x->framework_id, NULL, &call);
	peer_send(x->master, CALL_SUPPRESS, x->framework_id, NULL, NULL);
	x->agent_id = xstrdup(offer->agent_id);
	x->no_offer = sd_event_source_disable_unref(x->no_offer);
	buf_addf(&line, "task %s submitted to slave ", x->flags.name);
	say(buf_text(&line), x->agent_id);
}

static void remember_nearest(struct execute *x, const struct offer *offer)
{
	autoresources struct resources offered = { 0 };
	struct error e;
	double share;

	if (resources_from_wire(offer->resources, offer->resources_count, &offered, &e))
		return;
	share = wish_share(&x->wish, &offered);
	if (share < x->nearest_share)
		return;
	x->nearest_share = share;
	resources_move(&x->nearest, &offered);
}

static void take_offer(struct execute *x, const struct offer *offer)
{
	struct task_info task = { 0 };

	if (!x->agent_id && !x->killing && wish_fits(&x->wish, offer, &task)) {
		launch(x, offer, &task);
	} else {
		remember_nearest(x, offer);
		decline(x, offer);
	}
	schema_clear(task_info_schema(), &task);
}

static void on_offers(struct peer *p, struct message *m)
{
	const struct event_offers *event = m->body;

	for (size_t i = 0; i < event->offers_count; i++)
		take_offer(peer_ctx(p), &event->offers[i]);
}

static int on_no_offer(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	struct execute *x = arg;
	autobuf struct buf want = { 0 }, have = { 0 };

	resources_print(&x->wish.resources, &want);
	resources_print(&x->nearest, &have);
	if (resources_empty(&x->nearest))
		complain("no agent has offered anything yet; waiting for %s", buf_text(&want));
	else
		complain("no offer has %s yet, the largest has %s; waiting", buf_text(&want),
			 buf_text(&have));
	return 0;
}

/* ---- what becomes of the task ---- */

static enum status status_of(enum task_state state)
{
	switch (state) {
	case TASK_FINISHED: return STATUS_FINISHED;
	case TASK_FAILED:
	case TASK_ERROR: return STATUS_FAILED;
	case TASK_KILLED:
	case TASK_LOST: return STATUS_KILLED;
	default: return STATUS_NONE;
	}
}

static void print_update(const struct execute *x, const struct task_status *s)
{
	autobuf struct buf name = { 0 };

	printable_add(&name, x->flags.name);
	printf("Received status update %s for task %s\n",
	       enum_name(task_state_values, (int)s->state), buf_text(&name));
	if (s->message && *s->message)
		say("  message: ", s->message);
	if (status_of(s->state) == STATUS_NONE)
		return;
	if (s->has_source)
		printf("  source: %s\n", enum_name(task_source_values, (int)s->source));
	if (s->has_reason)
		printf("  reason: %s\n", enum_name(task_reason_values, (int)s->reason));
}

/*
 * Updates come again until they are acknowledged, and answers to our questions repeat what they
 * said, or are ahead of them.
 */
static bool seen_before(struct execute *x, const struct task_status *s)
{
	bool news = s->has_uuid && s->message && !str_equal(s->message, x->message);

	if ((s->state == x->state && !news) || !task_may_move(x->state, s->state))
		return true;
	x->state = s->state;
	replace_str(&x->message, s->message);
	return false;
}

static void acknowledge(struct execute *x, const struct task_status *s)
{
	struct call_acknowledge call = {
		.agent_id = s->agent_id ? s->agent_id : x->agent_id,
		.task_id = s->task_id,
		.has_uuid = true,
	};

	if (!s->has_uuid || !call.agent_id)
		return;
	memcpy(call.uuid, s->uuid, sizeof(call.uuid));
	peer_send(x->master, CALL_ACKNOWLEDGE, x->framework_id, NULL, &call);
}

static void on_update(struct peer *p, struct message *m)
{
	const struct task_status *s = ((struct event_update *)m->body)->status;
	struct execute *x = peer_ctx(p);
	enum status status = status_of(s->state);

	acknowledge(x, s);
	if (!str_equal(s->task_id, x->flags.name))
		return;
	x->question = sd_event_source_disable_unref(x->question);
	if (seen_before(x, s))
		return;
	print_update(x, s);
	if (status != STATUS_NONE)
		execute_finish(x, x->killing ? STATUS_KILLED : status);
}

/*
 * Where is our task? There is no answer while the master does not know either, since its agent
 * has not come back yet.
 */
static int on_question(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	struct execute *x = arg;
	struct task_question task = { .task_id = x->flags.name, .agent_id = x->agent_id };
	struct call_reconcile call = { .tasks = &task, .tasks_count = 1 };

	peer_send(x->master, CALL_RECONCILE, x->framework_id, NULL, &call);
	execute_arm(x, &x->question, x->question_ns, on_question);
	x->question_ns = MIN(x->question_ns * 2, QUESTION_MAX_NS);
	return 0;
}

/* ---- the master ---- */

static void lost_master(struct execute *x, const char *address, const char *why);

static int on_timeout(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	struct execute *x = arg;
	autobuf struct buf text = { 0 };

	if (x->killing)
		return 0;
	duration_print(x->flags.timeout, &text);
	complain("the timeout of %s is over: ending task %s", buf_text(&text), x->flags.name);
	execute_kill(x);
	return 0;
}

static int on_no_pulse(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	struct execute *x = arg;

	autofree char *address = xstrdup(peer_name(x->master));

	peer_close(x->master);
	lost_master(x, address, "it is silent");
	return 0;
}

static void on_heartbeat(struct peer *p, struct message *m unused)
{
	struct execute *x = peer_ctx(p);

	if (x->pulse_ns)
		execute_arm(x, &x->pulse, x->pulse_ns, on_no_pulse);
}

static void first_time(struct execute *x)
{
	say("Framework registered with ", x->framework_id);
	execute_arm(x, &x->no_offer, NO_OFFER_NS, on_no_offer);
	if (x->flags.has_timeout)
		execute_arm(x, &x->timeout, x->flags.timeout, on_timeout);
}

/* What we had asked for may not have arrived, nor what we were to be told. */
static void back_again(struct execute *x)
{
	puts("Framework re-registered");
	if (!x->agent_id) {
		execute_arm(x, &x->no_offer, NO_OFFER_NS, on_no_offer);
		return;
	}
	peer_send(x->master, CALL_SUPPRESS, x->framework_id, NULL, NULL);
	if (x->killing)
		execute_kill(x);
	x->question_ns = QUESTION_NS;
	on_question(NULL, 0, x);
}

static void on_subscribed(struct peer *p, struct message *m)
{
	struct event_subscribed *event = m->body;
	struct execute *x = peer_ctx(p);
	double interval = event->heartbeat_interval_seconds;
	bool again = x->framework_id;

	peer_subscribed(p);
	x->subscribed = true;
	replace_str(&x->framework_id, event->framework_id);
	x->give_up = sd_event_source_disable_unref(x->give_up);
	if (event->has_heartbeat_interval_seconds && interval > 0)
		x->pulse_ns = (int64_t)(fmin(interval, 3600) * HEARTBEATS_MISSED * NSEC_PER_SEC);
	on_heartbeat(p, m);
	if (again)
		back_again(x);
	else
		first_time(x);
}

/* What this master does not take another may, or the same one later: its disk may be full. */
static void on_not_taken_back(struct execute *x, const char *text)
{
	autofree char *address = xstrdup(peer_name(x->master));

	complain("the master at %s does not take us back: %s", address, text);
	peer_finish(x->master);
	lost_master(x, address, text);
}

/* Whoever was removed is not taken back by anybody, and its task is ended. */
static void on_error(struct peer *p, struct message *m)
{
	const char *message = ((struct error_message *)m->body)->message;
	struct execute *x = peer_ctx(p);
	bool removed = str_equal(message, "Framework has been removed");
	autobuf struct buf text = { 0 };

	printable_add(&text, message);
	if (x->framework_id && !x->subscribed && !removed) {
		on_not_taken_back(x, buf_text(&text));
		return;
	}
	complain("the master refuses: %s", buf_text(&text));
	execute_finish(x, removed ? STATUS_KILLED : STATUS_USAGE);
}

static void on_nothing(struct peer *p unused, struct message *m unused)
{
}

static int greeted(struct peer *p, const struct hello *hello unused, struct error *e unused)
{
	const struct execute *x = peer_ctx(p);
	struct framework_info info = {
		.user = x->flags.user,
		.name = x->flags.name,
		.role = x->flags.role,
		.id = x->framework_id,
		.failover_timeout = (double)x->flags.failover_timeout / (double)NSEC_PER_SEC,
		.has_failover_timeout = true,
		.checkpoint = x->flags.checkpoint,
		.has_checkpoint = true,
	};
	struct call_subscribe call = { .framework_info = &info };

	peer_send(p, CALL_SUBSCRIBE, x->framework_id, NULL, &call);
	return 0;
}

static void closed(struct peer *p, const char *why)
{
	autobuf struct buf text = { 0 };

	printable_add(&text, why);
	lost_master(peer_ctx(p), peer_name(p), buf_text(&text));
}

static const struct peer_verb verbs[] = {
	{ COMMON_ERROR, PEER_GREETED | PEER_SUBSCRIBED, on_error },
	{ EVENT_SUBSCRIBED, PEER_GREETED, on_subscribed },
	{ EVENT_HEARTBEAT, PEER_SUBSCRIBED, on_heartbeat },
	{ EVENT_OFFERS, PEER_SUBSCRIBED, on_offers },
	{ EVENT_RESCIND, PEER_SUBSCRIBED, on_nothing },
	{ EVENT_UPDATE, PEER_SUBSCRIBED, on_update },
	{ EVENT_MESSAGE, PEER_SUBSCRIBED, on_nothing },
	{ EVENT_FAILURE, PEER_SUBSCRIBED, on_nothing },
	{ .fn = NULL },
};

static const struct peer_protocol protocol = {
	.role = PEER_MASTER,
	.hears = LANGUAGE_EVENT,
	.line_max = LINE_MAX_DAEMON_BYTES,
	.verbs = verbs,
	.greeted = greeted,
	.closed = closed,
};

static int on_redial(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	struct execute *x = arg;
	const char *address = x->masters.list[x->dials++ % x->masters.count];
	struct error e;

	if (peer_dial(&x->server, address, &protocol, &x->master, &e)) {
		complain("%s", e.text);
		execute_finish(x, STATUS_USAGE);
	}
	return 0;
}

/* At once, unless all masters were tried in vain. */
static void dial_soon(struct execute *x)
{
	bool round = x->dials && x->dials % x->masters.count == 0;

	execute_arm(x, &x->redial, round ? timer_jitter(x->backoff_ns) : 0, on_redial);
	if (round)
		x->backoff_ns = MIN(x->backoff_ns * 2, DIAL_BACKOFF_MAX_NS);
}

static int on_give_up(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	struct execute *x = arg;

	complain("no master at %s: %s", x->flags.master, x->why ? x->why : "no answer in time");
	x->redial = sd_event_source_disable_unref(x->redial);
	execute_finish(x, STATUS_UNREACHABLE);
	return 0;
}

static void dial_within(struct execute *x, int64_t timeout)
{
	x->backoff_ns = DIAL_BACKOFF_NS;
	execute_arm(x, &x->give_up, timeout, on_give_up);
	dial_soon(x);
}

/* The connection is gone, or there was none; the task goes on without it for a while. */
static void lost_master(struct execute *x, const char *address, const char *why)
{
	bool subscribed = x->subscribed;

	replace_str(&x->why, why);
	x->master = NULL;
	x->subscribed = false;
	if (!subscribed) {
		dial_soon(x);
		return;
	}
	complain("the connection to the master at %s is lost: %s", address, why);
	x->pulse = sd_event_source_disable_unref(x->pulse);
	x->question = sd_event_source_disable_unref(x->question);
	x->no_offer = sd_event_source_disable_unref(x->no_offer);
	dial_within(x, x->flags.reconnect_timeout);
}

void execute_register(struct execute *x)
{
	dial_within(x, x->flags.master_timeout);
}
