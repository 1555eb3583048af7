/* A copy of the file, and on top of it what is only in the log yet. */
#include "lib/store-image.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/fs.h"
#include "lib/store-wal.h"

/* Versions for writing and reading: 2 with a log, 1 without. The file format, section 1.3.3. */
enum { VERSIONS_AT = 18, HEADER_BYTES = 100 };

#define LIVE_TRIES 20

/* The files at one time. The header of a log, 32 bytes, is another when it begins anew. */
struct moment {
	struct timespec written;
	off_t bytes;
	char log_header[32];
};

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

static int read_both(const char *path, const char *log, struct buf *image, struct error *e)
{
	int r;

	image->len = 0;
	r = fs_read(path, STORE_IMAGE_MAX, image, e);
	return r ? r : store_wal_apply(log, image, e);
}

static int read_closed(int fd, const char *path, const char *log, struct buf *image,
		       struct error *e)
{
	int r = check_nobody(fd, path, e);

	if (!r)
		r = read_both(path, log, image, e);
	/* Whoever came meanwhile may have written. */
	return r ? r : check_nobody(fd, path, e);
}

static struct moment look(int fd, const char *log)
{
	autofd int log_fd = open(log, O_RDONLY | O_CLOEXEC);
	struct moment m = { .bytes = 0 };
	struct stat st;

	if (!fstat(fd, &st)) {
		m.written = st.st_mtim;
		m.bytes = st.st_size;
	}
	if (log_fd >= 0 && pread(log_fd, m.log_header, sizeof(m.log_header), 0) < 0)
		m.log_header[0] = 0; /* as of none */
	return m;
}

static bool same(const struct moment *a, const struct moment *b)
{
	return a->written.tv_sec == b->written.tv_sec && a->written.tv_nsec == b->written.tv_nsec &&
	       a->bytes == b->bytes && !memcmp(a->log_header, b->log_header, sizeof(a->log_header));
}

/*
 * Half of a page that was just being copied into the database is no harm as long as the log has it,
 * and what is added to the log meanwhile is taken or not. What looks like damage may be a log that
 * is written over from its beginning.
 */
static int read_live(int fd, const char *path, const char *log, struct buf *image, struct error *e)
{
	int r = 0;

	for (unsigned n = 0; n < LIVE_TRIES; n++) {
		struct moment before = look(fd, log), after;

		r = read_both(path, log, image, e);
		after = look(fd, log);
		if (!r && same(&before, &after))
			return 0;
	}
	return r ? r : error_set(e, EBUSY, "it is written faster than it can be read");
}

int store_image_read(const char *path, const char *log, bool live, struct buf *ret, struct error *e)
{
	autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
	autobuf struct buf image = { 0 };
	int r;

	if (fd < 0)
		return error_sys(e, "open %s", path);
	r = live ? read_live(fd, path, log, &image, e) : read_closed(fd, path, log, &image, e);
	if (r)
		return r;
	drop_log(&image);
	*ret = image;
	image = (struct buf){ 0 };
	return 0;
}
