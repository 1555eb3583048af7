/*
 * mesos-agent: reads its flags, sets the parts up in order, runs the loop, takes them down in
 * reverse.
 */
#include <limits.h>
#include <sys/resource.h>
#include <sys/vfs.h>

#include "agent/agent.h"
#include "agent/config.h"
#include "agent/container/orphans.h"
#include "agent/container/sampler.h"
#include "agent/durable.h"
#include "agent/executors.h"
#include "agent/gc.h"
#include "agent/http.h"
#include "agent/isolator/modules.h"
#include "agent/master.h"
#include "agent/operator.h"
#include "agent/places.h"
#include "agent/quotas.h"
#include "agent/recover.h"
#include "agent/settings.h"
#include "agent/scope.h"
#include "agent/status_hooks.h"
#include "lib/daemon.h"
#include "lib/filesystem.h"
#include "lib/flags.h"
#include "lib/log.h"
#include "lib/manager.h"
#include "lib/version.h"

#define JOB_THREADS 4 /* for prepare and the sampler */
#define END_THREADS 4

static const struct peer_protocol *const protocols[] = {
	&supervisor_protocol,
	&executor_protocol,
	&operator_protocol,
	NULL,
};

/* ---- what we serve ---- */

static void on_protocol(void *owner, int fd, struct seat *seat, const struct ucred *cred unused)
{
	struct agent *a = owner;

	peer_accept(&a->server, fd, seat);
}

static void on_http(void *owner, int fd, struct seat *seat, const struct ucred *cred unused)
{
	struct agent *a = owner;

	http_add(a->http, fd, seat);
}

static const struct listener_ops port_ops = { .protocol = on_protocol, .http = on_http };

static int listen_everywhere(struct agent *a, struct error *e)
{
	struct listener_limits limits = {
		.total = (unsigned)MIN(a->flags.max_connections, (uint64_t)UINT_MAX),
		.per_peer = (unsigned)MIN(a->flags.connections_per_peer, (uint64_t)UINT_MAX),
	};

	if (daemon_listen(a->loop, a->flags.ip, a->flags.port, take_fd(a->passed_fd), &limits,
			  &port_ops, a, &a->port, e) ||
	    places_listen(a, &limits, e))
		return -e->code;
	a->info.port = listener_port(a->port);
	a->info.has_port = true;
	daemon_warn_if_open(a->flags.ip);
	return 0;
}

static void set_up_peers(struct agent *a)
{
	a->hello = (struct hello){ HELLO_OF(PEER_AGENT) };
	a->server = (struct peer_server){
		.streams = a->streams,
		.loop = a->loop,
		.protocols = protocols,
		.hello = &a->hello,
		.ctx = &a->node,
	};
}

/* What no launch can do without may be lost, or back. */
static void tell_availability(void *ctx)
{
	struct agent *a = ctx;

	if (a->master)
		master_tell_availability(a->master);
}

static void on_modules_restarted(void *ctx, bool loaded)
{
	struct agent *a = ctx;

	if (loaded)
		isolator_modules_recover(&a->node);
	tell_availability(a);
}

static int set_up_modules(struct agent *a, struct error *e)
{
	struct modules_options modules = { .loop = a->loop, MODULES_OPTIONS_OF(&a->flags) };
	struct hooks_options hooks = {
		HOOKS_OPTIONS_OF(&a->flags),
		.functions = ~BIT(HOOK_MASTER_LABELS),
		.disabled = tell_availability,
		.ctx = a,
	};

	if (work_pool_new(a->loop, "resolver", 1, NULL, &a->resolver, e) ||
	    streams_new(a->loop, a->resolver, NULL, &a->streams, e))
		return -e->code;
	modules.streams = a->streams;
	modules.restarted = on_modules_restarted;
	modules.ctx = a;
	if (modules_new(&modules, &a->modules, e))
		return -e->code;
	hooks.modules = a->modules;
	return hooks_new(&hooks, &a->hooks, e);
}

static int set_up_net(struct agent *a, struct error *e)
{
	if (http_new(a->loop, agent_routes, agent_prefixes, a, NULL, &a->http, e))
		return -e->code;
	set_up_peers(a);
	return listen_everywhere(a, e);
}

/* ---- what we run ---- */

static int set_up_containers(struct agent *a, struct error *e)
{
	struct disk_checks_options disk = {
		.interval_ns = a->flags.container_disk_watch_interval,
		.kills = a->flags.enforce_container_disk_quota && quotas_kills(a),
		.cpus = a->flags.disk_scan_cpus,
	};
	struct container_node *node = &a->node;

	node->loop = a->loop;
	node->ops = &executor_container_ops;
	node->switch_user = a->flags.switch_user;
	node->default_disk_bytes =
		a->flags.has_default_container_disk ? a->flags.default_container_disk : 0;
	node->executor_path = a->executor_path;
	node->executor_socket = a->executor_socket_path;
	node->records = a->records_dir;
	node->recovery_timeout_ns = a->flags.recovery_timeout;
	node->hostname = a->info.hostname;
	node->hooks = a->hooks;
	node->registration_timeout_ns = a->flags.executor_registration_timeout;
	node->metrics = &a->metrics;
	if (work_pool_new(a->loop, "jobs", JOB_THREADS, NULL, &node->pool, e) ||
	    work_pool_new(a->loop, "ends", END_THREADS, NULL, &node->ends, e) ||
	    disk_checks_new(a->loop, &disk, &a->metrics, &node->disk, e) ||
	    sampler_new(node, a->flags.resource_monitoring_interval, &a->sampler, e) ||
	    orphans_new(node, &node->orphans, e) ||
	    scope_new(node, a->flags.cgroups_root, &a->scope, e))
		return -e->code;
	return quotas_set_up(a, e);
}

static bool frees_late(int fd)
{
	struct statfs v;
	const struct filesystem *fs =
		fstatfs(fd, &v) ? NULL : filesystem_of_magic((unsigned long)v.f_type);

	return fs && fs->frees_late;
}

static int set_up_gc(struct agent *a, struct error *e)
{
	struct gc_options o = {
		.loop = a->loop,
		.pool = a->node.pool,
		.store = a->store,
		.work_dir = a->flags.work_dir,
		.work_dir_fd = a->work_dir_fd,
		.agent_id = &a->id,
		.delay_ns = a->flags.gc_delay,
		.watch_interval_ns = a->flags.disk_watch_interval,
		.headroom = a->flags.gc_disk_headroom,
		.metrics = &a->metrics,
		.frees_late = frees_late(a->work_dir_fd),
		.more = quotas_more,
		.deleted = quotas_sandbox_deleted,
		.ctx = a,
	};

	return gc_new(&o, &a->gc, e);
}

/*
 * What runs goes on: the next agent finds it again. Unless that is being ended already: a service
 * manager that is told to stop us then waits.
 */
static int on_signal(sd_event_source *source unused, const struct signalfd_siginfo *si, void *arg)
{
	struct agent *a = arg;

	if (a->terminating || a->cleaning) {
		log_info("agent: signal %u: is ending already, with all that runs", si->ssi_signo);
		return 0;
	}
	log_info("agent: signal %u: ending, what runs goes on containers=%u", si->ssi_signo,
		 a->node.supervisors);
	manager_status("Ending; what runs goes on");
	manager_stopping();
	return sd_event_exit(a->loop, EXIT_SUCCESS);
}

/* A master that is there tells all that what ran here is lost. Otherwise one may be back soon. */
static int on_leave(sd_event_source *source unused, const struct signalfd_siginfo *si unused,
		    void *arg)
{
	struct agent *a = arg;

	if (!a->id || a->cleaning || master_registered(a->master))
		agent_terminate(a, "SIGUSR1: unregistering", EXIT_SUCCESS);
	else
		agent_clean_up(a, "SIGUSR1 while no master is there");
	return 0;
}

static int handle_signals(struct agent *a, struct error *e)
{
	int r = daemon_handle_signals(a->loop, on_signal, a, e);

	if (r)
		return r;
	r = sd_event_add_signal(a->loop, NULL, SIGUSR1, on_leave, a);
	return r < 0 ? error_set(e, -r, "watch for SIGUSR1: %s", strerror(-r)) : 0;
}

/* Either we serve, or we only end what an agent before us left, and tell that. */
static int begin(struct agent *a, struct error *e)
{
	log_set_task_fields(frameworks_add_log_fields, a);
	manager_status("Recovering what %s has", a->flags.work_dir);
	if (agent_recover(a, e))
		return -e->code;
	manager_status("Registering");
	if (master_link_new(a, &a->master, e))
		return -e->code;
	if (str_equal(a->flags.recover, RECOVER_CLEANUP))
		agent_clean_up(a, "--recover=cleanup");
	return places_watch(a, e);
}

/* The daemon raises its own; programs that use select(2) rely on what they would get without it. */
static uint64_t open_files_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) ? 0 : MIN((uint64_t)limit.rlim_cur, INT64_MAX);
}

static int start(struct agent *a, struct error *e)
{
	const struct daemon_options options = {
		.name = "mesos-agent",
		.logging_level = a->flags.logging_level,
		.log_dir = a->flags.log_dir,
		.quiet = a->flags.quiet,
	};

	a->node.open_files = open_files_limit();
	if (daemon_init(&options, &a->loop, e) ||
	    manager_socket(&a->flags.ip, &a->flags.port, &a->passed_fd, e) ||
	    handle_signals(a, e) || set_up_modules(a, e) || agent_configure(a, e) ||
	    hooks_start(a->hooks, e) || set_up_net(a, e) || agent_open_store(a, e) ||
	    set_up_containers(a, e) || set_up_gc(a, e) || begin(a, e) || manager_ready(a->loop, e))
		return -e->code;
	return 0;
}

static void say_hello(const struct agent *a)
{
	autofree char *endpoint = agent_endpoint(a);
	autobuf struct buf text = { 0 };

	resources_print(&a->total, &text);
	log_info("agent: serving version=%s address=%s work_dir=%s resources=%s", MESOS_VERSION,
		 endpoint, a->flags.work_dir, buf_text(&text));
}

/* In the reverse order of start(); what was not started is NULL. */
static void stop(struct agent *a)
{
	master_link_free(a->master);
	sd_event_source_disable_unref(a->update_timer);
	sd_event_source_disable_unref(a->strangers_timer);
	sd_event_source_disable_unref(a->cleanup_timer);
	places_stop(a);
	if (a->gc)
		gc_stop(a->gc);
	disk_checks_free(a->node.disk);
	quotas_stop(a);
	containers_leave(&a->node);
	if (a->node.pool)
		work_pool_free(a->node.pool);
	if (a->node.ends)
		work_pool_free(a->node.ends);
	sampler_free(a->sampler);
	settings_forget(a, NULL);
	containers_fini(&a->node);
	scope_free(a->scope);
	log_set_task_fields(NULL, NULL);
	frameworks_fini(a);
	gc_free(a->gc);
	a->updates.gone = NULL;
	status_hooks_forget(a);
	updates_fini(&a->updates);
	quotas_free(a);
	store_close(a->store);
	hooks_free(a->hooks);
	modules_free(a->modules);
	if (a->port)
		listener_free(a->port);
	if (a->http)
		http_free(a->http);
	if (a->streams)
		streams_free(a->streams);
	if (a->resolver)
		work_pool_free(a->resolver);
	close_fd(&a->work_dir_fd);
	close_fd(&a->lock_fd);
	close_fd(&a->passed_fd);
	resources_fini(&a->total);
	a->info.id = NULL; /* is a->id */
	schema_clear(agent_info_schema(), &a->info);
	for (size_t i = 0; i < a->detected_count; i++)
		free(a->detected[i]);
	free(a->detected);
	free(a->id);
	free(a->boot_id);
	free(a->store_dir);
	free(a->records_dir);
	free(a->executor_path);
	free(a->executor_socket_path);
	agent_metrics_free_labels(a);
	free(a->agent_socket_path);
	schema_clear(agent_flags_schema(), &a->flags);
	sd_event_unref(a->loop);
}

int main(int argc, char **argv)
{
	const struct flags_program program = {
		.name = "mesos-agent",
		.summary = "Launches and accounts for the containers of one node.",
		.env_prefix = "MESOS_",
		.schema = agent_flags_schema(),
	};
	struct agent a = {
		.started_ns = now_ns(),
		.started_wall_ns = wall_ns(),
		.work_dir_fd = -EBADF,
		.lock_fd = -EBADF,
		.passed_fd = -EBADF,
		.argv = argv,
	};
	struct error e;
	int r;

	list_init(&a.node.containers);
	list_init(&a.node.isolator_runs);
	list_init(&a.completed_frameworks);
	list_init(&a.arrivals);
	list_init(&a.removals);
	list_init(&a.status_runs);
	list_init(&a.recent);
	list_init(&a.settings);
	list_init(&a.history.tasks);
	flags_load_or_exit(&program, argc, argv, &a.flags, NULL);
	agent_set_up_updates(&a);
	if (start(&a, &e)) {
		stop(&a);
		if (e.code == EINTR) /* it was told to end before it had begun */
			return EXIT_SUCCESS;
		flags_fail(&program, &e);
	}
	say_hello(&a);
	r = sd_event_loop(a.loop);
	if (r < 0)
		log_error("agent: event loop: %s; what runs goes on, start the agent again",
			  strerror(-r));
	stop(&a);
	return r < 0 ? 1 : r;
}
