/*
 * Dialling: from the text of an address to a connected socket, without blocking the
 * loop. A name is resolved by a job; its addresses are tried one after the other.
 */
#pragma once

#include <systemd/sd-event.h>

#include "lib/error.h"
#include "lib/work.h"

struct dial;

/*
 * The outcome: a connected, non-blocking socket to keep and why == NULL, or fd < 0 and
 * "connect 127.0.0.1:5050: Connection refused". Called at most once, from the loop,
 * never from dial_new(). The dial may be freed inside.
 */
typedef void dial_done(void *arg, int fd, const char *why);

/*
 * address is "host:port", "[::1]:port" or the path of a Unix socket (it has a '/');
 * -EINVAL if it is none of them, or a name and pool is NULL. timeout_ns bounds the whole.
 */
int dial_new(sd_event *loop, struct work_pool *pool, const char *address, int64_t timeout_ns,
	     dial_done *done, void *arg, struct dial **ret, struct error *e);
/* Gives up if it was not done; done is not called any more. */
void dial_free(struct dial *d);
