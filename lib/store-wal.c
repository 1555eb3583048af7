/*
 * Frames are chained by their checksums, so one byte ends the log for SQLite. Only the transaction
 * that was written last may look like that: each of the others was synced before the next began.
 */
#include "lib/store-wal.h"

#include <endian.h>
#include <fcntl.h>
#include <sys/stat.h>

#define MAGIC          0x377f0682 /* its last bit: whether sums are of big-endian words */
#define HEADER_BYTES   32
#define FRAME_BYTES    24 /* and a page behind them */
#define PAGE_BYTES_MIN 512
#define PAGE_BYTES_MAX 65536

/* Offsets of what we ask for. */
enum { HEADER_MAGIC = 0, HEADER_PAGE_BYTES = 8, HEADER_SALTS = 16, HEADER_SUM = 24 };
enum { FRAME_PAGE = 0, FRAME_SIZE = 4, FRAME_SALTS = 8, FRAME_SUM = 16 };

struct log {
	int fd;
	const char *path;
	uint64_t bytes, frames;
	uint32_t page_bytes;
	bool big_endian;
	uint32_t salts[2];
	uint32_t sum[2];      /* of all up to the frame that is looked at */
	unsigned char *frame; /* that, with its page */
	/* Up to the last whole transaction: its frames, and the pages of the database after it. */
	uint64_t whole_frames;
	uint32_t size;
	struct buf *image; /* of the database, to be brought up to that; NULL: it is not */
};

static uint32_t number(const unsigned char *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof(n));
	return be32toh(n);
}

static void add_to_sum(const struct log *l, const unsigned char *data, size_t n, uint32_t sum[2])
{
	for (size_t i = 0; i < n; i += 8) {
		uint32_t words[2];

		memcpy(words, data + i, sizeof(words));
		for (unsigned k = 0; k < 2; k++)
			sum[k] += sum[!k] + (l->big_endian ? be32toh(words[k]) : le32toh(words[k]));
	}
}

static int read_at(const struct log *l, uint64_t at, void *to, size_t n, struct error *e)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(l->fd, (char *)to + done, n - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			errno = got ? errno : EIO;
			return error_sys(e, "read %s", l->path);
		}
		done += (size_t)got;
	}
	return 0;
}

static uint64_t offset(const struct log *l, uint64_t frame)
{
	return HEADER_BYTES + frame * (FRAME_BYTES + l->page_bytes);
}

/* ---- the header ---- */

/* Room that was made for a log which was then not written. */
static int all_zeros(const struct log *l, bool *ret, struct error *e)
{
	char part[4096];
	int r = 0;

	*ret = true;
	for (uint64_t at = 0; !r && *ret && at < l->bytes; at += sizeof(part)) {
		size_t n = MIN(l->bytes - at, sizeof(part));

		r = read_at(l, at, part, n, e);
		for (size_t i = 0; !r && i < n; i++)
			*ret = *ret && !part[i];
	}
	return r;
}

static bool take_header(struct log *l, const unsigned char *h)
{
	uint32_t magic = number(h + HEADER_MAGIC);

	l->big_endian = magic & 1;
	l->page_bytes = number(h + HEADER_PAGE_BYTES);
	for (unsigned k = 0; k < 2; k++)
		l->salts[k] = number(h + HEADER_SALTS + 4 * k);
	add_to_sum(l, h, HEADER_SUM, l->sum);
	return (magic & ~1U) == MAGIC && l->page_bytes >= PAGE_BYTES_MIN &&
	       l->page_bytes <= PAGE_BYTES_MAX && !(l->page_bytes & (l->page_bytes - 1)) &&
	       l->sum[0] == number(h + HEADER_SUM) && l->sum[1] == number(h + HEADER_SUM + 4);
}

/* ---- frames ---- */

static int read_frame(const struct log *l, uint64_t i, size_t n, struct error *e)
{
	return read_at(l, offset(l, i), l->frame, n, e);
}

/* Both salts of another log are others: what an older one left behind, which is no damage. */
static bool is_of_this_log(const struct log *l)
{
	return number(l->frame + FRAME_SALTS) == l->salts[0] ||
	       number(l->frame + FRAME_SALTS + 4) == l->salts[1];
}

static void sum_frame(const struct log *l, uint32_t sum[2])
{
	memcpy(sum, l->sum, sizeof(l->sum));
	add_to_sum(l, l->frame, FRAME_SALTS, sum);
	add_to_sum(l, l->frame + FRAME_BYTES, l->page_bytes, sum);
}

static bool frame_fits(const struct log *l, uint32_t sum[2])
{
	sum_frame(l, sum);
	return number(l->frame + FRAME_SALTS) == l->salts[0] &&
	       number(l->frame + FRAME_SALTS + 4) == l->salts[1] &&
	       number(l->frame + FRAME_SUM) == sum[0] && number(l->frame + FRAME_SUM + 4) == sum[1];
}

/* Takes frames as SQLite would; *ret is the first that does not fit. */
static int walk(struct log *l, uint64_t *ret, struct error *e)
{
	uint32_t sum[2];
	uint64_t i;

	for (i = 0; i < l->frames; i++) {
		int r = read_frame(l, i, FRAME_BYTES + l->page_bytes, e);

		if (r)
			return r;
		if (!frame_fits(l, sum))
			break;
		memcpy(l->sum, sum, sizeof(sum));
		if (number(l->frame + FRAME_SIZE)) {
			l->whole_frames = i + 1;
			l->size = number(l->frame + FRAME_SIZE);
		}
	}
	*ret = i;
	return 0;
}

/* Commits from a frame on, itself too, and the size that the last of them says. */
static int count_commits(const struct log *l, uint64_t from, uint64_t *ret, uint32_t *size,
			 struct error *e)
{
	int r = 0;

	*ret = 0;
	for (uint64_t i = from; !r && i < l->frames; i++) {
		r = read_frame(l, i, FRAME_BYTES, e);
		if (r || !is_of_this_log(l) || !number(l->frame + FRAME_SIZE))
			continue;
		++*ret;
		*size = number(l->frame + FRAME_SIZE);
	}
	return r;
}

/* The frame is a commit that lost what says so: with that it would fit. */
static int lost_its_size(const struct log *l, uint64_t i, uint32_t last, bool *ret, struct error *e)
{
	int r = read_frame(l, i, FRAME_BYTES + l->page_bytes, e);
	uint32_t sum[2];

	*ret = false;
	if (r || number(l->frame + FRAME_SIZE))
		return r;
	for (uint64_t n = l->size; !*ret && n <= last; n++) {
		uint32_t word = htobe32((uint32_t)n);

		memcpy(l->frame + FRAME_SIZE, &word, sizeof(word));
		*ret = frame_fits(l, sum);
	}
	return 0;
}

static int check_tail(const struct log *l, uint64_t bad, bool *torn, struct error *e)
{
	uint64_t commits;
	uint32_t last = 0;
	bool lost = false;
	int r = count_commits(l, bad, &commits, &last, e);

	if (!r && commits == 1)
		r = lost_its_size(l, bad, last, &lost, e);
	if (r)
		return r;
	*torn = commits > 0;
	if (commits + lost < 2)
		return 0;
	return error_set(e, EBADMSG, "has a damaged log (%s, byte %llu and on)", l->path,
			 (unsigned long long)offset(l, bad));
}

/* Whether the transactions have all pages of the database, each at least once. */
static int has_all(const struct log *l, bool *ret, struct error *e)
{
	autofree bool *seen = xcalloc(l->whole_frames + 1, sizeof(*seen));
	uint64_t count = 0;
	int r = 0;

	for (uint64_t i = 0; !r && i < l->whole_frames; i++) {
		uint32_t page;

		r = read_frame(l, i, FRAME_BYTES, e);
		page = number(l->frame + FRAME_PAGE);
		if (r || page > l->size || page > l->whole_frames || seen[page])
			continue;
		seen[page] = true;
		count++;
	}
	*ret = count == l->size;
	return r;
}

/* A page that the database does not have after the last transaction was cut off by it. */
static int apply(const struct log *l, struct error *e)
{
	size_t bytes = (size_t)l->size * l->page_bytes, had = l->image->len;
	int r = 0;

	if (bytes > STORE_IMAGE_MAX)
		return error_set(e, EFBIG, "read %s: the database is larger than %llu bytes",
				 l->path, (unsigned long long)STORE_IMAGE_MAX);
	if (bytes > had)
		memset(buf_reserve(l->image, bytes - had), 0, bytes - had);
	l->image->len = bytes;
	for (uint64_t i = 0; !r && i < l->whole_frames; i++) {
		uint32_t page;

		r = read_frame(l, i, FRAME_BYTES + l->page_bytes, e);
		page = number(l->frame + FRAME_PAGE);
		if (!r && page && page <= l->size)
			memcpy(l->image->data + (size_t)(page - 1) * l->page_bytes,
			       l->frame + FRAME_BYTES, l->page_bytes);
	}
	return r;
}

static int look_at_frames(struct log *l, struct store_wal *ret, struct error *e)
{
	autofree unsigned char *frame = xcalloc(1, FRAME_BYTES + l->page_bytes);
	uint64_t bad = 0;
	int r;

	l->frame = frame;
	l->frames = (l->bytes - HEADER_BYTES) / (FRAME_BYTES + l->page_bytes);
	r = walk(l, &bad, e);
	if (!r)
		r = check_tail(l, bad, &ret->torn, e);
	if (!r)
		r = has_all(l, &ret->all, e);
	ret->rows = l->whole_frames > 0;
	return !r && l->image && ret->rows ? apply(l, e) : r;
}

static int look(struct log *l, struct store_wal *ret, struct error *e)
{
	unsigned char header[HEADER_BYTES];
	bool zeros = false;
	int r = read_at(l, 0, header, sizeof(header), e);

	if (!r && take_header(l, header))
		return look_at_frames(l, ret, e);
	if (!r)
		r = all_zeros(l, &zeros, e);
	if (r || zeros)
		return r;
	return error_set(e, EBADMSG, "has a damaged log (%s, its first %d bytes)", l->path,
			 HEADER_BYTES);
}

static int look_at(const char *path, struct buf *image, struct store_wal *ret, struct error *e)
{
	autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct log l = { .fd = fd, .path = path, .image = image };
	struct stat st = { 0 };

	if ((fd < 0 && errno != ENOENT) || (fd >= 0 && fstat(fd, &st)))
		return error_sys(e, "open %s", path);
	l.bytes = (uint64_t)st.st_size;
	return l.bytes > HEADER_BYTES ? look(&l, ret, e) : 0;
}

int store_wal_look(const char *path, struct store_wal *ret, struct error *e)
{
	struct store_wal found = { 0 };
	int r = look_at(path, NULL, &found, e);

	if (!r)
		*ret = found;
	return r;
}

int store_wal_apply(const char *path, struct buf *image, struct error *e)
{
	struct store_wal found = { 0 };

	return look_at(path, image, &found, e);
}
