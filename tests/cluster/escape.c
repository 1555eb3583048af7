/*
 * A task that tries to get out of its project quota by every door that a kernel has: in the
 * current directory, which has a project id that its new files inherit. Prints a line for each,
 * and exits with 1 if one was open. Which doors root finds besides, --root tries.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "lib/base.h"

#define NR_FILE_SETATTR  469
#define NR_QUOTACTL_FD   443
#define X32_BIT          0x40000000
#define NR_X32_IOCTL     514
#define NR_I386_IOCTL    54
#define NR_I386_QUOTACTL 131
#define PROJECT_QUOTA    2 /* PRJQUOTA, which sys/quota.h may lack */
#define HIGH_BIT         BIT(32)

/* As file_setattr(2) takes it. */
struct file_attr {
	uint64_t xflags;
	uint32_t extsize, nextents, projid, cowextsize;
};

/* Where it is tried, with what it had before. Below 4 GiB, where 32-bit calls reach. */
struct arena {
	struct fsxattr now, before;
	int flags;
	int32_t flags32;
	struct file_attr attr;
	struct fs_disk_quota limit;
	char path[4];
	int error; /* that the kernel said */
};

static struct arena *arena;
static int directory;

/* ---- the ways in which a call is made ---- */

static long native(long nr, long a, unsigned long b, const void *c, long d, long e)
{
	return syscall(nr, a, b, c, d, e);
}

#ifdef __x86_64__
static long x32(long nr, long a, unsigned long b, const void *c, long d, long e)
{
	return syscall(X32_BIT | nr, a, b, c, d, e);
}

/* From a 64-bit program, which needs no library for that. */
static long i386(long nr, long a, unsigned long b, const void *c, long d, long e)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int)r >= 0)
		return r;
	errno = -(int)r;
	return -1;
}
#endif

/* ---- what is tried: 0 if the kernel says that it was done ---- */

/* To no project, without passing that on. */
static const void *no_project(void)
{
	arena->now = arena->before;
	arena->now.fsx_projid = 0;
	arena->now.fsx_xflags &= ~(uint32_t)FS_XFLAG_PROJINHERIT;
	return &arena->now;
}

/* To another one's, at whose cost it then writes. */
static const void *another_project(void)
{
	arena->now = arena->before;
	arena->now.fsx_projid++;
	return &arena->now;
}

static const void *no_flags(void)
{
	arena->flags = 0;
	return &arena->flags;
}

static const void *no_flags_32(void)
{
	arena->flags32 = 0;
	return &arena->flags32;
}

static const void *no_attr(void)
{
	arena->attr = (struct file_attr){ .projid = 0 };
	return &arena->attr;
}

static const void *no_limit(void)
{
	arena->limit = (struct fs_disk_quota){
		.d_version = FS_DQUOT_VERSION,
		.d_flags = FS_PROJ_QUOTA,
		.d_id = arena->before.fsx_projid,
		.d_fieldmask = FS_DQ_BHARD | FS_DQ_BSOFT,
	};
	return &arena->limit;
}

typedef long (*way)(long nr, long a, unsigned long b, const void *c, long d, long e);

/* ioctl(directory, number, what) or, with a number of file_setattr, (directory, path, what). */
static const struct attempt {
	const char *name;
	way call;
	long nr;
	unsigned long request; /* 0: file_setattr */
	const void *(*what)(void);
} attempts[] = {
	{ "FSSETXATTR", native, SYS_ioctl, FS_IOC_FSSETXATTR, no_project },
	{ "FSSETXATTR to another's project", native, SYS_ioctl, FS_IOC_FSSETXATTR,
	  another_project },
	{ "FSSETXATTR with bit 32", native, SYS_ioctl, FS_IOC_FSSETXATTR | HIGH_BIT, no_project },
	{ "SETFLAGS", native, SYS_ioctl, FS_IOC_SETFLAGS, no_flags },
	{ "SETFLAGS with bit 32", native, SYS_ioctl, FS_IOC_SETFLAGS | HIGH_BIT, no_flags },
	{ "SETFLAGS of 32-bit programs", native, SYS_ioctl, FS_IOC32_SETFLAGS, no_flags_32 },
	{ "file_setattr", native, NR_FILE_SETATTR, 0, no_attr },
#ifdef __x86_64__
	{ "FSSETXATTR as i386", i386, NR_I386_IOCTL, FS_IOC_FSSETXATTR, no_project },
	{ "SETFLAGS as i386", i386, NR_I386_IOCTL, FS_IOC32_SETFLAGS, no_flags_32 },
	{ "file_setattr as i386", i386, NR_FILE_SETATTR, 0, no_attr },
	{ "FSSETXATTR as x32", x32, NR_X32_IOCTL, FS_IOC_FSSETXATTR, no_project },
	{ "SETFLAGS as x32", x32, NR_X32_IOCTL, FS_IOC_SETFLAGS, no_flags },
	{ "file_setattr as x32", x32, NR_FILE_SETATTR, 0, no_attr },
	{ "FSSETXATTR by the x32 number without its bit", native, NR_X32_IOCTL, FS_IOC_FSSETXATTR,
	  no_project },
	{ "FSSETXATTR by the 64-bit number with the x32 bit", x32, SYS_ioctl, FS_IOC_FSSETXATTR,
	  no_project },
#endif
};

static long make(const struct attempt *a)
{
	const void *what = a->what();

	if (a->request)
		return a->call(a->nr, directory, a->request, what, 0, 0);
	return a->call(a->nr, directory, (unsigned long)arena->path, what, sizeof(struct file_attr),
		       0);
}

static int project(struct fsxattr *ret)
{
	return ioctl(directory, FS_IOC_FSGETXATTR, ret);
}

/* Whatever the call said: whether the directory is in the same project, and passes it on. */
static bool shed(void)
{
	struct fsxattr is;

	if (project(&is)) {
		perror("escape: FSGETXATTR");
		exit(2);
	}
	return is.fsx_projid != arena->before.fsx_projid || !(is.fsx_xflags & FS_XFLAG_PROJINHERIT);
}

static bool tell(const char *name, const char *where, bool open, const char *said)
{
	printf("%s %s%s: %s\n", open ? "OPEN" : "shut", name, where, open ? "done" : said);
	return open;
}

/* What waitpid(2) says of a child. */
static int wait_for(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("escape: fork");
		exit(2);
	}
	return status;
}

/* By a process of its own: a kernel without i386 kills it. */
static bool attempt(const struct attempt *a, const char *where)
{
	pid_t pid;
	int status;
	bool open;

	fflush(stdout);
	arena->error = 0;
	pid = fork();
	if (pid == 0) {
		if (make(a) < 0)
			arena->error = errno;
		_exit(0);
	}
	status = wait_for(pid);
	open = shed();
	if (open && ioctl(directory, FS_IOC_FSSETXATTR, &arena->before)) {
		perror("escape: put the project back");
		exit(2);
	}
	return tell(a->name, where, open,
		    WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : strerror(arena->error));
}

static bool attempt_all(const char *where)
{
	bool open = false;

	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++)
		open |= attempt(&attempts[i], where);
	return open;
}

/* ---- limits ---- */

static bool attempt_limits(void)
{
	const void *what = no_limit();
	autofree char *device = NULL;
	long by_fd, by_path;
	struct stat st;
	bool open;

	if (fstat(directory, &st)) {
		perror("escape: fstat");
		exit(2);
	}
	device = xasprintf("/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	errno = 0;
	by_fd = syscall(NR_QUOTACTL_FD, directory, QCMD(Q_XSETQLIM, PROJECT_QUOTA),
			arena->before.fsx_projid, what);
	open = tell("quotactl_fd", "", !by_fd, strerror(errno));
	errno = 0;
	by_path = syscall(SYS_quotactl, QCMD(Q_XSETQLIM, PROJECT_QUOTA), device,
			  arena->before.fsx_projid, what);
	return tell("quotactl", "", !by_path, strerror(errno)) || open;
}

/* ---- in a user namespace, as its root ---- */

static bool attempt_namespace(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		bool open;

		if (unshare(CLONE_NEWUSER)) {
			printf("shut user namespace: %s\n", strerror(errno));
			fflush(stdout);
			_exit(0);
		}
		open = attempt_all(" in a user namespace");
		fflush(stdout);
		_exit(open ? 1 : 0);
	}
	return wait_for(pid) != 0;
}

/* ---- what root can besides ---- */

static bool raw_disk(void)
{
	struct stat st;

	if (fstat(directory, &st) || mknod("disk", S_IFBLK | 0600, st.st_dev))
		return false;
	unlink("disk");
	return true;
}

static bool handle(void)
{
	struct {
		struct file_handle head;
		char room[MAX_HANDLE_SZ];
	} h = { .head = { .handle_bytes = MAX_HANDLE_SZ } };
	int id, fd;

	if (name_to_handle_at(directory, "", &h.head, &id, AT_EMPTY_PATH))
		return false;
	fd = open_by_handle_at(directory, &h.head, O_RDONLY);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* Whose first process we are, if exec'd. */
static bool supervisor(void)
{
	if (ptrace(PTRACE_SEIZE, getppid(), NULL, NULL))
		return false;
	ptrace(PTRACE_DETACH, getppid(), NULL, NULL);
	return true;
}

static bool memory_of_supervisor(void)
{
	autofree char *path = xasprintf("/proc/%d/mem", getppid());
	autofd int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd >= 0;
}

static bool mounts(void)
{
	if (mkdir("mounted", 0700) && errno != EEXIST)
		return false;
	if (mount("none", "mounted", "tmpfs", 0, NULL))
		return false;
	umount("mounted");
	return true;
}

static bool resources(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_MSGQUEUE, &r))
		return false;
	r.rlim_cur = ++r.rlim_max;
	return !setrlimit(RLIMIT_MSGQUEUE, &r);
}

static const struct {
	const char *name;
	bool (*open)(void);
} doors[] = {
	{ "mknod of the disk", raw_disk },
	{ "open_by_handle_at", handle },
	{ "ptrace of the supervisor", supervisor },
	{ "memory of the supervisor", memory_of_supervisor },
	{ "mount", mounts },
	{ "more than the limits of resources", resources },
};

static bool try_doors(void)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(doors); i++) {
		bool open;

		errno = 0;
		open = doors[i].open();
		any |= tell(doors[i].name, "", open, strerror(errno));
	}
	return any;
}

/* ---- */

static void look(void)
{
	arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS
#ifdef MAP_32BIT
			     | MAP_32BIT
#endif
		     ,
		     -1, 0);
	directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (arena == MAP_FAILED || directory < 0 || project(&arena->before)) {
		perror("escape: look at the current directory");
		exit(2);
	}
	if (shed()) {
		fprintf(stderr, "escape: the current directory passes on no project\n");
		exit(2);
	}
	strcpy(arena->path, ".");
}

int main(int argc, char **argv)
{
	bool open;

	look();
	open = attempt_all("");
	open |= attempt_limits();
	open |= attempt_namespace();
	if (argc == 2 && str_equal(argv[1], "--root"))
		open |= try_doors();
	return open;
}
