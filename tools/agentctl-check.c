/*
 * quota check: what the agent itself would refuse to start with, what its flags lack, and what only
 * an operator can tell: who else has project ids of ours, and what sandboxes have left.
 */
#include "tools/agentctl-check.h"

#include <fcntl.h>

#include "lib/fs.h"
#include "lib/project_owners.h"
#include "lib/quota_check.h"
#include "lib/sandbox_path.h"
#include "lib/units.h"
#include "tools/agentctl-sandboxes.h"
#include "tools/agentctl-stored.h"

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

void check_add(struct check_findings *all, const char *check, bool blocks, const char *what,
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
	const char *at; /* work_dir, or the nearest directory above it that is there */
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
		mend = xasprintf("cd %s && rm -r that of which nothing runs any more", l->at);
		check_add(l->all, "sandboxes", true, what, mend);
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
				 l->at, project);
	} else {
		what = xasprintf("project %u of --xfs_project_range has limits and no sandbox",
				 project);
		mend = l->quota.fs->unlimit(project, l->at);
	}
	check_add(l->all, "leftovers", false, what, mend);
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
	check_add(l->all, "leftovers", false, what, "the same for each");
}

/* The name that its row has. */
static void claim(struct project_ids *ids, const struct sandbox *s)
{
	const char *name = strrchr(s->path, '/') + 1;
	bool gone;
	autofree char *path =
		xasprintf("%.*s%s", (int)(name - s->path), s->path, sandbox_path_id(name, &gone));

	if (sandbox_path_is(path))
		project_owners_claim(ids, path, s->project);
}

static void each_sandbox(void *ctx)
{
	struct look *l = ctx;

	for (size_t i = 0; i < l->sandboxes.count; i++)
		claim(l->ids, &l->sandboxes.list[i]);
}

/* As the agent counts them when it starts. */
static uint64_t count_others(struct agentctl *a, struct look *l)
{
	autofd int work_dir = open(a->flags.work_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error e;

	if (stored_projects(a, l->ids, &e) && e.code != ENOENT)
		check_add(l->all, "store", false, e.text,
			  "until it can be read, project ids that it has are taken for others'");
	if (project_owners_find(l->ids, &l->quota, work_dir, each_sandbox, l, &e))
		return 0; /* as was found before */
	return project_ids_counts(l->ids).others;
}

/* What cannot be looked at was found before, and why. False: as of configured_check(). */
static bool check_more(struct agentctl *a, const char *work_dir, struct check_findings *all)
{
	autofree char *at = path_existing(work_dir);
	struct look l = { .at = at, .quota = { .fd = -EBADF }, .all = all };
	uint64_t others = 0;
	struct error e;
	bool opened = !quota_open(at, &l.quota, &e), configured;

	if (!sandboxes_find(work_dir, &l.sandboxes, &e))
		check_doubles(&l);
	if (!project_ids_new(a->flags.xfs_project_range, &l.ids, &e) && opened) {
		others = count_others(a, &l);
		check_leftovers(&l);
	}
	configured = configured_check(&a->flags, &l.quota, others, all);
	sandboxes_fini(&l.sandboxes);
	project_ids_free(l.ids);
	quota_close(&l.quota);
	return configured;
}

/* ---- the command ---- */

static void print_findings(const char *work_dir, bool configured, const struct check_findings *all,
			   struct buf *out)
{
	const char *verdict = !all->enforced ? "would not" : configured ? "would" : "could";
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
	buf_addf(out, "disk quotas %s be enforced on %s", verdict, work_dir);
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
	struct check_findings all = { .has_enforced = true };
	autofree char *work_dir = NULL;
	enum status status;
	bool configured;

	if (absolute(a->flags.work_dir, &work_dir, e))
		return STATUS_FAILED;
	all.enforced = quota_check_all(work_dir, NULL, a->flags.xfs_project_range, keep, &all);
	configured = check_more(a, work_dir, &all);
	if (a->flags.json)
		agentctl_add_json(check_findings_schema(), &all, out);
	else
		print_findings(work_dir, configured, &all, out);
	status = all.enforced ? STATUS_OK : STATUS_FAILED;
	schema_clear(check_findings_schema(), &all);
	return status;
}
