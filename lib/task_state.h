/* The states of a task and the moves between them, the same for agent and master. */
#pragma once

#include "lib/protocol.h"

/* The task has ended, one way or another. */
bool task_terminal(enum task_state state);
/*
 * Whether the table allows the move. A living state may be repeated; nothing leads back,
 * and nothing leads out of an end.
 */
bool task_may_move(enum task_state from, enum task_state to);
