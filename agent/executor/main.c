/*
 * mesos-executor: carries out the launch plan of one container and supervises it. Started
 * by mesos-agent with the plan on descriptor PLAN_FD and the sandbox's files as output.
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>

#include "agent/executor/plan_fd.h"
#include "agent/executor/supervisor.h"
#include "lib/version.h"

#define EXIT_USAGE 2

static const char help[] =
	"Usage: mesos-executor\n"
	"\n"
	"Runs and supervises one container. mesos-agent starts it, with the launch plan\n"
	"on file descriptor 3; it is of no use by hand.\n"
	"\n"
	"  --help     show this text\n"
	"  --keep     do nothing until standard input ends: a process for a cgroup\n"
	"  --version  show the version\n";

static int keep(void)
{
	char text[64];

	while (read(STDIN_FILENO, text, sizeof(text)) > 0)
		;
	return EXIT_SUCCESS;
}

static int usage(int argc, char **argv)
{
	if (argc == 2 && str_equal(argv[1], "--help"))
		return fputs(help, stdout) < 0;
	if (argc == 2 && str_equal(argv[1], "--keep"))
		return keep();
	if (argc == 2 && str_equal(argv[1], "--version"))
		return puts("mesos-executor " MESOS_VERSION) < 0;
	fprintf(stderr, "mesos-executor: takes no argument but --help, --keep or --version\n");
	return EXIT_USAGE;
}

/* Nothing of the agent but standard output and error gets near the task. */
static int clean_descriptors(struct error *e)
{
	autofd int null = -EBADF;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return error_sys(e, "file descriptor %d must be open", fd);
	if (close_range(PLAN_FD, ~0U, 0))
		return error_sys(e, "close inherited file descriptors");
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return error_sys(e, "make /dev/null standard input");
	return 0;
}

int main(int argc, char **argv)
{
	struct launch_plan plan = { 0 };
	struct error e;
	int r;

	if (argc > 1)
		return usage(argc, argv);
	r = plan_fd_read(&plan, &e);
	if (r == -ENOENT) {
		fprintf(stderr,
			"mesos-executor: no plan on file descriptor %d; mesos-agent "
			"starts this program\n",
			PLAN_FD);
		return EXIT_USAGE;
	}
	if (r)
		error_wrap(&e, "read the launch plan");
	if (!r)
		r = clean_descriptors(&e);
	if (!r)
		r = supervise(&plan, &e);
	schema_clear(launch_plan_schema(), &plan);
	if (r)
		fprintf(stderr, "mesos-executor: %s\n", e.text);
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
