/* From flags to a TaskInfo. */
#include "tools/execute-task.h"

#include <pwd.h>

#include "lib/ids.h"
#include "lib/utf8.h"

#include "lib/schema-tables.h"
#include "tools/execute-flags.def"
#include "lib/schema-end.h"

/* Everything is sent as JSON, which knows nothing but UTF-8. */
static int check_text(const struct execute_flags *flags, struct error *e)
{
	for (const struct field *f = execute_flags_schema()->fields; f->name; f++) {
		autobuf struct buf text = { 0 };

		if (!f->kind->present(f, flags))
			continue;
		f->kind->print(f, flags, &text);
		if (!utf8_valid(buf_text(&text)))
			return error_set(e, EINVAL, "--%s: is not UTF-8", f->name);
	}
	return 0;
}

static int check_pairs(const struct execute_flags *flags, struct error *e)
{
	for (size_t i = 0; i < flags->env_count; i++)
		if (*flags->env[i] == '=' || !strchr(flags->env[i], '='))
			return error_set(e, EINVAL, "--env: '%s': expected NAME=VALUE",
					 flags->env[i]);
	for (size_t i = 0; i < flags->label_count; i++)
		if (!*flags->label[i] || *flags->label[i] == '=')
			return error_set(e, EINVAL, "--label: '%s': expected KEY=VALUE or KEY",
					 flags->label[i]);
	return 0;
}

static int fill_user(struct execute_flags *flags, struct error *e)
{
	const struct passwd *pw;

	if (flags->user)
		return 0;
	pw = getpwuid(geteuid());
	if (!pw)
		return error_set(e, EINVAL, "--user: the current uid %u has no name",
				 (unsigned)geteuid());
	replace_str(&flags->user, pw->pw_name);
	return 0;
}

int wish_init(struct wish *w, struct execute_flags *flags, struct error *e)
{
	int r = check_text(flags, e);

	w->flags = flags;
	if (!r && !id_valid(flags->name))
		r = error_set(e, EINVAL,
			      "--name: cannot be the id of a task: it needs 1 to %d bytes without "
			      "control characters, slash or backslash, and may not be . or ..",
			      ID_MAX);
	if (!r && flags->has_timeout && !flags->timeout)
		r = error_set(e, EINVAL, "--timeout: must be greater than zero");
	if (!r && !flags->master_timeout)
		r = error_set(e, EINVAL, "--master_timeout: must be greater than zero");
	if (!r && !flags->reconnect_timeout)
		r = error_set(e, EINVAL, "--reconnect_timeout: must be greater than zero");
	if (!r && flags->user && !*flags->user)
		r = error_set(e, EINVAL, "--user: is empty");
	if (!r && !*flags->command)
		r = error_set(e, EINVAL, "--command: is empty");
	if (!r)
		r = check_pairs(flags, e);
	if (!r)
		r = fill_user(flags, e);
	if (!r && resources_parse(flags->resources, "*", &w->resources, e))
		r = error_wrap(e, "--resources");
	if (!r && resources_empty(&w->resources))
		r = error_set(e, EINVAL, "--resources: '%s' asks for nothing", flags->resources);
	return r;
}

void wish_fini(struct wish *w)
{
	resources_fini(&w->resources);
}

static struct command_info *make_command(const struct execute_flags *flags)
{
	struct command_info *c = xcalloc(1, sizeof(*c));
	struct environment *env;

	c->value = xstrdup(flags->command);
	c->user = xstrdup(flags->user);
	if (!flags->env_count)
		return c;
	env = c->environment = xcalloc(1, sizeof(*env));
	env->variables = xcalloc(flags->env_count, sizeof(*env->variables));
	env->variables_count = flags->env_count;
	for (size_t i = 0; i < flags->env_count; i++) {
		const char *equals = strchr(flags->env[i], '=');

		env->variables[i].name = xstrndup(flags->env[i], (size_t)(equals - flags->env[i]));
		env->variables[i].value = xstrdup(equals + 1);
	}
	return c;
}

static struct labels *make_labels(const struct execute_flags *flags)
{
	struct labels *l;

	if (!flags->label_count)
		return NULL;
	l = xcalloc(1, sizeof(*l));
	l->labels = xcalloc(flags->label_count, sizeof(*l->labels));
	l->labels_count = flags->label_count;
	for (size_t i = 0; i < flags->label_count; i++) {
		size_t n = strcspn(flags->label[i], "=");

		l->labels[i].key = xstrndup(flags->label[i], n);
		if (flags->label[i][n])
			l->labels[i].value = xstrdup(flags->label[i] + n + 1);
	}
	return l;
}

bool wish_fits(const struct wish *w, const struct offer *offer, struct task_info *ret)
{
	autoresources struct resources offered = { 0 }, found = { 0 };
	struct error e;

	if (resources_from_wire(offer->resources, offer->resources_count, &offered, &e) ||
	    !resources_find(&offered, &w->resources, w->flags->role, &found))
		return false;
	ret->name = xstrdup(w->flags->name);
	ret->task_id = xstrdup(w->flags->name);
	ret->agent_id = xstrdup(offer->agent_id);
	ret->command = make_command(w->flags);
	ret->labels = make_labels(w->flags);
	resources_to_wire(&found, &ret->resources, &ret->resources_count);
	return true;
}

double wish_share(const struct wish *w, const struct resources *offered)
{
	double sum = 0;

	assert(w->resources.count);
	for (size_t i = 0; i < w->resources.count; i++) {
		const struct resource_item *item = &w->resources.items[i];
		int64_t have = resources_scalar(offered, item->name);
		int64_t want = resources_scalar(&w->resources, item->name);

		if (item->type == SCALAR)
			sum += MIN((double)have / (double)want, 1.0);
		else
			sum += resources_has(offered, item->name);
	}
	return sum / (double)w->resources.count;
}
