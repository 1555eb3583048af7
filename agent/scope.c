/*
 * The scope is made with the keeper in it, or, when tasks of an agent before us hold it, the keeper
 * is put there.
 */
#include "agent/scope.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>

#include "agent/container/cgroups.h"
#include "lib/cgroup.h"
#include "lib/fs.h"
#include "lib/log.h"
#include "lib/manager.h"
#include "lib/timer.h"

#define SYSTEMD      "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define MANAGER      SYSTEMD ".Manager"

#define CALL_TIMEOUT_NS (5 * NSEC_PER_SEC)
/* For systemd to move the keeper, after it has said that it will. */
#define MOVE_TIMEOUT_NS (10 * NSEC_PER_SEC)
#define MOVE_PAUSE_NS   (2 * NSEC_PER_MSEC)
/* A scope may become empty, and be removed, just when we find it. */
#define TRIES_MAX      20
#define RETRY_PAUSE_NS (50 * NSEC_PER_MSEC)
/* For a start, when systemd is busy, or stops the scope that is there. */
#define PATIENCE_NS (60 * NSEC_PER_SEC)
/*
 * A keeper that was killed, by an operator or for want of memory, is replaced after this; what
 * could not be kept then is tried again as often.
 */
#define RENEW_NS (1 * NSEC_PER_SEC)

struct scope {
	struct container_node *node;
	char *unit;  /* "mesos-agent.service"; NULL, as name: systemd has no part in it */
	char *name;  /* "mesos-agent.scope" */
	char *path;  /* node->cgroups */
	int lock;    /* in path: no second agent kills what it does not know there */
	ino_t inode; /* of path, as it was locked */
	int leash;   /* the keeper ends when this is closed */
	sd_event_source *child, *timer;
	struct work job; /* a new keeper goes into the scope */
	bool placing;    /* the job is under way */
	bool kept;       /* the keeper is in the scope */
	bool told;       /* that it is not */
	pid_t keeper;    /* for the job */
	int outcome;
	struct error error;
};

/* ---- systemd ---- */

static int bus_error(struct error *e, int r, const sd_bus_error *why, const char *what)
{
	return error_set(e, -r, "%s: %s", what, why->message ? why->message : strerror(-r));
}

/* That of whoever runs us: a user's own systemd has a bus of its own. */
static int connect_bus(sd_bus **ret, struct error *e)
{
	int r = geteuid() ? sd_bus_open_user(ret) : sd_bus_open_system(ret);

	if (r >= 0)
		r = sd_bus_set_method_call_timeout(*ret, CALL_TIMEOUT_NS / NSEC_PER_USEC);
	return r < 0 ? error_set(e, -r, "connect to the bus of systemd: %s", strerror(-r)) : 0;
}

/*
 * At shutdown systemd stops in reverse order: the agent (Before=), its tasks, then the disks that
 * these write to (After=). TasksMax= would count all tasks of a node together.
 */
static int describe(sd_bus_message *m, const struct scope *s)
{
	int r = sd_bus_message_append(m, "ss", s->name, "fail");

	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sv)");
	if (r >= 0)
		r = sd_bus_message_append(m, "(sv)(sv)(sv)(sv)(sv)(sv)(sv)(sv)", "Description", "s",
					  "Tasks of a Mesos agent", "Slice", "s", TASKS_SLICE,
					  "Delegate", "b", 1, "CollectMode", "s",
					  "inactive-or-failed", "TasksMax", "t", UINT64_MAX,
					  "Before", "as", 1, s->unit, "After", "as", 2,
					  "local-fs.target", "remote-fs.target", "PIDs", "au", 1,
					  (uint32_t)s->keeper);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_append(m, "a(sa(sv))", 0);
}

/* -EEXIST: there is one of this name. */
static int start_scope(sd_bus *bus, const struct scope *s, struct error *e)
{
	sd_bus_error why = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(bus, &m, SYSTEMD, SYSTEMD_PATH, MANAGER,
					       "StartTransientUnit");

	if (r >= 0)
		r = describe(m, s);
	if (r >= 0)
		r = sd_bus_call(bus, m, 0, &why, NULL);
	if (r < 0 && sd_bus_error_has_name(&why, SYSTEMD ".UnitExists"))
		r = error_set(e, EEXIST, "start %s: it is there", s->name);
	else if (r < 0)
		r = bus_error(e, r, &why, "ask systemd to start a scope");
	sd_bus_error_free(&why);
	sd_bus_message_unref(m);
	return MIN(r, 0);
}

/* A property of our scope, which the caller frees. */
static int get_property(sd_bus *bus, const struct scope *s, const char *interface, const char *name,
			char **ret, struct error *e)
{
	sd_bus_error why = SD_BUS_ERROR_NULL;
	autofree char *path = NULL;
	int r = sd_bus_path_encode(SYSTEMD_PATH "/unit", s->name, &path);

	if (r >= 0)
		r = sd_bus_get_property_string(bus, SYSTEMD, path, interface, name, &why, ret);
	if (r < 0)
		r = bus_error(e, r, &why, "ask systemd for the scope");
	sd_bus_error_free(&why);
	return MIN(r, 0);
}

/* ---- the keeper goes in ---- */

static char *await_move(const struct scope *s)
{
	struct timespec pause = { .tv_nsec = MOVE_PAUSE_NS };
	int64_t until = now_ns() + MOVE_TIMEOUT_NS;

	while (now_ns() < until) {
		char *path = cgroup_of(s->keeper);
		const char *slash = path ? strrchr(path, '/') : NULL;

		if (slash && !strcmp(slash + 1, s->name))
			return path;
		free(path);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Only what has processes nowhere but in its leaves can hand controllers to them: cgroups(7). */
static int place_keeper(const struct scope *s, const char *path, struct error *e)
{
	autofree char *leaf = path_join(path, CGROUP_KEEPER);

	if (cgroup_make(leaf, e))
		return -e->code;
	return cgroup_move(leaf, s->keeper, e);
}

/* A new one. *ret is its cgroup. */
static int make(sd_bus *bus, const struct scope *s, char **ret, struct error *e)
{
	autofree char *path = NULL;

	if (start_scope(bus, s, e))
		return -e->code;
	path = await_move(s);
	if (!path)
		return error_set(e, ETIMEDOUT, "systemd does not start %s", s->name);
	if (place_keeper(s, path, e))
		return -e->code;
	*ret = take_ptr(path);
	return 0;
}

static bool is_active(sd_bus *bus, const struct scope *s)
{
	autofree char *state = NULL;
	struct error e;

	return !get_property(bus, s, SYSTEMD ".Unit", "ActiveState", &state, &e) && state &&
	       !strcmp(state, "active");
}

/* The one that is there, as long as it is: -EAGAIN if it is on its way out. */
static int join(sd_bus *bus, const struct scope *s, char **ret, struct error *e)
{
	autofree char *group = NULL, *path = NULL;

	if (!is_active(bus, s))
		return error_set(e, EAGAIN, "%s is being stopped", s->name);
	if (get_property(bus, s, SYSTEMD ".Scope", "ControlGroup", &group, e))
		return -e->code;
	path = xasprintf("%s%s", CGROUP_MOUNT, group);
	if (group && *group && place_keeper(s, path, e))
		return error_set(e, EAGAIN, "%s: its cgroup cannot be entered", s->name);
	if (!group || !*group || !is_active(bus, s))
		return error_set(e, EAGAIN, "%s was stopped meanwhile", s->name);
	*ret = take_ptr(path);
	return 0;
}

static int make_or_join(sd_bus *bus, const struct scope *s, char **ret, struct error *e)
{
	int r = make(bus, s, ret, e);

	return r == -EEXIST ? join(bus, s, ret, e) : r;
}

/* On whichever thread; *ret is the cgroup of the scope. */
static int keep(const struct scope *s, char **ret, struct error *e)
{
	const struct timespec pause = { .tv_nsec = RETRY_PAUSE_NS };
	cleanup(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	int r;

	if (connect_bus(&bus, e))
		return -e->code;
	r = make_or_join(bus, s, ret, e);
	for (int tries = 1; r == -EAGAIN && tries < TRIES_MAX; tries++) {
		nanosleep(&pause, NULL);
		r = make_or_join(bus, s, ret, e);
	}
	return r;
}

/* Without a scope tasks would be beside the agent for all of its life. */
static int keep_patiently(const struct scope *s, char **ret, struct error *e)
{
	int64_t until = now_ns() + PATIENCE_NS;
	int r = keep(s, ret, e);

	while ((r == -EAGAIN || r == -ETIMEDOUT) && now_ns() < until) {
		manager_status("Starting; %s", e->text);
		r = keep(s, ret, e);
	}
	return r;
}

/* ---- the keeper ---- */

static int spawn(const char *program, int input, pid_t *ret)
{
	char *argv[] = { (char[]){ "mesos-executor" }, (char[]){ "--keep" }, NULL };
	char *env[] = { NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	int r;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	r = posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
	if (!r)
		r = posix_spawn(ret, program, &files, &attributes, argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

static int on_keeper_gone(sd_event_source *source, const siginfo_t *si, void *arg);

/* It ends as soon as nobody has the other end of its standard input: when we do, however we end. */
static int start_keeper(struct scope *s, struct error *e)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(e, "make a pipe");
	r = spawn(s->node->executor_path, ends[0], &s->keeper);
	close(ends[0]);
	close_fd(&s->leash);
	s->leash = ends[1];
	if (r)
		return error_set(e, r, "start %s: %s", s->node->executor_path, strerror(r));
	r = sd_event_add_child(s->node->loop, &s->child, s->keeper, WEXITED, on_keeper_gone, s);
	if (r < 0) {
		kill(s->keeper, SIGKILL);
		waitpid(s->keeper, NULL, 0);
		return error_set(e, -r, "watch the keeper: %s", strerror(-r));
	}
	s->node->keeper = s->keeper;
	return 0;
}

/*
 * Whoever can open what is locked can lock it too, and so keep the next agent out: of all that is
 * there only this file is closed to tasks of other users. A user who was given a cgroup of root
 * does not own it; his tasks, which are he himself, could do worse to the agent. The root of all
 * cgroups has no such file, nor have kernels before Linux 5.14.
 */
static int open_lock(const char *path)
{
	autofree char *file = path_join(path, "cgroup.kill");
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	return fd < 0 && (errno == EACCES || errno == ENOENT)
		       ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		       : fd;
}

/* The kernel forgets it when we end. A scope that was made again has other files. */
static int take(struct scope *s, struct error *e)
{
	struct stat st;

	close_fd(&s->lock);
	s->inode = 0;
	if (stat(s->path, &st))
		return error_sys(e, "look at %s", s->path);
	s->lock = open_lock(s->path);
	if (s->lock < 0)
		return error_sys(e, "open %s", s->path);
	if (flock(s->lock, LOCK_EX | LOCK_NB))
		return error_set(e, EBUSY, "%s is in use by another agent", s->path);
	s->inode = st.st_ino;
	s->node->cgroups = s->path;
	return 0;
}

int scope_check(struct scope *s, struct error *e)
{
	struct stat st;

	if (!s->node->cgroups)
		return 0;
	if (s->name && !s->kept)
		return error_set(e, EAGAIN, "scope %s, in which tasks are, is not kept", s->name);
	if (!stat(s->path, &st) && st.st_ino == s->inode)
		return 0;
	return take(s, e) ? error_wrap(e, "the cgroup of the tasks") : 0;
}

/* ---- another keeper ---- */

static int on_renew(sd_event_source *source, uint64_t usec, void *arg);

static void try_again(struct scope *s, const struct error *why)
{
	if (!s->told)
		log_error("scope %s: cannot be kept, and goes with its last task: %s; it is tried "
			  "again each second",
			  s->name, why->text);
	s->told = true;
	timer_set(s->node->loop, &s->timer, RENEW_NS, on_renew, s);
}

static void run(struct work *job)
{
	struct scope *s = container_of(job, struct scope, job);
	autofree char *path = NULL;

	s->outcome = keep(s, &path, &s->error);
}

static void done(struct work *job)
{
	struct scope *s = container_of(job, struct scope, job);

	s->placing = false;
	if (!s->node->keeper) { /* killed meanwhile */
		timer_set(s->node->loop, &s->timer, RENEW_NS, on_renew, s);
	} else if (s->outcome || take(s, &s->error)) {
		try_again(s, &s->error);
	} else {
		s->kept = true;
		s->told = false;
		log_info("scope %s: is kept again", s->name);
	}
}

static int on_renew(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct scope *s = arg;
	struct error e;

	if (s->placing) /* done() looks who lives */
		return 0;
	if (!s->node->keeper && start_keeper(s, &e)) {
		try_again(s, &e);
		return 0;
	}
	s->placing = true;
	s->job = (struct work){ .run = run, .done = done };
	work_submit(s->node->pool, &s->job);
	return 0;
}

/* With the last process of it the scope goes, and with it the cgroups. */
static int on_keeper_gone(sd_event_source *source unused, const siginfo_t *si unused, void *arg)
{
	struct scope *s = arg;

	s->child = sd_event_source_disable_unref(s->child);
	s->node->keeper = 0;
	s->kept = false;
	if (s->leash < 0)
		return 0;
	log_warning("scope %s: its keeper was killed, another is started", s->name);
	timer_set(s->node->loop, &s->timer, RENEW_NS, on_renew, s);
	return 0;
}

/* ---- begin and end ---- */

/*
 * "mesos-agent.service" if systemd started this very process for it; the caller frees. What began
 * as a service may have moved itself to a scope, as systemd-run --scope does.
 */
static char *own_service(void)
{
	const char *pid = getenv("SYSTEMD_EXEC_PID");
	autofree char *unit = NULL;

	if (!pid || strtol(pid, NULL, 10) != getpid())
		return NULL;
	if (geteuid() ? sd_pid_get_user_unit(0, &unit) : sd_pid_get_unit(0, &unit))
		return NULL;
	return str_equal(strrchr(unit, '.'), ".service") ? take_ptr(unit) : NULL;
}

static int use_root(struct scope *s, const char *root, struct error *e)
{
	if (*root != '/' || !cgroup_is(root))
		return error_set(
			e, EINVAL,
			"--cgroups_root: %s is no directory of cgroup v2: choose one that is "
			"delegated to the agent, by its absolute path",
			root);
	s->path = xstrdup(root);
	return take(s, e) ? error_wrap(e, "--cgroups_root") : 0;
}

static int use_systemd(struct scope *s, struct error *e)
{
	const char *suffix = strrchr(s->unit, '.');

	assert(suffix);
	if (!cgroup_is(CGROUP_MOUNT))
		return error_set(e, ENOTSUP, "%s is not cgroup v2", CGROUP_MOUNT);
	s->name = xasprintf("%.*s.scope", (int)(suffix - s->unit), s->unit);
	if (start_keeper(s, e) || keep_patiently(s, &s->path, e) || take(s, e))
		return -e->code;
	s->kept = true;
	return 0;
}

/* Tasks run all the same, beside us. The keeper is let go. */
static void go_without(struct scope *s, const struct error *why)
{
	log_warning("tasks stay in the cgroup of the agent: %s", why->text);
	close_fd(&s->leash);
}

int scope_new(struct container_node *node, const char *root, struct scope **ret, struct error *e)
{
	struct scope *s = xcalloc(1, sizeof(*s));
	struct error why;

	s->node = node;
	s->lock = s->leash = -EBADF;
	s->unit = root ? NULL : own_service();
	if (root && use_root(s, root, e)) {
		scope_free(s);
		return -e->code;
	}
	if (!root && !s->unit)
		log_info("tasks stay in the cgroup of the agent: it is no service of systemd");
	if (s->unit && use_systemd(s, &why))
		go_without(s, &why);
	if (node->cgroups)
		log_info("tasks have their cgroups in %s", node->cgroups);
	*ret = s;
	return 0;
}

void scope_free(struct scope *s)
{
	if (!s)
		return;
	sd_event_source_disable_unref(s->child);
	sd_event_source_disable_unref(s->timer);
	close_fd(&s->leash);
	close_fd(&s->lock);
	free(s->unit);
	free(s->name);
	free(s->path);
	free(s);
}
