/* mesos-local: a master and its agents on this machine, as long as this program runs. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/dial.h"
#include "lib/flags.h"
#include "lib/fs.h"
#include "lib/log.h"
#include "lib/runtime.h"
#include "tools/local-child.h"
#include "tools/query.h"

#include "lib/schema-structs.h"
#include "tools/local-flags.def"
#include "lib/schema-end.h"
#include "lib/schema-tables.h"
#include "tools/local-flags.def"
#include "lib/schema-end.h"

#define PROGRAM    "mesos-local"
#define AGENTS_MAX 100
#define STEP_NS    (50 * NSEC_PER_MSEC) /* between two looks whether something is there yet */
#define ASK_NS     (2 * NSEC_PER_SEC)
#define START_NS   (30 * NSEC_PER_SEC) /* until all is up */
#define STOP_NS    (15 * NSEC_PER_SEC) /* from SIGTERM to SIGKILL */

#define complain(fmt, ...) fprintf(stderr, PROGRAM ": " fmt "\n", __VA_ARGS__)

enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2, /* also when a daemon finds what it was given unusable */
};

struct local {
	struct local_flags flags;
	sd_event *loop;
	struct streams *streams;
	sd_event_source *step, *deadline;
	char *bin_dir, *work_dir;
	char *master;           /* its address */
	bool temporary;         /* work_dir */
	struct child *children; /* the master, then the agents */
	size_t count, started;
	size_t asked; /* the child whose answer is awaited; those before it are up */
	struct dial *dial;
	struct query *query;
	bool up, stopping;
	enum status status;
};

static void arm(struct local *l, sd_event_source **timer, int64_t ns, sd_event_time_handler_t fn)
{
	int r;

	*timer = sd_event_source_disable_unref(*timer);
	r = sd_event_add_time_relative(l->loop, timer, CLOCK_MONOTONIC,
				       (uint64_t)(ns / NSEC_PER_USEC), 1, fn, l);
	if (r < 0)
		log_warning("timer: cannot be set: %s", strerror(-r));
}

/* ---- ending ---- */

static size_t alive(const struct local *l, size_t first)
{
	size_t n = 0;

	for (size_t i = first; i < l->count; i++)
		n += l->children[i].pid != 0;
	return n;
}

static void kill_all(struct local *l)
{
	for (size_t i = 0; i < l->count; i++) {
		if (l->children[i].pid)
			complain("%s does not end: killing it", l->children[i].name);
		child_signal(&l->children[i], SIGKILL);
	}
}

static int on_stop_deadline(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	kill_all(arg);
	return 0;
}

/* The agents first: what they have to tell the master still gets there. */
static void stop_further(struct local *l)
{
	if (!alive(l, 1))
		child_signal(&l->children[0], SIGTERM);
	if (!alive(l, 0))
		sd_event_exit(l->loop, 0);
}

static void stop(struct local *l, enum status status)
{
	if (l->stopping)
		return;
	l->stopping = true;
	l->status = status;
	l->step = sd_event_source_disable_unref(l->step);
	dial_free(take_ptr(l->dial));
	query_free(take_ptr(l->query));
	arm(l, &l->deadline, STOP_NS, on_stop_deadline);
	for (size_t i = 1; i < l->count; i++)
		child_signal(&l->children[i], SIGTERM);
	stop_further(l);
}

static void fail(struct local *l, const struct error *e)
{
	complain("%s", e->text);
	stop(l, STATUS_FAILED);
}

static int on_signal(sd_event_source *source unused, const struct signalfd_siginfo *si unused,
		     void *arg)
{
	struct local *l = arg;

	if (l->stopping)
		kill_all(l);
	stop(l, STATUS_OK);
	return 0;
}

static struct child *child_of(struct local *l, pid_t pid)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->children[i].pid == pid)
			return &l->children[i];
	assert(!"a child of ours");
	return NULL;
}

static int on_exit_of_child(sd_event_source *source unused, const siginfo_t *si, void *arg)
{
	struct local *l = arg;
	struct child *c = child_of(l, si->si_pid);
	bool refused = !l->up && si->si_code == CLD_EXITED && si->si_status == STATUS_USAGE;

	c->pid = 0;
	c->exit = sd_event_source_disable_unref(c->exit);
	if (l->stopping) {
		stop_further(l);
		return 0;
	}
	if (si->si_code == CLD_EXITED)
		complain("%s has ended with status %d; the end of its log:", c->name,
			 si->si_status);
	else
		complain("%s was ended by signal %d (%s); the end of its log:", c->name,
			 si->si_status, strsignal(si->si_status));
	child_show_log(c);
	stop(l, refused ? STATUS_USAGE : STATUS_FAILED);
	return 0;
}

/* ---- starting ---- */

static int start(struct local *l, struct child *c, const struct args *args, struct error *e)
{
	int r = child_start(c, args, e);

	if (r)
		return r;
	l->started++;
	r = sd_event_add_child(l->loop, &c->exit, c->pid, WEXITED, on_exit_of_child, l);
	return r < 0 ? error_set(e, -r, "watch %s: %s", c->name, strerror(-r)) : 0;
}

static int start_master(struct local *l, struct error *e)
{
	struct args args = { 0 };
	int r;

	args_add(&args, "%s/mesos-master", l->bin_dir);
	args_add(&args, "--ip=%s", l->flags.ip);
	args_add(&args, "--port=%llu", (unsigned long long)l->flags.port);
	args_add(&args, "--work_dir=%s/master", l->work_dir);
	if (l->flags.logging_level)
		args_add(&args, "--logging_level=%s", l->flags.logging_level);
	r = start(l, &l->children[0], &args, e);
	args_fini(&args);
	return r;
}

/* What was given for the agents, in its text form; their defaults stay theirs. */
static void pass_on(const struct local *l, struct args *args)
{
	for (const struct field *n = local_agent_flags_schema()->fields; n->name; n++) {
		const struct field *f = schema_field(local_flags_schema(), n->name);
		autobuf struct buf value = { 0 };

		if (!f->kind->present(f, &l->flags))
			continue;
		f->kind->print(f, &l->flags, &value);
		args_add(args, "--%s=%s", f->name, buf_text(&value));
	}
	if (l->flags.logging_level)
		args_add(args, "--logging_level=%s", l->flags.logging_level);
}

static char *runtime_dir(const struct local *l, size_t child)
{
	return xasprintf("%s/run%zu", l->work_dir, child - 1);
}

static int start_agent(struct local *l, size_t i, struct error *e)
{
	autofree char *dir = runtime_dir(l, i);
	struct args args = { 0 };
	int r;

	args_add(&args, "%s/mesos-agent", l->bin_dir);
	args_add(&args, "--master=%s", l->master);
	args_add(&args, "--ip=%s", l->flags.ip);
	args_add(&args, "--port=%llu", (unsigned long long)(l->flags.port + i));
	args_add(&args, "--work_dir=%s/%s", l->work_dir, l->children[i].name);
	args_add(&args, "--runtime_dir=%s", dir);
	pass_on(l, &args);
	r = start(l, &l->children[i], &args, e);
	args_fini(&args);
	return r;
}

/* ---- telling ---- */

/* "" where the shell finds our programs by their names. */
static char *shown_bin_dir(const struct local *l)
{
	const char *path = getenv("PATH");
	autofree char *list = xasprintf(":%s:", path ? path : "");
	autofree char *entry = xasprintf(":%s:", l->bin_dir);

	return strstr(list, entry) ? xstrdup("") : xasprintf("%s/", l->bin_dir);
}

static void announce(struct local *l)
{
	autofree char *bin = shown_bin_dir(l), *dir = runtime_dir(l, 1);

	l->up = true;
	l->deadline = sd_event_source_disable_unref(l->deadline);
	printf("%zu agent%s up, everything is in %s. Ctrl-C ends it.\n\n", l->count - 1,
	       l->count == 2 ? " is" : "s are", l->work_dir);
	for (size_t i = 0; i < l->count; i++)
		printf("  %-8s http://%s  log: %s\n", l->children[i].name, l->children[i].address,
		       l->children[i].log);
	printf("\nTry next, in another terminal:\n\n"
	       "  %smesos-execute --master=%s --name=hello --resources=\"cpus:0.1;mem:64;disk:64\" "
	       "--command=\"echo hello; sleep 60\"\n"
	       "  %smesos-agentctl --runtime_dir=%s quota show\n"
	       "  curl http://%s/metrics/snapshot\n",
	       bin, l->master, bin, dir, l->children[1].address);
	fflush(stdout);
}

static void step(struct local *l);

static int on_step(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	step(arg);
	return 0;
}

static void on_status(void *owner, const struct message *answer, const char *why unused)
{
	struct local *l = owner;
	const struct answer_status *status = answer ? answer->body : NULL;
	bool registered = answer && answer->type == ANSWER_STATUS && status->registered;

	l->query = NULL;
	if (registered)
		replace_str(&l->children[l->asked++].address, status->address);
	arm(l, &l->step, registered ? 0 : STEP_NS, on_step);
}

static void on_dialled(void *arg, int fd, const char *why unused)
{
	struct local *l = arg;

	dial_free(take_ptr(l->dial));
	if (fd >= 0) {
		close(fd);
		l->asked = 1;
	}
	arm(l, &l->step, fd >= 0 ? 0 : STEP_NS, on_step);
}

static int ask_agent(struct local *l, struct error *e)
{
	autofree char *dir = runtime_dir(l, l->asked);
	autofree char *socket = path_join(dir, AGENT_SOCKET_NAME);

	return query_new(l->loop, l->streams, socket, QUERY_STATUS, ASK_NS, on_status, l, &l->query,
			 e);
}

/* The master first; once it listens, the agents; once each has registered, all is up. */
static void step(struct local *l)
{
	struct error e;
	int r = 0;

	if (!l->started)
		r = start_master(l, &e);
	for (size_t i = l->started; i < l->count && l->asked && !r; i++)
		r = start_agent(l, i, &e);
	if (!r && !l->asked)
		r = dial_new(l->loop, NULL, l->master, ASK_NS, on_dialled, l, &l->dial, &e);
	else if (!r && l->asked < l->count)
		r = ask_agent(l, &e);
	else if (!r)
		announce(l);
	if (r < 0)
		fail(l, &e);
}

static int on_start_deadline(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	struct local *l = arg;

	complain("%s is not up after %d seconds; the end of its log:", l->children[l->asked].name,
		 (int)(START_NS / NSEC_PER_SEC));
	child_show_log(&l->children[l->asked]);
	stop(l, STATUS_FAILED);
	return 0;
}

/* ---- what is needed first ---- */

static int check_flags(struct local *l, struct error *e)
{
	unsigned char ip[sizeof(struct in6_addr)];
	bool v6 = inet_pton(AF_INET6, l->flags.ip, ip) == 1;

	if (!v6 && inet_pton(AF_INET, l->flags.ip, ip) != 1)
		return error_set(e, EINVAL, "--ip: '%s' is no IPv4 or IPv6 address", l->flags.ip);
	if (!l->flags.num_agents || l->flags.num_agents > AGENTS_MAX)
		return error_set(e, EINVAL, "--num_agents: must be 1 to %d", AGENTS_MAX);
	if (!l->flags.port || l->flags.port > UINT16_MAX - l->flags.num_agents)
		return error_set(e, EINVAL,
				 "--port: must be 1 to %llu, for the agents come after it",
				 (unsigned long long)(UINT16_MAX - l->flags.num_agents));
	l->master = xasprintf(v6 ? "[%s]:%llu" : "%s:%llu", l->flags.ip,
			      (unsigned long long)l->flags.port);
	return 0;
}

static int find_programs(struct local *l, struct error *e)
{
	autofree char *exe = realpath("/proc/self/exe", NULL);

	if (!exe)
		return error_sys(e, "/proc/self/exe");
	l->bin_dir = xstrdup(dirname(exe));
	if (!l->flags.launcher_dir) {
		autofree char *beside = path_join(l->bin_dir, "../libexec/mesos");

		l->flags.launcher_dir = realpath(beside, NULL);
	}
	return 0;
}

/* Tasks of other users must be able to reach their sandboxes in it. */
static int make_temporary(char **ret, struct error *e)
{
	const char *base = getenv("TMPDIR");
	autofree char *dir = path_join(base && *base ? base : "/tmp", "mesos-local-XXXXXX");

	if (!mkdtemp(dir) || chmod(dir, 0755))
		return error_sys(e, "create %s", dir);
	*ret = realpath(dir, NULL);
	return *ret ? 0 : error_sys(e, "%s", dir);
}

static int make_work_dir(struct local *l, struct error *e)
{
	struct sockaddr_un un;
	autofree char *dir = NULL, *socket = NULL;
	int r;

	if (l->flags.work_dir) {
		r = fs_mkdirs(l->flags.work_dir, 0755, e);
		if (r)
			return r;
		l->work_dir = realpath(l->flags.work_dir, NULL);
		if (!l->work_dir)
			return error_sys(e, "%s", l->flags.work_dir);
	} else {
		r = make_temporary(&l->work_dir, e);
		if (r)
			return r;
		l->temporary = true;
	}
	dir = runtime_dir(l, l->flags.num_agents);
	socket = path_join(dir, EXECUTOR_SOCKET_NAME);
	if (strlen(socket) >= sizeof(un.sun_path))
		return error_set(e, EINVAL, "--work_dir: %s is too long for the sockets below it",
				 l->work_dir);
	return 0;
}

static void name_children(struct local *l)
{
	l->count = l->flags.num_agents + 1;
	l->children = xcalloc(l->count, sizeof(*l->children));
	for (size_t i = 0; i < l->count; i++) {
		struct child *c = &l->children[i];

		c->name = i ? xasprintf("agent%zu", i - 1) : xstrdup("master");
		c->log = xasprintf("%s/%s.log", l->work_dir, c->name);
	}
	l->children[0].address = xstrdup(l->master);
}

/* Children are watched through SIGCHLD, which must be blocked: sd_event_add_child(3). */
static int make_loop(struct local *l, struct error *e)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t set;
	int r = sd_event_new(&l->loop);

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(signals) && r >= 0; i++)
		r = sd_event_add_signal(l->loop, NULL, signals[i] | SD_EVENT_SIGNAL_PROCMASK,
					on_signal, l);
	if (r < 0)
		return error_set(e, -r, "event loop: %s", strerror(-r));
	return streams_new(l->loop, NULL, NULL, &l->streams, e);
}

static int run(struct local *l, struct error *e)
{
	int r = make_loop(l, e);

	if (r)
		return r;
	arm(l, &l->deadline, START_NS, on_start_deadline);
	arm(l, &l->step, 0, on_step);
	r = sd_event_loop(l->loop);
	return r < 0 ? error_set(e, -r, "event loop: %s", strerror(-r)) : 0;
}

/* A cluster that failed when it was up leaves its logs. */
static void clean_up(struct local *l)
{
	struct error e;

	if (l->temporary && l->up && l->status)
		complain("everything is left in %s", l->work_dir);
	else if (l->temporary && fs_remove_tree(AT_FDCWD, l->work_dir, &e))
		complain("%s", e.text);
}

static void local_fini(struct local *l)
{
	for (size_t i = 0; i < l->count; i++)
		child_fini(&l->children[i]);
	free(l->children);
	sd_event_source_disable_unref(l->step);
	sd_event_source_disable_unref(l->deadline);
	streams_free(l->streams);
	sd_event_unref(l->loop);
	free(l->bin_dir);
	free(l->work_dir);
	free(l->master);
	schema_clear(local_flags_schema(), &l->flags);
}

int main(int argc, char **argv)
{
	const struct flags_program program = {
		.name = PROGRAM,
		.summary = "Runs a master and agents on this machine until Ctrl-C, to try things "
			   "out. What else\nthe environment says with MESOS_ reaches them too.",
		.env_prefix = "MESOS_",
		.schema = local_flags_schema(),
	};
	struct local l = { .status = STATUS_OK };
	struct error e;

	child_become(argc, argv);
	log_set_level(LOG_LEVEL_ERROR); /* agents that do not listen yet are no news */
	flags_load_or_exit(&program, argc, argv, &l.flags, NULL);
	if (check_flags(&l, &e) || find_programs(&l, &e))
		flags_fail(&program, &e);
	if (make_work_dir(&l, &e)) {
		clean_up(&l);
		flags_fail(&program, &e);
	}
	name_children(&l);
	if (run(&l, &e)) {
		complain("%s", e.text);
		l.status = STATUS_FAILED;
	}
	clean_up(&l);
	local_fini(&l);
	return (int)l.status;
}
