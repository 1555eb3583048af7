/* posix_spawn(3) shares the child's memory until the exec, whose failure it returns. */
#include "agent/executor/pre_exec.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

/* Of a command in a message; the rest is for what became of it. */
#define TEXT_MAX 300

/* ---- before the fork ---- */

static bool has_variable(char **list, size_t count, const char *text)
{
	size_t prefix = strcspn(text, "=") + 1;

	for (size_t i = 0; i < count; i++)
		if (!strncmp(list[i], text, prefix))
			return true;
	return false;
}

/* What the plan gives it wins. */
static char **make_environment(const struct launch_plan *plan, const struct plan_command *c)
{
	char *ours[] = {
		xstrdup("PATH=" PLAN_PATH),
		xasprintf("MESOS_SANDBOX=%s", plan->directory),
		xasprintf("MESOS_DIRECTORY=%s", plan->directory),
		xasprintf("MESOS_CONTAINER_ID=%s", plan->container_id),
	};
	char **list = xcalloc(ARRAY_SIZE(ours) + c->environment_count + 1, sizeof(*list));
	size_t n = 0;

	for (; n < c->environment_count; n++)
		list[n] = xstrdup(c->environment[n]);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		if (has_variable(list, c->environment_count, ours[i]))
			free(ours[i]);
		else
			list[n++] = ours[i];
	}
	return list;
}

static void make_command(const struct launch_plan *plan, const struct plan_command *c,
			 struct pre_exec_command *ret)
{
	struct buf text = { 0 };

	ret->argv = xcalloc(c->argv_count + 1, sizeof(*ret->argv));
	for (size_t i = 0; i < c->argv_count; i++) {
		ret->argv[i] = c->argv[i];
		buf_addf(&text, "%s%s", i ? " " : "", c->argv[i]);
	}
	if (text.len > TEXT_MAX) {
		text.len = TEXT_MAX;
		buf_adds(&text, "...");
	}
	ret->text = buf_take(&text);
	ret->environment = make_environment(plan, c);
}

void pre_exec_init(struct pre_exec *ret, const struct launch_plan *plan)
{
	ret->count = plan->pre_exec_count;
	ret->list = xcalloc(ret->count, sizeof(*ret->list));
	for (size_t i = 0; i < ret->count; i++)
		make_command(plan, &plan->pre_exec[i], &ret->list[i]);
}

void pre_exec_fini(struct pre_exec *p)
{
	for (size_t i = 0; i < p->count; i++) {
		for (char **v = p->list[i].environment; *v; v++)
			free(*v);
		free(p->list[i].environment);
		free(p->list[i].argv);
		free(p->list[i].text);
	}
	p->count = 0;
	free(take_ptr(p->list));
}

/* ---- in the child ---- */

/* strsignal(3) may allocate. */
static int judge(const char *text, int status, struct error *e)
{
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (sig && sigabbrev_np(sig))
		return error_set(e, ECANCELED, "pre-exec command '%s' was ended by SIG%s", text,
				 sigabbrev_np(sig));
	if (sig)
		return error_set(e, ECANCELED, "pre-exec command '%s' was ended by signal %d", text,
				 sig);
	if (WEXITSTATUS(status))
		return error_set(e, ECANCELED, "pre-exec command '%s' exited with status %d", text,
				 WEXITSTATUS(status));
	return 0;
}

static int run(const struct pre_exec_command *c, struct error *e)
{
	int status, r;
	pid_t pid;

	environ = c->environment; /* where posix_spawnp(3) looks for PATH */
	r = posix_spawnp(&pid, c->argv[0], NULL, NULL, c->argv, c->environment);
	if (r) {
		errno = r;
		return error_sys(e, "pre-exec command '%s'", c->text);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_sys(e, "wait for pre-exec command '%s'", c->text);
	return judge(c->text, status, e);
}

int pre_exec_run(const struct pre_exec *p, struct error *e)
{
	for (size_t i = 0; i < p->count; i++)
		if (run(&p->list[i], e))
			return -e->code;
	return 0;
}
