/* mesos-executor outlives its agent: it is told everything again, or finds it on record. */
#include "tests/unit/executor-fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/fs.h"

/* ---- the agent goes and comes back ---- */

/* From now on the container outlives its agent, and its end is recorded. */
static void outlive(struct agent *a, int64_t timeout_ns)
{
	a->plan.recovery_timeout = timeout_ns;
	a->plan.has_recovery_timeout = true;
	a->plan.exit_record = a->record;
}

static void go_away(struct agent *a)
{
	close_fd(&a->listener);
	close_fd(&a->fd);
}

static void come_back(struct agent *a)
{
	listen_at(a);
	accept_it(a);
	greet(a);
	expect_forked(a);
}

static void refuse(struct agent *a)
{
	accept_it(a);
	greet(a);
	send_message(a, COMMON_ERROR,
		     &(struct error_message){
			     .message = (char *)"no container waits for this supervisor" });
	close_fd(&a->fd);
}

static void let_go(struct agent *a)
{
	assert_int_equal(write(a->ready, "\n", 1), 1);
}

static void expect_recorded(struct agent *a, int status, bool gave_up)
{
	const struct container_exited *exited;
	automessage struct message m = { 0 };
	struct error e;

	if (outcome_read(a->record, &m, &e))
		fail_msg("%s", e.text);
	assert_int_equal(m.type, SUPERVISOR_EXITED);
	exited = m.body;
	assert_int_equal(exited->status, status);
	assert_int_equal(exited->gave_up, gave_up);
}

/* How often part is in text. */
static unsigned occurrences(const char *text, const char *part)
{
	unsigned n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

static void await_in_file(struct agent *a, const char *name, const char *part)
{
	for (int i = 0; i < DEADLINE_MS / 10; i++) {
		autofree char *text = read_text(a, name);

		if (strstr(text, part))
			return;
		poll(NULL, 0, 10);
	}
	fail_msg("'%s' did not get into %s", part, name);
}

static void an_agent_that_comes_back_is_told_everything_again(void **state)
{
	struct agent *a = *state;

	outlive(a, HOUR_NS);
	start(a, "read x < ready; exit 3");
	for (int i = 0; i < 2; i++) {
		go_away(a);
		come_back(a);
		expect_plain(a, SUPERVISOR_STARTED);
	}
	let_go(a);
	expect_exited(a, 3 << 8);
	finish(a, 0);
	expect_recorded(a, 3 << 8, false);
}

static void it_is_said_once_that_the_agent_is_gone_and_that_it_is_back(void **state)
{
	struct agent *a = *state;

	outlive(a, HOUR_NS);
	start(a, "read x < ready");
	go_away(a);
	come_back(a);
	await_in_file(a, "stderr", "is back");
	let_go(a);
	expect_plain(a, SUPERVISOR_STARTED);
	expect_exited(a, 0);
	finish(a, 0);
	expect_file(a, "stderr",
		    "mesos-executor: the agent closed the connection; waiting 1hrs for it to "
		    "come back\n"
		    "mesos-executor: the agent is back\n");
}

static void a_held_container_waits_for_its_agent(void **state)
{
	struct agent *a = *state;

	outlive(a, HOUR_NS);
	launch(a, "true", NULL, NULL);
	go_away(a);
	come_back(a);
	send_message(a, TO_SUPERVISOR_START, NULL);
	expect_plain(a, SUPERVISOR_STARTED);
	expect_exited(a, 0);
	finish(a, 0);
}

static void an_agent_that_is_gone_for_too_long_ends_the_container(void **state)
{
	struct agent *a = *state;

	outlive(a, 200 * NSEC_PER_MSEC);
	a->plan.grace_period = 500 * NSEC_PER_MSEC;
	start(a, "trap 'echo term > term' TERM; echo > ready; while :; do sleep 1000; done");
	await_ready(a);
	go_away(a);
	finish(a, 0);
	expect_file(a, "term", "term\n");
	expect_recorded(a, SIGKILL, true);
	expect_in_file(a, "stderr",
		       "mesos-executor: the agent closed the connection; waiting 200ms for it to "
		       "come back\n"
		       "mesos-executor: the agent has been gone for 200ms; ending the container\n");
}

/* A HELLO alone is no return: the time does not begin anew. */
static void an_agent_that_refuses_is_not_there(void **state)
{
	struct agent *a = *state;
	struct pollfd p = { .events = POLLIN };
	int64_t deadline = now_ns() + DEADLINE_MS * NSEC_PER_MSEC;
	int status;

	outlive(a, 500 * NSEC_PER_MSEC);
	start(a, "exec sleep 1000");
	go_away(a);
	listen_at(a);
	p.fd = a->listener;
	while (!waitpid(a->executor, &status, WNOHANG)) {
		if (poll(&p, 1, 20) == 1)
			refuse(a);
		assert_true(now_ns() < deadline);
	}
	a->executor = 0;
	assert_int_equal(status, 0);
	expect_recorded(a, SIGTERM, true);
	expect_in_file(a, "stderr", "the agent has been gone for 500ms");
}

static void who_is_refused_at_the_gate_ends_and_leaves_no_record(void **state)
{
	struct agent *a = *state;

	outlive(a, HOUR_NS);
	launch(a, "touch", "mark", NULL);
	go_away(a);
	listen_at(a);
	refuse(a);
	finish(a, 0);
	assert_int_equal(access(a->record, F_OK), -1);
	expect_in_file(a, "stderr", "no container waits for this supervisor");
}

static void who_is_refused_tries_again_and_complains_once(void **state)
{
	struct agent *a = *state;
	autofree char *text = NULL;

	outlive(a, HOUR_NS);
	start(a, "read x < ready");
	go_away(a);
	listen_at(a);
	refuse(a);
	refuse(a);
	go_away(a);
	come_back(a);
	expect_plain(a, SUPERVISOR_STARTED);
	let_go(a);
	expect_exited(a, 0);
	finish(a, 0);
	text = read_text(a, "stderr");
	assert_int_equal(occurrences(text, "no container waits for this supervisor"), 1);
	assert_int_equal(occurrences(text, "come back"), 1);
}

static void sigterm_ends_a_container_whose_agent_is_gone(void **state)
{
	struct agent *a = *state;

	outlive(a, HOUR_NS);
	start(a, "echo > ready; exec sleep 1000");
	await_ready(a);
	go_away(a);
	kill(a->executor, SIGTERM);
	finish(a, 0);
	expect_recorded(a, SIGTERM, false);
}

/* ---- the record ---- */

static void the_record_is_reserved_before_anything_runs(void **state)
{
	struct agent *a = *state;
	automessage struct message m = { 0 };
	struct error e;
	struct stat st;

	outlive(a, HOUR_NS);
	launch(a, "true", NULL, NULL);
	assert_int_equal(stat(a->record, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, OUTCOME_BYTES);
	assert_true(st.st_blocks > 0);
	assert_int_equal(outcome_read(a->record, &m, &e), -ENODATA);
	send_signal(a, 0);
	expect_exited(a, SIGKILL);
	finish(a, 0);
}

static void an_end_is_on_record_before_it_is_told(void **state)
{
	struct agent *a = *state;

	outlive(a, HOUR_NS);
	start(a, "exit 4");
	expect_exited(a, 4 << 8);
	expect_recorded(a, 4 << 8, false);
	finish(a, 0);
}

static void a_failure_is_on_record_before_it_is_told(void **state)
{
	struct agent *a = *state;
	automessage struct message m = { 0 };
	struct error e;

	outlive(a, HOUR_NS);
	launch(a, "no-such-program", NULL, NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	expect_plain(a, SUPERVISOR_FAILED);
	assert_int_equal(outcome_read(a->record, &m, &e), 0);
	assert_int_equal(m.type, SUPERVISOR_FAILED);
	assert_string_equal(((struct container_failed *)m.body)->message,
			    "exec no-such-program: No such file or directory");
	finish(a, 0);
	expect_file(a, "stderr", "");
}

static void what_ends_while_the_agent_is_gone_is_on_record(void **state)
{
	struct agent *a = *state;

	outlive(a, HOUR_NS);
	start(a, "read x < ready; exit 3");
	go_away(a);
	let_go(a);
	finish(a, 0);
	expect_recorded(a, 3 << 8, false);
}

/* The file may not grow beyond nothing, so pwrite(2) fails. */
static void what_cannot_be_recorded_is_told_to_the_agent_when_it_is_back(void **state)
{
	struct rlimit none = { 0, 0 };
	struct agent *a = *state;
	automessage struct message m = { 0 };
	struct error e;

	outlive(a, HOUR_NS);
	start(a, "read x < ready; exit 3");
	assert_int_equal(prlimit(a->executor, RLIMIT_FSIZE, &none, NULL), 0);
	go_away(a);
	let_go(a);
	for (int i = 0; i < DEADLINE_MS / 10 && !kill((pid_t)a->pid, 0); i++)
		poll(NULL, 0, 10);
	come_back(a);
	expect_plain(a, SUPERVISOR_STARTED);
	expect_exited(a, 3 << 8);
	assert_int_equal(outcome_read(a->record, &m, &e), -ENODATA);
	go_away(a); /* it has read everything, so it was told */
	finish(a, 0);
}

static void without_its_record_nothing_is_run(struct agent *a, const char *expected)
{
	autofree char *mark = in_dir(a, "mark");

	{
		automessage struct message m = expect(a, SUPERVISOR_FAILED);

		assert_string_equal(((struct container_failed *)m.body)->message, expected);
	}
	expect_end(a);
	finish(a, 1);
	assert_int_equal(access(mark, F_OK), -1);
}

static void a_record_that_is_there_already_is_not_touched(void **state)
{
	struct agent *a = *state;
	autofree char *expected = xasprintf("make the exit record %s: File exists", a->record);
	autofd int fd = open(a->record, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(fs_write_all(fd, "mine\n", 5), 0);
	outlive(a, HOUR_NS);
	set_off(a, "touch", "mark", NULL);
	without_its_record_nothing_is_run(a, expected);
	expect_file(a, "record", "mine\n");
}

static void a_record_without_a_directory_is_named(void **state)
{
	struct agent *a = *state;

	outlive(a, HOUR_NS);
	a->plan.exit_record = (char *)"/no/such/record";
	set_off(a, "touch", "mark", NULL);
	without_its_record_nothing_is_run(
		a, "open directory /no/such for the exit record: No such file or directory");
}

static void a_record_that_cannot_be_reserved_is_removed_again(void **state)
{
	struct agent *a = *state;
	autofree char *expected =
		xasprintf("reserve 4096 bytes for the exit record %s: File too large", a->record);
	struct rlimit before, small;
	autofd int plan_fd = -EBADF;

	outlive(a, HOUR_NS);
	set_argv(a, "touch", "mark", NULL);
	plan_fd = write_plan(a);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ .rlim_cur = OUTCOME_BYTES - 1, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	spawn(a, plan_fd, NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	accept_it(a);
	without_its_record_nothing_is_run(a, expected);
	assert_int_equal(access(a->record, F_OK), -1);
}

static void a_relative_record_is_refused(void **state)
{
	struct agent *a = *state;
	autofd int plan_fd = -EBADF;

	set_argv(a, "true", NULL, NULL);
	a->plan.exit_record = (char *)"record";
	plan_fd = write_plan(a);
	spawn(a, plan_fd, NULL);
	finish(a, 1);
	expect_file(a, "stderr",
		    "mesos-executor: read the launch plan: exit_record: "
		    "must be an absolute path\n");
}

static void a_task_does_not_get_at_the_record(void **state)
{
	struct agent *a = *state;

	outlive(a, HOUR_NS);
	a->plan.task_id = NULL;
	start(a, "cd /proc/$$/fd; for f in *; do test -e $f && echo $f; done; :");
	expect_exited(a, 0);
	finish(a, 0);
	expect_file(a, "stdout", "0\n1\n2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_agent_that_comes_back_is_told_everything_again),
		TEST(it_is_said_once_that_the_agent_is_gone_and_that_it_is_back),
		TEST(a_held_container_waits_for_its_agent),
		TEST(an_agent_that_is_gone_for_too_long_ends_the_container),
		TEST(an_agent_that_refuses_is_not_there),
		TEST(who_is_refused_at_the_gate_ends_and_leaves_no_record),
		TEST(who_is_refused_tries_again_and_complains_once),
		TEST(sigterm_ends_a_container_whose_agent_is_gone),
		TEST(the_record_is_reserved_before_anything_runs),
		TEST(an_end_is_on_record_before_it_is_told),
		TEST(a_failure_is_on_record_before_it_is_told),
		TEST(what_ends_while_the_agent_is_gone_is_on_record),
		TEST(what_cannot_be_recorded_is_told_to_the_agent_when_it_is_back),
		TEST(a_record_that_is_there_already_is_not_touched),
		TEST(a_record_without_a_directory_is_named),
		TEST(a_record_that_cannot_be_reserved_is_removed_again),
		TEST(a_relative_record_is_refused),
		TEST(a_task_does_not_get_at_the_record),
	};

	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
