/* The plan is written to a memfd, mesos-executor finds it on PLAN_FD. */
#include "agent/container/spawn.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "agent/isolator/isolator.h"
#include "lib/fs.h"
#include "lib/spawn.h"

static void plan_basics(const struct container *c, struct launch_plan *plan)
{
	plan->container_id = xstrdup(c->id);
	plan->token = xstrdup(c->token);
	plan->socket = xstrdup(c->node->executor_socket);
	plan->hostname = xstrdup(c->node->hostname);
	if (c->task_id)
		plan->task_id = xstrdup(c->task_id);
	plan->exit_record = xstrdup(c->record);
	plan->grace_period = c->grace_ns;
	plan->has_grace_period = true;
	plan->recovery_timeout = c->node->recovery_timeout_ns;
	plan->has_recovery_timeout = true;
	plan->open_files = c->node->open_files;
	plan->has_open_files = c->node->open_files > 0;
}

/* Sealed, so that nothing can change it between here and there. */
static int write_plan(const struct container *c, const struct launch_plan *plan, int *ret,
		      struct error *e)
{
	autofd int fd = memfd_create("launch-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	autobuf struct buf text = { 0 };
	int r;

	if (fd < 0)
		return error_sys(e, "container %s: memfd for the plan", c->id);
	schema_encode(launch_plan_schema(), plan, &text);
	if (text.len > PLAN_MAX_BYTES)
		return error_set(e, E2BIG,
				 "command and environment together are %zu bytes, more than %d",
				 text.len, (int)PLAN_MAX_BYTES);
	r = fs_write_all(fd, text.data, text.len);
	if (r)
		return error_set(e, -r, "container %s: write the plan: %s", c->id, strerror(-r));
	if (lseek(fd, 0, SEEK_SET) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
		return error_sys(e, "container %s: seal the plan", c->id);
	*ret = take_fd(fd);
	return 0;
}

int container_prepare(struct container *c, struct error *e)
{
	c->plan = xcalloc(1, sizeof(*c->plan));
	plan_basics(c, c->plan);
	return isolators_prepare(c, c->plan, e);
}

int container_write_plan(struct container *c, struct error *e)
{
	return write_plan(c, c->plan, &c->plan_fd, e);
}

/* dup2 in the child clears close-on-exec; everything else we have closes itself. */
static int add_files(posix_spawn_file_actions_t *files, const struct container *c)
{
	int r = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (!r)
		r = posix_spawn_file_actions_adddup2(files, c->stdout_fd, STDOUT_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(files, c->stderr_fd, STDERR_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(files, c->plan_fd, PLAN_FD);
	return r;
}

int container_spawn(struct container *c, struct error *e)
{
	char *argv[] = { (char[]){ "mesos-executor" }, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	char *env[] = { NULL };
	int r;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	r = add_files(&files, c);
	if (!r)
		r = spawn_attributes(&attributes, POSIX_SPAWN_SETSID);
	if (!r)
		r = posix_spawn(&c->supervisor, c->node->executor_path, &files, &attributes, argv,
				env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	if (r)
		return error_set(e, r, "start %s: %s; --launcher_dir says where it is",
				 c->node->executor_path, strerror(r));
	close_fd(&c->stdout_fd);
	close_fd(&c->stderr_fd);
	close_fd(&c->plan_fd);
	return 0;
}
