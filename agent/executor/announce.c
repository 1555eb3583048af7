/* The lines on standard output; each call is one write, so nothing gets between them. */
#include "agent/executor/announce.h"

#include <sys/wait.h>

#include "lib/fs.h"

/* A full disk or quota loses the lines, not the task. */
static void put(const struct buf *text)
{
	fs_write_all(STDOUT_FILENO, text->data, text->len);
}

static bool is_shell_line(const struct launch_plan *plan)
{
	return plan->argv_count == 3 && !strcmp(plan->argv[1], "-c") &&
	       (!strcmp(plan->argv[0], "sh") || !strcmp(plan->argv[0], "/bin/sh"));
}

static void add_command(const struct launch_plan *plan, struct buf *out)
{
	if (is_shell_line(plan)) {
		buf_addf(out, "sh -c '%s'", plan->argv[2]);
		return;
	}
	for (size_t i = 0; i < plan->argv_count; i++) {
		if (i)
			buf_addc(out, ' ');
		buf_adds(out, plan->argv[i]);
	}
}

void announce_start(const struct launch_plan *plan, pid_t pid)
{
	autobuf struct buf text = { 0 };

	if (!plan->task_id)
		return;
	buf_addf(&text, "Registered executor on %s\n", plan->hostname);
	buf_addf(&text, "Starting task %s\n", plan->task_id);
	add_command(plan, &text);
	buf_addf(&text, "\nForked command at %d\n", pid);
	put(&text);
}

void announce_end(const struct launch_plan *plan, pid_t pid, int status)
{
	autobuf struct buf text = { 0 };

	if (!plan->task_id)
		return;
	if (WIFSIGNALED(status))
		buf_addf(&text, "Command terminated with signal %s (pid: %d)\n",
			 strsignal(WTERMSIG(status)), pid);
	else
		buf_addf(&text, "Command exited with status %d (pid: %d)\n", WEXITSTATUS(status),
			 pid);
	put(&text);
}
