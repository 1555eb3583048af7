/* Values to text, in few characters. */
#include "tools/cells.h"

#include "lib/units.h"
#include "tools/terminal.h"

char *cell_text(const char *text)
{
	return text && *text ? xstrdup(text) : NULL;
}

char *cell_list(char *const *list, size_t count)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < count; i++) {
		buf_adds(&out, i ? "," : "");
		buf_adds(&out, list[i]);
	}
	return count ? buf_take(&out) : NULL;
}

char *cell_number(bool known, uint64_t n)
{
	return known ? xasprintf("%llu", (unsigned long long)n) : NULL;
}

char *cell_bytes(bool known, uint64_t bytes, bool exact)
{
	struct buf out = { 0 };

	if (!known || exact)
		return cell_number(known, bytes);
	bytes_print_human(bytes, &out);
	return buf_take(&out);
}

char *cell_age(double seconds)
{
	if (seconds < 9.95)
		return xasprintf("%.1f s", MAX(seconds, 0.0));
	if (seconds < 120)
		return xasprintf("%.0f s", seconds);
	if (seconds < 120 * 60)
		return xasprintf("%.0f min", seconds / 60);
	if (seconds < 48 * 3600)
		return xasprintf("%.0f h", seconds / 3600);
	return xasprintf("%.0f d", seconds / 86400);
}

char *cell_id(const char *id, int width)
{
	return xasprintf("%.*s", width, id);
}

static size_t common_prefix(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int cell_id_width(const char **ids, size_t count)
{
	size_t n = SHORT_ID;

	qsort(ids, count, sizeof(*ids), by_text);
	for (size_t i = 1; i < count; i++)
		n = MAX(n, common_prefix(ids[i - 1], ids[i]) + 1);
	free(ids);
	return (int)n;
}
