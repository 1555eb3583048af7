/*
 * What scan.sh measures: `scan DIR THREADS` scans a tree and prints what it
 * found; `scan make DIR DIRS FILES` makes one of DIRS directories with FILES
 * names each, the last of them a hard link into the directory before.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/disk/scan.h"

static const struct {
	unsigned percent, bytes;
} sizes[] = {
	{ 20, 0 },
	{ 60, 3000 },
	{ 15, 6000 },
	{ 5, 40000 },
};

static unsigned size_of(unsigned n)
{
	unsigned percent = n % 100, i = 0;

	while (percent >= sizes[i].percent)
		percent -= sizes[i++].percent;
	return sizes[i].bytes;
}

/* Space without data: what is measured never reads a file. */
static int make_file(int dir, unsigned n)
{
	autofree char *name = xasprintf("file-%u", n);
	autofd int fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	unsigned size = size_of(n);

	if (fd < 0)
		return -1;
	return size ? fallocate(fd, 0, 0, size) : 0;
}

static int make_dir(int root, unsigned n, unsigned n_files)
{
	autofree char *name = xasprintf("%u", n);
	autofree char *peer = xasprintf("%u/file-0", n ? n - 1 : 0);
	autofd int dir = -EBADF;

	if (mkdirat(root, name, 0700) < 0)
		return -1;
	dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; i + 1 < n_files; i++) {
		if (dir < 0 || make_file(dir, i) < 0)
			return -1;
	}
	return linkat(root, peer, dir, "link", 0);
}

static int make_tree(const char *path, unsigned n_dirs, unsigned n_files)
{
	autofd int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (unsigned i = 0; i < n_dirs; i++) {
		if (root < 0 || make_dir(root, i, n_files) < 0) {
			perror(path);
			return 1;
		}
	}
	return 0;
}

static int scan(const char *path, unsigned threads)
{
	autofd int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct scan_options options = { .threads = threads };
	struct scan_result found;
	int64_t start = now_ns();
	struct error e;

	if (root < 0) {
		perror(path);
		return 1;
	}
	if (scan_tree(root, &options, &found, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	printf("bytes=%ju inodes=%ju missed=%ju wall_ns=%jd cpu_ns=%jd\n", (uintmax_t)found.bytes,
	       (uintmax_t)found.inodes, (uintmax_t)found.missed, (intmax_t)(now_ns() - start),
	       (intmax_t)found.cpu_ns);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && str_equal(argv[1], "make"))
		return make_tree(argv[2], (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
	if (argc == 3)
		return scan(argv[1], (unsigned)atoi(argv[2]));
	fprintf(stderr, "usage: %s DIR THREADS | make DIR DIRS FILES\n", argv[0]);
	return 2;
}
