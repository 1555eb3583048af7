/* Dialling with jitter, registration, and the master's verbs. */
#include "agent/master.h"

#include "agent/agent.h"
#include "agent/arrivals.h"
#include "agent/save.h"
#include "lib/ids.h"
#include "lib/log.h"
#include "lib/manager.h"
#include "lib/masters.h"
#include "lib/timer.h"

/* A network that is back is found within 15 s: this, and what is left of a dial into the void. */
#define BACKOFF_MAX_NS (10 * NSEC_PER_SEC)
/* Admission is one message each way; a master that is silent for so long is dialled again. */
#define REGISTER_NS (30 * NSEC_PER_SEC)

struct master_link {
	struct agent *agent;
	struct masters masters; /* of --master, tried in turn */
	size_t current;
	struct peer *peer;
	bool registered, leaving;
	char *instance; /* of this process */
	char *refusal;  /* what the master said instead of taking us; NULL: nothing */
	int64_t backoff_ns;
	int64_t ping_timeout_ns;
	sd_event_source *dial_timer, *ping_timer;
};

static const struct peer_protocol master_protocol;

static void dial(struct master_link *m);

static int on_dial_timer(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	dial(arg);
	return 0;
}

static void set_timer(struct master_link *m, sd_event_source **timer, int64_t ns,
		      sd_event_time_handler_t fn)
{
	timer_set(m->agent->loop, timer, ns, fn, m);
}

static void dial_later(struct master_link *m)
{
	int64_t base = m->agent->flags.registration_backoff_factor;

	if (m->leaving)
		return;
	m->current = (m->current + 1) % m->masters.count;
	m->backoff_ns = m->backoff_ns ? MIN(m->backoff_ns * 2, MAX(base, BACKOFF_MAX_NS)) : base;
	set_timer(m, &m->dial_timer, timer_jitter(m->backoff_ns), on_dial_timer);
}

static void dial(struct master_link *m)
{
	struct error e;

	assert(!m->peer);
	m->dial_timer = sd_event_source_disable_unref(m->dial_timer);
	if (!peer_dial(&m->agent->server, m->masters.list[m->current], &master_protocol, &m->peer,
		       &e)) {
		peer_set_owner(m->peer, m);
		return;
	}
	log_warning("master %s: %s", m->masters.list[m->current], e.text);
	dial_later(m);
}

static void disconnected(struct master_link *m, const char *why)
{
	log_warning("master %s: connection lost: %s", m->masters.list[m->current], why);
	manager_status("Registering; the connection to %s was lost", m->masters.list[m->current]);
	m->peer = NULL;
	m->registered = false;
	m->ping_timer = sd_event_source_disable_unref(m->ping_timer);
	dial_later(m);
}

static void on_closed(struct peer *p, const char *why)
{
	disconnected(peer_owner(p), why);
}

static void give_up(struct master_link *m, const char *why)
{
	peer_close(take_ptr(m->peer));
	disconnected(m, why);
}

/* The connection may look alive and carry nothing; then only the missing ping tells. */
static int on_no_ping(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	give_up(arg, "no ping in time");
	return 0;
}

/* ---- registration ---- */

static struct agent *agent_of(struct peer *p)
{
	struct master_link *m = peer_owner(p);

	return m->agent;
}

/* What re-registration says of a task; only the lists of `ret` are the caller's to free. */
static void report_task(struct master_link *m, struct task *t)
{
	struct executor *x = t->executor;
	struct task_report report = {
		.name = t->info->name,
		.task_id = t->info->task_id,
		.framework_id = x->framework->id,
		.agent_id = m->agent->id,
		.executor_id = x->command ? NULL : x->info->executor_id,
		.state = t->state,
		.has_state = true,
		.resources = t->info->resources,
		.resources_count = t->info->resources_count,
		.statuses = t->statuses,
		.statuses_count = t->statuses_count,
		.labels = t->info->labels,
		.discovery = t->info->discovery,
	};
	struct reregister_task body = { .framework = x->framework->info, .task = &report };

	peer_send(m->peer, AGENT_REREGISTER_TASK, NULL, NULL, &body);
}

static void report_executor(struct master_link *m, struct executor *x)
{
	struct reregister_executor body = {
		.framework = x->framework->info,
		.executor = x->info,
	};

	if (!x->command && x->container)
		peer_send(m->peer, AGENT_REREGISTER_EXECUTOR, NULL, NULL, &body);
}

/* What hooks are still asked about is lost with that: this master may have heard so already. */
static void report_tasks(struct master_link *m)
{
	struct framework *f, *next;
	struct executor *x;
	struct task *t;

	arrivals_forget(m->agent, NULL);
	HASH_ITER(hh, m->agent->frameworks, f, next)
		list_for_each(x, &f->executors, node) {
			report_executor(m, x);
			list_for_each(t, &x->tasks, node)
				report_task(m, t);
		}
	peer_send(m->peer, AGENT_REREGISTERED_TASKS, NULL, NULL, NULL);
}

/* A master of the past must not command us; 0: it did not say. */
static int check_epoch(struct agent *a, uint64_t epoch, struct error *e)
{
	if (epoch && epoch < a->epoch)
		return error_set(e, ESTALE,
				 "it is of epoch %llu, and we have heard from one of epoch %llu",
				 (unsigned long long)epoch, (unsigned long long)a->epoch);
	if (epoch > a->epoch) {
		a->epoch = epoch;
		save_agent(a);
	}
	return 0;
}

static int on_any(struct peer *p, const struct message *m, struct error *e)
{
	return check_epoch(agent_of(p), m->epoch, e);
}

static int on_greeted(struct peer *p, const struct hello *hello, struct error *e)
{
	struct master_link *m = peer_owner(p);
	struct agent *a = m->agent;
	struct register_agent first = { .agent = &a->info,
					.version = a->hello.version,
					.instance = m->instance };
	struct reregister_agent again = { .agent = &a->info,
					  .version = a->hello.version,
					  .instance = m->instance };

	if (check_epoch(a, hello->has_epoch ? hello->epoch : 0, e))
		return -ESTALE;
	set_timer(m, &m->ping_timer, REGISTER_NS, on_no_ping);
	if (!a->id) {
		peer_send(p, AGENT_REGISTER_AGENT, NULL, NULL, &first);
		return 0;
	}
	peer_send(p, AGENT_REREGISTER_AGENT, NULL, NULL, &again);
	report_tasks(m);
	return 0;
}

static void on_registered(struct peer *p, struct message *msg)
{
	const struct agent_registered *r = msg->body;
	struct master_link *m = peer_owner(p);
	struct agent *a = m->agent;

	if (m->leaving)
		return;
	if (!id_valid(r->agent_id)) { /* it becomes the name of a directory */
		give_up(m, "it gives us an id that cannot be one");
		return;
	}
	if (a->id && strcmp(a->id, r->agent_id)) {
		log_error("master %s: registered us as %s, but we are %s; ending",
			  master_address(m), r->agent_id, a->id);
		agent_terminate(a, "the master gave us another id", EXIT_FAILURE);
		return;
	}
	log_info("agent %s: %sregistered with master %s", r->agent_id, a->id ? "re-" : "",
		 master_address(m));
	manager_status("Serving; registered with %s as %s", master_address(m), r->agent_id);
	replace_str(&a->id, r->agent_id);
	a->info.id = a->id;
	m->registered = true;
	free(take_ptr(m->refusal));
	m->backoff_ns = 0;
	m->ping_timeout_ns = r->ping_timeout;
	set_timer(m, &m->ping_timer, m->ping_timeout_ns, on_no_ping);
	save_agent(a);
	if (agent_takes_none(a))
		master_tell_availability(m);
	updates_resume(&a->updates, now_ns());
	agent_pump_updates(a);
	agent_maybe_leave(a);
}

void master_tell_availability(struct master_link *m)
{
	const char *reason = agent_takes_none(m->agent);
	struct availability body = {
		.takes_tasks = !reason,
		.has_takes_tasks = true,
		.reason = (char *)(uintptr_t)reason,
	};

	master_send(m, AGENT_AVAILABILITY, &body);
}

/* The peer has logged it. */
static void on_error(struct peer *p, struct message *msg)
{
	struct master_link *m = peer_owner(p);

	if (!m->registered)
		replace_str(&m->refusal, ((struct error_message *)msg->body)->message);
}

/* ---- verbs ---- */

static void on_ping(struct peer *p, struct message *msg)
{
	const struct ping *ping = msg->body;
	struct master_link *m = peer_owner(p);
	struct pong pong = { .sequence = ping->sequence, .has_sequence = ping->has_sequence };

	set_timer(m, &m->ping_timer, m->ping_timeout_ns, on_no_ping);
	peer_send(p, AGENT_PONG, NULL, NULL, &pong);
}

static void on_run_task(struct peer *p, struct message *m)
{
	struct agent *a = agent_of(p);

	if (a->id)
		frameworks_run_task(a, m->body);
}

static void on_kill_task(struct peer *p, struct message *m)
{
	frameworks_kill_task(agent_of(p), m->body);
}

static void on_acknowledge(struct peer *p, struct message *m)
{
	frameworks_acknowledged(agent_of(p), m->body);
}

static void on_resume(struct peer *p, struct message *m)
{
	const struct resume_updates *body = m->body;
	struct agent *a = agent_of(p);

	updates_resume_framework(&a->updates, body->framework_id, now_ns());
	agent_pump_updates(a);
}

static void on_shutdown_framework(struct peer *p, struct message *m)
{
	const struct shutdown_framework *body = m->body;

	frameworks_shutdown(agent_of(p), body->framework_id);
}

static void on_shutdown_executor(struct peer *p, struct message *m)
{
	frameworks_shutdown_executor(agent_of(p), m->body);
}

static void on_framework_message(struct peer *p, struct message *m)
{
	frameworks_message(agent_of(p), m->body);
}

static void on_shutdown(struct peer *p, struct message *m)
{
	const struct shutdown_agent *body = m->body;

	autofree char *why = xasprintf("the master removed this agent: %s",
				       body->message ? body->message : "it gave no reason");

	agent_terminate(agent_of(p), why, EXIT_FAILURE);
}

static const struct peer_protocol master_protocol = {
	.role = PEER_MASTER,
	.hears = LANGUAGE_MASTER,
	.line_max = LINE_MAX_DAEMON_BYTES,
	.verbs =
		(const struct peer_verb[]){
			{ COMMON_ERROR, PEER_GREETED, on_error },
			{ MASTER_AGENT_REGISTERED, PEER_GREETED, on_registered },
			{ MASTER_PING, PEER_GREETED, on_ping },
			{ MASTER_RUN_TASK, PEER_GREETED, on_run_task },
			{ MASTER_KILL_TASK, PEER_GREETED, on_kill_task },
			{ MASTER_ACKNOWLEDGE_UPDATE, PEER_GREETED, on_acknowledge },
			{ MASTER_RESUME_UPDATES, PEER_GREETED, on_resume },
			{ MASTER_SHUTDOWN_FRAMEWORK, PEER_GREETED, on_shutdown_framework },
			{ MASTER_SHUTDOWN_EXECUTOR, PEER_GREETED, on_shutdown_executor },
			{ MASTER_FRAMEWORK_MESSAGE, PEER_GREETED, on_framework_message },
			{ MASTER_SHUTDOWN_AGENT, PEER_GREETED, on_shutdown },
			{ .fn = NULL },
		},
	.greeted = on_greeted,
	.refuses = on_any,
	.closed = on_closed,
};

/* ---- life ---- */

int master_link_new(struct agent *a, struct master_link **ret, struct error *e)
{
	struct master_link *m = xcalloc(1, sizeof(*m));
	int r;

	m->agent = a;
	m->instance = uuid_text_new();
	r = masters_parse(a->flags.master, &m->masters, e);
	if (!r)
		r = peer_dial(&a->server, m->masters.list[0], &master_protocol, &m->peer, e);
	if (r) {
		master_link_free(m);
		return error_wrap(e, "--master");
	}
	peer_set_owner(m->peer, m);
	*ret = m;
	return 0;
}

void master_link_free(struct master_link *m)
{
	if (!m)
		return;
	if (m->peer)
		peer_finish(m->peer);
	sd_event_source_disable_unref(m->dial_timer);
	sd_event_source_disable_unref(m->ping_timer);
	masters_fini(&m->masters);
	free(m->instance);
	free(m->refusal);
	free(m);
}

bool master_registered(const struct master_link *m)
{
	return m && m->registered;
}

void master_send(struct master_link *m, enum message_type type, const void *body)
{
	if (master_registered(m))
		peer_send(m->peer, type, NULL, NULL, body);
}

size_t master_queued(const struct master_link *m)
{
	return m && m->peer ? stream_queued(peer_stream(m->peer)) : 0;
}

/* A master that has not admitted us must not do so any more. */
void master_unregister(struct master_link *m)
{
	m->leaving = true;
	m->dial_timer = sd_event_source_disable_unref(m->dial_timer);
	m->ping_timer = sd_event_source_disable_unref(m->ping_timer);
	master_send(m, AGENT_UNREGISTER_AGENT, NULL);
	if (!m->registered && m->peer)
		peer_close(take_ptr(m->peer));
}

void master_add_health(const struct master_link *m, struct buf *out)
{
	if (m && m->refusal)
		buf_addf(out, "The master does not take this agent: %s.\n", m->refusal);
}

const char *master_address(const struct master_link *m)
{
	return m ? m->masters.list[m->current] : "";
}
