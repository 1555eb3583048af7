/* The life of an agent: admitted, pinged, disconnected, removed. */
#include "master/agents.h"

#include "lib/ids.h"
#include "lib/log.h"
#include "lib/timer.h"
#include "master/frameworks.h"
#include "master/offers.h"
#include "master/tasks.h"

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

static int on_ping_timer(sd_event_source *s unused, uint64_t now unused, void *arg)
{
	struct agent *a = arg;
	int64_t at = now_ns();

	switch (observer_tick(&a->observer, at)) {
	case OBSERVER_GIVE_UP: agent_remove(a, "health check timed out"); return 0;
	case OBSERVER_PING:
		agent_send(a, MASTER_PING,
			   &(struct ping){ .sequence = a->observer.sequence,
					   .has_sequence = true });
		break;
	case OBSERVER_WAIT: break;
	}
	timer_set(a->master->loop, &a->ping_timer, MAX(a->observer.due_ns - at, 0), on_ping_timer,
		  a);
	return 0;
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
	if (HASH_COUNT(m->agents) >= AGENTS_MAX) {
		error_set(e, EUSERS, "there are too many agents");
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
	observer_init(&a->observer, m->flags->agent_ping_timeout, m->flags->max_agent_ping_timeouts,
		      now_ns());
	timer_set(m->loop, &a->ping_timer, 0, on_ping_timer, a);
	HASH_ADD_KEYPTR(hh, m->agents, a->info->id, strlen(a->info->id), a);
	return a;
}

int agent_refresh(struct agent *a, struct agent_info *info, struct error *e)
{
	autoresources struct resources total = { 0 };
	char *id = a->info->id; /* the key of the table stays where it is */

	if (check_info(info, &total, e))
		return -EINVAL;
	a->info->id = NULL;
	schema_clear(agent_info_schema(), a->info);
	free(info->id);
	info->id = id;
	take_info(a, info);
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
	sd_event_source_disable_unref(a->ping_timer);
	allocator_remove_agent(a->master->allocator, a->pool);
	HASH_DEL(a->master->agents, a);
	schema_free(agent_info_schema(), a->info);
	resources_fini(&a->total);
	resources_fini(&a->used);
	free(a);
}

static void tell_frameworks(struct master *m, const struct event_failure *failure)
{
	struct framework *f, *tmp;

	HASH_ITER(hh, m->frameworks, f, tmp)
		framework_send(f, EVENT_FAILURE, failure);
}

static void say_goodbye(struct agent *a, const char *why)
{
	struct peer *p = take_ptr(a->peer);

	if (!p)
		return;
	if (why)
		peer_send(p, MASTER_SHUTDOWN_AGENT, NULL, NULL,
			  &(struct shutdown_agent){ .message = (char *)why });
	peer_finish(p);
}

void agent_remove(struct agent *a, const char *why)
{
	autofree char *message = xasprintf("Agent %s removed", a->info->hostname);
	struct event_failure failure = { .agent_id = a->info->id };
	struct master *m = a->master;
	struct task *t;

	log_info("agent %s: removed: %s hostname=%s", a->info->id, why ? why : "it asked for it",
		 a->info->hostname);
	offers_rescind_agent(a);
	list_for_each(t, &a->tasks, agent_node)
		task_end(t, TASK_LOST, REASON_AGENT_REMOVED, message, true);
	tell_frameworks(m, &failure);
	say_goodbye(a, why);
	idset_add(&m->removed_agents, a->info->id);
	m->metrics.slave_removals += 1;
	agent_free(a);
}

void agent_disconnected(struct agent *a)
{
	a->peer = NULL;
	a->active = false;
	offers_rescind_agent(a);
	allocator_deactivate_agent(a->master->allocator, a->pool);
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

	a->active = true;
	agent_send(a, MASTER_AGENT_REGISTERED, &welcome);
	allocator_activate_agent(m->allocator, a->pool);
	offers_run_agent(a);
}
