/*
 * mesos-execute: a framework that runs one command on the first offer that has room
 * for it, tells what becomes of it, and leaves with a status that says the same.
 */
#include "tools/execute.h"

#include <signal.h>

#include "lib/flags.h"
#include "lib/log.h"
#include "lib/timer.h"

#define KILL_WAIT_NS  (10 * NSEC_PER_SEC) /* for the terminal update of a killed task */
#define KILL_AGAIN_NS NSEC_PER_SEC /* a master whose agent is not back yet knows of no such task */

void execute_arm(struct execute *x, sd_event_source **timer, int64_t ns, sd_event_time_handler_t fn)
{
	timer_set(x->server.loop, timer, ns, fn, x);
}

static void stop_timers(struct execute *x)
{
	sd_event_source **timers[] = { &x->redial,    &x->give_up, &x->no_offer, &x->timeout,
				       &x->kill_wait, &x->pulse,   &x->question };

	for (size_t i = 0; i < ARRAY_SIZE(timers); i++)
		*timers[i] = sd_event_source_disable_unref(*timers[i]);
}

/* The master ends what is left of us; main() waits until it was told, which may take a while. */
void execute_finish(struct execute *x, enum status status)
{
	if (x->status != STATUS_NONE)
		return;
	x->status = status;
	stop_timers(x);
	if (x->master && !x->subscribed)
		peer_close(take_ptr(x->master));
	if (!x->master)
		return;
	peer_send(x->master, CALL_TEARDOWN, x->framework_id, NULL, NULL);
	peer_finish(take_ptr(x->master));
}

/* ---- ending early ---- */

static int on_kill_wait(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	struct execute *x = arg;

	if (now_ns() < x->kill_until_ns) {
		execute_kill(x);
		return 0;
	}
	complain("task %s has not ended within 10 seconds; the master will see to it",
		 x->flags.name);
	execute_finish(x, STATUS_KILLED);
	return 0;
}

void execute_kill(struct execute *x)
{
	struct call_kill call = { .task_id = x->flags.name, .agent_id = x->agent_id };

	if (!x->agent_id) {
		execute_finish(x, STATUS_KILLED);
		return;
	}
	if (!x->killing)
		x->kill_until_ns = now_ns() + KILL_WAIT_NS;
	x->killing = true;
	execute_arm(x, &x->kill_wait, KILL_AGAIN_NS, on_kill_wait);
	if (x->subscribed)
		peer_send(x->master, CALL_KILL, x->framework_id, NULL, &call);
}

/* The second signal does not wait for anybody. */
static int on_signal(sd_event_source *source unused, const struct signalfd_siginfo *si, void *arg)
{
	struct execute *x = arg;

	if (x->status != STATUS_NONE || (x->killing && si->ssi_signo == SIGINT))
		_exit(x->status == STATUS_NONE ? STATUS_KILLED : (int)x->status);
	if (!x->killing)
		execute_kill(x);
	return 0;
}

/* ---- main ---- */

static int add_signals(struct execute *x)
{
	static const int signals[] = { SIGINT, SIGTERM };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(signals) && r >= 0; i++)
		r = sd_event_add_signal(x->server.loop, NULL, signals[i] | SD_EVENT_SIGNAL_PROCMASK,
					on_signal, x);
	return r;
}

/* Signals come first: a thread that knew nothing of them would be killed by one. */
static int start(struct execute *x, struct error *e)
{
	int r = sd_event_new(&x->server.loop);

	if (r >= 0)
		r = add_signals(x);
	if (r < 0)
		return error_set(e, -r, "event loop: %s", strerror(-r));
	r = work_pool_new(x->server.loop, "resolver", 1, NULL, &x->pool, e);
	if (!r)
		r = streams_new(x->server.loop, x->pool, NULL, &x->server.streams, e);
	if (r)
		return r;
	execute_register(x);
	return 0;
}

static int run(struct execute *x, struct error *e)
{
	int r = start(x, e);

	while (!r && (x->status == STATUS_NONE || streams_count(x->server.streams))) {
		int n = sd_event_run(x->server.loop, UINT64_MAX);

		if (n < 0)
			r = error_set(e, -n, "event loop: %s", strerror(-n));
	}
	return r;
}

static void execute_fini(struct execute *x)
{
	stop_timers(x);
	streams_free(x->server.streams);
	work_pool_free(x->pool);
	sd_event_unref(x->server.loop);
	free(x->why);
	free(x->framework_id);
	free(x->agent_id);
	free(x->message);
	resources_fini(&x->nearest);
	wish_fini(&x->wish);
	masters_fini(&x->masters);
	schema_clear(execute_flags_schema(), &x->flags);
}

int main(int argc, char **argv)
{
	static const struct hello hello = { HELLO_OF(PEER_FRAMEWORK) };
	const struct flags_program program = {
		.name = EXECUTE_PROGRAM,
		.summary = "Runs one command on a cluster and tells what becomes of it. Exit "
			   "status: 0 finished,\n1 failed, 2 wrong usage, 3 lost or killed, 4 no "
			   "master.",
		.schema = execute_flags_schema(),
	};
	struct execute x = {
		.server = { .hello = &hello },
		.status = STATUS_NONE,
		.state = TASK_STAGING,
	};
	struct error e;

	setvbuf(stdout, NULL, _IOLBF, 0);
	log_set_level(LOG_LEVEL_ERROR); /* what the master says is part of our own sentences */
	x.server.ctx = &x;
	flags_load_or_exit(&program, argc, argv, &x.flags, NULL);
	if (wish_init(&x.wish, &x.flags, &e) || masters_parse(x.flags.master, &x.masters, &e))
		flags_fail(&program, &e);
	if (run(&x, &e)) {
		complain("%s", e.text);
		x.status = STATUS_FAILED;
	}
	execute_fini(&x);
	return (int)x.status;
}
