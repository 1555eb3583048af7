/* Who is expected back, for how long, and what becomes of who does not come. */
#include "master/recovery.h"

#include "lib/log.h"
#include "lib/timer.h"
#include "master/departures.h"
#include "master/flags.h"
#include "master/removals.h"

/* Fewer missing agents are no sign that something is wrong with more than them. */
#define HOLD_MIN 3

struct recovered *recovery_find(const struct master *m, const char *id)
{
	struct recovered *r;

	HASH_FIND_STR(m->recovered, id, r);
	return r;
}

void recovery_add(struct master *m, struct agent_info *info, double registered_time)
{
	struct recovered *r = xcalloc(1, sizeof(*r));

	r->info = xmalloc(sizeof(*r->info));
	*r->info = *info;
	*info = (struct agent_info){ 0 };
	r->registered_time = registered_time;
	HASH_ADD_KEYPTR(hh, m->recovered, r->info->id, strlen(r->info->id), r);
}

static void forget(struct master *m, struct recovered *r)
{
	HASH_DEL(m->recovered, r);
	schema_free(agent_info_schema(), r->info);
	free(r);
}

void recovery_done(struct master *m, struct recovered *r)
{
	removals_cancel(m, r->info->id, "it is back");
	forget(m, r);
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
			  "is more than --recovery_agent_removal_limit=%s: they are not removed "
			  "before POST /removals resumes it",
			  missing, m->recovered_at_start, m->flags->recovery_agent_removal_limit);
	removals_hold(m, sentence);
}

static void give_up(struct master *m)
{
	size_t missing = HASH_COUNT(m->recovered);
	struct recovered *r, *tmp;

	if (!missing) {
		log_info("recovery: all agents are back agents=%zu", m->recovered_at_start);
		return;
	}
	log_warning("recovery: agents did not come back missing=%zu of=%zu", missing,
		    m->recovered_at_start);
	hold_if_many(m, missing);
	HASH_ITER(hh, m->recovered, r, tmp)
		removals_request(m, r->info, REMOVAL_NOT_BACK);
}

static int on_tick(sd_event_source *s unused, uint64_t now unused, void *arg)
{
	struct master *m = arg;

	if (!countdown_tick(&m->recovery_left, now_ns())) {
		timer_set(m->loop, &m->recovery_timer, countdown_next(&m->recovery_left), on_tick,
			  m);
		return 0;
	}
	m->recovery_timer = sd_event_source_disable_unref(m->recovery_timer);
	give_up(m);
	return 0;
}

void recovery_start(struct master *m)
{
	m->recovered_at_start = HASH_COUNT(m->recovered);
	log_info("recovery: agents=%zu removed_agents=%u frameworks=%u", m->recovered_at_start,
		 HASH_COUNT(m->removed_agents.entries), HASH_COUNT(m->frameworks));
	if (!m->recovered_at_start)
		return;
	countdown_init(&m->recovery_left, m->flags->agent_reregister_timeout, now_ns());
	timer_set(m->loop, &m->recovery_timer, countdown_next(&m->recovery_left), on_tick, m);
}

void recovery_stop(struct master *m)
{
	struct recovered *r, *tmp;

	m->recovery_timer = sd_event_source_disable_unref(m->recovery_timer);
	HASH_ITER(hh, m->recovered, r, tmp)
		forget(m, r);
}

void registry_remove_recovered(struct master *m, const char *id, const char *why)
{
	struct recovered *r = recovery_find(m, id);

	if (!r)
		return;
	departure_start(m, r->info, r->registered_time, NULL, why, true);
	forget(m, r);
}
