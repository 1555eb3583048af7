/* Calls that wait for a host which never comes: how many may, how long, and what they are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/labels.h"
#include "lib/module_host.h"

#define RUN_UNTIL(loop, cond)                                                                      \
	while (!(cond))                                                                            \
	assert_true(sd_event_run(loop, 5000000) > 0)

struct fixture {
	sd_event *loop;
	struct module_call load;
	struct module_host_options options;
	struct module_host *host;
	struct error e; /* of the last call that is done */
	unsigned done;
	bool lost;
};

static void on_loaded(void *ctx, const struct module_result *result, const struct error *e)
{
	struct fixture *f = ctx;

	assert_null(result);
	assert_non_null(strstr(e->text, "--launcher_dir says where it is"));
	f->lost = true;
}

static void on_done(void *ctx, struct module_result *result, const struct error *e)
{
	struct fixture *f = ctx;

	assert_null(result);
	f->e = *e;
	f->done++;
}

/* One that is not started yet. */
static void begin(struct fixture *f, int64_t timeout_ns)
{
	f->options.timeout_ns = timeout_ns;
	f->host = module_host_new(&f->options);
	assert_int_equal(module_host_pid(f->host), 0);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	if (sd_event_new(&f->loop) < 0)
		return -1;
	f->load = (struct module_call){ .function = MODULE_LOAD, .has_function = true };
	f->options = (struct module_host_options){
		.loop = f->loop,
		.name = "host",
		.path = "/no/such/mesos-module-host",
		.load = &f->load,
		.loaded = on_loaded,
		.ctx = f,
	};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	module_host_free(f->host);
	sd_event_unref(f->loop);
	free(f);
	return 0;
}

/* One whose line is a little longer than this. */
static struct host_call *call(struct fixture *f, size_t bytes)
{
	autofree char *value = xmalloc(bytes + 1);
	struct label label = { .key = (char[]){ "k" }, .value = value };
	struct labels labels = { .labels = &label, .labels_count = 1 };
	struct module_call what = {
		.function = HOOK_TASK_LABELS,
		.has_function = true,
		.module = (char[]){ "m" },
		.labels = &labels,
	};

	memset(value, 'v', bytes);
	value[bytes] = '\0';
	return module_host_call(f->host, &what, on_done, f);
}

static void says_what_it_waited_for(void **state)
{
	struct fixture *f = *state;

	begin(f, NSEC_PER_MSEC);
	call(f, 1);
	assert_int_equal(f->done, 0);
	RUN_UNTIL(f->loop, f->done == 1);
	assert_int_equal(f->e.code, EAGAIN);
	assert_string_equal(f->e.text, "its process is not back yet");
}

static void waits_for_nothing_that_cannot_be_started(void **state)
{
	struct fixture *f = *state;

	begin(f, NSEC_PER_SEC * 1000);
	module_host_start(f->host);
	RUN_UNTIL(f->loop, f->lost);
	call(f, 1);
	call(f, 1);
	assert_int_equal(f->done, 0);
	RUN_UNTIL(f->loop, f->done == 2);
	assert_non_null(strstr(f->e.text, "its process cannot be started again: start /no/such/"));
}

/* Each for itself: the last one is not late by as many times as there are. */
static void calls_wait_beside_each_other(void **state)
{
	struct fixture *f = *state;

	begin(f, NSEC_PER_MSEC);
	for (int i = 0; i < 100; i++)
		call(f, 1);
	assert_int_equal(usleep(2000), 0);
	assert_true(sd_event_run(f->loop, 0) > 0);
	assert_int_equal(f->done, 100);
}

static void refuses_what_no_line_holds(void **state)
{
	struct fixture *f = *state;

	begin(f, NSEC_PER_SEC * 1000);
	call(f, 1);
	call(f, LINE_MAX_DAEMON_BYTES);
	assert_int_equal(f->done, 0); /* never from within the call */
	RUN_UNTIL(f->loop, f->done == 1);
	assert_int_equal(f->e.code, EAGAIN);
	assert_non_null(strstr(f->e.text, "what it is about is too long: 4194"));
}

static void holds_no_more_than_its_bound(void **state)
{
	struct fixture *f = *state;
	struct host_call *some;

	begin(f, NSEC_PER_SEC * 1000);
	some = call(f, LINE_MAX_DAEMON_BYTES - KIB);
	for (int i = 1; i < 16; i++)
		call(f, LINE_MAX_DAEMON_BYTES - KIB);
	call(f, 64 * KIB);
	RUN_UNTIL(f->loop, f->done == 1);
	assert_int_equal(f->e.code, EAGAIN);
	assert_non_null(strstr(f->e.text, "bytes wait for its process already"));
	host_call_cancel(call(f, 64 * KIB)); /* is told nothing */
	host_call_cancel(some);
	call(f, LINE_MAX_DAEMON_BYTES - KIB); /* has its place */
	call(f, 64 * KIB);
	RUN_UNTIL(f->loop, f->done == 2);
	assert_int_equal(sd_event_run(f->loop, 0), 0);
	assert_int_equal(f->done, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_what_it_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waits_for_nothing_that_cannot_be_started, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(calls_wait_beside_each_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_what_no_line_holds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(holds_no_more_than_its_bound, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
