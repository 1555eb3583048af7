/* A word is an id before it is a task, and a task before it is the beginning of an id. */
#include "tools/agentctl-select.h"

typedef bool match(const struct quota_state *q, const char *word);

static bool match_id(const struct quota_state *q, const char *word)
{
	return !strcmp(q->container_id, word);
}

static bool match_task(const struct quota_state *q, const char *word)
{
	for (size_t i = 0; i < q->task_ids_count; i++)
		if (!strcmp(q->task_ids[i], word))
			return true;
	return !strcmp(q->executor_id, word); /* of a command task: its id, also when it ended */
}

static bool match_prefix(const struct quota_state *q, const char *word)
{
	return str_starts(q->container_id, word);
}

static size_t count_matches(const struct answer_quota *a, match *fn, const char *word)
{
	size_t n = 0;

	for (size_t i = 0; i < a->containers_count; i++)
		n += fn(&a->containers[i], word);
	return n;
}

static void keep_matches(struct answer_quota *a, match *fn, const char *word)
{
	size_t n = 0;

	for (size_t i = 0; i < a->containers_count; i++) {
		struct quota_state *q = &a->containers[i];

		if (fn(q, word)) {
			struct quota_state kept = *q;

			*q = (struct quota_state){ 0 };
			a->containers[n++] = kept;
		} else {
			schema_clear(quota_state_schema(), q);
		}
	}
	a->containers_count = n;
}

void containers_select(struct answer_containers *a, const struct labels_wanted *wanted)
{
	size_t n = 0;

	for (size_t i = 0; i < a->containers_count; i++) {
		struct container_state *c = &a->containers[i];
		struct labels labels = { .labels = c->labels, .labels_count = c->labels_count };

		if (labels_match(&labels, wanted)) {
			struct container_state kept = *c;

			*c = (struct container_state){ 0 };
			a->containers[n++] = kept;
		} else {
			schema_clear(container_state_schema(), c);
		}
	}
	a->containers_count = n;
}

int quota_select(struct answer_quota *a, const char *word, struct error *e)
{
	static match *const ways[] = { match_id, match_task, match_prefix };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ways) && *word; i++) {
		n = count_matches(a, ways[i], word);
		if (n > 1 && ways[i] == match_prefix)
			return error_set(e, EINVAL, "%zu containers begin with '%s': name one", n,
					 word);
		if (!n)
			continue;
		keep_matches(a, ways[i], word);
		return 0;
	}
	return error_set(e, ENOENT, "no container or task '%s' on this agent", word);
}
