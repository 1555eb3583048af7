/* One entry for each limit that is not in the store yet, or whose question is not answered. */
#include "agent/settings.h"

#include "agent/isolator/disk.h"
#include "agent/save.h"
#include "lib/log.h"
#include "lib/timer.h"

struct setting {
	struct list node; /* in agent->settings */
	struct store_wait stored;
	struct agent *agent;
	struct peer *peer;         /* NULL: nobody waits for the answer any more */
	struct executor *executor; /* NULL: the limits are in force, or it has ended */
	struct disk_override before, wanted;
	sd_event_source *timer; /* then it is told that it has to wait */
	struct answer_set_quota answer;
};

static void drop(struct setting *s)
{
	list_remove(&s->node);
	store_wait_cancel(&s->stored);
	sd_event_source_disable_unref(s->timer);
	schema_clear(answer_set_quota_schema(), &s->answer);
	free(s);
}

/* Whoever was told to wait, or waits no more, hears nothing of it any other way. */
static void answer(struct setting *s)
{
	if (s->peer)
		peer_send(s->peer, ANSWER_SET_QUOTA, NULL, NULL, &s->answer);
	else if (s->answer.refused)
		log_warning("container %s: the disk limit that an operator was promised is not in "
			    "force: %s",
			    s->answer.container_id, s->answer.refused);
	s->peer = NULL;
	s->timer = sd_event_source_disable_unref(s->timer);
}

static void answer_if_ready(struct setting *s)
{
	if (s->executor || store_waiting(&s->stored))
		return;
	answer(s);
	drop(s);
}

/* Not before it is stored: it could be taken back by a full disk, but not what came of it. */
static void on_stored(struct store_wait *w)
{
	struct setting *s = container_of(w, struct setting, stored);
	struct executor *x = s->executor;

	if (x && x->container) { /* otherwise it is about to be settled, and so is this */
		if (!s->agent->node.projects)
			s->executor = NULL;
		container_override_disk(x->container, &s->wanted);
		s->answer.has_limit_bytes = disk_limit_of(x->container, &s->answer.limit_bytes);
	}
	answer_if_ready(s);
}

/*
 * It is done all the same, as soon as it can be: a filesystem that is frozen does not even say that
 * it is.
 */
static int on_late(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct setting *s = arg;
	const struct agent *a = s->agent;
	bool stored = !store_waiting(&s->stored);

	s->answer.pending = xasprintf(
		stored ? "the filesystem of %s has not taken it yet: it may be frozen, or very busy"
		       : "the agent's store, in %s, has not been written yet: its filesystem may "
			 "be frozen, or very busy",
		stored ? a->flags.work_dir : a->store_dir);
	answer(s);
	return 0;
}

static void refuse(struct peer *p, const struct query_set_quota *q, const char *why)
{
	struct answer_set_quota answer = {
		.container_id = q->container_id,
		.refused = (char *)(uintptr_t)why,
	};

	peer_send(p, ANSWER_SET_QUOTA, NULL, NULL, &answer);
}

static const char no_room[] = "the disk of the agent's store is full; free some space there first";

static void remember(struct executor *x, const struct disk_override *o)
{
	x->override = *o;
	save_executor(x);
}

void settings_override_disk(struct executor *x, const struct disk_override *o)
{
	remember(x, o);
	container_override_disk(x->container, o);
}

static void set(struct agent *a, struct peer *p, struct executor *x,
		const struct query_set_quota *q)
{
	struct setting *s = xcalloc(1, sizeof(*s));

	s->agent = a;
	s->peer = p;
	s->executor = x;
	s->before = x->override;
	s->wanted =
		(struct disk_override){ .set = q->has_limit_bytes, .limit_bytes = q->limit_bytes };
	s->answer.container_id = xstrdup(q->container_id);
	log_info("container %s: an operator %s its disk limit bytes=%llu", q->container_id,
		 q->has_limit_bytes ? "sets" : "resets", (unsigned long long)q->limit_bytes);
	x->disk_asked = false;
	remember(x, &s->wanted);
	store_wait(a->store, &s->stored, on_stored);
	list_append(&a->settings, &s->node);
	if (q->has_wait)
		timer_set(a->loop, &s->timer, q->wait, on_late, s);
}

void settings_set_quota(struct agent *a, struct peer *p, const struct query_set_quota *q)
{
	struct executor *x = executor_by_container(a, q->container_id);

	if (!x || !x->container)
		refuse(p, q, "it does not run here any more");
	else if (x->container->phase != CONTAINER_PREPARING && x->container->sandbox_fd < 0)
		refuse(p, q,
		       "its sandbox could not be opened when it was found again; see the log");
	else if (x->container->quota.elsewhere)
		refuse(p, q,
		       "its sandbox is on another filesystem than the agent's --work_dir, which "
		       "was changed while it ran");
	else if (q->has_limit_bytes && (!q->limit_bytes || q->limit_bytes > INT64_MAX))
		refuse(p, q, "a limit has at least one byte, and fewer than 2^63");
	else if (store_full(a->store))
		refuse(p, q, no_room);
	else
		set(a, p, x, q);
}

/* From the last to the first, so that what was before the first is what stays. */
void settings_store_full(struct agent *a)
{
	struct list *prev;

	for (struct list *n = a->settings.prev; n != &a->settings; n = prev) {
		struct setting *s = list_entry(n, struct setting, node);

		prev = n->prev;
		if (!store_waiting(&s->stored))
			continue;
		if (s->executor)
			remember(s->executor, &s->before);
		replace_str(&s->answer.refused, no_room);
		answer(s);
		drop(s);
	}
}

bool settings_pending(const struct executor *x)
{
	const struct setting *s;

	list_for_each(s, &x->framework->agent->settings, node)
		if (s->executor == x && store_waiting(&s->stored))
			return true;
	return false;
}

void settings_applied(struct executor *x, const char *why)
{
	struct setting *s;

	list_for_each(s, &x->framework->agent->settings, node) {
		bool asked = !store_waiting(&s->stored);

		if (s->executor != x || (x->container && !asked))
			continue;
		s->executor = NULL;
		replace_str(&s->answer.refused, why);
		answer_if_ready(s);
	}
}

void settings_forget(struct agent *a, const struct peer *p)
{
	struct setting *s;

	list_for_each(s, &a->settings, node) {
		if (!p)
			drop(s);
		else if (s->peer == p)
			s->peer = NULL;
	}
}
