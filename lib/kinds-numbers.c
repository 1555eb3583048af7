/* The kinds of numbers; a string that holds one is taken too, as Mesos does. */
#include <math.h>
#include <stdio.h>

#include "lib/kinds.h"
#include "lib/units.h"

static int boolean_parse(const struct field *f, const char *text, void *rec, struct error *e)
{
	bool yes = !strcmp(text, "true") || !strcmp(text, "1");

	if (!yes && strcmp(text, "false") && strcmp(text, "0"))
		return error_set(e, EINVAL, "expecting a boolean (true or false), not '%s'", text);
	*AT(f, rec, bool) = yes;
	*kind_flag(f, rec) = true;
	return 0;
}

static int boolean_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	if (json_is_string(in))
		return boolean_parse(f, json_string_value(in), rec, e);
	if (!json_is_boolean(in))
		return kind_wrong(e, f);
	*AT(f, rec, bool) = json_is_true(in);
	*kind_flag(f, rec) = true;
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
	.clear = kind_flag_clear,
	.present = kind_flag_present,
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

int kind_whole_decode(json_t *in, uint64_t *ret, struct error *e)
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
		*kind_flag(f, rec) = true;
	return r;
}

static int u64_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	int r = kind_whole_decode(in, AT(f, rec, uint64_t), e);

	if (!r)
		*kind_flag(f, rec) = true;
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
	.clear = kind_flag_clear,
	.present = kind_flag_present,
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
	*kind_flag(f, rec) = true;
	return 0;
}

static int i64_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	if (json_is_string(in))
		return i64_parse(f, json_string_value(in), rec, e);
	if (!json_is_integer(in))
		return kind_wrong(e, f);
	*AT(f, rec, int64_t) = json_integer_value(in);
	*kind_flag(f, rec) = true;
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
	.clear = kind_flag_clear,
	.present = kind_flag_present,
};

/* .000001 to .999999 without the zeros at the end; nothing for 0. */
static void add_fraction(struct buf *out, unsigned millionths)
{
	char text[7] = ".";
	size_t n = sizeof(text);

	if (!millionths)
		return;
	for (size_t i = sizeof(text) - 1; i > 0; i--, millionths /= 10)
		text[i] = (char)('0' + millionths % 10);
	while (text[n - 1] == '0')
		n--;
	buf_add(out, text, n);
}

/*
 * Up to six decimals without printf, which is what nearly all numbers have: n millionths divide
 * to the double next to their decimal text, so that text reads back the same (below 2^53, where
 * all of this is exact).
 */
static bool add_millionths(struct buf *out, double v)
{
	double scaled = fabs(v) * 1e6 + 0.5;
	uint64_t n = scaled < 9e15 ? (uint64_t)scaled : 0;

	if (n < 100 || (double)n / 1e6 != fabs(v))
		return false;
	if (v < 0)
		buf_addc(out, '-');
	buf_addu(out, n / 1000000);
	add_fraction(out, (unsigned)(n % 1000000));
	return true;
}

void json_add_number(struct buf *out, double v)
{
	char text[40];

	if (!isfinite(v) || v == 0) {
		buf_addc(out, '0');
		return;
	}
	if (add_millionths(out, v))
		return;
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
	*kind_flag(f, rec) = true;
	return 0;
}

static int number_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	if (json_is_string(in))
		return number_parse(f, json_string_value(in), rec, e);
	if (!json_is_number(in))
		return kind_wrong(e, f);
	*AT(f, rec, double) = json_number_value(in);
	*kind_flag(f, rec) = true;
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
	.clear = kind_flag_clear,
	.present = kind_flag_present,
};

static int duration_kind_parse(const struct field *f, const char *text, void *rec, struct error *e)
{
	int r = duration_parse(text, AT(f, rec, int64_t), e);

	if (r)
		return r;
	*kind_flag(f, rec) = true;
	return 0;
}

static int duration_decode(const struct field *f, json_t *in, void *rec, struct error *e)
{
	uint64_t ns = 0;

	if (kind_whole_decode(json_object_get(in, "nanoseconds"), &ns, e))
		return kind_wrong(e, f);
	*AT(f, rec, int64_t) = (int64_t)ns;
	*kind_flag(f, rec) = true;
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
	.clear = kind_flag_clear,
	.present = kind_flag_present,
};

static int bytes_kind_parse(const struct field *f, const char *text, void *rec, struct error *e)
{
	int r = bytes_parse(text, AT(f, rec, uint64_t), e);

	if (r)
		return r;
	*kind_flag(f, rec) = true;
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
	.clear = kind_flag_clear,
	.present = kind_flag_present,
};
