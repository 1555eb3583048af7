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
	enum task_state latest; /* what the last one says of its task */
};

static void note(const struct status_update *body, void *ctx)
{
	struct sent *s = ctx;

	assert_true(s->count < SENT_MAX);
	s->list[s->count++] = body->status->uuid[0];
	s->latest = body->latest_state;
}

static struct updates new_updates(void)
{
	return (struct updates){ .pause_min_ns = 10 * SECOND, .pause_max_ns = 600 * SECOND };
}

static size_t pending(const struct updates *u)
{
	struct update_stream *s, *next;
	size_t n = 0;

	HASH_ITER(hh, u->streams, s, next)
		n += s->pending_count;
	return n;
}

static int add_with(struct updates *u, const char *framework, const char *task, uint8_t uuid,
		    enum task_state state, int64_t now, const char *message)
{
	struct task_status status = {
		.task_id = (char *)(uintptr_t)task,
		.state = state,
		.has_state = true,
		.message = (char *)(uintptr_t)message,
		.uuid = { uuid },
		.has_uuid = true,
	};
	struct status_update body = {
		.framework_id = (char *)(uintptr_t)framework,
		.status = &status,
		.latest_state = state,
		.has_latest_state = true,
	};
	struct error e;
	int r = updates_check(u, &body, &e);

	if (!r)
		updates_add(u, schema_copy(status_update_schema(), &body), now);
	return r;
}

static int add(struct updates *u, const char *framework, const char *task, uint8_t uuid,
	       enum task_state state, int64_t now)
{
	return add_with(u, framework, task, uuid, state, now, NULL);
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
	assert_int_equal(pending(&u), 1);
	updates_fini(&u);
}

static void tasks_do_not_wait_for_each_other(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "a", 1, TASK_RUNNING, 0);
	add(&u, "F", "b", 2, TASK_RUNNING, 0);
	add(&u, "G", "a", 3, TASK_RUNNING, 0);
	assert_int_equal(run(&u, 0).count, 3);
	assert_int_equal(pending(&u), 3);
	updates_fini(&u);
}

static void another_uuid_is_not_an_acknowledgement(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_STARTING, 0);
	add(&u, "F", "t", 2, TASK_RUNNING, 0);
	assert_int_equal(ack(&u, "t", 2, 0), UPDATE_UNEXPECTED);
	assert_int_equal(ack(&u, "other", 1, 0), UPDATE_UNEXPECTED);
	assert_int_equal(pending(&u), 2);
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
	assert_int_equal(pending(&u), 1);
	updates_fini(&u);
}

static void a_duplicate_before_the_acknowledgement_is_dropped(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_RUNNING, 0);
	assert_int_equal(add(&u, "F", "t", 1, TASK_RUNNING, 0), UPDATE_DUPLICATE);
	assert_int_equal(pending(&u), 1);
	updates_fini(&u);
}

static void a_duplicate_after_the_acknowledgement_is_dropped(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_RUNNING, 0);
	assert_int_equal(ack(&u, "t", 1, 0), UPDATE_ACKED);
	assert_int_equal(add(&u, "F", "t", 1, TASK_RUNNING, 0), UPDATE_DUPLICATE);
	assert_int_equal(pending(&u), 0);
	assert_true(updates_next(&u) == INT64_MAX);
	updates_fini(&u);
}

static void a_second_terminal_update_before_the_acknowledgement_is_thrown_away(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_FINISHED, 0);
	add(&u, "F", "t", 2, TASK_FAILED, 0);
	assert_int_equal(ack(&u, "t", 1, 0), UPDATE_ACKED_LAST);
	assert_int_equal(pending(&u), 0);
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
	assert_int_equal(pending(&u), 1);
	assert_sends(&u, 0, 3);
	updates_fini(&u);
}

static void what_is_sent_again_says_the_latest_state(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_STARTING, 0);
	assert_int_equal(run(&u, 0).latest, TASK_STARTING);
	add(&u, "F", "t", 2, TASK_FAILED, 0);
	assert_int_equal(run(&u, 10 * SECOND).latest, TASK_FAILED);
	updates_fini(&u);
}

static void a_uuid_that_is_used_for_another_state_is_no_duplicate(void **state unused)
{
	struct updates u = new_updates();

	add(&u, "F", "t", 1, TASK_RUNNING, 0);
	assert_int_equal(add(&u, "F", "t", 1, TASK_FINISHED, 0), UPDATE_REUSED);
	assert_int_equal(ack(&u, "t", 1, 0), UPDATE_ACKED);
	assert_int_equal(add(&u, "F", "t", 1, TASK_FINISHED, 0), UPDATE_REUSED);
	assert_int_equal(add(&u, "F", "t", 1, TASK_RUNNING, 0), UPDATE_DUPLICATE);
	updates_fini(&u);
}

static void beyond_the_most_a_repeated_state_replaces_the_last(void **state unused)
{
	struct updates u = new_updates();

	for (uint8_t i = 1; i <= 200; i++)
		assert_int_equal(add(&u, "F", "t", i, TASK_RUNNING, 0), 0);
	assert_int_equal(pending(&u), UPDATES_PENDING_MAX);
	assert_int_equal(add(&u, "F", "t", 201, TASK_FINISHED, 0), 0);
	for (uint8_t i = 1; i < UPDATES_PENDING_MAX; i++)
		assert_int_equal(ack(&u, "t", i, 0), UPDATE_ACKED);
	assert_int_equal(ack(&u, "t", 200, 0), UPDATE_ACKED);
	assert_int_equal(ack(&u, "t", 201, 0), UPDATE_ACKED_LAST);
	assert_int_equal(u.bytes, 0);
	updates_fini(&u);
}

static char *long_text(size_t bytes)
{
	char *text = xcalloc(bytes + 1, 1);

	memset(text, 'x', bytes);
	return text;
}

static void an_update_that_is_too_long_as_it_is_sent_is_refused(void **state unused)
{
	autofree char *fits = long_text(UPDATE_MAX_BYTES - 1024);
	autofree char *grows = long_text(UPDATE_MAX_BYTES / 2);
	struct updates u = new_updates();

	memset(grows, '\n', UPDATE_MAX_BYTES / 2);
	assert_int_equal(add_with(&u, "F", "t", 1, TASK_RUNNING, 0, fits), 0);
	assert_int_equal(add_with(&u, "F", "t", 2, TASK_RUNNING, 0, grows), -EMSGSIZE);
	assert_int_equal(pending(&u), 1);
	updates_fini(&u);
}

static void what_waits_has_a_most_for_all_tasks_together(void **state unused)
{
	autofree char *text = long_text(UPDATE_MAX_BYTES - 1024);
	struct updates u = new_updates();
	uint8_t uuid = 0;

	while (add_with(&u, "F", uuid & 1 ? "a" : "b", uuid, TASK_RUNNING, 0, text) == 0)
		uuid++;
	assert_in_range(uuid, UPDATES_MAX_BYTES / UPDATE_MAX_BYTES,
			UPDATES_MAX_BYTES / UPDATE_MAX_BYTES + 1);
	assert_in_range(u.bytes, UPDATES_MAX_BYTES - UPDATE_MAX_BYTES, UPDATES_MAX_BYTES);
	assert_int_equal(add_with(&u, "F", "c", uuid, TASK_RUNNING, 0, text), -ENOBUFS);
	assert_int_equal(ack(&u, "b", 0, 0), UPDATE_ACKED);
	assert_int_equal(add_with(&u, "F", "c", uuid, TASK_RUNNING, 0, text), 0);
	updates_fini(&u);
}

/* Due times that come and go in no order at all leave in order. */
static void what_is_due_first_is_sent_first(void **state unused)
{
	struct updates u = new_updates();
	struct sent s;

	for (uint8_t i = 0; i < 50; i++) {
		autofree char *task = xasprintf("%d", i);

		add(&u, "F", task, i, TASK_RUNNING, (i * 7 % 50) * SECOND);
	}
	for (uint8_t i = 0; i < 50; i += 3) {
		autofree char *task = xasprintf("%d", i);

		assert_int_equal(ack(&u, task, i, 0), UPDATE_ACKED);
	}
	u.pause_min_ns = u.pause_max_ns = 1000 * SECOND;
	updates_resume(&u, 0);
	assert_int_equal(run(&u, 0).count, 33);
	for (uint8_t i = 0; i < 50; i += 3) {
		autofree char *task = xasprintf("%d", i);

		add(&u, "G", task, i, TASK_RUNNING, (i * 7 % 50) * SECOND);
	}
	for (int64_t previous = -1; updates_next(&u) < 1000 * SECOND;) {
		assert_true(updates_next(&u) > previous);
		previous = updates_next(&u);
		s = run(&u, previous);
		assert_int_equal(s.count, 1);
		assert_int_equal(s.list[0] * 7 % 50, previous / SECOND);
	}
	assert_int_equal(pending(&u), 50);
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
		cmocka_unit_test(what_is_sent_again_says_the_latest_state),
		cmocka_unit_test(a_uuid_that_is_used_for_another_state_is_no_duplicate),
		cmocka_unit_test(beyond_the_most_a_repeated_state_replaces_the_last),
		cmocka_unit_test(an_update_that_is_too_long_as_it_is_sent_is_refused),
		cmocka_unit_test(what_waits_has_a_most_for_all_tasks_together),
		cmocka_unit_test(what_is_due_first_is_sent_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
