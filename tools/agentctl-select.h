/* Which of an agent's containers a word or a label means. */
#pragma once

#include "lib/labels.h"

/*
 * Keeps of the answer only what the word means: a container id, a unique prefix of one,
 * or the id of a task. -ENOENT if there is none, -EINVAL if a prefix is not unique.
 */
int quota_select(struct answer_quota *a, const char *word, struct error *e);
/* Keeps only those that have the labels. */
void containers_select(struct answer_containers *a, const struct labels_wanted *wanted);
