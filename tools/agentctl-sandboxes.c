/* By directory descriptors, never through a link: what is below a sandbox is its task's. */
#include "tools/agentctl-sandboxes.h"

#include <dirent.h>
#include <fcntl.h>

#include "lib/sandbox_path.h"

static int open_directory(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void add(struct sandboxes *s, const char *path, int fd)
{
	struct project p;

	if (project_get(fd, &p) || p.id == PROJECT_NONE)
		return;
	s->list = xreallocarray(s->list, s->count + 1, sizeof(*s->list));
	s->list[s->count++] = (struct sandbox){ .path = xstrdup(path), .project = p.id };
}

static void descend(struct sandboxes *s, int at, const char *path, unsigned level);

static void enter(struct sandboxes *s, int at, const char *path, const char *name, unsigned level)
{
	autofree char *below = xasprintf("%s%s%s", path, *path ? "/" : "", name);
	autofd int fd = open_directory(at, name);

	if (fd >= 0)
		descend(s, fd, below, level + 1);
}

/* What goes while we look was none. */
static void descend(struct sandboxes *s, int at, const char *path, unsigned level)
{
	const char *fixed;
	struct dirent *d;
	int fd;
	DIR *dir;

	if (level == SANDBOX_PATH_PARTS) {
		add(s, path, at);
		return;
	}
	fixed = sandbox_path_fixed(level);
	if (fixed) {
		enter(s, at, path, fixed, level);
		return;
	}
	fd = open_directory(at, ".");
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		close_fd(&fd);
		return;
	}
	while ((d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			enter(s, at, path, d->d_name, level);
	closedir(dir);
}

static int by_project(const void *a, const void *b)
{
	const struct sandbox *x = a, *y = b;

	if (x->project != y->project)
		return x->project < y->project ? -1 : 1;
	return strcmp(x->path, y->path);
}

int sandboxes_find(const char *work_dir, struct sandboxes *ret, struct error *e)
{
	autofd int fd = open(work_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sandboxes s = { 0 };

	if (fd < 0 && errno != ENOENT)
		return error_sys(e, "open %s", work_dir);
	if (fd >= 0)
		descend(&s, fd, "", 0);
	if (s.count)
		qsort(s.list, s.count, sizeof(*s.list), by_project);
	*ret = s;
	return 0;
}

void sandboxes_fini(struct sandboxes *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->list[i].path);
	free(s->list);
	*s = (struct sandboxes){ 0 };
}

static int compare_project(const void *key, const void *item)
{
	const uint32_t *project = key;
	const struct sandbox *s = item;

	return (*project > s->project) - (*project < s->project);
}

const struct sandbox *sandboxes_of(const struct sandboxes *s, uint32_t project)
{
	return s->count ? bsearch(&project, s->list, s->count, sizeof(*s->list), compare_project)
			: NULL;
}
