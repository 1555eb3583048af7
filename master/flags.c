/* The table of flags.def, what may be in it, roles and their weights. */
#include "master/flags.h"

#include <math.h>

#include "lib/daemon.h"
#include "lib/value.h"

#include "lib/schema-tables.h"
#include "master/flags.def"
#include "lib/schema-end.h"

#define PINGS_MAX        1000
#define PING_TIMEOUT_MAX (7 * 86400 * NSEC_PER_SEC)

static int add_role(struct roles *r, const char *name, struct error *e)
{
	if (!value_word(name)) /* no resource could be reserved for it */
		return error_set(e, EINVAL,
				 "--roles: '%s' cannot be a role: it has blanks or one of %s", name,
				 ";:()[]{},");
	if (roles_find(r, name))
		return 0;
	r->list = xreallocarray(r->list, r->count + 1, sizeof(*r->list));
	r->list[r->count++] = (struct role){ .name = xstrdup(name), .weight = 1 };
	return 0;
}

void roles_fini(struct roles *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->list[i].name);
	free(r->list);
	*r = (struct roles){ 0 };
}

static struct role *find_role(struct roles *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->list[i].name, name))
			return &r->list[i];
	return NULL;
}

const struct role *roles_find(const struct roles *r, const char *name)
{
	return find_role((struct roles *)r, name);
}

static int set_weight(struct roles *r, char *pair, struct error *e)
{
	autofree char *text = xstrdup(pair);
	char *equals = strchr(pair, '='), *end;
	struct role *role;
	double weight;

	if (!equals || equals == pair || strchr(equals + 1, '='))
		return error_set(e, EINVAL, "--weights: '%s': expected ROLE=WEIGHT", text);
	*equals = '\0';
	role = find_role(r, pair);
	if (!role)
		return error_set(e, EINVAL, "--weights: '%s': --roles does not name '%s'", text,
				 pair);
	weight = strtod(equals + 1, &end);
	if (end == equals + 1 || *end || !isfinite(weight))
		return error_set(e, EINVAL, "--weights: '%s': '%s' is not a number", text,
				 equals + 1);
	if (weight <= 0)
		return error_set(e, EINVAL, "--weights: '%s': must be greater than zero", text);
	role->weight = weight;
	return 0;
}

int roles_parse(const char *roles, const char *weights, struct roles *ret, struct error *e)
{
	autofree char *names = xstrdup(roles ? roles : "");
	autofree char *pairs = xstrdup(weights ? weights : "");
	struct roles r = { 0 };
	char *rest = names, *word;
	int failed = add_role(&r, "*", e);

	while (!failed && (word = strsep(&rest, ",")))
		if (*word)
			failed = add_role(&r, word, e);
	rest = pairs;
	while (!failed && (word = strsep(&rest, ",")))
		if (*word)
			failed = set_weight(&r, word, e);
	if (failed) {
		roles_fini(&r);
		return failed;
	}
	*ret = r;
	return 0;
}

int recovery_limit_parse(const char *text, double *ret, struct error *e)
{
	char *end;
	double percent = strtod(text, &end);

	if (*text < '0' || *text > '9' || strcmp(end, "%") || !(percent >= 0 && percent <= 100))
		return error_set(e, EINVAL,
				 "--recovery_agent_removal_limit: '%s': expected a percentage from "
				 "0%% to 100%%, as in 50%%",
				 text);
	*ret = percent;
	return 0;
}

static int check_registry(const struct master_flags *f, struct error *e)
{
	bool in_memory = !strcmp(f->registry, "in_memory");
	double limit;

	if (!in_memory && strcmp(f->registry, "sqlite"))
		return error_set(e, EINVAL, "--registry: must be sqlite or in_memory, not '%s'",
				 f->registry);
	if (in_memory && f->registry_strict)
		return error_set(e, EINVAL,
				 "--registry_strict: with --registry=in_memory no agent could come "
				 "back after a restart of the master");
	if (f->agent_reregister_timeout == 0)
		return error_set(e, EINVAL,
				 "--agent_reregister_timeout: must be greater than zero");
	return recovery_limit_parse(f->recovery_agent_removal_limit, &limit, e);
}

int master_flags_check(const struct master_flags *f, struct error *e)
{
	if (daemon_check_port(f->port, e) || daemon_check_hostname(f->hostname, e))
		return -EINVAL;
	if (f->has_offer_timeout && f->offer_timeout == 0)
		return error_set(e, EINVAL, "--offer_timeout: must be greater than zero");
	if (f->allocation_interval == 0)
		return error_set(e, EINVAL, "--allocation_interval: must be greater than zero");
	if (f->status_update_retry_interval_min <= 0 ||
	    f->status_update_retry_interval_max < f->status_update_retry_interval_min)
		return error_set(
			e, EINVAL,
			"--status_update_retry_interval_min: must be greater than zero and "
			"not above --status_update_retry_interval_max");
	if (f->agent_ping_timeout == 0)
		return error_set(e, EINVAL, "--agent_ping_timeout: must be greater than zero");
	if (f->max_agent_ping_timeouts == 0 || f->max_agent_ping_timeouts > PINGS_MAX)
		return error_set(e, EINVAL, "--max_agent_ping_timeouts: must be from 1 to %d",
				 PINGS_MAX);
	if (f->agent_ping_timeout > PING_TIMEOUT_MAX)
		return error_set(e, ERANGE, "--agent_ping_timeout: must be at most 1weeks");
	return check_registry(f, e);
}
