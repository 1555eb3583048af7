/* Choosing by labels, and their names in the environment. */
#include "lib/labels.h"

#include "lib/buf.h"
#include "lib/utf8.h"

static size_t bytes_of(const struct label *l)
{
	return strlen(l->key) + (l->value ? strlen(l->value) : 0);
}

int labels_check(const struct labels *labels, const struct label *more, struct error *e)
{
	size_t count = (labels ? labels->labels_count : 0) + (more ? 1 : 0);
	size_t bytes = more ? bytes_of(more) : 0;

	for (size_t i = 0; labels && i < labels->labels_count; i++)
		bytes += bytes_of(&labels->labels[i]);
	if (count <= LABELS_MAX && bytes <= LABELS_MAX_BYTES)
		return 0;
	return error_set(
		e, E2BIG,
		"%zu labels of %zu bytes are more than the %d labels and %d bytes that one "
		"thing may have",
		count, bytes, LABELS_MAX, (int)LABELS_MAX_BYTES);
}

struct labels *labels_copy(const struct labels *labels)
{
	return labels ? schema_copy(labels_schema(), labels) : xcalloc(1, sizeof(struct labels));
}

bool labels_equal(const struct labels *a, const struct labels *b)
{
	static const struct labels none;

	return schema_equal(labels_schema(), a ? a : &none, b ? b : &none);
}

struct labels *labels_kept(const struct labels *labels)
{
	struct error e;

	return labels && labels->labels_count && !labels_check(labels, NULL, &e)
		       ? schema_copy(labels_schema(), labels)
		       : NULL;
}

static bool reads_like(const struct label *l, const char *text)
{
	size_t key = strlen(l->key);

	if (strncmp(l->key, text, key))
		return false;
	return !text[key] ||
	       (text[key] == ':' && !strcmp(l->value ? l->value : "", text + key + 1));
}

static bool has(const struct labels *labels, const char *text)
{
	for (size_t i = 0; labels && i < labels->labels_count; i++)
		if (reads_like(&labels->labels[i], text))
			return true;
	return false;
}

bool labels_match(const struct labels *labels, const struct labels_wanted *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!has(labels, wanted->list[i]))
			return false;
	return true;
}

const char *labels_value(const struct labels *labels, const char *key)
{
	for (size_t i = 0; labels && i < labels->labels_count; i++)
		if (!strcmp(labels->labels[i].key, key))
			return labels->labels[i].value ? labels->labels[i].value : "";
	return NULL;
}

static bool in_names(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Of the bytes of a character only the first one counts. */
static char *name_of(const char *prefix, const char *key)
{
	struct buf name = { 0 };

	buf_adds(&name, prefix);
	for (; *key; key++) {
		unsigned char c = (unsigned char)*key;

		if (in_names(c))
			buf_addc(&name, *key);
		else if ((c & 0xc0) != 0x80)
			buf_addc(&name, '_');
	}
	return buf_take(&name);
}

char *labels_variable(const char *key)
{
	char *name = name_of("MESOS_LABEL_", key);

	for (char *p = name; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return name;
}

void labels_add_fields(const struct labels *labels, struct log_fields *f)
{
	for (size_t i = 0; labels && i < labels->labels_count && f->count < LOG_FIELDS_MAX; i++) {
		autofree char *name = labels_variable(labels->labels[i].key);

		if (!log_fields_get(f, name))
			log_fields_add(f, name, labels->labels[i].value);
	}
}

static int add_item(struct labels *l, const char *item, struct error *e)
{
	const char *colon = strchrnul(item, ':');
	struct label added = {
		.key = xstrndup(item, (size_t)(colon - item)),
		.value = *colon ? xstrdup(colon + 1) : NULL,
	};

	l->labels = xreallocarray(l->labels, l->labels_count + 1, sizeof(*l->labels));
	l->labels[l->labels_count++] = added;
	return *added.key && utf8_valid(item)
		       ? 0
		       : error_set(e, EINVAL, "'%s': expected KEY:VALUE or KEY, in UTF-8", item);
}

int labels_parse(const char *text, struct labels **ret, struct error *e)
{
	struct labels *l = xcalloc(1, sizeof(*l));
	autofree char *copy = xstrdup(text);
	char *rest = copy, *item;
	int r = 0;

	while (!r && (item = strsep(&rest, ";\n")))
		r = *item ? add_item(l, item, e) : 0;
	if (!r)
		r = labels_check(l, NULL, e);
	if (r)
		schema_free(labels_schema(), l);
	else
		*ret = l;
	return r;
}

char *labels_metric(const char *key)
{
	return name_of("label_", key);
}
