/* From rows to state: tables in the order in which they need each other, then the containers. */
#include "agent/recover.h"

#include <dirent.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/changes.h"
#include "agent/executors.h"
#include "agent/gc.h"
#include "agent/save.h"
#include "agent/store.h"
#include "lib/fs.h"
#include "lib/ids.h"
#include "lib/log.h"

#define REBOOTED "The node was rebooted while the task was running"

/* An executor between its row and what becomes of it. */
struct found {
	struct executor *executor;
	struct container_past past;
	char *token, *message; /* what past points to */
	char phase[16];
	bool terminating;
};

struct recovery {
	struct agent *agent;
	bool rebooted;
	struct found *found;
	size_t found_count;
	struct agent_row before; /* who we were */
};

/* ---- rows ---- */

static int load_agent(void *rec, void *ctx, struct error *e unused)
{
	struct recovery *r = ctx;

	schema_copy_into(agent_row_schema(), &r->before, rec);
	return 0;
}

static int load_framework(void *rec, void *ctx, struct error *e)
{
	struct framework_row *row = rec;
	struct recovery *r = ctx;
	struct framework *f;

	if (!row->info->id || !id_valid(row->info->id))
		return error_set(e, EBADMSG, "framework '%s' has no valid id", row->framework_id);
	f = framework_restore(r->agent, take_ptr(row->info));
	f->terminating = row->terminating;
	f->completed = row->completed;
	return 0;
}

static char *take_text(char **text)
{
	return *text ? take_ptr(*text) : xstrdup("");
}

static void remember_container(struct recovery *r, struct executor *x, struct executor_row *row)
{
	struct found *f;

	r->found = xreallocarray(r->found, r->found_count + 1, sizeof(*r->found));
	f = &r->found[r->found_count++];
	*f = (struct found){
		.executor = x,
		.token = take_text(&row->supervisor_token),
		.message = row->has_limit_reason ? take_text(&row->limit_message) : NULL,
		.terminating = row->terminating,
	};
	snprintf(f->phase, sizeof(f->phase), "%s", row->phase);
	f->past = (struct container_past){
		.token = f->token,
		.supervisor = (pid_t)row->supervisor,
		.supervisor_start = row->supervisor_start,
		.pid = (pid_t)row->pid,
		.pid_start = row->pid_start,
		.running = str_equal(row->phase, PHASE_RUNNING),
		.started_wall_ns = row->started,
		.reason = row->limit_reason,
		.message = f->message,
	};
}

static int load_executor(void *rec, void *ctx, struct error *e)
{
	struct executor_row *row = rec;
	struct recovery *r = ctx;
	struct framework *f = framework_find(r->agent, row->framework_id);
	struct executor *x;

	if (!f || !id_valid(row->executor_id))
		return error_set(e, EBADMSG, "executor '%s' of container %s has no framework",
				 row->executor_id, row->container_id);
	x = executor_new(f, take_ptr(row->info), row->command);
	x->container_id = take_ptr(row->container_id);
	x->token = take_ptr(row->token);
	x->sandbox = take_ptr(row->sandbox);
	x->past = row->completed;
	if (x->past)
		executor_restore_past(x);
	remember_container(r, x, row);
	return 0;
}

static struct executor *executor_of(struct recovery *r, const struct task_row *row)
{
	for (size_t i = r->found_count; i-- > 0;)
		if (str_equal(r->found[i].executor->container_id, row->container_id))
			return r->found[i].executor;
	return NULL;
}

static void restore_task(struct recovery *r, struct executor *x, struct task_row *row)
{
	struct task *t = task_new(x, take_ptr(row->info));

	t->state = row->state;
	t->statuses = take_ptr(row->statuses);
	t->statuses_count = row->statuses_count;
	row->statuses_count = 0;
	t->killed = row->killed;
	t->kill_grace_ns = row->kill_grace;
	t->has_kill_grace = row->has_kill_grace;
	t->has_acknowledged = row->has_acknowledged;
	memcpy(t->acknowledged, row->acknowledged, sizeof(t->acknowledged));
	t->acknowledged_state = row->acknowledged_state;
	if (t->has_acknowledged)
		updates_restore_acknowledged(&r->agent->updates, x->framework->id, t->info->task_id,
					     t->acknowledged, t->acknowledged_state);
	if (row->completed)
		executor_restore_completed(x, t);
	else
		executor_add_task(x, t);
}

static int load_task(void *rec, void *ctx, struct error *e)
{
	struct task_row *row = rec;
	struct recovery *r = ctx;
	struct executor *x = executor_of(r, row);

	if (!x || !str_equal(x->framework->id, row->framework_id))
		return error_set(e, EBADMSG, "task '%s' of framework %s has no executor",
				 row->task_id, row->framework_id);
	restore_task(r, x, row);
	return 0;
}

static int load_update(void *rec, void *ctx, struct error *e unused)
{
	struct update_row *row = rec;
	struct recovery *r = ctx;

	updates_restore(&r->agent->updates, take_ptr(row->body), row->sequence, now_ns());
	return 0;
}

static int load_garbage(void *rec, void *ctx, struct error *e)
{
	struct recovery *r = ctx;

	return gc_restore(r->agent->gc, rec, e);
}

static int load_tables(struct recovery *r, struct error *e)
{
	struct store *s = r->agent->store;

	if (store_load(s, &agent_table, load_agent, r, e) ||
	    store_load(s, &framework_table, load_framework, r, e) ||
	    store_load(s, &executor_table, load_executor, r, e) ||
	    store_load(s, &task_table, load_task, r, e) ||
	    store_load(s, &update_table, load_update, r, e) ||
	    store_load(s, &garbage_table, load_garbage, r, e))
		return -e->code;
	return 0;
}

/* ---- what becomes of each container ---- */

/* The end was stored before it was acted upon to the last: acted upon once more. */
static void bury(struct executor *x)
{
	x->state = EXECUTOR_TERMINATED;
	executor_lose_tasks(x, REASON_AGENT_RESTARTED, "The agent stopped while the task ended");
}

static void lose_to_reboot(struct executor *x)
{
	x->state = EXECUTOR_TERMINATED;
	executor_lose_tasks(x, REASON_AGENT_RESTARTED, REBOOTED);
	save_executor(x);
}

/* Nothing of it has run; a supervisor that holds its init is told so when it knocks. */
static void launch_anew(struct recovery *r, struct found *f)
{
	struct container_node *node = &r->agent->node;
	struct executor *x = f->executor;
	struct task *t;

	log_info("executor %s: container %s was not begun, launching it anew", x->info->executor_id,
		 x->container_id);
	node->stale_tokens = xreallocarray(node->stale_tokens, node->stale_tokens_count + 1,
					   sizeof(*node->stale_tokens));
	node->stale_tokens[node->stale_tokens_count++] = take_ptr(f->token);
	executor_rename_container(x);
	list_for_each(t, &x->tasks, node)
		t->queued = !x->command;
	executor_launch(x);
	if (f->terminating)
		executor_shutdown(x);
	executor_resume_kill(x);
}

static void adopt(struct found *f)
{
	struct executor *x = f->executor;

	x->state = x->command && f->past.running ? EXECUTOR_RUNNING : EXECUTOR_REGISTERING;
	executor_adopt(x, &f->past);
	if (!x->command)
		executor_await_subscription(x);
	if (f->terminating)
		executor_shutdown(x);
	executor_resume_kill(x);
}

static void settle(struct recovery *r, struct found *f)
{
	if (f->executor->past)
		return;
	if (str_equal(f->phase, PHASE_ENDED))
		bury(f->executor);
	else if (r->rebooted)
		lose_to_reboot(f->executor);
	else if (str_equal(f->phase, PHASE_PREPARING))
		launch_anew(r, f);
	else
		adopt(f);
}

static void settle_all(struct recovery *r)
{
	struct agent *a = r->agent;
	struct framework *f, *next;
	struct executor *x;

	for (size_t i = 0; i < r->found_count; i++)
		settle(r, &r->found[i]);
	HASH_ITER(hh, a->frameworks, f, next) {
		list_for_each(x, &f->executors, node)
			if (f->terminating)
				executor_shutdown(x);
		framework_sweep(f);
	}
}

/* ---- what nobody knows ---- */

static bool known(const char *container_id, void *ctx)
{
	return executor_by_container(ctx, container_id) != NULL;
}

static bool awaited(const struct agent *a, const char *container_id)
{
	const struct executor *x = executor_by_container(a, container_id);

	return x && x->container;
}

/* Records of containers that are not ours to wait for any more. */
static void sweep_records(struct agent *a)
{
	DIR *dir = opendir(a->records_dir);
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.' && !awaited(a, d->d_name))
			unlinkat(dirfd(dir), d->d_name, 0);
	if (dir)
		closedir(dir);
}

/* ---- who we are ---- */

static void become(struct recovery *r)
{
	struct agent *a = r->agent;

	a->id = take_ptr(r->before.agent_id);
	a->info.id = a->id;
	a->epoch = r->before.epoch;
	r->rebooted = r->before.boot_id && strcmp(r->before.boot_id, a->boot_id) != 0;
	if (r->rebooted)
		log_warning("recovery: the node was rebooted; what ran here is lost");
}

static int identify(struct recovery *r, struct error *e)
{
	struct agent *a = r->agent;

	if (r->found_count && !r->before.name)
		return error_set(
			e, EBADMSG,
			"store %s has containers, but no row that says whose they are: move it "
			"away and start again; they then end by themselves",
			a->store_dir);
	become(r);
	if (!a->id || str_equal(a->flags.recover, RECOVER_CLEANUP))
		return 0;
	return changes_accept(a, &r->before, r->rebooted, e);
}

static void summarise(const struct recovery *r)
{
	log_info("recovery: agent=%s containers=%zu updates=%zu errors=%.0f",
		 r->agent->id ? r->agent->id : "none", r->found_count,
		 r->agent->updates.queue_count, r->agent->metrics.recovery_errors);
}

static void recovery_fini(struct recovery *r)
{
	for (size_t i = 0; i < r->found_count; i++) {
		free(r->found[i].token);
		free(r->found[i].message);
	}
	free(r->found);
	schema_clear(agent_row_schema(), &r->before);
}

int agent_recover(struct agent *a, struct error *e)
{
	cleanup(recovery_fini) struct recovery r = { .agent = a };

	if (load_tables(&r, e) || identify(&r, e))
		return -e->code;
	save_agent(a);
	settle_all(&r);
	gc_find_strays(a->gc, known, a);
	sweep_records(a);
	summarise(&r);
	return 0;
}
