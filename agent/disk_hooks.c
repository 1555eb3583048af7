/* From a limit that was reached to a decision, and what is done then. */
#include "agent/disk_hooks.h"

#include "agent/agent.h"
#include "agent/executor_hooks.h"
#include "agent/executors.h"
#include "agent/settings.h"
#include "lib/log.h"

struct disk_run {
	struct hook_run run;
	struct executor *executor;
	uint64_t limit_bytes;
	bool kills;
	bool exceeded; /* meanwhile it was found above a limit that ends it */
	char *why;
};

static void run_free(struct disk_run *w)
{
	if (!w)
		return;
	hook_run_fini(&w->run);
	free(w->why);
	free(w);
}

static void end_it(struct executor *x, const char *why)
{
	struct container *c = x->container;

	if (!c->limited) {
		c->disk.killed = true;
		c->node->metrics->disk_kills++;
	}
	container_limit(c, REASON_CONTAINER_LIMITATION_DISK, why);
}

static void give_more(struct executor *x, uint64_t bytes)
{
	const struct disk_override o = { .set = true, .limit_bytes = bytes };

	log_info("container %s: a hook sets its disk limit bytes=%llu", x->container_id,
		 (unsigned long long)bytes);
	x->disk_asked = bytes == executor_disk(x)->limit_bytes;
	settings_override_disk(x, &o);
}

static void spare(struct executor *x, const char *why)
{
	log_warning("container %s: is above its disk limit and goes on, as a hook decided: %s",
		    x->container_id, why);
	container_spare_disk(x->container);
}

/* It may have been ended meanwhile, or an operator has said something else. */
static bool is_settled(const struct disk_run *w)
{
	const struct ledger *l = executor_disk(w->executor);

	return !w->executor->container || w->executor->state >= EXECUTOR_TERMINATING ||
	       l->limit_bytes != w->limit_bytes || settings_pending(w->executor);
}

/*
 * The host has looked at this too, but it may use more by now, and a module may write into the
 * host's memory.
 */
static bool is_limit(const struct disk_run *w)
{
	const struct ledger *l = executor_disk(w->executor);
	uint64_t bytes = w->run.limit_bytes;

	if (bytes > ledger_counted(l) && bytes <= INT64_MAX)
		return true;
	log_warning("container %s: the disk limit that a hook sets is none bytes=%llu used=%llu",
		    w->executor->container_id, (unsigned long long)bytes,
		    (unsigned long long)ledger_counted(l));
	return false;
}

static void carry_out(const struct disk_run *w)
{
	struct executor *x = w->executor;
	enum disk_decision decision = w->run.decision;

	if (is_settled(w))
		return;
	if (decision == DECIDE_LIMIT && !is_limit(w))
		decision = DECIDE_NOTHING;
	if (decision == DECIDE_LIMIT)
		give_more(x, w->run.limit_bytes);
	else if (decision == DECIDE_KILL || (decision == DECIDE_NOTHING && w->kills))
		end_it(x, w->why);
	else if (decision == DECIDE_DENY && w->kills)
		spare(x, w->why);
}

static void decided(struct hook_run *r)
{
	struct disk_run *w = container_of(r, struct disk_run, run);
	struct executor *x = w->executor;
	bool exceeded = w->exceeded;

	x->disk_hooks = NULL;
	carry_out(w);
	run_free(w);
	if (exceeded && x->container) /* the next check may be long in coming */
		container_watch_anew(x->container);
}

static struct disk_limit *describe(const struct ledger *l, bool kills)
{
	struct disk_limit *ret = xcalloc(1, sizeof(*ret));

	*ret = (struct disk_limit){
		.limit_bytes = l->limit_bytes,
		.has_limit_bytes = true,
		.used_bytes = ledger_counted(l),
		.has_used_bytes = true,
		.kills = kills,
		.has_kills = true,
	};
	return ret;
}

/*
 * What was answered to a write that was refused does not speak for one that is above its limit all
 * the same.
 */
static bool was_asked(const struct executor *x, bool kills)
{
	return x->disk_asked && x->disk_asked_bytes == executor_disk(x)->limit_bytes &&
	       (x->disk_asked_kills || !kills);
}

void disk_hooks_reached(struct executor *x, bool kills, const char *why)
{
	struct hooks *hooks = x->framework->agent->hooks;
	const struct ledger *l = executor_disk(x);
	struct disk_run *w;

	if (!hooks_wanted(hooks, HOOK_DISK_LIMIT)) {
		if (kills)
			end_it(x, why);
		return;
	}
	if (x->disk_hooks)
		x->disk_hooks->exceeded |= kills;
	if (x->disk_hooks || was_asked(x, kills))
		return;
	w = xcalloc(1, sizeof(*w));
	w->executor = x;
	w->limit_bytes = l->limit_bytes;
	x->disk_asked = true;
	x->disk_asked_bytes = l->limit_bytes;
	x->disk_asked_kills = kills;
	w->kills = kills;
	w->why = xstrdup(why);
	executor_hooks_describe(x, &w->run);
	w->run.call.disk_limit = describe(l, kills);
	w->run.done = decided;
	x->disk_hooks = w;
	hooks_run(hooks, HOOK_DISK_LIMIT, &w->run);
}

void disk_hooks_stop(struct executor *x)
{
	run_free(take_ptr(x->disk_hooks));
}
