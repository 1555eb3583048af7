/* mesos-agent: reads its flags, sets the parts up in order, runs the loop, takes them down in reverse. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/file.h>

#include "agent/agent.h"
#include "agent/container/orphans.h"
#include "agent/container/sampler.h"
#include "agent/executors.h"
#include "agent/http.h"
#include "agent/isolator/isolator.h"
#include "agent/master.h"
#include "agent/operator.h"
#include "lib/attributes.h"
#include "lib/daemon.h"
#include "lib/flags.h"
#include "lib/fs.h"
#include "lib/ids.h"
#include "lib/log.h"
#include "lib/runtime.h"
#include "lib/version.h"

#define INTERVAL_MIN_NS NSEC_PER_MSEC /* of what is measured again and again */
#define JOB_THREADS     4             /* for prepare and the sampler */

static const struct peer_protocol *const protocols[] = {
	&supervisor_protocol,
	&executor_protocol,
	&operator_protocol,
	NULL,
};

/* ---- who we are ---- */

static int make_absolute(char **path, struct error *e)
{
	autofree char *cwd = NULL;
	char *full;

	if (**path == '/')
		return 0;
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return error_sys(e, "find the current directory");
	full = path_join(cwd, *path);
	free(*path);
	*path = full;
	return 0;
}

/* Two agents in one work_dir would offer the same disk twice. */
static int lock_work_dir(struct agent *a, struct error *e)
{
	a->work_dir_fd = open(a->flags.work_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->work_dir_fd < 0)
		return error_sys(e, "--work_dir: open %s", a->flags.work_dir);
	if (!flock(a->work_dir_fd, LOCK_EX | LOCK_NB))
		return 0;
	if (errno == EWOULDBLOCK)
		return error_set(e, EBUSY, "--work_dir: %s is in use by another agent",
				 a->flags.work_dir);
	return error_sys(e, "--work_dir: lock %s", a->flags.work_dir);
}

static int open_directories(struct agent *a, struct error *e)
{
	if (make_absolute(&a->flags.work_dir, e) || make_absolute(&a->flags.runtime_dir, e) ||
	    make_absolute(&a->flags.launcher_dir, e))
		return -e->code;
	a->executor_path = path_join(a->flags.launcher_dir, "mesos-executor");
	if (access(a->executor_path, X_OK))
		return error_sys(e, "--launcher_dir: %s", a->executor_path);
	if (fs_mkdirs(a->flags.work_dir, 0755, e))
		return error_wrap(e, "--work_dir");
	if (access(a->flags.work_dir, W_OK | X_OK))
		return error_sys(e, "--work_dir: %s is not writable", a->flags.work_dir);
	if (lock_work_dir(a, e))
		return -e->code;
	if (runtime_dir_make(a->flags.runtime_dir, e))
		return error_wrap(e, "--runtime_dir");
	return 0;
}

static int find_resources(struct agent *a, struct error *e)
{
	struct host_capacity host;

	if (host_capacity_read(a->flags.work_dir, &host, e))
		return -e->code;
	if (a->flags.resources &&
	    resources_parse(a->flags.resources, a->flags.default_role, &a->total, e))
		return error_wrap(e, "--resources");
	resources_detect(&a->total, &host, a->flags.default_role);
	resources_to_wire(&a->total, &a->info.resources, &a->info.resources_count);
	if (a->flags.attributes && attributes_parse(a->flags.attributes, &a->info.attributes,
						    &a->info.attributes_count, e))
		return error_wrap(e, "--attributes");
	return 0;
}

static int check_flags(struct agent *a, struct error *e)
{
	if (daemon_check_port(a->flags.port, e))
		return -e->code;
	if (!(a->flags.disk_scan_cpus > 0))
		return error_set(e, EINVAL, "--disk_scan_cpus: must be greater than zero");
	if (a->flags.container_disk_watch_interval < INTERVAL_MIN_NS)
		return error_set(e, EINVAL,
				 "--container_disk_watch_interval: must be at least 1ms");
	if (a->flags.resource_monitoring_interval < INTERVAL_MIN_NS)
		return error_set(e, EINVAL, "--resource_monitoring_interval: must be at least 1ms");
	if (a->flags.registration_backoff_factor > 60 * NSEC_PER_SEC)
		return error_set(e, EINVAL, "--registration_backoff_factor: must be at most 1mins");
	if (a->flags.status_update_retry_interval_min <= 0 ||
	    a->flags.status_update_retry_interval_max < a->flags.status_update_retry_interval_min)
		return error_set(
			e, EINVAL,
			"--status_update_retry_interval_min: must be greater than zero and "
			"not above --status_update_retry_interval_max");
	if (a->flags.hostname && !id_valid(a->flags.hostname))
		return error_set(e, EINVAL,
				 "--hostname: must be 1 to %d bytes without control characters or "
				 "slashes",
				 ID_MAX);
	return isolators_select(a->flags.isolation, &a->node.isolators, e);
}

static int know_ourselves(struct agent *a, struct error *e)
{
	if (!a->flags.runtime_dir)
		a->flags.runtime_dir = runtime_dir_default();
	if (check_flags(a, e) || open_directories(a, e) || find_resources(a, e))
		return -e->code;
	a->info.hostname = a->flags.hostname ? xstrdup(a->flags.hostname) : daemon_hostname();
	a->info.ip = xstrdup(a->flags.ip);
	a->executor_socket_path = path_join(a->flags.runtime_dir, EXECUTOR_SOCKET_NAME);
	a->agent_socket_path = path_join(a->flags.runtime_dir, AGENT_SOCKET_NAME);
	return 0;
}

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
static const struct listener_ops local_ops = { .protocol = on_protocol };

/*
 * The executor socket is for the tasks' users too: who they are is proven by a token. So a task
 * may fill it: each user gets half of the seats, and the silent lose theirs soon, so that
 * supervisors find one.
 */
#define EXECUTOR_FIRST_BYTE_NS (2 * NSEC_PER_SEC)

static struct listener_limits executor_limits(const struct listener_limits *limits)
{
	return (struct listener_limits){
		.total = limits->total,
		.per_peer = MAX(limits->per_peer, limits->total / 2),
		.first_byte_ns = EXECUTOR_FIRST_BYTE_NS,
	};
}

static int listen_everywhere(struct agent *a, struct error *e)
{
	struct listener_limits limits = {
		.total = (unsigned)MIN(a->flags.max_connections, (uint64_t)UINT_MAX),
		.per_peer = (unsigned)MIN(a->flags.connections_per_peer, (uint64_t)UINT_MAX),
	};
	struct listener_limits executors = executor_limits(&limits);

	if (listener_tcp(a->loop, a->flags.ip, (uint16_t)a->flags.port, &limits, &port_ops, a,
			 &a->port, e) ||
	    listener_unix(a->loop, a->agent_socket_path, 0600, &limits, &local_ops, a,
			  &a->agent_socket, e) ||
	    listener_unix(a->loop, a->executor_socket_path, 0666, &executors, &local_ops, a,
			  &a->executor_socket, e))
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

static int set_up_net(struct agent *a, struct error *e)
{
	if (work_pool_new(a->loop, 1, NULL, &a->resolver, e) ||
	    streams_new(a->loop, a->resolver, NULL, &a->streams, e) ||
	    http_new(a->loop, agent_routes, agent_prefixes, a, NULL, &a->http, e))
		return -e->code;
	set_up_peers(a);
	return listen_everywhere(a, e);
}

/* ---- what we run ---- */

static int set_up_containers(struct agent *a, struct error *e)
{
	struct disk_checks_options disk = {
		.interval_ns = a->flags.container_disk_watch_interval,
		.enforce = a->flags.enforce_container_disk_quota,
		.default_limit_bytes =
			a->flags.has_default_container_disk ? a->flags.default_container_disk : 0,
		.cpus = a->flags.disk_scan_cpus,
	};
	struct container_node *node = &a->node;

	node->loop = a->loop;
	node->ops = &executor_container_ops;
	node->switch_user = a->flags.switch_user;
	node->executor_path = a->executor_path;
	node->executor_socket = a->executor_socket_path;
	node->hostname = a->info.hostname;
	node->registration_timeout_ns = a->flags.executor_registration_timeout;
	node->metrics = &a->metrics;
	if (work_pool_new(a->loop, JOB_THREADS, NULL, &node->pool, e) ||
	    disk_checks_new(a->loop, &disk, &a->metrics, &node->disk, e) ||
	    sampler_new(node, a->flags.resource_monitoring_interval, &a->sampler, e) ||
	    orphans_new(node, &node->orphans, e))
		return -e->code;
	return 0;
}

static int on_signal(sd_event_source *source unused, const struct signalfd_siginfo *si, void *arg)
{
	agent_terminate(arg, si->ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT", EXIT_SUCCESS);
	return 0;
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
	if (daemon_init(&options, &a->loop, e) || daemon_handle_signals(a->loop, on_signal, a, e) ||
	    know_ourselves(a, e) || set_up_net(a, e) || set_up_containers(a, e) ||
	    master_link_new(a, &a->master, e))
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
	disk_checks_free(a->node.disk);
	if (a->node.pool)
		work_pool_free(a->node.pool);
	sampler_free(a->sampler);
	containers_fini(&a->node);
	frameworks_fini(a);
	updates_fini(&a->updates);
	if (a->executor_socket)
		listener_free(a->executor_socket);
	if (a->agent_socket)
		listener_free(a->agent_socket);
	if (a->port)
		listener_free(a->port);
	if (a->http)
		http_free(a->http);
	if (a->streams)
		streams_free(a->streams);
	if (a->resolver)
		work_pool_free(a->resolver);
	close_fd(&a->work_dir_fd);
	resources_fini(&a->total);
	a->info.id = NULL; /* is a->id */
	schema_clear(agent_info_schema(), &a->info);
	free(a->id);
	free(a->executor_path);
	free(a->executor_socket_path);
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
	};
	struct error e;
	int r;

	list_init(&a.node.containers);
	list_init(&a.completed_frameworks);
	list_init(&a.recent);
	list_init(&a.history.tasks);
	flags_load_or_exit(&program, argc, argv, &a.flags, NULL);
	a.updates.pause_min_ns = a.flags.status_update_retry_interval_min;
	a.updates.pause_max_ns = a.flags.status_update_retry_interval_max;
	if (start(&a, &e)) {
		stop(&a);
		flags_fail(&program, &e);
	}
	say_hello(&a);
	r = sd_event_loop(a.loop);
	stop(&a);
	return r < 0 ? 1 : r;
}
