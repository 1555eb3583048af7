/* /proc/PID/stat: the one reader of it. */
#pragma once

#include <sys/types.h>

#include "lib/base.h"

/* Fields of proc_pid_stat(5). Ticks are of sysconf(_SC_CLK_TCK) a second. */
struct procstat {
	char state; /* 'R', 'S', 'Z', ... */
	pid_t parent;
	pid_t session;                     /* the pid of who made it, setsid(2) */
	uint64_t user_ticks, system_ticks; /* its own and of the children it waited for */
	uint64_t start;                    /* ticks after boot: with the pid, which process it is */
	uint64_t virtual_bytes, resident_pages;
};

/* Below an open /proc. -ESRCH and the like when there is no such process, -EINVAL for nonsense. */
int procstat_read(int proc, pid_t pid, struct procstat *ret);
