/* The queue of removals, with a clock that is passed in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "master/removal_queue.h"

#define SECOND NSEC_PER_SEC

static struct removal_queue q;

static int teardown(void **state unused)
{
	removal_queue_fini(&q);
	return 0;
}

/* a0, a1, ...: all of them are silent from the same moment. */
static void silence(unsigned n, int64_t interval_ns)
{
	removal_queue_init(&q, interval_ns);
	for (unsigned i = 0; i < n; i++) {
		char id[16];

		snprintf(id, sizeof(id), "a%u", i);
		assert_true(removal_queue_add(&q, id, "host", REMOVAL_UNANSWERED, 0));
	}
}

static void is_removed(int64_t at, const char *id)
{
	struct removal *r = removal_queue_grant(&q, at);

	assert_non_null(r);
	assert_string_equal(r->agent_id, id);
	removal_free(r);
}

static void cancel(const char *id)
{
	struct removal *r = removal_queue_cancel(&q, id);

	assert_non_null(r);
	removal_free(r);
}

static void view_is(const char *limit, int64_t now, const char *expected)
{
	autobuf struct buf out = { 0 };

	removal_queue_view(&q, limit, now, &out);
	assert_string_equal(buf_text(&out), expected);
}

static void fifty_silent_agents_go_one_a_second_but_those_that_return(void **state unused)
{
	silence(50, SECOND);
	for (unsigned i = 0; i < 25; i++) {
		char returns[16], goes[16];

		snprintf(goes, sizeof(goes), "a%u", i * 2);
		snprintf(returns, sizeof(returns), "a%u", i * 2 + 1);
		assert_int_equal(removal_queue_next(&q, i * SECOND), i * SECOND);
		is_removed(i * SECOND, goes);
		assert_null(removal_queue_grant(&q, (i + 1) * SECOND - 1));
		cancel(returns);
	}
	assert_int_equal(removal_queue_next(&q, 0), INT64_MAX);
	assert_null(removal_queue_grant(&q, 1000 * SECOND));
}

static void an_agent_is_queued_once(void **state unused)
{
	silence(1, SECOND);
	assert_false(removal_queue_add(&q, "a0", "other", REMOVAL_NOT_BACK, 5));
	assert_int_equal(q.limit.queued, 1);
	is_removed(0, "a0");
	assert_true(removal_queue_add(&q, "a0", "other", REMOVAL_NOT_BACK, 5));
	assert_null(removal_queue_cancel(&q, "stranger"));
}

static void without_a_limit_all_go_at_once(void **state unused)
{
	silence(3, 0);
	is_removed(7, "a0");
	is_removed(7, "a1");
	is_removed(7, "a2");
}

static void nobody_goes_while_it_is_held_or_paused(void **state unused)
{
	silence(2, SECOND);
	removal_queue_hold(&q, "Too many are missing.");
	assert_null(removal_queue_grant(&q, SECOND));
	assert_int_equal(removal_queue_next(&q, 0), INT64_MAX);
	removal_queue_pause(&q);
	assert_null(removal_queue_grant(&q, SECOND));
	removal_queue_resume(&q);
	is_removed(SECOND, "a0");
	removal_queue_pause(&q);
	assert_null(removal_queue_grant(&q, 2 * SECOND));
	cancel("a1");
	removal_queue_resume(&q);
	assert_null(removal_queue_grant(&q, 2 * SECOND));
}

static void it_is_shown_with_the_next_one_first(void **state unused)
{
	removal_queue_init(&q, 60 * SECOND);
	view_is(NULL, 0,
		"{\"state\":\"running\",\"reason\":null,\"limit\":null,"
		"\"next_permit_seconds\":null,\"queue\":[]}");
	removal_queue_add(&q, "z", "h", REMOVAL_NOT_BACK, 0);
	removal_queue_add(&q, "b", "h1", REMOVAL_UNANSWERED, 0);
	removal_queue_add(&q, "a", "h2", REMOVAL_NOT_BACK, 10 * SECOND);
	is_removed(0, "z");
	view_is("1/1mins", 15 * SECOND,
		"{\"state\":\"running\",\"reason\":null,\"limit\":\"1/1mins\","
		"\"next_permit_seconds\":45,\"queue\":["
		"{\"agent_id\":\"b\",\"hostname\":\"h1\",\"reason\":\"health check timed out\","
		"\"waiting_seconds\":15},"
		"{\"agent_id\":\"a\",\"hostname\":\"h2\",\"reason\":\"did not re-register in "
		"time\",\"waiting_seconds\":5}]}");
}

static void it_says_why_it_stands_still(void **state unused)
{
	removal_queue_init(&q, 0);
	removal_queue_pause(&q);
	view_is(NULL, 0,
		"{\"state\":\"paused\",\"reason\":\"An operator paused it.\",\"limit\":null,"
		"\"next_permit_seconds\":null,\"queue\":[]}");
	removal_queue_hold(&q, "Too \"many\".");
	view_is(NULL, 0,
		"{\"state\":\"held and paused\",\"reason\":\"Too \\\"many\\\".\",\"limit\":null,"
		"\"next_permit_seconds\":null,\"queue\":[]}");
	removal_queue_resume(&q);
	removal_queue_hold(&q, "Too \"many\".");
	view_is(NULL, 0,
		"{\"state\":\"held\",\"reason\":\"Too \\\"many\\\".\",\"limit\":null,"
		"\"next_permit_seconds\":null,\"queue\":[]}");
}

static void a_pause_outlives_a_hold_that_ends_by_itself(void **state unused)
{
	silence(1, SECOND);
	removal_queue_hold(&q, "Too many are missing.");
	removal_queue_pause(&q);
	removal_queue_release(&q);
	assert_null(q.held);
	assert_null(removal_queue_grant(&q, SECOND));
	removal_queue_hold(&q, "Too many are missing.");
	removal_queue_resume(&q);
	is_removed(SECOND, "a0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(fifty_silent_agents_go_one_a_second_but_those_that_return,
					  teardown),
		cmocka_unit_test_teardown(an_agent_is_queued_once, teardown),
		cmocka_unit_test_teardown(without_a_limit_all_go_at_once, teardown),
		cmocka_unit_test_teardown(nobody_goes_while_it_is_held_or_paused, teardown),
		cmocka_unit_test_teardown(it_is_shown_with_the_next_one_first, teardown),
		cmocka_unit_test_teardown(it_says_why_it_stands_still, teardown),
		cmocka_unit_test_teardown(a_pause_outlives_a_hold_that_ends_by_itself, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
