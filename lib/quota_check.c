/* A table of looks; each needs what others before it have found in order. */
#include "lib/quota_check.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <mntent.h>
#include <paths.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/ext4.h"
#include "lib/fs.h"
#include "lib/genl.h"
#include "lib/mounts.h"
#include "lib/project_names.h"
#include "lib/quota.h"
#include "lib/sandbox_path.h"

/* The kernel takes 340 lines at most, of three numbers each: user_namespaces(7). */
#define UID_MAP_MAX (16 * KIB)

/* What is in order. */
enum {
	PRIVILEGE = 1 << 0,
	DIRECTORY = 1 << 1,
	MOUNTS = 1 << 2,
	FILESYSTEM = 1 << 3,
	KERNEL = 1 << 4,
	ACCOUNTING = 1 << 5,
	RANGE = 1 << 6,
};

struct probe {
	const char *path, *range;
	const struct filesystem *wanted; /* NULL: any of them */
	void (*found)(const struct quota_finding *f, void *ctx);
	void *ctx;
	const char *check; /* that is being made */
	bool blocked;      /* by it */
	unsigned obstacles;

	char *at; /* the nearest directory of path that is there */
	struct mount mount;
	struct quota quota;
	struct project_ids *ids;
};

static void tell_finding(struct probe *p, struct quota_finding f)
{
	f.check = p->check;
	p->blocked |= f.blocks;
	p->obstacles += f.blocks;
	if (p->found)
		p->found(&f, p->ctx);
}

static void tell(struct probe *p, bool blocks, const char *what, const char *mend)
{
	tell_finding(p, (struct quota_finding){ .blocks = blocks, .what = what, .mend = mend });
}

/* ---- who we are ---- */

static bool may_set_quotas(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return !syscall(SYS_capget, &header, sets) &&
	       sets[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN);
}

/* user_namespaces(7): only the initial one has all ids as they are. */
static bool in_user_namespace(void)
{
	autobuf struct buf map = { 0 };
	unsigned inside, outside, count;
	struct error e;

	return !fs_read("/proc/self/uid_map", UID_MAP_MAX, &map, &e) &&
	       sscanf(buf_text(&map), "%u %u %u", &inside, &outside, &count) == 3 &&
	       (inside || outside || count != UINT32_MAX);
}

static void check_privilege(struct probe *p)
{
	if (!may_set_quotas())
		tell(p, true, "disk quotas need root, with CAP_SYS_ADMIN",
		     geteuid() ? "run it as root"
			       : "give it that capability (CapabilityBoundingSet= of its unit)");
	else if (in_user_namespace())
		tell(p, true, "this runs in a user namespace, where nobody may set quotas",
		     "run it outside of that, on the node itself");
}

/* ---- where it is ---- */

static void check_directory(struct probe *p)
{
	autofd int fd = -EBADF;
	autofree char *what = NULL;
	struct error e;

	p->at = path_existing(p->path);
	fd = open(p->at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		what = xasprintf("directory %s cannot be opened: %s", p->at, strerror(errno));
	else if (mount_of(fd, &p->mount, &e))
		what = xasprintf("where %s is mounted from is not known: %s", p->at, e.text);
	if (what)
		tell(p, true, what, "give --work_dir another directory");
}

static bool is_at_or_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
}

/* path with the part that exists resolved (realpath(3)) and the rest appended; NULL: errno. */
static char *resolved(const struct probe *p)
{
	autofree char *real = realpath(p->at, NULL);
	const char *rest = p->path + strlen(p->at);

	rest += strspn(rest, "/");
	if (!real || !*rest)
		return take_ptr(real);
	return path_join(strcmp(real, "/") ? real : "", rest);
}

/*
 * An agent that starts on the directory under a mount that is missing begins with an empty
 * work_dir, which is hidden once that is mounted.
 */
static void check_mounted(struct probe *p)
{
	autofree char *path = resolved(p);
	FILE *fstab = path ? setmntent(_PATH_MNTTAB, "re") : NULL;
	char text[PATH_MAX];
	struct mntent m;

	while (fstab && getmntent_r(fstab, &m, text, sizeof(text))) {
		autofree char *what = NULL, *mend = NULL, *point = path_plain(m.mnt_dir);

		if (!is_at_or_below(path, point) || is_at_or_below(p->mount.target, point))
			continue;
		what = xasprintf("%s of %s is not mounted", point, _PATH_MNTTAB);
		mend = xasprintf("mount %s, or take it out of %s", point, _PATH_MNTTAB);
		tell_finding(p,
			     (struct quota_finding){
				     .blocks = true, .passes = true, .what = what, .mend = mend });
	}
	if (fstab)
		endmntent(fstab);
}

static void check_writable(struct probe *p)
{
	autofree char *what = xasprintf("%s is mounted read-only", p->mount.target);
	autofree char *mend = xasprintf("mount -o remount,rw %s", p->mount.target);

	if (p->mount.read_only)
		tell(p, true, what, mend);
}

static void check_filesystem(struct probe *p)
{
	const struct filesystem *is = filesystem_named(p->mount.type);
	const struct filesystem *advised = p->wanted ?: filesystem_named("xfs");
	autofree char *what = NULL, *mend = NULL;
	struct error e;

	if (!is)
		what = xasprintf("%s is on %s, which is neither XFS nor ext4", p->at,
				 p->mount.type);
	else if (p->wanted && p->wanted != is)
		what = xasprintf("%s is on %s, and disk/%s needs %s", p->at, is->name,
				 p->wanted->name, p->wanted->name);
	else if (quota_open(p->at, &p->quota, &e))
		what = xstrdup(e.text);
	else
		return;
	mend = xasprintf("%s DEVICE && mkdir -p %s && mount -o prjquota DEVICE %s%s", advised->mkfs,
			 p->path, p->path,
			 is && p->wanted ? ", or --isolation=disk/quota, which takes both" : "");
	tell(p, true, what, mend);
}

/* As deep as a sandbox lies: below that it is a task's own matter. */
static void tell_mount(const char *below, void *ctx)
{
	struct probe *p = ctx;
	autofree char *what = NULL, *mend = NULL;
	unsigned depth = 1;

	for (const char *s = below; *s; s++)
		depth += *s == '/';
	if (depth > SANDBOX_PATH_PARTS || !is_at_or_below(below, sandbox_path_fixed(0)))
		return;
	what = xasprintf("%s/%s is another mount: sandboxes in it would have no limit", p->path,
			 below);
	mend = xasprintf("umount %s/%s, or give --work_dir a directory on that filesystem", p->path,
			 below);
	tell(p, true, what, mend);
}

static void check_one_filesystem(struct probe *p)
{
	autofree char *real = realpath(p->path, NULL);
	struct error e;

	if (real && mounts_below(real, tell_mount, p, &e))
		tell(p, false, e.text, "mount /proc");
}

/*
 * Of work_dir, and of what is on the way from there to sandboxes: these have projects of their own,
 * and what is above or beside that is others'.
 */
static char *end_inheritance(const struct probe *p)
{
	autofree char *top = path_join(p->path, sandbox_path_fixed(0));

	if (strcmp(p->at, p->path) != 0)
		return xasprintf("mkdir -p %s && chattr -P -p 0 %s", p->path, p->path);
	if (access(top, F_OK))
		return xasprintf("chattr -P -p 0 %s", p->path);
	return xasprintf("chattr -P -p 0 %s && find %s -xdev -maxdepth %d -type d "
			 "-exec chattr -P -p 0 {} +",
			 p->path, top, SANDBOX_PATH_RUN - 1);
}

/*
 * rename(2) into a directory that passes on its project is for files of that only: sandboxes have
 * their own.
 */
static void check_inheritance(struct probe *p)
{
	autofd int fd = open(p->at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct project is = { .id = PROJECT_NONE };
	autofree char *what = NULL, *mend = NULL;

	if (fd < 0 || project_get(fd, &is) || !is.inherited)
		return;
	what = xasprintf("what is made in %s inherits its project (%u): sandboxes, which have "
			 "their own, could not be renamed there",
			 p->at, is.id);
	mend = end_inheritance(p);
	tell(p, true, what, mend);
}

/* ---- what it can ---- */

static void check_kernel(struct probe *p)
{
	const struct filesystem *fs = p->quota.fs;
	autofree char *what = xasprintf("this kernel has no quotas for %s", fs->name);
	autofree char *mend = xasprintf("boot a kernel with %s, as Debian's has", fs->config);

	if (!quota_in_kernel(&p->quota))
		tell(p, true, what, mend);
}

/* Of what the system itself runs from, be it seen elsewhere: that is not unmounted. */
static bool is_root(const struct mount *m)
{
	return !strcmp(m->target, "/") || str_equal(m->whole, "/");
}

/*
 * How to mount it anew, where it is now or where all of it belongs; between the two, tune: "" or a
 * command.
 */
static char *remount(const struct probe *p, const char *tune)
{
	const struct mount *m = &p->mount;
	const char *where = strcmp(m->root, "/") ? m->whole : m->target;
	bool alone = m->copies == 1;

	return xasprintf("umount %s%s && %s%smount -o prjquota %s %s", alone ? "" : "-A ",
			 alone ? m->target : m->source, tune, *tune ? " && " : "", m->source,
			 where ?: "DIRECTORY");
}

static char *with_prjquota(const struct probe *p, const char *tune)
{
	autofree char *command = remount(p, tune);
	const char *first = *tune ? "from a rescue system: " : "", *then = *tune ? "; then " : "";

	if (!is_root(&p->mount))
		return xasprintf("%s, and prjquota in /etc/fstab", command);
	return xasprintf("%s%s%s%s, and reboot", first, tune, then, p->quota.fs->root);
}

static void tell_xfs_uncounted(struct probe *p)
{
	autofree char *mend = with_prjquota(p, "");
	autofree char *what = xasprintf("%s is mounted without prjquota (xfs)", p->mount.target);

	tell(p, true, what, mend);
}

/* As for the agent in its unit, from which devices are kept. */
static void tell_ext4_unreadable(struct probe *p)
{
	autofree char *what = xasprintf("%s has no project quotas (ext4)", p->mount.target);
	autofree char *mend = xasprintf("how it was made cannot be read from %s here: "
					"mesos-agentctl quota check, as root, can, and says what "
					"mends that",
					p->mount.source);

	tell(p, true, what, mend);
}

static void tell_ext4_uncounted(struct probe *p, const struct ext4 *x, bool known)
{
	bool room = !known || ext4_has_room(x);
	autofree char *tune = xasprintf(room ? "tune2fs -O project,quota -Q prjquota %s"
					     : "mkfs.ext4 -I 256 -O project,quota %s",
					p->mount.source);
	bool made_for_it = room && known && ext4_has_projects(x);
	autofree char *command = with_prjquota(p, made_for_it ? "" : tune);
	autofree char *mend = xasprintf("%s%s", room ? "" : "make it anew, empty: ", command);
	autofree char *what = NULL;

	if (!room)
		what = xasprintf("the inodes of %s have no room for a project id (ext4, %u bytes)",
				 p->mount.target, x->inode_bytes);
	else if (!known)
		what = xasprintf("%s has no project quotas (ext4)", p->mount.target);
	else if (!made_for_it)
		what = xasprintf("%s was made without the features project and quota (ext4)",
				 p->mount.target);
	else
		what = xasprintf("project quotas of %s are off (ext4)", p->mount.target);
	tell(p, true, what, mend);
}

static void look_at_ext4(struct probe *p)
{
	struct ext4 x = { 0 };
	int r = ext4_read(p->mount.source, &x);

	if (r == -EPERM || r == -EACCES)
		tell_ext4_unreadable(p);
	else
		tell_ext4_uncounted(p, &x, r == 0);
}

static void check_accounting(struct probe *p)
{
	struct quota_mode mode;
	struct error e;

	if (quota_mode_get(&p->quota, &mode, &e))
		tell(p, true, e.text, "see what the kernel's log says of that filesystem");
	else if (!mode.accounting && p->quota.fs->quota_feature)
		look_at_ext4(p);
	else if (!mode.accounting)
		tell_xfs_uncounted(p);
}

static void check_enforcement(struct probe *p)
{
	autofree char *what =
		xasprintf("project quotas of %s are counted, not enforced", p->mount.target);
	autofree char *mend = xasprintf("nothing: the agent switches that on (%s %s by hand)",
					p->quota.fs->enforce, p->mount.target);
	struct quota_mode mode;
	struct error e;

	if (!quota_mode_get(&p->quota, &mode, &e) && !mode.enforcing)
		tell(p, false, what, mend);
}

/* A filesystem may have quotas that cannot be read. */
static void check_records(struct probe *p)
{
	autofree char *repair = p->quota.fs->repair(p->mount.source);
	autofree char *mend = is_root(&p->mount) ? xasprintf("from a rescue system: %s", repair)
						 : remount(p, repair);
	struct quota_record record;
	uint32_t project;
	struct error e;

	if (quota_get(&p->quota, 1, &record, &e) ||
	    quota_next(&p->quota, PROJECT_NONE, &project, &record, &e) < 0)
		tell(p, true, e.text, mend);
}

/* ---- project ids ---- */

static void check_range(struct probe *p)
{
	struct error e;

	if (project_ids_new(p->range, &p->ids, &e))
		tell(p, true, e.text, "leave it out for the default");
}

static void tell_named(const char *path, unsigned count, uint32_t example, void *ctx)
{
	struct probe *p = ctx;
	autofree char *what = xasprintf("%s gives %u of the project ids %s to others (%u)", path,
					count, p->range, example);

	tell(p, false, what, "nothing: the agent leaves them out; or another --xfs_project_range");
}

static void check_named_projects(struct probe *p)
{
	struct error e;

	if (project_names_reserve(p->ids, tell_named, p, &e))
		tell(p, true, e.text, "remove it, or what is wrong with it");
	else if (!project_ids_counts(p->ids).free)
		tell(p, true, "others have all of --xfs_project_range", "give it another one");
}

/* ---- warnings ---- */

static void check_warnings(struct probe *p)
{
	uint32_t group;

	if (genl_find_group(QUOTA_WARNINGS_FAMILY, QUOTA_WARNINGS_GROUP, &group))
		tell(p, false,
		     "the kernel's quota warnings are not heard here, so refused writes are "
		     "noticed at the next check only",
		     "boot a kernel with CONFIG_QUOTA_NETLINK_INTERFACE, and run the agent in the "
		     "network namespace of the node");
}

/* ---- in order ---- */

static const struct check {
	const char *name;
	void (*look)(struct probe *p);
	unsigned needs, gives;
} checks[] = {
	{ .name = "privilege", .look = check_privilege, .gives = PRIVILEGE },
	{ .name = "directory", .look = check_directory, .gives = DIRECTORY },
	{ .name = "mounted", .look = check_mounted, .needs = DIRECTORY, .gives = MOUNTS },
	{ .name = "writable", .look = check_writable, .needs = MOUNTS },
	{ .name = "filesystem", .look = check_filesystem, .needs = MOUNTS, .gives = FILESYSTEM },
	{ .name = "mounts", .look = check_one_filesystem, .needs = FILESYSTEM },
	{ .name = "inheritance", .look = check_inheritance, .needs = FILESYSTEM },
	{ .name = "kernel", .look = check_kernel, .needs = FILESYSTEM, .gives = KERNEL },
	{ .name = "accounting", .look = check_accounting, .needs = KERNEL, .gives = ACCOUNTING },
	{ .name = "enforcement", .look = check_enforcement, .needs = ACCOUNTING },
	{ .name = "records", .look = check_records, .needs = PRIVILEGE | ACCOUNTING },
	{ .name = "range", .look = check_range, .gives = RANGE },
	{ .name = "projid", .look = check_named_projects, .needs = RANGE },
	{ .name = "warnings", .look = check_warnings, .needs = FILESYSTEM },
};

bool quota_check_all(const char *path, const char *fs, const char *range,
		     void (*found)(const struct quota_finding *f, void *ctx), void *ctx)
{
	autofree char *plain = path_plain(path);
	struct probe p = {
		.path = plain,
		.range = range,
		.wanted = fs ? filesystem_named(fs) : NULL,
		.found = found,
		.ctx = ctx,
		.quota = { .fd = -EBADF },
	};
	unsigned have = 0;

	assert(*path == '/' && (!fs || p.wanted));
	for (const struct check *c = checks; c < checks + ARRAY_SIZE(checks); c++) {
		if ((have & c->needs) != c->needs)
			continue;
		p.check = c->name;
		p.blocked = false;
		c->look(&p);
		have |= p.blocked ? 0 : c->gives;
	}
	project_ids_free(p.ids);
	quota_close(&p.quota);
	mount_fini(&p.mount);
	free(p.at);
	return !p.obstacles;
}

static void keep_first(const struct quota_finding *f, void *ctx)
{
	struct error *e = ctx;

	if (f->blocks && !e->code)
		error_set(e, f->passes ? ENODEV : EOPNOTSUPP, "%s: %s", f->what, f->mend);
}

int quota_check_first(const char *path, const char *fs, const char *range, struct error *e)
{
	struct error first = { 0 };

	if (quota_check_all(path, fs, range, keep_first, &first))
		return 0;
	*e = first;
	return -e->code;
}

int quota_check_default(const struct quota *q, uint64_t bytes, uint64_t others, struct error *e)
{
	if (!q->fs->has_default)
		return error_set(e, EOPNOTSUPP,
				 "--quota_default: %s is on %s, where it would limit all files of "
				 "no project: only XFS has such a default",
				 q->path, q->fs->name);
	if (others && bytes)
		return error_set(e, EEXIST,
				 "--quota_default: %llu projects of others are on %s, and would be "
				 "limited too",
				 (unsigned long long)others, q->path);
	return 0;
}
