/*
 * SQLite's own file layer, with one difference: what it cannot read, write, truncate, sync or
 * remove ends the process. SQLite itself forgets some of these errors (a checkpoint's, a
 * directory's), and after a failed fsync(2) a second one succeeds without the data.
 */
#include "lib/store-vfs.h"

#include "lib/log.h"

/* SQLite allocates this and the file of the layer below behind it. */
struct file {
	sqlite3_file base;
	const char *path; /* SQLite's; NULL for a temporary file */
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static bool forgiving;

void store_vfs_forgive(bool on)
{
	forgiving = on;
}

_Noreturn void store_die(const char *what, const char *path, const char *why)
{
	log_error(
		"store: %s %s: %s; nobody knows what is on disk now, so this process ends: look at "
		"the disk and the kernel's log, then start it again",
		what, path ? path : "a temporary file", why);
	_exit(EXIT_FAILURE);
}

_Noreturn void store_die_moved(const char *path)
{
	log_error("store: %s was moved, removed or replaced while it was in use: nothing more is "
		  "acknowledged, and this process ends; put back what was moved before another "
		  "start, which would begin afresh without it",
		  path);
	_exit(2);
}

static struct file *file_of(sqlite3_file *base)
{
	return container_of(base, struct file, base);
}

static sqlite3_file *real_of(sqlite3_file *base)
{
	return file_of(base)->real;
}

static int last_errno(sqlite3_file *real)
{
	int code = 0;

	if (real->pMethods->xFileControl(real, SQLITE_FCNTL_LAST_ERRNO, &code) != SQLITE_OK)
		return EIO;
	return code;
}

static _Noreturn void die(sqlite3_file *base, const char *what)
{
	int code = last_errno(real_of(base));

	store_die(what, file_of(base)->path, strerror(code ? code : EIO));
}

/* SQLite knows a full disk, but not a full quota, nor either of them when it truncates. */
static int ok_or_full(sqlite3_file *base, int r, const char *what)
{
	int code;

	if (r == SQLITE_OK || r == SQLITE_FULL)
		return r;
	code = last_errno(real_of(base));
	if (code == ENOSPC || code == EDQUOT)
		return SQLITE_FULL;
	if (forgiving)
		return r;
	die(base, what);
}

static int file_close(sqlite3_file *base)
{
	return real_of(base)->pMethods->xClose(real_of(base));
}

static int file_read(sqlite3_file *base, void *to, int n, sqlite3_int64 at)
{
	int r = real_of(base)->pMethods->xRead(real_of(base), to, n, at);

	if (r != SQLITE_OK && r != SQLITE_IOERR_SHORT_READ && !forgiving)
		die(base, "read");
	return r;
}

static int file_write(sqlite3_file *base, const void *from, int n, sqlite3_int64 at)
{
	return ok_or_full(base, real_of(base)->pMethods->xWrite(real_of(base), from, n, at),
			  "write");
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	return ok_or_full(base, real_of(base)->pMethods->xTruncate(real_of(base), size),
			  "truncate");
}

static int file_sync(sqlite3_file *base, int how)
{
	int r = real_of(base)->pMethods->xSync(real_of(base), how);

	if (r != SQLITE_OK && !forgiving)
		die(base, "sync");
	return r;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret)
{
	if (real_of(base)->pMethods->xFileSize(real_of(base), ret) != SQLITE_OK)
		die(base, "ask for the size of");
	return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level)
{
	return real_of(base)->pMethods->xLock(real_of(base), level);
}

static int file_unlock(sqlite3_file *base, int level)
{
	return real_of(base)->pMethods->xUnlock(real_of(base), level);
}

static int file_locked(sqlite3_file *base, int *ret)
{
	return real_of(base)->pMethods->xCheckReservedLock(real_of(base), ret);
}

static int file_control(sqlite3_file *base, int op, void *arg)
{
	return real_of(base)->pMethods->xFileControl(real_of(base), op, arg);
}

static int file_sector(sqlite3_file *base)
{
	return real_of(base)->pMethods->xSectorSize(real_of(base));
}

static int file_traits(sqlite3_file *base)
{
	return real_of(base)->pMethods->xDeviceCharacteristics(real_of(base));
}

/* Version 1: no shared memory (one process has the database), no mmap(2) (errors are SIGBUS). */
static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_locked,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_traits,
};

static int vfs_open(sqlite3_vfs *vfs unused, const char *path, sqlite3_file *base, int flags,
		    int *ret_flags)
{
	struct file *f = file_of(base);
	int r;

	f->path = path;
	f->real = (sqlite3_file *)(f + 1);
	r = real_vfs->xOpen(real_vfs, path, f->real, flags, ret_flags);
	f->base.pMethods = f->real->pMethods ? &methods : NULL;
	return r;
}

static int vfs_delete(sqlite3_vfs *vfs unused, const char *path, int sync_dir)
{
	int r = real_vfs->xDelete(real_vfs, path, sync_dir);

	if (r != SQLITE_OK && r != SQLITE_IOERR_DELETE_NOENT)
		store_die("remove", path, strerror(errno ? errno : EIO));
	return r;
}

static int vfs_access(sqlite3_vfs *vfs unused, const char *path, int flags, int *ret)
{
	return real_vfs->xAccess(real_vfs, path, flags, ret);
}

static int vfs_full_path(sqlite3_vfs *vfs unused, const char *path, int size, char *ret)
{
	return real_vfs->xFullPathname(real_vfs, path, size, ret);
}

static int vfs_random(sqlite3_vfs *vfs unused, int n, char *ret)
{
	return real_vfs->xRandomness(real_vfs, n, ret);
}

static int vfs_sleep(sqlite3_vfs *vfs unused, int usec)
{
	return real_vfs->xSleep(real_vfs, usec);
}

static int vfs_time(sqlite3_vfs *vfs unused, double *ret)
{
	return real_vfs->xCurrentTime(real_vfs, ret);
}

static int vfs_last_error(sqlite3_vfs *vfs unused, int size, char *ret)
{
	return real_vfs->xGetLastError(real_vfs, size, ret);
}

const char *store_vfs(void)
{
	static sqlite3_vfs ours = {
		.iVersion = 1,
		.zName = "mesos-store",
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_path,
		.xRandomness = vfs_random,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_time,
		.xGetLastError = vfs_last_error,
	};

	if (real_vfs)
		return ours.zName;
	real_vfs = sqlite3_vfs_find(NULL);
	assert(real_vfs);
	ours.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
	ours.mxPathname = real_vfs->mxPathname;
	if (sqlite3_vfs_register(&ours, 0) != SQLITE_OK)
		assert(!"a file layer that cannot be registered");
	return ours.zName;
}
