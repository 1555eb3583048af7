/* Agents, frameworks, tasks, offers and roles, put into views. */
#include "master/state.h"

#include "lib/attributes.h"
#include "lib/flags.h"
#include "lib/version.h"
#include "lib/views.h"
#include "master/agents.h"

static void add_task(const struct task *t, struct buf *out)
{
	const struct task_report *r = &t->report;
	autobuf struct buf resources = { 0 }, statuses = { 0 }, labels = { 0 };
	struct task_view v = {
		.id = r->task_id,
		.name = r->name,
		.framework_id = r->framework_id,
		.executor_id = r->executor_id ? r->executor_id : "",
		.slave_id = r->agent_id,
		.state = r->state,
		.discovery = r->discovery,
	};

	resources_add_view(&t->resources, &resources);
	view_add_statuses(r->statuses, r->statuses_count, &statuses);
	view_add_labels(r->labels, &labels);
	v.resources = buf_text(&resources);
	v.statuses = buf_text(&statuses);
	v.labels = buf_text(&labels);
	view_item(out);
	view_encode(task_view_schema(), &v, out);
}

static void add_tasks(const struct framework *f, const struct labels_wanted *labels,
		      struct buf *out)
{
	struct task *t, *tmp;

	HASH_ITER(hh, f->tasks, t, tmp)
		if (labels_match(t->report.labels, labels))
			add_task(t, out);
}

static void add_offer(const struct offered *o, struct buf *out)
{
	autobuf struct buf resources = { 0 };
	struct offer_view v = {
		.id = (char *)o->id,
		.framework_id = o->framework->info->id,
		.slave_id = o->agent->info->id,
	};

	resources_add_view(&o->resources, &resources);
	v.resources = buf_text(&resources);
	view_item(out);
	view_encode(offer_view_schema(), &v, out);
}

static void add_slave(const struct agent *a, struct buf *out)
{
	autobuf struct buf resources = { 0 }, attributes = { 0 }, labels = { 0 };
	autofree char *pid = agent_pid(a);
	struct slave_view v = {
		.id = a->info->id,
		.pid = pid,
		.hostname = a->info->hostname,
		.registered_time = a->registered_time,
		.reregistered_time = a->reregistered_time,
		.has_reregistered_time = a->reregistered_time > 0,
		.active = agent_offered(a),
	};

	resources_add_view(&a->total, &resources);
	attributes_add_view(a->info->attributes, a->info->attributes_count, &attributes);
	v.resources = buf_text(&resources);
	view_add_labels(a->info->labels, &labels);
	v.attributes = buf_text(&attributes);
	v.labels = buf_text(&labels);
	view_item(out);
	view_encode(slave_view_schema(), &v, out);
}

static void add_slaves(struct master *m, const struct labels_wanted *labels, struct buf *out)
{
	struct agent *a, *tmp;

	view_open(out);
	HASH_ITER(hh, m->agents, a, tmp)
		if (labels_match(a->info->labels, labels))
			add_slave(a, out);
	view_close(out);
}

/* The same ports on two agents are one range here: this is only shown. */
static void sum_used(struct framework *f, struct resources *ret)
{
	struct agent *a, *next_agent;
	struct task *t, *tmp;
	struct executor *x;

	HASH_ITER(hh, f->tasks, t, tmp)
		if (t->charged)
			resources_add(ret, &t->resources);
	HASH_ITER(hh, f->master->agents, a, next_agent)
		list_for_each(x, &a->executors, node)
			if (x->framework == f)
				resources_add(ret, &x->resources);
}

static void sum_offered(struct framework *f, struct resources *ret)
{
	struct offered *o;

	list_for_each(o, &f->offers, framework_node)
		resources_add(ret, &o->resources);
}

struct framework_parts {
	struct buf all, used, offered, tasks, completed_tasks, offers, labels;
};

static void parts_fini(struct framework_parts *p)
{
	buf_fini(&p->all);
	buf_fini(&p->used);
	buf_fini(&p->offered);
	buf_fini(&p->tasks);
	buf_fini(&p->completed_tasks);
	buf_fini(&p->offers);
	buf_fini(&p->labels);
}

static void fill_lists(struct framework *f, const struct labels_wanted *labels,
		       struct framework_parts *p)
{
	struct offered *o;
	struct task *t;

	view_open(&p->tasks);
	add_tasks(f, labels, &p->tasks);
	view_close(&p->tasks);
	view_open(&p->completed_tasks);
	list_for_each(t, &f->completed, agent_node)
		if (labels_match(t->report.labels, labels))
			add_task(t, &p->completed_tasks);
	view_close(&p->completed_tasks);
	view_open(&p->offers);
	list_for_each(o, &f->offers, framework_node)
		add_offer(o, &p->offers);
	view_close(&p->offers);
}

static void fill_resources(struct framework *f, struct framework_parts *p)
{
	autoresources struct resources used = { 0 }, offered = { 0 };

	sum_used(f, &used);
	sum_offered(f, &offered);
	resources_add_view(&used, &p->used);
	resources_add_view(&offered, &p->offered);
	resources_add(&used, &offered);
	resources_add_view(&used, &p->all);
}

static void add_framework(struct framework *f, const struct labels_wanted *labels, struct buf *out)
{
	cleanup(parts_fini) struct framework_parts p = { 0 };
	const struct framework_info *info = f->info;
	struct framework_view v = {
		.id = info->id,
		.name = info->name,
		.user = info->user,
		.failover_timeout = info->failover_timeout,
		.checkpoint = info->checkpoint,
		.role = info->role,
		.registered_time = f->registered_time,
		.unregistered_time = f->unregistered_time,
		.reregistered_time = f->reregistered_time,
		.has_reregistered_time = f->reregistered_time > 0,
		.active = f->peer != NULL,
		.hostname = info->hostname ? info->hostname : "",
		.webui_url = info->webui_url ? info->webui_url : "",
	};

	fill_lists(f, labels, &p);
	if (labels->count && view_empty(&p.tasks) && view_empty(&p.completed_tasks))
		return;
	fill_resources(f, &p);
	view_add_labels(info->labels, &p.labels);
	v.resources = buf_text(&p.all);
	v.used_resources = buf_text(&p.used);
	v.offered_resources = buf_text(&p.offered);
	v.tasks = buf_text(&p.tasks);
	v.completed_tasks = buf_text(&p.completed_tasks);
	v.offers = buf_text(&p.offers);
	v.labels = buf_text(&p.labels);
	view_item(out);
	view_encode(framework_view_schema(), &v, out);
}

struct state_parts {
	struct buf flags, slaves, frameworks, completed, orphans, unregistered;
};

static void state_parts_fini(struct state_parts *p)
{
	buf_fini(&p->flags);
	buf_fini(&p->slaves);
	buf_fini(&p->frameworks);
	buf_fini(&p->completed);
	buf_fini(&p->orphans);
	buf_fini(&p->unregistered);
}

/* Frameworks that only agents told of are not listed: their tasks are orphans. */
static void fill_frameworks(struct master *m, const struct labels_wanted *labels,
			    struct state_parts *p)
{
	struct framework *f, *tmp;

	view_open(&p->frameworks);
	view_open(&p->orphans);
	view_open(&p->unregistered);
	HASH_ITER(hh, m->frameworks, f, tmp) {
		if (f->registered) {
			add_framework(f, labels, &p->frameworks);
			continue;
		}
		add_tasks(f, labels, &p->orphans);
		view_item(&p->unregistered);
		buf_add_json(&p->unregistered, f->info->id);
	}
	view_close(&p->frameworks);
	view_close(&p->orphans);
	view_close(&p->unregistered);
	view_open(&p->completed);
	list_for_each(f, &m->completed, node)
		add_framework(f, labels, &p->completed);
	view_close(&p->completed);
}

static void fill_counts(struct master *m, struct master_state_view *v)
{
	struct agent *a, *tmp;

	HASH_ITER(hh, m->agents, a, tmp) {
		v->activated_slaves += agent_offered(a);
		v->deactivated_slaves += !agent_offered(a);
	}
	v->staged_tasks = m->metrics.tasks_launched;
	v->started_tasks = m->metrics.tasks_started;
	v->finished_tasks = m->metrics.tasks_finished;
	v->killed_tasks = m->metrics.tasks_killed;
	v->failed_tasks = m->metrics.tasks_failed;
	v->lost_tasks = m->metrics.tasks_lost;
}

static const struct labels_wanted any_label = { .count = 0 };

void state_add(struct master *m, const struct labels_wanted *labels, struct buf *out)
{
	cleanup(state_parts_fini) struct state_parts p = { 0 };
	struct master_state_view v = {
		.version = MESOS_VERSION,
		.start_time = m->start_time,
		.elected_time = m->start_time,
		.id = m->id,
		.pid = m->pid,
		.hostname = m->hostname,
		.cluster = m->flags->cluster,
		.leader = m->pid,
		.log_dir = m->flags->log_dir,
	};

	fill_counts(m, &v);
	flags_add_view(master_flags_schema(), m->flags, &p.flags);
	add_slaves(m, &any_label, &p.slaves);
	fill_frameworks(m, labels, &p);
	v.flags = buf_text(&p.flags);
	v.slaves = buf_text(&p.slaves);
	v.frameworks = buf_text(&p.frameworks);
	v.completed_frameworks = buf_text(&p.completed);
	v.orphan_tasks = buf_text(&p.orphans);
	v.unregistered_frameworks = buf_text(&p.unregistered);
	view_encode(master_state_view_schema(), &v, out);
}

void state_add_slaves(struct master *m, const struct labels_wanted *labels, struct buf *out)
{
	buf_adds(out, "{\"slaves\":");
	add_slaves(m, labels, out);
	buf_addc(out, '}');
}

static void add_role(struct master *m, const struct role *role, struct buf *out)
{
	autobuf struct buf ids = { 0 }, resources = { 0 };
	autoresources struct resources sum = { 0 };
	struct role_view v = { .name = role->name, .weight = role->weight };
	struct framework *f, *tmp;

	view_open(&ids);
	HASH_ITER(hh, m->frameworks, f, tmp) {
		if (!f->registered || strcmp(f->info->role, role->name))
			continue;
		sum_used(f, &sum);
		sum_offered(f, &sum);
		view_item(&ids);
		buf_add_json(&ids, f->info->id);
	}
	view_close(&ids);
	resources_add_view(&sum, &resources);
	v.resources = buf_text(&resources);
	v.frameworks = buf_text(&ids);
	view_item(out);
	view_encode(role_view_schema(), &v, out);
}

void state_add_roles(struct master *m, struct buf *out)
{
	buf_adds(out, "{\"roles\":");
	view_open(out);
	for (size_t i = 0; i < m->roles.count; i++)
		add_role(m, &m->roles.list[i], out);
	view_close(out);
	buf_addc(out, '}');
}

struct task_list {
	const struct labels_wanted *labels;
	const struct task **tasks;
	size_t count, room;
};

static void list_task(struct task_list *l, const struct task *t)
{
	if (!labels_match(t->report.labels, l->labels))
		return;
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		l->tasks = xreallocarray(l->tasks, l->room, sizeof(const struct task *));
	}
	l->tasks[l->count++] = t;
}

static void list_framework(struct task_list *l, const struct framework *f)
{
	struct task *t, *tmp;

	HASH_ITER(hh, f->tasks, t, tmp)
		list_task(l, t);
	list_for_each(t, &f->completed, agent_node)
		list_task(l, t);
}

/* A task that has no status yet comes before all that have. */
static int by_time(const void *a, const void *b)
{
	const struct task *const *x = a, *const *y = b;
	const struct task_report *p = &(*x)->report, *q = &(*y)->report;
	double s = p->statuses_count ? p->statuses[0].timestamp : -1;
	double t = q->statuses_count ? q->statuses[0].timestamp : -1;

	if (s != t)
		return s < t ? -1 : 1;
	return strcmp(p->task_id, q->task_id);
}

void state_add_tasks(struct master *m, const struct task_window *window, struct buf *out)
{
	struct task_list l = { .labels = &window->labels };
	struct framework *f, *tmp;
	uint64_t end;

	HASH_ITER(hh, m->frameworks, f, tmp)
		if (f->registered)
			list_framework(&l, f);
	list_for_each(f, &m->completed, node)
		list_framework(&l, f);
	if (l.count)
		qsort(l.tasks, l.count, sizeof(const struct task *), by_time);
	end = window->offset >= l.count
		      ? 0
		      : window->offset + MIN(window->limit, l.count - window->offset);
	buf_adds(out, "{\"tasks\":");
	view_open(out);
	for (uint64_t i = window->offset; i < end; i++)
		add_task(l.tasks[window->ascending ? i : l.count - 1 - i], out);
	view_close(out);
	buf_addc(out, '}');
	free(l.tasks);
}
