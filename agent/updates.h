/*
 * Status updates on their way to a framework: one stream for each task, in order,
 * only the first outstanding, sent again with growing pauses until acknowledged. Pure:
 * time is an argument, sending is the caller's. Section 7.3 of Mesos's rules.
 */
#pragma once

#include <uthash.h>

#include "lib/list.h"
#include "lib/protocol.h"

struct update {
	struct list node;
	struct status_update *body; /* what is sent: owned */
};

struct update_stream {
	UT_hash_handle hh;
	char *key;              /* framework id, '/', task id: neither may contain a slash */
	struct list pending;    /* updates; the first is outstanding */
	int64_t due_ns;         /* when the first is sent (again) */
	int64_t pause_ns;       /* between the last attempt and the next */
	uint8_t last_acked[16]; /* uuid of the last acknowledged one */
	bool has_acked;
};

struct updates {
	struct update_stream *streams;
	int64_t pause_min_ns, pause_max_ns;
};

void updates_fini(struct updates *u);

/* updates_add: this uuid is already queued or was the last acknowledged one. */
#define UPDATE_DUPLICATE 1
/*
 * Queues an update; takes body, also when it is a duplicate. Due at once if it is first
 * in its stream.
 */
int updates_add(struct updates *u, struct status_update *body, int64_t now);

/* updates_acknowledge: what an acknowledgement meant. */
enum update_ack {
	UPDATE_ACKED, /* the first of its stream is done with */
	UPDATE_ACKED_LAST, /* it was terminal: the stream is closed, whatever was still queued is dropped */
	UPDATE_UNEXPECTED, /* no such stream, or not the uuid that is outstanding */
};
enum update_ack updates_acknowledge(struct updates *u, const char *framework_id,
				    const char *task_id, const uint8_t uuid[16], int64_t now);

/* Calls send for each first update that is due and sets its next time. */
void updates_run(struct updates *u, int64_t now,
		 void (*send)(const struct status_update *body, void *ctx), void *ctx);
/* All firsts are due now, with the shortest pause: the master is back. */
void updates_resume(struct updates *u, int64_t now);
/* When updates_run() has something to do, INT64_MAX if never. */
int64_t updates_next(const struct updates *u);
/* Drops all streams of a framework that was removed. */
void updates_forget(struct updates *u, const char *framework_id);
/* Updates that wait for an acknowledgement. */
size_t updates_pending(const struct updates *u);
