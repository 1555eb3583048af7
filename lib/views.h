/*
 * What HTTP shows, as records (views.def), and the JSON text that goes into their raw
 * members. A view borrows all that it points to: it is filled in, encoded with
 * view_encode() and forgotten, never cleared.
 */
#pragma once

#include "lib/protocol.h"

#include "lib/schema-structs.h"
#include "lib/views.def"
#include "lib/schema-end.h"

/*
 * Appends the view. Value members (numbers, booleans, enums) that are required are
 * shown whatever their has_ bit says: a view is filled in by name.
 */
void view_encode(const struct schema *s, void *view, struct buf *out);

/* A JSON array that is written item by item: view_item() before each of them. */
void view_open(struct buf *out);
void view_item(struct buf *out);
void view_close(struct buf *out);
/* A list that is closed. */
bool view_empty(const struct buf *list);

/* [{"state":"TASK_RUNNING","timestamp":1.5}] */
void view_add_statuses(const struct task_status *list, size_t count, struct buf *out);
/* [{"key":"a","value":"b"}]; labels may be NULL. */
void view_add_labels(const struct labels *labels, struct buf *out);
