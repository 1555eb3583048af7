/*
 * What lies in the agent's configuration, or the same flags, against what disk quotas need of it.
 * What mends it is a command on the place where the flag has its value from.
 */
#include <ctype.h>

#include "lib/filesystem.h"
#include "lib/flags.h"
#include "lib/quota_check.h"
#include "tools/agentctl-check.h"

#define ISOLATION "isolation"
#define ENFORCE   "enforce_container_disk_quota"
#define DEFAULT   "quota_default"

/* Isolators of disk quotas: DISK "xfs", for one filesystem, or DISK ANY. */
#define DISK "disk/"
#define ANY  "quota"

struct asked {
	unsigned isolators;              /* of disk quotas */
	const struct filesystem *wanted; /* by the last of them; NULL: any */
	struct buf mended;               /* --isolation with one that takes any */
};

/* ---- commands ---- */

static const struct flag_origin *origin(const char *flag)
{
	return flags_origin(agentctl_flags_schema(), flag);
}

static bool is_set(const char *flag)
{
	return origin(flag)->source != FLAG_DEFAULT;
}

static char *variable(const char *flag)
{
	char *name = xasprintf("MESOS_%s", flag);

	for (char *p = name; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return name;
}

/* A switch, as in ?no-strict, has its value in its name. */
static char *write_file(const char *path, const char *flag, const char *value)
{
	const char *slash = strrchr(path, '/');
	int dir;

	assert(slash);
	dir = (int)(slash - path);
	if (slash[1] == '?')
		return xasprintf("rm '%s' && echo %s >%.*s/%s", path, value, dir, path, flag);
	return xasprintf("echo %s >%s", value, path);
}

static char *give(const struct agentctl_flags *flags, const char *flag, const char *value)
{
	const char *comma = strrchr(flags->config_dir, ',');
	const char *dir = comma ? comma + 1 : flags->config_dir; /* the last one wins */
	const struct flag_origin *o = origin(flag);
	autofree char *name = variable(flag);

	if (o->source == FLAG_FILE)
		return write_file(o->path, flag, value);
	if (o->source == FLAG_VARIABLE_FILE)
		return xasprintf("printf '\\n%s=%s\\n' >>%s", name, value, o->path);
	if (o->source == FLAG_VARIABLE)
		return xasprintf("export %s=%s", name, value);
	if (o->source == FLAG_ARGUMENT)
		return xasprintf("give --%s=%s", flag, value);
	return xasprintf("mkdir -p %s && echo %s >%s/%s", dir, value, dir, flag);
}

static char *take_away(const char *flag)
{
	const struct flag_origin *o = origin(flag);
	autofree char *name = variable(flag);

	if (o->source == FLAG_FILE)
		return xasprintf("rm %s", o->path);
	if (o->source == FLAG_VARIABLE_FILE)
		return xasprintf("sed -i /%s=/d %s", name, o->path);
	if (o->source == FLAG_VARIABLE)
		return xasprintf("unset %s", name);
	return xasprintf("leave --%s out", flag);
}

/* ---- --isolation ---- */

static bool is_quota(const char *isolator, const struct filesystem **wanted)
{
	const char *fs = str_starts(isolator, DISK) ? isolator + strlen(DISK) : "";

	if (!strcmp(fs, ANY))
		return true;
	*wanted = filesystem_named(fs) ?: *wanted;
	return filesystem_named(fs);
}

static void read_isolation(const char *isolation, struct asked *ret)
{
	autofree char *copy = xstrdup(isolation);
	char *rest = copy, *name;

	while ((name = strsep(&rest, ",")))
		if (is_quota(name, &ret->wanted))
			ret->isolators++;
		else if (*name && !str_starts(name, DISK)) /* there are no others */
			buf_addf(&ret->mended, "%s,", name);
	buf_adds(&ret->mended, DISK ANY);
}

/* NULL: nothing. */
static char *wrong_isolation(const char *isolation, const struct asked *asked,
			     const struct quota *q)
{
	if (!asked->isolators && !is_set(ISOLATION))
		return xasprintf("--isolation is not set, and its default, %s, has no disk quota "
				 "isolator",
				 isolation);
	if (!asked->isolators)
		return xasprintf("--isolation=%s has no disk quota isolator", isolation);
	if (asked->isolators > 1)
		return xasprintf("--isolation=%s has several disk quota isolators, and a sandbox "
				 "has one project",
				 isolation);
	if (asked->wanted && q->fs && asked->wanted != q->fs)
		return xasprintf("%s is on %s, and " DISK "%s needs %s", q->path, q->fs->name,
				 asked->wanted->name, asked->wanted->name);
	return NULL;
}

static void check_isolation(const struct agentctl_flags *flags, const struct quota *q,
			    bool configured, struct check_findings *all)
{
	struct asked asked = { .isolators = 0 };
	autofree char *what = NULL, *mend = NULL;

	read_isolation(flags->isolation, &asked);
	what = wrong_isolation(flags->isolation, &asked, q);
	mend = give(flags, ISOLATION, buf_text(&asked.mended));
	if (what)
		check_add(all, "isolation", configured, what, mend);
	buf_fini(&asked.mended);
}

/* ---- --quota_default ---- */

static void check_default(const struct agentctl_flags *flags, const struct quota *q,
			  uint64_t others, struct check_findings *all)
{
	autofree char *mend = take_away(DEFAULT);
	struct error why;

	if (flags->has_quota_default && q->fs &&
	    quota_check_default(q, flags->quota_default, others, &why))
		check_add(all, "default", true, why.text, mend);
}

/* ---- all of them ---- */

bool configured_check(const struct agentctl_flags *flags, const struct quota *quota,
		      uint64_t others, struct check_findings *all)
{
	bool configured = is_set(ISOLATION) || is_set(ENFORCE) || is_set(DEFAULT);
	autofree char *enforce = give(flags, ENFORCE, "true");

	check_isolation(flags, quota, configured, all);
	if (!flags->enforce_container_disk_quota)
		check_add(all, "enforced", configured,
			  "no limit is enforced without --enforce_container_disk_quota", enforce);
	check_default(flags, quota, others, all);
	return configured;
}
