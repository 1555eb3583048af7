/* The life of one container, from the spec to the last measurement. */
#include "agent/container/container.h"

#include <fcntl.h>

#include "agent/container/cgroups.h"
#include "agent/container/orphans.h"
#include "agent/container/spawn.h"
#include "agent/container/supervisor.h"
#include "agent/isolator/isolator.h"
#include "agent/isolator/modules.h"
#include "lib/fs.h"
#include "lib/ids.h"
#include "lib/log.h"

/* A longer grace period is for ever; sums with it fit the type. */
#define GRACE_MAX_NS ((int64_t)365 * 24 * 3600 * NSEC_PER_SEC)

static const char *const phase_names[] = {
	[CONTAINER_PREPARING] = "preparing", [CONTAINER_SPAWNED] = "spawned",
	[CONTAINER_HELD] = "held",           [CONTAINER_RUNNING] = "running",
	[CONTAINER_ENDED] = "ended",
};

const char *container_phase_name(enum container_phase phase)
{
	assert(phase < ARRAY_SIZE(phase_names));
	return phase_names[phase];
}

static void free_environment(struct container *c)
{
	for (size_t i = 0; i < c->environment_count; i++)
		schema_clear(variable_schema(), &c->environment[i]);
	free(c->environment);
}

void container_set_environment(struct container *c, const struct variable *list, size_t count)
{
	free_environment(c);
	c->environment = xcalloc(count, sizeof(*c->environment));
	c->environment_count = count;
	for (size_t i = 0; i < count; i++)
		schema_copy_into(variable_schema(), &c->environment[i], &list[i]);
}

static void free_container(struct container *c)
{
	assert(!c->holds && !c->scan.watch.checks && !c->quota.watch.checks);
	list_remove(&c->node_entry);
	free_environment(c);
	schema_free(command_info_schema(), c->command);
	schema_free(capability_info_schema(), c->capabilities);
	schema_free(labels_schema(), c->labels);
	resources_fini(&c->resources);
	supervisor_forget(c);
	close_fd(&c->sandbox_fd);
	close_fd(&c->stdout_fd);
	close_fd(&c->stderr_fd);
	close_fd(&c->plan_fd);
	schema_free(launch_plan_schema(), c->plan);
	json_decref(c->usage);
	free(c->id);
	free(c->sandbox);
	free(c->sandbox_below);
	free(c->user);
	free(c->task_id);
	free(c->record);
	free(c->token);
	free(c->message);
	free(c->denied);
	free(c->refusal);
	free(c);
}

void container_hold(struct container *c)
{
	c->holds++;
}

void container_release(struct container *c)
{
	assert(c->holds);
	if (--c->holds)
		return;
	if (c->owner)
		c->node->ops->settled(c);
	cgroups_end(c->node, c->id);
	free_container(c);
}

/* Everything of it is gone: tells the owner, then the isolators, which may hold it a while. */
void container_end(struct container *c, const struct container_end *how)
{
	bool launched = c->phase == CONTAINER_RUNNING;
	struct container_end full = *how;

	assert(c->phase != CONTAINER_ENDED);
	full.launched = launched;
	full.limited = c->limited;
	if (c->limited) {
		full.reason = c->reason;
		full.message = c->message;
		full.limit_disk_bytes = c->limit_disk_bytes;
	}
	if (c->refused) {
		full.has_status = false;
		full.message = c->error.text;
	}
	c->phase = CONTAINER_ENDED;
	c->deadline = sd_event_source_disable_unref(c->deadline);
	log_info("container %s: ended launched=%d status=%d%s%s", c->id, launched,
		 full.has_status ? full.status : -1, full.message ? ": " : "",
		 full.message ? full.message : "");
	c->node->ops->ended(c, &full);
	isolators_watch(c);
	isolator_modules_tell(c, ISOLATOR_CLEANUP);
	container_release(c);
}

void container_fail(struct container *c, const char *message)
{
	c->node->metrics->launch_errors++;
	container_end(c, &(struct container_end){ .message = message });
}

/* ---- launch, update, end ---- */

static const struct container_end ended_early = { .message = "ended before it was launched" };

static void step_cancelled(struct work *job)
{
	container_release(container_of(job, struct container, job));
}

/* A step of its launch that may block. One that is to be ended is not made any further. */
static void begin_step(struct container *c, void (*run)(struct work *), void (*done)(struct work *))
{
	container_hold(c);
	c->job = (struct work){ .run = run, .done = done, .cancel = step_cancelled };
	work_submit(c->node->pool, &c->job);
}

/* After a step: whether there is a next one. */
static bool goes_on(struct container *c)
{
	bool cancelled = c->ending && c->outcome == -ECANCELED;

	if (c->outcome && !cancelled)
		container_fail(c, c->error.text);
	else if (c->ending)
		container_end(c, &ended_early);
	return c->phase != CONTAINER_ENDED;
}

static void run_hand_over(struct work *job)
{
	struct container *c = container_of(job, struct container, job);

	if (!atomic_load(&c->unwanted))
		c->outcome = isolators_hand_over(c, c->plan, &c->error);
}

static void spawn(struct container *c)
{
	struct error e;

	if (container_write_plan(c, &e)) {
		container_fail(c, e.text);
		return;
	}
	schema_free(launch_plan_schema(), take_ptr(c->plan));
	supervisor_spawn(c);
	if (c->phase != CONTAINER_ENDED)
		isolators_watch(c);
}

static void handed_over(struct work *job)
{
	struct container *c = container_of(job, struct container, job);

	if (goes_on(c))
		spawn(c);
	container_release(c);
}

/* The plan is whole; or isolator modules say why it cannot be. */
static void on_planned(struct container *c, const struct error *why)
{
	if (why)
		container_fail(c, why->text);
	else if (goes_on(c))
		begin_step(c, run_hand_over, handed_over);
}

static void run_prepare(struct work *job)
{
	struct container *c = container_of(job, struct container, job);

	if (!atomic_load(&c->unwanted))
		c->outcome = container_prepare(c, &c->error);
}

static void prepared(struct work *job)
{
	struct container *c = container_of(job, struct container, job);

	if (goes_on(c))
		isolator_modules_prepare(c, on_planned);
	container_release(c);
}

static struct container *container_new(struct container_node *node,
				       const struct container_spec *spec, void *owner)
{
	struct container *c = xcalloc(1, sizeof(*c));

	c->node = node;
	c->owner = owner;
	c->holds = 1;
	c->id = xstrdup(spec->id);
	c->sandbox = xstrdup(spec->sandbox);
	c->sandbox_below = xstrdup(spec->sandbox_below);
	c->user = xstrdup(spec->user);
	c->task_id = spec->task_id ? xstrdup(spec->task_id) : NULL;
	c->record = path_join(node->records, spec->id);
	c->command = schema_copy(command_info_schema(), spec->command);
	if (spec->capabilities)
		c->capabilities = schema_copy(capability_info_schema(), spec->capabilities);
	if (spec->labels)
		c->labels = schema_copy(labels_schema(), spec->labels);
	container_set_environment(c, spec->environment, spec->environment_count);
	c->grace_ns = spec->grace_ns;
	c->isolators = node->isolators;
	resources_copy(&c->resources, spec->resources);
	c->override = spec->override;
	c->denied = spec->denied ? xstrdup(spec->denied) : NULL;
	c->sandbox_fd = c->stdout_fd = c->stderr_fd = c->plan_fd = c->pidfd = -EBADF;
	list_append(&node->containers, &c->node_entry);
	return c;
}

struct container *container_launch(struct container_node *node, const struct container_spec *spec,
				   void *owner)
{
	struct container *c = container_new(node, spec, owner);

	c->token = uuid_text_new();
	c->waiting = true;
	return c;
}

void container_proceed(struct container *c)
{
	assert(c->phase == CONTAINER_PREPARING && c->waiting);
	c->waiting = false;
	isolators_watch(c);
	begin_step(c, run_prepare, prepared);
}

/* The task may have exchanged what is in its sandbox, but not the sandbox: that is above it. */
static void reopen_sandbox(struct container *c)
{
	c->sandbox_fd = open(c->sandbox, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->sandbox_fd >= 0)
		return;
	c->disk.gone = errno == ENOENT;
	log_error("container %s: its sandbox %s cannot be opened and is not measured: %s%s", c->id,
		  c->sandbox, strerror(errno), c->disk.gone ? "; it was deleted by somebody" : "");
}

struct container *container_adopt(struct container_node *node, const struct container_spec *spec,
				  const struct container_past *past, void *owner)
{
	struct container *c = container_new(node, spec, owner);

	c->token = xstrdup(past->token);
	c->adopted = true;
	c->phase = past->running ? CONTAINER_RUNNING : CONTAINER_HELD;
	c->may_start = true;
	c->supervisor = past->supervisor;
	c->supervisor_start = past->supervisor_start;
	c->pid = past->pid;
	c->pid_start = past->pid_start;
	c->started_wall_ns = past->started_wall_ns;
	if (past->message) {
		c->limited = true;
		c->reason = past->reason;
		c->message = xstrdup(past->message);
		c->limit_disk_bytes = past->limit_disk_bytes;
	}
	reopen_sandbox(c);
	supervisor_find(c);
	isolators_watch(c);
	isolator_modules_tell(c, ISOLATOR_RECOVER);
	if (c->limited)
		container_destroy(c, 0);
	return c;
}

/* While it is being prepared its isolators belong to that job; they look again afterwards. */
void container_watch_anew(struct container *c)
{
	if (c->phase == CONTAINER_RUNNING || c->phase == CONTAINER_HELD ||
	    c->phase == CONTAINER_SPAWNED)
		isolators_watch(c);
}

void container_update(struct container *c, const struct resources *resources)
{
	bool same = resources_equal(&c->resources, resources);

	resources_fini(&c->resources);
	resources_copy(&c->resources, resources);
	container_watch_anew(c);
	if (!same && c->phase != CONTAINER_PREPARING)
		isolator_modules_tell(c, ISOLATOR_UPDATE);
}

void container_override_disk(struct container *c, const struct disk_override *o)
{
	c->override = *o;
	c->spared_bytes = 0;
	container_watch_anew(c);
}

void container_spare_disk(struct container *c)
{
	c->spared_bytes = c->disk.limit_bytes;
	container_watch_anew(c);
}

void container_refused(struct container *c, const char *message)
{
	if (!c->denied) {
		c->denied = xstrdup(message);
		c->node->ops->denied(c);
	}
	replace_str(&c->refusal, message);
	quota_watch_refused(&c->quota);
}

void container_destroy(struct container *c, int64_t grace_ns)
{
	assert(c->phase != CONTAINER_ENDED);
	grace_ns = MIN(grace_ns, GRACE_MAX_NS);
	atomic_store(&c->unwanted, true);
	supervisor_end(c, grace_ns);
	if (c->waiting) /* it ends from the loop, like any other */
		container_proceed(c);
}

void container_refuse(struct container *c, const struct error *why)
{
	c->refused = true;
	c->error = *why;
	c->outcome = -why->code;
	container_destroy(c, 0);
}

void container_limit(struct container *c, enum task_reason reason, const char *message)
{
	if (c->limited || c->phase == CONTAINER_ENDED)
		return;
	log_warning("container %s: reached a limit and is ended: %s", c->id, message);
	c->limited = true;
	c->reason = reason;
	c->message = xstrdup(message);
	c->limit_disk_bytes = c->disk.used.bytes;
	c->node->ops->limited(c);
	container_destroy(c, 0);
}

void containers_leave(struct container_node *node)
{
	struct container *c;

	list_for_each(c, &node->containers, node_entry)
		atomic_store(&c->unwanted, true);
}

void containers_fini(struct container_node *node)
{
	struct container *c;

	isolator_modules_stop(node);
	list_for_each(c, &node->containers, node_entry) {
		if (c->peer)
			peer_close(take_ptr(c->peer));
		if (c->owner)
			node->ops->settled(c);
		c->holds = 0;
		free_container(c);
	}
	orphans_free(node->orphans);
}
