/* Values of resources and attributes: the text grammar, and the algebra of ranges and sets. */
#include "lib/value.h"

#include "lib/units.h"

void value_fini(struct value *v)
{
	free(v->text);
	free(v->ranges);
	set_free(v->set, v->set_count);
	*v = (struct value){ 0 };
}

void set_free(char **items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(items[i]);
	free(items);
}

bool value_word(const char *text)
{
	if (!text || !*text)
		return false;
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr(";:()[]{},", *p))
			return false;
	return true;
}

/* ---- canonical form ---- */

static int range_compare(const void *a, const void *b)
{
	const struct value_range *x = a, *y = b;

	return (x->begin > y->begin) - (x->begin < y->begin);
}

static int text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Appends r behind the n ranges of out, or to the last of them if they touch. */
static size_t ranges_push(struct value_range *out, size_t n, struct value_range r)
{
	if (n && r.begin <= out[n - 1].end + 1) {
		out[n - 1].end = MAX(out[n - 1].end, r.end);
		return n;
	}
	out[n] = r;
	return n + 1;
}

int ranges_normalise(struct value_range *r, size_t *count, struct error *e)
{
	size_t n = 0;

	for (size_t i = 0; i < *count; i++)
		if (r[i].begin > r[i].end || r[i].end > RANGE_MAX)
			return error_set(e, EINVAL, "range %llu-%llu is %s",
					 (unsigned long long)r[i].begin,
					 (unsigned long long)r[i].end,
					 r[i].begin > r[i].end ? "inverted" : "too large");
	qsort(r, *count, sizeof(*r), range_compare);
	for (size_t i = 1; i < *count; i++)
		if (r[i].begin <= r[i - 1].end)
			return error_set(e, EINVAL, "ranges overlap at %llu",
					 (unsigned long long)r[i].begin);
	for (size_t i = 0; i < *count; i++)
		n = ranges_push(r, n, r[i]);
	*count = n;
	return 0;
}

int set_normalise(char **items, size_t count, struct error *e)
{
	for (size_t i = 0; i < count; i++)
		if (!value_word(items[i]))
			return error_set(e, EINVAL, "'%s' cannot be an item of a set", items[i]);
	qsort(items, count, sizeof(*items), text_compare);
	for (size_t i = 1; i < count; i++)
		if (!strcmp(items[i - 1], items[i]))
			return error_set(e, EINVAL, "'%s' is in the set twice", items[i]);
	return 0;
}

/* ---- algebra ---- */

struct value_range *ranges_union(const struct value_range *a, size_t na,
				 const struct value_range *b, size_t nb, size_t *ret_count)
{
	struct value_range *out = xreallocarray(NULL, na + nb, sizeof(*out));
	size_t i = 0, j = 0, n = 0;

	while (i < na || j < nb)
		if (j == nb || (i < na && a[i].begin <= b[j].begin))
			n = ranges_push(out, n, a[i++]);
		else
			n = ranges_push(out, n, b[j++]);
	*ret_count = n;
	return out;
}

struct value_range *ranges_minus(const struct value_range *a, size_t na,
				 const struct value_range *b, size_t nb, size_t *ret_count)
{
	struct value_range *out = xreallocarray(NULL, na + nb, sizeof(*out));
	size_t j = 0, n = 0;

	for (size_t i = 0; i < na; i++) {
		struct value_range left = a[i];
		bool gone = false;

		while (j < nb && b[j].end < left.begin)
			j++;
		for (size_t k = j; k < nb && b[k].begin <= left.end && !gone; k++) {
			if (b[k].begin > left.begin)
				out[n++] = (struct value_range){ left.begin, b[k].begin - 1 };
			gone = b[k].end >= left.end;
			left.begin = b[k].end + 1;
		}
		if (!gone)
			out[n++] = left;
	}
	assert(n <= na + nb);
	*ret_count = n;
	return out;
}

struct value_range *ranges_common(const struct value_range *a, size_t na,
				  const struct value_range *b, size_t nb, size_t *ret_count)
{
	struct value_range *out = xreallocarray(NULL, na + nb, sizeof(*out));
	size_t i = 0, j = 0, n = 0;

	while (i < na && j < nb) {
		uint64_t begin = MAX(a[i].begin, b[j].begin);
		uint64_t end = MIN(a[i].end, b[j].end);

		if (begin <= end)
			out[n++] = (struct value_range){ begin, end };
		if (a[i].end < b[j].end)
			i++;
		else
			j++;
	}
	*ret_count = n;
	return out;
}

bool ranges_contain(const struct value_range *a, size_t na, const struct value_range *b, size_t nb)
{
	size_t i = 0;

	for (size_t j = 0; j < nb; j++) {
		while (i < na && a[i].end < b[j].begin)
			i++;
		if (i == na || b[j].begin < a[i].begin || b[j].end > a[i].end)
			return false;
	}
	return true;
}

char **sets_combine(char *const *a, size_t na, char *const *b, size_t nb, enum set_keep keep,
		    size_t *ret_count)
{
	char **out = xreallocarray(NULL, na + nb, sizeof(*out));
	size_t i = 0, j = 0, n = 0;

	while (i < na || j < nb) {
		int c = i == na ? 1 : j == nb ? -1 : strcmp(a[i], b[j]);

		if (c < 0 ? keep != SET_COMMON : c > 0 ? keep == SET_UNION : keep != SET_MINUS)
			out[n++] = xstrdup(c <= 0 ? a[i] : b[j]);
		i += c <= 0;
		j += c >= 0;
	}
	*ret_count = n;
	return out;
}

bool set_contains(char *const *a, size_t na, char *const *b, size_t nb)
{
	size_t i = 0;

	for (size_t j = 0; j < nb; j++, i++) {
		while (i < na && strcmp(a[i], b[j]) < 0)
			i++;
		if (i == na || strcmp(a[i], b[j]) != 0)
			return false;
	}
	return true;
}

/* ---- text ---- */

static int check_brackets(const char *text, struct error *e)
{
	char open[64];
	size_t depth = 0;

	for (const char *p = text; *p; p++) {
		const char *closes = strchr("[]{}", *p);

		if (!closes)
			continue;
		if ((*p == '[' || *p == '{') && depth < sizeof(open))
			open[depth++] = closes[1];
		else if (depth == 0 || open[--depth] != *p)
			return error_set(e, EINVAL, "Mismatched brackets");
	}
	return depth ? error_set(e, EINVAL, "Mismatched brackets") : 0;
}

static int parse_range(const char *item, struct value_range *ret, struct error *e)
{
	const char *dash = strchr(item, '-');
	autofree char *begin = NULL;

	if (!dash)
		return error_set(e, EINVAL, "Expecting one or more \"ranges\"");
	begin = xstrndup(item, (size_t)(dash - item));
	return u64_parse(begin, &ret->begin, e) || u64_parse(dash + 1, &ret->end, e) ? -EINVAL : 0;
}

/* "a,b,c" without its brackets to an array; empty text is an empty array. */
static char **split(const char *text, size_t len, size_t *ret_count)
{
	size_t n = 0, commas = 1;
	const char *end = text + len;
	char **out;

	for (const char *p = text; p < end; p++)
		commas += *p == ',';
	out = xcalloc(commas, sizeof(*out));
	while (len && text <= end) {
		const char *comma = memchr(text, ',', (size_t)(end - text));

		if (!comma)
			comma = end;
		out[n++] = xstrndup(text, (size_t)(comma - text));
		text = comma + 1;
	}
	*ret_count = n;
	return out;
}

static int parse_ranges(struct value *v, struct error *e)
{
	size_t n;
	char **items = split(v->text + 1, strlen(v->text) - 2, &n);
	int r = 0;

	v->ranges = xcalloc(n, sizeof(*v->ranges));
	v->ranges_count = n;
	for (size_t i = 0; i < n && !r; i++)
		r = parse_range(items[i], &v->ranges[i], e);
	set_free(items, n);
	return r ? r : ranges_normalise(v->ranges, &v->ranges_count, e);
}

static int parse_set(struct value *v, struct error *e)
{
	v->set = split(v->text + 1, strlen(v->text) - 2, &v->set_count);
	return set_normalise(v->set, v->set_count, e);
}

static bool is_number(const char *text)
{
	const char *end;
	int64_t v;

	return decimal_parse(text + (*text == '-'), 1, &v, &end) != -EINVAL && !*end;
}

static int parse_kind(struct value *v, struct error *e)
{
	size_t len = strlen(v->text);

	if (v->text[0] == '[' && v->text[len - 1] == ']') {
		v->type = RANGES;
		return parse_ranges(v, e);
	}
	if (v->text[0] == '{' && v->text[len - 1] == '}') {
		v->type = SET;
		return parse_set(v, e);
	}
	if (strpbrk(v->text, "[]{}"))
		return error_set(e, EINVAL, "'%s' has something beside its brackets", v->text);
	v->type = is_number(v->text) ? SCALAR : TEXT;
	return 0;
}

int value_parse(const char *text, struct value *ret, struct error *e)
{
	autovalue struct value v = { .text = xmalloc(strlen(text) + 1) };
	char *out = v.text;

	for (; *text; text++)
		if (*text != ' ')
			*out++ = *text;
	*out = '\0';
	if (out == v.text)
		return error_set(e, EINVAL, "Expecting non-empty string");
	if (check_brackets(v.text, e) || parse_kind(&v, e))
		return -EINVAL;
	*ret = v;
	v = (struct value){ 0 };
	return 0;
}
