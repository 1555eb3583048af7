/* The kinds that hold others: lists, where a bare value stands for a list of one, and records. */
#include "lib/kinds.h"

static size_t *count(const struct field *f, void *rec)
{
	return (size_t *)(void *)((char *)rec + f->aux);
}

static size_t count_const(const struct field *f, const void *rec)
{
	return *(const size_t *)(const void *)((const char *)rec + f->aux);
}

static bool list_present(const struct field *f, const void *rec)
{
	return count_const(f, rec) > 0;
}

static size_t list_size(json_t *in)
{
	return json_is_array(in) ? json_array_size(in) : 1;
}

static json_t *list_item(json_t *in, size_t i)
{
	return json_is_array(in) ? json_array_get(in, i) : in;
}

static int list_check(json_t *in, struct error *e)
{
	if (list_size(in) <= SCHEMA_LIST_MAX)
		return 0;
	return error_set(e, EINVAL, "more than %d items", SCHEMA_LIST_MAX);
}

static void strings_clear(const struct field *f, void *rec)
{
	char **list = *AT(f, rec, char **);

	for (size_t i = 0; i < *count(f, rec); i++)
		free(list[i]);
	free(list);
	*AT(f, rec, char **) = NULL;
	*count(f, rec) = 0;
}

static int texts_decode(const struct field *f, json_t *in, bool ids, void *rec, struct error *e)
{
	size_t n = list_size(in);
	char **list;

	if (list_check(in, e))
		return -EINVAL;
	list = xcalloc(n, sizeof(*list));
	*AT(f, rec, char **) = list;
	for (size_t i = 0; i < n; i++) {
		json_t *item = list_item(in, i);

		item = ids ? json_object_get(item, "value") : item;
		if (!json_is_string(item))
			return error_set(e, EINVAL, "[%zu]: must be %s", i,
					 ids ? kind_id.name : kind_string.name);
		list[i] = xstrdup(json_string_value(item));
		*count(f, rec) = i + 1;
	}
	return 0;
}

static int strings_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	return texts_decode(f, in, false, rec, e);
}

static int ids_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	return texts_decode(f, in, true, rec, e);
}

static void texts_encode(const struct field *f, const void *rec, const char *before,
			 const char *after, struct buf *out)
{
	char *const *list = *AT_CONST(f, rec, char **);

	buf_addc(out, '[');
	for (size_t i = 0; i < count_const(f, rec); i++) {
		if (i)
			buf_addc(out, ',');
		buf_adds(out, before);
		buf_add_json(out, list[i]);
		buf_adds(out, after);
	}
	buf_addc(out, ']');
}

static void strings_encode(const struct field *f, const void *rec, struct buf *out)
{
	texts_encode(f, rec, "", "", out);
}

static void ids_encode(const struct field *f, const void *rec, struct buf *out)
{
	texts_encode(f, rec, "{\"value\":", "}", out);
}

/* A flag that may be given several times: each adds one. */
static int strings_parse(const struct field *f, const char *text, void *rec, struct error *e unused)
{
	char ***list = AT(f, rec, char **);

	*list = xreallocarray(*list, *count(f, rec) + 1, sizeof(**list));
	(*list)[(*count(f, rec))++] = xstrdup(text);
	return 0;
}

static void strings_print(const struct field *f, const void *rec, struct buf *out)
{
	char *const *list = *AT_CONST(f, rec, char **);

	for (size_t i = 0; i < count_const(f, rec); i++)
		buf_addf(out, "%s%s", i ? "," : "", list[i]);
}

const struct kind kind_strings = {
	.name = "a list of strings",
	.decode = strings_decode,
	.encode = strings_encode,
	.parse = strings_parse,
	.print = strings_print,
	.clear = strings_clear,
	.present = list_present,
	.list = true,
};

const struct kind kind_ids = {
	.name = "a list of ids",
	.decode = ids_decode,
	.encode = ids_encode,
	.clear = strings_clear,
	.present = list_present,
	.list = true,
};

static void u64s_clear(const struct field *f, void *rec)
{
	free(*AT(f, rec, uint64_t *));
	*AT(f, rec, uint64_t *) = NULL;
	*count(f, rec) = 0;
}

static int u64s_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	size_t n = list_size(in);
	uint64_t *list;

	if (list_check(in, e))
		return -EINVAL;
	list = xcalloc(n, sizeof(*list));
	*AT(f, rec, uint64_t *) = list;
	*count(f, rec) = n;
	for (size_t i = 0; i < n; i++)
		if (kind_whole_decode(list_item(in, i), &list[i], e))
			return schema_error_at(e, "[%zu]", i);
	return 0;
}

static void u64s_encode(const struct field *f, const void *rec, struct buf *out)
{
	const uint64_t *list = *AT_CONST(f, rec, uint64_t *);

	buf_addc(out, '[');
	for (size_t i = 0; i < count_const(f, rec); i++) {
		if (i)
			buf_addc(out, ',');
		buf_addu(out, list[i]);
	}
	buf_addc(out, ']');
}

const struct kind kind_u64s = {
	.name = "a list of whole numbers",
	.decode = u64s_decode,
	.encode = u64s_encode,
	.clear = u64s_clear,
	.present = list_present,
	.list = true,
};

/* ---- records in records ---- */

static int record_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	void *nested = xcalloc(1, f->schema()->size);

	if (schema_decode_part(f->schema(), in, nested, e)) {
		free(nested);
		return -EINVAL;
	}
	*AT(f, rec, void *) = nested;
	return 0;
}

static void record_encode(const struct field *f, const void *rec, struct buf *out)
{
	schema_encode(f->schema(), *AT_CONST(f, rec, void *), out);
}

static void record_encode_whole(const struct field *f, const void *rec, struct buf *out)
{
	schema_encode_whole(f->schema(), *AT_CONST(f, rec, void *), out);
}

static void record_clear(const struct field *f, void *rec)
{
	schema_free(f->schema(), *AT(f, rec, void *));
	*AT(f, rec, void *) = NULL;
}

const struct kind kind_record = {
	.name = "an object",
	.decode = record_decode,
	.encode = record_encode,
	.encode_whole = record_encode_whole,
	.clear = record_clear,
	.present = kind_pointer_present,
};

static int records_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	const struct schema *s = f->schema();
	size_t n = list_size(in);
	char *list;

	if (list_check(in, e))
		return -EINVAL;
	list = xcalloc(n, s->size);
	*AT(f, rec, char *) = list;
	for (size_t i = 0; i < n; i++) {
		if (schema_decode_part(s, list_item(in, i), list + i * s->size, e))
			return schema_error_at(e, "[%zu]", i);
		*count(f, rec) = i + 1;
	}
	return 0;
}

typedef void encode_record(const struct schema *s, const void *rec, struct buf *out);

static void each_record(const struct field *f, const void *rec, encode_record *encode,
			struct buf *out)
{
	const struct schema *s = f->schema();
	const char *list = *AT_CONST(f, rec, char *);

	buf_addc(out, '[');
	for (size_t i = 0; i < count_const(f, rec); i++) {
		if (i)
			buf_addc(out, ',');
		encode(s, list + i * s->size, out);
	}
	buf_addc(out, ']');
}

static void records_encode(const struct field *f, const void *rec, struct buf *out)
{
	each_record(f, rec, schema_encode, out);
}

static void records_encode_whole(const struct field *f, const void *rec, struct buf *out)
{
	each_record(f, rec, schema_encode_whole, out);
}

static void records_clear(const struct field *f, void *rec)
{
	const struct schema *s = f->schema();
	char *list = *AT(f, rec, char *);

	for (size_t i = 0; i < *count(f, rec); i++)
		schema_clear(s, list + i * s->size);
	free(list);
	*AT(f, rec, char *) = NULL;
	*count(f, rec) = 0;
}

const struct kind kind_records = {
	.name = "a list of objects",
	.decode = records_decode,
	.encode = records_encode,
	.encode_whole = records_encode_whole,
	.clear = records_clear,
	.present = list_present,
	.list = true,
};
