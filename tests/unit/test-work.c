/* The pool: jobs run elsewhere, and exactly one of done and cancel follows in the loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "lib/work.h"
#include "tests/unit/loop.h"

static sd_event *loop;
static char order[16];
static unsigned done_count, cancel_count, started;
static pthread_t loop_thread;

struct job {
	struct work work;
	char name;
	int gate; /* read(2) waits here; -1: no gate */
	bool elsewhere, blocked;
};

static void job_run(struct work *w)
{
	struct job *j = container_of(w, struct job, work);
	sigset_t set;
	char c;

	if (j->gate >= 0 && read(j->gate, &c, 1) != 1)
		abort();
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	j->blocked = sigismember(&set, SIGTERM) && sigismember(&set, SIGCHLD);
	j->elsewhere = !pthread_equal(pthread_self(), loop_thread);
}

static void job_done(struct work *w)
{
	assert_true(pthread_equal(pthread_self(), loop_thread));
	order[done_count++] = container_of(w, struct job, work)->name;
}

static void job_cancel(struct work *w unused)
{
	assert_true(pthread_equal(pthread_self(), loop_thread));
	cancel_count++;
}

static struct job job(char name, int gate)
{
	return (struct job){ .work = { .run = job_run, .done = job_done, .cancel = job_cancel },
			     .name = name,
			     .gate = gate };
}

static void count_start(void)
{
	__atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
}

static int setup(void **state unused)
{
	done_count = cancel_count = started = 0;
	memset(order, 0, sizeof(order));
	loop_thread = pthread_self();
	return sd_event_new(&loop) < 0;
}

static int teardown(void **state unused)
{
	loop = sd_event_unref(loop);
	return 0;
}

static struct work_pool *pool(unsigned threads)
{
	struct work_pool *p;
	struct error e;

	assert_int_equal(work_pool_new(loop, "test", threads, count_start, &p, &e), 0);
	return p;
}

static void jobs_are_done_in_their_order_by_one_thread(void **state unused)
{
	struct work_pool *p = pool(1);
	struct job jobs[] = { job('a', -1), job('b', -1), job('c', -1) };

	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		work_submit(p, &jobs[i].work);
	RUN_UNTIL(loop, done_count == 3);
	assert_string_equal(order, "abc");
	assert_int_equal(work_counts(p).finished, 3);
	assert_int_equal(started, 1);
	work_pool_free(p);
	assert_int_equal(cancel_count, 0);
}

static void a_job_runs_off_the_loop_with_signals_blocked(void **state unused)
{
	struct work_pool *p = pool(2);
	struct job j = job('a', -1);

	work_submit(p, &j.work);
	RUN_UNTIL(loop, done_count == 1);
	assert_true(j.elsewhere);
	assert_true(j.blocked);
	work_pool_free(p);
}

static void a_blocked_job_holds_up_nobody_but_its_thread(void **state unused)
{
	struct work_pool *p = pool(2);
	struct job slow, quick = job('q', -1);
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	slow = job('s', gate[0]);
	work_submit(p, &slow.work);
	work_submit(p, &quick.work);
	RUN_UNTIL(loop, done_count == 1);
	assert_string_equal(order, "q");
	assert_int_equal(work_counts(p).running, 1);
	assert_int_equal(write(gate[1], "x", 1), 1);
	RUN_UNTIL(loop, done_count == 2);
	assert_int_equal(work_counts(p).running, 0);
	work_pool_free(p);
	close(gate[0]);
	close(gate[1]);
}

static void freeing_waits_for_what_runs_and_cancels_it_and_the_rest(void **state unused)
{
	struct work_pool *p = pool(1);
	struct job running, queued = job('q', -1);
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	running = job('r', gate[0]);
	work_submit(p, &running.work);
	work_submit(p, &queued.work);
	assert_int_equal(work_counts(p).queued + work_counts(p).running, 2);
	assert_int_equal(write(gate[1], "x", 1), 1);
	work_pool_free(p);
	assert_int_equal(cancel_count, 2);
	assert_int_equal(done_count, 0);
	close(gate[0]);
	close(gate[1]);
}

static struct work_pool *again_pool;

static void submit_again(struct work *w)
{
	job_done(w);
	if (done_count < 3)
		work_submit(again_pool, w);
}

static void a_done_may_submit_its_job_again(void **state unused)
{
	struct job j = job('a', -1);

	again_pool = pool(1);
	j.work.done = submit_again;
	work_submit(again_pool, &j.work);
	RUN_UNTIL(loop, done_count == 3);
	assert_string_equal(order, "aaa");
	work_pool_free(again_pool);
}

static int other_event(sd_event_source *source unused, void *arg unused)
{
	order[done_count++] = '-';
	return 0;
}

/* Takes all of a turn; meanwhile something else happens in the loop. */
static void take_long(struct work *w)
{
	int64_t end_ns = now_ns() + 50 * NSEC_PER_MSEC;

	job_done(w);
	if (done_count == 1)
		assert_true(sd_event_add_defer(loop, NULL, other_event, NULL) >= 0);
	while (now_ns() < end_ns)
		;
}

static void many_that_are_done_leave_the_loop_to_others_in_between(void **state unused)
{
	struct work_pool *p = pool(1);
	struct job jobs[] = { job('a', -1), job('b', -1), job('c', -1) };

	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i].work.done = take_long;
		work_submit(p, &jobs[i].work);
	}
	while (work_counts(p).finished < ARRAY_SIZE(jobs))
		sched_yield();
	RUN_UNTIL(loop, done_count == 4);
	assert_string_equal(order, "a-bc");
	work_pool_free(p);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(jobs_are_done_in_their_order_by_one_thread),
		TEST(a_job_runs_off_the_loop_with_signals_blocked),
		TEST(a_blocked_job_holds_up_nobody_but_its_thread),
		TEST(freeing_waits_for_what_runs_and_cancels_it_and_the_rest),
		TEST(a_done_may_submit_its_job_again),
		TEST(many_that_are_done_leave_the_loop_to_others_in_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
