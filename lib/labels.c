/* Choosing by labels, and their names in the environment. */
#include "lib/labels.h"

#include "lib/buf.h"

static bool reads_like(const struct label *l, const char *text)
{
	size_t key = strlen(l->key);

	if (strncmp(l->key, text, key))
		return false;
	return !text[key] ||
	       (text[key] == ':' && !strcmp(l->value ? l->value : "", text + key + 1));
}

static bool has(const struct labels *labels, const char *text)
{
	for (size_t i = 0; labels && i < labels->labels_count; i++)
		if (reads_like(&labels->labels[i], text))
			return true;
	return false;
}

bool labels_match(const struct labels *labels, const struct labels_wanted *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!has(labels, wanted->list[i]))
			return false;
	return true;
}

/* Of the bytes of a character only the first one counts. */
char *labels_variable(const char *key)
{
	struct buf name = { 0 };

	buf_adds(&name, "MESOS_LABEL_");
	for (; *key; key++) {
		unsigned char c = (unsigned char)*key;

		if (c >= 'a' && c <= 'z')
			buf_addc(&name, (char)(c - 'a' + 'A'));
		else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			buf_addc(&name, (char)c);
		else if ((c & 0xc0) != 0x80)
			buf_addc(&name, '_');
	}
	return buf_take(&name);
}
