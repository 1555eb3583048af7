/*
 * The child between fork and exec. It allocates nothing and logs nothing; what it needs
 * is made before the fork, what goes wrong leaves through one write to a pipe.
 */
#include "agent/executor/init.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "agent/executor/limits.h"
#include "agent/executor/namespace.h"
#include "agent/executor/pre_exec.h"
#include "agent/executor/privileges.h"
#include "lib/cgroup.h"

#define EXIT_NOT_STARTED 127 /* as a shell says; the supervisor reports the error itself */

/* What the child carries out: the plan in the types of the system calls. */
struct orders {
	const struct launch_plan *plan;
	char **argv;
	char **environment;
	struct privileges privileges;
	struct pre_exec pre_exec;
	int gate, report;
	int cgroup; /* -EBADF: the child stays where it is */
};

/* ---- in the child ---- */

/* What exec keeps of the supervisor's own habits: the mask, and what is ignored. */
static void reset_signals(void)
{
	struct sigaction by_default = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &by_default, NULL); /* EINVAL for those that cannot change */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Returns only if it fails. */
static int become(const struct orders *o, struct error *e)
{
	const char *program = o->plan->program ? o->plan->program : o->argv[0];

	/* execvp(3) looks the program up in the PATH of environ, so let that be the plan's. */
	environ = o->environment;
	if (write(o->report, "", 1) != 1) /* from here on, the end of the pipe is the exec */
		return error_sys(e, "say that all is set up");
	execvp(program, o->argv);
	if (errno == EAGAIN) /* RLIMIT_NPROC, of which setresuid(2) only takes a note */
		return error_set(e, EAGAIN, "exec %s: more processes of user %s than its limit",
				 program, o->plan->user);
	return error_sys(e, "exec %s", program);
}

/*
 * The same. What is foreign, the commands before that of the container, gets processes of its own.
 */
static int carry_out(const struct orders *o, struct error *e)
{
	const struct launch_plan *plan = o->plan;
	char go;

	if (setsid() < 0)
		return error_sys(e, "make a session");
	if (o->cgroup >= 0 && cgroup_enter(o->cgroup))
		return error_sys(e, "enter cgroup %s", plan->task_cgroup);
	reset_signals();
	if (read(o->gate, &go, 1) != 1)
		_exit(EXIT_NOT_STARTED); /* the supervisor is gone, or changed its mind */
	umask(022);
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC))
		return error_sys(e, "close file descriptors");
	if (namespace_enter(plan, e))
		return -e->code;
	if (chdir(plan->directory))
		return error_sys(e, "change to directory %s", plan->directory);
	if (pre_exec_run(&o->pre_exec, e) || limits_set(plan, e) ||
	    privileges_reduce(&o->privileges, e))
		return -e->code;
	return become(o, e);
}

_Noreturn static void child(const struct orders *o)
{
	struct error e = { 0 };

	carry_out(o, &e);
	if (write(o->report, &e, sizeof(e)) < 0)
		_exit(EXIT_NOT_STARTED + 1);
	_exit(EXIT_NOT_STARTED);
}

/* ---- in the supervisor ---- */

/* A list of n strings with the NULL that exec wants at its end; the strings stay the plan's. */
static char **terminated(char **list, size_t n)
{
	char **copy = xcalloc(n + 1, sizeof(*copy));

	if (n)
		memcpy(copy, list, n * sizeof(*copy));
	return copy;
}

/* O_DIRECT keeps what the child writes apart: that all is set up, and an error. */
static int make_pipes(int gate[2], int report[2], struct error *e)
{
	if (pipe2(gate, O_CLOEXEC) || pipe2(report, O_CLOEXEC | O_DIRECT))
		return error_sys(e, "make a pipe");
	if (fcntl(report[0], F_SETFL, O_NONBLOCK))
		return error_sys(e, "make a pipe non-blocking");
	return 0;
}

int init_new(const struct launch_plan *plan, struct init *ret, struct error *e)
{
	autofree char **argv = terminated(plan->argv, plan->argv_count);
	autofree char **environment = terminated(plan->environment, plan->environment_count);
	struct orders orders = { .plan = plan, .argv = argv, .environment = environment };
	int gate[2] = { -EBADF, -EBADF }, report[2] = { -EBADF, -EBADF };
	autofd int cgroup = -EBADF;
	pid_t pid = -1;
	int r = make_pipes(gate, report, e);

	if (!r && plan->task_cgroup)
		r = cgroup_open(plan->task_cgroup, &cgroup, e);
	privileges_init(&orders.privileges, plan);
	pre_exec_init(&orders.pre_exec, plan);
	if (!r) {
		pid = fork();
		if (pid < 0)
			r = error_sys(e, "fork");
	}
	if (pid == 0) {
		close(gate[1]); /* or the gate would never report that the supervisor died */
		orders.gate = gate[0];
		orders.report = report[1];
		orders.cgroup = cgroup;
		child(&orders);
	}
	pre_exec_fini(&orders.pre_exec);
	privileges_fini(&orders.privileges);
	close_fd(&gate[0]);
	close_fd(&report[1]);
	if (r) {
		close_fd(&gate[1]);
		close_fd(&report[0]);
		return r;
	}
	*ret = (struct init){ .pid = pid, .gate = gate[1], .report = report[0] };
	return 0;
}

void init_open_gate(struct init *init)
{
	ssize_t n;

	assert(init->gate >= 0);
	n = write(init->gate, "", 1); /* EPIPE: killed meanwhile, SIGCHLD tells */
	assert(n == 1 || errno == EPIPE);
	close_fd(&init->gate);
}

int init_outcome(struct init *init, struct error *e)
{
	struct error failure;
	ssize_t n;

	assert(init->report >= 0);
	while ((n = read(init->report, &failure, sizeof(failure))) == 1)
		init->set_up = true;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return INIT_PENDING;
	close_fd(&init->report);
	if (n != (ssize_t)sizeof(failure))
		return init->set_up ? 0 : INIT_KILLED;
	*e = failure;
	return -e->code;
}

void init_fini(struct init *init)
{
	close_fd(&init->gate);
	close_fd(&init->report);
}
