/* Overlong forms, surrogates and what is beyond U+10FFFF are no characters. */
#include "lib/utf8.h"

size_t utf8_length(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : 4;

	if (n == 1)
		return p[0] != '\0';
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (p[i] >> 6 != 2)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/* The last two of each plane, and a row that Unicode keeps for the use within programs. */
bool utf8_noncharacter(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = utf8_length(text);

	if (n == 4)
		return (p[1] & 0xf) == 0xf && p[2] == 0xbf && p[3] >= 0xbe;
	return n == 3 && p[0] == 0xef &&
	       ((p[1] == 0xbf && p[2] >= 0xbe) || (p[1] == 0xb7 && p[2] >= 0x90 && p[2] <= 0xaf));
}

bool utf8_valid(const char *text)
{
	while (*text) {
		size_t n = utf8_length(text);

		if (!n)
			return false;
		text += n;
	}
	return true;
}

void utf8_repair(char *text)
{
	for (size_t n; *text; text += MAX(n, 1)) {
		n = utf8_length(text);
		if (!n)
			*text = '?';
	}
}

void utf8_drop_part(char *text)
{
	size_t n = strlen(text), start = n;

	while (start && n - start < 3 && (unsigned char)text[start - 1] >> 6 == 2)
		start--;
	if (start && (unsigned char)text[start - 1] >= 0xc0 && !utf8_length(text + start - 1))
		text[start - 1] = '\0';
}
