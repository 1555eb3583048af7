/* One process, the queue of calls before it, and one timer for whatever is due next. */
#include "lib/module_host.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "lib/log.h"
#include "lib/module_calls.h"
#include "lib/module_output.h"
#include "lib/module_process.h"
#include "lib/timer.h"

/* At the end of the daemon: so long modules may clean up. */
#define END_NS NSEC_PER_SEC
/*
 * From the end of its connection to that of a process which dies: a crash is told as what it was.
 */
#define DEATH_NS NSEC_PER_SEC
/* From the kill of a process to the next one, if the kernel does not let it go. */
#define UNDEAD_NS NSEC_PER_SEC
/* So many of those are remembered, to be reaped. */
#define UNDEAD_MAX 16

enum host_state {
	HOST_DOWN,
	HOST_STARTING, /* its modules are being loaded */
	HOST_UP,
};

struct module_host {
	struct module_host_options o;
	struct peer_server server;
	struct peer *peer;
	enum host_state state;
	bool loaded_once;
	bool killed;   /* by us */
	bool answered; /* a call */
	char *closed;  /* why its connection has ended */
	char *trouble;
	unsigned crashes;
	char *doing; /* of its loading, the last that it began with; NULL: nothing yet */
	struct module_output output;
	struct log_limit told; /* lines of mesos_log() */
	pid_t pid;
	sd_event_source *child, *timer;
	/*
	 * Of what is waited for when one of its two ends, process and connection, has come, or is
	 * to.
	 */
	sd_event_source *drained;
	pid_t undead[UNDEAD_MAX]; /* killed and not reaped yet; 0: none */
	struct host_calls calls;
	struct error why; /* what the process is killed for, or died of; code 0: it was not */
	int64_t started_ns, loaded_ns; /* of the process */
	int64_t restart_ns;            /* when the next is started; 0: never */
	int64_t pause_ns;
	int64_t ending_ns; /* since when it may end; 0: it may not */
	uint64_t starts;
};

static void lose(struct module_host *h);
static void pump(struct module_host *h);

/* ---- its end ---- */

static void reap_undead(struct module_host *h)
{
	for (size_t i = 0; i < UNDEAD_MAX; i++)
		if (h->undead[i] && waitpid(h->undead[i], NULL, WNOHANG) != 0)
			h->undead[i] = 0;
}

/* With a full list the oldest are zombies until the daemon ends. */
static void remember_undead(struct module_host *h)
{
	reap_undead(h);
	memmove(h->undead + 1, h->undead, (UNDEAD_MAX - 1) * sizeof(*h->undead));
	h->undead[0] = h->pid;
	h->child = sd_event_source_disable_unref(h->child);
	h->pid = 0;
}

/*
 * It waits for a filesystem that is frozen, or one of its own holds it as a tracer. Nothing waits
 * for its end: the calls behind it would for as long.
 */
static int on_undead(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct module_host *h = arg;
	siginfo_t end = { .si_pid = 0 };

	if (!waitid(P_PID, (id_t)h->pid, &end, WEXITED | WNOHANG | WNOWAIT) && end.si_pid)
		return 0; /* on_child() comes */
	log_warning("modules: %s: process %d is killed and does not end: the next one is started "
		    "beside it",
		    h->o.name, (int)h->pid);
	remember_undead(h);
	lose(h);
	return 0;
}

static void kill_host(struct module_host *h, int code, const char *why)
{
	if (h->why.code)
		return;
	error_set(&h->why, code, "%s", why);
	h->killed = true;
	if (!h->pid) {
		lose(h);
		return;
	}
	module_process_kill(h->pid);
	timer_set(h->o.loop, &h->drained, UNDEAD_NS, on_undead, h);
}

static void describe_end(const struct module_host *h, const siginfo_t *si, struct error *ret)
{
	if (si->si_code == CLD_EXITED && si->si_status == MODULE_HOST_TOO_LARGE)
		error_set(ret, E2BIG, "it has more memory than --module_memory");
	else if (si->si_code == CLD_EXITED && si->si_status == MODULE_HOST_HUNG_UP && h->closed)
		error_set(ret, HOST_CALL_CRASHED, "%s", h->closed);
	else if (si->si_code == CLD_EXITED)
		error_set(ret, HOST_CALL_CRASHED, "its process ended with status %d",
			  si->si_status);
	else
		error_set(ret, HOST_CALL_CRASHED, "its process was ended by signal %d (%s)",
			  si->si_status, strsignal(si->si_status));
}

static int on_drained(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	lose(arg);
	return 0;
}

/*
 * What it has said before its end may not be read yet. The end of the connection comes after it,
 * unless somebody whom it has forked holds the socket still.
 */
static int on_child(sd_event_source *source unused, const siginfo_t *si, void *arg)
{
	struct module_host *h = arg;

	module_process_kill(h->pid);
	h->child = sd_event_source_disable_unref(h->child);
	h->pid = 0;
	if (!h->why.code)
		describe_end(h, si, &h->why);
	if (h->peer)
		timer_set_patient(h->o.loop, &h->drained, 0, on_drained, h);
	else
		lose(h);
	return 0;
}

/* It has closed the socket, and is not dead. */
static int on_lives(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct module_host *h = arg;

	h->drained = sd_event_source_disable_unref(h->drained);
	kill_host(h, HOST_CALL_CRASHED, h->closed);
	return 0;
}

static void on_closed(struct peer *p, const char *why)
{
	struct module_host *h = peer_ctx(p);

	assert(h->peer == p);
	h->peer = NULL;
	free(h->closed);
	h->closed = xasprintf("its connection has ended: %s", why);
	if (!h->pid)
		lose(h);
	else if (!h->why.code)
		timer_set_patient(h->o.loop, &h->drained, DEATH_NS, on_lives, h);
}

/* ---- calls ---- */

struct host_call *module_host_call(struct module_host *h, const struct module_call *what,
				   host_call_done *done, void *ctx)
{
	struct host_call *c = host_calls_add(&h->calls, what, done, ctx);

	pump(h);
	return c;
}

void host_call_cancel(struct host_call *c)
{
	struct module_host *h = container_of(c->calls, struct module_host, calls);

	host_calls_cancel(c);
	pump(h);
}

/* ---- what is due ---- */

/* Nobody waits for modules that cannot be loaded. */
static int64_t deadline(const struct module_host *h)
{
	const struct host_call *c = host_calls_first(&h->calls);

	if (!c)
		return INT64_MAX;
	return h->trouble && !c->sent ? c->since_ns : c->since_ns + h->o.timeout_ns;
}

static int64_t due(const struct module_host *h)
{
	int64_t at = INT64_MAX;

	if (h->state == HOST_STARTING)
		at = h->started_ns + MODULE_LOAD_NS;
	if (h->state == HOST_DOWN && h->restart_ns)
		at = h->restart_ns;
	if (!list_empty(&h->calls.refused))
		at = 0;
	return MIN(at, deadline(h));
}

static void call_is_late(struct module_host *h)
{
	struct host_call *c = host_calls_first(&h->calls);
	struct error e;

	if (c->sent) {
		kill_host(h, HOST_CALL_LATE, "it has not answered in time");
		return;
	}
	if (h->trouble)
		error_set(&e, EAGAIN, "its process cannot be started again: %s", h->trouble);
	else
		error_set(&e, EAGAIN, "its process is not back yet");
	host_calls_finish(c, NULL, &e);
}

/* It stood still with its daemon, and is heard before it is judged. */
static void wait_longer(struct module_host *h)
{
	struct host_call *c = host_calls_first(&h->calls);

	h->started_ns += TIMER_LISTEN_NS;
	if (c)
		c->since_ns += TIMER_LISTEN_NS;
	pump(h);
}

static int on_timer(sd_event_source *source unused, uint64_t usec, void *arg)
{
	struct module_host *h = arg;
	int64_t now = now_ns();

	h->timer = sd_event_source_disable_unref(h->timer);
	host_calls_tell_refused(&h->calls);
	if (timer_late(usec)) {
		wait_longer(h);
		return 0;
	}
	if (h->state == HOST_STARTING && now >= h->started_ns + MODULE_LOAD_NS)
		kill_host(h, HOST_CALL_LATE, "its modules were not loaded within 10 s");
	if (h->state == HOST_DOWN && h->restart_ns && now >= h->restart_ns)
		module_host_start(h);
	while (!h->why.code && now >= deadline(h))
		call_is_late(h);
	pump(h);
	return 0;
}

/* Writes what fits, and sees to it that nothing is waited for in vain. */
static void pump(struct module_host *h)
{
	int64_t at;

	if (h->state == HOST_UP && h->peer && !h->why.code)
		host_calls_write(&h->calls, peer_stream(h->peer));
	at = due(h);
	if (at == INT64_MAX || h->why.code)
		h->timer = sd_event_source_disable_unref(h->timer);
	else
		timer_set_patient(h->o.loop, &h->timer, at - now_ns(), on_timer, h);
}

/* ---- its beginning ---- */

static const struct hello hello = { HELLO_OF(PEER_MASTER) };

static int on_greeted(struct peer *p, const struct hello *theirs unused, struct error *e unused)
{
	struct module_host *h = peer_ctx(p);

	peer_send(p, MODULE_CALL, NULL, NULL, h->o.load);
	return 0;
}

static void take_load(struct module_host *h, struct module_result *result)
{
	if (result->doing) {
		free(h->doing);
		h->doing = take_ptr(result->doing);
		return;
	}
	if (result->error) {
		kill_host(h, HOST_CALL_FAILED, result->error);
		return;
	}
	h->state = HOST_UP;
	h->loaded_ns = now_ns();
	h->loaded_once = true;
	free(take_ptr(h->trouble));
	if (host_calls_first(&h->calls))
		host_calls_first(&h->calls)->since_ns = now_ns();
	h->o.loaded(h->o.ctx, result, NULL);
	pump(h);
}

static void on_result(struct peer *p, struct message *m)
{
	struct module_host *h = peer_ctx(p);
	struct module_result *result = m->body;
	struct host_call *c = host_calls_first(&h->calls);
	struct error e;

	if (h->killed)
		return; /* it comes too late */
	if (h->state == HOST_STARTING) {
		take_load(h, result);
		return;
	}
	if (!c || !c->sent || !result->has_number || result->number != c->number) {
		kill_host(h, HOST_CALL_CRASHED, "it gave a result that nobody asked for");
		return;
	}
	h->pause_ns = MODULE_PAUSE_MIN_NS;
	h->crashes = 0;
	h->answered = true;
	if (result->error)
		error_set(&e, HOST_CALL_FAILED, "%s", result->error);
	host_calls_finish(c, result->error ? NULL : result, result->error ? &e : NULL);
	pump(h);
}

/* What a module says, of whatever call it is or of none. */
static void on_log(struct peer *p, struct message *m)
{
	struct module_host *h = peer_ctx(p);
	const struct module_log *log = m->body;

	if (log->module)
		log_limited(&h->told, LOG_LEVEL_INFO, "module %s: %s", log->module, log->text);
	else
		log_limited(&h->told, LOG_LEVEL_INFO, "modules: %s: %s", h->o.name, log->text);
}

static const struct peer_verb verbs[] = {
	{ MODULE_HOST_RESULT, PEER_GREETED, on_result },
	{ MODULE_HOST_LOG, PEER_GREETED, on_log },
	{ .fn = NULL },
};

static const struct peer_protocol protocol = {
	.role = PEER_MODULE_HOST,
	.hears = LANGUAGE_MODULE_HOST,
	.line_max = LINE_MAX_DAEMON_BYTES,
	.verbs = verbs,
	.greeted = on_greeted,
	.closed = on_closed,
};

static int start(struct module_host *h, struct error *e)
{
	int fds[2], output = -EBADF, r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return error_sys(e, "make a socket");
	r = -module_output_open(&h->output, h->o.loop, &output);
	if (!r)
		r = module_process_spawn(h->o.path, h->o.memory_bytes, fds[1], output, &h->pid);
	close_fd(&fds[1]);
	close_fd(&output);
	if (r) {
		close_fd(&fds[0]);
		return error_set(e, r, "start %s: %s; --launcher_dir says where it is", h->o.path,
				 strerror(r));
	}
	r = sd_event_add_child(h->o.loop, &h->child, h->pid, WEXITED, on_child, h);
	assert(r >= 0);
	r = fcntl(fds[0], F_SETFL, O_NONBLOCK);
	assert(!r);
	h->peer = peer_attach(&h->server, fds[0], &protocol);
	return 0;
}

void module_host_start(struct module_host *h)
{
	assert(h->state == HOST_DOWN && !h->pid);
	reap_undead(h);
	h->why = (struct error){ 0 };
	h->killed = h->answered = false;
	free(take_ptr(h->closed));
	free(take_ptr(h->doing));
	h->restart_ns = 0;
	h->state = HOST_STARTING;
	h->started_ns = now_ns();
	h->starts++;
	if (start(h, &h->why))
		lose(h);
	else
		pump(h);
}

/* One that has worked, or lived for long, begins anew: its end says nothing of those before it. */
static void count_end(struct module_host *h, bool was_up, int code)
{
	uint64_t left_out = log_take_left_out(&h->told);

	if (left_out)
		log_warning("modules: %s: more was said left_out=%llu", h->o.name,
			    (unsigned long long)left_out);
	if (!was_up)
		return;
	if (h->answered || now_ns() - h->loaded_ns > MODULE_PAUSE_MAX_NS) {
		h->crashes = 0;
		h->pause_ns = MODULE_PAUSE_MIN_NS;
	}
	h->crashes += !h->answered && !h->killed && code != E2BIG;
}

/* The process is gone, and all that it said is read. */
static void lose(struct module_host *h)
{
	bool was_up = h->state == HOST_UP;
	struct error why = h->why;

	assert(!h->pid && why.code);
	module_output_close(&h->output);
	h->drained = sd_event_source_disable_unref(h->drained);
	if (h->peer)
		peer_close(take_ptr(h->peer));
	h->state = HOST_DOWN;
	h->why.code = 0;
	count_end(h, was_up, why.code);
	if (was_up && h->calls.sent && why.code != E2BIG)
		host_calls_finish(host_calls_first(&h->calls), NULL, &why);
	host_calls_wait_anew(&h->calls);
	if (!was_up && h->doing && why.code != HOST_CALL_FAILED)
		error_wrap(&why, "%s", h->doing);
	if (h->loaded_once) {
		log_warning("modules: %s: %s: it is started again in %.1f s", h->o.name, why.text,
			    ns_seconds(h->pause_ns));
		h->restart_ns = now_ns() + h->pause_ns;
		h->pause_ns = MIN(h->pause_ns * 2, MODULE_PAUSE_MAX_NS);
	}
	if (!was_up) {
		free(h->trouble);
		h->trouble = xstrdup(why.text);
		h->o.loaded(h->o.ctx, NULL, &why);
	}
	pump(h);
}

static void on_unheard(struct host_calls *q, const struct host_call *c, const struct error *e)
{
	struct module_host *h = container_of(q, struct module_host, calls);

	h->o.unheard(h->o.ctx, c->module, c->function, e);
}

struct module_host *module_host_new(const struct module_host_options *o)
{
	struct module_host *h = xcalloc(1, sizeof(*h));

	h->o = *o;
	h->pause_ns = MODULE_PAUSE_MIN_NS;
	h->server = (struct peer_server){
		.streams = o->streams,
		.loop = o->loop,
		.hello = &hello,
		.ctx = h,
		.hello_ns = MODULE_LOAD_NS,
	};
	h->told.more = MODULE_LINES_MORE;
	module_output_init(&h->output, h->o.name);
	host_calls_init(&h->calls, on_unheard);
	return h;
}

/* It ends by itself when its connection does; what the kernel does not let go is left to it. */
static void await_end(struct module_host *h)
{
	struct pollfd p = { .fd = sd_event_source_get_child_pidfd(h->child), .events = POLLIN };
	int status;
	int64_t left_ms = (h->ending_ns + END_NS - now_ns()) / NSEC_PER_MSEC;

	if (p.fd >= 0)
		poll(&p, 1, (int)MAX(left_ms, 0));
	module_process_kill(h->pid);
	if (p.fd >= 0)
		poll(&p, 1, UNDEAD_NS / NSEC_PER_MSEC);
	h->child = sd_event_source_disable_unref(h->child);
	if (waitpid(h->pid, &status, WNOHANG) == h->pid && WIFSIGNALED(status) && !h->killed)
		log_warning("modules: %s: its process was ended by signal %d (%s) while it cleaned "
			    "up; it may take %d s for that",
			    h->o.name, WTERMSIG(status), strsignal(WTERMSIG(status)),
			    (int)(END_NS / NSEC_PER_SEC));
}

void module_host_end(struct module_host *h)
{
	if (!h || h->ending_ns)
		return;
	h->ending_ns = now_ns();
	if (h->peer)
		peer_close(take_ptr(h->peer));
}

void module_host_free(struct module_host *h)
{
	if (!h)
		return;
	module_host_end(h);
	if (h->pid)
		await_end(h);
	module_output_close(&h->output);
	sd_event_source_disable_unref(h->timer);
	sd_event_source_disable_unref(h->drained);
	host_calls_forget(&h->calls);
	free(h->closed);
	free(h->doing);
	free(h->trouble);
	free(h);
}

pid_t module_host_pid(const struct module_host *h)
{
	return h->pid;
}

const char *module_host_trouble(const struct module_host *h)
{
	return h->trouble;
}

unsigned module_host_crashes(const struct module_host *h)
{
	return h->crashes;
}

uint64_t module_host_restarts(const struct module_host *h)
{
	return h->starts ? h->starts - 1 : 0;
}
