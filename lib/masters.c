/* From the text of --master to addresses that can be dialled. */
#include "lib/masters.h"

#include "lib/units.h"

#define SPACE " \t\n"

void masters_fini(struct masters *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->list[i]);
	*m = (struct masters){ 0 };
}

static bool port_valid(const char *text)
{
	struct error e;
	uint64_t port;

	return !u64_parse(text, &port, &e) && port > 0 && port <= UINT16_MAX;
}

/* Where the port begins, or "" when there is none; NULL if this is no address. */
static const char *find_port(const char *address)
{
	const char *end = address;

	if (*address == '[') {
		end = strchr(address, ']');
		if (!end || end == address + 1)
			return NULL;
		end++;
	} else {
		end += strcspn(address, ":");
		if (end == address)
			return NULL;
	}
	if (!*end)
		return end;
	return *end == ':' && port_valid(end + 1) ? end + 1 : NULL;
}

static int add(struct masters *m, const char *text, size_t len, struct error *e)
{
	autofree char *name = xstrndup(text, len);
	const char *address = str_starts(name, "master@") ? name + strlen("master@") : name;
	const char *port = find_port(address);

	if (!port || strpbrk(address, "/@" SPACE))
		return error_set(e, EINVAL,
				 "'%s' is no address of a master: expected host:port or "
				 "[IPv6]:port",
				 name);
	if (m->count == MASTERS_MAX)
		return error_set(e, EINVAL, "more than %d masters", MASTERS_MAX);
	m->list[m->count++] = *port ? xstrdup(address) : xasprintf("%s:" MASTER_PORT, address);
	return 0;
}

int masters_parse(const char *text, struct masters *ret, struct error *e)
{
	automasters struct masters m = { 0 };
	int r = 0;

	do {
		size_t len;

		text += strspn(text, SPACE);
		len = strcspn(text, ",");
		while (len && strchr(SPACE, text[len - 1]))
			len--;
		r = add(&m, text, len, e);
		text += strcspn(text, ",");
	} while (!r && *text++);
	if (r)
		return r;
	*ret = m;
	m.count = 0;
	return 0;
}
