/* Flags that make no sense are refused before anything is made: directories, sockets, a store. */
#include "agent/config.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include "agent/agent.h"
#include "agent/gc.h"
#include "agent/isolator/capabilities.h"
#include "agent/quotas.h"
#include "agent/isolator/isolator.h"
#include "agent/recover.h"
#include "lib/attributes.h"
#include "lib/daemon.h"
#include "lib/fs.h"
#include "lib/labels.h"
#include "lib/manager.h"
#include "lib/masters.h"
#include "lib/runtime.h"
#include "lib/value.h"

/* In work_dir. */
#define LOCK_NAME     "agent.lock"
#define LOCK_WAIT_NS  (2 * NSEC_PER_SEC)
#define LOCK_AGAIN_MS 20

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

/*
 * An agent that was killed may have been about to start mesos-executor: until that is exec'd, which
 * takes a moment on a busy machine, it has a copy of the descriptor and so the lock.
 */
static int wait_for_lock(int fd)
{
	int64_t until = now_ns() + LOCK_WAIT_NS;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK || now_ns() >= until)
			return -errno;
		poll(NULL, 0, LOCK_AGAIN_MS);
	}
	return 0;
}

/*
 * A task may open the directory itself, and whoever can open a file can lock it, and so keep the
 * next agent out. Where there can be no such file, as on a full disk, it is the directory: that is
 * no reason not to start.
 */
static int open_lock(int work_dir_fd)
{
	int fd = openat(work_dir_fd, LOCK_NAME, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : openat(work_dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Two agents in one work_dir would offer the same disk twice. */
static int lock_work_dir(struct agent *a, struct error *e)
{
	int r;

	a->lock_fd = open_lock(a->work_dir_fd);
	if (a->lock_fd < 0)
		return error_sys(e, "--work_dir: open %s", a->flags.work_dir);
	r = wait_for_lock(a->lock_fd);
	if (r == -EWOULDBLOCK)
		return error_set(
			e, EBUSY,
			"--work_dir: %s is in use by another agent: end that one first, or "
			"give this one a --work_dir of its own",
			a->flags.work_dir);
	return r ? error_set(e, -r, "--work_dir: lock %s: %s", a->flags.work_dir, strerror(-r)) : 0;
}

static int open_directories(struct agent *a, struct error *e)
{
	struct error why;

	if (!a->flags.store_dir)
		a->flags.store_dir = path_join(a->flags.work_dir, "meta");
	if (make_absolute(&a->flags.work_dir, e) || make_absolute(&a->flags.runtime_dir, e) ||
	    make_absolute(&a->flags.launcher_dir, e) || make_absolute(&a->flags.store_dir, e))
		return -e->code;
	a->executor_path = path_join(a->flags.launcher_dir, "mesos-executor");
	if (access(a->executor_path, X_OK))
		return error_sys(e, "--launcher_dir: %s", a->executor_path);
	if (fs_mkdirs(a->flags.work_dir, 0755, &why))
		return error_set(e, why.code, "--work_dir: %s: choose a directory that can be made",
				 why.text);
	if (access(a->flags.work_dir, W_OK | X_OK))
		return error_sys(e, "--work_dir: %s is not writable", a->flags.work_dir);
	a->work_dir_fd = open(a->flags.work_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->work_dir_fd < 0)
		return error_sys(e, "--work_dir: open %s", a->flags.work_dir);
	return 0;
}

/* What resources_detect() will add. */
static void note_detected(struct agent *a)
{
	static const char *const names[] = { "cpus", "mem", "disk", "ports" };

	a->detected = xcalloc(ARRAY_SIZE(names), sizeof(*a->detected));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!resources_has(&a->total, names[i]))
			a->detected[a->detected_count++] = xstrdup(names[i]);
}

static int find_resources(struct agent *a, struct error *e)
{
	struct host_capacity host;

	if (host_capacity_read(a->flags.work_dir, &host, e))
		return -e->code;
	if (a->flags.resources &&
	    resources_parse(a->flags.resources, a->flags.default_role, &a->total, e))
		return error_wrap(e, "--resources");
	note_detected(a);
	resources_detect(&a->total, &host, a->flags.default_role);
	resources_to_wire(&a->total, &a->info.resources, &a->info.resources_count);
	if (a->flags.attributes && attributes_parse(a->flags.attributes, &a->info.attributes,
						    &a->info.attributes_count, e))
		return error_wrap(e, "--attributes");
	if (a->flags.labels && labels_parse(a->flags.labels, &a->info.labels, e))
		return error_wrap(e, "--labels");
	return 0;
}

static int check_master(const char *text, struct error *e)
{
	struct masters masters = { .count = 0 };

	if (masters_parse(text, &masters, e))
		return error_wrap(e, "--master");
	masters_fini(&masters);
	return 0;
}

/* --isolation names a module. */
static int select_module(const char *name, void *ctx, struct error *e)
{
	struct agent *a = ctx;

	return modules_have(a->modules, name) ? hooks_add_isolator(a->hooks, name, e)
					      : ISOLATOR_UNKNOWN;
}

static int check_flags(struct agent *a, struct error *e)
{
	const struct isolators_elsewhere modules = { select_module, a };

	if (daemon_check_port(a->flags.port, e) || check_master(a->flags.master, e))
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
	if (strcmp(a->flags.recover, RECOVER_RECONNECT) &&
	    strcmp(a->flags.recover, RECOVER_CLEANUP))
		return error_set(e, EINVAL, "--recover: must be %s or %s, not '%s'",
				 RECOVER_RECONNECT, RECOVER_CLEANUP, a->flags.recover);
	if (gc_check_flags(&a->flags, e))
		return -e->code;
	if (daemon_check_hostname(a->flags.hostname, e))
		return -e->code;
	if (!value_word(a->flags.default_role))
		return error_set(e, EINVAL, "--default_role: bad role '%s'", a->flags.default_role);
	if (capabilities_parse(a->flags.bounding_capabilities, &a->node.capabilities, e))
		return error_wrap(e, "--bounding_capabilities");
	if (isolators_select(a->flags.isolation, &modules, &a->node.isolators, e) ||
	    agent_metrics_choose_labels(a, e))
		return -e->code;
	return quotas_check_flags(a, e);
}

int agent_configure(struct agent *a, struct error *e)
{
	if (!a->flags.runtime_dir)
		a->flags.runtime_dir = runtime_dir_default();
	/* Whatever asks its filesystem waits, for as long as that is frozen. */
	manager_status("Starting; looks at %s", a->flags.work_dir);
	if (check_flags(a, e) || open_directories(a, e) ||
	    isolators_probe(a->node.isolators, &a->flags, e) || lock_work_dir(a, e) ||
	    find_resources(a, e))
		return -e->code;
	a->info.hostname = a->flags.hostname ? xstrdup(a->flags.hostname) : daemon_hostname();
	a->info.ip = xstrdup(a->flags.ip);
	a->executor_socket_path = path_join(a->flags.runtime_dir, EXECUTOR_SOCKET_NAME);
	a->agent_socket_path = path_join(a->flags.runtime_dir, AGENT_SOCKET_NAME);
	return 0;
}
