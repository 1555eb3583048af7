/* mesos-module-host: one call after the other, from its daemon and back. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "lib/lines.h"
#include "lib/log.h"
#include "lib/module_host.h"
#include "tools/module-host/calls.h"
#include "tools/module-host/channel.h"
#include "tools/module-host/libraries.h"

#define READ_BYTES (64 * KIB)
/* It is the first to go when the node runs out of memory. */
#define OOM_SCORE "500\n"
/* Of what it may have, for a call that frees it again. */
#define MEMORY_MORE (32 * MIB)

/* A daemon that died before the prctl() sends no signal, so look whether it is still there. */
static void follow(pid_t daemon)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != daemon)
		_exit(EXIT_FAILURE);
}

/*
 * proc_pid_statm(5): what is resident, and what of its data RLIMIT_DATA counts. The descriptor
 * stays open.
 */
static void read_memory(uint64_t *resident, uint64_t *data)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	unsigned long long pages[2] = { 0, 0 };
	static int fd = -EBADF;
	char text[128];
	ssize_t n;

	if (fd < 0)
		fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[MAX(n, 0)] = '\0';
	sscanf(text, "%*u %llu %*u %*u %*u %llu", &pages[0], &pages[1]);
	*resident = pages[0] * page;
	*data = pages[1] * page;
}

/* Whether what it has as data is what it uses: a sanitizer's is more than there is. */
static bool data_counts;

/*
 * How much it has is looked at between two calls, when its end costs nobody a call. This ends one
 * that takes all it can get; where the kernel does not count, the deadline does.
 */
static void limit_memory(uint64_t most)
{
	uint64_t bytes = most + most / 4 + MEMORY_MORE, resident, data;
	struct rlimit limit = { bytes, bytes };
	autofd int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	read_memory(&resident, &data);
	data_counts = data < bytes;
	if (data_counts && setrlimit(RLIMIT_DATA, &limit))
		log_warning("module host: limit its memory: %s", strerror(errno));
	if (score >= 0 && write(score, OOM_SCORE, strlen(OOM_SCORE)) < 0)
		log_debug("module host: oom_score_adj: %s", strerror(errno));
}

/* All that is asked meanwhile will be asked of the next one. */
static void check_memory(uint64_t most)
{
	uint64_t resident, data, used;
	char *text;

	read_memory(&resident, &data);
	used = data_counts ? MAX(resident, data) : resident;
	if (used <= most)
		return;
	text = xasprintf("it has too much memory bytes=%llu max=%llu", (unsigned long long)used,
			 (unsigned long long)most);
	channel_log(NULL, text);
	_exit(MODULE_HOST_TOO_LARGE);
}

static void on_call(struct module_call *call)
{
	struct module_result result = { .error = NULL };

	answer_call(call, &result);
	result.number = call->number;
	result.has_number = call->has_number;
	channel_tell(MODULE_HOST_RESULT, &result);
	schema_clear(module_result_schema(), &result);
}

/* The call that loads: modules point into it. */
static struct message loaded;

static void on_line(const char *line, size_t len)
{
	struct message m = { 0 };
	struct error e;
	int r = message_decode(LANGUAGE_MODULE, line, len, &m, &e);

	if (r) {
		log_error("module host: %s", e.text);
		_exit(EXIT_FAILURE);
	}
	if (m.type == MODULE_CALL)
		on_call(m.body);
	if (m.type == MODULE_CALL && ((struct module_call *)m.body)->function == MODULE_LOAD)
		loaded = m;
	else
		message_fini(&m);
}

/* Until the daemon closes the socket. */
static void serve(uint64_t memory_max)
{
	struct lines in = { .max = LINE_MAX_DAEMON_BYTES };
	ssize_t n;
	char *line;
	size_t len;
	int r = 0;

	do {
		n = read(MODULE_HOST_FD, lines_reserve(&in, READ_BYTES), READ_BYTES);
		if (n > 0)
			lines_added(&in, (size_t)n);
		while (n > 0 && (r = lines_next(&in, &line, &len)) == LINES_TAKEN) {
			on_line(line, len);
			check_memory(memory_max);
		}
		if (r < 0) /* nothing that follows could be read */
			_exit(EXIT_FAILURE);
	} while (n > 0 || (n < 0 && errno == EINTR));
	lines_fini(&in);
}

int main(int argc, char **argv)
{
	const struct hello hello = { HELLO_OF(PEER_MODULE_HOST) };
	uint64_t memory_max;

	if (argc != 3) {
		fprintf(stderr, "mesos-module-host holds the modules of mesos-master and "
				"mesos-agent, which start it.\n");
		return 2;
	}
	follow(atoi(argv[1]));
	setlinebuf(stdout); /* what a module prints is there before it crashes */
	memory_max = strtoull(argv[2], NULL, 10);
	limit_memory(memory_max);
	fcntl(MODULE_HOST_FD, F_SETFD, FD_CLOEXEC);
	channel_tell(COMMON_HELLO, &hello);
	serve(memory_max);
	channel_hung_up();
	destroy_modules();
	message_fini(&loaded);
	return MODULE_HOST_HUNG_UP;
}
