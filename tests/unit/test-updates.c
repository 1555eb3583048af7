/* Status updates on their way: order, pauses, duplicates; the clock is an argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/updates.h"

#define SECOND   NSEC_PER_SEC
#define SENT_MAX 64

/* What updates_run() sent, by the first byte of the uuid. */
struct sent {
	size_t count;
	uint8_t list[SENT_MAX];
};

static void note(const struct status_update *body, void *ctx)
{
	struct sent *s = ctx;

	assert_true(s->count < SENT_MAX);
	s->list[s->count++] = body->status->uuid[0];
}

static struct updates new_updates(void)
{
	return (struct updates){ .pause_min_ns = 10 * SECOND, .pause_max_ns = 600 * SECOND };
}

static int add(struct updates *u, const char *framework, const char *task, uint8_t uuid,
	       enum task_state state, int64_t now)
{
	struct task_status status = {
		.task_id = (char *)(uintptr_t)task,
		.state = state,
		.has_state = true,
		.uuid = { uuid },
		.has_uuid = true,
	};
	struct status_update body = {
		.framework_id = (char *)(uintptr_t)framework,
		.status = &status,
	};

	return updates_add(u, schema_copy(status_update_schema(), &body), now);
}

static enum update_ack ack(struct updates *u, const char *task, uint8_t uuid, int64_t now)
{
	uint8_t bytes[16] = { uuid };

	return updates_acknowledge(u, "F", task, bytes, now);
}

static struct sent run(struct updates *u, int64_t now)
{
	struct sent s = { 0 };

	updates_run(u, now, note, &s);
	return s;
}

static void assert_sends(struct updates *u, int64_t now, uint8_t uuid)
{
	struct sent s = run(u, now);

	assert_int_equal(s.count, 1);
	assert_int_equal(s.list[0], uuid);
}

static void assert_silent(struct updates *u, int64_t now)
{
	assert_int_equal(run(u, now).count, 0);
}

static void the_first_is_due_at_once(void **state unused)
{
	struct updates u = new_updates();

	assert_true(updates_next(&u) == INT64_MAX);
	assert_int_equal(add(&u, "F", "t", 1, TASK_RUNNING, 5 * SECOND), 0);
	assert_int_equal(updates_next(&u), 5 * SECOND);
	assert_sends(&u, 5 * SECOND, 1);
	updates_fini(&u);
}

static void pauses_double_up_to_the_longest(void **state unused)
{
	const int64_t pauses[] = { 10, 20, 40, 80, 160, 320, 600, 600 };
	struct updates u = new_updates();
	int64_t now = 0;

	add(&u, "F", "t", 1, TASK_RUNNING, now);
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		assert_sends(&u, now, 1);
		assert_int_equal(updates_next(&u), now + pauses[i] * SECOND);
		assert_silent(&u, now + pauses[i] * SECOND - 1);
		now += pauses[i] * SECOND;
	}
	updates_fini(&u);
}

static void the_next_waits_for_the_acknowledgement_and_starts_anew(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_STARTING, 0);
	add(&u, "F", "t", 2, TASK_RUNNING, 0);
	assert_sends(&u, 0, 1);
	assert_sends(&u, 10 * SECOND, 1);
	assert_sends(&u, 30 * SECOND, 1);
	assert_int_equal(ack(&u, "t", 1, 31 * SECOND), UPDATE_ACKED);
	assert_sends(&u, 31 * SECOND, 2);
	assert_int_equal(updates_next(&u), 41 * SECOND);
	assert_int_equal(updates_pending(&u), 1);
	updates_fini(&u);
}

static void tasks_do_not_wait_for_each_other(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "a", 1, TASK_RUNNING, 0);
	add(&u, "F", "b", 2, TASK_RUNNING, 0);
	add(&u, "G", "a", 3, TASK_RUNNING, 0);
	assert_int_equal(run(&u, 0).count, 3);
	assert_int_equal(updates_pending(&u), 3);
	updates_fini(&u);
}

static void another_uuid_is_not_an_acknowledgement(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_STARTING, 0);
	add(&u, "F", "t", 2, TASK_RUNNING, 0);
	assert_int_equal(ack(&u, "t", 2, 0), UPDATE_UNEXPECTED);
	assert_int_equal(ack(&u, "other", 1, 0), UPDATE_UNEXPECTED);
	assert_int_equal(updates_pending(&u), 2);
	assert_sends(&u, 0, 1);
	updates_fini(&u);
}

static void a_second_acknowledgement_is_ignored(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_STARTING, 0);
	add(&u, "F", "t", 2, TASK_RUNNING, 0);
	assert_int_equal(ack(&u, "t", 1, 0), UPDATE_ACKED);
	assert_int_equal(ack(&u, "t", 1, 0), UPDATE_UNEXPECTED);
	assert_int_equal(updates_pending(&u), 1);
	updates_fini(&u);
}

static void a_duplicate_before_the_acknowledgement_is_dropped(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_RUNNING, 0);
	assert_int_equal(add(&u, "F", "t", 1, TASK_RUNNING, 0), UPDATE_DUPLICATE);
	assert_int_equal(updates_pending(&u), 1);
	updates_fini(&u);
}

static void a_duplicate_after_the_acknowledgement_is_dropped(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_RUNNING, 0);
	assert_int_equal(ack(&u, "t", 1, 0), UPDATE_ACKED);
	assert_int_equal(add(&u, "F", "t", 1, TASK_RUNNING, 0), UPDATE_DUPLICATE);
	assert_int_equal(updates_pending(&u), 0);
	assert_true(updates_next(&u) == INT64_MAX);
	updates_fini(&u);
}

static void a_second_terminal_update_before_the_acknowledgement_is_thrown_away(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_FINISHED, 0);
	add(&u, "F", "t", 2, TASK_FAILED, 0);
	assert_int_equal(ack(&u, "t", 1, 0), UPDATE_ACKED_LAST);
	assert_int_equal(updates_pending(&u), 0);
	assert_silent(&u, 0);
	updates_fini(&u);
}

static void a_second_terminal_update_after_the_acknowledgement_is_sent(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_FINISHED, 0);
	assert_int_equal(ack(&u, "t", 1, 0), UPDATE_ACKED_LAST);
	assert_int_equal(add(&u, "F", "t", 2, TASK_FAILED, SECOND), 0);
	assert_sends(&u, SECOND, 2);
	updates_fini(&u);
}

static void all_firsts_are_sent_when_the_master_is_back(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "a", 1, TASK_STARTING, 0);
	add(&u, "F", "a", 2, TASK_RUNNING, 0);
	add(&u, "F", "b", 3, TASK_RUNNING, 0);
	run(&u, 0);
	run(&u, 10 * SECOND);
	updates_resume(&u, 11 * SECOND);
	assert_int_equal(run(&u, 11 * SECOND).count, 2);
	assert_int_equal(updates_next(&u), 21 * SECOND);
	updates_fini(&u);
}

static void a_removed_framework_takes_its_own_updates_along(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "a", 1, TASK_RUNNING, 0);
	add(&u, "F", "b", 2, TASK_RUNNING, 0);
	add(&u, "F2", "a", 3, TASK_RUNNING, 0);
	updates_forget(&u, "F");
	assert_int_equal(updates_pending(&u), 1);
	assert_sends(&u, 0, 3);
	updates_fini(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_due_at_once),
		cmocka_unit_test(pauses_double_up_to_the_longest),
		cmocka_unit_test(the_next_waits_for_the_acknowledgement_and_starts_anew),
		cmocka_unit_test(tasks_do_not_wait_for_each_other),
		cmocka_unit_test(another_uuid_is_not_an_acknowledgement),
		cmocka_unit_test(a_second_acknowledgement_is_ignored),
		cmocka_unit_test(a_duplicate_before_the_acknowledgement_is_dropped),
		cmocka_unit_test(a_duplicate_after_the_acknowledgement_is_dropped),
		cmocka_unit_test(
			a_second_terminal_update_before_the_acknowledgement_is_thrown_away),
		cmocka_unit_test(a_second_terminal_update_after_the_acknowledgement_is_sent),
		cmocka_unit_test(all_firsts_are_sent_when_the_master_is_back),
		cmocka_unit_test(a_removed_framework_takes_its_own_updates_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
