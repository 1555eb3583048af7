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

bool uuid_text_valid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t i;

	for (i = 0; form[i]; i++)
		if (form[i] == '-' ? text[i] != '-'
				   : !text[i] || !strchr("0123456789abcdef", text[i]))
			return false;
	return !text[i];
}

/* C0 and C1 (U+0080 to U+009F): the latter too would steer a terminal. */
static bool control(const unsigned char *p)
{
	return *p < ' ' || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f);
}

bool id_valid(const char *id)
{
	size_t len = strnlen(id, ID_MAX + 1);

	if (len == 0 || len > ID_MAX || str_equal(id, ".") || str_equal(id, ".."))
		return false;
	for (const char *p = id; *p; p++)
		if (control((const unsigned char *)p) || *p == '/' || *p == '\\')
			return false;
	return true;
}

/* The length is no secret. volatile, or the compiler might leave the loop early. */
bool secret_equal(const char *a, const char *b)
{
	volatile unsigned char difference = 0;
	size_t n;

	if (!a || !b)
		return false;
	n = strlen(a);
	if (strlen(b) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		difference |= (unsigned char)(a[i] ^ b[i]);
	return !difference;
}
