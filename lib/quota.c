/*
 * The XFS commands of quotactl(2), which the kernel offers for ext4 too: with them nothing of a
 * record is written but what is named, and limits are in units of 512 bytes instead of 1024.
 */
#include "lib/quota.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "lib/fs.h"

#define BASIC_BLOCK UINT64_C(512)

static int call(const struct quota *q, unsigned command, uint32_t project, void *data)
{
	int cmd = (int)QCMD(command, PRJQUOTA);
	long r = q->device ? syscall(SYS_quotactl, cmd, q->device, project, data)
			   : syscall(SYS_quotactl_fd, q->fd, cmd, project, data);

	return r < 0 ? -errno : 0;
}

/* ---- the filesystem ---- */

/* The device's node: what /sys/dev/block calls it, in /dev. A slash in the name is a ! there. */
static int find_device(int fd, char **ret, struct error *e)
{
	autofree char *link = NULL;
	char target[PATH_MAX], *name;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st))
		return error_sys(e, "stat");
	link = xasprintf("/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return error_sys(e, "find its device: read link %s", link);
	target[n] = '\0';
	name = basename(target);
	for (char *p = name; *p; p++)
		if (*p == '!')
			*p = '/';
	*ret = path_join("/dev", name);
	return 0;
}

/* Kernels before 5.14 have no quotactl_fd(2). */
static bool has_quotactl_fd(void)
{
	return syscall(SYS_quotactl_fd, -EBADF, 0, 0, NULL) >= 0 || errno != ENOSYS;
}

int quota_open(const char *path, struct quota *ret, struct error *e)
{
	autofd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct quota q = { .fd = fd };
	struct statfs fs;

	if (fd < 0)
		return error_sys(e, "open %s", path);
	if (fstatfs(fd, &fs))
		return error_sys(e, "statfs %s", path);
	q.fs = filesystem_of_magic((unsigned long)fs.f_type);
	if (!q.fs)
		return error_set(
			e, EOPNOTSUPP,
			"%s is on neither XFS nor ext4 (type 0x%lx): put it on one that is "
			"mounted with prjquota",
			path, (unsigned long)fs.f_type);
	q.block_bytes = (uint64_t)fs.f_bsize;
	if (!has_quotactl_fd() && find_device(fd, &q.device, e))
		return error_wrap(e, "%s", path);
	q.path = xstrdup(path);
	q.fd = take_fd(fd);
	*ret = q;
	return 0;
}

void quota_close(struct quota *q)
{
	if (!q->path)
		return;
	close_fd(&q->fd);
	free(q->path);
	free(q->device);
	*q = (struct quota){ .fd = -EBADF };
}

/* ---- what is switched on ---- */

/* ESRCH: it has, and they are off. ext4's have a format; XFS answers ESRCH always. */
bool quota_in_kernel(const struct quota *q)
{
	uint32_t format;

	return call(q, Q_GETFMT, 0, &format) != -ENOSYS;
}

int quota_mode_get(const struct quota *q, struct quota_mode *ret, struct error *e)
{
	struct fs_quota_statv state = { .qs_version = FS_QSTATV_VERSION1 };
	int r = call(q, Q_XGETQSTATV, 0, &state);

	/* What has no quota at all says so in one of these ways. */
	if (r == -ENOSYS || r == -ESRCH || r == -EINVAL)
		state.qs_flags = 0;
	else if (r)
		return error_set(e, -r, "ask for the quota state of %s: %s", q->path, strerror(-r));
	*ret = (struct quota_mode){
		.accounting = state.qs_flags & FS_QUOTA_PDQ_ACCT,
		.enforcing = state.qs_flags & FS_QUOTA_PDQ_ENFD,
	};
	return 0;
}

int quota_enforce(const struct quota *q, struct error *e)
{
	unsigned flags = FS_QUOTA_PDQ_ENFD;
	int r = call(q, Q_XQUOTAON, 0, &flags);

	if (!r || r == -EEXIST)
		return 0;
	return error_set(e, -r, "switch project quotas of %s on: %s", q->path, strerror(-r));
}

/* ---- records ---- */

uint64_t quota_round(uint64_t bytes, uint64_t block_bytes)
{
	uint64_t blocks;

	if (!block_bytes)
		return bytes;
	blocks = bytes / block_bytes + (bytes % block_bytes != 0);
	return MIN(blocks, INT64_MAX / block_bytes) * block_bytes;
}

static struct quota_record record_of(const struct fs_disk_quota *d)
{
	return (struct quota_record){
		.limits = {
			.soft_bytes = d->d_blk_softlimit * BASIC_BLOCK,
			.hard_bytes = d->d_blk_hardlimit * BASIC_BLOCK,
			.soft_inodes = d->d_ino_softlimit,
			.hard_inodes = d->d_ino_hardlimit,
		},
		.bytes = d->d_bcount * BASIC_BLOCK,
		.inodes = d->d_icount,
	};
}

int quota_get(const struct quota *q, uint32_t project, struct quota_record *ret, struct error *e)
{
	struct fs_disk_quota d = { 0 };
	int r = call(q, Q_XGETQUOTA, project, &d);

	if (r && r != -ENOENT)
		return error_set(e, -r, "read the quota of project %u on %s: %s", project, q->path,
				 strerror(-r));
	*ret = record_of(&d); /* all 0 still, if there is none */
	return 0;
}

int quota_set(const struct quota *q, uint32_t project, const struct quota_limits *limits,
	      struct error *e)
{
	struct fs_disk_quota d = {
		.d_version = FS_DQUOT_VERSION,
		.d_flags = FS_PROJ_QUOTA,
		.d_fieldmask = FS_DQ_BSOFT | FS_DQ_BHARD | FS_DQ_ISOFT | FS_DQ_IHARD,
		.d_id = project,
		.d_blk_softlimit = quota_round(limits->soft_bytes, q->block_bytes) / BASIC_BLOCK,
		.d_blk_hardlimit = quota_round(limits->hard_bytes, q->block_bytes) / BASIC_BLOCK,
		.d_ino_softlimit = limits->soft_inodes,
		.d_ino_hardlimit = limits->hard_inodes,
	};
	int r;

	assert(!limits->hard_bytes || limits->soft_bytes <= limits->hard_bytes);
	assert(!limits->hard_inodes || limits->soft_inodes <= limits->hard_inodes);
	r = call(q, Q_XSETQLIM, project, &d);
	if (r)
		return error_set(e, -r, "set the quota of project %u on %s: %s", project, q->path,
				 strerror(-r));
	return 0;
}

int quota_next(const struct quota *q, uint32_t after, uint32_t *ret_project,
	       struct quota_record *ret, struct error *e)
{
	struct fs_disk_quota d = { 0 };
	int r = after < PROJECT_MAX ? call(q, Q_XGETNEXTQUOTA, after + 1, &d) : -ENOENT;

	if (r == -ENOENT)
		return 1;
	if (r)
		return error_set(e, -r, "list the projects of %s: %s", q->path, strerror(-r));
	*ret_project = d.d_id;
	*ret = record_of(&d);
	return 0;
}

bool quota_in_use(const struct quota_record *r)
{
	const struct quota_limits *l = &r->limits;

	return r->bytes || r->inodes || l->soft_bytes || l->hard_bytes || l->soft_inodes ||
	       l->hard_inodes;
}

bool quota_near(double percent, uint64_t inodes, uint64_t inodes_limit)
{
	return percent >= QUOTA_NEAR_PERCENT ||
	       (inodes_limit && 100 * (double)inodes >= QUOTA_NEAR_PERCENT * (double)inodes_limit);
}

bool quota_full(const struct quota_limits *l, uint64_t bytes, uint64_t inodes, uint64_t block_bytes)
{
	return (l->hard_bytes && bytes + block_bytes > l->hard_bytes) ||
	       (l->hard_inodes && inodes >= l->hard_inodes);
}

/* ---- the project of an inode ---- */

int project_get(int fd, struct project *ret)
{
	struct fsxattr x;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &x))
		return -errno;
	*ret = (struct project){
		.id = x.fsx_projid,
		.inherited = x.fsx_xflags & FS_XFLAG_PROJINHERIT,
	};
	return 0;
}

int project_set(int fd, const struct project *p)
{
	struct fsxattr x;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &x))
		return -errno;
	x.fsx_projid = p->id;
	x.fsx_xflags &= ~(uint32_t)FS_XFLAG_PROJINHERIT;
	if (p->inherited)
		x.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	return ioctl(fd, FS_IOC_FSSETXATTR, &x) ? -errno : 0;
}
