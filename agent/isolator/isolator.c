/* The table of isolators, and walking it. */
#include "agent/isolator/isolator.h"

#include "agent/isolator/rows.h"
#include "lib/schema-tables.h"
#include "agent/isolator/usage.def"
#include "lib/schema-end.h"

static const struct isolator *const table[] = {
	&isolator_user,
	&isolator_sandbox,
	&isolator_command,
	&isolator_cgroup,
	&isolator_linux_capabilities,
	&isolator_linux_seccomp,
	&isolator_disk_xfs,
	&isolator_disk_ext4,
	&isolator_disk_quota,
	&isolator_posix_cpu,
	&isolator_posix_mem,
	&isolator_posix_disk,
};

/* Mesos's names for sets of isolators. */
static const struct {
	const char *name, *means;
} aliases[] = {
	{ .name = "process", .means = "posix/cpu,posix/mem" },
};

static int unknown(const char *name, struct error *e)
{
	autobuf struct buf known = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i]->name)
			buf_addf(&known, "%s%s", known.len ? ", " : "", table[i]->name);
	return error_set(e, EINVAL, "--isolation: unknown or unsupported isolator '%s'; known: %s",
			 name, buf_text(&known));
}

static int select_one(const char *name, const struct isolators_elsewhere *elsewhere, uint64_t *ret,
		      struct error *e)
{
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (!strcmp(aliases[i].name, name))
			return isolators_select(aliases[i].means, NULL, ret, e);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (str_equal(table[i]->name, name)) {
			*ret |= BIT(i);
			return table[i]->needs ? isolators_select(table[i]->needs, NULL, ret, e)
					       : 0;
		}
	r = elsewhere ? elsewhere->select(name, elsewhere->ctx, e) : ISOLATOR_UNKNOWN;
	return r == ISOLATOR_UNKNOWN ? unknown(name, e) : r;
}

int isolators_select(const char *isolation, const struct isolators_elsewhere *elsewhere,
		     uint64_t *ret, struct error *e)
{
	autofree char *copy = xstrdup(isolation);
	char *rest = copy, *name;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (!table[i]->name)
			*ret |= BIT(i);
	while ((name = strsep(&rest, ",")))
		if (*name && select_one(name, elsewhere, ret, e))
			return -EINVAL;
	return 0;
}

static unsigned count_quota(uint64_t isolators)
{
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		n += isolators & BIT(i) && table[i]->quota;
	return n;
}

bool isolators_have_disk(uint64_t isolators)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (isolators & BIT(i) && table[i]->watch)
			return true;
	return false;
}

bool isolators_have_quota(uint64_t isolators)
{
	return count_quota(isolators) > 0;
}

bool isolators_have_scan(uint64_t isolators)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (isolators & BIT(i) && table[i]->scan)
			return true;
	return false;
}

int isolators_probe(uint64_t isolators, const struct agent_flags *flags, struct error *e)
{
	if (count_quota(isolators) > 1)
		return error_set(e, EINVAL,
				 "--isolation: a sandbox has one project: choose one of disk/xfs, "
				 "disk/ext4 and disk/quota");
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (isolators & BIT(i) && table[i]->probe && table[i]->probe(flags, e))
			return error_wrap(e, "--isolation: %s", table[i]->name);
	return 0;
}

static bool on(const struct container *c, size_t i)
{
	return c->isolators & BIT(i);
}

/* It would have other capabilities than it asked for, and nobody would say so. */
static int check_asked(const struct container *c, struct error *e)
{
	for (size_t i = 0; c->capabilities && i < ARRAY_SIZE(table); i++)
		if (table[i] == &isolator_linux_capabilities && !on(c, i))
			return error_set(e, EPERM,
					 "the task asks for capabilities, which the agent gives "
					 "only with --isolation=%s",
					 table[i]->name);
	return 0;
}

static int name_failure(size_t i, struct error *e)
{
	return table[i]->name ? error_wrap(e, "isolator %s", table[i]->name) : -e->code;
}

int isolators_prepare(struct container *c, struct launch_plan *plan, struct error *e)
{
	if (check_asked(c, e))
		return -e->code;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (on(c, i) && table[i]->prepare && table[i]->prepare(c, plan, e))
			return name_failure(i, e);
	return 0;
}

int isolators_hand_over(struct container *c, const struct launch_plan *plan, struct error *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (on(c, i) && table[i]->hand_over && table[i]->hand_over(c, plan, e))
			return name_failure(i, e);
	return 0;
}

void isolators_watch(struct container *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (on(c, i) && table[i]->watch)
			table[i]->watch(c);
}

void isolators_usage(const struct container *c, struct usage *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (on(c, i) && table[i]->usage)
			table[i]->usage(c, ret);
}
