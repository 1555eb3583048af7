/* Where a store may be. */
#include "lib/store-dir.h"

#include <fcntl.h>
#include <libgen.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "lib/fs.h"
#include "lib/store-vfs.h"

#define DIR_MODE 0700

#define FORGETS "forgets at a reboot"
#define REMOTE  "cannot promise that what is written is on a disk"

static const struct bad_fs {
	unsigned long type; /* f_type of statfs(2) */
	const char *name, *why;
} bad_fs[] = {
	{ TMPFS_MAGIC, "tmpfs", FORGETS },  { RAMFS_MAGIC, "ramfs", FORGETS },
	{ NFS_SUPER_MAGIC, "NFS", REMOTE }, { CIFS_SUPER_MAGIC, "CIFS", REMOTE },
	{ AFS_SUPER_MAGIC, "AFS", REMOTE }, { AFS_FS_MAGIC, "AFS", REMOTE },
	{ SMB_SUPER_MAGIC, "SMB", REMOTE }, { SMB2_SUPER_MAGIC, "SMB", REMOTE },
};

/* at: what is there of dir. */
static int check_fs(const char *dir, const char *at, struct error *e)
{
	struct statfs fs;

	if (statfs(at, &fs))
		return error_sys(e, "look at the file system of %s", dir);
	for (size_t i = 0; i < ARRAY_SIZE(bad_fs); i++)
		if ((unsigned long)fs.f_type == bad_fs[i].type)
			return error_set(
				e, ENOTSUP,
				"store directory %s is on %s, which %s: choose another, on a "
				"local disk",
				dir, bad_fs[i].name, bad_fs[i].why);
	return 0;
}

/* Before it is made, so that a refusal leaves nothing behind: where it would be. */
static int check_fs_of(const char *dir, struct error *e)
{
	autofree char *copy = xstrdup(dir);
	char *at = copy;

	while (access(at, F_OK) && errno == ENOENT)
		at = dirname(at);
	return access(at, F_OK) ? 0 : check_fs(dir, at, e);
}

int store_dir_make(const char *dir, struct error *e)
{
	int r = check_fs_of(dir, e);
	struct error why;

	if (r || !fs_mkdirs(dir, DIR_MODE, &why))
		return r;
	return error_set(e, why.code, "%s: choose a directory that can be made", why.text);
}

int store_dir_sync(const char *dir, struct error *e)
{
	autofd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat at, up;

	if (fd < 0)
		return error_sys(e, "open %s", dir);
	while (!fstat(fd, &at)) {
		autofd int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fsync(fd) && errno != EINVAL)
			store_die("sync directory", dir, strerror(errno));
		if (parent < 0 || fstat(parent, &up) || up.st_dev != at.st_dev ||
		    up.st_ino == at.st_ino)
			break;
		close_fd(&fd);
		fd = take_fd(parent);
	}
	return 0;
}
