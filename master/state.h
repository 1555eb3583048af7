/* The master's state as the JSON of Mesos 0.22. */
#pragma once

#include "lib/labels.h"
#include "master/master.h"

struct task_window {
	uint64_t offset, limit;
	bool ascending; /* oldest first, by a task's first status */
	struct labels_wanted labels;
};

/* Each appends one whole document. */
/* Where labels are wanted: only tasks that have them, and frameworks that have such tasks. */
void state_add(struct master *m, const struct labels_wanted *labels, struct buf *out);
void state_add_slaves(struct master *m, const struct labels_wanted *labels, struct buf *out);
void state_add_roles(struct master *m, struct buf *out);
void state_add_tasks(struct master *m, const struct task_window *window, struct buf *out);
