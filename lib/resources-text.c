/* Resources as text: the grammar of --resources, the same printed, and the 0.22 view. */
#include <ctype.h>

#include "lib/resources.h"
#include "lib/units.h"
#include "lib/value.h"

static char *trimmed(const char *text, size_t len)
{
	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	return xstrndup(text, len);
}

/* "name" or "name(role)". */
static int parse_name(const char *text, size_t len, const char *default_role, const char *token,
		      struct resource_item *it, struct error *e)
{
	autofree char *head = trimmed(text, len);
	char *open = strchr(head, '('), *close = strchr(head, ')');

	if (!open != !close || (open && (close < open || close[1])))
		return error_set(e, EINVAL, "Bad value for resources, mismatched parentheses in %s",
				 token);
	it->name = trimmed(head, open ? (size_t)(open - head) : strlen(head));
	it->role = open ? trimmed(open + 1, (size_t)(close - open - 1)) : xstrdup(default_role);
	if (!value_word(it->name))
		return error_set(e, EINVAL, "Bad name for resource '%s' in %s", it->name, token);
	if (!value_word(it->role))
		return error_set(e, EINVAL, "Bad role '%s' in %s", it->role, token);
	return 0;
}

static int parse_scalar(const char *text, int64_t *ret, struct error *e)
{
	const char *end;

	if (*text == '-')
		return error_set(e, EINVAL, "must not be negative");
	if (decimal_parse(text, SCALAR_UNIT, ret, &end) || *ret > SCALAR_MAX * SCALAR_UNIT)
		return error_set(e, EINVAL, "must be at most %lld", (long long)SCALAR_MAX);
	return 0;
}

static int parse_value(const char *text, struct resource_item *it, struct error *e)
{
	autovalue struct value v = { 0 };

	if (value_parse(text, &v, e))
		return error_wrap(e, "Bad value for resource %s", it->name);
	if (v.type == TEXT)
		return error_set(e, EINVAL, "Bad type for resource %s value %s type TEXT", it->name,
				 v.text);
	if (v.type == SCALAR && parse_scalar(v.text, &it->scalar, e))
		return error_wrap(e, "Bad value for resource %s", it->name);
	it->type = v.type;
	it->ranges = take_ptr(v.ranges);
	it->ranges_count = v.ranges_count;
	it->set = take_ptr(v.set);
	it->set_count = v.set_count;
	v.set_count = 0;
	return 0;
}

/* What the allocator, the isolators and views count on. */
static int check_type(const struct resource_item *it, struct error *e)
{
	static const struct {
		const char *name, *what;
		enum value_type type;
	} known[] = {
		{ "cpus", "a number", SCALAR },
		{ "mem", "a number", SCALAR },
		{ "disk", "a number", SCALAR },
		{ "ports", "ranges, as in [31000-32000]", RANGES },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (str_equal(known[i].name, it->name) && known[i].type != it->type)
			return error_set(e, EINVAL, "Bad type for resource %s: must be %s",
					 it->name, known[i].what);
	return 0;
}

static int check_sum(const struct resources *r, struct error *e)
{
	if (r->count > RESOURCES_MAX)
		return error_set(e, EINVAL, "More than %d resources", RESOURCES_MAX);
	for (size_t i = 0; i < r->count; i++)
		if (r->items[i].scalar > SCALAR_MAX * SCALAR_UNIT)
			return error_set(e, EINVAL,
					 "Bad value for resource %s: must be at most %lld",
					 r->items[i].name, (long long)SCALAR_MAX);
	return 0;
}

static int parse_token(const char *token, const char *default_role, struct resources *sum,
		       struct error *e)
{
	autoresources struct resources one = { .items = xcalloc(1, sizeof(*one.items)),
					       .count = 1 };
	struct resource_item *it = one.items;
	const char *colon = strchr(token, ':');

	if (!colon || strchr(colon + 1, ':'))
		return error_set(e, EINVAL, "Bad value for resources, missing or extra ':' in %s",
				 token);
	if (parse_name(token, (size_t)(colon - token), default_role, token, it, e) ||
	    parse_value(colon + 1, it, e) || check_type(it, e))
		return -EINVAL;
	if (it->scalar || it->ranges_count || it->set_count)
		resources_add(sum, &one);
	return check_sum(sum, e);
}

int resources_parse(const char *text, const char *default_role, struct resources *ret,
		    struct error *e)
{
	autoresources struct resources sum = { 0 };

	while (*text) {
		size_t len = strcspn(text, ";\n");
		autofree char *token = trimmed(text, len);

		if (*token && parse_token(token, default_role, &sum, e))
			return -EINVAL;
		text += len + (text[len] != '\0');
	}
	*ret = sum;
	sum = (struct resources){ 0 };
	return 0;
}

/* ---- printing ---- */

static void print_scalar(int64_t milli, struct buf *out)
{
	int64_t part = milli % SCALAR_UNIT;

	assert(milli >= 0);
	buf_addi(out, milli / SCALAR_UNIT);
	if (part)
		buf_addc(out, '.');
	for (int64_t unit = SCALAR_UNIT / 10; part; unit /= 10) {
		buf_addc(out, (char)('0' + part / unit));
		part %= unit;
	}
}

static void print_value(const struct resource_item *it, const char *separator, struct buf *out)
{
	if (it->type == SCALAR) {
		print_scalar(it->scalar, out);
		return;
	}
	buf_addc(out, it->type == RANGES ? '[' : '{');
	for (size_t i = 0; i < it->ranges_count; i++) {
		buf_adds(out, i ? separator : "");
		buf_addu(out, it->ranges[i].begin);
		buf_addc(out, '-');
		buf_addu(out, it->ranges[i].end);
	}
	for (size_t i = 0; i < it->set_count; i++) {
		buf_adds(out, i ? separator : "");
		buf_adds(out, it->set[i]);
	}
	buf_addc(out, it->type == RANGES ? ']' : '}');
}

void resources_print(const struct resources *r, struct buf *out)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct resource_item *it = &r->items[i];

		if (i)
			buf_adds(out, "; ");
		buf_adds(out, it->name);
		if (strcmp(it->role, "*") != 0)
			buf_addf(out, "(%s)", it->role);
		buf_addc(out, ':');
		print_value(it, ",", out);
	}
}

/* All of it as if unreserved; a name that is there twice, of two types, keeps the first. */
static void flatten(const struct resources *r, struct resources *ret)
{
	*ret = (struct resources){ 0 };
	for (size_t i = 0; i < r->count; i++) {
		struct resource_item it = r->items[i];
		struct resources one = { .items = &it, .count = 1 };

		it.role = (char *)"*";
		resources_add(ret, &one);
	}
}

/* Whether some name is there with several roles or types; items are sorted by name. */
static bool repeats_names(const struct resources *r)
{
	for (size_t i = 1; i < r->count; i++)
		if (str_equal(r->items[i].name, r->items[i - 1].name))
			return true;
	return false;
}

static void add_member(struct buf *out, const char *name, char *separator)
{
	buf_addc(out, *separator);
	buf_add_json(out, name);
	buf_addc(out, ':');
	*separator = ',';
}

static void add_item_view(const struct resource_item *it, struct buf *out)
{
	autobuf struct buf text = { 0 };

	if (it->type == SCALAR) {
		print_scalar(it->scalar, out);
		return;
	}
	print_value(it, ", ", &text);
	buf_add_json(out, buf_text(&text));
}

void resources_add_view(const struct resources *r, struct buf *out)
{
	static const char *const always[] = { "cpus", "disk", "mem" };
	autoresources struct resources all = { 0 };
	const char *last = "";
	char separator = '{';
	size_t next = 0;

	if (repeats_names(r)) {
		flatten(r, &all);
		r = &all;
	}
	for (size_t i = 0; i <= r->count; i++) {
		const char *name = i < r->count ? r->items[i].name : NULL;

		for (; next < ARRAY_SIZE(always) && (!name || strcmp(always[next], name) < 0);
		     next++) {
			add_member(out, always[next], &separator);
			buf_addc(out, '0');
		}
		if (!name || str_equal(name, last))
			continue;
		if (next < ARRAY_SIZE(always) && str_equal(always[next], name))
			next++;
		add_member(out, name, &separator);
		add_item_view(&r->items[i], out);
		last = name;
	}
	buf_addc(out, '}');
}
