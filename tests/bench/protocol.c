/*
 * What protocol.sh measures: `protocol WHO CONNECTIONS IN_FLIGHT SECONDS` prints how many
 * status updates a second one server process acknowledges over loopback TCP. WHO is `ours`
 * (lib/peer: records), `jansson` (lib/stream, but jansson's tree both ways) or `echo` (a
 * bare epoll loop that looks for ends of lines).
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/log.h"
#include "lib/peer.h"
#include "tests/bench/common.h"

#define CONNECTIONS_MAX 1024
#define READ_BYTES      65536

static const char ack_line[] = "{\"type\":\"ACKNOWLEDGE_UPDATE\",\"acknowledge_update\":{\"task_"
			       "id\":{\"value\":\"x\"}}}\n";

/* ---- the servers ---- */

struct server {
	struct peer_server peers;
	void (*take)(struct server *s, int fd);
};

static void answer(struct peer *p, struct message *m)
{
	const struct status_update *u = m->body;
	struct acknowledge_update ack = {
		.framework_id = u->framework_id,
		.task_id = u->status->task_id,
		.has_uuid = true,
	};

	memcpy(ack.uuid, u->status->uuid, sizeof(ack.uuid));
	peer_send(p, MASTER_ACKNOWLEDGE_UPDATE, NULL, NULL, &ack);
}

static void ignore_closed(struct peer *p unused, const char *why unused)
{
}

static const struct peer_verb verbs[] = {
	{ .type = AGENT_STATUS_UPDATE, .phases = PEER_GREETED, .fn = answer },
	{ .fn = NULL },
};
static const struct peer_protocol agent_protocol = {
	.role = PEER_AGENT,
	.hears = LANGUAGE_AGENT,
	.line_max = LINE_MAX_DAEMON_BYTES,
	.verbs = verbs,
	.closed = ignore_closed,
};
static const struct peer_protocol *const protocols[] = { &agent_protocol, NULL };
static const struct hello hello = { .role = PEER_MASTER, .has_role = true };

static void take_peer(struct server *s, int fd)
{
	peer_accept(&s->peers, fd, NULL);
}

/* The same answer by way of jansson's trees. */
static void answer_with_trees(struct stream *s, char *line, size_t len)
{
	json_t *in = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	json_t *update = json_object_get(in, "status_update");
	json_t *status = json_object_get(update, "status");
	json_t *ack = json_pack("{s:s,s:{s:O,s:O,s:O}}", "type", "ACKNOWLEDGE_UPDATE",
				"acknowledge_update", "framework_id",
				json_object_get(update, "framework_id"), "task_id",
				json_object_get(status, "task_id"), "uuid",
				json_object_get(status, "uuid"));
	struct buf *out = stream_out(s);
	size_t n;

	assert(ack);
	n = json_dumpb(ack, buf_reserve(out, 1024), 1024, JSON_COMPACT);
	assert(n <= 1024);
	out->len += n;
	buf_addc(out, '\n');
	stream_flush(s);
	json_decref(ack);
	json_decref(in);
}

static void stream_ended(struct stream *s unused, const char *why unused)
{
}

static void take_stream(struct server *s, int fd)
{
	static const struct stream_ops ops = { .line = answer_with_trees, .closed = stream_ended };

	stream_open(s->peers.streams, fd, NULL, LINE_MAX_DAEMON_BYTES, &ops, NULL);
}

static int on_connection(sd_event_source *source unused, int fd, uint32_t events unused, void *arg)
{
	struct server *s = arg;
	int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (connection < 0)
		die("accept");
	s->take(s, connection);
	return 0;
}

static void serve(int listening, void (*take)(struct server *, int))
{
	struct server s = { .take = take };
	struct error e;
	sd_event *loop;

	if (sd_event_new(&loop) < 0)
		die("sd_event_new");
	s.peers = (struct peer_server){ .loop = loop, .protocols = protocols, .hello = &hello };
	check(streams_new(loop, NULL, NULL, &s.peers.streams, &e), &e);
	if (sd_event_add_io(loop, NULL, listening, EPOLLIN, on_connection, &s) < 0)
		die("sd_event_add_io");
	sd_event_loop(loop);
}

/* Lines never lie across reads here for long: a count of ends is what has to be answered. */
static void echo_once(int fd, void *ctx unused)
{
	static char in[READ_BYTES], out[READ_BYTES];
	ssize_t n = recv(fd, in, sizeof(in), MSG_DONTWAIT);
	size_t len = 0;

	for (char *at = in; n > 0 && (at = memchr(at, '\n', (size_t)(in + n - at))); at++) {
		memcpy(out + len, ack_line, sizeof(ack_line) - 1);
		len += sizeof(ack_line) - 1;
	}
	if (n == 0)
		close(fd);
	if (len && send(fd, out, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("send");
}

/* ---- the client ---- */

struct client {
	int epoll;
	unsigned in_flight;
	struct buf updates; /* in_flight times the same line */
	size_t line;        /* its length */
	uint64_t answered;
};

static void make_updates(struct client *c)
{
	static char framework[] = "20261122-133000-16777343-5050-4711-0000", task[] = "task-000042";
	static char agent[] = "20261122-133000-16777343-5050-4711-S0", message[] = "it runs";
	struct task_status status = {
		.task_id = task,
		.agent_id = agent,
		.message = message,
		.state = TASK_RUNNING,
		.has_state = true,
		.source = SOURCE_EXECUTOR,
		.has_source = true,
		.timestamp = 1416000000.25,
		.has_timestamp = true,
		.has_uuid = true,
	};
	struct status_update update = { .framework_id = framework, .status = &status };

	assert(c->in_flight);
	for (unsigned i = 0; i < c->in_flight; i++)
		message_encode(&c->updates, AGENT_STATUS_UPDATE, NULL, NULL, &update);
	c->line = c->updates.len / c->in_flight;
}

static void send_updates(struct client *c, int fd, unsigned n)
{
	if (send(fd, c->updates.data, n * c->line, MSG_NOSIGNAL) != (ssize_t)(n * c->line))
		die("send");
}

static void greet(int fd)
{
	static const char text[] = "{\"type\":\"HELLO\",\"hello\":{\"role\":\"agent\"}}\n";
	char got;

	if (send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL) < 0)
		die("send");
	do {
		if (recv(fd, &got, 1, 0) != 1)
			die("recv");
	} while (got != '\n');
}

static void connect_all(struct client *c, const struct sockaddr_in *to, unsigned n, bool ours)
{
	for (unsigned i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, (const struct sockaddr *)to, sizeof(*to)))
			die("connect");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
		if (ours)
			greet(fd);
		watch(c->epoll, fd);
		send_updates(c, fd, c->in_flight);
	}
}

static void hear(struct client *c, int fd)
{
	static char in[READ_BYTES];
	ssize_t n = recv(fd, in, sizeof(in), MSG_DONTWAIT);
	unsigned lines = 0;

	if (n <= 0)
		die("the server is gone");
	for (char *at = in; (at = memchr(at, '\n', (size_t)(in + n - at))); at++)
		lines++;
	c->answered += lines;
	if (lines)
		send_updates(c, fd, lines);
}

static double rate(struct client *c, double seconds)
{
	int64_t start = now_ns(), end = start + (int64_t)(seconds * 1e9), now;

	c->answered = 0;
	do {
		struct epoll_event ready[64];
		int n = epoll_wait(c->epoll, ready, ARRAY_SIZE(ready), 1000);

		for (int i = 0; i < n; i++)
			hear(c, ready[i].data.fd);
		now = now_ns();
	} while (now < end);
	return (double)c->answered / ((double)(now - start) / 1e9);
}

/* The server as another process, so that each has a processor of its own. */
static pid_t start_server(const char *who, int listening)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	log_set_level(LOG_LEVEL_ERROR);
	if (!strcmp(who, "echo"))
		serve_bare(listening, echo_once, NULL);
	serve(listening, !strcmp(who, "ours") ? take_peer : take_stream);
	_exit(1);
}

int main(int argc, char **argv)
{
	struct client c = { .epoll = epoll_create1(EPOLL_CLOEXEC) };
	struct sockaddr_in address;
	unsigned connections;
	pid_t server;
	int listening;

	if (argc != 5) {
		fprintf(stderr, "usage: %s ours|jansson|echo CONNECTIONS IN_FLIGHT SECONDS\n",
			argv[0]);
		return 2;
	}
	connections = (unsigned)MIN(atoi(argv[2]), CONNECTIONS_MAX);
	c.in_flight = (unsigned)MAX(atoi(argv[3]), 1);
	listening = listen_somewhere(&address);
	server = start_server(argv[1], listening);
	make_updates(&c);
	connect_all(&c, &address, connections, !strcmp(argv[1], "ours"));
	rate(&c, 0.2); /* warm up */
	printf("%.0f\n", rate(&c, atof(argv[4])));
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	buf_fini(&c.updates);
	return 0;
}
