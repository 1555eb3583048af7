/* Who is expected back, for how long, and what becomes of who does not come. */
#include "master/recovery.h"

#include "lib/log.h"
#include "lib/manager.h"
#include "master/departures.h"
#include "master/flags.h"
#include "master/removals.h"

/*
 * The flag says so: fewer missing agents are no sign that something is wrong with more than them.
 */
#define HOLD_MIN 3

struct recovered *recovery_find(const struct master *m, const char *id)
{
	struct recovered *r;

	HASH_FIND_STR(m->recovered, id, r);
	return r;
}

void recovery_add(struct master *m, struct agent_info *info, double registered_time, bool confirmed)
{
	struct recovered *r = xcalloc(1, sizeof(*r));

	r->info = xmalloc(sizeof(*r->info));
	*r->info = *info;
	*info = (struct agent_info){ 0 };
	r->registered_time = registered_time;
	r->confirmed = confirmed;
	HASH_ADD_KEYPTR(hh, m->recovered, r->info->id, strlen(r->info->id), r);
}

static void forget(struct master *m, struct recovered *r)
{
	HASH_DEL(m->recovered, r);
	m->spared -= r->spared;
	schema_free(agent_info_schema(), r->info);
	free(r);
}

static void tell_phase(const struct master *m)
{
	if (recovery_runs(m) && m->recovered)
		manager_status("Serving; waiting for agents of the registry to come back");
	else
		manager_status("Serving");
}

void recovery_done(struct master *m, struct recovered *r)
{
	removals_cancel(m, r->info->id, "it is back");
	forget(m, r);
	if (!m->recovered)
		tell_phase(m);
}

/*
 * An agent that went before it was told its id comes back under another one: it is missing for
 * ever, and says nothing about the others.
 */
static size_t count_confirmed(const struct master *m)
{
	struct recovered *r, *next;
	size_t n = 0;

	HASH_ITER(hh, m->recovered, r, next)
		n += r->confirmed;
	return n;
}

/* Then there is likely something else wrong than so many machines at once. */
static void hold_if_many(struct master *m, size_t missing)
{
	autofree char *sentence = NULL;
	double limit;
	struct error e;

	if (recovery_limit_parse(m->flags->recovery_agent_removal_limit, &limit, &e))
		assert(!"master_flags_check() has accepted it");
	if (missing < HOLD_MIN || 100.0 * (double)missing <= limit * (double)m->recovered_at_start)
		return;
	sentence =
		xasprintf("%zu of %zu agents did not come back after the master's start, which "
			  "is more than --recovery_agent_removal_limit=%s: those that are missing "
			  "are not removed before POST /removals with {\"action\":\"resume\"}",
			  missing, m->recovered_at_start, m->flags->recovery_agent_removal_limit);
	removals_hold(m, sentence);
}

static void give_up(void *arg)
{
	struct master *m = arg;
	size_t missing = HASH_COUNT(m->recovered), confirmed = count_confirmed(m);
	struct recovered *r, *tmp;

	tell_phase(m);
	if (!missing) {
		log_info("recovery: all agents are back agents=%zu", m->recovered_at_start);
		return;
	}
	log_warning("recovery: agents did not come back missing=%zu of=%zu never_heard_of=%zu",
		    confirmed, m->recovered_at_start, missing - confirmed);
	hold_if_many(m, confirmed);
	HASH_ITER(hh, m->recovered, r, tmp)
		removals_request(m, r->info, REMOVAL_NOT_BACK);
}

bool recovery_runs(const struct master *m)
{
	return alarm_is_set(&m->recovery_alarm);
}

bool recovery_expects(const struct master *m, const char *id)
{
	const struct recovered *r;

	if (!id)
		return HASH_COUNT(m->recovered) > m->spared;
	r = recovery_find(m, id);
	return r && !r->spared;
}

void recovery_spare(struct master *m, const char *id)
{
	struct recovered *r = recovery_find(m, id);

	if (!r || r->spared)
		return;
	r->spared = true;
	m->spared++;
}

void recovery_health_add(const struct master *m, struct buf *out)
{
	size_t waiting = HASH_COUNT(m->recovered) - m->spared;

	if (waiting && !recovery_runs(m))
		buf_addf(
			out,
			"%zu agents that did not come back are not removed yet: frameworks that "
			"ask "
			"for tasks which may be there get no answer before GET /removals is empty.",
			waiting);
}

void recovery_start(struct master *m)
{
	m->recovered_at_start = count_confirmed(m);
	log_info("recovery: agents=%u removed_agents=%u frameworks=%u", HASH_COUNT(m->recovered),
		 HASH_COUNT(m->removed_agents.entries), HASH_COUNT(m->frameworks));
	alarm_set(&m->alarms, &m->recovery_alarm, m->flags->agent_reregister_timeout, give_up, m);
	tell_phase(m);
}

void recovery_stop(struct master *m)
{
	struct recovered *r, *tmp;

	alarm_cancel(&m->recovery_alarm);
	HASH_ITER(hh, m->recovered, r, tmp)
		forget(m, r);
}

void recovery_remove(struct master *m, const char *id, const char *why)
{
	struct recovered *r = recovery_find(m, id);

	if (!r)
		return;
	departure_start(m, r->info, r->registered_time, NULL, why, true);
	forget(m, r);
}
