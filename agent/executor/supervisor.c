/*
 * One poll(2) over the agent, the signals and the child's report. What happens moves the
 * container on through its phases; ending it early only changes when the killing begins.
 */
#include "agent/executor/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "agent/executor/announce.h"
#include "agent/executor/init.h"
#include "agent/executor/contact.h"
#include "lib/cgroup.h"
#include "lib/tree.h"
#include "lib/units.h"

/*
 * What SIGKILL hit needs time to die; what escaped it by a fork must not get much. While
 * nothing dies (a process hangs in the kernel, say) the pause doubles.
 */
#define KILL_AGAIN_NS     (10 * NSEC_PER_MSEC)
#define KILL_AGAIN_MAX_NS (1 * NSEC_PER_SEC)
/*
 * When all that is left is another user's by now, and who is not root may not kill that. The
 * agent takes a supervisor for hung that needs longer than ten seconds.
 */
#define DENIED_NS (5 * NSEC_PER_SEC)

enum phase {
	PHASE_HELD,     /* at the gate; FORKED follows the agent's HELLO, START opens */
	PHASE_STARTING, /* on its way to exec */
	PHASE_RUNNING,
	PHASE_ENDED, /* its first process is reaped, others are being killed */
	PHASE_OVER,  /* nothing that can be killed is alive, and that is among the facts */
};

struct supervisor {
	const struct launch_plan *plan;
	struct contact contact;
	struct init init;
	struct tree tree;
	int proc;    /* /proc */
	int signals; /* signalfd(2) */
	enum phase phase;
	bool asked;      /* SIGTERM was sent */
	int status;      /* of the first process, from PHASE_ENDED on */
	int64_t kill_at; /* monotonic; NEVER: it may live */
	int64_t kill_again_ns;
	int64_t denied_since; /* no process was left that can be killed; NEVER: there was one */
	int64_t leave_at;     /* the same, from PHASE_OVER on */
	bool unwanted;        /* the agent does not know it, and nothing of it has run */
};

static int64_t after(int64_t now, int64_t delay_ns)
{
	return delay_ns < NEVER - now ? now + delay_ns : NEVER;
}

/* ---- the end, early or not ---- */

/* The first request to end sends SIGTERM; a later one can only bring SIGKILL forward. */
static void end_tree(struct supervisor *s, int64_t grace_ns)
{
	int64_t at = after(now_ns(), grace_ns);

	if (s->phase >= PHASE_ENDED)
		return;
	if (!s->asked && grace_ns) {
		s->asked = true;
		tree_signal(&s->tree, SIGTERM);
		tree_signal(&s->tree, SIGCONT); /* one that is stopped cannot end itself */
	}
	s->kill_at = MIN(s->kill_at, at);
}

static void lose_agent(struct supervisor *s, int why, const struct error *e)
{
	int64_t now = now_ns();

	contact_lost(&s->contact, why, e);
	if (s->phase == PHASE_OVER)
		s->leave_at = MIN(s->leave_at, contact_farewell(&s->contact, now));
}

static void give_up(struct supervisor *s)
{
	autobuf struct buf timeout = { 0 };

	duration_print(s->plan->recovery_timeout, &timeout);
	if (s->phase < PHASE_ENDED && s->plan->recovery_timeout)
		dprintf(STDERR_FILENO,
			"mesos-executor: the agent has been gone for %s; ending the container\n",
			buf_text(&timeout));
	end_tree(s, s->plan->grace_period);
}

static void fail(struct supervisor *s, struct error *e)
{
	contact_conclude(&s->contact, SUPERVISOR_FAILED,
			 &(struct container_failed){ .message = e->text });
}

/*
 * The child exec'd, or it says why not: which is how it took the SIGTERM, if it is being ended.
 */
static void learn_outcome(struct supervisor *s)
{
	struct error e;
	int r = init_outcome(&s->init, &e);

	if (r < 0 && s->kill_at == NEVER) {
		fail(s, &e);
	} else if (!r && s->phase == PHASE_STARTING) {
		s->phase = PHASE_RUNNING;
		contact_say(&s->contact, SUPERVISOR_STARTED, NULL);
	}
}

static void first_process_ended(struct supervisor *s, int status)
{
	assert(s->phase < PHASE_ENDED);
	if (s->init.report >= 0)
		learn_outcome(s); /* that comes first, whichever poll(2) saw first */
	s->phase = PHASE_ENDED;
	s->status = status;
	s->kill_at = now_ns();
}

/* `left` of its processes are alive all the same. */
static void all_ended(struct supervisor *s, size_t left)
{
	assert(s->phase == PHASE_ENDED);
	s->phase = PHASE_OVER;
	s->kill_at = NEVER;
	if (!s->contact.concluded) {
		announce_end(s->plan, s->init.pid, s->status);
		contact_conclude(&s->contact, SUPERVISOR_EXITED,
				 &(struct container_exited){
					 .status = s->status,
					 .has_status = true,
					 .left = left,
					 .has_left = left > 0,
					 .gave_up = s->contact.gave_up,
					 .has_gave_up = s->contact.gave_up,
				 });
	}
	s->leave_at = contact_farewell(&s->contact, now_ns());
}

static void reap(struct supervisor *s)
{
	while (s->phase < PHASE_OVER) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid == s->init.pid)
			first_process_ended(s, status);
		else if (pid < 0 && errno == ECHILD)
			all_ended(s, 0);
		else if (pid == 0)
			return;
		else if (pid > 0)
			s->kill_again_ns = KILL_AGAIN_NS;
	}
}

/* ---- killing ---- */

/* Zombies wait for a parent that cannot be killed. */
static bool all_denied(const struct tree *t)
{
	size_t zombies = 0;

	for (size_t i = 0; i < t->count; i++)
		zombies += t->list[i].zombie;
	return t->denied && t->denied + zombies >= t->count;
}

/* Should the first process be among them, then it counts as killed. */
static void leave_the_rest(struct supervisor *s)
{
	autobuf struct buf pids = { 0 };

	if (s->phase < PHASE_ENDED)
		first_process_ended(s, SIGKILL);
	for (size_t i = 0; i < s->tree.count; i++)
		buf_addf(&pids, " %d", s->tree.list[i].pid);
	dprintf(STDERR_FILENO,
		"mesos-executor: left alive, because they changed their user and only root may "
		"kill them:%s\n",
		buf_text(&pids));
	all_ended(s, s->tree.count);
}

static void kill_tree(struct supervisor *s)
{
	int64_t now = now_ns();

	assert(s->phase < PHASE_OVER);
	tree_kill(&s->tree, s->phase < PHASE_ENDED ? s->init.pid : 0);
	s->kill_at = after(now, s->kill_again_ns);
	s->kill_again_ns = MIN(s->kill_again_ns * 2, KILL_AGAIN_MAX_NS);
	s->denied_since = all_denied(&s->tree) ? MIN(s->denied_since, now) : NEVER;
	if (now - s->denied_since >= DENIED_NS)
		leave_the_rest(s);
}

/* ---- what the agent says ---- */

static int on_hello(struct supervisor *s, const struct hello *hello, struct error *e)
{
	if (s->contact.greeted)
		return error_set(e, EPROTO, "hello: it was said before");
	if (hello->protocol_min > PROTOCOL_MAX || hello->protocol_max < PROTOCOL_MIN)
		return error_set(e, EPROTO, "hello: this is protocol %d to %d", PROTOCOL_MIN,
				 PROTOCOL_MAX);
	contact_greeted(&s->contact);
	return 0;
}

/* An agent that is back does not know whether the one before it came to say so. */
static int on_start(struct supervisor *s, struct error *e)
{
	if (!s->contact.greeted)
		return error_set(e, EPROTO, "start: say HELLO first");
	if (s->phase != PHASE_HELD)
		return 0;
	announce_start(s->plan, s->init.pid);
	s->phase = PHASE_STARTING;
	init_open_gate(&s->init);
	return 0;
}

/*
 * Whoever waits at the gate and is not known will never be let through: an agent that was killed
 * had not yet stored that it launched this one, and the next has launched another.
 */
static void on_error(struct supervisor *s, const struct error_message *m)
{
	contact_refused(&s->contact, m->message);
	if (!s->contact.refused || s->phase != PHASE_HELD)
		return;
	s->unwanted = true;
	end_tree(s, 0);
}

static void on_message(struct supervisor *s, const struct message *m)
{
	struct error e = { 0 };
	int r = 0;

	switch ((int)m->type) {
	case COMMON_HELLO: r = on_hello(s, m->body, &e); break;
	case COMMON_ERROR: on_error(s, m->body); break;
	case TO_SUPERVISOR_START: r = on_start(s, &e); break;
	case TO_SUPERVISOR_SIGNAL:
		end_tree(s, ((const struct container_signal *)m->body)->grace_period);
		break;
	default: assert(!"a message of another language");
	}
	if (r)
		link_refuse(&s->contact.link, e.text);
}

/* A line that was begun when the agent went is lost with it; whole ones still count. */
static void on_link(struct supervisor *s, short events)
{
	struct link *link = &s->contact.link;
	struct error e, gone;
	int lost = 0, r;

	if (events & POLLOUT)
		link_flush(link);
	if (events & (POLLIN | POLLHUP | POLLERR))
		lost = link_read(link, &gone);
	for (;;) {
		automessage struct message m = { 0 };

		r = link_next(link, &m, &e);
		if (r != LINK_MESSAGE)
			break;
		on_message(s, &m);
	}
	if (lost || r)
		lose_agent(s, lost ? lost : r, lost ? &gone : &e);
}

/* ---- the loop ---- */

static void on_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		if (s->phase < PHASE_OVER)
			dprintf(STDERR_FILENO,
				"mesos-executor: received %s; ending the container\n",
				strsignal((int)info.ssi_signo));
		end_tree(s, s->plan->grace_period);
	}
	reap(s);
}

static int timeout_ms(const struct supervisor *s)
{
	int64_t at = s->phase == PHASE_OVER ? s->leave_at : s->kill_at, left;

	at = MIN(at, contact_next(&s->contact));
	if (at == NEVER)
		return -1;
	left = (at - now_ns() + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC;
	return (int)MAX(MIN(left, 60 * 1000), 0);
}

static bool stays(const struct supervisor *s)
{
	return s->phase < PHASE_OVER || (!s->unwanted && now_ns() < s->leave_at);
}

static void turn(struct supervisor *s)
{
	struct pollfd fds[] = {
		{ .fd = s->contact.link.fd, .events = link_events(&s->contact.link) },
		{ .fd = s->phase == PHASE_STARTING ? s->init.report : -1, .events = POLLIN },
		{ .fd = s->signals, .events = POLLIN },
	};

	if (poll(fds, ARRAY_SIZE(fds), timeout_ms(s)) < 0) {
		assert(errno == EINTR || errno == EAGAIN || errno == ENOMEM);
		return;
	}
	if (fds[0].revents)
		on_link(s, fds[0].revents);
	if (fds[1].revents)
		learn_outcome(s);
	if (fds[2].revents)
		on_signals(s);
	contact_tick(&s->contact, now_ns());
	if (contact_give_up(&s->contact, now_ns()))
		give_up(s);
	if (s->phase < PHASE_OVER && now_ns() >= s->kill_at)
		kill_tree(s);
}

/* ---- set-up ---- */

static int watch_signals(struct supervisor *s, struct error *e)
{
	/* An inherited SIG_IGN would reap our children for us and lose their status. */
	struct sigaction by_default = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	static const int watched[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(watched); i++)
		sigaddset(&set, watched[i]);
	sigaction(SIGCHLD, &by_default, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL); /* RLIMIT_FSIZE: write(2) says EFBIG */
	if (sigprocmask(SIG_SETMASK, &set, NULL))
		return error_sys(e, "block signals");
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals < 0)
		return error_sys(e, "make a signalfd");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return error_sys(e, "become a subreaper");
	s->proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->proc < 0)
		return error_sys(e, "open /proc");
	tree_init(&s->tree, s->proc, getpid());
	return 0;
}

static void supervisor_fini(struct supervisor *s)
{
	init_fini(&s->init);
	tree_fini(&s->tree);
	contact_fini(&s->contact);
	close_fd(&s->signals);
	close_fd(&s->proc);
}

static int enter_cgroup(const struct launch_plan *plan, struct error *e)
{
	autofd int fd = -EBADF;

	if (!plan->supervisor_cgroup)
		return 0;
	if (cgroup_open(plan->supervisor_cgroup, &fd, e))
		return -e->code;
	if (cgroup_enter(fd))
		return error_sys(e, "enter cgroup %s", plan->supervisor_cgroup);
	return 0;
}

static int make(struct supervisor *s, struct error *e)
{
	if (enter_cgroup(s->plan, e) || contact_keep_record(&s->contact, e))
		return -e->code;
	return init_new(s->plan, &s->init, e);
}

static int set_up(struct supervisor *s, struct error *e)
{
	int r = contact_open(&s->contact, e);

	if (!r)
		r = watch_signals(s, e);
	if (r)
		return r;
	r = make(s, e);
	if (r) { /* FAILED needs no FORKED before it; the socket takes it before it closes */
		fail(s, e);
		contact_repeat(&s->contact);
		return r;
	}
	contact_say(&s->contact, SUPERVISOR_FORKED,
		    &(struct container_forked){ .pid = (uint64_t)s->init.pid, .has_pid = true });
	return 0;
}

int supervise(const struct launch_plan *plan, struct error *e)
{
	cleanup(supervisor_fini) struct supervisor s = {
		.plan = plan,
		.contact = { .plan = plan, .link.fd = -EBADF, .record = -EBADF },
		.init = { .gate = -EBADF, .report = -EBADF },
		.proc = -EBADF,
		.signals = -EBADF,
		.kill_at = NEVER,
		.kill_again_ns = KILL_AGAIN_NS,
		.denied_since = NEVER,
	};
	int r = set_up(&s, e);

	if (r)
		return r;
	while (stays(&s))
		turn(&s);
	if (s.unwanted && plan->exit_record) /* nobody will ask how it ended */
		unlink(plan->exit_record);
	return 0;
}
