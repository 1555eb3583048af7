/*
 * One port, two languages: the first byte of a connection decides whether it is a
 * protocol connection ('{') or HTTP (anything else).
 */
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "lib/error.h"
#include "lib/seat.h"

#define LISTENER_FIRST_BYTE_NS (10 * NSEC_PER_SEC)

struct listener;

/*
 * Each gets the fd (non-blocking, nothing was read from it) and the seat, both to
 * keep; cred is the peer of a Unix socket, NULL for TCP. An op that is NULL refuses
 * connections in that language.
 */
struct listener_ops {
	void (*protocol)(void *owner, int fd, struct seat *seat, const struct ucred *cred);
	void (*http)(void *owner, int fd, struct seat *seat, const struct ucred *cred);
};

struct listener_limits {
	unsigned total;        /* connections; 0 is no limit */
	unsigned per_peer;     /* of one IPv4 address, IPv6 /64 or uid; 0 is no limit */
	int64_t first_byte_ns; /* to send the first byte; 0 is LISTENER_FIRST_BYTE_NS */
};

struct listener_counts {
	uint64_t accepted;
	uint64_t refused; /* no seat was free */
	uint64_t silent;  /* sent nothing in time, or left without a byte */
	unsigned open;    /* seats taken now */
};

/*
 * ip is a literal IPv4 or IPv6 address ("::" takes IPv4 too); port 0 is any free one.
 * "listen on 127.0.0.1:5050: Address already in use".
 */
int listener_tcp(sd_event *loop, const char *ip, uint16_t port,
		 const struct listener_limits *limits, const struct listener_ops *ops, void *owner,
		 struct listener **ret, struct error *e);
/* On a TCP socket that listens already and is ours from now on. */
int listener_take(sd_event *loop, int fd, const struct listener_limits *limits,
		  const struct listener_ops *ops, void *owner, struct listener **ret,
		  struct error *e);
/*
 * A Unix socket with these permissions. A socket file that nobody listens on is replaced, a live
 * one is refused (-EADDRINUSE). Unlinked by listener_free(), if it is still in place.
 */
int listener_unix(sd_event *loop, const char *path, unsigned mode,
		  const struct listener_limits *limits, const struct listener_ops *ops, void *owner,
		  struct listener **ret, struct error *e);
/* Whether the path of a Unix socket is still that of this one. */
bool listener_in_place(const struct listener *l);
/*
 * Stops listening. Connections that were handed over live on. Not from within an op. NULL is
 * accepted.
 */
void listener_free(struct listener *l);
/* The port of a TCP listener, in host order. */
uint16_t listener_port(const struct listener *l);
struct listener_counts listener_counts(const struct listener *l);
