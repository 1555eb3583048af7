/* A copy of the file, and on top of it what is only in the log yet. */
#include "lib/store-image.h"

#include <fcntl.h>

#include "lib/fs.h"
#include "lib/store-wal.h"

/* Versions for writing and reading: 2 with a log, 1 without. The file format, section 1.3.3. */
enum { VERSIONS_AT = 18, HEADER_BYTES = 100 };

/* Asks without taking it: F_GETLK of fcntl_locking(2). SQLite locks bytes of the database. */
static int check_nobody(int fd, const char *path, struct error *e)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_GETLK, &lock))
		return error_sys(e, "look for locks of %s", path);
	if (lock.l_type == F_UNLCK)
		return 0;
	return error_set(e, EBUSY, "process %d has it open", (int)lock.l_pid);
}

static void drop_log(struct buf *image)
{
	if (image->len >= HEADER_BYTES)
		memset(image->data + VERSIONS_AT, 1, 2);
}

int store_image_read(const char *path, const char *log, struct buf *ret, struct error *e)
{
	autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
	autobuf struct buf image = { 0 };
	int r = fd < 0 ? error_sys(e, "open %s", path) : check_nobody(fd, path, e);

	if (!r)
		r = fs_read(path, STORE_IMAGE_MAX, &image, e);
	if (!r)
		r = store_wal_apply(log, &image, e);
	/* Whoever came meanwhile may have written. */
	if (!r)
		r = check_nobody(fd, path, e);
	if (r)
		return r;
	drop_log(&image);
	*ret = image;
	image = (struct buf){ 0 };
	return 0;
}
