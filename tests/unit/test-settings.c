/* What becomes of a limit that an operator sets is told: to who waits, or else in the log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "agent/isolator/disk.h"
#include "agent/save.h"
#include "agent/settings.h"
#include "lib/log.h"
#include "lib/timer.h"

#define CONTAINER "c0ffee"
#define FULL      "the disk of the agent's store is full; free some space there first"

static struct agent *agent;
static struct framework framework;
static struct container container;
static struct executor executor;
static struct peer *const operator_peer = (struct peer *)&agent;

static struct store_wait *waiting; /* NULL: what was put is stored */
static sd_event_time_handler_t on_late;
static void *late_arg;
static char work_dir[] = "/work", store_dir[] = "/store";
static struct buf told, warned; /* answers, one a line, and warnings */

/* ---- in place of the rest of the agent ---- */

void log_write(enum log_level level, const struct log_place *place unused, const char *fmt, ...)
{
	autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	assert_true(vasprintf(&text, fmt, args) >= 0);
	va_end(args);
	if (level == LOG_LEVEL_WARNING)
		buf_addf(&warned, "%s\n", text);
}

void peer_send(struct peer *p, enum message_type type, const char *framework_id unused,
	       const char *executor_id unused, const void *body)
{
	assert_ptr_equal(p, operator_peer);
	assert_int_equal(type, ANSWER_SET_QUOTA);
	schema_encode(answer_set_quota_schema(), body, &told);
	buf_addc(&told, '\n');
}

void store_wait(struct store *s unused, struct store_wait *w, void (*fn)(struct store_wait *w))
{
	w->fn = fn;
	waiting = w;
}

void store_wait_cancel(struct store_wait *w)
{
	if (waiting == w)
		waiting = NULL;
}

bool store_waiting(const struct store_wait *w)
{
	return waiting == w;
}

bool store_full(const struct store *s unused)
{
	return false;
}

void timer_set(sd_event *loop unused, sd_event_source **timer unused, int64_t ns unused,
	       sd_event_time_handler_t fn, void *arg)
{
	on_late = fn;
	late_arg = arg;
}

struct executor *executor_by_container(const struct agent *a unused,
				       const char *container_id unused)
{
	return &executor;
}

bool disk_limit_of(const struct container *c unused, uint64_t *ret)
{
	*ret = executor.override.limit_bytes;
	return executor.override.set;
}

void container_override_disk(struct container *c unused, const struct disk_override *o unused)
{
}

void save_executor(const struct executor *x unused)
{
}

/* ---- one limit ---- */

static int setup(void **state unused)
{
	agent = xcalloc(1, sizeof(*agent));
	agent->node.projects = (struct projects *)&framework; /* there are quotas */
	agent->flags.work_dir = work_dir;
	agent->store_dir = store_dir;
	list_init(&agent->settings);
	framework = (struct framework){ .agent = agent };
	container = (struct container){ .phase = CONTAINER_PREPARING, .owner = &executor };
	executor = (struct executor){ .framework = &framework, .container = &container };
	waiting = NULL;
	return 0;
}

static int teardown(void **state unused)
{
	settings_forget(agent, NULL);
	free(take_ptr(agent));
	buf_fini(&told);
	buf_fini(&warned);
	return 0;
}

static void set_limit(void)
{
	const struct query_set_quota q = {
		.container_id = (char[]){ CONTAINER },
		.limit_bytes = 4096,
		.has_limit_bytes = true,
		.wait = NSEC_PER_SEC,
		.has_wait = true,
	};

	settings_set_quota(agent, operator_peer, &q);
}

static void stored(void)
{
	struct store_wait *w = take_ptr(waiting);

	w->fn(w);
}

static void who_waits_is_answered_and_the_log_says_nothing(void **state unused)
{
	set_limit();
	settings_store_full(agent);
	assert_string_equal(buf_text(&told), "{\"container_id\":\"" CONTAINER "\","
					     "\"refused\":\"" FULL "\"}\n");
	assert_string_equal(buf_text(&warned), "");
	assert_false(executor.override.set);
}

static void a_limit_that_was_promised_and_is_taken_back_is_logged(void **state unused)
{
	set_limit();
	on_late(NULL, 0, late_arg);
	assert_non_null(strstr(buf_text(&told), "\"pending\":\"the agent's store, in /store, "));
	told.len = 0;
	settings_store_full(agent);
	assert_string_equal(buf_text(&told), "");
	assert_string_equal(buf_text(&warned),
			    "container " CONTAINER ": the disk limit that an operator was promised "
			    "is not in force: " FULL "\n");
	assert_false(executor.override.set);
}

static void so_is_one_that_the_kernel_does_not_take(void **state unused)
{
	set_limit();
	assert_true(settings_pending(&executor));
	stored();
	assert_false(settings_pending(&executor));
	on_late(NULL, 0, late_arg);
	settings_applied(&executor, "no project id is free");
	assert_string_equal(buf_text(&warned),
			    "container " CONTAINER ": the disk limit that an operator was promised "
			    "is not in force: no project id is free\n");
}

static void so_is_one_for_which_nobody_waits_any_more(void **state unused)
{
	set_limit();
	settings_forget(agent, operator_peer);
	executor.container = NULL;
	settings_applied(&executor, "it has ended meanwhile");
	stored();
	assert_string_equal(buf_text(&warned),
			    "container " CONTAINER ": the disk limit that an operator was promised "
			    "is not in force: it has ended meanwhile\n");
}

static void one_that_comes_late_needs_no_words(void **state unused)
{
	set_limit();
	on_late(NULL, 0, late_arg);
	stored();
	settings_applied(&executor, NULL);
	assert_string_equal(buf_text(&warned), "");
	assert_true(list_empty(&agent->settings));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_waits_is_answered_and_the_log_says_nothing),
		TEST(a_limit_that_was_promised_and_is_taken_back_is_logged),
		TEST(so_is_one_that_the_kernel_does_not_take),
		TEST(so_is_one_for_which_nobody_waits_any_more),
		TEST(one_that_comes_late_needs_no_words),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
