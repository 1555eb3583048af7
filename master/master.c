/* The master comes up and goes down. */
#include "master/master.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include "lib/daemon.h"
#include "lib/log.h"
#include "lib/version.h"
#include "master/agents.h"
#include "master/departures.h"
#include "master/endings.h"
#include "master/frameworks.h"
#include "master/http.h"
#include "master/offers.h"
#include "master/recovery.h"
#include "master/registry.h"
#include "master/removals.h"
#include "master/tasks.h"
#include "master/updates.h"

/*
 * Who finds the master after it stood still dials, is greeted and asks: that takes turns, and at
 * least one ping.
 */
#define GRACE_MIN_NS (5 * NSEC_PER_SEC)

static const struct peer_protocol *const protocols[] = { &framework_protocol, &agent_protocol,
							 NULL };

static const struct hello hello = {
	HELLO_OF(PEER_MASTER), .epoch = 1, .has_epoch = true, .leader = true, .has_leader = true,
};

bool master_gave(const struct master *m, const char *id)
{
	size_t n = strlen(m->id);

	return !strncmp(id, m->id, n) && id[n] == '-';
}

bool master_may_message(struct master *m, struct peer *to)
{
	int64_t now = now_ns();

	if (stream_queued(peer_stream(to)) <= MESSAGES_QUEUED_MAX_BYTES)
		return true;
	m->metrics.messages_dropped += 1;
	if (!m->drop_logged_ns || now - m->drop_logged_ns >= NSEC_PER_SEC) {
		log_warning("peer %s: reads too slowly: messages for it are dropped",
			    peer_name(to));
		m->drop_logged_ns = now;
	}
	return false;
}

/* As new_id() makes them: 0 stands for a digit, x for a hexadecimal one. */
bool master_like(const char *id)
{
	static const char form[] = "00000000-000000-xxxxxxxx-S";
	size_t i = 0;

	for (; form[i]; i++)
		if (form[i] == '0'   ? !isdigit((unsigned char)id[i])
		    : form[i] == 'x' ? !isxdigit((unsigned char)id[i])
				     : id[i] != form[i])
			return false;
	return id[i] && id[i + strspn(id + i, "0123456789")] == '\0';
}

/* "20261122-130501-8f3a90c1": when, and by chance; no address in it. */
static char *new_id(void)
{
	time_t now = (time_t)(wall_ns() / NSEC_PER_SEC);
	char when[32];
	uint32_t chance;
	struct tm tm;

	if (getrandom(&chance, sizeof(chance), 0) < 0)
		chance = (uint32_t)now_ns();
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &tm);
	return xasprintf("%s-%08x", when, chance);
}

static void on_protocol(void *owner, int fd, struct seat *seat, const struct ucred *cred unused)
{
	struct master *m = owner;

	peer_accept(&m->server, fd, seat);
}

static void on_http(void *owner, int fd, struct seat *seat, const struct ucred *cred unused)
{
	struct master *m = owner;

	http_add(m->http, fd, seat);
}

static int start_listening(struct master *m, int passed, struct error *e)
{
	static const struct listener_ops ops = { .protocol = on_protocol, .http = on_http };
	struct listener_limits limits = {
		.total = (unsigned)MIN(m->flags->max_connections, (uint64_t)UINT32_MAX),
		.per_peer = (unsigned)MIN(m->flags->connections_per_peer, (uint64_t)UINT32_MAX),
	};

	return daemon_listen(m->loop, m->flags->ip, m->flags->port, passed, &limits, &ops, m,
			     &m->listener, e);
}

static bool wildcard(const char *ip)
{
	return !strcmp(ip, "0.0.0.0") || !strcmp(ip, "::");
}

/* What frameworks and agents are told about this master. */
static void introduce(struct master *m)
{
	const char *at = wildcard(m->flags->ip) ? m->hostname : m->flags->ip;
	bool v6 = strchr(at, ':');
	struct in_addr v4 = { 0 };

	m->pid = xasprintf("master@%s%s%s:%u", v6 ? "[" : "", at, v6 ? "]" : "",
			   listener_port(m->listener));
	if (inet_pton(AF_INET, m->flags->ip, &v4) != 1)
		v4.s_addr = 0;
	m->info = (struct master_info){
		.id = m->id,
		.ip = v4.s_addr,
		.has_ip = true,
		.port = listener_port(m->listener),
		.has_port = true,
		.hostname = m->hostname,
		.version = MESOS_VERSION,
		.pid = m->pid,
	};
}

static struct master *prepare(sd_event *loop, const struct master_flags *flags)
{
	struct master *m = xcalloc(1, sizeof(*m));

	m->flags = flags;
	m->loop = sd_event_ref(loop);
	alarms_start(&m->alarms, loop, MAX(flags->agent_ping_timeout, GRACE_MIN_NS));
	list_init(&m->completed);
	list_init(&m->completed_tasks);
	list_init(&m->offers_by_age);
	m->id = new_id();
	m->hostname = flags->hostname ? xstrdup(flags->hostname) : daemon_hostname();
	m->start_time = wall_seconds();
	m->start_ns = now_ns();
	return m;
}

/* What was before us, and the books that it goes into. */
static int recover(struct master *m, struct error *e)
{
	int r = roles_parse(m->flags->roles, m->flags->weights, &m->roles, e);

	if (r)
		return r;
	offers_start(m);
	master_updates_start(m);
	r = removals_start(m, e);
	if (!r)
		r = registry_open(m, e);
	return r;
}

/* What could launch nothing is offered to nobody, until it could again. */
static void reconsider_offers(void *ctx)
{
	struct master *m = ctx;
	struct agent *a, *tmp;

	if (!m->allocation_soon) /* it only starts */
		return;
	if (!hooks_missing(m->hooks)) {
		offers_soon(m);
		return;
	}
	log_warning("master: nothing is offered: %s", hooks_missing(m->hooks));
	HASH_ITER(hh, m->agents, a, tmp) {
		offers_rescind_agent(a);
	}
}

static void on_modules_restarted(void *ctx, bool loaded unused)
{
	reconsider_offers(ctx);
}

/* Before anything else waits in the loop. */
static int start_modules(struct master *m, struct error *e)
{
	struct modules_options modules = {
		.loop = m->loop,
		.streams = m->streams,
		MODULES_OPTIONS_OF(m->flags),
		.restarted = on_modules_restarted,
		.ctx = m,
	};
	struct hooks_options hooks = {
		HOOKS_OPTIONS_OF(m->flags),
		.functions = BIT(HOOK_MASTER_LABELS),
		.disabled = reconsider_offers,
		.ctx = m,
	};

	if (modules_new(&modules, &m->modules, e))
		return -e->code;
	hooks.modules = m->modules;
	if (hooks_new(&hooks, &m->hooks, e))
		return -e->code;
	return hooks_start(m->hooks, e);
}

static int start(struct master *m, int passed, struct error *e)
{
	struct http_limits limits = { 0 };
	int r = streams_new(m->loop, NULL, NULL, &m->streams, e);

	if (r)
		return r;
	r = start_modules(m, e);
	if (r)
		return r;
	r = recover(m, e);
	if (r)
		return r;
	m->server = (struct peer_server){
		.streams = m->streams,
		.loop = m->loop,
		.protocols = protocols,
		.hello = &hello,
		.ctx = m,
	};
	r = http_new(m->loop, master_routes, master_prefixes, m, &limits, &m->http, e);
	if (r)
		return r;
	r = start_listening(m, passed, e);
	if (r)
		return r;
	log_set_task_fields(task_add_log_fields, m);
	introduce(m);
	recovery_start(m);
	return 0;
}

int master_new(sd_event *loop, const struct master_flags *flags, int passed, struct master **ret,
	       struct error *e)
{
	struct master *m = prepare(loop, flags);
	int r = start(m, passed, e);

	if (r) {
		master_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

static void free_books(struct master *m)
{
	struct framework *f, *next_framework;
	struct offered *o, *next_offer;
	struct agent *a, *next_agent;
	struct task *t;

	HASH_ITER(hh, m->offers, o, next_offer)
		offer_return(o, 0);
	HASH_ITER(hh, m->agents, a, next_agent) {
		list_for_each(t, &a->tasks, agent_node)
			task_drop(t);
		agent_free(a);
	}
	HASH_ITER(hh, m->frameworks, f, next_framework)
		framework_free(f);
	list_for_each(f, &m->completed, node)
		framework_free(f);
}

void master_free(struct master *m)
{
	if (!m)
		return;
	listener_free(m->listener);
	http_free(m->http);
	recovery_stop(m);
	removals_stop(m);
	log_set_task_fields(NULL, NULL);
	free_books(m);
	hooks_free(m->hooks);
	modules_free(m->modules);
	departures_free(m);
	endings_free(m);
	registry_close(m);
	master_updates_stop(m);
	streams_free(m->streams);
	offers_stop(m);
	alarms_stop(&m->alarms);
	idset_fini(&m->removed_agents);
	idset_fini(&m->removed_frameworks);
	roles_fini(&m->roles);
	free(m->id);
	free(m->hostname);
	free(m->pid);
	sd_event_unref(m->loop);
	free(m);
}
