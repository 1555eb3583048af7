/* A scan with the options of a visitor, and a careful open(2). */
#include "agent/disk/visit.h"

#include <fcntl.h>
#include <sys/stat.h>

int visit_tree(int dirfd, const struct scan_visitor *visitor, const atomic_bool *cancel,
	       struct scan_result *ret, struct error *e)
{
	const struct scan_options options = {
		.threads = 1,
		.one_mount = true,
		.cancel = cancel,
		.visitor = visitor,
	};

	return scan_tree(dirfd, &options, ret, e);
}

int visit_open_file(int dirfd, const char *name)
{
	autofd int fd =
		openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		errno = ENXIO;
		return -1;
	}
	return take_fd(fd);
}
