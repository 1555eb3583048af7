/*
 * A word is an id before it is a task, and a task before it is the beginning of an id; but not
 * where that is long enough to have been read in a table.
 */
#include "tools/agentctl-select.h"

#include "tools/terminal.h"

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

static bool runs(const struct quota_state *q)
{
	return q->state != DISK_ENDED && q->state != DISK_KILLED;
}

static bool is_meant(const struct quota_state *q, match *fn, const char *word, bool running)
{
	return fn(q, word) && (!running || runs(q));
}

static size_t count_matches(const struct answer_quota *a, match *fn, const char *word, bool running)
{
	size_t n = 0;

	for (size_t i = 0; i < a->containers_count; i++)
		n += is_meant(&a->containers[i], fn, word, running);
	return n;
}

static void keep_matches(struct answer_quota *a, match *fn, const char *word, bool running)
{
	size_t n = 0;

	for (size_t i = 0; i < a->containers_count; i++) {
		struct quota_state *q = &a->containers[i];

		if (is_meant(q, fn, word, running)) {
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

/* The first that the one matches and the other does not; NULL: there is none. */
static const struct quota_state *only(const struct answer_quota *a, match *one, match *other,
				      const char *word)
{
	for (size_t i = 0; i < a->containers_count; i++)
		if (one(&a->containers[i], word) && !other(&a->containers[i], word))
			return &a->containers[i];
	return NULL;
}

/* Whoever reads an id in a table and types it must not mean a task that was given that name. */
static int check_impostor(const struct answer_quota *a, const char *word, struct error *e)
{
	const struct quota_state *task = only(a, match_task, match_prefix, word);
	const struct quota_state *begun = only(a, match_prefix, match_task, word);
	bool differ = task || begun;

	if (!task)
		task = only(a, match_task, match_id, word);
	if (!begun)
		begun = only(a, match_prefix, match_id, word);
	if (strlen(word) < SHORT_ID || !differ || !task || !begun)
		return 0;
	return error_set(e, EINVAL,
			 "container %s begins with '%s', and container %s has a task of that name: "
			 "name the one that is meant by its whole id",
			 begun->container_id, word, task->container_id);
}

static int none(const char *word, bool running, struct error *e)
{
	return error_set(e, ENOENT, "no container or task '%s' %s this agent", word,
			 running ? "runs on" : "on");
}

/* What it is, by the id of a task or the beginning of its own. */
static int select_by(struct answer_quota *a, match *fn, const char *word, bool running,
		     struct error *e)
{
	size_t n = count_matches(a, fn, word, running);

	if (!n)
		return none(word, running, e);
	if (n > 1 && fn == match_prefix)
		return error_set(e, EINVAL, "%zu containers begin with '%s': name one", n, word);
	keep_matches(a, fn, word, running);
	return 0;
}

int quota_select(struct answer_quota *a, const char *word, bool running, struct error *e)
{
	if (count_matches(a, match_id, word, false)) {
		keep_matches(a, match_id, word, false);
		return 0;
	}
	if (!*word)
		return none(word, running, e);
	if (check_impostor(a, word, e))
		return -e->code;
	return select_by(a, count_matches(a, match_task, word, false) ? match_task : match_prefix,
			 word, running, e);
}
