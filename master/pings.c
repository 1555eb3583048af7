/* The observer of each agent, with the clock of the loop. */
#include "master/pings.h"

#include "lib/log.h"
#include "lib/timer.h"
#include "master/agents.h"
#include "master/removals.h"

static void arm(struct agent *a);

static void offer_or_not(struct agent *a)
{
	if (a->late == a->observer.late)
		return;
	a->late = a->observer.late;
	log_info("agent %s: %s hostname=%s", a->info->id,
		 a->late ? "is late: nothing of it is offered" : "answers again",
		 a->info->hostname);
	agent_reconsider(a);
}

static void tick(void *arg)
{
	struct agent *a = arg;
	int64_t now = now_ns();
	int64_t awake = awake_time(&a->master->alarms.awake, now);
	enum observer_action action = observer_tick(&a->observer, now, awake);

	if (action != OBSERVER_WAIT)
		agent_send(a, MASTER_PING,
			   &(struct ping){ .sequence = a->observer.sequence,
					   .has_sequence = true });
	if (action == OBSERVER_GIVE_UP)
		removals_request(a->master, a->info, REMOVAL_UNANSWERED);
	offer_or_not(a);
	arm(a);
}

/* Blame waits until all that has arrived is read; a ping that blames nobody does not. */
static int on_due(sd_event_source *s unused, uint64_t usec unused, void *arg)
{
	struct agent *a = arg;

	if (observer_would_blame(&a->observer, alarms_now(&a->master->alarms)))
		alarm_set(&a->master->alarms, &a->blame_alarm, 0, tick, a);
	else
		tick(a);
	return 0;
}

static void arm(struct agent *a)
{
	alarm_cancel(&a->blame_alarm);
	timer_set(a->master->loop, &a->ping_timer, a->observer.due_ns - now_ns(), on_due, a);
}

void pings_start(struct agent *a)
{
	const struct master_flags *f = a->master->flags;

	observer_init(&a->observer, f->agent_ping_timeout, f->max_agent_ping_timeouts, now_ns());
	arm(a);
}

void pings_stop(struct agent *a)
{
	a->ping_timer = sd_event_source_disable_unref(a->ping_timer);
	alarm_cancel(&a->blame_alarm);
}

void pings_heard(struct agent *a)
{
	observer_pong(&a->observer);
	removals_cancel(a->master, a->info->id, "it is heard of again");
	offer_or_not(a);
	if (a->ping_timer && a->observer.due_ns <= now_ns())
		arm(a); /* the ping that is due blames nobody now */
}

void pings_forgive(struct agent *a)
{
	observer_forgive(&a->observer);
}
