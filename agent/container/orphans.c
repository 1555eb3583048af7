/* Finding, stopping, killing and reaping what lost its supervisor. */
#include "agent/container/orphans.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/log.h"
#include "lib/tree.h"

#define ROUNDS_MAX 64 /* until nothing new is born; the timer goes on after that */
#define AGAIN_USEC 20000

int orphans_adopt(struct error *e)
{
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return error_sys(e, "become the parent of orphans");
	return 0;
}

static bool is_supervisor(const struct container_node *node, pid_t pid)
{
	struct container *c;

	list_for_each(c, &node->containers, node_entry)
		if (c->child && c->supervisor == pid)
			return true;
	return false;
}

static const struct process *find(const struct tree *tree, pid_t pid)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->list[i].pid == pid)
			return &tree->list[i];
	return NULL;
}

/* Whether the ancestor of p that is our child has no container. */
static bool orphaned(const struct container_node *node, const struct tree *tree,
		     const struct process *p)
{
	while (p && p->parent != tree->root)
		p = find(tree, p->parent);
	return p && !is_supervisor(node, p->pid);
}

/* Signals every orphan; the number of those there are. */
static size_t signal_orphans(const struct container_node *node, struct tree *tree, int sig)
{
	size_t n = 0;

	tree_find(tree);
	for (size_t i = 0; i < tree->count; i++) {
		if (!orphaned(node, tree, &tree->list[i]))
			continue;
		n++;
		if (kill(tree->list[i].pid, sig) && errno != ESRCH)
			log_warning("orphan pid=%d: cannot be signalled: %s",
				    (int)tree->list[i].pid, strerror(errno));
		if (tree->list[i].parent == tree->root)
			waitpid(tree->list[i].pid, NULL, WNOHANG);
	}
	return n;
}

/* Stopped first, so that a fork bomb finds nobody to refill it. True while some are left. */
static bool pass(struct container_node *node)
{
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t before = 0, now;
	struct tree tree;

	if (proc < 0)
		return true;
	tree_init(&tree, proc, getpid());
	for (int i = 0; i < ROUNDS_MAX; i++) {
		now = signal_orphans(node, &tree, SIGSTOP);
		if (now == before)
			break;
		before = now;
	}
	now = signal_orphans(node, &tree, SIGKILL);
	tree_fini(&tree);
	return now > 0;
}

static int on_timer(sd_event_source *source, uint64_t usec unused, void *arg)
{
	struct container_node *node = arg;

	if (pass(node)) {
		sd_event_source_set_time_relative(source, AGAIN_USEC);
		sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	} else {
		node->orphan_timer = sd_event_source_disable_unref(node->orphan_timer);
		node->ops->idle(node);
	}
	return 0;
}

void orphans_kill(struct container_node *node)
{
	if (pass(node) && !node->orphan_timer &&
	    sd_event_add_time_relative(node->loop, &node->orphan_timer, CLOCK_MONOTONIC, AGAIN_USEC,
				       0, on_timer, node) < 0)
		log_error("orphans: cannot set a timer to reap them");
}
