/*
 * The service manager that started us, if one did: systemd's protocol of environment variables,
 * sd_notify(3) and sd_listen_fds(3). Without one nothing here does anything.
 */
#pragma once

#include <systemd/sd-event.h>

#include "lib/error.h"

/* What we are about, in a line for systemctl status. */
void manager_status(const char *fmt, ...) format_printf(1, 2);
/*
 * From now on we serve. Where the unit has WatchdogSec=, the loop shows from now on that it
 * turns, and is killed if it does not: sd_event_set_watchdog(3).
 */
int manager_ready(sd_event *loop, struct error *e);
/* We end, on purpose. */
void manager_stopping(void);
/*
 * The socket of the .socket unit that activated us, to be taken by listener_take(), or -EBADF:
 * there is none. The address in *ip and *port, which are flags, becomes the socket's. -EINVAL if it
 * is anything but one socket that listens on TCP.
 */
int manager_socket(char **ip, uint64_t *port, int *ret, struct error *e);
