/* The one door through which a task moves. */
#include "agent/task.h"

#define COUNTER_OF(member) offsetof(struct agent_metrics, member)

/* uptime is the first metric and no counter, so that 0 can stand for none. */
static const size_t counters[] = {
	[TASK_STARTING] = COUNTER_OF(tasks_started), [TASK_FINISHED] = COUNTER_OF(tasks_finished),
	[TASK_FAILED] = COUNTER_OF(tasks_failed),    [TASK_KILLED] = COUNTER_OF(tasks_killed),
	[TASK_LOST] = COUNTER_OF(tasks_lost),        [TASK_ERROR] = COUNTER_OF(tasks_error),
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

static void count(struct agent_metrics *metrics, enum task_state state)
{
	size_t counter = state < ARRAY_SIZE(counters) ? counters[state] : 0;

	if (counter)
		*(double *)(void *)((char *)metrics + counter) += 1;
}

void task_move(struct task *t, const struct task_status *status, struct agent_metrics *metrics)
{
	assert(task_may_move(t->state, status->state));
	if (t->state != status->state)
		count(metrics, status->state);
	t->state = status->state;
	remember(t, status);
}
