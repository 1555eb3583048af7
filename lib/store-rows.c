/* Records to and from the columns of SQLite: one line of a table per kind of field. */
#include "lib/store-rows.h"

#include "lib/kinds.h"

/* ---- cells: what is bound later, on another thread ---- */

enum cell_type { CELL_NULL, CELL_INT, CELL_REAL, CELL_TEXT, CELL_BLOB };

/* In front of each cell's bytes; read and written by memcpy(3), as they lie anywhere. */
struct cell {
	enum cell_type type;
	union {
		int64_t i;
		double d;
		size_t n; /* bytes that follow */
	};
};

static void add_int(int64_t v, struct buf *out)
{
	struct cell c = { .type = CELL_INT, .i = v };

	buf_add(out, &c, sizeof(c));
}

static void add_bytes(enum cell_type type, const void *data, size_t n, struct buf *out)
{
	struct cell c = { .type = type, .n = n };

	buf_add(out, &c, sizeof(c));
	buf_add(out, data, n);
}

/* ---- kinds ---- */

static int wrong(const struct field *f, struct error *e)
{
	return kind_wrong(e, f);
}

static void text_put(const struct field *f, const void *rec, struct buf *out)
{
	const char *text = *AT_CONST(f, rec, char *);

	add_bytes(CELL_TEXT, text, strlen(text), out);
}

static const char *column_text(sqlite3_stmt *q, int i)
{
	if (sqlite3_column_type(q, i) != SQLITE_TEXT)
		return NULL;
	return (const char *)sqlite3_column_text(q, i);
}

static int text_get(const struct field *f, sqlite3_stmt *q, int i, void *rec, struct error *e)
{
	const char *text = column_text(q, i);

	if (!text)
		return wrong(f, e);
	replace_str(AT(f, rec, char *), text);
	return 0;
}

static void boolean_put(const struct field *f, const void *rec, struct buf *out)
{
	add_int(*AT_CONST(f, rec, bool), out);
}

static int boolean_get(const struct field *f, sqlite3_stmt *q, int i, void *rec, struct error *e)
{
	if (sqlite3_column_type(q, i) != SQLITE_INTEGER)
		return wrong(f, e);
	*AT(f, rec, bool) = sqlite3_column_int64(q, i) != 0;
	*kind_flag(f, rec) = true;
	return 0;
}

static void i64_put(const struct field *f, const void *rec, struct buf *out)
{
	add_int(*AT_CONST(f, rec, int64_t), out);
}

static int i64_get(const struct field *f, sqlite3_stmt *q, int i, void *rec, struct error *e)
{
	if (sqlite3_column_type(q, i) != SQLITE_INTEGER)
		return wrong(f, e);
	*AT(f, rec, int64_t) = sqlite3_column_int64(q, i);
	*kind_flag(f, rec) = true;
	return 0;
}

static void u64_put(const struct field *f, const void *rec, struct buf *out)
{
	uint64_t v = *AT_CONST(f, rec, uint64_t);

	assert(v <= INT64_MAX);
	add_int((int64_t)v, out);
}

static int u64_get(const struct field *f, sqlite3_stmt *q, int i, void *rec, struct error *e)
{
	if (sqlite3_column_type(q, i) != SQLITE_INTEGER || sqlite3_column_int64(q, i) < 0)
		return wrong(f, e);
	*AT(f, rec, uint64_t) = (uint64_t)sqlite3_column_int64(q, i);
	*kind_flag(f, rec) = true;
	return 0;
}

static void number_put(const struct field *f, const void *rec, struct buf *out)
{
	struct cell c = { .type = CELL_REAL, .d = *AT_CONST(f, rec, double) };

	buf_add(out, &c, sizeof(c));
}

static int number_get(const struct field *f, sqlite3_stmt *q, int i, void *rec, struct error *e)
{
	if (sqlite3_column_type(q, i) != SQLITE_FLOAT)
		return wrong(f, e);
	*AT(f, rec, double) = sqlite3_column_double(q, i);
	*kind_flag(f, rec) = true;
	return 0;
}

static void uuid_put(const struct field *f, const void *rec, struct buf *out)
{
	add_bytes(CELL_BLOB, AT_CONST(f, rec, uint8_t), 16, out);
}

static int uuid_get(const struct field *f, sqlite3_stmt *q, int i, void *rec, struct error *e)
{
	const void *bytes = sqlite3_column_blob(q, i);

	if (sqlite3_column_type(q, i) != SQLITE_BLOB || sqlite3_column_bytes(q, i) != 16)
		return wrong(f, e);
	memcpy(AT(f, rec, uint8_t), bytes, 16);
	*kind_flag(f, rec) = true;
	return 0;
}

static void enum_put(const struct field *f, const void *rec, struct buf *out)
{
	const char *name = enum_name(f->values, *AT_CONST(f, rec, int));

	add_bytes(CELL_TEXT, name, strlen(name), out);
}

/* A newer release may have stored a value that we do not know: an optional field stays unset. */
static int enum_get(const struct field *f, sqlite3_stmt *q, int i, void *rec, struct error *e)
{
	const char *name = column_text(q, i);

	if (!name)
		return wrong(f, e);
	return f->kind->parse(f, name, rec, e) && f->required ? -EINVAL : 0;
}

static void json_put(const struct field *f, const void *rec, struct buf *out)
{
	struct cell c = { .type = CELL_TEXT };
	size_t start = out->len;

	buf_add(out, &c, sizeof(c));
	f->kind->encode(f, rec, out);
	c.n = out->len - start - sizeof(c);
	memcpy(out->data + start, &c, sizeof(c));
}

static int json_get(const struct field *f, sqlite3_stmt *q, int i, void *rec, struct error *e)
{
	const char *text = column_text(q, i);
	json_error_t why;
	json_t *in = text ? json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why) : NULL;
	int r;

	if (!text)
		return wrong(f, e);
	if (!in)
		return error_set(e, EINVAL, "not JSON: %s", why.text);
	r = f->kind->decode(f, in, rec, e);
	json_decref(in);
	return r;
}

/* INT, not INTEGER: a key of that type would be the rowid, whose order is that of the first put. */
static const struct column {
	const struct kind *kind; /* NULL: any other */
	const char *type;
	void (*put)(const struct field *f, const void *rec, struct buf *out);
	int (*get)(const struct field *f, sqlite3_stmt *q, int i, void *rec, struct error *e);
} columns[] = {
	{ &kind_string, "TEXT", text_put, text_get },
	{ &kind_id, "TEXT", text_put, text_get },
	{ &kind_base64, "TEXT", text_put, text_get },
	{ &kind_boolean, "INT", boolean_put, boolean_get },
	{ &kind_u64, "INT", u64_put, u64_get },
	{ &kind_bytes, "INT", u64_put, u64_get },
	{ &kind_i64, "INT", i64_put, i64_get },
	{ &kind_duration, "INT", i64_put, i64_get },
	{ &kind_number, "REAL", number_put, number_get },
	{ &kind_uuid, "BLOB", uuid_put, uuid_get },
	{ &kind_enum, "TEXT", enum_put, enum_get },
	{ NULL, "TEXT", json_put, json_get },
};

static const struct column *column_of(const struct field *f)
{
	const struct column *c = columns;

	while (c->kind && c->kind != f->kind)
		c++;
	return c;
}

/* ---- rows ---- */

unsigned store_columns(const struct store_table *t)
{
	unsigned n = 0;

	while (t->schema()->fields[n].name)
		n++;
	return n;
}

void store_row_encode(const struct store_table *t, unsigned n, const void *rec, struct buf *out)
{
	static const struct cell null = { .type = CELL_NULL };
	const struct field *f = t->schema()->fields;

	for (unsigned i = 0; i < n; i++, f++) {
		if (f->kind->present(f, rec)) {
			column_of(f)->put(f, rec, out);
			continue;
		}
		assert(i >= t->keys);
		buf_add(out, &null, sizeof(null));
	}
}

static void bind_cell(sqlite3_stmt *q, int i, const struct cell *c, const char *bytes)
{
	int r;

	switch (c->type) {
	case CELL_INT: r = sqlite3_bind_int64(q, i, c->i); break;
	case CELL_REAL: r = sqlite3_bind_double(q, i, c->d); break;
	case CELL_TEXT:
		r = sqlite3_bind_text64(q, i, bytes, c->n, SQLITE_STATIC, SQLITE_UTF8);
		break;
	case CELL_BLOB: r = sqlite3_bind_blob64(q, i, bytes, c->n, SQLITE_STATIC); break;
	default: r = sqlite3_bind_null(q, i);
	}
	assert(r == SQLITE_OK); /* no such column, or text of more than 1 GB */
}

const char *store_row_bind(sqlite3_stmt *q, unsigned n, const char *from)
{
	struct cell c;

	for (unsigned i = 1; i <= n; i++) {
		memcpy(&c, from, sizeof(c));
		from += sizeof(c);
		bind_cell(q, (int)i, &c, from);
		if (c.type == CELL_TEXT || c.type == CELL_BLOB)
			from += c.n;
	}
	return from;
}

static int decode_field(const struct field *f, sqlite3_stmt *q, int i, void *rec, struct error *e)
{
	if (sqlite3_column_type(q, i) != SQLITE_NULL) {
		if (f->def)
			f->kind->clear(f, rec);
		if (column_of(f)->get(f, q, i, rec, e))
			return schema_error_at(e, "%s", f->name);
	}
	if (f->required && !f->kind->present(f, rec))
		return error_set(e, EINVAL, "%s: missing", f->name);
	return 0;
}

/* "table tasks, row f1 c1 t1: state: missing" */
static int bad_row(const struct store_table *t, sqlite3_stmt *q, struct error *e)
{
	autobuf struct buf key = { 0 };

	for (unsigned i = 0; i < t->keys; i++) {
		const char *text = (const char *)sqlite3_column_text(q, (int)i);

		buf_addc(&key, ' ');
		buf_adds(&key, text ? text : "NULL");
	}
	e->code = EBADMSG;
	return error_wrap(e, "table %s, row%s", t->name, buf_text(&key));
}

int store_row_decode(const struct store_table *t, sqlite3_stmt *q, void *rec, struct error *e)
{
	const struct schema *s = t->schema();
	int i = 0;

	schema_defaults(s, rec);
	for (const struct field *f = s->fields; f->name; f++, i++) {
		if (!decode_field(f, q, i, rec, e))
			continue;
		schema_clear(s, rec);
		return bad_row(t, q, e);
	}
	return 0;
}

/* ---- statements ---- */

/* The names of the first n fields from `first` on, between commas, each in form. */
static void add_names(const struct store_table *t, unsigned first, unsigned n, const char *form,
		      struct buf *out)
{
	const struct field *fields = t->schema()->fields;

	for (unsigned i = first; i < n; i++) {
		if (i > first)
			buf_addc(out, ',');
		for (const char *p = form; *p; p++)
			if (*p == '@')
				buf_addf(out, "\"%s\"", fields[i].name);
			else
				buf_addc(out, *p);
	}
}

void store_sql_create(const struct store_table *t, struct buf *out)
{
	buf_addf(out, "CREATE TABLE \"%s\" (", t->name);
	for (const struct field *f = t->schema()->fields; f->name; f++)
		buf_addf(out, "\"%s\" %s, ", f->name, column_of(f)->type);
	buf_adds(out, "PRIMARY KEY (");
	add_names(t, 0, t->keys, "@", out);
	buf_adds(out, "))");
}

void store_sql_add_column(const struct store_table *t, const struct field *f, struct buf *out)
{
	buf_addf(out, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s", t->name, f->name,
		 column_of(f)->type);
}

/* Not REPLACE: that would give the row a new place and lose the columns of a newer release. */
void store_sql_put(const struct store_table *t, struct buf *out)
{
	unsigned n = store_columns(t);

	buf_addf(out, "INSERT INTO \"%s\" (", t->name);
	add_names(t, 0, n, "@", out);
	buf_adds(out, ") VALUES (");
	for (unsigned i = 0; i < n; i++)
		buf_adds(out, i ? ",?" : "?");
	buf_adds(out, ") ON CONFLICT (");
	add_names(t, 0, t->keys, "@", out);
	buf_adds(out, n > t->keys ? ") DO UPDATE SET " : ") DO NOTHING");
	add_names(t, t->keys, n, "@=excluded.@", out);
}

void store_sql_delete(const struct store_table *t, struct buf *out)
{
	const struct field *f = t->schema()->fields;

	buf_addf(out, "DELETE FROM \"%s\" WHERE ", t->name);
	for (unsigned i = 0; i < t->keys; i++)
		buf_addf(out, "%s\"%s\"=?", i ? " AND " : "", f[i].name);
}

void store_sql_load(const struct store_table *t, struct buf *out)
{
	buf_adds(out, "SELECT ");
	add_names(t, 0, store_columns(t), "@", out);
	buf_addf(out, " FROM \"%s\" ORDER BY rowid", t->name);
}
