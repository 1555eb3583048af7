/* The host and this process, from sysinfo(2), getrusage(2) and proc(5). */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "lib/fs.h"
#include "lib/metrics.h"

#include "lib/metrics-structs.h"
#include "lib/metrics-system.def"
#include "lib/metrics-end.h"

#include "lib/metrics-tables.h"
#include "lib/metrics-system.def"
#include "lib/metrics-end.h"

static struct system_metrics values;

static void read_host(void)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return;
	values.load_1min = (double)info.loads[0] / (1 << SI_LOAD_SHIFT);
	values.load_5min = (double)info.loads[1] / (1 << SI_LOAD_SHIFT);
	values.load_15min = (double)info.loads[2] / (1 << SI_LOAD_SHIFT);
	values.mem_total = (double)info.totalram * info.mem_unit;
	values.mem_free = (double)info.freeram * info.mem_unit;
	values.cpus_total = (double)sysconf(_SC_NPROCESSORS_ONLN);
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void read_usage(void)
{
	struct rusage usage;
	struct rlimit limit;

	if (!getrusage(RUSAGE_SELF, &usage))
		values.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		values.max_fds = (double)limit.rlim_cur;
}

static void count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	if (!dir)
		return;
	while (readdir(dir))
		n++;
	closedir(dir);
	values.open_fds = n - 3; /* ".", ".." and the directory itself */
}

/* Fields 22 (start time in ticks since boot), 23 and 24 of /proc/self/stat. */
static void read_stat(void)
{
	autobuf struct buf text = { 0 };
	unsigned long long start, size;
	const char *after_name;
	struct error e;
	long pages;

	if (fs_read("/proc/self/stat", 4096, &text, &e))
		return;
	after_name = strrchr(buf_text(&text), ')');
	if (!after_name || sscanf(after_name + 1,
				  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
				  "%*d %*d %*d %*d %llu %llu %ld",
				  &start, &size, &pages) != 3)
		return;
	values.virtual_memory = (double)size;
	values.resident_memory = (double)pages * (double)sysconf(_SC_PAGESIZE);
	if (values.start_time == 0) {
		struct timespec boot;

		clock_gettime(CLOCK_BOOTTIME, &boot);
		values.start_time = (double)wall_ns() / 1e9 - (double)boot.tv_sec -
				    (double)boot.tv_nsec / 1e9 +
				    (double)start / (double)sysconf(_SC_CLK_TCK);
	}
}

struct metrics metrics_system(enum metrics_format format)
{
	read_host();
	if (format != METRICS_JSON) {
		read_usage();
		count_fds();
		read_stat();
	}
	return (struct metrics){ .table = system_metrics_table(), .values = &values };
}
