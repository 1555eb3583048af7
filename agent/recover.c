/* From rows to state: tables in the order in which they need each other, then the containers. */
#include "agent/recover.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/changes.h"
#include "agent/container/cgroups.h"
#include "agent/durable.h"
#include "agent/executors.h"
#include "agent/gc.h"
#include "agent/quotas.h"
#include "agent/save.h"
#include "agent/status_hooks.h"
#include "agent/store.h"
#include "lib/fs.h"
#include "lib/ids.h"
#include "lib/log.h"
#include "lib/timer.h"

#define REBOOTED "The node was rebooted while the task was running"
/* Nobody has counted so far, and from here one can count on for ever. */
#define SEQUENCE_MAX ((uint64_t)INT64_MAX / 2)

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

	if (!id_valid(row->framework_id) || !str_equal(row->info->id, row->framework_id))
		return error_set(e, EBADMSG, "framework '%s' has no valid id, or another's",
				 row->framework_id);
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
		.limit_disk_bytes = row->limit_disk,
	};
}

static bool is_phase(const char *phase)
{
	return str_equal(phase, PHASE_PREPARING) || str_equal(phase, PHASE_HELD) ||
	       str_equal(phase, PHASE_RUNNING) || str_equal(phase, PHASE_ENDED);
}

static bool has_begun(const char *phase)
{
	return str_equal(phase, PHASE_HELD) || str_equal(phase, PHASE_RUNNING);
}

static bool absent(const char *text)
{
	return !text || !*text;
}

/* Ids become directories, pids are killed, and a token that is empty anybody could guess. */
static const char *wrong_with_executor(const struct executor_row *row)
{
	if (!id_valid(row->container_id))
		return "has no valid container id";
	if (!id_valid(row->executor_id) || !str_equal(row->info->executor_id, row->executor_id))
		return "has no valid id, or another's";
	if (!is_phase(row->phase))
		return "is in no phase that there is";
	if (absent(row->token) || (has_begun(row->phase) && absent(row->supervisor_token)))
		return "has no token";
	if (row->supervisor > INT_MAX || row->pid > INT_MAX)
		return "has a process id that is none";
	return NULL;
}

static int load_executor(void *rec, void *ctx, struct error *e)
{
	struct executor_row *row = rec;
	struct recovery *r = ctx;
	struct framework *f = framework_find(r->agent, row->framework_id);
	const char *wrong = f ? wrong_with_executor(row) : "has no framework";
	struct executor *x;

	if (wrong)
		return error_set(e, EBADMSG, "executor '%s' of container %s %s", row->executor_id,
				 row->container_id, wrong);
	x = executor_new(f, take_ptr(row->info), row->command);
	x->container_id = take_ptr(row->container_id);
	x->token = take_ptr(row->token);
	x->sandbox = take_ptr(row->sandbox);
	x->denied = take_ptr(row->disk_denied);
	x->denied_told = row->disk_denied_told || (x->denied && !row->has_disk_denied_told);
	x->override = (struct disk_override){ .set = row->has_disk_override,
					      .limit_bytes = row->disk_override };
	x->has_subscribed = row->subscribed;
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
	bool completed = row->completed || x->past;

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
	if (t->has_acknowledged && !completed)
		updates_restore_acknowledged(&r->agent->updates, x->framework->id, t->info->task_id,
					     t->acknowledged, t->acknowledged_state);
	if (completed)
		executor_restore_completed(x, t);
	else
		executor_add_task(x, t);
}

static const char *wrong_with_task(const struct executor *x, const struct task_row *row)
{
	if (!x || !str_equal(x->framework->id, row->framework_id))
		return "has no executor";
	if (!id_valid(row->task_id) || !str_equal(row->info->task_id, row->task_id))
		return "has no valid id, or another's";
	if (!row->completed && !x->past && task_find(x->framework, row->task_id))
		return "is in two containers";
	return NULL;
}

static int load_task(void *rec, void *ctx, struct error *e)
{
	struct task_row *row = rec;
	struct recovery *r = ctx;
	struct executor *x = executor_of(r, row);
	const char *wrong = wrong_with_task(x, row);

	if (wrong)
		return error_set(e, EBADMSG, "task '%s' of framework %s %s", row->task_id,
				 row->framework_id, wrong);
	restore_task(r, x, row);
	return 0;
}

static int load_update(void *rec, void *ctx, struct error *e)
{
	struct update_row *row = rec;
	struct recovery *r = ctx;
	struct update *u;

	if (row->sequence > SEQUENCE_MAX)
		return error_set(e, EBADMSG, "an update of task '%s' has a sequence that is none",
				 row->body->status->task_id);
	u = updates_restore(&r->agent->updates, take_ptr(row->body), row->sequence, now_ns());
	if (row->undecorated)
		status_hooks_hold(r->agent, u,
				  frameworks_find_task(r->agent, u->body->framework_id,
						       u->body->status->task_id),
				  true);
	return 0;
}

static int load_garbage(void *rec, void *ctx, struct error *e)
{
	struct recovery *r = ctx;

	return gc_restore(r->agent->gc, rec, e);
}

static int load_project(void *rec, void *ctx, struct error *e)
{
	struct recovery *r = ctx;
	struct projects *p = r->agent->node.projects;

	return p ? projects_restore(p, rec, e) : 0;
}

static int load_tables(struct recovery *r, struct error *e)
{
	struct store *s = r->agent->store;

	if (store_load(s, &agent_table, load_agent, r, e) ||
	    store_load(s, &framework_table, load_framework, r, e) ||
	    store_load(s, &executor_table, load_executor, r, e) ||
	    store_load(s, &task_table, load_task, r, e) ||
	    store_load(s, &update_table, load_update, r, e) ||
	    store_load(s, &garbage_table, load_garbage, r, e) ||
	    store_load(s, &project_table, load_project, r, e))
		return -e->code;
	return 0;
}

/* ---- what is past ---- */

struct ended {
	struct task *task;
	double when;
	size_t place;
};

static int by_end(const void *a, const void *b)
{
	const struct ended *x = a, *y = b;

	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

static double ended_when(const struct task *t)
{
	return t->statuses_count ? t->statuses[t->statuses_count - 1].timestamp : 0;
}

/* Rows come in the order of the launches; who ended first is forgotten first. */
static void order_history(struct task_history *history)
{
	autofree struct ended *list = NULL;
	struct task *t;
	size_t n = 0;

	list_for_each(t, &history->tasks, past)
		n++;
	list = xcalloc(n, sizeof(*list));
	n = 0;
	list_for_each(t, &history->tasks, past) {
		list[n] = (struct ended){ .task = t, .when = ended_when(t), .place = n };
		n++;
	}
	if (n)
		qsort(list, n, sizeof(*list), by_end);
	for (size_t i = 0; i < n; i++) {
		list_remove(&list[i].task->past);
		list_append(&history->tasks, &list[i].task->past);
		list_remove(&list[i].task->node);
		list_append(&list[i].task->executor->completed, &list[i].task->node);
	}
}

/* ---- what becomes of each container ---- */

/* The end was stored before it was acted upon to the last: acted upon once more. */
static void bury(struct executor *x)
{
	x->state = EXECUTOR_TERMINATED;
	executor_lose_tasks(x, REASON_AGENT_RESTARTED, "The agent stopped while the task ended");
}

/* It has nothing to run, and has run nothing. */
static void drop(struct executor *x)
{
	x->state = EXECUTOR_TERMINATED;
	save_executor(x);
}

static void lose_to_reboot(struct executor *x)
{
	x->state = EXECUTOR_TERMINATED;
	executor_lose_tasks(x, REASON_AGENT_RESTARTED, REBOOTED);
	save_executor(x);
}

static bool unbegun(const struct recovery *r, const struct found *f)
{
	return !f->executor->past && !r->rebooted && str_equal(f->phase, PHASE_PREPARING);
}

/* The container of a command is its task: without that, nobody would ever hear of it. */
static bool pointless(const struct found *f)
{
	return f->executor->command && executor_idle(f->executor);
}

/*
 * First of all, so that what it left in its old sandbox can make room for the new one. A supervisor
 * that holds its init learns at its next knock that nobody knows it, and ends.
 */
static void rename_unbegun(struct recovery *r)
{
	for (size_t i = 0; i < r->found_count; i++) {
		const struct found *f = &r->found[i];

		if (!unbegun(r, f) || pointless(f))
			continue;
		log_info("executor %s: container %s was not begun, launching it anew",
			 f->executor->info->executor_id, f->executor->container_id);
		executor_rename_container(f->executor);
	}
}

static void launch_anew(struct found *f)
{
	struct executor *x = f->executor;
	struct task *t;

	list_for_each(t, &x->tasks, node)
		t->queued = !x->command;
	executor_launch(x);
	if (f->terminating)
		executor_shutdown(x, NULL);
	executor_resume_kill(x);
}

static void adopt(struct found *f)
{
	struct executor *x = f->executor;

	x->state = x->command && f->past.running ? EXECUTOR_RUNNING : EXECUTOR_REGISTERING;
	executor_adopt(x, &f->past);
	if (!x->command)
		executor_await_subscription(x);
	if (f->terminating || pointless(f))
		executor_shutdown(x, NULL);
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
	else if (unbegun(r, f) && pointless(f))
		drop(f->executor);
	else if (unbegun(r, f))
		launch_anew(f);
	else
		adopt(f);
}

/* Its framework waits for an end, and nothing that would tell it was stored. */
static void repeat_ends(struct agent *a, struct executor *x)
{
	enum task_state first;
	struct task *t;

	list_for_each(t, &x->tasks, node)
		if (task_terminal(t->state) &&
		    !updates_pending(&a->updates, x->framework->id, t->info->task_id, &first))
			agent_repeat_end(a, t);
}

static void settle_all(struct recovery *r)
{
	struct agent *a = r->agent;
	struct framework *f, *next;
	struct executor *x;

	HASH_ITER(hh, a->frameworks, f, next)
		list_for_each(x, &f->executors, node)
			if (!f->terminating)
				repeat_ends(a, x);
	for (size_t i = 0; i < r->found_count; i++)
		settle(r, &r->found[i]);
	HASH_ITER(hh, a->frameworks, f, next) {
		list_for_each(x, &f->executors, node)
			if (f->terminating)
				executor_shutdown(x, NULL);
		framework_sweep(f);
	}
}

/* ---- what nobody knows ---- */

static bool has_container(const struct list *executors, const char *container_id)
{
	struct executor *x;

	list_for_each(x, executors, node)
		if (str_equal(x->container_id, container_id))
			return true;
	return false;
}

/* It has a row, be it of the past: a record that could not be removed then is no stranger's. */
static bool has_row(const struct agent *a, const char *container_id)
{
	struct framework *f, *next;

	HASH_ITER(hh, a->frameworks, f, next)
		if (has_container(&f->executors, container_id) ||
		    has_container(&f->completed_executors, container_id))
			return true;
	list_for_each(f, &a->completed_frameworks, node)
		if (has_container(&f->completed_executors, container_id))
			return true;
	return false;
}

static bool is_known(const struct agent *a, const char *container_id)
{
	return executor_by_container(a, container_id) != NULL;
}

static bool known(const char *container_id, void *ctx)
{
	return is_known(ctx, container_id);
}

/* Its record is the only one that says how it ended. */
static bool awaited(const struct agent *a, const char *container_id)
{
	const struct executor *x = executor_by_container(a, container_id);

	return x && x->container;
}

/* The number of records whose containers are not of those; they are removed at wish. */
static size_t other_records(const struct agent *a,
			    bool (*these)(const struct agent *a, const char *container_id),
			    bool and_remove)
{
	DIR *dir = opendir(a->records_dir);
	struct dirent *d;
	size_t n = 0;

	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.' || these(a, d->d_name))
			continue;
		n++;
		if (and_remove)
			unlinkat(dirfd(dir), d->d_name, 0);
	}
	if (dir)
		closedir(dir);
	return n;
}

/*
 * What was left out, or is of a store before this one, may run: its supervisor waits for an agent
 * that knows it, its sandbox is its own, and its record says how it ends. All that is over when the
 * time of such waiting is.
 */
static bool strangers_may_run(const struct recovery *r)
{
	return !r->before.name || r->agent->metrics.recovery_errors > 0 ||
	       (!r->rebooted && other_records(r->agent, has_row, false) > 0);
}

/* Sandboxes and processes of what nobody knows. */
static void find_strays(struct agent *a)
{
	gc_find_strays(a->gc, known, a);
	cgroups_find_strays(&a->node, known, a);
}

static int on_strangers_over(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct agent *a = arg;

	find_strays(a);
	other_records(a, is_known, true);
	return 0;
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
	autofree char *fresh = agent_fresh_store(a);

	if (r->found_count && !r->before.name)
		return error_set(
			e, EBADMSG,
			"store %s/agent.db has containers, but no row that says whose they are: %s",
			a->store_dir, fresh);
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
	bool strangers;

	if (load_tables(&r, e) || identify(&r, e) || quotas_recover(a, e))
		return -e->code;
	save_agent(a);
	order_history(&a->history);
	strangers = strangers_may_run(&r);
	rename_unbegun(&r);
	if (strangers)
		timer_set(a->loop, &a->strangers_timer, a->flags.recovery_timeout,
			  on_strangers_over, a);
	else
		find_strays(a);
	settle_all(&r);
	if (!strangers)
		other_records(a, awaited, true);
	summarise(&r);
	return 0;
}
