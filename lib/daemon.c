/* The common beginning of the daemons. */
#include "lib/daemon.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/fs.h"
#include "lib/ids.h"
#include "lib/log.h"

static const char *const levels[] = {
	[LOG_LEVEL_ERROR] = "ERROR",
	[LOG_LEVEL_WARNING] = "WARNING",
	[LOG_LEVEL_INFO] = "INFO",
	[LOG_LEVEL_DEBUG] = "DEBUG",
};

static int set_level(const char *name, struct error *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (!strcmp(levels[i], name)) {
			log_set_level((enum log_level)i);
			return 0;
		}
	return error_set(e, EINVAL,
			 "--logging_level: must be ERROR, WARNING, INFO or DEBUG, not '%s'", name);
}

static int open_log(const struct daemon_options *options, struct error *e)
{
	autofree char *path = NULL;
	int fd;

	if (!options->log_dir)
		return 0;
	if (fs_mkdirs(options->log_dir, 0755, e))
		return error_wrap(e, "--log_dir");
	path = xasprintf("%s/%s.log", options->log_dir, options->name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return error_sys(e, "--log_dir: open %s", path);
	log_set_file(fd, options->quiet);
	return 0;
}

/* A socket that lands on descriptor 2 would receive our log. */
static int fill_standard_fds(struct error *e)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return error_sys(e, "open /dev/null");
	} while (fd <= STDERR_FILENO);
	close(fd);
	return 0;
}

static void raise_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		log_warning("limit of open files: cannot be raised: %s", strerror(errno));
}

/*
 * What our parent ignored and blocked is no wish of ours: the kernel itself reaps the children of
 * who ignores SIGCHLD. SIGHUP stays: nohup(1). A file that is too large is an error of its write.
 */
static int take_signals(struct error *e)
{
	static const int ours[] = { SIGCHLD, SIGTERM, SIGINT, SIGUSR1 };
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		signal(ours[i], SIG_DFL);
		sigaddset(&set, ours[i]);
	}
	if (sigprocmask(SIG_SETMASK, &set, NULL))
		return error_sys(e, "block signals");
	return 0;
}

int daemon_init(const struct daemon_options *options, sd_event **ret, struct error *e)
{
	int r = fill_standard_fds(e);

	log_set_standard();
	umask(022); /* what others have to read and enter does not depend on who started us */
	if (!r)
		r = set_level(options->logging_level, e);
	if (!r)
		r = open_log(options, e);
	if (!r)
		r = take_signals(e);
	if (r)
		return r;
	raise_fd_limit();
	r = sd_event_default(ret);
	if (r < 0)
		return error_set(e, -r, "make an event loop: %s", strerror(-r));
	return 0;
}

int daemon_handle_signals(sd_event *loop, sd_event_signal_handler_t on_signal, void *ctx,
			  struct error *e)
{
	int r = sd_event_add_signal(loop, NULL, SIGTERM, on_signal, ctx);

	if (r >= 0)
		r = sd_event_add_signal(loop, NULL, SIGINT, on_signal, ctx);
	if (r < 0)
		return error_set(e, -r, "watch for signals: %s", strerror(-r));
	return 0;
}

char *daemon_hostname(void)
{
	char name[HOST_NAME_MAX + 1];

	if (gethostname(name, sizeof(name)) || !*name)
		return xstrdup("localhost");
	name[HOST_NAME_MAX] = '\0';
	return xstrdup(name);
}

void daemon_warn_if_open(const char *ip)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, ip, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127)
		return;
	if (inet_pton(AF_INET6, ip, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6))
		return;
	log_warning("listening on %s: nothing is authenticated yet, so whoever reaches this "
		    "address can run commands here; --ip=127.0.0.1 keeps it local",
		    ip);
}

int daemon_listen(sd_event *loop, const char *ip, uint64_t port, int passed,
		  const struct listener_limits *limits, const struct listener_ops *ops, void *owner,
		  struct listener **ret, struct error *e)
{
	bool of_port;

	if (passed >= 0)
		return listener_take(loop, passed, limits, ops, owner, ret, e);
	if (!listener_tcp(loop, ip, (uint16_t)port, limits, ops, owner, ret, e))
		return 0;
	of_port = e->code == EADDRINUSE || e->code == EACCES;
	return error_wrap(e, of_port ? "--port" : "--ip");
}

int daemon_check_hostname(const char *hostname, struct error *e)
{
	if (!hostname || id_valid(hostname))
		return 0;
	return error_set(e, EINVAL,
			 "--hostname: must be 1 to %d bytes without control characters or slashes",
			 ID_MAX);
}

int daemon_check_port(uint64_t port, struct error *e)
{
	if (port <= UINT16_MAX)
		return 0;
	return error_set(e, EINVAL, "--port: %llu is above 65535", (unsigned long long)port);
}
