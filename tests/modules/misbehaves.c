/*
 * A hook that misbehaves for tasks whose id says how: "segv-1" or "sleep-a" do, any other gets the
 * label "behaved". With the parameter `how` it does so for all.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <unistd.h>

#include <mesos/hook.h>

#define MANY 4096
/* Longer than anybody waits. */
#define UNDYING_SECONDS 600

static int sleeps(struct mesos_labels *l)
{
	(void)l;
	while (pause())
		;
	return 0;
}

static int loops(struct mesos_labels *l)
{
	volatile bool on = true;

	(void)l;
	while (on)
		;
	return 0;
}

static int segv(struct mesos_labels *l)
{
	(void)l;
	return raise(SIGSEGV);
}

static int aborts(struct mesos_labels *l)
{
	(void)l;
	abort();
}

static int exits(struct mesos_labels *l)
{
	(void)l;
	exit(0);
}

/*
 * Beyond what it was given, over all that belongs to the host, up to where nothing is: volatile, or
 * the compiler would see it.
 */
static int heap(struct mesos_labels *l)
{
	volatile char *volatile mine = malloc(16);

	(void)l;
	for (size_t i = 0; i < SIZE_MAX; i++)
		mine[i] = 'x';
	return 0;
}

/* A little with each call. */
static int leaks(struct mesos_labels *l)
{
	size_t size = 16 << 20;
	char *volatile lost = malloc(size);

	if (!lost)
		return mesos_fail("out of memory");
	for (size_t i = 0; i < size; i += MANY)
		((volatile char *)lost)[i] = 1;
	return mesos_labels_add(l, "leaked", NULL);
}

/* All in one. */
static int devours(struct mesos_labels *l)
{
	while (!leaks(l))
		;
	abort();
}

static int not_utf8(struct mesos_labels *l)
{
	return mesos_labels_add(l, "key", "\xff\xfe");
}

/* Whoever does not look whether something was refused. */
static int careless(struct mesos_labels *l)
{
	mesos_labels_add(l, "key", "\xff\xfe");
	mesos_labels_add(l, "", "no key");
	mesos_labels_add(NULL, NULL, NULL);
	return mesos_labels_add(l, "careless", NULL);
}

static int huge(struct mesos_labels *l)
{
	char value[MANY];

	memset(value, 'v', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < MANY; i++)
		if (mesos_labels_add(l, "huge", value))
			return -1;
	return 0;
}

/* The socket to the daemon, of which modules should know nothing. */
static int says(const char *line)
{
	return write(3, line, strlen(line)) < 0;
}

static int junk(struct mesos_labels *l)
{
	(void)l;
	return says("junk\n");
}

/* A result that is right, then the host's own. */
static int forges(struct mesos_labels *l)
{
	(void)l;
	return says("{\"type\":\"RESULT\",\"result\":{}}\n");
}

static int shuts(struct mesos_labels *l)
{
	(void)l;
	close(3);
	return sleeps(l);
}

/* A child that lives on with the socket, and the host dies. */
static int forks(struct mesos_labels *l)
{
	if (fork() == 0)
		sleeps(l);
	abort();
}

/*
 * A child in a session of its own that holds it as a tracer: once it is killed, the kernel tells
 * that one of its end and not the daemon, as if it waited for a filesystem that does not answer.
 */
static int undying(struct mesos_labels *l)
{
	int held[2];
	char byte;

	if (pipe(held))
		return mesos_fail("no pipe");
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	if (fork() == 0) {
		setsid();
		prctl(PR_SET_NAME, "undying");
		if (ptrace(PTRACE_SEIZE, getppid(), NULL, NULL))
			_exit(1);
		close(held[0]);
		close(held[1]);
		sleep(UNDYING_SECONDS);
		_exit(0);
	}
	close(held[1]);
	while (read(held[0], &byte, 1) < 0)
		;
	return sleeps(l);
}

static const struct {
	const char *name;
	int (*fn)(struct mesos_labels *l);
} ways[] = {
	{ "sleep", sleeps },  { "loop", loops },        { "segv", segv },  { "abort", aborts },
	{ "exit", exits },    { "heap", heap },         { "leak", leaks }, { "devour", devours },
	{ "utf8", not_utf8 }, { "careless", careless }, { "huge", huge },  { "junk", junk },
	{ "forge", forges },  { "shut", shuts },        { "fork", forks }, { "undying", undying },
};
#define WAYS (sizeof(ways) / sizeof(*ways))

typedef int way(struct mesos_labels *l);

/* What a text begins with, up to a '-' or its end; NULL: nothing of that. */
static way *find_way(const char *text)
{
	size_t n = text ? strcspn(text, "-") : 0;

	for (size_t i = 0; text && i < WAYS; i++)
		if (strlen(ways[i].name) == n && !strncmp(ways[i].name, text, n))
			return ways[i].fn;
	return NULL;
}

struct hook {
	way *always; /* NULL: the task says */
};

static int decorate(void *self, const struct mesos_event *e, struct mesos_labels *labels)
{
	const struct hook *h = self;
	way *fn = h->always ? h->always : find_way(mesos_task_id(mesos_event_task(e)));

	return fn ? fn(labels) : mesos_labels_add(labels, "behaved", NULL);
}

static void *create(const struct mesos_parameters *parameters)
{
	const char *how = mesos_parameter(parameters, "how");
	struct hook *h = calloc(1, sizeof(*h));

	if (h && how)
		h->always = find_way(how);
	if (!h || (how && !h->always)) {
		mesos_fail("parameter 'how': '%s' is none of its ways", how);
		free(h);
		return NULL;
	}
	return h;
}

static bool compatible(void)
{
	return true;
}

static const struct mesos_hook hook = {
	.size = sizeof(hook),
	.abi = MESOS_MODULE_ABI,
	.master_launch_task_label_decorator = decorate,
	.slave_run_task_label_decorator = decorate,
	.slave_task_status_label_decorator = decorate,
};

MESOS_MODULE(org_example_misbehaves) = {
	MESOS_MODULE_BEGIN,
	.kind = MESOS_HOOK_KIND,
	.author_name = "An Author",
	.author_email = "author@example.org",
	.description = "Misbehaves.",
	.compatible = compatible,
	.functions = &hook,
	.create = create,
	.destroy = free,
};
