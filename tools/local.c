/* mesos-local: a master and its agents on this machine, as long as this program runs. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "lib/flags.h"
#include "lib/fs.h"
#include "lib/log.h"
#include "lib/runtime.h"
#include "lib/timer.h"
#include "tools/local-ready.h"
#include "tools/local.h"

#define STEP_NS  (50 * NSEC_PER_MSEC) /* between two looks whether something is there yet */
#define ASK_NS   (2 * NSEC_PER_SEC)
#define START_NS (30 * NSEC_PER_SEC) /* until all is up */
#define STOP_NS  (15 * NSEC_PER_SEC) /* from SIGTERM to SIGKILL */

static void arm(struct local *l, sd_event_source **timer, int64_t ns, sd_event_time_handler_t fn)
{
	timer_set(l->loop, timer, ns, fn, l);
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
			complain("%s has not ended yet: killing it", l->children[i].name);
		child_kill(&l->children[i]);
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
		child_end(&l->children[0]);
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
	l->ready = sd_event_source_disable_unref(l->ready);
	query_free(take_ptr(l->query));
	arm(l, &l->deadline, STOP_NS, on_stop_deadline);
	for (size_t i = 1; i < l->count; i++)
		child_end(&l->children[i]);
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

static int start(struct local *l, size_t i, struct error *e)
{
	struct child *c = &l->children[i];
	struct args args = { 0 };
	int r;

	local_args(l, i, &args);
	r = child_start(c, &args, e);
	args_fini(&args);
	if (r)
		return r;
	l->started++;
	r = sd_event_add_child(l->loop, &c->exit, c->pid, WEXITED, on_exit_of_child, l);
	return r < 0 ? error_set(e, -r, "watch %s: %s", c->name, strerror(-r)) : 0;
}

static void on_up(struct local *l)
{
	l->up = true;
	l->deadline = sd_event_source_disable_unref(l->deadline);
	local_announce(l);
}

static void step(struct local *l);

static int on_step(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	step(arg);
	return 0;
}

static void on_status(void *owner, enum query_end end unused, struct message *answer,
		      const char *why unused)
{
	struct local *l = owner;
	const struct answer_status *status = answer ? answer->body : NULL;
	bool registered = answer && answer->type == ANSWER_STATUS && status->registered;

	l->query = NULL;
	if (registered)
		replace_str(&l->children[l->asked++].address, status->address);
	arm(l, &l->step, registered ? 0 : STEP_NS, on_step);
}

static int on_ready(sd_event_source *source unused, int fd, uint32_t events unused, void *arg)
{
	struct local *l = arg;

	if (ready_heard(fd, l->children[0].pid)) {
		l->ready = sd_event_source_disable_unref(l->ready);
		l->asked = 1;
		arm(l, &l->step, 0, on_step);
	}
	return 0;
}

static int ask_agent(struct local *l, struct error *e)
{
	autofree char *dir = local_runtime_dir(l, l->asked);
	autofree char *socket = path_join(dir, AGENT_SOCKET_NAME);

	return query_new(l->loop, l->streams, socket, QUERY_STATUS, NULL, ASK_NS, on_status, l,
			 &l->query, e);
}

/* The master first; once it is ready, the agents; once each has registered, all is up. */
static void step(struct local *l)
{
	struct error e;
	int r = 0;

	if (!l->started)
		r = start(l, 0, &e);
	for (size_t i = l->started; i < l->count && l->asked && !r; i++)
		r = start(l, i, &e);
	if (!r && l->asked && l->asked < l->count)
		r = ask_agent(l, &e);
	else if (!r && l->asked)
		on_up(l);
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
	r = ready_listen(l->loop, on_ready, l, &l->ready, e);
	return r ? r : streams_new(l->loop, NULL, NULL, &l->streams, e);
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
	sd_event_source_disable_unref(l->ready);
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
		.name = LOCAL_PROGRAM,
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
	if (local_setup(&l, &e)) {
		clean_up(&l);
		flags_fail(&program, &e);
	}
	if (run(&l, &e)) {
		complain("%s", e.text);
		l.status = STATUS_FAILED;
	}
	clean_up(&l);
	local_fini(&l);
	return (int)l.status;
}
