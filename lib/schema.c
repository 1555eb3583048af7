/* Records by their tables: decode, encode, clear, copy, defaults. The kinds are in kinds*.c. */
#include "lib/kinds.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

static struct record *head(void *rec)
{
	return rec;
}

const struct field *schema_field(const struct schema *s, const char *name)
{
	for (const struct field *f = s->fields; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

void schema_defaults(const struct schema *s, void *rec)
{
	for (const struct field *f = s->fields; f->name; f++) {
		struct error e;

		if (f->def && f->kind->parse(f, f->def, rec, &e))
			assert(!"a default that does not parse");
	}
}

/* What is wrong inside a member goes on with its own path, what is wrong with it after a colon. */
int schema_error_at(struct error *e, const char *fmt, ...)
{
	struct error inner = *e;
	char at[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(at, sizeof(at), fmt, args);
	va_end(args);
	return error_set(e, e->code, "%s%s%s", at,
			 inner.text[0] == '.' || inner.text[0] == '[' ? "" : ": ", inner.text);
}

static int decode_fields(const struct schema *s, json_t *in, void *rec, struct error *e)
{
	for (const struct field *f = s->fields; f->name; f++) {
		json_t *value = json_object_get(in, f->name);

		if (!value || json_is_null(value)) {
			if (f->required)
				return error_set(e, EINVAL, ".%s: missing", f->name);
			continue;
		}
		if (f->def)
			f->kind->clear(f, rec);
		if (f->kind->decode(f, value, rec, e))
			return schema_error_at(e, ".%s", f->name);
		if (f->required && !f->kind->present(f, rec))
			return error_set(e, EINVAL, ".%s: missing", f->name);
	}
	return 0;
}

static void keep_rest(const struct schema *s, json_t *in, struct record *r)
{
	const char *key;
	json_t *value;

	json_object_foreach(in, key, value) {
		if (schema_field(s, key))
			continue;
		if (!r->rest)
			r->rest = json_object();
		json_object_set(r->rest, key, value);
	}
}

int schema_decode_part(const struct schema *s, json_t *in, void *rec, struct error *e)
{
	if (!json_is_object(in))
		return error_set(e, EINVAL, "must be an object");
	schema_defaults(s, rec);
	if (decode_fields(s, in, rec, e)) {
		schema_clear(s, rec);
		return -EINVAL;
	}
	keep_rest(s, in, head(rec));
	return 0;
}

int schema_decode(const struct schema *s, json_t *in, void *rec, struct error *e)
{
	int r = schema_decode_part(s, in, rec, e);

	if (r && e->text[0] == '.')
		memmove(e->text, e->text + 1, strlen(e->text));
	return r;
}

int schema_decode_text(const struct schema *s, const char *text, size_t len, void *rec,
		       struct error *e)
{
	json_error_t why;
	json_t *in = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	int r;

	if (!in)
		return error_set(e, EINVAL, "not JSON: %s at line %d", why.text, why.line);
	r = schema_decode(s, in, rec, e);
	json_decref(in);
	return r;
}

int schema_check_known(const struct schema *s, const void *rec, struct error *e)
{
	const struct record *r = rec;
	autobuf struct buf known = { 0 };

	if (!r->rest)
		return 0;
	for (const struct field *f = s->fields; f->name; f++)
		buf_addf(&known, "%s%s", known.len ? ", " : "", f->name);
	return error_set(e, EINVAL, "unknown member '%s'; known: %s",
			 json_object_iter_key(json_object_iter(r->rest)), buf_text(&known));
}

static void encode_rest(json_t *rest, struct buf *out)
{
	const char *key;
	json_t *value;

	json_object_foreach(rest, key, value) {
		char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

		if (!text)
			continue;
		buf_addc(out, ',');
		buf_add_json(out, key);
		buf_addc(out, ':');
		buf_adds(out, text);
		free(text);
	}
}

/* Each member brings the comma before it; the first one's becomes the brace. */
static void encode(const struct schema *s, const void *rec, bool whole, struct buf *out)
{
	const struct record *r = rec;
	size_t start = out->len;

	for (const struct field *f = s->fields; f->name; f++) {
		if (!f->kind->present(f, rec) && !(whole && f->kind->list))
			continue;
		buf_add(out, f->key, f->key_length);
		if (whole && f->kind->encode_whole)
			f->kind->encode_whole(f, rec, out);
		else
			f->kind->encode(f, rec, out);
	}
	if (r->rest)
		encode_rest(r->rest, out);
	if (out->len == start)
		buf_addc(out, '{');
	out->data[start] = '{';
	buf_addc(out, '}');
}

void schema_encode(const struct schema *s, const void *rec, struct buf *out)
{
	encode(s, rec, false, out);
}

void schema_encode_whole(const struct schema *s, const void *rec, struct buf *out)
{
	encode(s, rec, true, out);
}

size_t schema_encoded_bytes(const struct schema *s, const void *rec)
{
	autobuf struct buf text = { 0 };

	schema_encode(s, rec, &text);
	return text.len;
}

bool schema_equal(const struct schema *s, const void *a, const void *b)
{
	autobuf struct buf x = { 0 }, y = { 0 };

	schema_encode(s, a, &x);
	schema_encode(s, b, &y);
	return x.len == y.len && !memcmp(x.data, y.data, x.len);
}

void schema_clear(const struct schema *s, void *rec)
{
	json_decref(head(rec)->rest);
	for (const struct field *f = s->fields; f->name; f++)
		f->kind->clear(f, rec);
	memset(rec, 0, s->size);
}

void schema_copy_into(const struct schema *s, void *dst, const void *src)
{
	autobuf struct buf text = { 0 };
	struct error e;

	memset(dst, 0, s->size);
	schema_encode(s, src, &text);
	if (schema_decode_text(s, text.data, text.len, dst, &e))
		assert(!"a record that does not read back");
}

void *schema_copy(const struct schema *s, const void *src)
{
	void *copy = xmalloc(s->size);

	schema_copy_into(s, copy, src);
	return copy;
}

void schema_free(const struct schema *s, void *rec)
{
	if (!rec)
		return;
	schema_clear(s, rec);
	free(rec);
}

const char *enum_name(const struct enum_value *values, int value)
{
	for (; values->name; values++)
		if (values->value == value)
			return values->name;
	return "UNKNOWN";
}

int enum_parse(const struct enum_value *values, const char *name, int *ret)
{
	for (; values->name; values++)
		if (!strcasecmp(values->name, name)) {
			*ret = values->value;
			return 0;
		}
	return -ENOENT;
}
