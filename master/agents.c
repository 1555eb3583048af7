/* The life of an agent: admitted, pinged, disconnected, removed. */
#include "master/agents.h"

#include "lib/ids.h"
#include "lib/log.h"
#include "master/departures.h"
#include "master/offers.h"
#include "master/pings.h"
#include "master/recovery.h"
#include "master/registry.h"
#include "master/removals.h"
#include "master/tasks.h"

/* An agent has at least this long to tell of all that it runs. */
#define LISTING_MIN_NS (10 * NSEC_PER_SEC)

struct agent *agent_find(const struct master *m, const char *id)
{
	struct agent *a;

	HASH_FIND_STR(m->agents, id, a);
	return a;
}

bool agent_removed(const struct master *m, const char *id)
{
	return !agent_find(m, id) && (idset_has(&m->removed_agents, id) || master_gave(m, id));
}

/*
 * An agent of a registry that is no more may come back, with tasks, as long as all others may:
 * one whose id a master before us gave.
 */
static bool unknown_may_come(const struct master *m, const char *id)
{
	return recovery_runs(m) && !m->flags->registry_strict && master_like(id);
}

bool agent_transitional(const struct master *m, const char *id)
{
	struct agent *a;

	if (!id)
		return recovery_expects(m, NULL) || m->departures || m->listing;
	a = agent_find(m, id);
	if (a)
		return a->listing;
	return recovery_expects(m, id) || departure_find(m, id) ||
	       (unknown_may_come(m, id) && !agent_removed(m, id));
}

void agent_send(struct agent *a, enum message_type type, const void *body)
{
	if (a->peer && a->active)
		peer_send(a->peer, type, NULL, NULL, body);
}

char *agent_pid(const struct agent *a)
{
	const char *ip = a->info->ip ? a->info->ip : a->info->hostname;
	bool v6 = strchr(ip, ':');

	return xasprintf("slave(1)@%s%s%s:%llu", v6 ? "[" : "", ip, v6 ? "]" : "",
			 (unsigned long long)a->info->port);
}

bool agent_runs(const struct agent *a, const struct framework *f)
{
	struct task *t;

	list_for_each(t, &a->tasks, agent_node)
		if (t->framework == f)
			return true;
	return false;
}

void agent_shutdown_framework(struct agent *a, const char *framework_id)
{
	struct shutdown_framework m = { .framework_id = (char *)framework_id };

	if (a->peer) /* also while it is telling of its tasks: this is one of the answers */
		peer_send(a->peer, MASTER_SHUTDOWN_FRAMEWORK, NULL, NULL, &m);
}

static int check_info(const struct agent_info *info, struct resources *total, struct error *e)
{
	if (!id_valid(info->hostname))
		return error_set(e, EINVAL, "agent.hostname contains invalid characters");
	if (info->ip && !id_valid(info->ip))
		return error_set(e, EINVAL, "agent.ip contains invalid characters");
	if (info->port > UINT16_MAX)
		return error_set(e, EINVAL, "agent.port is no TCP port");
	if (resources_from_wire(info->resources, info->resources_count, total, e))
		return error_wrap(e, "agent.resources");
	return 0;
}

static void take_info(struct agent *a, struct agent_info *info)
{
	*a->info = *info;
	*info = (struct agent_info){ 0 };
}

struct agent *agent_new(struct master *m, struct agent_info *info, struct error *e)
{
	autoresources struct resources total = { 0 };
	struct agent *a;

	assert(info->id && !agent_find(m, info->id));
	if (check_info(info, &total, e))
		return NULL;
	if (HASH_COUNT(m->agents) + HASH_COUNT(m->recovered) >= AGENTS_MAX &&
	    !recovery_find(m, info->id)) { /* those who may come back have their places */
		error_set(e, EUSERS,
			  "the master has %d agents, or waits for them, and takes no more",
			  AGENTS_MAX);
		return NULL;
	}
	a = xcalloc(1, sizeof(*a));
	a->master = m;
	a->info = xcalloc(1, sizeof(*a->info));
	take_info(a, info);
	list_init(&a->tasks);
	list_init(&a->executors);
	list_init(&a->offers);
	resources_move(&a->total, &total);
	a->pool = allocator_add_agent(m->allocator, &a->total, a);
	allocator_deactivate_agent(m->allocator, a->pool);
	a->registered_time = wall_seconds();
	pings_start(a);
	HASH_ADD_KEYPTR(hh, m->agents, a->info->id, strlen(a->info->id), a);
	return a;
}

int agent_refresh(struct agent *a, struct agent_info *info, struct error *e)
{
	autoresources struct resources total = { 0 };
	char *id = a->info->id; /* the key of the table stays where it is */
	bool same;

	if (check_info(info, &total, e))
		return -EINVAL;
	same = schema_equal(agent_info_schema(), a->info, info);
	a->info->id = NULL;
	schema_clear(agent_info_schema(), a->info);
	free(info->id);
	info->id = id;
	take_info(a, info);
	if (!same)
		registry_put_agent(a);
	if (resources_equal(&a->total, &total))
		return 0;
	log_info("agent %s: has other resources than before", a->info->id);
	allocator_update_total(a->master->allocator, a->pool, &total);
	resources_move(&a->total, &total);
	return 0;
}

void agent_free(struct agent *a)
{
	struct executor *x;

	list_for_each(x, &a->executors, node)
		executor_end(x);
	assert(list_empty(&a->tasks) && list_empty(&a->offers));
	if (a->peer)
		peer_close(a->peer);
	store_wait_cancel(&a->admission);
	agent_set_listing(a, false);
	pings_stop(a);
	allocator_remove_agent(a->master->allocator, a->pool);
	HASH_DEL(a->master->agents, a);
	rivals_fini(&a->rivalry);
	schema_free(agent_info_schema(), a->info);
	resources_fini(&a->total);
	resources_fini(&a->used);
	free(a);
}

void agent_remove(struct agent *a, const char *why)
{
	autofree char *message = xasprintf("Agent %s removed", a->info->hostname);
	struct master *m = a->master;
	struct task *t;

	removals_cancel(m, a->info->id, "it is removed");
	offers_rescind_agent(a);
	list_for_each(t, &a->tasks, agent_node)
		task_end(t, TASK_LOST, REASON_AGENT_REMOVED, message, true);
	departure_start(m, a->info, a->registered_time, take_ptr(a->peer), why, false);
	agent_free(a);
}

bool agent_offered(const struct agent *a)
{
	return a->active && !a->late && !a->unavailable;
}

void agent_reconsider(struct agent *a)
{
	if (agent_offered(a)) {
		allocator_activate_agent(a->master->allocator, a->pool);
		offers_run_agent(a);
		return;
	}
	offers_rescind_agent(a);
	allocator_deactivate_agent(a->master->allocator, a->pool);
}

void agent_disconnected(struct agent *a)
{
	a->peer = NULL;
	a->active = false;
	agent_reconsider(a);
}

static void on_admitted(struct store_wait *w)
{
	struct agent *a = container_of(w, struct agent, admission);

	pings_start(a); /* before, it had nothing to answer */
	agent_welcome(a);
}

void agent_admit(struct agent *a)
{
	pings_stop(a);
	registry_put_agent(a);
	registry_wait(a->master, &a->admission, on_admitted);
}

static void set_listing_late(struct agent *a, bool late)
{
	a->master->listing_late += (size_t)late - (size_t)a->listing_late;
	a->listing_late = late;
}

/* Else nobody could say for ever which tasks there are. It may begin anew. */
static void on_listing_too_long(void *arg)
{
	struct agent *a = arg;
	struct peer *p = a->peer;

	log_warning("agent %s: did not tell in time of all that it runs hostname=%s", a->info->id,
		    a->info->hostname);
	set_listing_late(a, true);
	if (!p)
		return;
	agent_disconnected(a);
	peer_error(p, "the list of tasks took longer than --agent_reregister_timeout");
	peer_finish(p);
}

void agent_set_listing(struct agent *a, bool listing)
{
	struct master *m = a->master;

	m->listing += (size_t)listing - (size_t)a->listing;
	a->listing = listing;
	if (listing) {
		alarm_set(&m->alarms, &a->listing_alarm,
			  MAX(m->flags->agent_reregister_timeout, LISTING_MIN_NS),
			  on_listing_too_long, a);
		return;
	}
	alarm_cancel(&a->listing_alarm);
	set_listing_late(a, false);
}

/* What its frameworks asked for while it was away. */
static void send_kills(struct agent *a)
{
	struct task *t;

	list_for_each(t, &a->tasks, agent_node)
		if (t->kill && !task_terminal(t->report.state))
			agent_send(a, MASTER_KILL_TASK, t->kill);
}

void agent_welcome(struct agent *a)
{
	struct master *m = a->master;
	struct agent_registered welcome = {
		.agent_id = a->info->id,
		.master_info = &m->info,
		.ping_timeout = observer_ping_timeout_ns(&a->observer),
		.has_ping_timeout = true,
	};

	if (!a->peer || a->active || a->listing || store_waiting(&a->admission))
		return;
	a->active = true;
	agent_send(a, MASTER_AGENT_REGISTERED, &welcome);
	send_kills(a);
	agent_reconsider(a);
}

void agents_health_add(const struct master *m, struct buf *out)
{
	if (m->listing_late)
		buf_addf(out,
			 "%zu agents did not tell in time of all that they run: until they do, or "
			 "are "
			 "removed, frameworks that ask for tasks without an agent get no answer.",
			 m->listing_late);
}
