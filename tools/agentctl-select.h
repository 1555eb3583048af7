/* Which of an agent's containers a word or a label means. */
#pragma once

#include "lib/labels.h"

/*
 * Keeps of the answer only what the word means: a container id, the id of a task, or a unique
 * beginning of a container id; running: what has ended is left out, unless its whole id is given.
 * -ENOENT if there is none. -EINVAL if a beginning is not unique, or is also the id of another's
 * task: frameworks choose those.
 */
int quota_select(struct answer_quota *a, const char *word, bool running, struct error *e);
/* Keeps only those that have the labels. */
void containers_select(struct answer_containers *a, const struct labels_wanted *wanted);
