/* Durations, sizes and numbers from any bytes: what is printed reads back. */
#include "lib/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_duration(const char *text)
{
	autobuf struct buf out = { 0 };
	struct error e;
	int64_t ns, again;

	if (duration_parse(text, &ns, &e))
		return;
	assert(ns >= 0);
	duration_print(ns, &out);
	/* The largest can round up beyond the limit; nothing else fails, or is off by 10^-14. */
	if (duration_parse(buf_text(&out), &again, &e))
		assert(ns > INT64_MAX - 1000000);
	else
		assert(llabs(again - ns) <= ns / INT64_C(100000000000000));
}

static void check_bytes(const char *text)
{
	autobuf struct buf out = { 0 };
	autobuf struct buf human = { 0 };
	struct error e;
	uint64_t bytes, again;

	if (bytes_parse(text, &bytes, &e))
		return;
	bytes_print(bytes, &out);
	assert(bytes_parse(buf_text(&out), &again, &e) == 0 && again == bytes);
	bytes_print_human(bytes, &human);
}

static void check_u64(const char *text)
{
	autobuf struct buf out = { 0 };
	struct error e;
	uint64_t n, again;

	if (u64_parse(text, &n, &e))
		return;
	buf_addu(&out, n);
	assert(u64_parse(buf_text(&out), &again, &e) == 0 && again == n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);

	check_duration(text);
	check_bytes(text);
	check_u64(text);
	return 0;
}
