/*
 * Status updates that the master makes itself: TASK_LOST, TASK_ERROR. They are in the registry
 * before a framework hears of them, and are sent until it acknowledges them. Answers to
 * reconciliation are not among them: they are sent once and kept nowhere.
 */
#pragma once

#include "lib/updates.h"
#include "master/master.h"

/* Before the registry is opened, and after it is closed. */
void master_updates_start(struct master *m);
void master_updates_stop(struct master *m);

/*
 * The update, which has all but a uuid, waits for its framework from now on. It is sent when
 * its row is on disk. It is kept however many wait: an end that is not told is a task that
 * somebody waits for in vain.
 */
void master_update(struct framework *f, const struct task_status *status);
/*
 * Whether more waits for this framework than its share of what may wait for all. As long as it
 * does not acknowledge, it launches nothing, so that nothing more can end.
 */
bool master_updates_too_many(const struct framework *f);
/*
 * Of a task that is not launched: the same, but with too many it is said once and kept nowhere,
 * which metric and log say. Nothing is lost: whoever asks for it is told that it is unknown.
 */
void master_update_refusal(struct framework *f, const struct task_status *status);

/* For the registry. The batches up to this one are on disk. */
void master_updates_written(struct master *m, uint64_t batch);
/* For the registry, at start, in the order of the sequences: an update that waited. Takes body. */
void master_updates_restore(struct master *m, struct status_update *body, uint64_t sequence);

/* Whether this was the acknowledgement of an update of ours. */
bool master_updates_acknowledge(struct framework *f, const char *task_id, const uint8_t uuid[16]);
/* The framework subscribed: what waits for it is sent now. */
void master_updates_resume(struct framework *f);
/* The framework was removed: its updates are nobody's. */
void master_updates_forget(struct framework *f);
