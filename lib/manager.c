/*
 * A thin layer over libsystemd: one sentence for each error, no line that could be taken for two.
 */
#include "lib/manager.h"

#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "lib/log.h"
#include "lib/socket.h"
#include "lib/utf8.h"

#define STATUS_BYTES 512

/*
 * Foreign text in it must not become another assignment: sd_notify(3) has one a line. Nor may it
 * hold what systemd does not take: there would be no status at all.
 */
static void make_acceptable(char *text)
{
	utf8_repair(text);
	for (size_t n; *text; text += n) {
		n = utf8_length(text);
		if ((unsigned char)*text < ' ' || utf8_noncharacter(text))
			memset(text, '?', n);
	}
}

void manager_status(const char *fmt, ...)
{
	char text[STATUS_BYTES];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (n >= (int)sizeof(text))
		utf8_drop_part(text);
	make_acceptable(text);
	sd_notifyf(0, "STATUS=%s", text);
}

int manager_ready(sd_event *loop, struct error *e)
{
	int r = sd_event_set_watchdog(loop, true);

	if (r < 0)
		return error_set(e, -r, "feed the watchdog: %s", strerror(-r));
	sd_notify(0, "READY=1");
	return 0;
}

void manager_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

int manager_socket(char **ip, uint64_t *port, int *ret, struct error *e)
{
	int n = sd_listen_fds(true);
	char *address;
	uint16_t at;

	if (n < 0)
		return error_set(e, -n, "sockets passed by systemd: %s", strerror(-n));
	if (!n) {
		*ret = -EBADF;
		return 0;
	}
	if (n > 1)
		return error_set(e, EINVAL,
				 "systemd passed %d sockets, but one is used: leave one "
				 "ListenStream= in the .socket unit",
				 n);
	if (sd_is_socket_inet(SD_LISTEN_FDS_START, AF_UNSPEC, SOCK_STREAM, 1, 0) <= 0)
		return error_set(e, EINVAL,
				 "the socket passed by systemd does not listen on TCP: the .socket "
				 "unit wants a ListenStream= with a port");
	address = socket_ip(SD_LISTEN_FDS_START, &at);
	log_info("systemd passed a socket, --ip and --port do not count: ip=%s port=%u", address,
		 at);
	free(*ip);
	*ip = address;
	*port = at;
	*ret = SD_LISTEN_FDS_START;
	return 0;
}
