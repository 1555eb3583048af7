/* Durations, sizes and plain decimals as text: parsed exactly, without floating point. */
#include "lib/units.h"

#include <strings.h>

/* Digits of a fraction are read up to here, so that 128 bits hold them times any scale. */
#define FRACTION_ONE_MAX UINT64_C(1000000000000000000)

struct duration_unit {
	const char *name;
	int64_t ns;
};

/* Ascending: printing relies on it. */
static const struct duration_unit duration_units[] = {
	{ "ns", 1 },
	{ "us", NSEC_PER_USEC },
	{ "ms", NSEC_PER_MSEC },
	{ "secs", NSEC_PER_SEC },
	{ "mins", 60 * NSEC_PER_SEC },
	{ "hrs", 3600 * NSEC_PER_SEC },
	{ "days", 86400 * NSEC_PER_SEC },
	{ "weeks", 7 * 86400 * NSEC_PER_SEC },
};

static const char *const byte_units[] = { "B", "KB", "MB", "GB", "TB" };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int decimal_parse(const char *text, int64_t scale, int64_t *ret, const char **end)
{
	unsigned __int128 whole = 0, part = 0, one = 1;
	const char *p = text;
	int digits = 0;
	bool too_big = false;

	assert(scale > 0);
	for (; is_digit(*p); p++, digits++) {
		whole = whole * 10 + (unsigned)(*p - '0');
		too_big |= whole > INT64_MAX;
		whole = too_big ? 0 : whole;
	}
	if (*p == '.')
		for (p++; is_digit(*p); p++, digits++) {
			if (one >= FRACTION_ONE_MAX)
				continue; /* far below what any scale can show */
			part = part * 10 + (unsigned)(*p - '0');
			one *= 10;
		}
	if (digits == 0)
		return -EINVAL;
	*end = p;
	whole = whole * (uint64_t)scale + (part * (uint64_t)scale + one / 2) / one;
	if (too_big || whole > INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)whole;
	return 0;
}

static const struct duration_unit *duration_unit(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(duration_units); i++)
		if (str_equal(duration_units[i].name, name))
			return &duration_units[i];
	return NULL;
}

int duration_parse(const char *text, int64_t *ret, struct error *e)
{
	const struct duration_unit *unit;
	const char *name = text + strspn(text, "0123456789.");
	const char *end = text;
	int64_t ns = 0;
	int r;

	if (name == text || *name == '\0')
		return error_set(e, EINVAL,
				 "Invalid duration '%s': expected a number and a unit "
				 "(ns, us, ms, secs, mins, hrs, days or weeks)",
				 text);
	unit = duration_unit(name);
	if (!unit)
		return error_set(e, EINVAL,
				 "Unknown duration unit '%s': expected ns, us, ms, "
				 "secs, mins, hrs, days or weeks",
				 name);
	r = decimal_parse(text, unit->ns, &ns, &end);
	if (r == -EINVAL || end != name)
		return error_set(e, EINVAL, "Invalid duration '%s': not a decimal number", text);
	if (r < 0)
		return error_set(e, ERANGE, "Invalid duration '%s': longer than 292 years", text);
	*ret = ns;
	return 0;
}

void duration_print(int64_t ns, struct buf *out)
{
	uint64_t n = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	size_t u = 0;
	uint64_t unit;

	if (ns < 0)
		buf_addc(out, '-');
	while (u + 1 < ARRAY_SIZE(duration_units) && n >= (uint64_t)duration_units[u + 1].ns)
		u++;
	if (u > 0 && n % (uint64_t)duration_units[u].ns &&
	    n % (uint64_t)duration_units[u - 1].ns == 0)
		u--;
	unit = (uint64_t)duration_units[u].ns;
	if (n % unit == 0)
		buf_addu(out, n / unit);
	else
		buf_addf(out, "%.15g", (double)n / (double)unit);
	buf_adds(out, duration_units[u].name);
}

int bytes_parse(const char *text, uint64_t *ret, struct error *e)
{
	const char *unit = text + strspn(text, "0123456789.");
	unsigned shift = 0;
	uint64_t n = 0;

	if (unit == text || *unit == '\0')
		return error_set(e, EINVAL,
				 "Invalid bytes '%s': expected a whole number and a "
				 "unit (B, KB, MB, GB or TB)",
				 text);
	if (memchr(text, '.', (size_t)(unit - text)))
		return error_set(e, EINVAL, "Fractional bytes '%s'", text);
	while (strcasecmp(unit, byte_units[shift / 10]) != 0) {
		shift += 10;
		if (shift / 10 == ARRAY_SIZE(byte_units))
			return error_set(e, EINVAL,
					 "Unknown bytes unit '%s': expected B, KB, MB, "
					 "GB or TB",
					 unit);
	}
	for (const char *p = text; p < unit; p++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return error_set(e, ERANGE, "Too many bytes '%s'", text);
	if (n > UINT64_MAX >> shift)
		return error_set(e, ERANGE, "Too many bytes '%s'", text);
	*ret = n << shift;
	return 0;
}

void bytes_print(uint64_t bytes, struct buf *out)
{
	size_t u = 0;

	while (bytes > 0 && bytes % 1024 == 0 && u + 1 < ARRAY_SIZE(byte_units)) {
		bytes /= 1024;
		u++;
	}
	buf_addu(out, bytes);
	buf_adds(out, byte_units[u]);
}

void bytes_print_human(uint64_t bytes, struct buf *out)
{
	double v = (double)bytes;
	size_t u = 0;

	/* The bounds are where rounding would add a digit: 1023.6KB is 1.00MB, 99.96MB is 100MB. */
	while (v >= (u == 0 ? 1024 : 1023.5) && u + 1 < ARRAY_SIZE(byte_units)) {
		v /= 1024;
		u++;
	}
	buf_addf(out, "%.*f%s", u == 0 || v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2, v, byte_units[u]);
}

int u64_parse(const char *text, uint64_t *ret, struct error *e)
{
	uint64_t n = 0;

	if (*text == '\0')
		return error_set(e, EINVAL, "Expected a whole number, not an empty text");
	for (const char *p = text; *p; p++) {
		if (!is_digit(*p))
			return error_set(e, EINVAL, "Expected a whole number, not '%s'", text);
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return error_set(e, ERANGE, "Number too large '%s'", text);
	}
	*ret = n;
	return 0;
}
