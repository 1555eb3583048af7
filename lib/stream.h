/*
 * Lines on a socket, both ways, for any number of connections in one loop. All of
 * them share one nested epoll, because sd-event's cost grows with the square of the
 * descriptors that are ready at once.
 */
#pragma once

#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "lib/seat.h"
#include "lib/work.h"

#define STREAM_OUT_MAX    (64 * MIB)
#define STREAM_FINISH_NS  (5 * NSEC_PER_SEC)
#define STREAM_CONNECT_NS (10 * NSEC_PER_SEC)

struct streams;
struct stream;

/* What a set of streams may take; a member that is 0 has the value above. */
struct stream_limits {
	size_t out_max;     /* bytes queued for a peer that does not read */
	int64_t finish_ns;  /* to write what is queued after stream_finish() */
	int64_t connect_ns; /* to be connected after stream_connect() */
};

/*
 * Callbacks come from the loop, never from inside a stream_* function. Inside each of
 * them any stream may be opened, written, finished or closed, this one too.
 */
struct stream_ops {
	/* One line without its end, terminated, len > 0; writable, but gone afterwards. */
	void (*line)(struct stream *s, char *line, size_t len);
	/*
	 * Called once, when the stream ended and its owner did not end it: the peer left,
	 * sent too long a line, read nothing, or could not be reached. `why` is a sentence
	 * without a subject. The stream is freed afterwards: forget it.
	 */
	void (*closed)(struct stream *s, const char *why);
	/* stream_connect() succeeded. May be NULL. */
	void (*connected)(struct stream *s);
};

/*
 * pool resolves names for stream_connect(); without one (NULL) it takes literal
 * addresses only. The pool must outlive its streams; limits may be NULL.
 */
int streams_new(sd_event *loop, struct work_pool *pool, const struct stream_limits *limits,
		struct streams **ret, struct error *e);
/* Closes every stream, after one attempt to write what is queued, without calling anybody. Not
 * from within a callback. */
void streams_free(struct streams *set);
/* Open streams, connecting ones included. */
unsigned streams_count(const struct streams *set);

/*
 * Takes the fd, a connected socket, and the seat (NULL: none), which is released at
 * the end. line_max is the longest line that is accepted, in bytes without its end.
 */
struct stream *stream_open(struct streams *set, int fd, struct seat *seat, size_t line_max,
			   const struct stream_ops *ops, void *owner);
/*
 * Dials "host:port", "[::1]:port" or the path of a Unix socket (it has a '/'). The
 * outcome is one of the callbacks connected and closed; only an address that makes no
 * sense fails here (-EINVAL). Every address of a name is tried in turn. Lines may be
 * queued at once.
 */
int stream_connect(struct streams *set, const char *address, size_t line_max,
		   const struct stream_ops *ops, void *owner, struct stream **ret, struct error *e);

/*
 * Where to encode what is to be sent: append whole lines, with their '\n', and call
 * stream_flush(). Everything written during one turn of the loop leaves in one send(2).
 * On a stream that has ended both do nothing of consequence.
 */
struct buf *stream_out(struct stream *s);
void stream_flush(struct stream *s);
/* Bytes that wait to be sent. */
size_t stream_queued(const struct stream *s);

/* Drops the connection and what was queued; no callback follows. NULL is accepted. */
void stream_close(struct stream *s);
/*
 * Closes once all that is queued was written, at the latest after finish_ns; reads no
 * more and calls nobody.
 */
void stream_finish(struct stream *s);

void *stream_owner(const struct stream *s);
/* The longest line from now on: what a HELLO decides. */
void stream_set_line_max(struct stream *s, size_t line_max);
/* "127.0.0.1:4711", "[::1]:4711", "uid 1000", or the address that was dialled. */
const char *stream_peer(const struct stream *s);
/* Its connection counts against its address or user no more: seat_trust(). */
void stream_trust(struct stream *s);
/* Who is at the other end of a Unix socket, unix(7) SO_PEERCRED; NULL for TCP. */
const struct ucred *stream_cred(const struct stream *s);
