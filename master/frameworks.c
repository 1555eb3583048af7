/* The life of a framework: subscribed, disconnected, failed over, removed. */
#include "master/frameworks.h"

#include <math.h>

#include "lib/ids.h"
#include "lib/log.h"
#include "lib/timer.h"
#include "master/agents.h"
#include "master/calls.h"
#include "master/endings.h"
#include "master/offers.h"
#include "master/principals.h"
#include "master/registry.h"
#include "master/tasks.h"
#include "master/updates.h"
#include "master/validate.h"

#define HEARTBEAT_NS (15 * NSEC_PER_SEC)
/* A longer failover timeout counts as this: ten years. */
#define FAILOVER_MAX_SECONDS (10 * 365 * 86400.0)

struct framework *framework_find(const struct master *m, const char *id)
{
	struct framework *f;

	HASH_FIND_STR(m->frameworks, id, f);
	return f;
}

bool framework_removed(const struct master *m, const char *id)
{
	return !framework_find(m, id) &&
	       (idset_has(&m->removed_frameworks, id) || master_gave(m, id));
}

void framework_send(struct framework *f, enum message_type type, const void *body)
{
	if (f->peer)
		peer_send(f->peer, type, NULL, NULL, body);
}

/* Takes the contents of info, which has its id. NULL if there are too many. */
static struct framework *framework_new(struct master *m, struct framework_info *info)
{
	struct framework *f;

	assert(info->id && !framework_find(m, info->id));
	if (HASH_COUNT(m->frameworks) >= FRAMEWORKS_MAX)
		return NULL;
	f = xcalloc(1, sizeof(*f));
	f->master = m;
	f->info = xmalloc(sizeof(*f->info));
	*f->info = *info;
	*info = (struct framework_info){ 0 };
	list_init(&f->node);
	list_init(&f->completed);
	list_init(&f->offers);
	f->share = allocator_add_framework(m->allocator, f->info->role, f);
	allocator_deactivate_framework(m->allocator, f->share);
	HASH_ADD_KEYPTR(hh, m->frameworks, f->info->id, strlen(f->info->id), f);
	return f;
}

static void stop_timers(struct framework *f)
{
	f->heartbeat = sd_event_source_disable_unref(f->heartbeat);
	alarm_cancel(&f->failover_alarm);
}

/* Of a framework that is in no table any more. */
static void free_completed(struct framework *f)
{
	struct task *t;

	while ((t = list_first(&f->completed, struct task, agent_node)))
		task_free(t);
	list_remove(&f->node);
	schema_free(framework_info_schema(), f->info);
	free(f);
}

void framework_free(struct framework *f)
{
	if (f->share) {
		assert(!f->tasks && list_empty(&f->offers));
		if (f->peer)
			peer_close(f->peer);
		if (f->waiting)
			peer_close(f->waiting);
		store_wait_cancel(&f->admission);
		stop_timers(f);
		principal_put(f->master, f->principal);
		allocator_remove_framework(f->master->allocator, f->share);
		HASH_DEL(f->master->frameworks, f);
	}
	free_completed(f);
}

/* Its agents end what it runs there, whatever they have not told us of. */
static void clear_agents(struct framework *f)
{
	struct agent *a, *tmp;
	struct executor *x;

	HASH_ITER(hh, f->master->agents, a, tmp) {
		bool there = false;

		list_for_each(x, &a->executors, node) {
			if (x->framework != f)
				continue;
			there = true;
			executor_end(x);
		}
		if (there || agent_runs(a, f))
			ending_tell(a, f->info->id);
	}
}

static void keep_completed(struct framework *f)
{
	struct master *m = f->master;

	list_append(&m->completed, &f->node);
	m->completed_count++;
	while (m->completed_count > m->flags->max_completed_frameworks) {
		struct framework *oldest = list_first(&m->completed, struct framework, node);

		assert(oldest);
		free_completed(oldest);
		m->completed_count--;
	}
}

/* The connection, if it stands, is the caller's to end. */
static void framework_remove(struct framework *f, const char *why)
{
	autofree char *message = xasprintf("Framework %s removed", f->info->id);
	struct master *m = f->master;
	struct task *t, *tmp;

	log_info("framework %s: removed: %s tasks=%u", f->info->id, why, HASH_COUNT(f->tasks));
	stop_timers(f);
	offers_drop_framework(f);
	registry_framework_removed(f);
	ending_start(m, f->info->id);
	clear_agents(f);
	f->peer = f->waiting = NULL;
	store_wait_cancel(&f->admission);
	HASH_ITER(hh, f->tasks, t, tmp)
		task_end(t, TASK_KILLED, REASON_FRAMEWORK_REMOVED, message, false);
	allocator_remove_framework(m->allocator, f->share);
	f->share = NULL;
	principal_put(m, f->principal);
	f->principal = NULL;
	f->unregistered_time = wall_seconds();
	HASH_DEL(m->frameworks, f);
	master_updates_forget(f);
	keep_completed(f);
	offers_soon(m);
}

static void on_failover_timeout(void *arg)
{
	framework_remove(arg, "it did not come back in time");
}

static int64_t failover_ns(const struct framework *f)
{
	double seconds = f->info->failover_timeout;

	if (!isfinite(seconds) || seconds < 0) {
		log_warning_often("framework %s: a failover_timeout of %g counts as 0", f->info->id,
				  seconds);
		return 0;
	}
	return (int64_t)(fmin(seconds, FAILOVER_MAX_SECONDS) * (double)NSEC_PER_SEC);
}

static void wait_for(struct framework *f, int64_t ns, void (*fn)(void *arg))
{
	alarm_set(&f->master->alarms, &f->failover_alarm, ns, fn, f);
}

/* It has at least as long as agents have after a start of the master. */
static int64_t expected_ns(const struct framework *f)
{
	return MAX(failover_ns(f), f->master->flags->agent_reregister_timeout);
}

/* The framework is known from the registry, and it is not here. */
static void expect(struct framework *f)
{
	wait_for(f, expected_ns(f), on_failover_timeout);
}

/*
 * Of a framework that only agents tell of nobody knows whether it wants what they say it does:
 * once all its tasks are gone it has waited long enough.
 */
static void on_adopted(void *arg)
{
	struct framework *f = arg;
	int64_t left = f->adopted_ns + expected_ns(f) - alarms_now(&f->master->alarms);

	if (left <= 0 || !f->tasks)
		on_failover_timeout(f);
	else
		wait_for(f, MIN(left, f->master->flags->agent_reregister_timeout), on_adopted);
}

static void expect_adopted(struct framework *f)
{
	f->adopted_ns = alarms_now(&f->master->alarms);
	wait_for(f, f->master->flags->agent_reregister_timeout, on_adopted);
}

struct framework *framework_adopt(struct master *m, struct framework_info *info)
{
	struct framework *f = framework_new(m, info);

	if (!f)
		return NULL;
	expect_adopted(f);
	return f;
}

void framework_restore(struct master *m, struct framework_info *info, double registered_time)
{
	struct framework *f = framework_new(m, info);

	if (!f) {
		log_warning("registry: there are too many frameworks: one is left out");
		return;
	}
	expect(f);
	f->registered = registered_time > 0;
	f->registered_time = registered_time;
}

/* No more events go there, and nothing is offered. */
static void disconnect(struct framework *f)
{
	f->peer = NULL;
	f->heartbeat = sd_event_source_disable_unref(f->heartbeat);
	offers_drop_framework(f);
	allocator_deactivate_framework(f->master->allocator, f->share);
	offers_soon(f->master);
}

static void on_closed(struct peer *p, const char *why)
{
	struct framework *f = peer_owner(p);
	int64_t patience;

	if (!f)
		return;
	f->waiting = NULL;
	disconnect(f);
	patience = failover_ns(f);
	log_info("framework %s: disconnected: %s failover_timeout=%g", f->info->id, why,
		 f->info->failover_timeout);
	if (patience)
		wait_for(f, patience, on_failover_timeout);
	else
		framework_remove(f, "disconnected");
}

/* What has a framework already stays connected. */
static void refuse(struct peer *p, const char *why)
{
	log_warning_often("peer %s: may not subscribe: %s", peer_name(p), why);
	peer_error(p, "%s", why);
	if (!peer_owner(p))
		peer_finish(p);
}

/* Why this framework may not be. */
static int check(const struct master *m, const struct framework_info *info, struct error *e)
{
	if (info->id && !id_valid(info->id))
		return error_set(e, EINVAL, "framework_info.id contains invalid characters");
	if (info->id && framework_removed(m, info->id))
		return error_set(e, EINVAL, "Framework has been removed");
	if (!m->flags->root_submissions && !strcmp(info->user, "root"))
		return error_set(e, EINVAL, "User 'root' is not allowed to run frameworks");
	if (!roles_find(&m->roles, info->role))
		return error_set(e, EINVAL, "Role '%s' is invalid", info->role);
	if ((!info->id || !framework_find(m, info->id)) && registry_refuses_new(m, e))
		return -ENOSPC;
	return validate_framework_size(info, e);
}

/*
 * What may change when a framework comes back. Its user and role stay what they were. Whether
 * something did.
 */
static bool refresh(struct framework *f, struct framework_info *info)
{
	struct framework_info *now = f->info;
	struct framework_info *before = schema_copy(framework_info_schema(), now);
	bool changed;

	replace_str(&now->name, info->name);
	replace_str(&now->hostname, info->hostname);
	replace_str(&now->webui_url, info->webui_url);
	now->failover_timeout = info->failover_timeout;
	schema_free(labels_schema(), now->labels);
	now->labels = take_ptr(info->labels);
	changed = !schema_equal(framework_info_schema(), before, now);
	schema_free(framework_info_schema(), before);
	return changed;
}

static void end_old(struct peer *old)
{
	peer_error(old, "Framework failed over");
	peer_finish(old);
}

/* p takes over; it may be the connection that the framework has already. */
static void fail_over(struct framework *f, struct peer *p)
{
	struct peer *old = f->peer;

	alarm_cancel(&f->failover_alarm);
	if (old == p)
		offers_rescind_framework(f);
	if (f->waiting && f->waiting != p)
		end_old(take_ptr(f->waiting));
	if (!old || old == p)
		return;
	disconnect(f);
	end_old(old);
}

static int on_heartbeat(sd_event_source *s unused, uint64_t now unused, void *arg)
{
	struct framework *f = arg;

	framework_send(f, EVENT_HEARTBEAT, NULL);
	timer_set(f->master->loop, &f->heartbeat, HEARTBEAT_NS, on_heartbeat, f);
	return 0;
}

/* Its agents send at once what it may have missed. */
static void resume_updates(struct framework *f)
{
	struct resume_updates body = { .framework_id = f->info->id };
	uint64_t round = ++f->master->resume_round;
	struct task *t, *next;

	HASH_ITER(hh, f->tasks, t, next) {
		if (t->agent->resume_round == round)
			continue;
		t->agent->resume_round = round;
		agent_send(t->agent, MASTER_RESUME_UPDATES, &body);
	}
	master_updates_resume(f);
}

static void welcome(struct framework *f, struct peer *p)
{
	struct master *m = f->master;
	bool was_here = f->peer == p;
	struct event_subscribed subscribed = {
		.framework_id = f->info->id,
		.heartbeat_interval_seconds = (double)HEARTBEAT_NS / (double)NSEC_PER_SEC,
		.has_heartbeat_interval_seconds = true,
		.master_info = &m->info,
	};

	f->peer = p;
	f->suppressed = false;
	peer_subscribed(p);
	framework_send(f, EVENT_SUBSCRIBED, &subscribed);
	on_heartbeat(NULL, 0, f);
	if (!was_here)
		resume_updates(f);
	allocator_activate_framework(m->allocator, f->share);
	allocator_revive(m->allocator, f->share);
	offers_soon(m);
}

static void on_admitted(struct store_wait *w)
{
	struct framework *f = container_of(w, struct framework, admission);

	if (f->waiting)
		welcome(f, take_ptr(f->waiting));
}

/*
 * The first row is on disk before a framework hears its id. It does not wait for what it has
 * changed of itself: a disk that is full must not keep out who fails over.
 */
static void put(struct framework *f)
{
	registry_put_framework(f);
	if (!f->registered && !store_waiting(&f->admission))
		registry_wait(f->master, &f->admission, on_admitted);
}

/* The framework that subscribes: one that is known, or a new one. */
static struct framework *admit(struct peer *p, struct framework_info *info, struct error *e)
{
	struct master *m = peer_ctx(p);
	struct framework *f = info->id ? framework_find(m, info->id) : NULL;
	bool changed = false;

	if (f) {
		fail_over(f, p);
		changed = refresh(f, info);
	} else {
		if (!info->id)
			info->id = xasprintf("%s-%04llu", m->id,
					     (unsigned long long)m->next_framework++);
		f = framework_new(m, info);
	}
	if (!f) {
		error_set(e, EUSERS, "There are too many frameworks");
		return NULL;
	}
	if (f->registered)
		f->reregistered_time = wall_seconds();
	else
		f->registered_time = wall_seconds();
	if (!f->principal)
		f->principal = principal_get(m, f->info->principal);
	if (changed || !f->registered)
		put(f);
	f->registered = true;
	return f;
}

/* One connection is one framework; SUBSCRIBE without an id says the same again. */
static int check_connection(const struct peer *p, struct framework_info *info, struct error *e)
{
	const struct framework *f = peer_owner(p);

	if (f && !info->id)
		info->id = xstrdup(f->info->id);
	if (f && !str_equal(f->info->id, info->id))
		return error_set(e, EINVAL, "this connection belongs to framework %s", f->info->id);
	return 0;
}

static void on_subscribe(struct peer *p, struct message *msg)
{
	struct framework_info *info = ((struct call_subscribe *)msg->body)->framework_info;
	struct master *m = peer_ctx(p);
	struct framework *f;
	struct error e;

	if (msg->framework_id && info->id && strcmp(msg->framework_id, info->id)) {
		refuse(p, "framework_id and subscribe.framework_info.id differ");
		return;
	}
	if (!info->id)
		info->id = take_ptr(msg->framework_id);
	if (info->id)
		m->metrics.messages_reregister_framework += 1;
	else
		m->metrics.messages_register_framework += 1;
	f = check_connection(p, info, &e) || check(m, info, &e) ? NULL : admit(p, info, &e);
	if (!f) {
		refuse(p, e.text);
		return;
	}
	log_info_often("framework %s: subscribed peer=%s role=%s", f->info->id, peer_name(p),
		       f->info->role);
	peer_set_owner(p, f);
	if (store_waiting(&f->admission))
		f->waiting = p;
	else
		welcome(f, p);
}

struct framework *framework_calling(struct peer *p, const struct message *m)
{
	struct framework *f = peer_owner(p);

	if (!m->framework_id || strcmp(m->framework_id, f->info->id)) {
		peer_error(p, "%s: framework_id must be that of this connection, %s",
			   message_arm(m->type)->name, f->info->id);
		return NULL;
	}
	if (f->principal) {
		f->principal->received++;
		f->principal->processed++;
	}
	return f;
}

static void on_teardown(struct peer *p, struct message *msg)
{
	struct framework *f = framework_calling(p, msg);

	if (!f)
		return;
	f->master->metrics.messages_unregister_framework += 1;
	framework_remove(f, "it asked for it");
	peer_finish(p);
}

static const struct peer_verb verbs[] = {
	{ CALL_SUBSCRIBE, PEER_GREETED | PEER_SUBSCRIBED, on_subscribe },
	{ CALL_TEARDOWN, PEER_SUBSCRIBED, on_teardown },
	{ CALL_ACCEPT, PEER_SUBSCRIBED, call_accept },
	{ CALL_DECLINE, PEER_SUBSCRIBED, call_decline },
	{ CALL_REVIVE, PEER_SUBSCRIBED, call_revive },
	{ CALL_SUPPRESS, PEER_SUBSCRIBED, call_suppress },
	{ CALL_KILL, PEER_SUBSCRIBED, call_kill },
	{ CALL_SHUTDOWN, PEER_SUBSCRIBED, call_shutdown },
	{ CALL_ACKNOWLEDGE, PEER_SUBSCRIBED, call_acknowledge },
	{ CALL_RECONCILE, PEER_SUBSCRIBED, call_reconcile },
	{ CALL_MESSAGE, PEER_SUBSCRIBED, call_message },
	{ .fn = NULL },
};

const struct peer_protocol framework_protocol = {
	.role = PEER_FRAMEWORK,
	.hears = LANGUAGE_CALL,
	.line_max = LINE_MAX_BYTES,
	.verbs = verbs,
	.closed = on_closed,
};
