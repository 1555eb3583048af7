/* Raw system calls where the C library has no names; in an order in which each step still may. */
#include "agent/executor/privileges.h"

#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define CAPABILITIES_MAX 64 /* of the sets in the kernel, and of u64 */

void privileges_init(struct privileges *ret, const struct launch_plan *plan)
{
	*ret = (struct privileges){
		.plan = plan,
		.groups = xcalloc(plan->groups_count, sizeof(*ret->groups)),
	};
	for (size_t i = 0; i < plan->groups_count; i++)
		ret->groups[i] = (gid_t)plan->groups[i];
	if (plan->seccomp) {
		size_t size = (size_t)base64_size(plan->seccomp);
		int r;

		ret->filter.len = (unsigned short)(size / sizeof(*ret->filter.filter));
		ret->filter.filter = xmalloc(size);
		r = base64_decode(plan->seccomp, ret->filter.filter, size);
		assert(!r);
	}
}

void privileges_fini(struct privileges *p)
{
	free(take_ptr(p->groups));
	free(take_ptr(p->filter.filter));
}

/* ---- in the child ---- */

/* What is missing already cannot be dropped by those who may not drop, and need not be. */
static int drop_bounding(const struct capability_sets *sets, struct error *e)
{
	for (int cap = 0; sets && cap < CAPABILITIES_MAX; cap++)
		if (!(sets->bounding & BIT(cap)) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return error_sys(e, "drop capability %d", cap);
	return 0;
}

/* A filter must not make the task's speculation slower, which kernels before 5.16 would. */
static int install_filter(const struct privileges *p, struct error *e)
{
	if (p->plan->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return error_sys(e, "give up new privileges");
	if (p->filter.len && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				     SECCOMP_FILTER_FLAG_SPEC_ALLOW, &p->filter))
		return error_sys(e, "install the filter of system calls");
	return 0;
}

/* Unless the permitted set is kept, what is to be ambient goes when root does. */
static int become_user(const struct privileges *p, struct error *e)
{
	const struct launch_plan *plan = p->plan;
	uid_t uid = (uid_t)plan->uid, ru, eu, su;
	gid_t gid = (gid_t)plan->gid, rg, eg, sg;
	bool keep = plan->capabilities && plan->capabilities->ambient;

	if (!plan->switch_user)
		return 0;
	if ((keep && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)) ||
	    setgroups(plan->groups_count, p->groups) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		return error_sys(e, "become user %s", plan->user);
	if (getresuid(&ru, &eu, &su) || getresgid(&rg, &eg, &sg) || ru != uid || eu != uid ||
	    su != uid || rg != gid || eg != gid || sg != gid || (uid && !setuid(0)))
		return error_set(e, EPERM, "become user %s: the kernel did not keep to it",
				 plan->user);
	return 0;
}

static int set_capabilities(const struct capability_sets *sets, struct error *e)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct halves[_LINUX_CAPABILITY_U32S_3];

	if (!sets)
		return 0;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		halves[i].permitted = halves[i].effective = (uint32_t)(sets->permitted >> 32 * i);
		halves[i].inheritable = (uint32_t)(sets->ambient >> 32 * i);
	}
	/* What is ambient and not inheritable any more goes by itself. */
	if (syscall(SYS_capset, &header, halves))
		return error_sys(e, "set capabilities to %#" PRIx64, sets->permitted);
	for (int cap = 0; cap < CAPABILITIES_MAX; cap++)
		if (sets->ambient & BIT(cap) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0))
			return error_sys(e, "give capability %d", cap);
	return 0;
}

/*
 * Only who has CAP_SETPCAP drops, only who has CAP_SYS_ADMIN installs a filter and may still gain
 * by exec: both before the user changes.
 */
int privileges_reduce(const struct privileges *p, struct error *e)
{
	const struct capability_sets *sets = p->plan->capabilities;

	if (drop_bounding(sets, e) || install_filter(p, e) || become_user(p, e) ||
	    set_capabilities(sets, e))
		return -e->code;
	return 0;
}
