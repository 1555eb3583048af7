/* ACCEPT and DECLINE: offers become tasks, or free resources. */
#include <math.h>

#include "lib/log.h"
#include "master/agents.h"
#include "master/calls.h"
#include "master/frameworks.h"
#include "master/launch.h"
#include "master/offers.h"
#include "master/tasks.h"
#include "master/updates.h"
#include "master/validate.h"

/* Filters that are longer count as this. */
#define REFUSE_MAX_SECONDS (365 * 86400.0)

/* What one ACCEPT has to spend. */
struct purse {
	struct framework *framework;
	struct agent *agent;
	struct resources left;
};

static int64_t refuse_ns(const struct framework *f, const struct filters *filters)
{
	double seconds = filters ? filters->refuse_seconds : -1;

	if (filters && !(seconds >= 0)) {
		log_warning_often("framework %s: refuse_seconds of %g counts as the default",
				  f->info->id, seconds);
		seconds = -1;
	}
	if (seconds < 0)
		return -1;
	return (int64_t)(fmin(seconds, REFUSE_MAX_SECONDS) * (double)NSEC_PER_SEC);
}

static int check_offer(struct framework *f, const char *id, struct offered *o,
		       const struct agent *agent, struct error *e)
{
	if (!o)
		return error_set(e, EINVAL, "Offer %s is no longer valid", id);
	if (o->framework != f)
		return error_set(e, EINVAL,
				 "Offer %s has invalid framework %s while framework %s is expected",
				 id, o->framework->info->id, f->info->id);
	if (o->taken)
		return error_set(e, EINVAL, "Duplicate offer %s in offer list", id);
	if (agent && o->agent != agent)
		return error_set(e, EINVAL,
				 "Aggregated offers must belong to one single agent. "
				 "Offer %s uses agent %s and agent %s",
				 id, o->agent->info->id, agent->info->id);
	return 0;
}

/* Marks those of the offers that are the framework's; e is the first thing that is wrong. */
static int mark_offers(struct purse *purse, const struct call_accept *c, struct error *e)
{
	int failed = 0;

	if (!c->offer_ids_count)
		return error_set(e, EINVAL, "No offers specified");
	for (size_t i = 0; i < c->offer_ids_count; i++) {
		struct offered *o = offer_find(purse->framework->master, c->offer_ids[i]);

		if (!failed)
			failed = check_offer(purse->framework, c->offer_ids[i], o, purse->agent, e);
		if (!o || o->framework != purse->framework)
			continue;
		o->taken = true;
		if (!purse->agent)
			purse->agent = o->agent;
	}
	return failed;
}

/* Valid or not, an offer that was answered is gone. */
static void consume_offers(struct purse *purse, const struct call_accept *c, bool valid)
{
	for (size_t i = 0; i < c->offer_ids_count; i++) {
		struct offered *o = offer_find(purse->framework->master, c->offer_ids[i]);

		if (!o || !o->taken)
			continue;
		if (!valid) {
			offer_return(o, 0);
			continue;
		}
		resources_add(&purse->left, &o->resources);
		offer_free(o);
	}
}

static void refuse_tasks(struct framework *f, const struct call_accept *c, const char *why)
{
	autofree char *text = xasprintf("Task launched with invalid offers: %s", why);

	for (size_t i = 0; i < c->operations_count; i++) {
		const struct launch *l = c->operations[i].launch;

		for (size_t k = 0; l && k < l->task_infos_count; k++)
			task_refuse(f, l->task_infos[k].task_id, l->task_infos[k].agent_id,
				    TASK_LOST, REASON_INVALID_OFFERS, text);
	}
}

/* The agent is told where each resource came from, unless the framework said so itself. */
static void set_roles(struct resource **list, size_t *count, const struct resources *found)
{
	autoresources struct resources said = { 0 };
	struct error e;

	if (!resources_from_wire(*list, *count, &said, &e) && resources_equal(&said, found))
		return;
	for (size_t i = 0; i < *count; i++)
		schema_clear(resource_schema(), &(*list)[i]);
	free(*list);
	resources_to_wire(found, list, count);
}

static void warn_if_small(const struct executor_info *x, const struct resources *r)
{
	if (resources_scalar(r, "cpus") < SCALAR_UNIT / 100 ||
	    resources_scalar(r, "mem") < 32 * (int64_t)SCALAR_UNIT)
		log_warning_often(
			"executor %s: has less than 0.01 cpus or 32 MB of memory of its own",
			x->executor_id);
}

/* The books keep what the framework said: later tasks are compared with that. */
static void launch_executor(struct purse *purse, struct executor_info *info, struct resources *r)
{
	struct executor *x;

	warn_if_small(info, r);
	x = executor_launch(purse->framework, purse->agent, info, r);
	set_roles(&info->resources, &info->resources_count, &x->resources);
}

static void launch(struct purse *purse, struct task_info *info, struct executor *running,
		   struct demand *d)
{
	struct framework *f = purse->framework;

	resources_subtract(&purse->left, &d->task);
	resources_subtract(&purse->left, &d->executor);
	if (info->executor && !running)
		launch_executor(purse, info->executor, &d->executor);
	set_roles(&info->resources, &info->resources_count, &d->task);
	f->master->metrics.tasks_launched += 1;
	task_send(task_launch(f, purse->agent, info, &d->task), info);
}

/* What a master looks after is bounded. */
static int check_room(const struct purse *purse, const struct task_info *info,
		      const struct executor *running, struct error *e)
{
	if (HASH_COUNT(purse->framework->tasks) >= FRAMEWORK_TASKS_MAX)
		return error_set(e, EINVAL,
				 "Framework has %d tasks that are alive or not acknowledged",
				 FRAMEWORK_TASKS_MAX);
	if (master_updates_too_many(purse->framework))
		return error_set(e, EINVAL,
				 "Framework has too many status updates to acknowledge: %zu bytes",
				 purse->framework->updates_bytes);
	if (info->executor && !running && purse->agent->executors_count >= AGENT_EXECUTORS_MAX)
		return error_set(e, EINVAL, "Agent has %d executors", AGENT_EXECUTORS_MAX);
	return 0;
}

static void try_launch(struct purse *purse, struct task_info *info)
{
	struct framework *f = purse->framework;
	struct executor *running = NULL;
	struct demand d = { 0 };
	struct launch_context context = {
		.framework_id = f->info->id,
		.role = f->info->role,
		.agent_id = purse->agent->info->id,
		.available = &purse->left,
		.known = task_find(f, info->task_id),
		.root_allowed = f->master->flags->root_submissions,
	};
	struct error e;

	if (info->executor && !info->executor->framework_id)
		info->executor->framework_id = xstrdup(f->info->id);
	if (info->executor)
		running = executor_find(purse->agent, f, info->executor->executor_id);
	context.running = running ? running->info : NULL;
	if (check_room(purse, info, running, &e) || validate_task(info, &context, &d, &e))
		task_refuse(f, info->task_id, info->agent_id, TASK_ERROR, REASON_TASK_INVALID,
			    e.text);
	else
		launch(purse, info, running, &d);
	demand_fini(&d);
}

static void operate(struct peer *p, struct purse *purse, struct operation *o)
{
	if (strcmp(o->type, "LAUNCH")) {
		peer_error(p, "ACCEPT: operation %s is not supported", o->type);
		return;
	}
	for (size_t i = 0; o->launch && i < o->launch->task_infos_count; i++)
		try_launch(purse, &o->launch->task_infos[i]);
}

void call_accept(struct peer *p, struct message *msg)
{
	struct framework *f = framework_calling(p, msg);
	struct call_accept *c = msg->body;
	struct purse purse = { .framework = f };
	struct error e;
	int r;

	if (!f)
		return;
	if (c->operations_count)
		f->master->metrics.messages_launch_tasks += 1;
	else
		f->master->metrics.messages_decline_offers += 1;
	r = mark_offers(&purse, c, &e);
	consume_offers(&purse, c, !r);
	if (r) {
		log_warning_often("framework %s: ACCEPT: %s", f->info->id, e.text);
		refuse_tasks(f, c, e.text);
		return;
	}
	assert(purse.agent);
	for (size_t i = 0; i < c->operations_count; i++)
		operate(p, &purse, &c->operations[i]);
	allocator_recover(f->master->allocator, f->share, purse.agent->pool, &purse.left,
			  refuse_ns(f, c->filters), now_ns());
	resources_fini(&purse.left);
}

void call_decline(struct peer *p, struct message *msg)
{
	struct framework *f = framework_calling(p, msg);
	const struct call_decline *c = msg->body;
	int64_t refuse;

	if (!f)
		return;
	f->master->metrics.messages_decline_offers += 1;
	refuse = refuse_ns(f, c->filters);
	for (size_t i = 0; i < c->offer_ids_count; i++) {
		struct offered *o = offer_find(f->master, c->offer_ids[i]);

		if (o && o->framework == f)
			offer_return(o, refuse);
	}
}
