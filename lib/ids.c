/* Random ids, and what may be one. */
#include "lib/ids.h"

#include <sys/random.h>

void uuid_new(uint8_t ret[16])
{
	ssize_t n;

	/* At most 256 bytes are never cut short; EINTR only while the pool is not yet seeded. */
	do
		n = getrandom(ret, 16, 0);
	while (n < 0 && errno == EINTR);
	assert(n == 16);
	ret[6] = (ret[6] & 0x0f) | 0x40; /* version 4 */
	ret[8] = (ret[8] & 0x3f) | 0x80; /* variant of RFC 9562 */
}

void uuid_print(const uint8_t uuid[16], char ret[UUID_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	char *p = ret;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[uuid[i] >> 4];
		*p++ = hex[uuid[i] & 0x0f];
	}
	*p = '\0';
	assert(p == ret + UUID_TEXT - 1);
}

char *uuid_text_new(void)
{
	uint8_t uuid[16];
	char *text = xmalloc(UUID_TEXT);

	uuid_new(uuid);
	uuid_print(uuid, text);
	return text;
}

bool id_valid(const char *id)
{
	size_t len = strnlen(id, ID_MAX + 1);

	if (len == 0 || len > ID_MAX || str_equal(id, ".") || str_equal(id, ".."))
		return false;
	for (const char *p = id; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f || *p == '/' || *p == '\\')
			return false;
	return true;
}
