/*
 * Processes that we started or found, connections that come and go, and facts that may be repeated.
 */
#include "agent/container/supervisor.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>

#include "agent/container/orphans.h"
#include "agent/container/remains.h"
#include "agent/container/spawn.h"
#include "agent/isolator/modules.h"
#include "lib/ids.h"
#include "lib/log.h"
#include "lib/outcome.h"
#include "lib/procstat.h"
#include "lib/timer.h"

/* A supervisor that does not answer this long after the grace period is killed itself. */
#define UNRESPONSIVE_NS (10 * NSEC_PER_SEC)
/* What a supervisor said before it ended may not be read yet. */
#define LAST_WORDS_NS (2 * NSEC_PER_SEC)

static void set_deadline(struct container *c, int64_t ns, sd_event_time_handler_t fn)
{
	timer_set(c->node->loop, &c->deadline, ns, fn, c);
}

/* ---- the process is gone ---- */

/* What it did not tell us it wrote down: false if it did not. *ret is to be freed. */
static bool read_record(const struct container *c, struct message *ret)
{
	struct error e;
	int r = outcome_read(c->record, ret, &e);

	if (r && r != -ENOENT && r != -ENODATA)
		log_error("container %s: %s", c->id, e.text);
	return !r;
}

static bool left_some(const struct message *m)
{
	return m->type == SUPERVISOR_EXITED && ((const struct container_exited *)m->body)->has_left;
}

static struct container_end end_of(const struct container_exited *exited)
{
	return (struct container_end){
		.has_status = true,
		.status = (int)exited->status,
		.message = exited->gave_up ? "no agent came back within --recovery_timeout" : NULL,
	};
}

static void end_as_recorded(struct container *c, const struct message *m)
{
	struct container_end end;

	if (m->type == SUPERVISOR_FAILED) {
		container_fail(c, ((const struct container_failed *)m->body)->message);
		return;
	}
	end = end_of(m->body);
	container_end(c, &end);
}

static const char *why_lost(const struct container *c)
{
	if (c->phase < CONTAINER_HELD)
		return "mesos-executor ended before it had made the container; the sandbox's "
		       "stderr has what it said";
	return "mesos-executor was lost; what it supervised was killed";
}

static void on_killed_all(struct container *c)
{
	automessage struct message m = { 0 };

	if (c->phase == CONTAINER_ENDED)
		return;
	if (read_record(c, &m))
		end_as_recorded(c, &m);
	else
		container_end(c, &(struct container_end){ .message = why_lost(c) });
}

/*
 * What it left, if it ended without a word or says so, is orphaned to us or to the system's init.
 */
static void lost(struct container *c)
{
	automessage struct message m = { 0 };
	bool recorded;

	if (c->phase == CONTAINER_ENDED || c->lost)
		return;
	recorded = read_record(c, &m);
	if (recorded && !left_some(&m)) {
		end_as_recorded(c, &m);
		return;
	}
	c->lost = true;
	log_warning("container %s: its supervisor pid=%d %s, killing what it left", c->id,
		    (int)c->supervisor, recorded ? "could not kill all of it" : "was lost");
	if (!c->adopted)
		orphans_kill(c->node->orphans);
	remains_kill(c, on_killed_all);
}

static int on_no_last_words(sd_event_source *source unused, uint64_t usec, void *arg)
{
	struct container *c = arg;

	if (timer_late(usec)) { /* they may be there by now */
		set_deadline(c, LAST_WORDS_NS, on_no_last_words);
		return 0;
	}
	if (c->peer)
		peer_close(take_ptr(c->peer));
	lost(c);
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
		lost(c);
}

static void gone(struct container *c)
{
	struct container_node *node = c->node;

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
}

static int on_child(sd_event_source *source unused, const siginfo_t *si, void *arg)
{
	struct container *c = arg;

	log_debug("container %s: supervisor pid=%d reaped", c->id, (int)si->si_pid);
	gone(c);
	return 0;
}

static int on_pidfd(sd_event_source *source unused, int fd unused, uint32_t events unused,
		    void *arg)
{
	gone(arg);
	return 0;
}

/* It is nobody's pid any more, or a stranger's: there is nobody to wait for. */
static int on_not_found(sd_event_source *source unused, void *arg)
{
	struct container *c = arg;

	c->greeted = true; /* by the agent before us, if at all */
	gone(c);
	return 0;
}

static void kill_it(const struct container *c)
{
	if (c->child_gone)
		return;
	if (c->adopted && c->pidfd >= 0)
		pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0);
	else if (!c->adopted)
		kill(c->supervisor, SIGKILL);
}

static int on_silent(sd_event_source *source unused, uint64_t usec, void *arg)
{
	struct container *c = arg;

	if (timer_late(usec)) { /* it may have answered */
		set_deadline(c, TIMER_LISTEN_NS, on_silent);
		return 0;
	}
	log_warning("container %s: supervisor pid=%d does not answer, killing it", c->id,
		    (int)c->supervisor);
	kill_it(c);
	return 0;
}

/* ---- the process is there ---- */

static uint64_t start_of(pid_t pid)
{
	struct procstat stat;
	autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return proc >= 0 && !procstat_read(proc, pid, &stat) ? stat.start : 0;
}

/*
 * While somebody traces one that has died, waitid(2) does not show it to us yet, and a source that
 * fires once would miss its end for good. epoll(7) learns that only when a source is turned on.
 */
static int watch_child(struct container *c)
{
	int r = sd_event_add_child(c->node->loop, &c->child, c->supervisor, WEXITED, on_child, c);

	if (r >= 0)
		r = sd_event_source_set_enabled(c->child, SD_EVENT_OFF);
	return r < 0 ? r : sd_event_source_set_enabled(c->child, SD_EVENT_ON);
}

void supervisor_spawn(struct container *c)
{
	struct error e;

	if (container_spawn(c, &e)) {
		container_fail(c, e.text);
		return;
	}
	c->phase = CONTAINER_SPAWNED;
	c->supervisor_start = start_of(c->supervisor);
	c->node->supervisors++;
	container_hold(c);
	if (watch_child(c) < 0)
		log_error("container %s: cannot watch its supervisor", c->id);
	set_deadline(c, c->node->registration_timeout_ns, on_silent);
}

/* The pidfd holds on to whoever has the pid; the start time tells whether that is ours. */
static bool open_pidfd(struct container *c)
{
	c->pidfd = pidfd_open(c->supervisor, 0);
	return c->pidfd >= 0 && c->supervisor_start &&
	       start_of(c->supervisor) == c->supervisor_start;
}

void supervisor_find(struct container *c)
{
	int r;

	c->node->supervisors++;
	container_hold(c);
	if (open_pidfd(c)) {
		log_info("container %s: found again pid=%d supervisor=%d", c->id, (int)c->pid,
			 (int)c->supervisor);
		r = sd_event_add_io(c->node->loop, &c->child, c->pidfd, EPOLLIN, on_pidfd, c);
	} else {
		close_fd(&c->pidfd);
		r = sd_event_add_defer(c->node->loop, &c->child, on_not_found, c);
	}
	if (r < 0)
		log_error("container %s: cannot watch its supervisor", c->id);
}

void supervisor_forget(struct container *c)
{
	sd_event_source_disable_unref(c->child);
	sd_event_source_disable_unref(c->deadline);
	close_fd(&c->pidfd);
}

/* ---- what we say ---- */

static void send_signal(struct container *c)
{
	int64_t now = now_ns();
	struct container_signal signal = {
		.grace_period = c->ending_grace_ns,
		.has_grace_period = true,
	};

	peer_send(c->peer, TO_SUPERVISOR_SIGNAL, NULL, NULL, &signal);
	if (!c->child_gone)
		set_deadline(c, MAX(c->ending_by_ns - now, 0), on_silent);
}

void supervisor_end(struct container *c, int64_t grace_ns)
{
	int64_t by = now_ns() + grace_ns + UNRESPONSIVE_NS;

	c->ending_grace_ns = c->ending ? MIN(grace_ns, c->ending_grace_ns) : grace_ns;
	c->ending_by_ns = c->ending ? MIN(by, c->ending_by_ns) : by;
	c->ending = true;
	if (c->phase < CONTAINER_HELD || c->child_gone)
		return;
	if (c->peer)
		send_signal(c);
	else /* it is asked as soon as it is back */
		set_deadline(c, MAX(c->ending_by_ns - now_ns(), 0), on_silent);
}

static void start(struct container *c)
{
	if (c->phase == CONTAINER_HELD && c->peer && c->isolated && !c->ending)
		peer_send(c->peer, TO_SUPERVISOR_START, NULL, NULL, NULL);
}

static void on_isolated(struct container *c, const struct error *why)
{
	c->isolating = false;
	if (c->phase != CONTAINER_HELD || c->ending)
		return;
	if (why) {
		container_refuse(c, why);
		return;
	}
	c->isolated = true;
	start(c);
}

void container_start(struct container *c)
{
	c->may_start = true;
	if (c->phase != CONTAINER_HELD || c->isolating || c->isolated)
		return;
	c->isolating = true;
	isolator_modules_isolate(c, on_isolated);
}

/* ---- what it says ---- */

/* It is back: what it missed is said again. A second START changes nothing. */
static void resume(struct container *c)
{
	if (!c->child_gone)
		c->deadline = sd_event_source_disable_unref(c->deadline);
	if (c->ending)
		send_signal(c);
	else if (c->isolated)
		start(c);
	else if (c->may_start)
		container_start(c);
}

static void on_forked(struct peer *p, struct message *m)
{
	const struct container_forked *forked = m->body;
	struct container *c = peer_owner(p);

	if (c->phase == CONTAINER_SPAWNED) {
		c->phase = CONTAINER_HELD;
		c->pid = (pid_t)forked->pid;
		c->pid_start = start_of(c->pid);
		c->started_wall_ns = wall_ns();
		resume(c);
		if (!c->ending)
			c->node->ops->made(c);
	} else if (c->phase == CONTAINER_HELD || c->phase == CONTAINER_RUNNING) {
		resume(c);
	} else {
		peer_error(p, "FORKED is not expected");
	}
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

/* Until the owner has it on disk, the supervisor stays with what it knows. */
static void await_told(struct container *c)
{
	if (c->untold)
		return;
	c->untold = true;
	container_hold(c);
}

/* The supervisor has nothing more to say; it ends when the connection does. */
void container_told(struct container *c)
{
	if (!c->untold)
		return;
	c->untold = false;
	if (c->peer)
		peer_finish(take_ptr(c->peer));
	container_release(c);
}

static void on_failed(struct peer *p, struct message *m)
{
	const struct container_failed *failed = m->body;
	struct container *c = peer_owner(p);

	await_told(c);
	if (c->phase != CONTAINER_ENDED)
		container_fail(c, failed->message);
}

static void on_exited(struct peer *p, struct message *m)
{
	const struct container_exited *exited = m->body;
	struct container *c = peer_owner(p);
	struct container_end end = end_of(exited);

	await_told(c);
	if (exited->has_left)
		log_warning("container %s: %llu processes are alive that cannot be killed", c->id,
			    (unsigned long long)exited->left);
	c->leaves_orphans = exited->has_left;
	if (c->phase != CONTAINER_ENDED)
		container_end(c, &end);
}

/* ---- its connection ---- */

static struct container *by_token(struct container_node *node, const char *token)
{
	struct container *c;

	list_for_each(c, &node->containers, node_entry)
		if (secret_equal(c->token, token))
			return c;
	return NULL;
}

static int refuse(const struct peer *p, struct error *e)
{
	const struct ucred *cred = stream_cred(peer_stream(p));

	return error_set(
		e, EACCES,
		"no container waits for supervisor pid=%d: this agent knows nothing of it, "
		"or has seen its end; it ends by itself after its --recovery_timeout",
		cred ? (int)cred->pid : 0);
}

/* Who waits at its gate and hears that it is not known ends: it was launched anew. */
static int on_greeted(struct peer *p, const struct hello *hello, struct error *e)
{
	struct container_node *node = peer_ctx(p);
	struct container *c = hello->token ? by_token(node, hello->token) : NULL;

	if (!c || c->phase == CONTAINER_PREPARING || c->phase == CONTAINER_ENDED)
		return refuse(p, e);
	if (c->peer) /* the old connection is dead, or about to be */
		peer_close(take_ptr(c->peer));
	c->peer = p;
	c->greeted = true;
	peer_trust(p);
	peer_set_owner(p, c);
	return 0;
}

/* It comes back by itself, as long as it lives. */
static void on_closed(struct peer *p, const char *why)
{
	struct container *c = peer_owner(p);

	log_debug("container %s: supervisor's connection closed: %s", c->id, why);
	c->peer = NULL;
	if (c->phase != CONTAINER_ENDED && c->child_gone)
		lost(c);
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
