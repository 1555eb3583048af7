/* An agent's answers as tables. */
#pragma once

#include "lib/protocol.h"

void view_status(const struct answer_status *a, struct buf *out);
/* now is seconds since 1970, for ages. */
void view_containers(const struct answer_containers *a, double now, struct buf *out);
void view_modules(const struct answer_modules *a, struct buf *out);

struct quota_view_options {
	bool colour;
	bool exact;       /* sizes in bytes */
	unsigned room;    /* characters that a row is to have at most; 0: as many as it takes */
	bool sparing;     /* with less room columns are left out, */
	const char *sort; /* though not this one; NULL: there is none */
};
/*
 * Columns in which nothing is known of any container are left out. Where there is no room ids are
 * shortened.
 */
void view_quota(const struct answer_quota *a, const struct quota_view_options *options,
		struct buf *out);
/*
 * Sorts by a column: the largest number first, then what is not known; texts by alphabet. -EINVAL
 * if there is no such column, with those that there are.
 */
int quota_sort(struct answer_quota *a, const char *column, struct error *e);
