/* Every check of section "accept and launch", in Mesos's order. */
#include "master/validate.h"

#include "lib/ids.h"
#include "lib/labels.h"

static int invalid(struct error *e, const char *sentence)
{
	return error_set(e, EINVAL, "%s", sentence);
}

void demand_fini(struct demand *d)
{
	resources_fini(&d->task);
	resources_fini(&d->executor);
}

static int check_id(const struct task_info *t, const struct launch_context *c, struct error *e)
{
	if (!id_valid(t->task_id))
		return error_set(e, EINVAL, "TaskID '%s' contains invalid characters", t->task_id);
	if (c->known)
		return error_set(e, EINVAL, "Task has duplicate ID: %s", t->task_id);
	if (!strcmp(t->agent_id, c->agent_id))
		return 0;
	return error_set(e, EINVAL, "Task uses invalid agent %s while agent %s is expected",
			 t->agent_id, c->agent_id);
}

/*
 * Numbers and unknown members may be longer when they are written again than they were. Labels have
 * the bound of those that hooks add to.
 */
static int check_size(const struct task_info *t, struct error *e)
{
	struct task_info shown = {
		.name = t->name,
		.labels = t->labels,
		.discovery = t->discovery,
	};

	if (schema_encoded_bytes(task_info_schema(), t) > TASK_INFO_MAX_BYTES)
		return error_set(e, EINVAL, "TaskInfo is larger than %llu bytes",
				 (unsigned long long)TASK_INFO_MAX_BYTES);
	if (schema_encoded_bytes(task_info_schema(), &shown) > TASK_SHOWN_MAX_BYTES)
		return error_set(e, EINVAL,
				 "Name, labels and discovery of the task are larger than %llu "
				 "bytes",
				 (unsigned long long)TASK_SHOWN_MAX_BYTES);
	if (t->executor && labels_check(t->executor->labels, NULL, e))
		return error_wrap(e, "Executor");
	return labels_check(t->labels, NULL, e);
}

int validate_framework_size(const struct framework_info *f, struct error *e)
{
	if (schema_encoded_bytes(framework_info_schema(), f) <= FRAMEWORK_INFO_MAX_BYTES)
		return labels_check(f->labels, NULL, e);
	return error_set(e, EINVAL, "FrameworkInfo is larger than %llu bytes",
			 (unsigned long long)FRAMEWORK_INFO_MAX_BYTES);
}

int validate_agent_size(const struct agent_info *a, struct error *e)
{
	if (schema_encoded_bytes(agent_info_schema(), a) <= AGENT_INFO_MAX_BYTES)
		return 0;
	return error_set(e, EINVAL, "AgentInfo is larger than %llu bytes",
			 (unsigned long long)AGENT_INFO_MAX_BYTES);
}

/* An agent that re-registers tells of the roles that launch() filled in: only amounts count. */
static int read_amounts(const struct executor_info *x, struct resources *ret)
{
	autofree struct resource *list = xcalloc(x->resources_count, sizeof(*list));
	struct error e;

	for (size_t i = 0; i < x->resources_count; i++) {
		list[i] = x->resources[i];
		list[i].role = NULL;
	}
	return resources_from_wire(list, x->resources_count, ret, &e);
}

static void encode_rest(const struct executor_info *x, struct buf *out)
{
	struct executor_info rest = *x;

	rest.resources = NULL;
	rest.resources_count = 0;
	schema_encode(executor_info_schema(), &rest, out);
}

static bool same_executor(const struct executor_info *a, const struct executor_info *b)
{
	autoresources struct resources p = { 0 }, q = { 0 };
	autobuf struct buf x = { 0 }, y = { 0 };

	encode_rest(a, &x);
	encode_rest(b, &y);
	return x.len == y.len && !memcmp(x.data, y.data, x.len) && !read_amounts(a, &p) &&
	       !read_amounts(b, &q) && resources_equal(&p, &q);
}

/* What is not known would silently be left out: an image, volumes, a network, other sets. */
static int check_container(const struct container_info *c, struct error *e)
{
	const struct linux_info *l = c ? c->linux_info : NULL;

	if (!c || (str_equal(c->type ? c->type : "MESOS", "MESOS") && !c->record.rest &&
		   !(l && l->record.rest)))
		return 0;
	return error_set(e, EINVAL,
			 "Task uses 'container': only type MESOS with "
			 "'linux_info.effective_capabilities' is supported");
}

static int check_executor(const struct executor_info *x, const struct launch_context *c,
			  struct error *e)
{
	if (!id_valid(x->executor_id))
		return error_set(e, EINVAL, "ExecutorID '%s' contains invalid characters",
				 x->executor_id);
	if (!x->framework_id)
		return invalid(e, "Task has invalid ExecutorInfo: missing field 'framework_id'");
	if (strcmp(x->framework_id, c->framework_id))
		return error_set(e, EINVAL,
				 "ExecutorInfo has an invalid FrameworkID "
				 "(Actual: %s vs Expected: %s)",
				 x->framework_id, c->framework_id);
	if (x->type && strcmp(x->type, "CUSTOM"))
		return error_set(e, EINVAL,
				 "Task has invalid ExecutorInfo: type '%s' is not "
				 "supported",
				 x->type);
	if (!x->command)
		return invalid(e, "Task has invalid ExecutorInfo: missing field 'command'");
	if (check_container(x->container, e))
		return -EINVAL;
	if (c->running && !same_executor(x, c->running))
		return invalid(e, "Task has invalid ExecutorInfo (existing ExecutorInfo with same "
				  "ExecutorID is not compatible).");
	return 0;
}

static int check_user(const struct command_info *command, const struct launch_context *c,
		      struct error *e)
{
	if (c->root_allowed || !command || !str_equal(command->user, "root"))
		return 0;
	return invalid(e, "User 'root' is not allowed to run tasks");
}

static int check_what_runs(const struct task_info *t, const struct launch_context *c,
			   struct error *e)
{
	const struct command_info *command = t->executor ? t->executor->command : t->command;

	if (!t->executor == !t->command)
		return invalid(e, "Task should have at least one (but not both) of CommandInfo or "
				  "ExecutorInfo present");
	if (t->executor && check_executor(t->executor, c, e))
		return -EINVAL;
	if (check_user(command, c, e))
		return -EINVAL;
	if (command->uris_count)
		return invalid(e, "Task uses 'uris': fetching into the sandbox is not supported");
	if (t->executor && t->container)
		return invalid(e, "Task uses 'container': it runs in that of its executor");
	if (check_container(t->container, e))
		return -EINVAL;
	if (t->health_check)
		return invalid(e, "Task uses 'health_check': health checks are not supported");
	return 0;
}

static int check_volume(const struct resource *r, struct error *e)
{
	const struct disk_info *d = r->disk;

	if (!strcmp(r->role, "*"))
		return invalid(e,
			       "Persistent volumes cannot be created from unreserved resources.");
	if (!d->volume)
		return invalid(e, "Expecting 'volume' to be set for persistent volume");
	if (str_equal(d->volume->mode, "RO"))
		return invalid(e, "Read-only persistent volume not supported");
	if (d->volume->host_path)
		return invalid(e, "Expecting 'host_path' to be unset for persistent volume");
	if (!id_valid(d->persistence->id))
		return error_set(e, EINVAL, "Persistence ID '%s' contains invalid characters",
				 d->persistence->id);
	return 0;
}

/* Ids belong to a role. */
static bool id_repeated(const struct resource *list, size_t at)
{
	const struct resource *r = &list[at];

	for (size_t i = 0; i < at; i++)
		if (list[i].disk &&
		    !strcmp(list[i].disk->persistence->id, r->disk->persistence->id) &&
		    !strcmp(list[i].role, r->role))
			return true;
	return false;
}

int validate_disk(const struct resource *list, size_t count, struct error *e)
{
	for (size_t i = 0; i < count; i++) {
		const struct disk_info *d = list[i].disk;

		if (!d)
			continue;
		if (!d->persistence && d->volume)
			return invalid(e, "Non-persistent volume not supported");
		if (!d->persistence)
			return invalid(e, "DiskInfo is set but empty");
		if (check_volume(&list[i], e))
			return -EINVAL;
		if (id_repeated(list, i))
			return error_set(e, EINVAL, "Persistence ID '%s' is not unique",
					 d->persistence->id);
	}
	return 0;
}

/* No offer holds a persistent volume, so whatever asks for one asks for too much. */
static int read_resources(const struct resource *list, size_t count, const char *whose,
			  struct resources *ret, struct error *e)
{
	int r = resources_from_wire(list, count, ret, e);

	if (!r)
		r = validate_disk(list, count, e);
	for (size_t i = 0; i < count && !r; i++)
		if (list[i].disk)
			r = invalid(e, "Persistent volumes are not supported");
	return r ? error_wrap(e, "%s uses invalid resources", whose) : 0;
}

static int too_much(const struct resources *task, const struct resources *executor,
		    const struct resources *available, struct error *e)
{
	autoresources struct resources all = { 0 };
	autobuf struct buf wanted = { 0 }, there = { 0 };

	resources_copy(&all, task);
	resources_add(&all, executor);
	resources_print(&all, &wanted);
	resources_print(available, &there);
	if (!there.len)
		buf_adds(&there, "none");
	return error_set(e, EINVAL, "Task uses more resources %s than available %s",
			 buf_text(&wanted), buf_text(&there));
}

/* Who may be named: nobody, or the framework's own role. */
static bool own_roles(const struct resources *r, const char *role)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->items[i].role, "*") && strcmp(r->items[i].role, role))
			return false;
	return true;
}

/* What a task asks for comes out of the role's own first, whether it names it or not. */
static bool take(const struct resources *task, const struct resources *executor,
		 const struct launch_context *c, struct demand *ret)
{
	autoresources struct resources left = { 0 };

	if (!own_roles(task, c->role) || !own_roles(executor, c->role))
		return false;
	if (!resources_find(c->available, task, c->role, &ret->task))
		return false;
	resources_copy(&left, c->available);
	resources_subtract(&left, &ret->task);
	return resources_find(&left, executor, c->role, &ret->executor);
}

static int check_resources(const struct task_info *t, const struct launch_context *c,
			   struct demand *ret, struct error *e)
{
	autoresources struct resources task = { 0 }, executor = { 0 };
	const struct executor_info *x = t->executor;

	if (read_resources(t->resources, t->resources_count, "Task", &task, e))
		return -EINVAL;
	if (x && read_resources(x->resources, x->resources_count, "Executor", &executor, e))
		return -EINVAL;
	if (resources_empty(&task))
		return invalid(e, "Task uses no resources");
	if (c->running)
		resources_fini(&executor);
	if (take(&task, &executor, c, ret))
		return 0;
	demand_fini(ret);
	return too_much(&task, &executor, c->available, e);
}

int validate_task(const struct task_info *t, const struct launch_context *c, struct demand *ret,
		  struct error *e)
{
	if (check_id(t, c, e) || check_size(t, e) || check_what_runs(t, c, e))
		return -EINVAL;
	return check_resources(t, c, ret, e);
}
