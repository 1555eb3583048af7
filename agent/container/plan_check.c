/* The rules for additions to the launch plan, one function for each kind of addition. */
#include "agent/container/plan_check.h"

#include "lib/environment.h"
#include "lib/utf8.h"

/* Less than a page has no room at all, and 0 would be a tmpfs without a limit. */
#define TMPFS_MIN_BYTES (4 * KIB)

/* By these a container knows itself and its agent; MESOS_SANDBOX is how its processes are found. */
static const char *const reserved[] = {
	"MESOS_AGENT_ENDPOINT", "MESOS_AGENT_ID",        "MESOS_CHECKPOINT",
	"MESOS_CONTAINER_ID",   "MESOS_DIRECTORY",       "MESOS_EXECUTOR_AUTHENTICATION_TOKEN",
	"MESOS_EXECUTOR_ID",    "MESOS_EXECUTOR_SOCKET", "MESOS_FRAMEWORK_ID",
	"MESOS_SANDBOX",        "MESOS_SLAVE_ID",        "MESOS_SLAVE_PID",
	"MESOS_TASK_ID",
};

/* What every program expects to find, and a bind mount or a tmpfs would not be. */
static const char *const kept[] = { "/proc", "/sys" };

/* ---- text ---- */

/* The plan is JSON, which has no other text; exec takes no longer one. */
static int check_text(const char *what, const char *text, struct error *e)
{
	if (strnlen(text, PLAN_TEXT_MAX + 1) > PLAN_TEXT_MAX)
		return error_set(e, EINVAL, "%s: longer than %d bytes", what, (int)PLAN_TEXT_MAX);
	if (!utf8_valid(text))
		return error_set(e, EINVAL, "%s: is not UTF-8", what);
	return 0;
}

/* In the one form in which paths can be compared. */
static bool is_plain_path(const char *path)
{
	const char *at = path;

	if (*path != '/' || strnlen(path, PATH_MAX) == PATH_MAX)
		return false;
	while (*at == '/') {
		size_t n = strcspn(++at, "/");

		if (!n || n > NAME_MAX || (n <= 2 && !strncmp(at, "..", n)))
			return false;
		at += n;
	}
	return true;
}

static int check_path(const char *what, const char *path, struct error *e)
{
	if (check_text(what, path, e))
		return -EINVAL;
	if (!is_plain_path(path))
		return error_set(e, EINVAL,
				 "%s: '%s' is not an absolute path without '.', '..' and empty "
				 "parts, and other than /",
				 what, path);
	return 0;
}

/* ---- environment ---- */

static int check_name(const char *name, struct error *e)
{
	if (!environment_name(name))
		return error_set(e, EINVAL, "environment: '%s' is not a name", name);
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (!strcmp(name, reserved[i]))
			return error_set(e, EINVAL, "environment: %s is the agent's to say", name);
	return 0;
}

int plan_check_variable(const char *name, const char *value, struct error *e)
{
	if (check_text("environment", name, e) || check_text("environment", value, e) ||
	    check_name(name, e))
		return -EINVAL;
	if (strlen(name) + 1 + strlen(value) > PLAN_TEXT_MAX)
		return error_set(e, EINVAL, "environment: %.64s: longer than %d bytes", name,
				 (int)PLAN_TEXT_MAX);
	return 0;
}

static int check_assignment(const char *text, struct error *e)
{
	const char *sign = strchr(text, '=');
	autofree char *name = NULL;

	if (!sign)
		return error_set(e, EINVAL, "environment: '%s' is not NAME=value", text);
	name = xstrndup(text, (size_t)(sign - text));
	return plan_check_variable(name, sign + 1, e);
}

/* ---- mounts ---- */

/* Whether it is that path, or a directory that leads to it. */
static bool leads_to(const char *directory, const char *path)
{
	size_t n = strlen(directory);

	return !strncmp(directory, path, n) && (!path[n] || path[n] == '/');
}

static int check_size(const struct plan_mount *m, struct error *e)
{
	if (m->source && m->has_size)
		return error_set(e, EINVAL, "size: only a tmpfs has one, and this is bound to %s",
				 m->source);
	if (!m->source && m->size < TMPFS_MIN_BYTES)
		return error_set(e, EINVAL, "size: a tmpfs needs at least %d bytes",
				 (int)TMPFS_MIN_BYTES);
	if (m->size > INT64_MAX)
		return error_set(e, EINVAL, "size: more than there can be");
	return 0;
}

int plan_check_mount(const struct plan_mount *m, const char *sandbox, struct error *e)
{
	if (check_path("target", m->target, e) || (m->source && check_path("source", m->source, e)))
		return -EINVAL;
	if (leads_to(m->target, sandbox))
		return error_set(e, EINVAL, "target: a mount on %s would hide the sandbox",
				 m->target);
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (!strcmp(m->target, kept[i]))
			return error_set(e, EINVAL, "target: a mount on %s would hide all of it",
					 m->target);
	return check_size(m, e);
}

/* ---- limits ---- */

int plan_check_resource(const char *name, enum resource_limit *ret, struct error *e)
{
	autobuf struct buf known = { 0 };
	int value;

	for (const struct enum_value *v = resource_limit_values; v->name; v++)
		buf_addf(&known, "%s%s", known.len ? ", " : "", v->name);
	if (check_text("limit", name, e))
		return -EINVAL;
	if (enum_parse(resource_limit_values, name, &value))
		return error_set(e, EINVAL, "limit: '%.64s' is unknown; known: %s", name,
				 buf_text(&known));
	*ret = (enum resource_limit)value;
	return 0;
}

/* The kernel has a highest number of open files, fs.nr_open, which is never unlimited. */
int plan_check_limit(const struct plan_limit *l, struct error *e)
{
	const char *name = enum_name(resource_limit_values, (int)l->name);

	assert(l->has_name);
	if (l->name == LIMIT_NOFILE && (!l->has_soft || !l->has_hard))
		return error_set(e, EINVAL, "limit %s: cannot be unlimited", name);
	if (l->has_hard && (!l->has_soft || l->soft > l->hard))
		return error_set(e, EINVAL, "limit %s: soft is above hard", name);
	if ((l->has_soft && l->soft > INT64_MAX) || (l->has_hard && l->hard > INT64_MAX))
		return error_set(e, EINVAL, "limit %s: more than there can be", name);
	return 0;
}

/* ---- commands ---- */

/* Its working directory is a task's, so nothing is looked up from there. */
static int check_program(const char *program, struct error *e)
{
	if (*program == '/')
		return check_path("command", program, e);
	if (!*program || strchr(program, '/'))
		return error_set(e, EINVAL,
				 "command: '%s' is neither an absolute path nor a name in PATH",
				 program);
	return 0;
}

static int check_count(const char *what, size_t count, size_t max, struct error *e)
{
	return count > max ? error_set(e, EINVAL, "%s: more than %zu", what, max) : 0;
}

int plan_check_command(const struct plan_command *c, struct error *e)
{
	if (!c->argv_count)
		return error_set(e, EINVAL, "command: is empty");
	if (check_count("command: arguments", c->argv_count, PLAN_ARGUMENTS_MAX, e) ||
	    check_count("command: environment", c->environment_count, PLAN_ARGUMENTS_MAX, e))
		return -EINVAL;
	for (size_t i = 0; i < c->argv_count; i++)
		if (check_text("command", c->argv[i], e))
			return -EINVAL;
	for (size_t i = 0; i < c->environment_count; i++)
		if (check_assignment(c->environment[i], e))
			return -EINVAL;
	return check_program(c->argv[0], e);
}

/* ---- all of it ---- */

static int check_mounts(const struct launch_plan *p, struct error *e)
{
	if (check_count("mounts", p->mounts_count, PLAN_MOUNTS_MAX, e))
		return -EINVAL;
	for (size_t i = 0; i < p->mounts_count; i++)
		if (plan_check_mount(&p->mounts[i], p->directory, e))
			return error_wrap(e, "mounts: [%zu]", i);
	return 0;
}

static int check_limits(const struct launch_plan *p, struct error *e)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < p->limits_count; i++) {
		if (plan_check_limit(&p->limits[i], e))
			return error_wrap(e, "limits: [%zu]", i);
		if (seen & BIT(p->limits[i].name))
			return error_set(e, EINVAL, "limits: [%zu]: a second one of %s", i,
					 enum_name(resource_limit_values, (int)p->limits[i].name));
		seen |= BIT(p->limits[i].name);
	}
	return 0;
}

int plan_check(const struct launch_plan *p, struct error *e)
{
	if (check_mounts(p, e) || check_limits(p, e) ||
	    check_count("pre_exec", p->pre_exec_count, PLAN_COMMANDS_MAX, e))
		return -EINVAL;
	for (size_t i = 0; i < p->pre_exec_count; i++)
		if (plan_check_command(&p->pre_exec[i], e))
			return error_wrap(e, "pre_exec: [%zu]", i);
	return 0;
}
