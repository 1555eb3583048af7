/* Starting and ending the daemons of mesos-local. */
#include "tools/local-child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "lib/buf.h"
#include "lib/spawn.h"

#define BECOMING   "mesos-local-child" /* argv[0] of the moment before */
#define SELF       "/proc/self/exe"
#define TAIL_LINES 20
#define TAIL_BYTES (16 * KIB)

void args_add(struct args *a, const char *fmt, ...)
{
	va_list args;

	a->list = xreallocarray(a->list, a->count + 2, sizeof(*a->list));
	va_start(args, fmt);
	if (vasprintf(&a->list[a->count], fmt, args) < 0)
		abort();
	va_end(args);
	a->list[++a->count] = NULL;
}

void args_fini(struct args *a)
{
	for (size_t i = 0; i < a->count; i++)
		free(a->list[i]);
	free(a->list);
	*a = (struct args){ 0 };
}

/* A parent that died before the prctl() sends no signal, so look whether it is still there. */
void child_become(int argc, char **argv)
{
	if (argc < 4 || strcmp(argv[0], BECOMING) != 0)
		return;
	if (!prctl(PR_SET_PDEATHSIG, atoi(argv[2])) && getppid() == atoi(argv[1]))
		execv(argv[3], argv + 3);
	fprintf(stderr, "mesos-local: start %s: %s\n", argv[3], strerror(errno));
	_exit(127);
}

static int set_files(posix_spawn_file_actions_t *files, const char *log)
{
	int r = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);

	if (!r)
		r = posix_spawn_file_actions_addopen(files, 1, log,
						     O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	if (!r)
		r = posix_spawn_file_actions_adddup2(files, 1, 2);
	return r;
}

int child_start(struct child *c, const struct args *args, struct error *e)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	struct args all = { 0 };
	int r;

	assert(!c->pid);
	args_add(&all, "%s", BECOMING);
	args_add(&all, "%d", (int)getpid());
	args_add(&all, "%d", c->end);
	for (size_t i = 0; i < args->count; i++)
		args_add(&all, "%s", args->list[i]);
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	r = spawn_attributes(&attr, POSIX_SPAWN_SETPGROUP);
	if (!r)
		r = set_files(&files, c->log);
	if (!r)
		r = posix_spawn(&c->pid, SELF, &files, &attr, all.list, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	args_fini(&all);
	return r ? error_set(e, r, "start %s: %s", c->name, strerror(r)) : 0;
}

void child_end(const struct child *c)
{
	if (c->pid)
		kill(c->pid, c->end);
}

void child_kill(const struct child *c)
{
	if (c->pid)
		kill(c->pid, SIGKILL);
}

static const char *last_lines(const char *text, size_t len)
{
	unsigned lines = 0;

	while (len && lines <= TAIL_LINES)
		lines += text[--len] == '\n';
	return text + len + (lines > TAIL_LINES);
}

void child_show_log(const struct child *c)
{
	autofd int fd = open(c->log, O_RDONLY | O_CLOEXEC);
	autobuf struct buf text = { 0 };
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return;
	n = pread(fd, buf_reserve(&text, TAIL_BYTES), TAIL_BYTES,
		  MAX(st.st_size - (off_t)TAIL_BYTES, 0));
	if (n <= 0)
		return;
	text.len = (size_t)n;
	fputs(last_lines(buf_text(&text), text.len), stderr);
}

void child_fini(struct child *c)
{
	sd_event_source_disable_unref(c->exit);
	free(c->name);
	free(c->log);
	free(c->address);
	*c = (struct child){ 0 };
}
