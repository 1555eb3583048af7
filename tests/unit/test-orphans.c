/* Real processes below this one: those without a supervisor are killed, the others are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

#include "agent/container/orphans.h"
#include "tests/unit/loop.h"

static sd_event *loop;
static struct container_node node;
static unsigned idles;

static void idle(struct container_node *n)
{
	assert_ptr_equal(n, &node);
	idles++;
}

static const struct container_ops ops = { .idle = idle };

static int setup(void **state unused)
{
	struct error e;

	idles = 0;
	node = (struct container_node){ .ops = &ops };
	list_init(&node.containers);
	if (sd_event_new(&loop) < 0)
		return -1;
	node.loop = loop;
	return work_pool_new(loop, "test", 1, NULL, &node.ends, &e) ||
	       orphans_new(&node, &node.orphans, &e);
}

static int teardown(void **state unused)
{
	work_pool_free(node.ends);
	orphans_free(node.orphans);
	loop = sd_event_unref(loop);
	return 0;
}

/* Writes when `depth` generations are there; none of them heeds SIGTERM. */
_Noreturn static void sleep_below(int depth, int out)
{
	signal(SIGTERM, SIG_IGN);
	while (depth > 0 && fork() == 0)
		depth = depth > 1 ? depth - 1 : -1;
	if (depth <= 0 && write(out, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static pid_t start_family(int depth)
{
	int ready[2];
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		sleep_below(depth, ready[1]);
	assert_int_equal(read(ready[0], &(char){ 0 }, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void run_until_idle(void)
{
	while (!idles)
		assert_true(loop_runs(loop));
}

static void orphans_are_killed_and_reaped_with_what_is_below(void **state unused)
{
	start_family(5);
	start_family(0);
	orphans_kill(node.orphans);
	assert_true(orphans_awaited(node.orphans));
	run_until_idle();
	assert_false(orphans_awaited(node.orphans));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void what_a_supervisor_looks_after_is_spared(void **state unused)
{
	struct container c = { .supervisor = start_family(1) };

	list_append(&node.containers, &c.node_entry);
	node.supervisors = 1;
	start_family(1);
	orphans_kill(node.orphans);
	run_until_idle();
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0); /* one is there, and lives */
	assert_int_equal(kill(c.supervisor, 0), 0);
	kill(c.supervisor, SIGKILL);
	assert_int_equal(waitpid(c.supervisor, NULL, 0), c.supervisor);
	c.child_gone = true;
	idles = 0;
	orphans_kill(node.orphans);
	run_until_idle();
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void those_that_come_while_it_works_are_found(void **state unused)
{
	start_family(0);
	orphans_kill(node.orphans);
	start_family(2);
	orphans_kill(node.orphans);
	run_until_idle();
	assert_int_equal(idles, 1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(orphans_are_killed_and_reaped_with_what_is_below),
		TEST(what_a_supervisor_looks_after_is_spared),
		TEST(those_that_come_while_it_works_are_found),
	};

	return cmocka_run_group_tests_name("orphans", tests, NULL, NULL);
}
