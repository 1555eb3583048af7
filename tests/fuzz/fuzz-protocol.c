/* A line in each language: what was decoded encodes to a line that decodes to the same. */
#include "lib/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(const struct message *m, struct buf *out)
{
	message_encode(out, m->type, m->framework_id, m->executor_id, m->body);
}

static void check(enum language language, const char *line, size_t len)
{
	automessage struct message m = { 0 };
	automessage struct message again = { 0 };
	autobuf struct buf first = { 0 };
	autobuf struct buf second = { 0 };
	struct error e = { 0 };

	if (message_decode(language, line, len, &m, &e)) {
		assert(e.code > 0 && *e.text);
		return;
	}
	encode(&m, &first);
	assert(first.data[first.len - 1] == '\n');
	assert(!memchr(first.data, '\n', first.len - 1));
	if (message_decode(language, first.data, first.len - 1, &again, &e))
		abort();
	encode(&again, &second);
	assert(first.len == second.len && !memcmp(first.data, second.data, first.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int l = 0; l < LANGUAGES; l++)
		check((enum language)l, (const char *)data, size);
	return 0;
}
