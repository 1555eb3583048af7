/* The kinds of text, of enums and of anything: one codec each, for JSON and for flags. */
#include "lib/kinds.h"

bool *kind_flag(const struct field *f, void *rec)
{
	return (bool *)rec + f->aux;
}

bool kind_flag_present(const struct field *f, const void *rec)
{
	return ((const bool *)rec)[f->aux];
}

void kind_flag_clear(const struct field *f, void *rec)
{
	*kind_flag(f, rec) = false;
}

int kind_wrong(struct error *e, const struct field *f)
{
	return error_set(e, EINVAL, "must be %s", f->kind->name);
}

bool kind_pointer_present(const struct field *f, const void *rec)
{
	return *AT_CONST(f, rec, void *) != NULL;
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
		return kind_wrong(e, f);
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

const struct kind kind_string = {
	.name = "a string",
	.decode = string_decode,
	.encode = string_encode,
	.parse = string_parse,
	.print = string_print,
	.clear = string_clear,
	.present = kind_pointer_present,
};

/* From an environment variable that is not set, it would be the current directory. */
static int path_parse(const struct field *f, const char *text, void *rec, struct error *e)
{
	if (!*text)
		return error_set(e, EINVAL, "is empty: give it a path, or leave it out");
	set_text(f, text, rec);
	return 0;
}

const struct kind kind_path = {
	.name = "a path",
	.decode = string_decode,
	.encode = string_encode,
	.parse = path_parse,
	.print = string_print,
	.clear = string_clear,
	.present = kind_pointer_present,
};

static int id_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	json_t *value = json_object_get(in, "value");

	if (!json_is_string(value))
		return kind_wrong(e, f);
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
	.present = kind_pointer_present,
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

ssize_t base64_size(const char *text)
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
		return kind_wrong(e, f);
	set_text(f, json_string_value(in), rec);
	return 0;
}

const struct kind kind_base64 = {
	.name = "base64",
	.decode = base64_kind_decode,
	.encode = string_encode,
	.clear = string_clear,
	.present = kind_pointer_present,
};

static int uuid_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	if (!json_is_string(in) || base64_decode(json_string_value(in), AT(f, rec, uint8_t), 16))
		return kind_wrong(e, f);
	*kind_flag(f, rec) = true;
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
	.clear = kind_flag_clear,
	.present = kind_flag_present,
};

/* ---- enums ---- */

static int enum_parse_text(const struct field *f, const char *text, void *rec, struct error *e)
{
	int value;

	if (enum_parse(f->values, text, &value))
		return error_set(e, EINVAL, "'%s' is not one of its values", text);
	*AT(f, rec, int) = value;
	*kind_flag(f, rec) = true;
	return 0;
}

/* A newer peer may name a value we do not know: then an optional field stays unset. */
static int enum_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	if (!json_is_string(in))
		return kind_wrong(e, f);
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
	.clear = kind_flag_clear,
	.present = kind_flag_present,
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
	.present = kind_pointer_present,
};

static void raw_clear(const struct field *f, void *rec)
{
	*AT(f, rec, const char *) = NULL;
}

const struct kind kind_raw = {
	.name = "JSON",
	.encode = string_print,
	.clear = raw_clear,
	.present = kind_pointer_present,
};
