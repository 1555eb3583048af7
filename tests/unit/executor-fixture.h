/*
 * mesos-executor as its agent sees it: the built program, a plan, a Unix socket. The test is the
 * agent, and the subreaper that would inherit whatever is left behind. Whatever is not as
 * expected fails the test.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "agent/container/plan.h"
#include "lib/lines.h"
#include "lib/outcome.h"

#define DEADLINE_MS 20000
#define HOUR_NS     (3600 * NSEC_PER_SEC)

#define TEST(name) cmocka_unit_test_setup_teardown(name, executor_set_up, executor_tear_down)

struct agent {
	char dir[32];
	int listener, fd, ready; /* ready: the FIFO in which a task says that it is set up */
	struct lines in;
	pid_t executor;
	uint64_t pid; /* of the container's first process, once FORKED told it */
	struct launch_plan plan;
	char *directory, *socket, *record, *argv[4], *environment[2];
};

int executor_set_up(void **state);
int executor_tear_down(void **state);
/* Path of a file in the sandbox; the caller frees. */
char *in_dir(const struct agent *a, const char *name);
void listen_at(struct agent *a);
/* The plan as it is by now, in a memfd. */
int write_plan(const struct agent *a);
/* With plan_fd (or none: -1) as the plan, and one descriptor more that must not be passed on. */
void spawn(struct agent *a, int plan_fd, const char *argument);
void await_readable(int fd);
struct message expect(struct agent *a, enum message_type type);
void expect_plain(struct agent *a, enum message_type type);
/* The end of the connection. */
void expect_end(struct agent *a);
void expect_exited(struct agent *a, int status);
void send_text(struct agent *a, const char *text);
void send_message(struct agent *a, enum message_type type, const void *body);
void send_signal(struct agent *a, int64_t grace_ns);
void set_argv(struct agent *a, const char *zero, const char *one, const char *two);
/* A connection of the supervisor, which says who it is. */
void accept_it(struct agent *a);
void greet(struct agent *a);
void expect_forked(struct agent *a);
/* Its plan is there; what it makes of that is to be seen. */
void set_off(struct agent *a, const char *zero, const char *one, const char *two);
/* Up to the gate: the supervisor is there, its child waits. */
void launch(struct agent *a, const char *zero, const char *one, const char *two);
/* A shell that runs the line. */
void start(struct agent *a, const char *line);
/* Until the task wrote a line to ./ready. */
void await_ready(struct agent *a);
void expect_nothing_left(void);
/* Lets go of the supervisor, which must end with `code` and leave no process behind. */
void finish(struct agent *a, int code);
/* All of a file in the sandbox; the caller frees. */
char *read_text(const struct agent *a, const char *name);
void expect_file(const struct agent *a, const char *name, const char *text);
void expect_in_file(const struct agent *a, const char *name, const char *part);
/* Only root can do what follows: without it the test is skipped. */
void need_root(void);
/* The plan has another user, who can write to nothing in the sandbox that is not made for all. */
void become_nobody(struct agent *a);
/* A file in the sandbox with this text, which everybody may write to. */
void put_file(const struct agent *a, const char *name, const char *text);
bool is_there(const struct agent *a, const char *name);
/* A shell that runs the line to its end, and well. */
void run_to_end(struct agent *a, const char *line);
/* A launch that fails with this sentence; its command does not run. */
void expect_launch_failure(struct agent *a, const char *fmt, ...) format_printf(2, 3);
