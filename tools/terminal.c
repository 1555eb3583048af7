/* Text for terminals. */
#include "tools/terminal.h"

#include "lib/utf8.h"

#define GAP 2 /* spaces between columns */

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

/* Characters, not bytes. */
static unsigned shown_width(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void add_cell(struct buf *out, const char *text, const char *colour, unsigned pad,
		     bool right)
{
	buf_addf(out, "%*s", right ? (int)pad : 0, "");
	buf_addf(out, "%s%s%s", colour ? colour : "", text, colour ? COLOUR_NONE : "");
	buf_addf(out, "%*s", right ? 0 : (int)pad, "");
}

/* One row: cells[0..width), NULL for the titles. */
static void add_row(const struct table *t, const unsigned *widths, char *const *cells,
		    const char *const *colours, struct buf *out)
{
	for (unsigned c = 0; c < t->width; c++) {
		const char *text = cells ? cells[c] : t->columns[c].title;
		const char *colour = cells ? colours[c] : NULL;
		bool right = t->columns[c].right, last = c + 1 == t->width;
		unsigned pad = widths[c] - shown_width(text);

		add_cell(out, text, colour, last && !right ? 0 : pad, right);
		buf_addf(out, "%*s", last ? 0 : GAP, "");
	}
	buf_addc(out, '\n');
}

void table_print(const struct table *t, struct buf *out)
{
	autofree unsigned *widths = xcalloc(t->width, sizeof(*widths));

	assert(t->count % t->width == 0);
	for (unsigned c = 0; c < t->width; c++)
		widths[c] = shown_width(t->columns[c].title);
	for (size_t i = 0; i < t->count; i++)
		widths[i % t->width] = MAX(widths[i % t->width], shown_width(t->cells[i]));
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
