/* The one door through which a task moves. */
#include "agent/task.h"

#include "lib/labels.h"

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
	list_init(&t->past);
	t->executor = executor;
	t->info = info;
	t->state = TASK_STAGING;
	/*
	 * The master has validated them; what it let through and we cannot read counts as nothing.
	 */
	if (resources_from_wire(info->resources, info->resources_count, &t->resources, &e))
		t->resources = (struct resources){ 0 };
	return t;
}

void task_free(struct task *t)
{
	if (!t)
		return;
	list_remove(&t->node);
	list_remove(&t->past);
	store_wait_cancel(&t->stored);
	if (t->history)
		t->history->bytes -= t->bytes;
	for (size_t i = 0; i < t->statuses_count; i++)
		schema_clear(task_status_schema(), &t->statuses[i]);
	free(t->statuses);
	schema_free(task_info_schema(), t->info);
	resources_fini(&t->resources);
	free(t);
}

char *text_cut(const char *text, size_t bytes)
{
	size_t n = text ? strnlen(text, bytes + 1) : 0;

	if (!text)
		return NULL;
	if (n > bytes)
		for (n = bytes; n && ((unsigned char)text[n] & 0xc0) == 0x80;)
			n--; /* the first byte that is left out begins a character */
	return xstrndup(text, n);
}

/* What an executor makes up beyond this is passed on and not kept. */
static struct task_status kept_of(const struct task_status *s)
{
	return (struct task_status){
		.task_id = xstrdup(s->task_id),
		.state = s->state,
		.has_state = s->has_state,
		.source = s->source,
		.has_source = s->has_source,
		.reason = s->reason,
		.has_reason = s->has_reason,
		.message = text_cut(s->message, MESSAGE_KEPT_MAX),
		.timestamp = s->timestamp,
		.has_timestamp = s->has_timestamp,
		.healthy = s->healthy,
		.has_healthy = s->has_healthy,
		.labels = labels_kept(s->labels),
	};
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
	t->statuses[n] = kept_of(status);
	t->statuses_count = n + 1;
}

void task_set_status_labels(struct task *t, enum task_state state, const struct labels *labels)
{
	for (size_t i = 0; i < t->statuses_count; i++) {
		struct task_status *s = &t->statuses[i];

		if (s->state != state)
			continue;
		schema_free(labels_schema(), s->labels);
		s->labels = labels_kept(labels);
	}
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

/* Its name is the framework's to choose; labels and discovery are bounded by the master. */
static struct task_info *shown_of(const struct task_info *info)
{
	struct task_info shown = {
		.task_id = info->task_id,
		.agent_id = info->agent_id,
		.labels = info->labels,
		.discovery = info->discovery,
	};
	autofree char *name = text_cut(info->name, NAME_KEPT_MAX);

	shown.name = name;
	return schema_copy(task_info_schema(), &shown);
}

static size_t held_by(const struct task *t)
{
	autobuf struct buf text = { 0 };

	schema_encode(task_info_schema(), t->info, &text);
	for (size_t i = 0; i < t->statuses_count; i++)
		if (t->statuses[i].labels)
			schema_encode(labels_schema(), t->statuses[i].labels, &text);
	resources_print(&t->resources, &text);
	return sizeof(*t) + text.len + t->statuses_count * sizeof(*t->statuses);
}

void task_archive(struct task *t, struct task_history *history)
{
	struct task_info *shown = shown_of(t->info);

	assert(!t->history);
	schema_free(task_info_schema(), t->info);
	t->info = shown;
	for (size_t i = 0; i < t->statuses_count; i++) {
		free(take_ptr(t->statuses[i].message));
		free(take_ptr(t->statuses[i].task_id));
	}
	t->history = history;
	t->bytes = held_by(t);
	history->bytes += t->bytes;
	list_append(&history->tasks, &t->past);
}

struct task *task_history_surplus(const struct task_history *history)
{
	return history->bytes > HISTORY_MAX_BYTES ? list_first(&history->tasks, struct task, past)
						  : NULL;
}
