/* An agent's answers as tables. */
#pragma once

#include "lib/protocol.h"

void view_status(const struct answer_status *a, struct buf *out);
/* now is seconds since 1970, for ages. */
void view_containers(const struct answer_containers *a, double now, struct buf *out);
void view_modules(const struct answer_modules *a, struct buf *out);

struct quota_view_options {
	bool colour;
	bool exact; /* sizes in bytes */
};
/* Columns in which nothing is known of any container are left out. */
void view_quota(const struct answer_quota *a, const struct quota_view_options *options,
		struct buf *out);
/*
 * Sorts by a column: the largest number first, then what is not known; texts by alphabet. -EINVAL
 * if there is no such column, with those that there are.
 */
int quota_sort(struct answer_quota *a, const char *column, struct error *e);
