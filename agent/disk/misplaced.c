/* A list of sandboxes, and the job that labels the first of them. */
#include "agent/disk/misplaced.h"

#include "agent/disk/label.h"
#include "agent/disk/projects.h"
#include "agent/gc_tree.h"
#include "lib/log.h"

struct sandbox {
	struct list node;
	char *path, *container_id;
	uint32_t project; /* its own */
};

struct misplaced {
	struct projects *projects;
	struct work_pool *pool;
	int work_dir_fd;
	struct list sandboxes;

	/* of the first of them */
	struct work job;
	atomic_bool stopped;
	uint64_t changed;
	int outcome;
	struct error why;
};

struct misplaced *misplaced_new(struct projects *projects, struct work_pool *pool, int work_dir_fd)
{
	struct misplaced *m = xcalloc(1, sizeof(*m));

	m->projects = projects;
	m->pool = pool;
	m->work_dir_fd = work_dir_fd;
	list_init(&m->sandboxes);
	return m;
}

static struct sandbox *first(const struct misplaced *m)
{
	return list_first(&m->sandboxes, struct sandbox, node);
}

static void forget(struct sandbox *s)
{
	list_remove(&s->node);
	free(s->path);
	free(s->container_id);
	free(s);
}

void misplaced_stop(struct misplaced *m)
{
	atomic_store(&m->stopped, true);
}

void misplaced_free(struct misplaced *m)
{
	struct sandbox *s;

	if (!m)
		return;
	list_for_each(s, &m->sandboxes, node)
		forget(s);
	free(m);
}

void misplaced_add(struct misplaced *m, const char *sandbox, const char *container_id)
{
	struct sandbox *s = xcalloc(1, sizeof(*s));

	s->path = xstrdup(sandbox);
	s->container_id = xstrdup(container_id);
	list_append(&m->sandboxes, &s->node);
}

/* ---- one after the other ---- */

static void run(struct work *job)
{
	struct misplaced *m = container_of(job, struct misplaced, job);
	const struct sandbox *s = first(m);
	autofd int fd = gc_tree_open(m->work_dir_fd, s->path, false);

	m->outcome = fd < 0 ? error_sys(&m->why, "open its sandbox")
			    : label_tree(fd, s->project, NULL, &m->stopped, &m->changed, &m->why);
}

static void next(struct misplaced *m);

static void done(struct work *job)
{
	struct misplaced *m = container_of(job, struct misplaced, job);
	struct sandbox *s = first(m);

	if (!m->outcome && m->changed)
		log_info("container %s: its sandbox is of project %u: files and directories that "
			 "were not: %llu",
			 s->container_id, s->project, (unsigned long long)m->changed);
	else if (m->outcome && m->outcome != -ECANCELED && m->outcome != -ENOENT)
		log_warning("container %s: its sandbox is not all of project %u: %s; the next "
			    "agent tries again, if the sandbox is still there",
			    s->container_id, s->project, m->why.text);
	forget(s);
	next(m);
}

/* One whose container runs is labelled by its own checks too, with its limits: no harm is done. */
static void next(struct misplaced *m)
{
	if (list_empty(&m->sandboxes) || atomic_load(&m->stopped))
		return;
	m->job = (struct work){ .run = run, .done = done };
	work_submit(m->pool, &m->job);
}

void misplaced_begin(struct misplaced *m)
{
	struct sandbox *s;
	struct error e;
	bool fresh;

	list_for_each(s, &m->sandboxes, node) {
		if (!projects_take(m->projects, s->path, &s->project, &fresh, &e)) {
			projects_taken(m->projects, s->project);
			continue;
		}
		log_warning("container %s: its sandbox stays in the project of others: %s",
			    s->container_id, e.text);
		forget(s);
	}
	next(m);
}
