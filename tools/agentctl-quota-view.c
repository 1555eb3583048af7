/* quota show: one row of a table for each column, which says what is in it and how it sorts. */
#include "tools/agentctl-view.h"

#include <math.h>

#include "tools/cells.h"
#include "tools/terminal.h"

#define BAR_WIDTH 10
#define OVERRIDE  "*"

/* ---- cells ---- */

struct quota_table {
	const struct answer_quota *answer;
	const struct quota_view_options *options;
	int id_width;
};

static char *container_cell(const struct quota_state *q, const struct quota_table *t)
{
	return cell_id(q->container_id, t->id_width);
}

static char *task_cell(const struct quota_state *q, const struct quota_table *t unused)
{
	return cell_list(q->task_ids, q->task_ids_count);
}

static char *framework_cell(const struct quota_state *q, const struct quota_table *t unused)
{
	return cell_text(q->framework_id);
}

static char *filesystem_cell(const struct quota_state *q, const struct quota_table *t unused)
{
	return cell_text(q->filesystem);
}

static char *project_cell(const struct quota_state *q, const struct quota_table *t unused)
{
	return cell_number(q->has_project, q->project);
}

/* A limit, marked if an operator set it. */
static char *marked_limit(bool known, uint64_t bytes, bool override, const struct quota_table *t)
{
	autofree char *text = cell_bytes(known, bytes, t->options->exact);

	return text ? xasprintf("%s%s", text, override ? OVERRIDE : "") : NULL;
}

static char *limit_cell(const struct quota_state *q, const struct quota_table *t)
{
	return marked_limit(q->has_limit_bytes, q->limit_bytes, q->override, t);
}

static char *used_cell(const struct quota_state *q, const struct quota_table *t)
{
	return cell_bytes(q->has_used_bytes, q->used_bytes, t->options->exact);
}

static char *soft_cell(const struct quota_state *q, const struct quota_table *t)
{
	return marked_limit(q->has_soft_bytes, q->soft_bytes, q->override, t);
}

static char *hard_cell(const struct quota_state *q, const struct quota_table *t)
{
	return marked_limit(q->has_hard_bytes, q->hard_bytes, q->override, t);
}

static char *inodes_cell(const struct quota_state *q, const struct quota_table *t unused)
{
	autofree char *limit = cell_number(q->has_inodes_limit, q->inodes_limit);

	if (!q->has_inodes)
		return NULL;
	return limit ? xasprintf("%llu/%s", (unsigned long long)q->inodes, limit)
		     : cell_number(true, q->inodes);
}

/* Full only where the limit is reached. */
static char *percent_cell(const struct quota_state *q, const struct quota_table *t unused)
{
	int filled = (int)MIN(MAX(q->percent, 0) * BAR_WIDTH / 100, BAR_WIDTH);

	if (!q->has_percent)
		return NULL;
	return xasprintf("%.*s%.*s %5.1f%%", filled, "##########", BAR_WIDTH - filled, "..........",
			 q->percent);
}

static char *growth_cell(const struct quota_state *q, const struct quota_table *t)
{
	double growth = q->growth_bytes_per_minute;
	/* A double of 2^64 and more is no uint64_t. */
	uint64_t bytes = (uint64_t)MIN(fabs(growth), 0x1p63);
	autofree char *text = cell_bytes(true, bytes, t->options->exact);

	if (!q->has_growth_bytes_per_minute)
		return NULL;
	return xasprintf("%s%s", !bytes ? "" : growth < 0 ? "-" : "+", text);
}

static char *full_cell(const struct quota_state *q, const struct quota_table *t unused)
{
	return q->has_full_in_seconds ? cell_age(q->full_in_seconds) : NULL;
}

static char *state_cell(const struct quota_state *q, const struct quota_table *t unused)
{
	return cell_text(enum_name(disk_state_values, (int)q->state));
}

/* Who measured, when, and what speaks against it. */
static char *witness_cell(const struct quota_state *q, const struct quota_table *t)
{
	autofree char *scanned =
		cell_bytes(q->has_scanned_bytes, q->scanned_bytes, t->options->exact);
	autofree char *ago = q->has_age_seconds ? cell_age(q->age_seconds) : NULL;
	struct buf out = { 0 };

	if (!q->witness)
		return NULL;
	buf_adds(&out, q->witness);
	if (ago)
		buf_addf(&out, ", %s ago", ago);
	if (q->has_missed && q->missed)
		buf_addf(&out, ", %llu missed", (unsigned long long)q->missed);
	if (scanned && q->disputed)
		buf_addf(&out, ", a scan found %s", scanned);
	return buf_take(&out);
}

static const char *state_colour(const struct quota_state *q)
{
	static const char *const colours[] = {
		[DISK_OK] = COLOUR_GREEN,       [DISK_NEAR] = COLOUR_YELLOW,
		[DISK_OVER] = COLOUR_RED,       [DISK_DENIED] = COLOUR_RED,
		[DISK_UNENFORCED] = COLOUR_RED, [DISK_GONE] = COLOUR_RED,
		[DISK_KILLED] = COLOUR_RED,     [DISK_ENDED] = NULL,
	};

	return colours[q->state];
}

/* ---- what numbers sort by: NAN is not known ---- */

static double number(bool known, double n)
{
	return known ? n : (double)NAN;
}

static double project_number(const struct quota_state *q)
{
	return number(q->has_project, (double)q->project);
}

static double limit_number(const struct quota_state *q)
{
	return number(q->has_limit_bytes, (double)q->limit_bytes);
}

static double used_number(const struct quota_state *q)
{
	return number(q->has_used_bytes, (double)q->used_bytes);
}

static double soft_number(const struct quota_state *q)
{
	return number(q->has_soft_bytes, (double)q->soft_bytes);
}

static double hard_number(const struct quota_state *q)
{
	return number(q->has_hard_bytes, (double)q->hard_bytes);
}

static double inodes_number(const struct quota_state *q)
{
	return number(q->has_inodes, (double)q->inodes);
}

static double percent_number(const struct quota_state *q)
{
	return number(q->has_percent, q->percent);
}

static double growth_number(const struct quota_state *q)
{
	return number(q->has_growth_bytes_per_minute, q->growth_bytes_per_minute);
}

/* The sooner the first. */
static double full_number(const struct quota_state *q)
{
	return number(q->has_full_in_seconds, -q->full_in_seconds);
}

/* ---- columns ---- */

/* Where the kernel has each limit, soft and hard say it. */
static bool shows_limit(const struct answer_quota *a)
{
	bool hard = false;

	for (size_t i = 0; i < a->containers_count; i++) {
		hard |= a->containers[i].has_hard_bytes;
		if (a->containers[i].has_limit_bytes && !a->containers[i].has_hard_bytes)
			return true;
	}
	return !hard;
}

static bool always(const struct answer_quota *a unused)
{
	return true;
}

static const struct quota_column {
	const char *word; /* of --sort */
	struct column column;
	char *(*cell)(const struct quota_state *q, const struct quota_table *t);
	/* NULL: it sorts as text. */
	double (*number)(const struct quota_state *q);
	const char *(*colour)(const struct quota_state *q); /* NULL: none */
	/* NULL: if there is something in it. */
	bool (*shown)(const struct answer_quota *a);
	bool id;        /* as in struct column, */
	unsigned spare; /* and so is this, for who is sparing */
} columns[] = {
#define TEXT(w, t, what, ...)                                                                      \
	{                                                                                          \
		.word = (w), .column = { .title = (t) }, .cell = what##_cell, __VA_ARGS__          \
	}
#define NUMBER(w, t, what, ...)                                                                    \
	{                                                                                          \
		.word = (w), .column = { .title = (t), .right = true }, .cell = what##_cell,       \
		.number = what##_number, __VA_ARGS__                                               \
	}
	TEXT("container", "CONTAINER", container, .shown = always, .id = true),
	TEXT("task", "TASK", task, .shown = always, .id = true, .spare = 1),
	TEXT("framework", "FRAMEWORK", framework, .shown = always, .id = true, .spare = 4),
	TEXT("filesystem", "FS", filesystem, .spare = 11),
	NUMBER("project", "PROJECT", project, .spare = 10),
	NUMBER("limit", "LIMIT", limit, .shown = shows_limit, .spare = 2),
	NUMBER("used", "USED", used, .shown = always),
	NUMBER("soft", "SOFT", soft, .spare = 5),
	NUMBER("hard", "HARD", hard, .spare = 3),
	NUMBER("inodes", "INODES", inodes, .spare = 8),
	NUMBER("percent", "PERCENT", percent, .shown = always, .colour = state_colour),
	NUMBER("growth", "GROWTH/MIN", growth, .spare = 6),
	NUMBER("full", "FULL IN", full, .spare = 7),
	TEXT("state", "STATE", state, .shown = always, .colour = state_colour),
	TEXT("witness", "WITNESS", witness, .shown = always, .spare = 9),
#undef TEXT
#undef NUMBER
};

/* ---- the table ---- */

static bool is_shown(const struct quota_column *c, const struct quota_table *t)
{
	bool any = false;

	if (c->shown)
		return c->shown(t->answer);
	for (size_t i = 0; i < t->answer->containers_count && !any; i++) {
		autofree char *text = c->cell(&t->answer->containers[i], t);

		any = text != NULL;
	}
	return any;
}

static void add_row(struct table *table, const struct quota_column *const *shown,
		    const struct quota_state *q, const struct quota_table *t)
{
	for (unsigned i = 0; i < table->width; i++) {
		bool colour = t->options->colour && shown[i]->colour;

		table_add(table, shown[i]->cell(q, t), colour ? shown[i]->colour(q) : NULL);
	}
}

static bool any_override(const struct answer_quota *a)
{
	for (size_t i = 0; i < a->containers_count; i++)
		if (a->containers[i].override)
			return true;
	return false;
}

static int id_width(const struct answer_quota *a)
{
	const char **ids = xcalloc(a->containers_count, sizeof(*ids));

	for (size_t i = 0; i < a->containers_count; i++)
		ids[i] = a->containers[i].container_id;
	return cell_id_width(ids, a->containers_count);
}

static struct column describe(const struct quota_column *c, const struct quota_view_options *o)
{
	struct column ret = c->column;

	ret.id = c->id;
	ret.spare = o->sparing && !str_equal(o->sort, c->word) ? c->spare : 0;
	return ret;
}

void view_quota(const struct answer_quota *a, const struct quota_view_options *options,
		struct buf *out)
{
	struct quota_table t = { .answer = a, .options = options, .id_width = id_width(a) };
	const struct quota_column *shown[ARRAY_SIZE(columns)];
	struct column titles[ARRAY_SIZE(columns)];
	autotable struct table table = { .columns = titles, .room = options->room };

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		if (!is_shown(&columns[i], &t))
			continue;
		titles[table.width] = describe(&columns[i], options);
		shown[table.width++] = &columns[i];
	}
	for (size_t i = 0; i < a->containers_count; i++)
		add_row(&table, shown, &a->containers[i], &t);
	table_print(&table, out);
	if (any_override(a))
		buf_adds(out, OVERRIDE " set by an operator; `quota set CONTAINER default` takes "
				       "it back\n");
}

/* ---- order ---- */

struct order {
	const struct quota_column *column;
	struct quota_table table;
};

static int compare_numbers(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return (a < b) - (a > b);
}

static int compare_cells(const struct quota_state *a, const struct quota_state *b,
			 const struct order *o)
{
	autofree char *x = o->column->cell(a, &o->table), *y = o->column->cell(b, &o->table);

	return x && y ? strcmp(x, y) : !x - !y;
}

struct ordered {
	struct quota_state state;
	size_t at; /* where it stood: what is equal stays in the agent's order */
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct ordered *x = a, *y = b;
	const struct order *o = arg;
	int r;

	if (o->column->number)
		r = compare_numbers(o->column->number(&x->state), o->column->number(&y->state));
	else
		r = compare_cells(&x->state, &y->state, o);
	return r ? r : (x->at > y->at) - (x->at < y->at);
}

static int no_column(const char *word, struct error *e)
{
	autobuf struct buf known = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		buf_addf(&known, "%s%s", i ? ", " : "", columns[i].word);
	return error_set(e, EINVAL, "--sort: '%s' is no column; there is: %s", word,
			 buf_text(&known));
}

static void sort(struct quota_state *list, size_t n, struct order *o)
{
	autofree struct ordered *all = xcalloc(n, sizeof(*all));

	for (size_t i = 0; i < n; i++)
		all[i] = (struct ordered){ .state = list[i], .at = i };
	qsort_r(all, n, sizeof(*all), compare, o);
	for (size_t i = 0; i < n; i++)
		list[i] = all[i].state;
}

int quota_sort(struct answer_quota *a, const char *word, struct error *e)
{
	static const struct quota_view_options exact = { .exact = true };
	struct order o = { .table = { a, &exact, INT_MAX } };

	for (size_t i = 0; i < ARRAY_SIZE(columns) && !o.column; i++)
		if (!strcmp(columns[i].word, word))
			o.column = &columns[i];
	if (!o.column)
		return no_column(word, e);
	sort(a->containers, a->containers_count, &o);
	return 0;
}
