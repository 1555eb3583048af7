/*
 * What durable-updates.sh measures: `updates PORT TASKS SECONDS FIFO` is a framework that
 * launches TASKS tasks, all with this program as their executor (`updates executor FIFO`), and
 * prints how many status updates a second it acknowledged. Each task has one update under way:
 * the next is sent when the framework has acknowledged the last, which it tells the executor
 * through the fifo.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "lib/ids.h"
#include "lib/log.h"
#include "lib/peer.h"
#include "lib/resources.h"
#include "lib/timer.h"
#include "tests/bench/common.h"

#define WARM_UP_NS (500 * NSEC_PER_MSEC)

struct bench {
	sd_event *loop;
	struct peer_server server;
	struct peer *peer;
	int fifo; /* numbers of tasks whose update is acknowledged */
	/* the framework's */
	unsigned tasks;
	const char *program, *fifo_path;
	char *framework_id;
	bool launched;
	uint64_t updates;
	int64_t measure_ns, start_ns;
	sd_event_source *timer;
};

static void on_nothing(struct peer *p unused, struct message *m unused)
{
}

static void on_error(struct peer *p unused, struct message *m)
{
	fprintf(stderr, "updates: %s\n", ((struct error_message *)m->body)->message);
	exit(1);
}

static void on_closed(struct peer *p, const char *why)
{
	struct bench *b = peer_ctx(p);

	b->peer = NULL;
	fprintf(stderr, "updates: %s\n", why);
	sd_event_exit(b->loop, EXIT_FAILURE);
}

static void start(struct bench *b, const struct hello *hello)
{
	struct error e;

	if (sd_event_default(&b->loop) < 0)
		die("sd_event_default");
	log_set_level(LOG_LEVEL_WARNING);
	b->server = (struct peer_server){ .loop = b->loop, .hello = hello, .ctx = b };
	check(streams_new(b->loop, NULL, NULL, &b->server.streams, &e), &e);
}

/* ---- the executor ---- */

static void say(struct bench *b, unsigned task)
{
	char id[16];
	struct task_status status = {
		.task_id = id,
		.state = TASK_RUNNING,
		.has_state = true,
		.has_uuid = true,
	};

	snprintf(id, sizeof(id), "%u", task);
	uuid_new(status.uuid);
	peer_send(b->peer, EXECUTOR_UPDATE, NULL, NULL,
		  &(struct executor_update){ .status = &status });
}

static void on_launch(struct peer *p, struct message *m)
{
	const struct executor_launch *launch = m->body;

	say(peer_ctx(p), (unsigned)strtoul(launch->task->task_id, NULL, 10));
}

static void on_shutdown(struct peer *p unused, struct message *m unused)
{
	exit(0);
}

static int on_fifo(sd_event_source *source unused, int fd, uint32_t events unused, void *arg)
{
	unsigned tasks[1024];
	ssize_t n = read(fd, tasks, sizeof(tasks));

	for (ssize_t i = 0; i < n / (ssize_t)sizeof(*tasks); i++)
		say(arg, tasks[i]);
	return 0;
}

static int subscribe_executor(struct peer *p, const struct hello *hello unused,
			      struct error *e unused)
{
	peer_send(p, EXECUTOR_SUBSCRIBE, NULL, NULL, &(struct executor_subscribe){ 0 });
	peer_subscribed(p);
	return 0;
}

static const struct peer_protocol agent_protocol = {
	.role = PEER_AGENT,
	.hears = LANGUAGE_TO_EXECUTOR,
	.line_max = LINE_MAX_DAEMON_BYTES,
	.verbs =
		(const struct peer_verb[]){
			{ COMMON_ERROR, PEER_GREETED | PEER_SUBSCRIBED, on_error },
			{ TO_EXECUTOR_SUBSCRIBED, PEER_SUBSCRIBED, on_nothing },
			{ TO_EXECUTOR_LAUNCH, PEER_SUBSCRIBED, on_launch },
			{ TO_EXECUTOR_ACKNOWLEDGED, PEER_SUBSCRIBED, on_nothing },
			{ TO_EXECUTOR_SHUTDOWN, PEER_SUBSCRIBED, on_shutdown },
			{ .fn = NULL },
		},
	.greeted = subscribe_executor,
	.closed = on_closed,
};

static int be_executor(const char *fifo)
{
	struct hello hello = { HELLO_OF(PEER_EXECUTOR),
			       .token = getenv("MESOS_EXECUTOR_AUTHENTICATION_TOKEN") };
	const char *agent = getenv("MESOS_EXECUTOR_SOCKET");
	struct bench b = { .fifo = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC) };
	struct error e;

	if (b.fifo < 0 || !agent)
		die(fifo);
	start(&b, &hello);
	check(peer_dial(&b.server, agent, &agent_protocol, &b.peer, &e), &e);
	if (sd_event_add_io(b.loop, NULL, b.fifo, EPOLLIN, on_fifo, &b) < 0)
		die("sd_event_add_io");
	return sd_event_loop(b.loop);
}

/* ---- the framework ---- */

static struct resource scalar(char *name, struct scalar_value *value)
{
	return (struct resource){ .name = name, .type = SCALAR, .has_type = true, .scalar = value };
}

static void launch_all(struct bench *b, const struct offer *offer)
{
	struct scalar_value little = { .value = 0.1, .has_value = true };
	struct scalar_value mem = { .value = 32, .has_value = true };
	struct resource of_task[] = { scalar((char[]){ "cpus" }, &little) };
	struct resource of_executor[] = { scalar((char[]){ "cpus" }, &little),
					  scalar((char[]){ "mem" }, &mem) };
	autofree char *line = xasprintf("exec %s executor %s", b->program, b->fifo_path);
	struct command_info command = { .value = line };
	struct executor_info executor = {
		.executor_id = (char[]){ "flood" },
		.command = &command,
		.resources = of_executor,
		.resources_count = ARRAY_SIZE(of_executor),
	};
	autofree struct task_info *tasks = xcalloc(b->tasks, sizeof(*tasks));
	struct launch launch = { .task_infos = tasks, .task_infos_count = b->tasks };
	struct operation operation = { .type = (char[]){ "LAUNCH" }, .launch = &launch };
	struct call_accept accept = {
		.offer_ids = (char *[]){ offer->id },
		.offer_ids_count = 1,
		.operations = &operation,
		.operations_count = 1,
	};

	for (unsigned i = 0; i < b->tasks; i++)
		tasks[i] = (struct task_info){
			.name = xasprintf("%u", i),
			.task_id = xasprintf("%u", i),
			.agent_id = offer->agent_id,
			.resources = of_task,
			.resources_count = ARRAY_SIZE(of_task),
			.executor = &executor,
		};
	peer_send(b->peer, CALL_ACCEPT, b->framework_id, NULL, &accept);
	for (unsigned i = 0; i < b->tasks; i++) {
		free(tasks[i].name);
		free(tasks[i].task_id);
	}
}

static void on_offers(struct peer *p, struct message *m)
{
	const struct event_offers *offers = m->body;
	struct bench *b = peer_ctx(p);

	if (b->launched || !offers->offers_count)
		return;
	b->launched = true;
	launch_all(b, &offers->offers[0]);
}

static int on_end(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct bench *b = arg;

	printf("%.1f\n", (double)b->updates * 1e9 / (double)(now_ns() - b->start_ns));
	peer_send(b->peer, CALL_TEARDOWN, b->framework_id, NULL, NULL);
	peer_finish(take_ptr(b->peer));
	return sd_event_exit(b->loop, EXIT_SUCCESS);
}

static int on_warm(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct bench *b = arg;

	b->updates = 0;
	b->start_ns = now_ns();
	timer_set(b->loop, &b->timer, b->measure_ns, on_end, b);
	return 0;
}

static void on_update(struct peer *p, struct message *m)
{
	const struct task_status *s = ((struct event_update *)m->body)->status;
	struct bench *b = peer_ctx(p);
	unsigned task = (unsigned)strtoul(s->task_id, NULL, 10);
	struct call_acknowledge call = {
		.agent_id = s->agent_id,
		.task_id = s->task_id,
		.has_uuid = true,
	};

	if (s->state != TASK_RUNNING || !s->has_uuid) {
		fprintf(stderr, "updates: task %s: %s: %s\n", s->task_id,
			enum_name(task_state_values, (int)s->state), s->message ? s->message : "");
		exit(1);
	}
	memcpy(call.uuid, s->uuid, sizeof(call.uuid));
	peer_send(p, CALL_ACKNOWLEDGE, b->framework_id, NULL, &call);
	if (write(b->fifo, &task, sizeof(task)) != sizeof(task))
		die("write");
	if (++b->updates == b->tasks && !b->timer)
		timer_set(b->loop, &b->timer, WARM_UP_NS, on_warm, b);
}

static void on_subscribed(struct peer *p, struct message *m)
{
	struct bench *b = peer_ctx(p);

	peer_subscribed(p);
	replace_str(&b->framework_id, ((struct event_subscribed *)m->body)->framework_id);
}

static int subscribe_framework(struct peer *p, const struct hello *hello unused,
			       struct error *e unused)
{
	struct framework_info info = { .user = getenv("USER"), .name = (char[]){ "updates" } };

	if (!info.user)
		info.user = (char[]){ "root" };
	peer_send(p, CALL_SUBSCRIBE, NULL, NULL,
		  &(struct call_subscribe){ .framework_info = &info });
	return 0;
}

static const struct peer_protocol master_protocol = {
	.role = PEER_MASTER,
	.hears = LANGUAGE_EVENT,
	.line_max = LINE_MAX_DAEMON_BYTES,
	.verbs =
		(const struct peer_verb[]){
			{ COMMON_ERROR, PEER_GREETED | PEER_SUBSCRIBED, on_error },
			{ EVENT_SUBSCRIBED, PEER_GREETED, on_subscribed },
			{ EVENT_HEARTBEAT, PEER_SUBSCRIBED, on_nothing },
			{ EVENT_OFFERS, PEER_SUBSCRIBED, on_offers },
			{ EVENT_RESCIND, PEER_SUBSCRIBED, on_nothing },
			{ EVENT_UPDATE, PEER_SUBSCRIBED, on_update },
			{ EVENT_FAILURE, PEER_SUBSCRIBED, on_nothing },
			{ .fn = NULL },
		},
	.greeted = subscribe_framework,
	.closed = on_closed,
};

static int be_framework(struct bench *b, const char *port)
{
	static const struct hello hello = { HELLO_OF(PEER_FRAMEWORK) };
	autofree char *master = xasprintf("127.0.0.1:%s", port);
	struct error e;
	int r;

	if (mkfifo(b->fifo_path, 0666))
		die(b->fifo_path);
	b->fifo = open(b->fifo_path,
		       O_RDWR | O_NONBLOCK | O_CLOEXEC); /* nobody waits for the other */
	if (b->fifo < 0)
		die(b->fifo_path);
	start(b, &hello);
	check(peer_dial(&b->server, master, &master_protocol, &b->peer, &e), &e);
	r = sd_event_loop(b->loop);
	streams_free(b->server.streams);
	sd_event_source_unref(b->timer);
	sd_event_unref(b->loop);
	free(b->framework_id);
	close_fd(&b->fifo);
	return r < 0 ? EXIT_FAILURE : r;
}

int main(int argc, char **argv)
{
	autofree char *self = realpath("/proc/self/exe", NULL);
	struct bench b = { .program = self };

	if (argc == 3 && str_equal(argv[1], "executor"))
		return be_executor(argv[2]);
	if (argc != 5) {
		fprintf(stderr, "usage: %s PORT TASKS SECONDS FIFO\n", argv[0]);
		return 2;
	}
	b.tasks = (unsigned)MAX(atoi(argv[2]), 1);
	b.measure_ns = (int64_t)(atof(argv[3]) * 1e9);
	b.fifo_path = argv[4];
	return be_framework(&b, argv[1]);
}
