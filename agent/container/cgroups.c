/*
 * What is done to a cgroup at its end may take a while: a process dies when the kernel comes to it.
 */
#include "agent/container/cgroups.h"

#include <dirent.h>

#include "lib/cgroup.h"
#include "lib/fs.h"
#include "lib/ids.h"
#include "lib/log.h"

/* For what hangs in the kernel; the next start of the agent looks again. */
#define KILL_WAIT_NS (60 * NSEC_PER_SEC)

struct ending {
	struct work job;
	char *id, *path;
	int outcome;
	struct error error;
};

char *cgroups_path(const struct container_node *node, const char *container_id)
{
	return node->cgroups ? path_join(node->cgroups, container_id) : NULL;
}

static void run(struct work *job)
{
	struct ending *end = container_of(job, struct ending, job);

	end->outcome = cgroup_kill(end->path, KILL_WAIT_NS, &end->error);
	if (!end->outcome)
		end->outcome = cgroup_remove(end->path, &end->error);
}

static void finish(struct work *job)
{
	struct ending *end = container_of(job, struct ending, job);

	free(end->id);
	free(end->path);
	free(end);
}

static void done(struct work *job)
{
	const struct ending *end = container_of(job, struct ending, job);

	if (end->outcome)
		log_warning("container %s: its cgroup stays until the agent starts again: %s",
			    end->id, end->error.text);
	finish(job);
}

void cgroups_end(struct container_node *node, const char *container_id)
{
	struct ending *end;

	if (!node->cgroups)
		return;
	end = xcalloc(1, sizeof(*end));
	end->id = xstrdup(container_id);
	end->path = cgroups_path(node, container_id);
	end->job = (struct work){ .run = run, .done = done, .cancel = finish };
	work_submit(node->ends, &end->job);
}

void cgroups_find_strays(struct container_node *node,
			 bool (*known)(const char *container_id, void *ctx), void *ctx)
{
	DIR *dir = node->cgroups ? opendir(node->cgroups) : NULL;
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		/* An operator may have named a cgroup in which others are, too. */
		if (d->d_type != DT_DIR || !uuid_text_valid(d->d_name) || known(d->d_name, ctx))
			continue;
		log_info("container %s: nobody knows it, what is left in its cgroup is killed",
			 d->d_name);
		cgroups_end(node, d->d_name);
	}
	if (dir)
		closedir(dir);
}
