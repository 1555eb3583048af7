/* What every daemon does before it serves: descriptors, signals, log, loop. */
#pragma once

#include <systemd/sd-event.h>

#include "lib/listener.h"

struct daemon_options {
	const char *name;          /* of its log file: <log_dir>/<name>.log */
	const char *logging_level; /* ERROR, WARNING, INFO or DEBUG */
	const char *log_dir;       /* NULL: no file */
	bool quiet;                /* with log_dir: nothing on standard error */
};

/*
 * Whatever the parent left us: opens descriptors 0 to 2 if they are closed, raises RLIMIT_NOFILE to
 * its hard limit, sets the umask to 022, ignores SIGPIPE and SIGXFSZ, neither ignores nor lets
 * through SIGCHLD, SIGTERM, SIGINT and SIGUSR1 (they are for sources of the loop), blocks no other
 * signal, and makes the default loop. -EINVAL for a bad level, -errno for a log file that cannot be
 * opened.
 */
int daemon_init(const struct daemon_options *options, sd_event **ret, struct error *e);
/* Calls on_signal at SIGTERM and SIGINT. */
int daemon_handle_signals(sd_event *loop, sd_event_signal_handler_t on_signal, void *ctx,
			  struct error *e);
/* gethostname(2); the caller frees. */
char *daemon_hostname(void);
/* Warns once that nothing is authenticated if ip is not a loopback address. */
void daemon_warn_if_open(const char *ip);
/*
 * Listens on ip and port, the flags, or on the socket that was passed, which is taken (-EBADF: none
 * was): manager_socket(). An error names the flag that is to blame.
 */
int daemon_listen(sd_event *loop, const char *ip, uint64_t port, int passed,
		  const struct listener_limits *limits, const struct listener_ops *ops, void *owner,
		  struct listener **ret, struct error *e);
/* Refuses a --hostname that could be no name of a host; NULL: none was given. */
int daemon_check_hostname(const char *hostname, struct error *e);
/* Refuses a port above 65535. */
int daemon_check_port(uint64_t port, struct error *e);
