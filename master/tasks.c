/* The one door through which a task moves, and who is charged for what. */
#include "master/tasks.h"

#include "lib/labels.h"
#include "lib/log.h"
#include "master/agents.h"
#include "master/frameworks.h"
#include "master/launch.h"
#include "master/updates.h"

/* A longer message of an end is not kept. */
#define LAST_WORDS_MAX_BYTES 4096

#define COUNTER_OF(member) offsetof(struct master_metrics, member)

/* uptime is the first metric and no counter, so that 0 can stand for none. */
static const size_t counters[] = {
	[TASK_STARTING] = COUNTER_OF(tasks_started), [TASK_FINISHED] = COUNTER_OF(tasks_finished),
	[TASK_FAILED] = COUNTER_OF(tasks_failed),    [TASK_KILLED] = COUNTER_OF(tasks_killed),
	[TASK_LOST] = COUNTER_OF(tasks_lost),        [TASK_ERROR] = COUNTER_OF(tasks_error),
};

static void count(struct master *m, enum task_state state)
{
	size_t counter = state < ARRAY_SIZE(counters) ? counters[state] : 0;

	if (counter)
		*(double *)(void *)((char *)&m->metrics + counter) += 1;
}

/* What runs on an agent is charged twice: in the allocator's books and in the agent's. */
static void release(struct framework *f, struct agent *a, const struct resources *r)
{
	resources_subtract(&a->used, r);
	allocator_recover(f->master->allocator, f->share, a->pool, r, 0, now_ns());
}

/*
 * What an agent brings with it was allocated by a master that is gone, so the allocator
 * has to be told. An agent that claims more than it has, or one thing for two tasks, is
 * believed nothing: what is charged twice could not be given back twice.
 */
static bool charge(struct framework *f, struct agent *a, const struct resources *r)
{
	if (!resources_contains(allocator_available(a->pool), r)) {
		log_warning("agent %s: more is running there than it has", a->info->id);
		return false;
	}
	resources_add(&a->used, r);
	allocator_allocated(f->master->allocator, f->share, a->pool, r);
	return true;
}

void agent_charge_adopted(struct agent *a)
{
	struct executor *x;
	struct task *t;

	list_for_each(x, &a->executors, node)
		if (!x->charged)
			x->charged = charge(x->framework, a, &x->resources);
	list_for_each(t, &a->tasks, agent_node)
		if (!t->charged && !task_terminal(t->report.state))
			t->charged = charge(t->framework, a, &t->resources);
}

static void read_adopted(const struct agent *a, const struct resource *list, size_t n,
			 struct resources *ret)
{
	struct error e;

	if (resources_from_wire(list, n, ret, &e))
		log_warning("agent %s: resources of what runs there make no sense: %s", a->info->id,
			    e.text);
}

void task_move(struct task *t, enum task_state to)
{
	assert(task_may_move(t->report.state, to));
	if (t->report.state == to)
		return;
	log_info("task %s: %s framework=%s agent=%s", t->report.task_id,
		 enum_name(task_state_values, to), t->framework->info->id, t->agent->info->id);
	t->report.state = to;
	count(t->framework->master, to);
	if (task_terminal(to) && t->charged) {
		release(t->framework, t->agent, &t->resources);
		t->charged = false;
	}
}

/* What is shown of a status; the rest has been passed on and is not ours to keep. */
static struct task_status shown_of(const struct task_status *status)
{
	return (struct task_status){
		.state = status->state,
		.has_state = true,
		.timestamp = status->has_timestamp ? status->timestamp : wall_seconds(),
		.has_timestamp = true,
		.healthy = status->healthy,
		.has_healthy = status->has_healthy,
		.labels = labels_kept(status->labels),
	};
}

/* One entry for each state; a repeated one replaces the entry. */
static void remember(struct task *t, const struct task_status *status)
{
	size_t n = t->report.statuses_count;

	if (n && t->report.statuses[n - 1].state == status->state) {
		schema_clear(task_status_schema(), &t->report.statuses[--n]);
	} else {
		if (n >= TASK_STATES)
			return;
		t->report.statuses =
			xreallocarray(t->report.statuses, n + 1, sizeof(*t->report.statuses));
		if (task_terminal(status->state))
			metrics_count_ended(&t->framework->master->ended, status);
	}
	t->report.statuses[n] = shown_of(status);
	t->report.statuses_count = n + 1;
}

/* The same for a report, whose resources were read. */
static void keep_shown(struct task_report *r)
{
	size_t n = MIN(r->statuses_count, (size_t)TASK_STATES);
	struct task_report slim = { .state = r->state, .has_state = true };

	slim.name = take_ptr(r->name);
	slim.task_id = take_ptr(r->task_id);
	slim.framework_id = take_ptr(r->framework_id);
	slim.agent_id = take_ptr(r->agent_id);
	slim.executor_id = take_ptr(r->executor_id);
	slim.labels = labels_kept(r->labels); /* an agent has not looked at how many they are */
	slim.discovery = take_ptr(r->discovery);
	slim.statuses = xcalloc(n, sizeof(*slim.statuses));
	slim.statuses_count = n;
	for (size_t i = 0; i < n; i++)
		slim.statuses[i] = shown_of(&r->statuses[i]);
	schema_clear(task_report_schema(), r);
	*r = slim;
}

struct task *task_find(const struct framework *f, const char *task_id)
{
	struct task *t;

	HASH_FIND_STR(f->tasks, task_id, t);
	return t;
}

void task_add_log_fields(struct log_fields *f, void *ctx)
{
	const char *framework_id = log_fields_get(f, "MESOS_FRAMEWORK_ID");
	struct framework *owner = framework_id ? framework_find(ctx, framework_id) : NULL;
	struct task *t = owner ? task_find(owner, log_fields_get(f, "MESOS_TASK_ID")) : NULL;

	if (t)
		labels_add_fields(t->report.labels, f);
}

static struct task *task_new(struct framework *f, struct agent *a)
{
	struct task *t = xcalloc(1, sizeof(*t));

	t->framework = f;
	t->agent = a;
	list_init(&t->agent_node);
	list_init(&t->age_node);
	list_append(&a->tasks, &t->agent_node);
	return t;
}

static void add_to_framework(struct task *t)
{
	assert(!task_find(t->framework, t->report.task_id));
	HASH_ADD_KEYPTR(hh, t->framework->tasks, t->report.task_id, strlen(t->report.task_id), t);
}

struct task *task_launch(struct framework *f, struct agent *a, const struct task_info *info,
			 struct resources *resources)
{
	struct task *t = task_new(f, a);
	struct task_report *r = &t->report;

	r->name = xstrdup(info->name);
	r->task_id = xstrdup(info->task_id);
	r->framework_id = xstrdup(f->info->id);
	r->agent_id = xstrdup(a->info->id);
	r->state = TASK_STAGING;
	if (info->executor)
		r->executor_id = xstrdup(info->executor->executor_id);
	if (info->labels)
		r->labels = schema_copy(labels_schema(), info->labels);
	if (info->kill_policy && info->kill_policy->has_grace_period) {
		t->grace_ns = info->kill_policy->grace_period;
		t->has_grace = true;
	}
	r->discovery = json_incref(info->discovery);
	resources_move(&t->resources, resources);
	resources_add(&a->used, &t->resources);
	t->charged = true;
	add_to_framework(t);
	return t;
}

void task_set_labels(struct task *t, const struct labels *labels)
{
	schema_free(labels_schema(), t->report.labels);
	t->report.labels = labels_kept(labels);
}

struct task *task_adopt(struct framework *f, struct agent *a, struct task_report *report)
{
	struct task *t = task_new(f, a);

	t->report = *report;
	*report = (struct task_report){ 0 };
	t->listed = true;
	read_adopted(a, t->report.resources, t->report.resources_count, &t->resources);
	keep_shown(&t->report);
	add_to_framework(t);
	return t;
}

/* It is said again if the agent goes before its framework has acknowledged it. */
static void remember_end(struct task *t, const struct task_status *status)
{
	struct task_status slim = {
		.task_id = status->task_id,
		.state = status->state,
		.has_state = true,
		.source = status->source,
		.has_source = status->has_source,
		.reason = status->reason,
		.has_reason = status->has_reason,
		.message = status->message,
	};

	if (slim.message && strlen(slim.message) > LAST_WORDS_MAX_BYTES)
		slim.message = NULL;
	schema_free(task_status_schema(), t->last_words);
	t->last_words = schema_copy(task_status_schema(), &slim);
}

void task_update(struct task *t, const struct task_status *status, enum task_state latest)
{
	t->has_update = status->has_uuid;
	memcpy(t->update_uuid, status->uuid, sizeof(t->update_uuid));
	t->update_state = status->state;
	if (task_may_move(t->report.state, latest))
		task_move(t, latest);
	if (task_terminal(status->state))
		remember_end(t, status);
	remember(t, status);
}

static struct task_status made_by_master(const char *task_id, const char *agent_id,
					 enum task_state state, enum task_reason reason,
					 const char *message)
{
	return (struct task_status){
		.task_id = (char *)task_id,
		.agent_id = (char *)agent_id,
		.state = state,
		.has_state = true,
		.source = SOURCE_MASTER,
		.has_source = true,
		.reason = reason,
		.has_reason = true,
		.message = (char *)message,
		.timestamp = wall_seconds(),
		.has_timestamp = true,
	};
}

/* It ended by itself, and perhaps its agent has said how. */
static void say_again(const struct task *t, struct task_status *s)
{
	static const struct task_status silence = { 0 };
	const struct task_status *last = t->last_words ? t->last_words : &silence;

	s->state = t->report.state;
	s->source = last->source;
	s->has_source = last->has_source;
	s->reason = last->reason;
	s->has_reason = last->has_reason;
	s->message = last->message;
}

void task_end(struct task *t, enum task_state state, enum task_reason reason, const char *message,
	      bool tell)
{
	struct task_status s =
		made_by_master(t->report.task_id, t->report.agent_id, state, reason, message);

	s.executor_id = t->report.executor_id;
	if (task_terminal(t->report.state)) {
		say_again(t, &s);
	} else {
		task_move(t, state);
		remember(t, &s);
	}
	if (tell)
		master_update(t->framework, &s);
	t->ended_here = true;
	task_complete(t);
}

static bool ended_here(const struct framework *f, const char *task_id, const struct agent *a)
{
	const struct task *t, *found = NULL;

	list_for_each(t, &f->completed, agent_node)
		if (str_equal(t->report.task_id, task_id) &&
		    str_equal(t->report.agent_id, a->info->id))
			found = t;
	return found && found->ended_here;
}

static bool runs_there(const struct framework *f, const char *task_id, const struct agent *a)
{
	const struct task *t = task_find(f, task_id);

	return t && t->agent == a;
}

bool task_ended_here(const struct framework *f, const struct agent *a, const char *task_id)
{
	return !runs_there(f, task_id, a) && ended_here(f, task_id, a);
}

bool task_update_late(struct framework *f, struct agent *a, const struct status_update *u)
{
	const struct task_status *s = u->status;
	struct acknowledge_update ack = {
		.framework_id = u->framework_id,
		.task_id = s->task_id,
		.has_uuid = true,
	};
	struct kill_task kill = { .framework_id = u->framework_id, .task_id = s->task_id };

	if (!task_ended_here(f, a, s->task_id))
		return false;
	log_warning_often("task %s: ended before, %s of agent %s is not passed on framework=%s",
			  s->task_id, enum_name(task_state_values, (int)s->state), a->info->id,
			  f->info->id);
	memcpy(ack.uuid, s->uuid, sizeof(ack.uuid));
	if (s->has_uuid)
		agent_send(a, MASTER_ACKNOWLEDGE_UPDATE, &ack);
	if (!task_terminal(s->state))
		agent_send(a, MASTER_KILL_TASK, &kill);
	return true;
}

static void destroy(struct task *t)
{
	schema_free(task_status_schema(), t->last_words);
	list_remove(&t->agent_node);
	schema_clear(task_report_schema(), &t->report);
	schema_free(kill_task_schema(), t->kill);
	resources_fini(&t->resources);
	free(t);
}

void task_drop(struct task *t)
{
	task_recall(t);
	if (t->charged)
		release(t->framework, t->agent, &t->resources);
	HASH_DEL(t->framework->tasks, t);
	destroy(t);
}

void task_free(struct task *t)
{
	struct framework *f = t->framework;

	list_remove(&t->age_node);
	f->completed_count--;
	f->master->completed_bytes -= t->bytes;
	destroy(t);
}

/* At most so much memory: "{}," takes 3 bytes as text and 200 once it was read. */
static size_t size_in_memory(const struct task *t)
{
	struct task_report parsed = {
		.labels = t->report.labels,
		.discovery = t->report.discovery,
	};
	autobuf struct buf text = { 0 };
	size_t n;

	schema_encode(task_report_schema(), &parsed, &text);
	n = text.len * 64;
	schema_encode(task_report_schema(), &t->report, &text);
	resources_print(&t->resources, &text);
	return n + text.len + sizeof(*t) + TASK_STATES * sizeof(struct task_status);
}

static void forget_oldest(struct framework *f)
{
	struct master *m = f->master;
	struct task *oldest;

	while (f->completed_count > m->flags->max_completed_tasks_per_framework) {
		oldest = list_first(&f->completed, struct task, agent_node);
		assert(oldest);
		task_free(oldest);
	}
	while (m->completed_bytes > COMPLETED_TASKS_MAX_BYTES) {
		oldest = list_first(&m->completed_tasks, struct task, age_node);
		assert(oldest);
		task_free(oldest);
	}
}

void task_complete(struct task *t)
{
	struct framework *f = t->framework;

	assert(!t->charged && t->agent);
	task_recall(t);
	schema_free(task_status_schema(), take_ptr(t->last_words));
	list_remove(&t->agent_node);
	HASH_DEL(f->tasks, t);
	list_append(&f->completed, &t->agent_node);
	list_append(&f->master->completed_tasks, &t->age_node);
	t->agent = NULL;
	t->bytes = size_in_memory(t);
	f->completed_count++;
	f->master->completed_bytes += t->bytes;
	forget_oldest(f);
}

void task_refuse(struct framework *f, const char *task_id, const char *agent_id,
		 enum task_state state, enum task_reason reason, const char *message)
{
	struct task_status s = made_by_master(task_id, agent_id, state, reason, message);

	log_info_often("task %s: %s framework=%s: %s", task_id, enum_name(task_state_values, state),
		       f->info->id, message);
	count(f->master, state);
	metrics_count_ended(&f->master->ended, &s);
	master_update_refusal(f, &s);
}

struct executor *executor_find(const struct agent *a, const struct framework *f,
			       const char *executor_id)
{
	struct executor *x;

	list_for_each(x, &a->executors, node)
		if (x->framework == f && str_equal(x->info->executor_id, executor_id))
			return x;
	return NULL;
}

static struct executor *executor_new(struct framework *f, struct agent *a,
				     const struct executor_info *info)
{
	struct executor *x = xcalloc(1, sizeof(*x));

	a->executors_count++;
	x->framework = f;
	x->agent = a;
	x->info = schema_copy(executor_info_schema(), info);
	list_append(&a->executors, &x->node);
	return x;
}

struct executor *executor_launch(struct framework *f, struct agent *a,
				 const struct executor_info *info, struct resources *resources)
{
	struct executor *x = executor_new(f, a, info);

	resources_move(&x->resources, resources);
	resources_add(&a->used, &x->resources);
	x->charged = true;
	return x;
}

struct executor *executor_adopt(struct framework *f, struct agent *a,
				const struct executor_info *info)
{
	struct executor *x = executor_new(f, a, info);

	x->listed = x->sent = true;
	read_adopted(a, info->resources, info->resources_count, &x->resources);
	return x;
}

void executor_end(struct executor *x)
{
	if (x->charged)
		release(x->framework, x->agent, &x->resources);
	x->agent->executors_count--;
	list_remove(&x->node);
	resources_fini(&x->resources);
	schema_free(executor_info_schema(), x->info);
	free(x);
}
