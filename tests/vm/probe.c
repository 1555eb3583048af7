/*
 * probe NAME COMMAND...: runs the command watched by eBPF programs, which let it open no file
 * called NAME, then prints how many bytes it has asked to write by write(2), and written. Its exit
 * status is the command's.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/probe.h"
#include "tests/vm/probe.skel.h"

static struct probe *load(const char *name)
{
	struct probe *probe = probe__open();

	if (!probe)
		return NULL;
	strncpy((char *)probe->rodata->refused, name, PROBE_NAME_MAX - 1);
	if (probe__load(probe) == 0 && probe__attach(probe) == 0)
		return probe;
	probe__destroy(probe);
	return NULL;
}

/* Stops until it is watched. */
static void run(char **argv)
{
	raise(SIGSTOP);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct probe *probe;
	int status;
	pid_t pid;

	if (argc < 3 || !(probe = load(argv[1]))) {
		fprintf(stderr, "probe: cannot load\n");
		return 125;
	}
	pid = fork();
	if (pid < 0) {
		perror("fork");
		return 125;
	}
	if (pid == 0)
		run(argv + 2);
	waitpid(pid, &status, WUNTRACED);
	probe->bss->watched_pid = pid;
	kill(pid, SIGCONT);
	waitpid(pid, &status, 0);
	printf("%llu %llu\n", (unsigned long long)probe->bss->asked_bytes,
	       (unsigned long long)probe->bss->written_bytes);
	probe__destroy(probe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 124;
}
