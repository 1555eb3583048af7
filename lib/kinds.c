/* The kinds: one codec each, for JSON and, where it can be a flag, for text. */
#include <math.h>
#include <stdio.h>

#include "lib/schema.h"
#include "lib/units.h"

static bool *has(const struct field *f, void *rec)
{
	return (bool *)rec + f->aux;
}

static bool has_present(const struct field *f, const void *rec)
{
	return ((const bool *)rec)[f->aux];
}

static void has_clear(const struct field *f, void *rec)
{
	*has(f, rec) = false;
}

static int wrong(struct error *e, const struct field *f)
{
	return error_set(e, EINVAL, "must be %s", f->kind->name);
}

/* ---- text ---- */

static void set_text(const struct field *f, const char *text, void *rec)
{
	replace_str(AT(f, rec, char *), text);
}

static const char *get_text(const struct field *f, const void *rec)
{
	return *AT_CONST(f, rec, char *);
}

static int string_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	if (!json_is_string(in))
		return wrong(e, f);
	set_text(f, json_string_value(in), rec);
	return 0;
}

static void string_encode(const struct field *f, const void *rec, struct buf *out)
{
	buf_add_json(out, get_text(f, rec));
}

static int string_parse(const struct field *f, const char *text, void *rec, struct error *e unused)
{
	set_text(f, text, rec);
	return 0;
}

static void string_print(const struct field *f, const void *rec, struct buf *out)
{
	buf_adds(out, get_text(f, rec));
}

static void string_clear(const struct field *f, void *rec)
{
	free(*AT(f, rec, char *));
	*AT(f, rec, char *) = NULL;
}

static bool pointer_present(const struct field *f, const void *rec)
{
	return *AT_CONST(f, rec, void *) != NULL;
}

const struct kind kind_string = {
	.name = "a string",
	.decode = string_decode,
	.encode = string_encode,
	.parse = string_parse,
	.print = string_print,
	.clear = string_clear,
	.present = pointer_present,
};

static int id_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	json_t *value = json_object_get(in, "value");

	if (!json_is_string(value))
		return wrong(e, f);
	set_text(f, json_string_value(value), rec);
	return 0;
}

static void id_encode(const struct field *f, const void *rec, struct buf *out)
{
	buf_adds(out, "{\"value\":");
	buf_add_json(out, get_text(f, rec));
	buf_addc(out, '}');
}

const struct kind kind_id = {
	.name = "an id, {\"value\": a string}",
	.decode = id_decode,
	.encode = id_encode,
	.parse = string_parse,
	.print = string_print,
	.clear = string_clear,
	.present = pointer_present,
};

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct buf *out, const void *data, size_t n)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16;

		v |= i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0;
		v |= i + 2 < n ? p[i + 2] : 0;
		buf_addc(out, base64_digits[v >> 18]);
		buf_addc(out, base64_digits[v >> 12 & 63]);
		buf_addc(out, i + 1 < n ? base64_digits[v >> 6 & 63] : '=');
		buf_addc(out, i + 2 < n ? base64_digits[v & 63] : '=');
	}
}

static int base64_digit(char c)
{
	const char *at = c ? strchr(base64_digits, c) : NULL;

	return at ? (int)(at - base64_digits) : -1;
}

/* Number of bytes that well-formed base64 stands for, or -EINVAL. */
static ssize_t base64_size(const char *text)
{
	size_t len = strlen(text), pad = 0;

	if (len % 4)
		return -EINVAL;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len - pad; i++)
		if (base64_digit(text[i]) < 0)
			return -EINVAL;
	return (ssize_t)(len / 4 * 3 - pad);
}

int base64_decode(const char *text, void *ret, size_t n)
{
	uint8_t *out = ret;
	uint32_t bits = 0;

	if (base64_size(text) != (ssize_t)n)
		return -EINVAL;
	for (size_t i = 0, done = 0; done < n; i++) {
		bits = bits << 6 | (uint32_t)base64_digit(text[i]);
		if (i % 4)
			out[done++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return 0;
}

static int base64_kind_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	if (!json_is_string(in) || base64_size(json_string_value(in)) < 0)
		return wrong(e, f);
	set_text(f, json_string_value(in), rec);
	return 0;
}

const struct kind kind_base64 = {
	.name = "base64",
	.decode = base64_kind_decode,
	.encode = string_encode,
	.clear = string_clear,
	.present = pointer_present,
};

static int uuid_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	if (!json_is_string(in) || base64_decode(json_string_value(in), AT(f, rec, uint8_t), 16))
		return wrong(e, f);
	*has(f, rec) = true;
	return 0;
}

static void uuid_encode(const struct field *f, const void *rec, struct buf *out)
{
	buf_addc(out, '"');
	base64_add(out, AT_CONST(f, rec, uint8_t), 16);
	buf_addc(out, '"');
}

const struct kind kind_uuid = {
	.name = "base64 of 16 bytes",
	.decode = uuid_decode,
	.encode = uuid_encode,
	.clear = has_clear,
	.present = has_present,
};

/* ---- numbers; a string that holds one is taken too, as Mesos does ---- */

static int boolean_parse(const struct field *f, const char *text, void *rec, struct error *e)
{
	bool yes = !strcmp(text, "true") || !strcmp(text, "1");

	if (!yes && strcmp(text, "false") && strcmp(text, "0"))
		return error_set(e, EINVAL, "expecting a boolean (true or false), not '%s'", text);
	*AT(f, rec, bool) = yes;
	*has(f, rec) = true;
	return 0;
}

static int boolean_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	if (json_is_string(in))
		return boolean_parse(f, json_string_value(in), rec, e);
	if (!json_is_boolean(in))
		return wrong(e, f);
	*AT(f, rec, bool) = json_is_true(in);
	*has(f, rec) = true;
	return 0;
}

static void boolean_print(const struct field *f, const void *rec, struct buf *out)
{
	buf_adds(out, *AT_CONST(f, rec, bool) ? "true" : "false");
}

const struct kind kind_boolean = {
	.name = "a boolean",
	.decode = boolean_decode,
	.encode = boolean_print,
	.parse = boolean_parse,
	.print = boolean_print,
	.clear = has_clear,
	.present = has_present,
};

static int whole_parse(const char *text, uint64_t *ret, struct error *e)
{
	uint64_t v;
	int r = u64_parse(text, &v, e);

	if (r)
		return r;
	if (v > INT64_MAX) /* jansson reads no larger number: we could not read our own line */
		return error_set(e, ERANGE, "Number too large '%s'", text);
	*ret = v;
	return 0;
}

static int whole_decode(json_t *in, uint64_t *ret, struct error *e)
{
	if (json_is_string(in))
		return whole_parse(json_string_value(in), ret, e);
	if (!json_is_integer(in) || json_integer_value(in) < 0)
		return error_set(e, EINVAL, "must be a whole number");
	*ret = (uint64_t)json_integer_value(in);
	return 0;
}

static int u64_kind_parse(const struct field *f, const char *text, void *rec, struct error *e)
{
	int r = whole_parse(text, AT(f, rec, uint64_t), e);

	if (!r)
		*has(f, rec) = true;
	return r;
}

static int u64_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	int r = whole_decode(in, AT(f, rec, uint64_t), e);

	if (!r)
		*has(f, rec) = true;
	return r;
}

static void u64_print(const struct field *f, const void *rec, struct buf *out)
{
	buf_addu(out, *AT_CONST(f, rec, uint64_t));
}

const struct kind kind_u64 = {
	.name = "a whole number",
	.decode = u64_decode,
	.encode = u64_print,
	.parse = u64_kind_parse,
	.print = u64_print,
	.clear = has_clear,
	.present = has_present,
};

/* An optional minus, then digits. */
static int i64_parse(const struct field *f, const char *text, void *rec, struct error *e)
{
	bool minus = *text == '-';
	uint64_t v = 0;
	int r = whole_parse(text + minus, &v, e);

	if (r)
		return error_set(e, -r, "must be an integer, not '%s'", text);
	*AT(f, rec, int64_t) = minus ? -(int64_t)v : (int64_t)v;
	*has(f, rec) = true;
	return 0;
}

static int i64_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	if (json_is_string(in))
		return i64_parse(f, json_string_value(in), rec, e);
	if (!json_is_integer(in))
		return wrong(e, f);
	*AT(f, rec, int64_t) = json_integer_value(in);
	*has(f, rec) = true;
	return 0;
}

static void i64_print(const struct field *f, const void *rec, struct buf *out)
{
	buf_addi(out, *AT_CONST(f, rec, int64_t));
}

const struct kind kind_i64 = {
	.name = "an integer",
	.decode = i64_decode,
	.encode = i64_print,
	.print = i64_print,
	.clear = has_clear,
	.present = has_present,
};

void json_add_number(struct buf *out, double v)
{
	char text[40];

	if (!isfinite(v))
		v = 0;
	if (fabs(v) < 1e15 && v == (double)(int64_t)v) {
		buf_addi(out, (int64_t)v);
		return;
	}
	snprintf(text, sizeof(text), "%.15g", v);
	if (strtod(text, NULL) != v)
		snprintf(text, sizeof(text), "%.17g", v);
	buf_adds(out, text);
}

static int number_parse(const struct field *f, const char *text, void *rec, struct error *e)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end || !isfinite(v))
		return error_set(e, EINVAL, "expecting a number, not '%s'", text);
	*AT(f, rec, double) = v;
	*has(f, rec) = true;
	return 0;
}

static int number_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	if (json_is_string(in))
		return number_parse(f, json_string_value(in), rec, e);
	if (!json_is_number(in))
		return wrong(e, f);
	*AT(f, rec, double) = json_number_value(in);
	*has(f, rec) = true;
	return 0;
}

static void number_encode(const struct field *f, const void *rec, struct buf *out)
{
	json_add_number(out, *AT_CONST(f, rec, double));
}

const struct kind kind_number = {
	.name = "a number",
	.decode = number_decode,
	.encode = number_encode,
	.parse = number_parse,
	.print = number_encode,
	.clear = has_clear,
	.present = has_present,
};

static int duration_kind_parse(const struct field *f, const char *text, void *rec, struct error *e)
{
	int r = duration_parse(text, AT(f, rec, int64_t), e);

	if (r)
		return r;
	*has(f, rec) = true;
	return 0;
}

static int duration_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	uint64_t ns;

	if (whole_decode(json_object_get(in, "nanoseconds"), &ns, e))
		return wrong(e, f);
	*AT(f, rec, int64_t) = (int64_t)ns;
	*has(f, rec) = true;
	return 0;
}

static void duration_encode(const struct field *f, const void *rec, struct buf *out)
{
	buf_adds(out, "{\"nanoseconds\":");
	buf_addi(out, *AT_CONST(f, rec, int64_t));
	buf_addc(out, '}');
}

static void duration_kind_print(const struct field *f, const void *rec, struct buf *out)
{
	duration_print(*AT_CONST(f, rec, int64_t), out);
}

const struct kind kind_duration = {
	.name = "a duration, {\"nanoseconds\": a whole number}",
	.decode = duration_decode,
	.encode = duration_encode,
	.parse = duration_kind_parse,
	.print = duration_kind_print,
	.clear = has_clear,
	.present = has_present,
};

static int bytes_kind_parse(const struct field *f, const char *text, void *rec, struct error *e)
{
	int r = bytes_parse(text, AT(f, rec, uint64_t), e);

	if (r)
		return r;
	*has(f, rec) = true;
	return 0;
}

static void bytes_kind_print(const struct field *f, const void *rec, struct buf *out)
{
	bytes_print(*AT_CONST(f, rec, uint64_t), out);
}

const struct kind kind_bytes = {
	.name = "a number of bytes",
	.decode = u64_decode,
	.encode = u64_print,
	.parse = bytes_kind_parse,
	.print = bytes_kind_print,
	.clear = has_clear,
	.present = has_present,
};

/* ---- enums ---- */

static int enum_parse_text(const struct field *f, const char *text, void *rec, struct error *e)
{
	int value;

	if (enum_parse(f->values, text, &value))
		return error_set(e, EINVAL, "'%s' is not one of its values", text);
	*AT(f, rec, int) = value;
	*has(f, rec) = true;
	return 0;
}

/* A newer peer may name a value we do not know: then an optional field stays unset. */
static int enum_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	if (!json_is_string(in))
		return wrong(e, f);
	if (enum_parse_text(f, json_string_value(in), rec, e) && f->required)
		return -EINVAL;
	return 0;
}

static void enum_print(const struct field *f, const void *rec, struct buf *out)
{
	buf_adds(out, enum_name(f->values, *AT_CONST(f, rec, int)));
}

static void enum_encode(const struct field *f, const void *rec, struct buf *out)
{
	buf_addc(out, '"');
	enum_print(f, rec, out);
	buf_addc(out, '"');
}

const struct kind kind_enum = {
	.name = "the name of one of its values",
	.decode = enum_decode,
	.encode = enum_encode,
	.parse = enum_parse_text,
	.print = enum_print,
	.clear = has_clear,
	.present = has_present,
};

/* ---- lists; a bare value stands for a list of one, as in Mesos ---- */

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
};

const struct kind kind_ids = {
	.name = "a list of ids",
	.decode = ids_decode,
	.encode = ids_encode,
	.clear = strings_clear,
	.present = list_present,
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
		if (whole_decode(list_item(in, i), &list[i], e))
			return error_wrap(e, "[%zu]", i);
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
};

/* ---- records in records ---- */

static int record_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	void *nested = xcalloc(1, f->schema()->size);

	if (schema_decode(f->schema(), in, nested, e)) {
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

static void record_clear(const struct field *f, void *rec)
{
	schema_free(f->schema(), *AT(f, rec, void *));
	*AT(f, rec, void *) = NULL;
}

const struct kind kind_record = {
	.name = "an object",
	.decode = record_decode,
	.encode = record_encode,
	.clear = record_clear,
	.present = pointer_present,
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
		if (schema_decode(s, list_item(in, i), list + i * s->size, e))
			return error_wrap(e, "[%zu]", i);
		*count(f, rec) = i + 1;
	}
	return 0;
}

static void records_encode(const struct field *f, const void *rec, struct buf *out)
{
	const struct schema *s = f->schema();
	const char *list = *AT_CONST(f, rec, char *);

	buf_addc(out, '[');
	for (size_t i = 0; i < count_const(f, rec); i++) {
		if (i)
			buf_addc(out, ',');
		schema_encode(s, list + i * s->size, out);
	}
	buf_addc(out, ']');
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
	.clear = records_clear,
	.present = list_present,
};

/* ---- anything ---- */

static int json_decode(const struct field *f, json_t *in, void *rec, struct error *e unused)
{
	*AT(f, rec, json_t *) = json_incref(in);
	return 0;
}

static void json_encode(const struct field *f, const void *rec, struct buf *out)
{
	char *text = json_dumps(*AT_CONST(f, rec, json_t *), JSON_COMPACT | JSON_ENCODE_ANY);

	buf_adds(out, text ? text : "null");
	free(text);
}

static void json_clear(const struct field *f, void *rec)
{
	json_decref(*AT(f, rec, json_t *));
	*AT(f, rec, json_t *) = NULL;
}

const struct kind kind_json = {
	.name = "JSON",
	.decode = json_decode,
	.encode = json_encode,
	.clear = json_clear,
	.present = pointer_present,
};

static void raw_clear(const struct field *f, void *rec)
{
	*AT(f, rec, const char *) = NULL;
}

const struct kind kind_raw = {
	.name = "JSON",
	.encode = string_print,
	.clear = raw_clear,
	.present = pointer_present,
};
