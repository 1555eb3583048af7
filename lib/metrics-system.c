/* The host and this process, from sysinfo(2), getrusage(2) and proc(5). */
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "lib/metrics.h"
#include "lib/procstat.h"

#include "lib/metrics-structs.h"
#include "lib/metrics-system.def"
#include "lib/metrics-end.h"

#include "lib/metrics-tables.h"
#include "lib/metrics-system.def"
#include "lib/metrics-end.h"

#define FRESH_NS (100 * NSEC_PER_MSEC) /* how long a reading serves: many may ask */

static struct system_metrics values;

/* In hundredths, as /proc/loadavg has it: more digits say nothing. */
static double load(unsigned long fixed)
{
	return (double)((fixed * 100 + (1 << SI_LOAD_SHIFT) / 2) >> SI_LOAD_SHIFT) / 100;
}

static void read_host(void)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return;
	values.load_1min = load(info.loads[0]);
	values.load_5min = load(info.loads[1]);
	values.load_15min = load(info.loads[2]);
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

static void read_stat(void)
{
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct timespec boot;
	struct procstat stat;

	if (proc < 0 || procstat_read(proc, getpid(), &stat))
		return;
	values.virtual_memory = (double)stat.virtual_bytes;
	values.resident_memory = (double)stat.resident_pages * (double)sysconf(_SC_PAGESIZE);
	if (values.start_time != 0)
		return;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	values.start_time = (double)wall_ns() / 1e9 - (double)boot.tv_sec -
			    (double)boot.tv_nsec / 1e9 +
			    (double)stat.start / (double)sysconf(_SC_CLK_TCK);
}

/* Whether a reading of that time is too old; then it is of now. */
static bool is_old(int64_t *read_ns)
{
	int64_t now = now_ns();

	if (*read_ns && now - *read_ns < FRESH_NS)
		return false;
	*read_ns = now;
	return true;
}

struct metrics metrics_system(enum metrics_format format)
{
	static int64_t host_ns, process_ns;

	if (is_old(&host_ns))
		read_host();
	if (format != METRICS_JSON && is_old(&process_ns)) {
		read_usage();
		count_fds();
		read_stat();
	}
	return (struct metrics){ .table = system_metrics_table(), .values = &values };
}
