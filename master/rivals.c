/* Who is asked, when, and what is said of it. */
#include "master/rivals.h"

#include "master/agents.h"

#define SHOWN_NS (60 * NSEC_PER_SEC)

static void ask(struct agent *a, int64_t now)
{
	a->rivalry.asked_ns = now;
	a->rivalry.answered = false;
	peer_send(a->peer, MASTER_PING, NULL, NULL,
		  &(struct ping){ .sequence = a->observer.sequence, .has_sequence = true });
}

static void note(struct rivalry *r, const char *hostname, struct peer *p, int64_t now)
{
	autofree char *name = xasprintf("%s at %s", hostname, peer_name(p));

	replace_str(&r->rival, name);
	r->rival_ns = now;
}

int rivals_check(struct agent *a, const char *instance, const char *hostname, struct peer *p,
		 struct error *e)
{
	struct rivalry *r = &a->rivalry;
	int64_t now = now_ns();
	bool answered = r->asked_ns && r->answered;

	if (!a->peer || !instance || !r->instance || str_equal(instance, r->instance))
		return 0;
	if (r->asked_ns && !answered && now - r->asked_ns >= RIVAL_ANSWER_NS)
		return 0;
	if (answered)
		note(r, hostname, p, now);
	if (answered || !r->asked_ns)
		ask(a, now);
	if (!answered)
		return error_set(e, EBUSY,
				 "agent %s is connected as another process, which is asked whether "
				 "it lives: come back",
				 a->info->id);
	return error_set(
		e, EBUSY,
		"agent %s is connected as another process and lives, %s at %s: a node was "
		"copied with its store; stop one of the two and start it with a --store_dir "
		"that is empty",
		a->info->id, a->info->hostname, peer_name(a->peer));
}

void rivals_attach(struct agent *a, const char *instance)
{
	replace_str(&a->rivalry.instance, instance);
	a->rivalry.asked_ns = 0;
}

void rivals_answered(struct agent *a)
{
	a->rivalry.answered = true;
}

void rivals_fini(struct rivalry *r)
{
	free(r->instance);
	free(r->rival);
}

void rivals_health_add(const struct master *m, struct buf *out)
{
	int64_t now = now_ns();
	struct agent *a, *next;
	bool first = true;

	HASH_ITER(hh, m->agents, a, next) {
		if (!a->rivalry.rival || now - a->rivalry.rival_ns > SHOWN_NS)
			continue;
		buf_addf(out,
			 "%sTwo agents have the id %s: %s, which is served, and %s, which is not; "
			 "stop one of them and start it with a --store_dir that is empty.",
			 first ? "" : "\n", a->info->id, a->info->hostname, a->rivalry.rival);
		first = false;
	}
}
