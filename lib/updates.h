/*
 * Status updates on their way to a framework: one stream for each task, in order,
 * only the first outstanding, sent again with growing pauses until acknowledged; none is
 * sent before its batch of the store is on disk. Pure: time is an argument, sending and
 * storing are the caller's.
 */
#pragma once

#include <uthash.h>

#include "lib/list.h"
#include "lib/protocol.h"

/* The longest update, encoded: with what is around it, it fits a line to the master. */
#define UPDATE_MAX_BYTES (512 * KIB)
/* Updates of one task that wait; from then on a repeated state replaces the last of them. */
#define UPDATES_PENDING_MAX 64
/* What all that wait may be together, encoded. */
#define UPDATES_MAX_BYTES (64 * MIB)

struct update {
	struct list node;           /* in its stream */
	struct list unwritten;      /* in updates->unwritten; alone once it is on disk */
	struct status_update *body; /* what is sent: owned */
	struct buf said;            /* uuids, as their sender knows it, until it is on disk */
	size_t bytes;               /* encoded */
	uint64_t sequence;          /* among all, in the order in which they came */
	uint64_t batch;             /* of the store */
	void *holder;               /* who holds it back: updates_hold(); NULL: nobody */
};

struct update_stream {
	UT_hash_handle hh;
	char *key;           /* framework id, which has no slash, '/', task id */
	struct list pending; /* updates; the first is outstanding once it is on disk */
	size_t pending_count;
	bool queued;            /* in the queue: while its first is outstanding */
	size_t place;           /* there */
	int64_t due_ns;         /* when the first is sent (again) */
	uint64_t sequence;      /* of the first */
	int64_t pause_ns;       /* between the last attempt and the next */
	uint8_t last_acked[16]; /* uuid of the last acknowledged one */
	enum task_state last_acked_state;
	bool has_acked;
};

struct updates {
	struct update_stream *streams;
	struct update_stream *
		*queue; /* a heap of those with something to send, the first due on top */
	size_t queue_count;
	size_t bytes;          /* of all that wait */
	struct list unwritten; /* updates, in their order */
	uint64_t next_sequence;
	int64_t pause_min_ns, pause_max_ns;
	/*
	 * A task may follow another of the same id while that one's end is not acknowledged: a
	 * terminal update does not close the stream while others wait in it.
	 */
	bool ids_are_reused;
	/*
	 * An update is gone: acknowledged, replaced, or nobody's. It is still whole; nothing of
	 * the queue may be called from here. NULL: nobody wants to know.
	 */
	void (*gone)(const struct update *u, void *ctx);
	void *ctx;
};

void updates_init(struct updates *u, int64_t pause_min_ns, int64_t pause_max_ns);
/* Frees everything; `gone` is not called. */
void updates_fini(struct updates *u);

/* updates_check: this uuid with this state waits already, or was acknowledged last. */
#define UPDATE_DUPLICATE 1
/* The same uuid, but another state: the update is new and needs a uuid of its own. */
#define UPDATE_REUSED 2
/*
 * Whether an update can be queued: 0, one of the two above, -EMSGSIZE if it is above
 * UPDATE_MAX_BYTES, -ENOBUFS if too much waits already (in spite of which it may be added).
 */
int updates_check(const struct updates *u, const struct status_update *body, struct error *e);
/*
 * Queues an update that was checked; takes body. If it is first in its stream it is due as soon as
 * updates_written() has heard of its batch; batch 0 is on disk already.
 */
struct update *updates_add(struct updates *u, struct status_update *body, uint64_t batch,
			   int64_t now);
/*
 * Nobody is told of it, nor of what came after it, before updates_release(); holder is not NULL,
 * and may have to be told in `gone` that it need not. Right after updates_add() or
 * updates_restore().
 */
void updates_hold(struct updates *all, struct update *u, void *holder);
/*
 * It is to be sent with these labels, which are taken (NULL: those that it has), as soon as that
 * batch is on disk (0: it is).
 */
void updates_release(struct updates *all, struct update *u, struct labels *labels, uint64_t batch,
		     int64_t now);
/*
 * Whoever made the update calls it by this uuid, not by the one that it was given because of
 * UPDATE_REUSED. Right after updates_add().
 */
void updates_said_as(struct update *u, const uint8_t uuid[16]);
/* Whether what was said with this uuid, or what has replaced it, is not on disk yet. */
bool updates_unwritten(const struct updates *u, const uint8_t uuid[16]);
/*
 * The batches up to this one are on disk: calls written (may be NULL) for each update of them,
 * in order; u->said is by which uuids its sender can be told so, its own and those that it has
 * replaced.
 */
void updates_written(struct updates *u, uint64_t batch, int64_t now,
		     void (*written)(const struct update *u, void *ctx), void *ctx);
/* How much an update counts of what may wait. */
size_t updates_bytes(const struct status_update *body);
/*
 * Puts back what was stored before a restart, in the order of the sequences; due at once. Takes
 * body.
 */
struct update *updates_restore(struct updates *u, struct status_update *body, uint64_t sequence,
			       int64_t now);
/* The same for what was acknowledged last, so that it is known when it is repeated. */
void updates_restore_acknowledged(struct updates *u, const char *framework_id, const char *task_id,
				  const uint8_t uuid[16], enum task_state state);

/* updates_acknowledge: what an acknowledgement meant. */
enum update_ack {
	UPDATE_ACKED,      /* the first of its stream is done with */
	UPDATE_ACKED_LAST, /* it was terminal: the stream is closed, its queue dropped */
	UPDATE_UNEXPECTED, /* no such stream, or not the uuid that is outstanding */
};
enum update_ack updates_acknowledge(struct updates *u, const char *framework_id,
				    const char *task_id, const uint8_t uuid[16], int64_t now);

/* Calls send for each first update that is due, with the latest state, and sets its next time. */
void updates_run(struct updates *u, int64_t now,
		 void (*send)(const struct status_update *body, void *ctx), void *ctx);
/* All firsts are due now, with the shortest pause: the master is back. */
void updates_resume(struct updates *u, int64_t now);
/* When updates_run() has something to do, INT64_MAX if never. */
int64_t updates_next(const struct updates *u);
/* The firsts of this framework's streams are due now: it is back. */
void updates_resume_framework(struct updates *u, const char *framework_id, int64_t now);
/* updates_pending: one waits, but is not on disk yet, or is held: nobody may be told of it. */
#define UPDATE_UNWRITTEN 2
/* Whether an update of this task waits: 0, or 1 with the first one's state, or the above. */
int updates_pending(const struct updates *u, const char *framework_id, const char *task_id,
		    enum task_state *ret);
/* Drops all streams of a framework that was removed. */
void updates_forget(struct updates *u, const char *framework_id);
