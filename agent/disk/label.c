/* A scan that gives what it comes by to a project, or looks whose it is. */
#include "agent/disk/label.h"

#include <sys/stat.h>

/* Where so many passes find something new, or cannot see all, more would not end it. */
#define PASSES_MAX 10

struct labeller {
	struct project project;
	uint64_t changed;
	int failure; /* the first one, -errno */
};

static bool is_gone(int error)
{
	return error == -ENOENT || error == -ELOOP || error == -ENXIO;
}

static void label(struct labeller *l, int fd, bool inherited)
{
	struct project is = { .id = PROJECT_NONE }, want = { l->project.id, inherited };
	int r = project_get(fd, &is);

	if (!r && is.id == want.id && is.inherited == want.inherited)
		return;
	if (!r)
		r = project_set(fd, &want);
	if (!r)
		l->changed++;
	else if (!l->failure)
		l->failure = r;
}

static void label_directory(void *ctx, int fd)
{
	label(ctx, fd, true);
}

static void label_file(void *ctx, int dirfd, const char *name, const struct statx *st)
{
	struct labeller *l = ctx;
	autofd int fd = -EBADF;

	if (!S_ISREG(st->stx_mode))
		return;
	fd = scan_open_file(dirfd, name);
	if (fd >= 0)
		label(l, fd, false);
	else if (!is_gone(-errno) && !l->failure)
		l->failure = -errno;
}

/* CAP_FOWNER is not enough where chattr(1) has fixed a file. */
static const char *reason(int failure)
{
	return failure == -EPERM ? "a file or directory in it is immutable: see lsattr -R"
				 : strerror(-failure);
}

int label_tree(int dirfd, uint32_t project, const atomic_bool *cancel, uint64_t *changed,
	       struct error *e)
{
	struct labeller l = { .project.id = project };
	struct scan_visitor visitor = { label_directory, label_file, &l };
	struct scan_result seen;

	*changed = 0;
	for (int pass = 0; pass < PASSES_MAX; pass++) {
		l.changed = 0;
		if (scan_visit(dirfd, &visitor, cancel, &seen, e))
			return -e->code;
		*changed += l.changed;
		if (l.failure)
			return error_set(e, -l.failure, "give the sandbox to project %u: %s",
					 project, reason(l.failure));
		if (!l.changed && !seen.missed)
			break;
	}
	return 0;
}

static void check_directory(void *ctx, int fd)
{
	struct label_check *c = ctx;
	struct project is;

	if (!project_get(fd, &is) && (is.id != c->project || !is.inherited))
		atomic_fetch_add_explicit(&c->strayed, 1, memory_order_relaxed);
}

void label_check_init(struct label_check *c, uint32_t project)
{
	c->project = project;
	atomic_init(&c->strayed, 0);
	c->visitor = (struct scan_visitor){ .directory = check_directory, .ctx = c };
}
