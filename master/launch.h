/*
 * A task on its way from the books to its agent: the hooks that decorate its labels are called
 * first, and until they have answered the agent knows nothing of it.
 */
#pragma once

#include "master/master.h"

/* t is in the books; info is what the agent will be told. */
void task_send(struct task *t, struct task_info *info);
/* Whether it is still on its way: whatever its agent says, it cannot know of it. */
bool task_on_its_way(const struct task *t);
/* It has ended: nothing is sent any more, and an executor that was to come with it does not. */
void task_recall(struct task *t);
