/* Removals that wait for their row. */
#include "master/departures.h"

#include "lib/log.h"
#include "master/frameworks.h"
#include "master/registry.h"

struct departure {
	UT_hash_handle hh;
	struct master *master;
	struct store_wait row;
	struct peer *peer; /* NULL: it is not connected */
	char *id, *hostname;
	char *why; /* NULL: it asked for it */
	bool recovered;
};

struct departure *departure_find(const struct master *m, const char *id)
{
	struct departure *d;

	HASH_FIND_STR(m->departures, id, d);
	return d;
}

static void free_departure(struct departure *d)
{
	HASH_DEL(d->master->departures, d);
	store_wait_cancel(&d->row);
	free(d->id);
	free(d->hostname);
	free(d->why);
	free(d);
}

static void tell_frameworks(const struct departure *d)
{
	struct event_failure failure = { .agent_id = d->id };
	struct framework *f, *tmp;

	HASH_ITER(hh, d->master->frameworks, f, tmp)
		framework_send(f, EVENT_FAILURE, &failure);
}

static void say_goodbye(struct departure *d)
{
	struct peer *p = take_ptr(d->peer);

	if (!p)
		return;
	if (d->why)
		peer_send(p, MASTER_SHUTDOWN_AGENT, NULL, NULL,
			  &(struct shutdown_agent){ .message = d->why });
	peer_finish(p);
}

static void on_written(struct store_wait *w)
{
	struct departure *d = container_of(w, struct departure, row);
	struct master *m = d->master;

	log_info("agent %s: removed: %s hostname=%s", d->id, d->why ? d->why : "it asked for it",
		 d->hostname);
	tell_frameworks(d);
	say_goodbye(d);
	m->metrics.slave_removals += 1;
	m->metrics.slave_shutdowns_completed += d->why != NULL;
	m->metrics.recovery_slave_removals += d->recovered;
	free_departure(d);
}

void departure_start(struct master *m, const struct agent_info *info, double registered_time,
		     struct peer *peer, const char *why, bool recovered)
{
	struct departure *d = xcalloc(1, sizeof(*d));

	d->master = m;
	d->id = xstrdup(info->id);
	d->hostname = xstrdup(info->hostname);
	replace_str(&d->why, why);
	d->recovered = recovered;
	HASH_ADD_KEYPTR(hh, m->departures, d->id, strlen(d->id), d);
	if (peer)
		departure_meet(d, peer);
	registry_agent_removed(m, d->id, registered_time, why);
	registry_wait(m, &d->row, on_written);
}

void departure_meet(struct departure *d, struct peer *peer)
{
	if (d->peer)
		peer_finish(d->peer);
	peer_set_owner(peer, NULL);
	d->peer = peer;
}

void departure_forget_peer(struct master *m, const struct peer *peer)
{
	struct departure *d, *tmp;

	HASH_ITER(hh, m->departures, d, tmp)
		if (d->peer == peer)
			d->peer = NULL;
}

void departures_free(struct master *m)
{
	struct departure *d, *tmp;

	HASH_ITER(hh, m->departures, d, tmp) {
		if (d->peer)
			peer_close(d->peer);
		free_departure(d);
	}
}
