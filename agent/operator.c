/* What mesos-agentctl asks: answers made from the agent's state. */
#include "agent/operator.h"

#include "agent/agent.h"
#include "agent/master.h"
#include "agent/quotas.h"
#include "agent/settings.h"
#include "lib/version.h"

/* Only the agent's own user and root may ask; the permissions of the socket say so too. */
static int on_greeted(struct peer *p, const struct hello *hello unused, struct error *e)
{
	const struct ucred *cred = stream_cred(peer_stream(p));

	if (cred && (cred->uid == 0 || cred->uid == geteuid()))
		return 0;
	return error_set(e, EACCES, "only root and the agent's own user may ask");
}

static void on_closed(struct peer *p, const char *why unused)
{
	settings_forget(agent_of_peer(p), p);
}

static char *printed(const struct resources *r)
{
	struct buf text = { 0 };

	resources_print(r, &text);
	return buf_take(&text);
}

static char *used_resources(const struct agent *a)
{
	autoresources struct resources used = { 0 };

	agent_used(a, &used);
	return printed(&used);
}

static void count(struct agent *a, struct answer_status *s)
{
	struct framework *f, *next;
	struct executor *x;
	struct task *t;

	s->has_containers = s->has_tasks = true;
	HASH_ITER(hh, a->frameworks, f, next)
		list_for_each(x, &f->executors, node) {
			s->containers += x->container != NULL;
			list_for_each(t, &x->tasks, node)
				s->tasks += !task_terminal(t->state);
		}
}

static void on_status(struct peer *p, struct message *m unused)
{
	struct agent *a = agent_of_peer(p);
	autofree char *total = printed(&a->total), *used_text = used_resources(a);
	autofree char *address = agent_endpoint(a);
	struct answer_status s = {
		.version = (char[]){ MESOS_VERSION },
		.pid = (uint64_t)getpid(),
		.has_pid = true,
		.agent_id = a->id,
		.hostname = a->info.hostname,
		.address = address,
		.master = (char *)(uintptr_t)master_address(a->master),
		.registered = master_registered(a->master),
		.has_registered = true,
		.uptime_seconds = ns_seconds(now_ns() - a->started_ns),
		.has_uptime_seconds = true,
		.work_dir = a->flags.work_dir,
		.isolation = a->flags.isolation,
		.enforce_container_disk_quota = quotas_wanted(a),
		.has_enforce_container_disk_quota = true,
		.resources = total,
		.used_resources = used_text,
	};

	count(a, &s);
	peer_send(p, ANSWER_STATUS, NULL, NULL, &s);
}

/* Ids of the tasks alive in an executor, or of the command task it is; the strings are borrowed. */
static char **task_ids(const struct executor *x, size_t *ret)
{
	char **ids = NULL;
	struct task *t;

	*ret = 0;
	if (x->command) {
		ids = xcalloc(1, sizeof(*ids));
		ids[(*ret)++] = x->info->executor_id;
		return ids;
	}
	list_for_each(t, &x->tasks, node) {
		if (task_terminal(t->state))
			continue;
		ids = xreallocarray(ids, *ret + 1, sizeof(*ids));
		ids[(*ret)++] = t->info->task_id;
	}
	return ids;
}

static void add_labels(struct container_state *s, const struct labels *labels)
{
	size_t n = labels ? labels->labels_count : 0;

	s->labels = xreallocarray(s->labels, s->labels_count + n, sizeof(*s->labels));
	for (size_t i = 0; i < n; i++)
		s->labels[s->labels_count++] = labels->labels[i];
}

/* The strings are borrowed. A command task has given its labels to its executor. */
static void collect_labels(const struct executor *x, struct container_state *s)
{
	struct task *t;

	add_labels(s, x->info->labels);
	if (x->command)
		return;
	list_for_each(t, &x->tasks, node)
		if (!task_terminal(t->state))
			add_labels(s, t->info->labels);
}

static struct container_state describe(const struct container *c)
{
	const struct executor *x = c->owner;
	struct container_state s = {
		.container_id = c->id,
		.framework_id = x->framework->id,
		.framework_name = x->framework->info->name,
		.executor_id = x->info->executor_id,
		.state = (char *)(uintptr_t)container_phase_name(c->phase),
		.pid = (uint64_t)c->pid,
		.has_pid = c->pid > 0,
		.user = c->user,
		.sandbox = c->sandbox,
		.started = ns_seconds(c->started_wall_ns),
		.has_started = true,
		.resources = printed(&c->resources),
	};

	s.task_ids = task_ids(x, &s.task_ids_count);
	collect_labels(x, &s);
	return s;
}

static void on_containers(struct peer *p, struct message *m unused)
{
	struct agent *a = agent_of_peer(p);
	struct answer_containers answer = { .containers_count = 0 };
	struct container *c;

	list_for_each(c, &a->node.containers, node_entry) {
		size_t n = answer.containers_count;

		if (c->phase == CONTAINER_ENDED)
			continue;
		answer.containers =
			xreallocarray(answer.containers, n + 1, sizeof(*answer.containers));
		answer.containers[n] = describe(c);
		answer.containers_count = n + 1;
	}
	peer_send(p, ANSWER_CONTAINERS, NULL, NULL, &answer);
	for (size_t i = 0; i < answer.containers_count; i++) {
		free(answer.containers[i].resources);
		free(answer.containers[i].task_ids);
		free(answer.containers[i].labels);
	}
	free(answer.containers);
}

static enum disk_state disk_state(const struct agent *a, const struct executor *x)
{
	const struct ledger *l = executor_disk(x);
	struct disk_facts f = ledger_facts(l);

	f.ended = !x->container;
	f.in_vain = (l->limits.hard_bytes || l->limits.hard_inodes) && quotas_unenforced(a);
	return disk_state_of(&f);
}

static struct quota_state describe_quota(const struct agent *a, const struct executor *x)
{
	const struct ledger *l = executor_disk(x);
	bool measured = ledger_known(l), quota = l->filesystem != NULL;
	double full_in = ledger_full_in_seconds(l);
	struct quota_state s = {
		.container_id = x->container_id,
		.framework_id = x->framework->id,
		.executor_id = x->info->executor_id,
		.limit_bytes = l->limit_bytes,
		.has_limit_bytes = l->has_limit,
		.used_bytes = l->used.bytes,
		.has_used_bytes = measured,
		.percent = ledger_percent(l),
		.has_percent = measured && l->has_limit,
		.witness = (char *)(uintptr_t)witness_name(l->used.witness),
		.measured = ns_seconds(l->used.wall_ns),
		.has_measured = measured,
		.age_seconds = ns_seconds(now_ns() - l->used.ns),
		.has_age_seconds = measured,
		.missed = l->used.missed,
		.has_missed = measured,
		.state = disk_state(a, x),
		.has_state = true,
		.filesystem = (char *)(uintptr_t)l->filesystem,
		.project = l->project,
		.has_project = quota,
		.soft_bytes = l->limits.soft_bytes,
		.has_soft_bytes = quota && l->limits.soft_bytes,
		.hard_bytes = l->limits.hard_bytes,
		.has_hard_bytes = quota && l->limits.hard_bytes,
		.inodes = l->used.inodes,
		.has_inodes = measured,
		.inodes_limit = l->limits.hard_inodes,
		.has_inodes_limit = quota && l->limits.hard_inodes,
		.scanned_bytes = l->scanned.bytes,
		.has_scanned_bytes = l->scanned.witness != WITNESS_NONE,
		.disputed = l->disputed,
		.has_disputed = l->disputed,
		.growth_bytes_per_minute = l->growth_bytes_per_second * 60,
		.has_growth_bytes_per_minute = l->has_growth && x->container,
		.full_in_seconds = full_in,
		.has_full_in_seconds = full_in >= 0 && x->container,
		.override = x->override.set,
		.has_override = x->override.set,
	};

	s.task_ids = task_ids(x, &s.task_ids_count);
	return s;
}

static void add_quota(struct answer_quota *answer, const struct agent *a, const struct executor *x)
{
	size_t n = answer->containers_count;

	answer->containers = xreallocarray(answer->containers, n + 1, sizeof(*answer->containers));
	answer->containers[n] = describe_quota(a, x);
	answer->containers_count = n + 1;
}

/*
 * What lives, then what ended last: how a task that was killed had used its disk is worth a look.
 */
static void on_quota(struct peer *p, struct message *m unused)
{
	struct agent *a = agent_of_peer(p);
	struct answer_quota answer = {
		.enforced = quotas_wanted(a),
		.has_enforced = true,
	};
	struct container *c;
	struct executor *x;

	list_for_each(c, &a->node.containers, node_entry)
		if (c->phase != CONTAINER_ENDED)
			add_quota(&answer, a, c->owner);
	list_for_each(x, &a->recent, recent)
		add_quota(&answer, a, x);
	peer_send(p, ANSWER_QUOTA, NULL, NULL, &answer);
	for (size_t i = 0; i < answer.containers_count; i++)
		free(answer.containers[i].task_ids);
	free(answer.containers);
}

static void on_modules(struct peer *p, struct message *m unused)
{
	struct answer_modules answer;

	hooks_list_modules(agent_of_peer(p)->hooks, &answer);
	peer_send(p, ANSWER_MODULES, NULL, NULL, &answer);
	hooks_forget_modules(&answer);
}

static void on_set_quota(struct peer *p, struct message *m)
{
	settings_set_quota(agent_of_peer(p), p, m->body);
}

const struct peer_protocol operator_protocol = {
	.role = PEER_OPERATOR,
	.hears = LANGUAGE_QUERY,
	.line_max = LINE_MAX_BYTES,
	.verbs =
		(const struct peer_verb[]){
			{ QUERY_STATUS, PEER_GREETED, on_status },
			{ QUERY_CONTAINERS, PEER_GREETED, on_containers },
			{ QUERY_QUOTA, PEER_GREETED, on_quota },
			{ QUERY_MODULES, PEER_GREETED, on_modules },
			{ QUERY_SET_QUOTA, PEER_GREETED, on_set_quota },
			{ .fn = NULL },
		},
	.greeted = on_greeted,
	.closed = on_closed,
};
