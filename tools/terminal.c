/* Text for terminals. */
#include "tools/terminal.h"

#include <limits.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <wchar.h>

#include "lib/utf8.h"

#define GAP      2 /* spaces between columns */
#define ELLIPSIS "…"

/* The code point that a text begins with; its length in *len, 1 and U+FFFD if there is none. */
static uint32_t next_code_point(const char *text, size_t *len)
{
	size_t n = utf8_length(text);
	uint32_t c = n == 1 ? (uint32_t)*text : (unsigned char)*text & (0x7fU >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (text[i] & 0x3f);
	*len = MAX(n, 1);
	return n ? c : 0xfffd;
}

static bool turns_direction(uint32_t c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

void printable_add(struct buf *out, const char *text)
{
	size_t len;

	for (const char *s = text; *s; s += len) {
		uint32_t c = next_code_point(s, &len);

		if (c == '\n')
			buf_adds(out, "\\n");
		else if (c == '\t')
			buf_adds(out, "\\t");
		else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			buf_addf(out, "\\x%02x", (unsigned)c);
		else if (turns_direction(c) || c == 0xfffd)
			buf_addf(out, "\\u%04x", (unsigned)c);
		else
			buf_add(out, s, len);
	}
}

bool terminal_has_colour(FILE *f)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(f)) && !(no_colour && *no_colour) && term && strcmp(term, "dumb");
}

struct terminal_size terminal_size(FILE *f)
{
	struct winsize w = { 0 };

	if (ioctl(fileno(f), TIOCGWINSZ, &w))
		return (struct terminal_size){ 0 };
	return (struct terminal_size){ .columns = w.ws_col, .rows = w.ws_row };
}

void table_add(struct table *t, char *text, const char *colour)
{
	autobuf struct buf shown = { 0 };

	t->cells = xreallocarray(t->cells, t->count + 1, sizeof(*t->cells));
	t->colours = xreallocarray(t->colours, t->count + 1, sizeof(*t->colours));
	printable_add(&shown, text ? text : "-");
	free(text);
	t->cells[t->count] = buf_take(&shown);
	t->colours[t->count++] = colour;
}

/*
 * Columns of a terminal that a character takes: two of an ideograph, none of an accent that goes on
 * the one before. What we print is UTF-8, whatever the locale of who looks at it. Of what has no
 * width (-1) a terminal shows something in one.
 */
static unsigned width_of(uint32_t c)
{
	static locale_t utf8;
	locale_t before;
	int n;

	if (c < 0x80)
		return 1;
	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	before = uselocale(utf8); /* NULL: as it is */
	n = wcwidth((wchar_t)c);
	uselocale(before);
	return n < 0 ? 1 : (unsigned)n;
}

/* The bytes of the beginning that has room in so many columns, and how many of these it takes. */
static size_t fitting(const char *text, unsigned room, unsigned *ret_width)
{
	size_t n = 0, len;

	*ret_width = 0;
	for (; text[n]; n += len) {
		unsigned w = width_of(next_code_point(text + n, &len));

		if (w > room - *ret_width)
			break;
		*ret_width += w;
	}
	return n;
}

static unsigned shown_width(const char *text)
{
	unsigned n;

	fitting(text, UINT_MAX, &n);
	return n;
}

static void add_cell(struct buf *out, const char *text, const char *colour, unsigned width,
		     bool right, bool last)
{
	bool cut = shown_width(text) > width;
	unsigned taken;
	int n = (int)fitting(text, cut ? width - 1 : width, &taken);
	int pad = (int)(width - taken - cut);

	buf_addf(out, "%*s", right ? pad : 0, "");
	buf_addf(out, "%s%.*s%s%s", colour ? colour : "", n, text, cut ? ELLIPSIS : "",
		 colour ? COLOUR_NONE : "");
	buf_addf(out, "%*s", right || last ? 0 : pad, "");
}

/* One row: cells[0..width), NULL for the titles. */
static void add_row(const struct table *t, const unsigned *widths, char *const *cells,
		    const char *const *colours, struct buf *out)
{
	unsigned last = t->width - 1;

	while (!widths[last])
		last--;
	for (unsigned c = 0; c <= last; c++) {
		if (!widths[c])
			continue;
		add_cell(out, cells ? cells[c] : t->columns[c].title, cells ? colours[c] : NULL,
			 widths[c], t->columns[c].right, c == last);
		buf_addf(out, "%*s", c == last ? 0 : GAP, "");
	}
	buf_addc(out, '\n');
}

/* ---- room ---- */

/* What a column needs at least; one that is left out has the width 0. */
static unsigned least(const struct column *c, unsigned width)
{
	return c->id ? MIN(width, MAX(shown_width(c->title), SHORT_ID)) : width;
}

static bool fits(const struct table *t, const unsigned *widths, bool shortened)
{
	unsigned sum = 0;

	for (unsigned c = 0; c < t->width; c++)
		if (widths[c])
			sum += GAP + (shortened ? least(&t->columns[c], widths[c]) : widths[c]);
	return sum <= t->room + GAP;
}

/* False: there is none. */
static bool leave_out_one(const struct table *t, unsigned *widths)
{
	unsigned most = 0, at = 0;

	for (unsigned c = 0; c < t->width; c++)
		if (widths[c] && t->columns[c].spare > most) {
			most = t->columns[c].spare;
			at = c;
		}
	if (most)
		widths[at] = 0;
	return most;
}

/* The widest id loses a character. False: none can. */
static bool shorten_one(const struct table *t, unsigned *widths)
{
	unsigned most = 0, at = 0;

	for (unsigned c = 0; c < t->width; c++)
		if (widths[c] > MAX(most, least(&t->columns[c], widths[c]))) {
			most = widths[c];
			at = c;
		}
	if (most)
		widths[at]--;
	return most;
}

static void fit(const struct table *t, unsigned *widths)
{
	while (!fits(t, widths, true) && leave_out_one(t, widths))
		;
	while (!fits(t, widths, false) && shorten_one(t, widths))
		;
}

void table_print(const struct table *t, struct buf *out)
{
	autofree unsigned *widths = xcalloc(t->width, sizeof(*widths));

	assert(t->count % t->width == 0);
	for (unsigned c = 0; c < t->width; c++)
		widths[c] = shown_width(t->columns[c].title);
	for (size_t i = 0; i < t->count; i++)
		widths[i % t->width] = MAX(widths[i % t->width], shown_width(t->cells[i]));
	if (t->room)
		fit(t, widths);
	add_row(t, widths, NULL, NULL, out);
	for (size_t i = 0; i < t->count; i += t->width)
		add_row(t, widths, t->cells + i, t->colours + i, out);
}

void table_fini(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t->colours);
	t->cells = NULL;
	t->colours = NULL;
	t->count = 0;
}
