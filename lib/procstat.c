/* One line, whose second field may hold anything, spaces and ')' too. */
#include "lib/procstat.h"

#include <fcntl.h>
#include <stdio.h>

#define STAT_MAX 1024

enum field {
	FIELD_PARENT = 4,
	FIELD_SESSION = 6,
	FIELD_USER = 14,
	FIELD_SYSTEM,
	FIELD_WAITED_USER,
	FIELD_WAITED_SYSTEM,
	FIELD_START = 22,
	FIELD_VIRTUAL,
	FIELD_RESIDENT,
	FIELDS,
};

static int read_line(int proc, pid_t pid, char ret[STAT_MAX])
{
	autofd int fd = -EBADF;
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "%d/stat", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, ret, STAT_MAX - 1);
	if (n <= 0)
		return -ESRCH;
	ret[n] = '\0';
	return 0;
}

int procstat_read(int proc, pid_t pid, struct procstat *ret)
{
	char line[STAT_MAX], *at;
	uint64_t fields[FIELDS];
	int r = read_line(proc, pid, line);

	if (r)
		return r;
	at = strrchr(line, ')');
	if (!at || at[1] != ' ' || !at[2])
		return -EINVAL;
	ret->state = at[2];
	at += 2;
	for (int i = FIELD_PARENT; i < FIELDS; i++) {
		at = strchr(at, ' ');
		if (!at)
			return -EINVAL;
		fields[i] = strtoull(at, &at, 10);
	}
	ret->parent = (pid_t)fields[FIELD_PARENT];
	ret->session = (pid_t)fields[FIELD_SESSION];
	ret->user_ticks = fields[FIELD_USER] + fields[FIELD_WAITED_USER];
	ret->system_ticks = fields[FIELD_SYSTEM] + fields[FIELD_WAITED_SYSTEM];
	ret->start = fields[FIELD_START];
	ret->virtual_bytes = fields[FIELD_VIRTUAL];
	ret->resident_pages = fields[FIELD_RESIDENT];
	return 0;
}
