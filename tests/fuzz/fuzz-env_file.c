/* Files with variables, from any bytes: what comes out is no more than went in, and reads back. */
#include "lib/env_file.h"
#include "lib/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In double quotes these four are to be escaped, and nothing else is special. */
static void quote(const char *variable, struct buf *out)
{
	const char *value = strchr(variable, '=') + 1;

	buf_add(out, variable, (size_t)(value - variable));
	buf_addc(out, '"');
	for (const char *p = value; *p; p++) {
		if (strchr("\"\\`$", *p))
			buf_addc(out, '\\');
		buf_addc(out, *p);
	}
	buf_adds(out, "\"\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	autobuf struct buf first = { 0 }, quoted = { 0 }, again = { 0 };

	env_file_parse(text, &first);
	assert(first.len <= strlen(text) + 1);
	for (size_t i = 0; i < first.len; i += strlen(first.data + i) + 1) {
		assert(utf8_valid(first.data + i));
		quote(first.data + i, &quoted);
	}
	env_file_parse(buf_text(&quoted), &again);
	assert(again.len == first.len &&
	       (!first.len || !memcmp(again.data, first.data, first.len)));
	return 0;
}
