/* From a path to a process, and its end. */
#include "lib/module_process.h"

#include <fcntl.h>
#include <signal.h>

#include "lib/module_host.h"
#include "lib/spawn.h"

static int add_files(posix_spawn_file_actions_t *files, int fd, int output)
{
	int r = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (!r)
		r = posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(files, output, STDERR_FILENO);
	return r ? r : posix_spawn_file_actions_adddup2(files, fd, MODULE_HOST_FD);
}

/* A group of its own keeps the Ctrl-C of a terminal from it: it ends when its daemon does. */
int module_process_spawn(const char *path, uint64_t memory_bytes, int fd, int output, pid_t *ret)
{
	autofree char *parent = xasprintf("%d", (int)getpid());
	autofree char *memory = xasprintf("%llu", (unsigned long long)memory_bytes);
	char *argv[] = { (char[]){ "mesos-module-host" }, parent, memory, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	pid_t pid = 0;
	int r;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	r = add_files(&files, fd, output);
	if (!r)
		r = spawn_attributes(&attributes, POSIX_SPAWN_SETPGROUP);
	if (!r)
		r = posix_spawn(&pid, path, &files, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	if (!r)
		*ret = pid;
	return r;
}

void module_process_kill(pid_t pid)
{
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
}
