/* What a stream is: only for lib/stream*.c. */
#pragma once

#include "lib/dial.h"
#include "lib/lines.h"
#include "lib/list.h"
#include "lib/stream.h"

enum stream_state {
	STREAM_DIALLING,
	STREAM_OPEN,
	STREAM_FINISHING, /* writes, then waits for the peer to leave */
	STREAM_DEAD,
};

struct stream {
	struct list node;  /* in set->all or set->dead */
	struct list dirty; /* in set->dirty */
	struct list timed; /* in set->finishing */
	struct streams *set;
	const struct stream_ops *ops;
	void *owner;
	enum stream_state state;
	int fd;
	uint32_t watched; /* epoll events */
	struct seat *seat;
	struct dial *dial;
	struct lines lines;
	struct buf out;
	size_t sent;      /* of out */
	bool shut;        /* we said that no more follows */
	int64_t deadline; /* of STREAM_FINISHING */
	char *doomed;     /* why it is to end when the turn does */
	char *peer;
	bool has_cred;
	struct ucred cred;
};

struct streams {
	sd_event *loop;
	struct work_pool *pool;
	struct stream_limits limits;
	int epoll_fd;
	sd_event_source *io, *flush, *timer;
	struct list all, dirty, finishing, dead;
	unsigned count;
	bool inside; /* a callback may be running: no stream is freed */
};

/* Detaches it and tells its owner why, unless that one ended it. */
void stream_end(struct stream *s, const char *why);
/* Asks epoll for these events; a failure ends the stream when the turn does. */
void stream_watch(struct stream *s, uint32_t events);

/* Writes what the socket takes now. 0, or -errno when the connection is broken. */
int stream_send(struct stream *s);
/* Reads and delivers lines, about `most` bytes of them. The stream may be dead afterwards. */
void stream_read(struct stream *s, size_t most);
/* Writes, and ends what cannot be written or is finished. */
void stream_write(struct stream *s);
