/* The state table of tasks. */
#include "lib/task_state.h"

#define TERMINAL                                                                                   \
	(BIT(TASK_FINISHED) | BIT(TASK_FAILED) | BIT(TASK_KILLED) | BIT(TASK_LOST) |               \
	 BIT(TASK_ERROR))

/*
 * An executor may repeat TASK_RUNNING as often as it likes (health, progress) and may
 * leave out TASK_STARTING. The terminal states lead nowhere.
 */
static const uint64_t next[] = {
	[TASK_STAGING] = BIT(TASK_STARTING) | BIT(TASK_RUNNING) | TERMINAL,
	[TASK_STARTING] = BIT(TASK_STARTING) | BIT(TASK_RUNNING) | TERMINAL,
	[TASK_RUNNING] = BIT(TASK_RUNNING) | TERMINAL,
	[TASK_ERROR] = 0,
};

bool task_terminal(enum task_state state)
{
	assert(state < ARRAY_SIZE(next));
	return BIT(state) & TERMINAL;
}

bool task_may_move(enum task_state from, enum task_state to)
{
	assert(from < ARRAY_SIZE(next) && to < ARRAY_SIZE(next));
	return next[from] & BIT(to);
}
