/* The life of one container, from the spec to the last measurement. */
#include "agent/container/container.h"

#include "agent/container/orphans.h"
#include "agent/container/spawn.h"
#include "agent/isolator/isolator.h"
#include "lib/ids.h"
#include "lib/log.h"
#include "lib/timer.h"

/* A supervisor that does not answer this long after the grace period is killed itself. */
#define UNRESPONSIVE_NS (10 * NSEC_PER_SEC)
/* What a supervisor said before it ended may not be read yet. */
#define LAST_WORDS_NS (2 * NSEC_PER_SEC)
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

static void copy_environment(struct container *c, const struct container_spec *spec)
{
	c->environment = xcalloc(spec->environment_count, sizeof(*c->environment));
	c->environment_count = spec->environment_count;
	for (size_t i = 0; i < spec->environment_count; i++)
		schema_copy_into(variable_schema(), &c->environment[i], &spec->environment[i]);
}

static void free_container(struct container *c)
{
	assert(!c->holds && !c->disk.checks);
	list_remove(&c->node_entry);
	for (size_t i = 0; i < c->environment_count; i++)
		schema_clear(variable_schema(), &c->environment[i]);
	free(c->environment);
	schema_free(command_info_schema(), c->command);
	resources_fini(&c->resources);
	sd_event_source_disable_unref(c->child);
	sd_event_source_disable_unref(c->deadline);
	close_fd(&c->sandbox_fd);
	close_fd(&c->stdout_fd);
	close_fd(&c->stderr_fd);
	close_fd(&c->plan_fd);
	free(c->id);
	free(c->sandbox);
	free(c->user);
	free(c->task_id);
	free(c->token);
	free(c->message);
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
	free_container(c);
}

static void set_deadline(struct container *c, int64_t ns, sd_event_time_handler_t fn)
{
	timer_set(c->node->loop, &c->deadline, ns, fn, c);
}

/* Everything of it is gone: tells the owner, then the isolators, which may hold it a while. */
static void end(struct container *c, const struct container_end *how)
{
	bool launched = c->phase == CONTAINER_RUNNING;
	struct container_end full = *how;

	assert(c->phase != CONTAINER_ENDED);
	full.launched = launched;
	full.limited = c->limited;
	if (c->limited) {
		full.reason = c->reason;
		full.message = c->message;
	}
	c->phase = CONTAINER_ENDED;
	c->deadline = sd_event_source_disable_unref(c->deadline);
	log_info("container %s: ended launched=%d status=%d%s%s", c->id, launched,
		 full.has_status ? full.status : -1, full.message ? ": " : "",
		 full.message ? full.message : "");
	c->node->ops->ended(c, &full);
	isolators_watch(c);
	container_release(c);
}

static void fail(struct container *c, const char *message)
{
	c->node->metrics->launch_errors++;
	end(c, &(struct container_end){ .message = message });
}

/* ---- the supervisor ---- */

/* The process is gone and so is its connection, without EXITED: what it left runs on, orphaned to us. */
static void supervisor_lost(struct container *c)
{
	log_warning("container %s: its supervisor pid=%d was lost, killing what it left", c->id,
		    (int)c->supervisor);
	orphans_kill(c->node->orphans);
	end(c, &(struct container_end){
		       .message = "mesos-executor was lost; what it supervised was killed" });
}

static int on_no_last_words(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	struct container *c = arg;

	if (c->peer)
		peer_close(take_ptr(c->peer));
	supervisor_lost(c);
	return 0;
}

/*
 * It may have said why before it ended; then that is in its connection, or in one that we have
 * not taken yet. A process that it left can hold its connection open.
 */
static void await_last_words(struct container *c)
{
	if (c->peer || !c->greeted)
		set_deadline(c, LAST_WORDS_NS, on_no_last_words);
	else
		supervisor_lost(c);
}

static int on_child(sd_event_source *source unused, const siginfo_t *si, void *arg)
{
	struct container *c = arg;
	struct container_node *node = c->node;

	log_debug("container %s: supervisor pid=%d reaped", c->id, (int)si->si_pid);
	c->child = sd_event_source_disable_unref(c->child);
	c->child_gone = true;
	node->supervisors--;
	if (c->leaves_orphans)
		orphans_kill(node->orphans);
	if (c->phase != CONTAINER_ENDED)
		await_last_words(c);
	container_release(c);
	if (!node->supervisors)
		node->ops->idle(node);
	return 0;
}

static int on_silent(sd_event_source *source unused, uint64_t now unused, void *arg)
{
	struct container *c = arg;

	log_warning("container %s: supervisor pid=%d does not answer, killing it", c->id,
		    (int)c->supervisor);
	if (!c->child_gone)
		kill(c->supervisor, SIGKILL);
	return 0;
}

static void spawn(struct container *c)
{
	struct error e;

	if (container_spawn(c, &e)) {
		fail(c, e.text);
		return;
	}
	c->phase = CONTAINER_SPAWNED;
	c->node->supervisors++;
	container_hold(c);
	if (sd_event_add_child(c->node->loop, &c->child, c->supervisor, WEXITED, on_child, c) < 0)
		log_error("container %s: cannot watch its supervisor", c->id);
	set_deadline(c, c->node->registration_timeout_ns, on_silent);
}

static void on_forked(struct peer *p, struct message *m)
{
	const struct container_forked *forked = m->body;
	struct container *c = peer_owner(p);

	if (c->phase != CONTAINER_SPAWNED) {
		peer_error(p, "FORKED is not expected");
		return;
	}
	c->phase = CONTAINER_HELD;
	c->pid = (pid_t)forked->pid;
	c->started_wall_ns = wall_ns();
	if (!c->child_gone)
		c->deadline = sd_event_source_disable_unref(c->deadline);
	if (c->ending) {
		container_destroy(c, c->ending_grace_ns);
		return;
	}
	c->node->ops->made(c);
	peer_send(p, TO_SUPERVISOR_START, NULL, NULL, NULL);
}

static void on_started(struct peer *p, struct message *m unused)
{
	struct container *c = peer_owner(p);

	if (c->phase != CONTAINER_HELD)
		return;
	c->phase = CONTAINER_RUNNING;
	log_info("container %s: running pid=%d", c->id, (int)c->pid);
	c->node->ops->started(c);
}

/* The supervisor has nothing more to say; it ends when the connection does. */
static void drop_peer(struct container *c)
{
	peer_finish(take_ptr(c->peer));
}

static void on_failed(struct peer *p, struct message *m)
{
	const struct container_failed *failed = m->body;
	struct container *c = peer_owner(p);

	drop_peer(c);
	if (c->phase != CONTAINER_ENDED)
		fail(c, failed->message);
}

static void on_exited(struct peer *p, struct message *m)
{
	const struct container_exited *exited = m->body;
	struct container *c = peer_owner(p);

	drop_peer(c);
	if (exited->has_left)
		log_warning("container %s: %llu processes are alive that cannot be killed", c->id,
			    (unsigned long long)exited->left);
	c->leaves_orphans = exited->has_left;
	if (c->phase != CONTAINER_ENDED)
		end(c,
		    &(struct container_end){ .has_status = true, .status = (int)exited->status });
}

struct container *container_by_token(struct container_node *node, const char *token)
{
	struct container *c;

	list_for_each(c, &node->containers, node_entry)
		if (secret_equal(c->token, token))
			return c;
	return NULL;
}

static int on_greeted(struct peer *p, const struct hello *hello, struct error *e)
{
	struct container_node *node = peer_ctx(p);
	struct container *c = hello->token ? container_by_token(node, hello->token) : NULL;

	if (!c || c->peer || c->phase != CONTAINER_SPAWNED)
		return error_set(e, EACCES, "no container waits for this supervisor");
	c->peer = p;
	c->greeted = true;
	peer_set_owner(p, c);
	return 0;
}

static void on_closed(struct peer *p, const char *why)
{
	struct container *c = peer_owner(p);

	log_debug("container %s: supervisor's connection closed: %s", c->id, why);
	c->peer = NULL;
	if (c->phase != CONTAINER_ENDED && c->child_gone)
		supervisor_lost(c);
	else if (c->phase != CONTAINER_ENDED)
		set_deadline(c, UNRESPONSIVE_NS, on_silent);
}

const struct peer_protocol supervisor_protocol = {
	.role = PEER_SUPERVISOR,
	.hears = LANGUAGE_SUPERVISOR,
	.line_max = LINE_MAX_BYTES,
	.verbs =
		(const struct peer_verb[]){
			{ SUPERVISOR_FORKED, PEER_GREETED, on_forked },
			{ SUPERVISOR_STARTED, PEER_GREETED, on_started },
			{ SUPERVISOR_FAILED, PEER_GREETED, on_failed },
			{ SUPERVISOR_EXITED, PEER_GREETED, on_exited },
			{ .fn = NULL },
		},
	.greeted = on_greeted,
	.closed = on_closed,
};

/* ---- launch, update, end ---- */

static void run_prepare(struct work *job)
{
	struct container *c = container_of(job, struct container, job);

	c->outcome = container_prepare(c, &c->error);
}

static void prepared(struct work *job)
{
	struct container *c = container_of(job, struct container, job);

	if (c->outcome)
		fail(c, c->error.text);
	else if (c->ending)
		end(c, &(struct container_end){ .message = "ended before it was launched" });
	else
		spawn(c);
	if (c->phase != CONTAINER_ENDED)
		isolators_watch(c);
	container_release(c);
}

static void prepare_cancelled(struct work *job)
{
	container_release(container_of(job, struct container, job));
}

struct container *container_launch(struct container_node *node, const struct container_spec *spec,
				   void *owner)
{
	struct container *c = xcalloc(1, sizeof(*c));

	c->node = node;
	c->owner = owner;
	c->holds = 1;
	c->id = xstrdup(spec->id);
	c->sandbox = xstrdup(spec->sandbox);
	c->user = xstrdup(spec->user);
	c->task_id = spec->task_id ? xstrdup(spec->task_id) : NULL;
	c->command = schema_copy(command_info_schema(), spec->command);
	copy_environment(c, spec);
	c->grace_ns = spec->grace_ns;
	c->isolators = node->isolators;
	resources_copy(&c->resources, spec->resources);
	c->sandbox_fd = c->stdout_fd = c->stderr_fd = c->plan_fd = -EBADF;
	c->token = uuid_text_new();
	list_append(&node->containers, &c->node_entry);
	container_hold(c);
	c->job = (struct work){ .run = run_prepare, .done = prepared, .cancel = prepare_cancelled };
	work_submit(node->pool, &c->job);
	return c;
}

void container_update(struct container *c, const struct resources *resources)
{
	resources_fini(&c->resources);
	resources_copy(&c->resources, resources);
	if (c->phase == CONTAINER_RUNNING || c->phase == CONTAINER_HELD ||
	    c->phase == CONTAINER_SPAWNED)
		isolators_watch(c);
}

void container_destroy(struct container *c, int64_t grace_ns)
{
	struct container_signal signal = { .has_grace_period = true };
	int64_t now = now_ns(), by;

	assert(c->phase != CONTAINER_ENDED);
	grace_ns = MIN(grace_ns, GRACE_MAX_NS);
	by = now + grace_ns + UNRESPONSIVE_NS;
	c->ending_grace_ns = c->ending ? MIN(grace_ns, c->ending_grace_ns) : grace_ns;
	c->ending_by_ns = c->ending ? MIN(by, c->ending_by_ns) : by;
	c->ending = true;
	if (c->phase < CONTAINER_HELD || !c->peer || c->child_gone)
		return;
	signal.grace_period = grace_ns;
	peer_send(c->peer, TO_SUPERVISOR_SIGNAL, NULL, NULL, &signal);
	set_deadline(c, MAX(c->ending_by_ns - now, 0), on_silent);
}

void container_limit(struct container *c, enum task_reason reason, const char *message)
{
	if (c->limited || c->phase == CONTAINER_ENDED)
		return;
	log_warning("container %s: reached a limit and is ended: %s", c->id, message);
	c->limited = true;
	c->reason = reason;
	c->message = xstrdup(message);
	container_destroy(c, 0);
}

void containers_fini(struct container_node *node)
{
	struct container *c;

	list_for_each(c, &node->containers, node_entry) {
		if (c->peer)
			peer_close(take_ptr(c->peer));
		if (c->child && !c->child_gone)
			kill(c->supervisor, SIGTERM);
		if (c->owner)
			node->ops->settled(c);
		c->holds = 0;
		free_container(c);
	}
	orphans_free(node->orphans);
}
