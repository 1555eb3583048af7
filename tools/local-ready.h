/*
 * Hears the master of mesos-local say READY=1, as a service manager would: sd_notify(3).
 * That it is ours, and not another one that has the port already, is what the kernel
 * says of the sender: SCM_CREDENTIALS, unix(7).
 */
#pragma once

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "lib/error.h"

/*
 * Puts the place to speak to into the environment of children: NOTIFY_SOCKET. The caller
 * owns *source; its handler calls ready_heard().
 */
int ready_listen(sd_event *loop, sd_event_io_handler_t on_input, void *arg,
		 sd_event_source **source, struct error *e);
/* Takes one message from fd: whether it was this process that said it is ready. */
bool ready_heard(int fd, pid_t from);
