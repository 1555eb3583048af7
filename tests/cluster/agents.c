/*
 * Simulated agents, as many as are wanted in one process: `agents PORT N` registers them with the
 * master at 127.0.0.1:PORT; they answer pings, and come back when a connection ends. They have no
 * tasks. What happens is printed, one event per line; standard input has the words.
 */
#include <stdio.h>
#include <sys/epoll.h>

#include "lib/daemon.h"
#include "lib/lines.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/peer.h"
#include "lib/timer.h"

/*
 * What is printed: "SECONDS EVENT NUMBER MORE", with seconds since the start, to the
 * millisecond, and the agent's number from 0.
 *	registered I ID		admitted, or back under its id
 *	pinged I SEQUENCE	and it answered
 *	ignored I SEQUENCE	it was silenced
 *	lost I WHY		its connection ended, or could not be made; it dials again
 *	shutdown I WHY		the master removed it; it stays away
 *	ok WORD			the word was obeyed
 */

/* A part of it, by chance, before an agent dials again. */
#define REDIAL_NS (200 * NSEC_PER_MSEC)
/*
 * Dialled when nothing else is to be done: sd-event's cost grows with the square of what is ready.
 */
#define DIAL_BATCH 64

struct crowd {
	sd_event *loop;
	struct peer_server server;
	char *address;
	unsigned count;
	struct sim *agents;
	struct list to_dial; /* sims, in order */
	sd_event_source *dialling;
	int64_t start_ns;
	struct lines input;
};

struct sim {
	struct crowd *crowd;
	unsigned number;
	struct list to_dial;
	struct peer *peer; /* NULL: not connected */
	char *id;          /* NULL: never registered */
	bool silent, removed;
	sd_event_source *redial;
};

static void tell(const struct crowd *c, const char *event)
{
	printf("%.3f %s", (double)(now_ns() - c->start_ns) / (double)NSEC_PER_SEC, event);
}

static void tell_of(const struct sim *s, const char *event, const char *more)
{
	tell(s->crowd, event);
	printf(" %u %s\n", s->number, more);
}

/* The master's verbs */

static void on_registered(struct peer *p, struct message *m)
{
	const struct agent_registered *r = m->body;
	struct sim *s = peer_owner(p);

	replace_str(&s->id, r->agent_id);
	tell_of(s, "registered", s->id);
}

static void on_ping(struct peer *p, struct message *m)
{
	const struct ping *ping = m->body;
	struct pong pong = { .sequence = ping->sequence, .has_sequence = ping->has_sequence };
	struct sim *s = peer_owner(p);
	autofree char *sequence = xasprintf("%llu", (unsigned long long)ping->sequence);

	if (!s->silent)
		peer_send(p, AGENT_PONG, NULL, NULL, &pong);
	tell_of(s, s->silent ? "ignored" : "pinged", sequence);
}

static void on_shutdown(struct peer *p, struct message *m)
{
	const struct shutdown_agent *shutdown = m->body;
	struct sim *s = peer_owner(p);

	s->removed = true;
	tell_of(s, "shutdown", shutdown->message ? shutdown->message : "");
}

/* Coming and going */

static int introduce(struct peer *p, const struct hello *hello unused, struct error *e unused)
{
	struct sim *s = peer_owner(p);
	autofree char *hostname = xasprintf("sim%u.example", s->number);
	struct resource cpus = {
		.name = (char[]){ "cpus" },
		.type = SCALAR,
		.has_type = true,
		.scalar = &(struct scalar_value){ .value = 1, .has_value = true },
	};
	struct agent_info info = {
		.id = s->id,
		.hostname = hostname,
		.resources = &cpus,
		.resources_count = 1,
	};

	if (!s->id) {
		peer_send(p, AGENT_REGISTER_AGENT, NULL, NULL,
			  &(struct register_agent){ .agent = &info });
		return 0;
	}
	peer_send(p, AGENT_REREGISTER_AGENT, NULL, NULL,
		  &(struct reregister_agent){ .agent = &info });
	peer_send(p, AGENT_REREGISTERED_TASKS, NULL, NULL, NULL);
	return 0;
}

static int on_redial(sd_event_source *source, uint64_t usec, void *arg);

static void on_closed(struct peer *p, const char *why)
{
	struct sim *s = peer_owner(p);

	s->peer = NULL;
	if (s->removed)
		return;
	tell_of(s, "lost", why);
	timer_set(s->crowd->loop, &s->redial, timer_jitter(REDIAL_NS), on_redial, s);
}

static const struct peer_protocol master_protocol = {
	.role = PEER_MASTER,
	.hears = LANGUAGE_MASTER,
	.line_max = LINE_MAX_DAEMON_BYTES,
	.verbs =
		(const struct peer_verb[]){
			{ MASTER_AGENT_REGISTERED, PEER_GREETED, on_registered },
			{ MASTER_PING, PEER_GREETED, on_ping },
			{ MASTER_SHUTDOWN_AGENT, PEER_GREETED, on_shutdown },
			{ .fn = NULL },
		},
	.greeted = introduce,
	.closed = on_closed,
};

static void dial(struct sim *s)
{
	struct error e;

	if (peer_dial(&s->crowd->server, s->crowd->address, &master_protocol, &s->peer, &e)) {
		log_error("agents: %s", e.text);
		sd_event_exit(s->crowd->loop, EXIT_FAILURE);
		return;
	}
	peer_set_owner(s->peer, s);
}

static int on_dialling(sd_event_source *source, void *arg)
{
	struct crowd *c = arg;
	struct sim *s;

	for (int i = 0; i < DIAL_BATCH && (s = list_first(&c->to_dial, struct sim, to_dial)); i++) {
		list_remove(&s->to_dial);
		dial(s);
	}
	if (list_empty(&c->to_dial))
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static void dial_soon(struct sim *s)
{
	struct crowd *c = s->crowd;

	s->redial = sd_event_source_disable_unref(s->redial);
	list_remove(&s->to_dial);
	list_append(&c->to_dial, &s->to_dial);
	sd_event_source_set_enabled(c->dialling, SD_EVENT_ON);
}

static int on_redial(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	dial_soon(arg);
	return 0;
}

/* Words */

static void silence(struct crowd *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		c->agents[i].silent = true;
}

static void speak(struct crowd *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		c->agents[i].silent = false;
}

/* All at once: nobody waits for the others. */
static void reconnect(struct crowd *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct sim *s = &c->agents[i];

		if (s->removed)
			continue;
		if (s->peer)
			peer_close(take_ptr(s->peer));
		dial_soon(s);
	}
}

static void quit(struct crowd *c, unsigned n unused)
{
	sd_event_exit(c->loop, EXIT_SUCCESS);
}

/* A number behind a word makes it one for the first so many agents. */
static const struct {
	const char *word;
	void (*fn)(struct crowd *c, unsigned n);
} words[] = {
	{ "silence", silence },
	{ "speak", speak },
	{ "reconnect", reconnect },
	{ "quit", quit },
};

static void obey(struct crowd *c, char *line)
{
	const char *word = strsep(&line, " ");
	unsigned long n = line ? strtoul(line, NULL, 10) : c->count;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].word, word)) {
			words[i].fn(c, (unsigned)MIN(n, c->count));
			tell(c, "ok");
			printf(" %s\n", word);
			return;
		}
	log_error("agents: unknown word: %s", word);
	sd_event_exit(c->loop, EXIT_FAILURE);
}

static int on_input(sd_event_source *source unused, int fd, uint32_t events unused, void *arg)
{
	struct crowd *c = arg;
	ssize_t n = read(fd, lines_reserve(&c->input, 4096), 4096);
	char *line;
	size_t len;

	if (n <= 0)
		return sd_event_exit(c->loop, EXIT_SUCCESS);
	lines_added(&c->input, (size_t)n);
	while (lines_next(&c->input, &line, &len) == LINES_TAKEN)
		obey(c, line);
	return 0;
}

static void gather(struct crowd *c)
{
	c->agents = xcalloc(c->count, sizeof(*c->agents));
	for (unsigned i = 0; i < c->count; i++) {
		c->agents[i] = (struct sim){ .crowd = c, .number = i };
		list_init(&c->agents[i].to_dial);
		dial_soon(&c->agents[i]);
	}
}

static void disperse(struct crowd *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		sd_event_source_disable_unref(c->agents[i].redial);
		if (c->agents[i].peer)
			peer_close(c->agents[i].peer);
		free(c->agents[i].id);
	}
	free(c->agents);
	sd_event_source_disable_unref(c->dialling);
	free(c->address);
	streams_free(c->server.streams);
	lines_fini(&c->input);
	sd_event_unref(c->loop);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info unused,
		     void *arg unused)
{
	return sd_event_exit(sd_event_source_get_event(source), EXIT_SUCCESS);
}

static int start(struct crowd *c, struct error *e)
{
	static const struct daemon_options options = { .name = "agents",
						       .logging_level = "WARNING" };
	static const struct hello hello = { HELLO_OF(PEER_AGENT) };
	int r;

	if (daemon_init(&options, &c->loop, e) ||
	    daemon_handle_signals(c->loop, on_signal, NULL, e) ||
	    streams_new(c->loop, NULL, NULL, &c->server.streams, e))
		return -e->code;
	c->server.loop = c->loop;
	c->server.hello = &hello;
	list_init(&c->to_dial);
	r = sd_event_add_defer(c->loop, &c->dialling, on_dialling, c);
	if (r >= 0)
		r = sd_event_source_set_priority(c->dialling, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_add_io(c->loop, NULL, STDIN_FILENO, EPOLLIN, on_input, c);
	return r < 0 ? error_set(e, -r, "standard input: %s", strerror(-r)) : 0;
}

int main(int argc, char **argv)
{
	struct crowd c = { .input.max = 4096, .start_ns = now_ns() };
	struct error e;
	int status;

	if (argc != 3) {
		fprintf(stderr, "usage: agents PORT N\n");
		return 2;
	}
	c.address = xasprintf("127.0.0.1:%s", argv[1]);
	c.count = (unsigned)strtoul(argv[2], NULL, 10);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (start(&c, &e)) {
		fprintf(stderr, "agents: %s\n", e.text);
		return EXIT_FAILURE;
	}
	gather(&c);
	status = sd_event_loop(c.loop);
	disperse(&c);
	return status < 0 ? EXIT_FAILURE : status;
}
