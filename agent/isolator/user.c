/* Whom a container runs as: looked up once, here, because the executor links no NSS. */
#include <grp.h>
#include <pwd.h>

#include "agent/isolator/rows.h"

#define GROUPS_MAX 65536 /* NGROUPS_MAX of the kernel */

static int look_up(const char *user, struct buf *text, struct passwd *ret, struct error *e)
{
	struct passwd *found;
	size_t size = 4096;
	int r;

	do {
		text->len = 0;
		r = getpwnam_r(user, ret, buf_reserve(text, size), size, &found);
		size *= 2;
	} while (r == ERANGE && size < MIB);
	if (r)
		return error_set(e, r, "user '%s': %s", user, strerror(r));
	if (!found)
		return error_set(e, ENOENT, "user '%s' does not exist on this agent", user);
	return 0;
}

static int add_groups(const struct passwd *pw, struct launch_plan *plan, struct error *e)
{
	autofree gid_t *list = xcalloc(GROUPS_MAX, sizeof(*list));
	int n = GROUPS_MAX;

	if (getgrouplist(pw->pw_name, pw->pw_gid, list, &n) < 0)
		return error_set(e, E2BIG, "user '%s': too many groups", pw->pw_name);
	plan->groups = xcalloc((size_t)n, sizeof(*plan->groups));
	plan->groups_count = (size_t)n;
	for (int i = 0; i < n; i++)
		plan->groups[i] = list[i];
	return 0;
}

static int prepare(struct container *c, struct launch_plan *plan, struct error *e)
{
	autobuf struct buf text = { 0 };
	bool switching = c->node->switch_user;
	struct passwd pw;

	plan->user = xstrdup(c->user);
	plan->has_uid = plan->has_gid = plan->has_switch_user = true;
	plan->uid = geteuid();
	plan->gid = getegid();
	if (!switching)
		return 0;
	if (look_up(c->user, &text, &pw, e))
		return -e->code;
	if (geteuid() != 0 && pw.pw_uid != geteuid())
		return error_set(
			e, EPERM,
			"cannot run as user '%s': the agent is not root; run it as root or "
			"with --no-switch_user",
			c->user);
	plan->switch_user = geteuid() == 0;
	plan->uid = pw.pw_uid;
	plan->gid = pw.pw_gid;
	return plan->switch_user ? add_groups(&pw, plan, e) : 0;
}

const struct isolator isolator_user = {
	.doc = "runs the container as its task's user",
	.prepare = prepare,
};
