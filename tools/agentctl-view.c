/* Records to rows. */
#include "tools/agentctl-view.h"

#include <stdio.h>

#include "lib/units.h"
#include "tools/terminal.h"

#define SHORT_ID 8

static void free_table(struct table *t)
{
	table_fini(t);
}

#define autotable cleanup(free_table)

static char *or_dash(const char *text)
{
	return xstrdup(text && *text ? text : "-");
}

static char *joined(char *const *list, size_t count)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < count; i++) {
		buf_adds(&out, i ? "," : "");
		buf_adds(&out, list[i]);
	}
	if (!count)
		buf_addc(&out, '-');
	return buf_take(&out);
}

static char *human_bytes(bool known, uint64_t bytes)
{
	struct buf out = { 0 };

	if (known)
		bytes_print_human(bytes, &out);
	else
		buf_addc(&out, '-');
	return buf_take(&out);
}

/* "0.4 s", "12 s", "5 min", "3 h", "2 d" */
static char *age(double seconds)
{
	if (seconds < 9.95)
		return xasprintf("%.1f s", MAX(seconds, 0.0));
	if (seconds < 120)
		return xasprintf("%.0f s", seconds);
	if (seconds < 120 * 60)
		return xasprintf("%.0f min", seconds / 60);
	if (seconds < 48 * 3600)
		return xasprintf("%.0f h", seconds / 3600);
	return xasprintf("%.0f d", seconds / 86400);
}

/* ---- status ---- */

static void add_line(struct table *t, const char *name, char *value)
{
	table_add(t, xstrdup(name), NULL);
	table_add(t, value, NULL);
}

void view_status(const struct answer_status *a, struct buf *out)
{
	static const struct column columns[] = { { .title = "NAME" }, { .title = "VALUE" } };
	autotable struct table t = { .columns = columns, .width = ARRAY_SIZE(columns) };

	add_line(&t, "id", or_dash(a->agent_id));
	add_line(&t, "version", or_dash(a->version));
	add_line(&t, "pid", xasprintf("%llu", (unsigned long long)a->pid));
	add_line(&t, "up", age(a->uptime_seconds));
	add_line(&t, "hostname", or_dash(a->hostname));
	add_line(&t, "address", or_dash(a->address));
	add_line(&t, "master",
		 xasprintf("%s (%s)", *a->master ? a->master : "-",
			   a->registered ? "registered" : "not registered"));
	add_line(&t, "work_dir", or_dash(a->work_dir));
	add_line(&t, "isolation", or_dash(a->isolation));
	add_line(&t, "disk quota",
		 xstrdup(a->enforce_container_disk_quota ? "enforced" : "measured only"));
	add_line(&t, "resources", or_dash(a->resources));
	add_line(&t, "used", or_dash(a->used_resources));
	add_line(&t, "containers", xasprintf("%llu", (unsigned long long)a->containers));
	add_line(&t, "tasks", xasprintf("%llu", (unsigned long long)a->tasks));
	table_print(&t, out);
}

/* ---- containers ---- */

static size_t common_prefix(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* How many characters tell all ids apart; takes the list. */
static int short_id(const char **ids, size_t count)
{
	size_t n = SHORT_ID;

	qsort(ids, count, sizeof(*ids), by_text);
	for (size_t i = 1; i < count; i++)
		n = MAX(n, common_prefix(ids[i - 1], ids[i]) + 1);
	free(ids);
	return (int)n;
}

static void add_container(struct table *t, const struct container_state *c, int id_width,
			  double now)
{
	table_add(t, xasprintf("%.*s", id_width, c->container_id), NULL);
	table_add(t, joined(c->task_ids, c->task_ids_count), NULL);
	table_add(t, xstrdup(c->framework_id), NULL);
	table_add(t, xstrdup(c->state), NULL);
	table_add(t, c->has_pid ? xasprintf("%llu", (unsigned long long)c->pid) : xstrdup("-"),
		  NULL);
	table_add(t, or_dash(c->user), NULL);
	table_add(t, age(now - c->started), NULL);
	table_add(t, or_dash(c->resources), NULL);
	table_add(t, xstrdup(c->sandbox), NULL);
}

void view_containers(const struct answer_containers *a, double now, struct buf *out)
{
	static const struct column columns[] = {
		{ .title = "CONTAINER" },
		{ .title = "TASK" },
		{ .title = "FRAMEWORK" },
		{ .title = "STATE" },
		{ .title = "PID", .right = true },
		{ .title = "USER" },
		{ .title = "AGE", .right = true },
		{ .title = "RESOURCES" },
		{ .title = "SANDBOX" },
	};
	autotable struct table t = { .columns = columns, .width = ARRAY_SIZE(columns) };
	const char **ids = xcalloc(a->containers_count, sizeof(*ids));
	int id_width;

	for (size_t i = 0; i < a->containers_count; i++)
		ids[i] = a->containers[i].container_id;
	id_width = short_id(ids, a->containers_count);
	for (size_t i = 0; i < a->containers_count; i++)
		add_container(&t, &a->containers[i], id_width, now);
	table_print(&t, out);
}

/* ---- quota ---- */

static const char *state_colour(const char *state)
{
	if (str_equal(state, "ok"))
		return COLOUR_GREEN;
	if (str_equal(state, "near"))
		return COLOUR_YELLOW;
	if (str_equal(state, "over") || str_equal(state, "killed"))
		return COLOUR_RED;
	return NULL;
}

static char *measured_by(const struct quota_state *q)
{
	struct buf out = { 0 };
	autofree char *ago = NULL;

	if (!q->witness)
		return xstrdup("-");
	buf_adds(&out, q->witness);
	if (q->has_age_seconds) {
		ago = age(q->age_seconds);
		buf_addf(&out, ", %s ago", ago);
	}
	if (q->has_missed && q->missed)
		buf_addf(&out, ", %llu missed", (unsigned long long)q->missed);
	return buf_take(&out);
}

static void add_quota(struct table *t, const struct quota_state *q, int id_width, bool colour)
{
	table_add(t, xasprintf("%.*s", id_width, q->container_id), NULL);
	table_add(t, joined(q->task_ids, q->task_ids_count), NULL);
	table_add(t, xstrdup(q->framework_id), NULL);
	table_add(t, human_bytes(q->has_limit_bytes, q->limit_bytes), NULL);
	table_add(t, human_bytes(q->has_used_bytes, q->used_bytes), NULL);
	table_add(t, q->has_percent ? xasprintf("%.1f%%", q->percent) : xstrdup("-"), NULL);
	table_add(t, xstrdup(q->state), colour ? state_colour(q->state) : NULL);
	table_add(t, measured_by(q), NULL);
}

void view_quota(const struct answer_quota *a, bool colour, struct buf *out)
{
	static const struct column columns[] = {
		{ .title = "CONTAINER" },
		{ .title = "TASK" },
		{ .title = "FRAMEWORK" },
		{ .title = "LIMIT", .right = true },
		{ .title = "USED", .right = true },
		{ .title = "PERCENT", .right = true },
		{ .title = "STATE" },
		{ .title = "MEASURED BY" },
	};
	autotable struct table t = { .columns = columns, .width = ARRAY_SIZE(columns) };
	const char **ids = xcalloc(a->containers_count, sizeof(*ids));
	int id_width;

	for (size_t i = 0; i < a->containers_count; i++)
		ids[i] = a->containers[i].container_id;
	id_width = short_id(ids, a->containers_count);
	for (size_t i = 0; i < a->containers_count; i++)
		add_quota(&t, &a->containers[i], id_width, colour);
	table_print(&t, out);
}

/* ---- which one ---- */

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
