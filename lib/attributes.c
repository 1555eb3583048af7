/* --attributes to Attribute messages, and those to a JSON object. */
#include "lib/attributes.h"

#include "lib/value.h"

static void set_value(struct attribute *a, struct value *v)
{
	a->type = v->type;
	a->has_type = true;
	if (v->type == RANGES) {
		a->ranges = ranges_to_wire(v->ranges, v->ranges_count);
	} else if (v->type == SCALAR) {
		a->scalar = xcalloc(1, sizeof(*a->scalar));
		a->scalar->value = strtod(v->text, NULL);
		a->scalar->has_value = true;
	} else {
		a->text = xcalloc(1, sizeof(*a->text));
		a->text->value = take_ptr(v->text);
	}
}

static int parse_item(char *item, struct attribute *ret, struct error *e)
{
	autovalue struct value v = { 0 };
	char *colon = strchr(item, ':');

	if (!colon || strchr(colon + 1, ':'))
		return error_set(e, EINVAL, "Bad attribute '%s': expected name:value", item);
	*colon = '\0';
	if (!value_word(item))
		return error_set(e, EINVAL, "Bad name for attribute '%s'", item);
	if (value_parse(colon + 1, &v, e))
		return error_wrap(e, "Bad value for attribute %s", item);
	if (v.type == SET)
		return error_set(e, EINVAL, "Bad value for attribute %s: a set", item);
	ret->name = xstrdup(item);
	set_value(ret, &v);
	return 0;
}

static void free_list(struct attribute *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		schema_clear(attribute_schema(), &list[i]);
	free(list);
}

int attributes_parse(const char *text, struct attribute **ret, size_t *ret_count, struct error *e)
{
	autofree char *copy = xstrdup(text);
	struct attribute *list = NULL;
	size_t n = 0;
	char *save, *item;

	for (item = strtok_r(copy, ";\n", &save); item; item = strtok_r(NULL, ";\n", &save)) {
		item += strspn(item, " \t\r");
		item[strcspn(item, "\r")] = '\0';
		if (!*item)
			continue;
		list = xreallocarray(list, n + 1, sizeof(*list));
		list[n] = (struct attribute){ 0 };
		if (parse_item(item, &list[n], e)) {
			free_list(list, n);
			return -EINVAL;
		}
		n++;
	}
	*ret = list;
	*ret_count = n;
	return 0;
}

static void add_value(const struct attribute *a, struct buf *out)
{
	if (a->type == SCALAR && a->scalar) {
		json_add_number(out, a->scalar->value);
	} else if (a->type == RANGES && a->ranges) {
		buf_adds(out, "\"[");
		for (size_t i = 0; i < a->ranges->range_count; i++) {
			buf_adds(out, i ? ", " : "");
			buf_addu(out, a->ranges->range[i].begin);
			buf_addc(out, '-');
			buf_addu(out, a->ranges->range[i].end);
		}
		buf_adds(out, "]\"");
	} else {
		buf_add_json(out, a->text ? a->text->value : "");
	}
}

static int name_compare(const void *a, const void *b)
{
	const struct attribute *const *x = a, *const *y = b;
	int c = strcmp((*x)->name, (*y)->name);

	return c ? c : (*x > *y) - (*x < *y);
}

void attributes_add_view(const struct attribute *list, size_t count, struct buf *out)
{
	autofree const struct attribute **sorted = xcalloc(count, sizeof(const struct attribute *));
	const char *last = NULL;

	for (size_t i = 0; i < count; i++)
		sorted[i] = &list[i];
	qsort(sorted, count, sizeof(const struct attribute *), name_compare);
	buf_addc(out, '{');
	for (size_t i = 0; i < count; i++) {
		if (last && str_equal(last, sorted[i]->name))
			continue;
		if (last)
			buf_addc(out, ',');
		last = sorted[i]->name;
		buf_add_json(out, last);
		buf_addc(out, ':');
		add_value(sorted[i], out);
	}
	buf_addc(out, '}');
}
