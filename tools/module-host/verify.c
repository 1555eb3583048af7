/* Mesos's checks of versions; before them that the struct is ours at all. */
#include "tools/module-host/verify.h"

#include <stdlib.h>

#include "mesos/anonymous.h"
#include "mesos/hook.h"
#include "mesos/isolator.h"

static const struct {
	const char *name;
	const char *since; /* the oldest release that knew this kind */
	bool built;
} kinds[] = {
	{ MESOS_ANONYMOUS_KIND, "0.22.0", true }, { "Authenticatee", "0.22.0", false },
	{ "Authenticator", "0.22.0", false },     { MESOS_HOOK_KIND, "0.22.0", true },
	{ MESOS_ISOLATOR_KIND, "0.22.0", true },
};

bool kind_is_built(const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, kind))
			return kinds[i].built;
	return false;
}

/* A release may be made of another, as 0.22.0.1 of 0.22.0: Mesos ends after the third. */
#define VERSION_PARTS  4
#define VERSION_DIGITS 9 /* of each */

/* major[.minor[.patch[.more]]]; what follows a '-' does not count. */
static int parse(const char *text, unsigned ret[VERSION_PARTS], struct error *e)
{
	const char *at = text;
	size_t i = 0;

	memset(ret, 0, VERSION_PARTS * sizeof(*ret));
	for (; i < VERSION_PARTS; i++) {
		size_t digits = strspn(at, "0123456789");

		if (!digits || digits > VERSION_DIGITS)
			break;
		ret[i] = (unsigned)strtoul(at, NULL, 10);
		at += digits;
		if (!*at || *at == '-')
			return 0;
		if (*at++ != '.')
			break;
	}
	return error_set(e, EINVAL, "Failed to parse version '%s'", text);
}

static int compare(const unsigned a[VERSION_PARTS], const unsigned b[VERSION_PARTS])
{
	for (size_t i = 0; i < VERSION_PARTS; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static int check_fields(const struct mesos_module *m, const char *name, struct error *e)
{
	const char *const fields[] = { m->api_version, m->mesos_version, m->kind,
				       m->author_name, m->author_email,  m->description };

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (!fields[i])
			return error_set(e, EINVAL, "Error loading module '%s'; missing fields",
					 name);
	if (strcmp(m->api_version, MESOS_MODULE_API_VERSION) != 0)
		return error_set(e, EINVAL,
				 "Module API version mismatch. Mesos has: %s, library requires: %s",
				 MESOS_MODULE_API_VERSION, m->api_version);
	return 0;
}

static int check_versions(const struct mesos_module *m, const char *name, const char *minimum,
			  const char *version, struct error *e)
{
	unsigned module[VERSION_PARTS], least[VERSION_PARTS], ours[VERSION_PARTS];

	if (parse(m->mesos_version, module, e) || parse(minimum, least, e) ||
	    parse(version, ours, e))
		return -e->code;
	if (compare(module, least) < 0)
		return error_set(e, EINVAL,
				 "Minimum supported mesos version for '%s' is %s, but module is "
				 "compiled with version %s",
				 m->kind, minimum, m->mesos_version);
	if (!m->compatible && compare(module, ours) != 0)
		return error_set(e, EINVAL,
				 "Mesos has version %s, but module is compiled with version %s",
				 version, m->mesos_version);
	if (compare(module, ours) > 0)
		return error_set(
			e, EINVAL,
			"Mesos has version %s, but module is compiled with later version %s",
			version, m->mesos_version);
	if (m->compatible && !m->compatible())
		return error_set(e, EINVAL, "Module %s has determined to be incompatible", name);
	return 0;
}

/* A struct that ends before destroy is not one of ours; destroy may be missing at its end. */
static int copy_known(const struct mesos_module *symbol, struct mesos_module *ret, struct error *e)
{
	uint32_t size = symbol->size;

	if (size > KIB) /* code, or another variable */
		return error_set(e, EINVAL,
				 "Module ABI mismatch. Mesos has: %d, library requires: none "
				 "(the symbol is no struct mesos_module: name one that a "
				 "MESOS_MODULE() of the library makes)",
				 MESOS_MODULE_ABI);
	if (size < offsetof(struct mesos_module, destroy) || !symbol->abi ||
	    symbol->abi > MESOS_MODULE_ABI)
		return error_set(e, EINVAL,
				 "Module ABI mismatch. Mesos has: %d, library requires: %u "
				 "(a struct mesos_module of %u bytes)",
				 MESOS_MODULE_ABI, symbol->abi, size);
	*ret = (struct mesos_module){ .size = 0 };
	memcpy(ret, symbol, MIN(size, sizeof(*ret)));
	return 0;
}

/* Both kinds of functions begin alike: with their size, and the version of this interface. */
static int check_functions(const struct mesos_module *m, struct error *e)
{
	const struct mesos_hook *f = m->functions;

	if (!f || !strcmp(m->kind, MESOS_ANONYMOUS_KIND))
		return 0;
	if (f->size >= offsetof(struct mesos_hook, master_launch_task_label_decorator) &&
	    f->size <= KIB && f->abi && f->abi <= MESOS_MODULE_ABI)
		return 0;
	return error_set(e, EINVAL,
			 "Module ABI mismatch. Mesos has: %d, library requires: %u "
			 "(functions of kind %s, a struct of %u bytes)",
			 MESOS_MODULE_ABI, f->abi, m->kind, f->size);
}

int verify_module(const struct mesos_module *symbol, const char *name, const char *version,
		  struct mesos_module *ret, struct error *e)
{
	size_t i = 0;

	if (copy_known(symbol, ret, e) || check_fields(ret, name, e))
		return -e->code;
	while (i < ARRAY_SIZE(kinds) && strcmp(kinds[i].name, ret->kind) != 0)
		i++;
	if (i == ARRAY_SIZE(kinds))
		return error_set(e, EINVAL, "Unknown module kind: %s", ret->kind);
	if (check_versions(ret, name, kinds[i].since, version, e))
		return -e->code;
	return check_functions(ret, e);
}
