/* What mesos-local runs: from its flags to directories and command lines. */
#include <arpa/inet.h>
#include <libgen.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "lib/fs.h"
#include "lib/runtime.h"
#include "tools/local.h"

#include "lib/schema-tables.h"
#include "tools/local-flags.def"
#include "lib/schema-end.h"

#define AGENTS_MAX 100

static int check_flags(struct local *l, struct error *e)
{
	unsigned char ip[sizeof(struct in6_addr)];
	bool v6 = inet_pton(AF_INET6, l->flags.ip, ip) == 1;

	if (!v6 && inet_pton(AF_INET, l->flags.ip, ip) != 1)
		return error_set(e, EINVAL, "--ip: '%s' is no IPv4 or IPv6 address", l->flags.ip);
	if (!l->flags.num_agents || l->flags.num_agents > AGENTS_MAX)
		return error_set(e, EINVAL, "--num_agents: must be 1 to %d", AGENTS_MAX);
	if (!l->flags.port || l->flags.port > UINT16_MAX - l->flags.num_agents)
		return error_set(e, EINVAL,
				 "--port: must be 1 to %llu, for the agents come after it",
				 (unsigned long long)(UINT16_MAX - l->flags.num_agents));
	l->master = xasprintf(v6 ? "[%s]:%llu" : "%s:%llu", l->flags.ip,
			      (unsigned long long)l->flags.port);
	return 0;
}

static int find_programs(struct local *l, struct error *e)
{
	autofree char *exe = realpath("/proc/self/exe", NULL);

	if (!exe)
		return error_sys(e, "/proc/self/exe");
	l->bin_dir = xstrdup(dirname(exe));
	if (!l->flags.launcher_dir) {
		autofree char *beside = path_join(l->bin_dir, "../libexec/mesos");

		l->flags.launcher_dir = realpath(beside, NULL);
	}
	return 0;
}

/*
 * Tasks of other users must be able to reach their sandboxes in it. Not in /tmp, which may be a
 * tmpfs: stores refuse to lie there.
 */
static int make_temporary(char **ret, struct error *e)
{
	const char *base = getenv("TMPDIR");
	autofree char *dir = path_join(base && *base ? base : "/var/tmp", "mesos-local-XXXXXX");

	if (!mkdtemp(dir) || chmod(dir, 0755))
		return error_sys(e, "create %s", dir);
	*ret = realpath(dir, NULL);
	return *ret ? 0 : error_sys(e, "%s", dir);
}

static int make_work_dir(struct local *l, struct error *e)
{
	struct sockaddr_un un;
	autofree char *dir = NULL, *socket = NULL;
	int r;

	if (l->flags.work_dir) {
		r = fs_mkdirs(l->flags.work_dir, 0755, e);
		if (r)
			return r;
		l->work_dir = realpath(l->flags.work_dir, NULL);
		if (!l->work_dir)
			return error_sys(e, "%s", l->flags.work_dir);
	} else {
		r = make_temporary(&l->work_dir, e);
		if (r)
			return r;
		l->temporary = true;
	}
	dir = local_runtime_dir(l, l->flags.num_agents);
	socket = path_join(dir, EXECUTOR_SOCKET_NAME);
	if (strlen(socket) >= sizeof(un.sun_path))
		return error_set(e, EINVAL, "--work_dir: %s is too long for the sockets below it",
				 l->work_dir);
	return 0;
}

static void name_children(struct local *l)
{
	l->count = l->flags.num_agents + 1;
	l->children = xcalloc(l->count, sizeof(*l->children));
	for (size_t i = 0; i < l->count; i++) {
		struct child *c = &l->children[i];

		c->name = i ? xasprintf("agent%zu", i - 1) : xstrdup("master");
		c->log = xasprintf("%s/%s.log", l->work_dir, c->name);
		c->end = i ? SIGUSR1 : SIGTERM; /* at SIGTERM an agent leaves its tasks running */
	}
	l->children[0].address = xstrdup(l->master);
}

int local_setup(struct local *l, struct error *e)
{
	int r = check_flags(l, e);

	if (!r)
		r = find_programs(l, e);
	if (!r)
		r = make_work_dir(l, e);
	if (!r)
		name_children(l);
	return r;
}

/* ---- command lines ---- */

static void add_master_args(const struct local *l, struct args *args)
{
	args_add(args, "%s/mesos-master", l->bin_dir);
	args_add(args, "--ip=%s", l->flags.ip);
	args_add(args, "--port=%llu", (unsigned long long)l->flags.port);
	args_add(args, "--work_dir=%s/master", l->work_dir);
}

/* What was given for the agents, in its text form; their defaults stay theirs. */
static void pass_on(const struct local *l, struct args *args)
{
	for (const struct field *n = local_agent_flags_schema()->fields; n->name; n++) {
		const struct field *f = schema_field(local_flags_schema(), n->name);
		autobuf struct buf value = { 0 };

		if (!f->kind->present(f, &l->flags))
			continue;
		f->kind->print(f, &l->flags, &value);
		args_add(args, "--%s=%s", f->name, buf_text(&value));
	}
}

char *local_runtime_dir(const struct local *l, size_t child)
{
	return xasprintf("%s/run%zu", l->work_dir, child - 1);
}

static void add_agent_args(const struct local *l, size_t i, struct args *args)
{
	autofree char *dir = local_runtime_dir(l, i);

	args_add(args, "%s/mesos-agent", l->bin_dir);
	args_add(args, "--master=%s", l->master);
	args_add(args, "--ip=%s", l->flags.ip);
	args_add(args, "--port=%llu", (unsigned long long)l->flags.port + i);
	args_add(args, "--work_dir=%s/%s", l->work_dir, l->children[i].name);
	args_add(args, "--runtime_dir=%s", dir);
	pass_on(l, args);
}

void local_args(const struct local *l, size_t child, struct args *ret)
{
	if (child)
		add_agent_args(l, child, ret);
	else
		add_master_args(l, ret);
	if (l->flags.launcher_dir)
		args_add(ret, "--launcher_dir=%s", l->flags.launcher_dir);
	if (l->flags.logging_level)
		args_add(ret, "--logging_level=%s", l->flags.logging_level);
}

/* ---- telling ---- */

/* "" where the shell finds our programs by their names. */
static char *shown_bin_dir(const struct local *l)
{
	const char *path = getenv("PATH");
	autofree char *list = xasprintf(":%s:", path ? path : "");
	autofree char *entry = xasprintf(":%s:", l->bin_dir);

	return strstr(list, entry) ? xstrdup("") : xasprintf("%s/", l->bin_dir);
}

void local_announce(const struct local *l)
{
	autofree char *bin = shown_bin_dir(l), *dir = local_runtime_dir(l, 1);

	printf("%zu agent%s up, everything is in %s. Ctrl-C ends it.\n\n", l->count - 1,
	       l->count == 2 ? " is" : "s are", l->work_dir);
	for (size_t i = 0; i < l->count; i++)
		printf("  %-8s http://%s  log: %s\n", l->children[i].name, l->children[i].address,
		       l->children[i].log);
	printf("\nTry next, in another terminal:\n\n"
	       "  %smesos-execute --master=%s --name=hello --resources=\"cpus:0.1;mem:64;disk:64\" "
	       "--command=\"echo hello; sleep 60\"\n"
	       "  %smesos-agentctl --runtime_dir=%s quota show\n"
	       "  curl http://%s/metrics/snapshot\n",
	       bin, l->master, bin, dir, l->children[1].address);
	fflush(stdout);
}
