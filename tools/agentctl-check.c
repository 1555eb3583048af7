/*
 * quota check: what the agent itself would refuse to start with, and what only an operator can
 * tell: whether somebody else has project ids of ours, and what sandboxes have left.
 */
#include "tools/agentctl.h"

#include "lib/fs.h"
#include "lib/project_ids.h"
#include "lib/quota.h"
#include "lib/quota_check.h"
#include "lib/units.h"
#include "tools/agentctl-sandboxes.h"
#include "tools/terminal.h"

#include "lib/schema-structs.h"
#include "tools/agentctl-check.def"
#include "lib/schema-end.h"
#include "lib/schema-tables.h"
#include "tools/agentctl-check.def"
#include "lib/schema-end.h"

/* More of one kind are counted. */
#define LEFTOVERS_MAX 20

static void keep(const struct quota_finding *f, void *ctx)
{
	struct check_findings *all = ctx;
	size_t n = all->findings_count;

	all->findings = xreallocarray(all->findings, n + 1, sizeof(*all->findings));
	all->findings_count = n + 1;
	all->findings[n] = (struct check_finding){
		.check = xstrdup(f->check),
		.blocks = f->blocks,
		.has_blocks = true,
		.what = xstrdup(f->what),
		.mend = xstrdup(f->mend),
	};
}

static void add(struct check_findings *all, const char *check, bool blocks, const char *what,
		const char *mend)
{
	struct quota_finding f = {
		.check = check,
		.blocks = blocks,
		.what = what,
		.mend = mend,
	};

	keep(&f, all);
	all->enforced &= !blocks;
}

/* ---- ids ---- */

struct look {
	const char *work_dir;
	struct quota quota;
	struct project_ids *ids;
	struct sandboxes sandboxes;
	struct check_findings *all;
	unsigned leftovers;
};

static void check_doubles(struct look *l)
{
	const struct sandboxes *s = &l->sandboxes;

	for (size_t i = 1; i < s->count; i++) {
		autofree char *what = NULL, *mend = NULL;

		if (s->list[i].project != s->list[i - 1].project)
			continue;
		what = xasprintf("project %u is that of two sandboxes, %s and %s",
				 s->list[i].project, s->list[i - 1].path, s->list[i].path);
		mend = xasprintf("cd %s && rm -r that of which nothing runs any more", l->work_dir);
		add(l->all, "sandboxes", true, what, mend);
	}
}

static void tell_leftover(struct look *l, uint32_t project, const struct quota_record *r)
{
	autobuf struct buf size = { 0 };
	autofree char *what = NULL, *mend = NULL;

	bytes_print_human(r->bytes, &size);
	if (r->inodes) {
		what = xasprintf(
			"project %u of --xfs_project_range has %llu files (%s) and no sandbox",
			project, (unsigned long long)r->inodes, buf_text(&size));
		mend = xasprintf("find $(findmnt -no TARGET -T %s) -xdev -exec lsattr -dp {} + | "
				 "awk '$1 == %u' shows them; or another --xfs_project_range",
				 l->work_dir, project);
	} else {
		what = xasprintf("project %u of --xfs_project_range has limits and no sandbox",
				 project);
		mend = l->quota.fs->unlimit(project, l->work_dir);
	}
	add(l->all, "leftovers", false, what, mend);
}

static bool is_leftover(const struct look *l, uint32_t project, const struct quota_record *r)
{
	return project_ids_in_range(l->ids, project) && quota_in_use(r) &&
	       !sandboxes_of(&l->sandboxes, project);
}

static void check_leftovers(struct look *l)
{
	autofree char *what = NULL;
	struct quota_record record;
	uint32_t project = PROJECT_NONE;
	struct error e;

	while (!quota_next(&l->quota, project, &project, &record, &e))
		if (is_leftover(l, project, &record) && ++l->leftovers <= LEFTOVERS_MAX)
			tell_leftover(l, project, &record);
	if (l->leftovers <= LEFTOVERS_MAX)
		return;
	what = xasprintf("so have %u more projects", l->leftovers - LEFTOVERS_MAX);
	add(l->all, "leftovers", false, what, "the same for each");
}

/* What cannot be looked at was found before, and why. */
static void check_ids(const char *work_dir, const char *range, struct check_findings *all)
{
	struct look l = { .work_dir = work_dir, .quota = { .fd = -EBADF }, .all = all };
	struct error e;

	if (!sandboxes_find(work_dir, &l.sandboxes, &e))
		check_doubles(&l);
	if (!project_ids_new(range, &l.ids, &e) && !quota_open(work_dir, &l.quota, &e))
		check_leftovers(&l);
	sandboxes_fini(&l.sandboxes);
	project_ids_free(l.ids);
	quota_close(&l.quota);
}

/* ---- the command ---- */

static void print_findings(const char *work_dir, const struct check_findings *all, struct buf *out)
{
	unsigned obstacles = 0;

	for (size_t i = 0; i < all->findings_count; i++) {
		const struct check_finding *f = &all->findings[i];

		obstacles += f->blocks;
		buf_adds(out, f->blocks ? "obstacle: " : "note: ");
		printable_add(out, f->what);
		buf_adds(out, ": ");
		printable_add(out, f->mend);
		buf_addc(out, '\n');
	}
	buf_addf(out, "disk quotas would %s enforced on %s", all->enforced ? "be" : "not be",
		 work_dir);
	if (obstacles)
		buf_addf(out, ": %u obstacle%s", obstacles, obstacles > 1 ? "s" : "");
	buf_addc(out, '\n');
}

static int absolute(const char *path, char **ret, struct error *e)
{
	autofree char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);

	if (*path != '/' && !cwd)
		return error_sys(e, "find the current directory");
	*ret = cwd ? path_join(cwd, path) : xstrdup(path);
	return 0;
}

enum status command_quota_check(struct agentctl *a, struct buf *out, struct error *e)
{
	const char *range = a->flags.xfs_project_range;
	struct check_findings all = { .has_enforced = true };
	autofree char *work_dir = NULL;
	enum status status;

	if (absolute(a->flags.work_dir, &work_dir, e))
		return STATUS_FAILED;
	all.enforced = quota_check_all(work_dir, NULL, range, keep, &all);
	check_ids(work_dir, range, &all);
	if (a->flags.json)
		agentctl_add_json(check_findings_schema(), &all, out);
	else
		print_findings(work_dir, &all, out);
	status = all.enforced ? STATUS_OK : STATUS_FAILED;
	schema_clear(check_findings_schema(), &all);
	return status;
}
