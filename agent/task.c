/* The state table of tasks and the one door through it. */
#include "agent/task.h"

#define TERMINAL                                                                      \
	(BIT(TASK_FINISHED) | BIT(TASK_FAILED) | BIT(TASK_KILLED) | BIT(TASK_LOST) | \
	 BIT(TASK_ERROR))

/*
 * An executor may repeat TASK_RUNNING as often as it likes (health, progress) and may
 * leave out TASK_STARTING; nothing leads back, and nothing leads out of an end.
 */
static const struct {
	uint64_t next;
	size_t counter; /* of agent_metrics; 0: none */
} states[] = {
	[TASK_STAGING] = { BIT(TASK_STARTING) | BIT(TASK_RUNNING) | TERMINAL, 0 },
	[TASK_STARTING] = { BIT(TASK_STARTING) | BIT(TASK_RUNNING) | TERMINAL,
			    offsetof(struct agent_metrics, tasks_started) },
	[TASK_RUNNING] = { BIT(TASK_RUNNING) | TERMINAL, 0 },
	[TASK_FINISHED] = { 0, offsetof(struct agent_metrics, tasks_finished) },
	[TASK_FAILED] = { 0, offsetof(struct agent_metrics, tasks_failed) },
	[TASK_KILLED] = { 0, offsetof(struct agent_metrics, tasks_killed) },
	[TASK_LOST] = { 0, offsetof(struct agent_metrics, tasks_lost) },
	[TASK_ERROR] = { 0, offsetof(struct agent_metrics, tasks_error) },
};

struct task *task_new(struct executor *executor, struct task_info *info)
{
	struct task *t = xcalloc(1, sizeof(*t));
	struct error e;

	list_init(&t->node);
	t->executor = executor;
	t->info = info;
	t->state = TASK_STAGING;
	/* The master has validated them; what it let through and we cannot read counts as nothing. */
	if (resources_from_wire(info->resources, info->resources_count, &t->resources, &e))
		t->resources = (struct resources){ 0 };
	return t;
}

void task_free(struct task *t)
{
	if (!t)
		return;
	list_remove(&t->node);
	for (size_t i = 0; i < t->statuses_count; i++)
		schema_clear(task_status_schema(), &t->statuses[i]);
	free(t->statuses);
	schema_free(task_info_schema(), t->info);
	resources_fini(&t->resources);
	free(t);
}

bool task_terminal(enum task_state state)
{
	assert(state < ARRAY_SIZE(states));
	return BIT(state) & TERMINAL;
}

bool task_may_move(enum task_state from, enum task_state to)
{
	assert(from < ARRAY_SIZE(states) && to < ARRAY_SIZE(states));
	return states[from].next & BIT(to);
}

/* A repeated state replaces the last entry, so the list is as short as the table. */
static void remember(struct task *t, const struct task_status *status)
{
	size_t n = t->statuses_count;

	if (n && t->statuses[n - 1].state == status->state) {
		schema_clear(task_status_schema(), &t->statuses[--n]);
	} else {
		t->statuses = xreallocarray(t->statuses, n + 1, sizeof(*t->statuses));
	}
	schema_copy_into(task_status_schema(), &t->statuses[n], status);
	t->statuses_count = n + 1;
}

void task_move(struct task *t, const struct task_status *status, struct agent_metrics *metrics)
{
	size_t counter = states[status->state].counter;

	assert(task_may_move(t->state, status->state));
	t->state = status->state;
	remember(t, status);
	if (counter)
		*(double *)(void *)((char *)metrics + counter) += 1;
}
