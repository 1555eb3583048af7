/* Files of cgroupfs: each write is one command. */
#include "lib/cgroup.h"

#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "lib/fs.h"

#define FILE_MAX_BYTES (64 * KIB)
#define PAUSE_NS       (2 * NSEC_PER_MSEC)
#define TREE_FDS       16 /* that nftw(3) may hold open */

bool cgroup_is(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* Lines "hierarchy:controllers:path"; that of version 2 begins with "0::". */
char *cgroup_of(pid_t pid)
{
	autofree char *path = xasprintf("/proc/%d/cgroup", pid);
	autobuf struct buf text = { 0 };
	char *rest, *line;
	struct error e;

	if (fs_read(path, FILE_MAX_BYTES, &text, &e))
		return NULL;
	rest = buf_text(&text);
	while ((line = strsep(&rest, "\n")))
		if (str_starts(line, "0::/"))
			return xasprintf("%s%s", CGROUP_MOUNT, line + strlen("0::"));
	return NULL;
}

int cgroup_make(const char *path, struct error *e)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		return error_sys(e, "make cgroup %s", path);
	return 0;
}

int cgroup_open(const char *path, int *ret, struct error *e)
{
	autofree char *procs = path_join(path, "cgroup.procs");
	int fd = open(procs, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return error_sys(e, "open %s", procs);
	*ret = fd;
	return 0;
}

int cgroup_enter(int fd)
{
	return write(fd, "0", 1) == 1 ? 0 : -errno;
}

int cgroup_move(const char *path, pid_t pid, struct error *e)
{
	autofd int fd = -EBADF;

	if (cgroup_open(path, &fd, e))
		return -e->code;
	if (dprintf(fd, "%d", pid) < 0)
		return error_sys(e, "move process %d to cgroup %s", pid, path);
	return 0;
}

/* ---- the end ---- */

static bool is_populated(const char *path)
{
	autofree char *events = path_join(path, "cgroup.events");
	autobuf struct buf text = { 0 };
	struct error e;

	return !fs_read(events, FILE_MAX_BYTES, &text, &e) &&
	       strstr(buf_text(&text), "populated 1");
}

int cgroup_kill(const char *path, int64_t wait_ns, struct error *e)
{
	autofree char *order = path_join(path, "cgroup.kill");
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	int64_t until = now_ns() + wait_ns;
	autofd int fd = -EBADF;

	if (!is_populated(path))
		return 0;
	fd = open(order, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && access(path, F_OK))
		return 0;
	if (fd < 0 || write(fd, "1", 1) != 1)
		return error_sys(e, "write to %s", order);
	while (is_populated(path)) {
		if (now_ns() >= until)
			return error_set(e, EBUSY, "cgroup %s: what was killed there lives on",
					 path);
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* The files in it go with it, and only so. */
static int remove_one(const char *path, const struct stat *st unused, int type,
		      struct FTW *ftw unused)
{
	return type == FTW_DP && rmdir(path) && errno != ENOENT ? -1 : 0;
}

int cgroup_remove(const char *path, struct error *e)
{
	if (nftw(path, remove_one, TREE_FDS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) && errno != ENOENT)
		return error_sys(e, "remove cgroup %s", path);
	return 0;
}
