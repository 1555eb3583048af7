/* The agent of the tests of mesos-executor. */
#include "tests/unit/executor-fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/fs.h"
#include "tests/unit/built.h"

#define NOBODY 65534

char *in_dir(const struct agent *a, const char *name)
{
	return path_join(a->dir, name);
}

void listen_at(struct agent *a)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	strcpy(at.sun_path, a->socket);
	unlink(a->socket);
	a->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(a->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(a->listener, 1), 0);
}

int executor_set_up(void **state)
{
	struct agent *a = xcalloc(1, sizeof(*a));
	autofree char *fifo = NULL;

	strcpy(a->dir, "/tmp/test-executor-XXXXXX");
	assert_non_null(mkdtemp(a->dir));
	assert_int_equal(chmod(a->dir, 0755), 0);
	a->fd = -EBADF;
	a->directory = xstrdup(a->dir);
	a->socket = in_dir(a, "socket");
	a->record = in_dir(a, "record");
	a->in.max = LINE_MAX_BYTES;
	fifo = in_dir(a, "ready");
	assert_int_equal(mkfifo(fifo, 0666), 0);
	a->ready = open(fifo, O_RDWR | O_CLOEXEC);
	listen_at(a);
	a->environment[0] = xstrdup("PATH=/usr/bin:/bin");
	a->plan = (struct launch_plan){
		.container_id = (char *)"c",
		.token = (char *)"secret",
		.socket = a->socket,
		.task_id = (char *)"t1",
		.hostname = (char *)"node",
		.directory = a->directory,
		.argv = a->argv,
		.environment = a->environment,
		.environment_count = 1,
		.user = (char *)"nobody",
		.has_switch_user = true,
		.has_uid = true,
		.has_gid = true,
		.has_grace_period = true,
		.grace_period = 10 * NSEC_PER_SEC,
	};
	*state = a;
	return 0;
}

int executor_tear_down(void **state)
{
	struct agent *a = *state;
	struct error e;

	close_fd(&a->listener);
	close_fd(&a->fd);
	if (a->executor) { /* the test failed half-way */
		kill(a->executor, SIGTERM);
		waitpid(a->executor, NULL, 0);
	}
	fs_remove_tree(AT_FDCWD, a->dir, &e);
	close_fd(&a->ready);
	lines_fini(&a->in);
	free(a->environment[0]);
	free(a->directory);
	free(a->socket);
	free(a->record);
	free(a);
	return 0;
}

int write_plan(const struct agent *a)
{
	autobuf struct buf text = { 0 };
	int fd = memfd_create("plan", MFD_CLOEXEC);

	schema_encode(launch_plan_schema(), &a->plan, &text);
	assert_int_equal(fs_write_all(fd, text.data, text.len), 0);
	return fd;
}

/* With plan_fd (or none: -1) as the plan, and one descriptor more that must not be passed on. */
void spawn(struct agent *a, int plan_fd, const char *argument)
{
	autofree char *out = in_dir(a, "stdout"), *err = in_dir(a, "stderr");
	autofree char *program = built("libexec/mesos/mesos-executor");
	char *argv[] = { program, (char *)argument, NULL };
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_APPEND, 0666);
	posix_spawn_file_actions_addopen(&actions, 2, err, O_WRONLY | O_CREAT | O_APPEND, 0666);
	posix_spawn_file_actions_adddup2(&actions, 1, 17);
	if (plan_fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, plan_fd, PLAN_FD);
	else
		posix_spawn_file_actions_addclose(&actions, PLAN_FD);
	assert_int_equal(posix_spawn(&a->executor, program, &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
}

void await_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
}

/* Takes one message of the supervisor; *m empty at the end of the connection. */
static bool receive(struct agent *a, struct message *m)
{
	struct error e = { 0 };
	char *line;
	size_t len;

	while (lines_next(&a->in, &line, &len) != LINES_TAKEN) {
		ssize_t n;

		await_readable(a->fd);
		n = read(a->fd, lines_reserve(&a->in, 4096), 4096);
		if (n <= 0)
			return false;
		lines_added(&a->in, (size_t)n);
	}
	if (message_decode(LANGUAGE_SUPERVISOR, line, len, m, &e))
		fail_msg("%s: %s", line, e.text);
	return true;
}

struct message expect(struct agent *a, enum message_type type)
{
	struct message m = { 0 };

	assert_true(receive(a, &m));
	if (m.type != type)
		fail_msg("%s instead of %s", message_arm(m.type)->name, message_arm(type)->name);
	return m;
}

void expect_plain(struct agent *a, enum message_type type)
{
	struct message m = expect(a, type);

	message_fini(&m);
}

void expect_end(struct agent *a)
{
	struct message m = { 0 };

	assert_false(receive(a, &m));
}

void expect_exited(struct agent *a, int status)
{
	automessage struct message m = expect(a, SUPERVISOR_EXITED);

	assert_int_equal(((struct container_exited *)m.body)->status, status);
}

void send_text(struct agent *a, const char *text)
{
	assert_int_equal(send(a->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

void send_message(struct agent *a, enum message_type type, const void *body)
{
	autobuf struct buf out = { 0 };

	message_encode(&out, type, NULL, NULL, body);
	send_text(a, buf_text(&out));
}

void send_signal(struct agent *a, int64_t grace_ns)
{
	send_message(a, TO_SUPERVISOR_SIGNAL,
		     &(struct container_signal){ .grace_period = grace_ns,
						 .has_grace_period = true });
}

void set_argv(struct agent *a, const char *zero, const char *one, const char *two)
{
	a->argv[0] = (char *)zero;
	a->argv[1] = (char *)one;
	a->argv[2] = (char *)two;
	a->plan.argv_count = 1 + !!one + !!two;
}

/* A connection of the supervisor, which says who it is. */
void accept_it(struct agent *a)
{
	lines_fini(&a->in);
	a->in.max = LINE_MAX_BYTES;
	await_readable(a->listener);
	a->fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(a->fd >= 0);
	automessage struct message m = expect(a, COMMON_HELLO);
	const struct hello *hello = m.body;

	assert_int_equal(hello->role, PEER_SUPERVISOR);
	assert_string_equal(hello->token, "secret");
}

void greet(struct agent *a)
{
	send_message(a, COMMON_HELLO,
		     &(struct hello){ .role = PEER_AGENT,
				      .has_role = true,
				      .protocol_min = 1,
				      .has_protocol_min = true,
				      .protocol_max = 1,
				      .has_protocol_max = true });
}

void expect_forked(struct agent *a)
{
	automessage struct message m = expect(a, SUPERVISOR_FORKED);
	const struct container_forked *forked = m.body;

	assert_true(forked->pid > 1);
	assert_true(!a->pid || a->pid == forked->pid);
	a->pid = forked->pid;
}

/* Its plan is there; what it makes of that is to be seen. */
void set_off(struct agent *a, const char *zero, const char *one, const char *two)
{
	autofd int plan_fd = -EBADF;

	set_argv(a, zero, one, two);
	plan_fd = write_plan(a);
	spawn(a, plan_fd, NULL);
	accept_it(a);
}

/* Up to the gate: the supervisor is there, its child waits. */
void launch(struct agent *a, const char *zero, const char *one, const char *two)
{
	set_off(a, zero, one, two);
	greet(a);
	expect_forked(a);
}

void start(struct agent *a, const char *line)
{
	launch(a, "sh", "-c", line);
	send_message(a, TO_SUPERVISOR_START, NULL);
	expect_plain(a, SUPERVISOR_STARTED);
}

/* Until the task wrote a line to ./ready. */
void await_ready(struct agent *a)
{
	char c = 0;

	while (c != '\n') {
		await_readable(a->ready);
		assert_int_equal(read(a->ready, &c, 1), 1);
	}
}

void expect_nothing_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* Lets go of the supervisor, which must end with `code` and leave no process behind. */
void finish(struct agent *a, int code)
{
	int status;

	close_fd(&a->fd);
	assert_int_equal(waitpid(a->executor, &status, 0), a->executor);
	a->executor = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
	expect_nothing_left();
}

char *read_text(const struct agent *a, const char *name)
{
	autofree char *path = in_dir(a, name);
	struct buf text = { 0 };
	struct error e;

	assert_int_equal(fs_read(path, MIB, &text, &e), 0);
	return buf_take(&text);
}

void expect_file(const struct agent *a, const char *name, const char *text)
{
	autofree char *found = read_text(a, name);

	assert_string_equal(found, text);
}

void expect_in_file(const struct agent *a, const char *name, const char *part)
{
	autofree char *found = read_text(a, name);

	if (!strstr(found, part))
		fail_msg("'%s' is not in '%s'", part, found);
}

void need_root(void)
{
	if (geteuid())
		skip();
}

void become_nobody(struct agent *a)
{
	a->plan.switch_user = true;
	a->plan.uid = a->plan.gid = NOBODY;
}

void put_file(const struct agent *a, const char *name, const char *text)
{
	autofree char *path = in_dir(a, name);
	autofd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	assert_int_equal(fchmod(fd, 0666), 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
}

bool is_there(const struct agent *a, const char *name)
{
	autofree char *path = in_dir(a, name);
	struct stat st;

	return !lstat(path, &st);
}

void run_to_end(struct agent *a, const char *line)
{
	start(a, line);
	expect_exited(a, 0);
	finish(a, 0);
}

void expect_launch_failure(struct agent *a, const char *fmt, ...)
{
	autofree char *expected = NULL;
	va_list args;

	va_start(args, fmt);
	assert_true(vasprintf(&expected, fmt, args) > 0);
	va_end(args);
	a->pid = 0;
	launch(a, "touch", "ran", NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	{
		automessage struct message m = expect(a, SUPERVISOR_FAILED);

		assert_string_equal(((struct container_failed *)m.body)->message, expected);
	}
	finish(a, 0);
	assert_false(is_there(a, "ran"));
}
