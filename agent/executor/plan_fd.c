/* Reads and checks the plan: nothing in it is acted upon before all of it is known to be sane. */
#include "agent/executor/plan_fd.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <stdio.h>

#include "agent/container/plan_check.h"
#include "lib/fs.h"

/* setuid(2) and its relatives take -1 for "leave it as it is". */
#define ID_HIGHEST (UINT32_MAX - 1)

static int check_ids(const struct launch_plan *p, struct error *e)
{
	if (p->uid > ID_HIGHEST)
		return error_set(e, EINVAL, "uid: out of range");
	if (p->gid > ID_HIGHEST)
		return error_set(e, EINVAL, "gid: out of range");
	if (p->groups_count > NGROUPS_MAX)
		return error_set(e, EINVAL, "groups: more than %d", NGROUPS_MAX);
	for (size_t i = 0; i < p->groups_count; i++)
		if (p->groups[i] > ID_HIGHEST)
			return error_set(e, EINVAL, "groups: [%zu]: out of range", i);
	return 0;
}

static int check_capabilities(const struct capability_sets *sets, struct error *e)
{
	if (sets->permitted & ~sets->bounding)
		return error_set(e, EINVAL, "capabilities: permitted: more than bounding");
	if (sets->ambient & ~sets->permitted)
		return error_set(e, EINVAL, "capabilities: ambient: more than permitted");
	return 0;
}

/* Whether they make a program is for the kernel to say. */
static int check_filter(const char *text, struct error *e)
{
	ssize_t size = base64_size(text);

	assert(size >= 0); /* decoded as base64 */
	if (!size || (size_t)size % sizeof(struct sock_filter) ||
	    (size_t)size / sizeof(struct sock_filter) > BPF_MAXINSNS)
		return error_set(e, EINVAL, "seccomp: must be 1 to %d instructions of %zu bytes",
				 BPF_MAXINSNS, sizeof(struct sock_filter));
	return 0;
}

static int check(const struct launch_plan *p, struct error *e)
{
	assert(p->argv_count); /* REQUIRED, so not empty */
	if (!*p->argv[0])
		return error_set(e, EINVAL, "argv: [0]: empty");
	if (*p->directory != '/')
		return error_set(e, EINVAL, "directory: must be an absolute path");
	if (p->exit_record && *p->exit_record != '/')
		return error_set(e, EINVAL, "exit_record: must be an absolute path");
	for (size_t i = 0; i < p->environment_count; i++)
		if (*p->environment[i] == '=' || !strchr(p->environment[i], '='))
			return error_set(e, EINVAL, "environment: [%zu]: must be NAME=value", i);
	if (p->capabilities && check_capabilities(p->capabilities, e))
		return -EINVAL;
	if (p->seccomp && check_filter(p->seccomp, e))
		return -EINVAL;
	if (plan_check(p, e))
		return -EINVAL;
	return check_ids(p, e);
}

int plan_fd_read(struct launch_plan *ret, struct error *e)
{
	struct launch_plan p = { 0 };
	autobuf struct buf text = { 0 };
	char path[32];
	int r;

	if (fcntl(PLAN_FD, F_GETFD) < 0)
		return error_set(e, ENOENT, "file descriptor %d is not open", PLAN_FD);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", PLAN_FD);
	r = fs_read(path, PLAN_MAX_BYTES, &text, e);
	close(PLAN_FD);
	if (r)
		return r;
	r = schema_decode_text(launch_plan_schema(), text.data, text.len, &p, e);
	if (!r && check(&p, e)) {
		schema_clear(launch_plan_schema(), &p);
		r = -EINVAL;
	}
	if (!r)
		*ret = p;
	return r;
}
