/* Status updates on their way: order, pauses, duplicates; the clock is an argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/updates.h"

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

/* Those that left, in the order in which they did. */
static struct sent left;

static void note_gone(const struct update *u, void *ctx)
{
	assert_ptr_equal(ctx, &left);
	assert_true(left.count < SENT_MAX);
	left.list[left.count++] = u->body->status->uuid[0];
}

static struct updates *new_updates(void)
{
	struct updates *u = xmalloc(sizeof(*u));

	updates_init(u, 10 * SECOND, 600 * SECOND);
	return u;
}

static void free_updates(struct updates *u)
{
	updates_fini(u);
	free(u);
}

static size_t pending(const struct updates *u)
{
	struct update_stream *s, *next;
	size_t n = 0;

	HASH_ITER(hh, u->streams, s, next)
		n += s->pending_count;
	return n;
}

/* Borrows all it points to; lives as long as its status. */
static struct status_update body_of(struct task_status *status, const char *framework,
				    const char *task, uint8_t uuid, enum task_state state)
{
	*status = (struct task_status){
		.task_id = (char *)(uintptr_t)task,
		.state = state,
		.has_state = true,
		.uuid = { uuid },
		.has_uuid = true,
	};
	return (struct status_update){
		.framework_id = (char *)(uintptr_t)framework,
		.status = status,
		.latest_state = state,
		.has_latest_state = true,
	};
}

static int add_checked(struct updates *u, const struct status_update *body, uint64_t batch,
		       int64_t now)
{
	struct error e;
	int r = updates_check(u, body, &e);

	if (!r)
		updates_add(u, schema_copy(status_update_schema(), body), batch, now);
	return r;
}

static int add_with(struct updates *u, const char *framework, const char *task, uint8_t uuid,
		    enum task_state state, int64_t now, const char *message)
{
	struct task_status status;
	struct status_update body = body_of(&status, framework, task, uuid, state);

	status.message = (char *)(uintptr_t)message;
	return add_checked(u, &body, 0, now);
}

static int add(struct updates *u, const char *framework, const char *task, uint8_t uuid,
	       enum task_state state, int64_t now)
{
	return add_with(u, framework, task, uuid, state, now, NULL);
}

/* One that is on disk only when its batch is. */
static void add_in(struct updates *u, const char *task, uint8_t uuid, enum task_state state,
		   uint64_t batch)
{
	struct task_status status;
	struct status_update body = body_of(&status, "F", task, uuid, state);

	assert_int_equal(add_checked(u, &body, batch, 0), 0);
}

static void restore(struct updates *u, const char *task, uint8_t uuid, enum task_state state,
		    uint64_t sequence)
{
	struct task_status status;
	struct status_update body = body_of(&status, "F", task, uuid, state);

	updates_restore(u, schema_copy(status_update_schema(), &body), sequence, 0);
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

static void assert_left(uint8_t first, uint8_t last)
{
	assert_int_equal(left.count, last - first + 1);
	for (size_t i = 0; i < left.count; i++)
		assert_int_equal(left.list[i], first + i);
	left.count = 0;
}

static struct updates *new_watched(void)
{
	struct updates *u = new_updates();

	left.count = 0;
	u->gone = note_gone;
	u->ctx = &left;
	return u;
}

static void note_written(const struct update *u, void *ctx)
{
	struct sent *s = ctx;

	s->list[s->count++] = u->body->status->uuid[0];
}

static void assert_silent(struct updates *u, int64_t now)
{
	assert_int_equal(run(u, now).count, 0);
}

static void the_first_is_due_at_once(void **state unused)
{
	struct updates *u = new_updates();

	assert_true(updates_next(u) == INT64_MAX);
	assert_int_equal(add(u, "F", "t", 1, TASK_RUNNING, 5 * SECOND), 0);
	assert_int_equal(updates_next(u), 5 * SECOND);
	assert_sends(u, 5 * SECOND, 1);
	free_updates(u);
}

static void pauses_double_up_to_the_longest(void **state unused)
{
	const int64_t pauses[] = { 10, 20, 40, 80, 160, 320, 600, 600 };
	struct updates *u = new_updates();
	int64_t now = 0;

	add(u, "F", "t", 1, TASK_RUNNING, now);
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		assert_sends(u, now, 1);
		assert_int_equal(updates_next(u), now + pauses[i] * SECOND);
		assert_silent(u, now + pauses[i] * SECOND - 1);
		now += pauses[i] * SECOND;
	}
	free_updates(u);
}

static void the_next_waits_for_the_acknowledgement_and_starts_anew(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "t", 1, TASK_STARTING, 0);
	add(u, "F", "t", 2, TASK_RUNNING, 0);
	assert_sends(u, 0, 1);
	assert_sends(u, 10 * SECOND, 1);
	assert_sends(u, 30 * SECOND, 1);
	assert_int_equal(ack(u, "t", 1, 31 * SECOND), UPDATE_ACKED);
	assert_sends(u, 31 * SECOND, 2);
	assert_int_equal(updates_next(u), 41 * SECOND);
	assert_int_equal(pending(u), 1);
	free_updates(u);
}

static void tasks_do_not_wait_for_each_other(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "a", 1, TASK_RUNNING, 0);
	add(u, "F", "b", 2, TASK_RUNNING, 0);
	add(u, "G", "a", 3, TASK_RUNNING, 0);
	assert_int_equal(run(u, 0).count, 3);
	assert_int_equal(pending(u), 3);
	free_updates(u);
}

static void another_uuid_is_not_an_acknowledgement(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "t", 1, TASK_STARTING, 0);
	add(u, "F", "t", 2, TASK_RUNNING, 0);
	assert_int_equal(ack(u, "t", 2, 0), UPDATE_UNEXPECTED);
	assert_int_equal(ack(u, "other", 1, 0), UPDATE_UNEXPECTED);
	assert_int_equal(pending(u), 2);
	assert_sends(u, 0, 1);
	free_updates(u);
}

static void a_second_acknowledgement_is_ignored(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "t", 1, TASK_STARTING, 0);
	add(u, "F", "t", 2, TASK_RUNNING, 0);
	assert_int_equal(ack(u, "t", 1, 0), UPDATE_ACKED);
	assert_int_equal(ack(u, "t", 1, 0), UPDATE_UNEXPECTED);
	assert_int_equal(pending(u), 1);
	free_updates(u);
}

static void a_duplicate_before_the_acknowledgement_is_dropped(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "t", 1, TASK_RUNNING, 0);
	assert_int_equal(add(u, "F", "t", 1, TASK_RUNNING, 0), UPDATE_DUPLICATE);
	assert_int_equal(pending(u), 1);
	free_updates(u);
}

static void a_duplicate_after_the_acknowledgement_is_dropped(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "t", 1, TASK_RUNNING, 0);
	assert_int_equal(ack(u, "t", 1, 0), UPDATE_ACKED);
	assert_int_equal(add(u, "F", "t", 1, TASK_RUNNING, 0), UPDATE_DUPLICATE);
	assert_int_equal(pending(u), 0);
	assert_true(updates_next(u) == INT64_MAX);
	free_updates(u);
}

static void a_second_terminal_update_before_the_acknowledgement_is_thrown_away(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "t", 1, TASK_FINISHED, 0);
	add(u, "F", "t", 2, TASK_FAILED, 0);
	assert_int_equal(ack(u, "t", 1, 0), UPDATE_ACKED_LAST);
	assert_int_equal(pending(u), 0);
	assert_silent(u, 0);
	free_updates(u);
}

static void a_second_terminal_update_after_the_acknowledgement_is_sent(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "t", 1, TASK_FINISHED, 0);
	assert_int_equal(ack(u, "t", 1, 0), UPDATE_ACKED_LAST);
	assert_int_equal(add(u, "F", "t", 2, TASK_FAILED, SECOND), 0);
	assert_sends(u, SECOND, 2);
	free_updates(u);
}

static void where_ids_are_reused_an_end_does_not_take_the_next_one_along(void **state unused)
{
	struct updates *u = new_updates();

	u->ids_are_reused = true;
	add(u, "F", "t", 1, TASK_ERROR, 0);
	add(u, "F", "t", 2, TASK_LOST, 0);
	assert_sends(u, 0, 1);
	assert_int_equal(ack(u, "t", 1, SECOND), UPDATE_ACKED);
	assert_sends(u, SECOND, 2);
	assert_int_equal(ack(u, "t", 2, SECOND), UPDATE_ACKED_LAST);
	assert_null(u->streams);
	free_updates(u);
}

static void all_firsts_are_sent_when_the_master_is_back(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "a", 1, TASK_STARTING, 0);
	add(u, "F", "a", 2, TASK_RUNNING, 0);
	add(u, "F", "b", 3, TASK_RUNNING, 0);
	run(u, 0);
	run(u, 10 * SECOND);
	updates_resume(u, 11 * SECOND);
	assert_int_equal(run(u, 11 * SECOND).count, 2);
	assert_int_equal(updates_next(u), 21 * SECOND);
	free_updates(u);
}

static void a_removed_framework_takes_its_own_updates_along(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "a", 1, TASK_RUNNING, 0);
	add(u, "F", "b", 2, TASK_RUNNING, 0);
	add(u, "F2", "a", 3, TASK_RUNNING, 0);
	updates_forget(u, "F");
	assert_int_equal(pending(u), 1);
	assert_sends(u, 0, 3);
	free_updates(u);
}

static void what_is_sent_again_says_the_latest_state(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "t", 1, TASK_STARTING, 0);
	assert_int_equal(run(u, 0).latest, TASK_STARTING);
	add(u, "F", "t", 2, TASK_FAILED, 0);
	assert_int_equal(run(u, 10 * SECOND).latest, TASK_FAILED);
	free_updates(u);
}

static void a_uuid_that_is_used_for_another_state_is_no_duplicate(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "t", 1, TASK_RUNNING, 0);
	assert_int_equal(add(u, "F", "t", 1, TASK_FINISHED, 0), UPDATE_REUSED);
	assert_int_equal(ack(u, "t", 1, 0), UPDATE_ACKED);
	assert_int_equal(add(u, "F", "t", 1, TASK_FINISHED, 0), UPDATE_REUSED);
	assert_int_equal(add(u, "F", "t", 1, TASK_RUNNING, 0), UPDATE_DUPLICATE);
	free_updates(u);
}

static void beyond_the_most_a_repeated_state_replaces_the_last(void **state unused)
{
	struct updates *u = new_updates();

	for (uint8_t i = 1; i <= 200; i++)
		assert_int_equal(add(u, "F", "t", i, TASK_RUNNING, 0), 0);
	assert_int_equal(pending(u), UPDATES_PENDING_MAX);
	assert_int_equal(add(u, "F", "t", 201, TASK_FINISHED, 0), 0);
	for (uint8_t i = 1; i < UPDATES_PENDING_MAX; i++)
		assert_int_equal(ack(u, "t", i, 0), UPDATE_ACKED);
	assert_int_equal(ack(u, "t", 200, 0), UPDATE_ACKED);
	assert_int_equal(ack(u, "t", 201, 0), UPDATE_ACKED_LAST);
	assert_int_equal(u->bytes, 0);
	free_updates(u);
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
	struct updates *u = new_updates();

	memset(grows, '\n', UPDATE_MAX_BYTES / 2);
	assert_int_equal(add_with(u, "F", "t", 1, TASK_RUNNING, 0, fits), 0);
	assert_int_equal(add_with(u, "F", "t", 2, TASK_RUNNING, 0, grows), -EMSGSIZE);
	assert_int_equal(pending(u), 1);
	free_updates(u);
}

static void what_waits_has_a_most_for_all_tasks_together(void **state unused)
{
	autofree char *text = long_text(UPDATE_MAX_BYTES - 1024);
	struct updates *u = new_updates();
	uint8_t uuid = 0;

	while (add_with(u, "F", uuid & 1 ? "a" : "b", uuid, TASK_RUNNING, 0, text) == 0)
		uuid++;
	assert_in_range(uuid, UPDATES_MAX_BYTES / UPDATE_MAX_BYTES,
			UPDATES_MAX_BYTES / UPDATE_MAX_BYTES + 1);
	assert_in_range(u->bytes, UPDATES_MAX_BYTES - UPDATE_MAX_BYTES, UPDATES_MAX_BYTES);
	assert_int_equal(add_with(u, "F", "c", uuid, TASK_RUNNING, 0, text), -ENOBUFS);
	assert_int_equal(ack(u, "b", 0, 0), UPDATE_ACKED);
	assert_int_equal(add_with(u, "F", "c", uuid, TASK_RUNNING, 0, text), 0);
	free_updates(u);
}

/* Due times that come and go in no order at all leave in order. */
static void what_is_due_first_is_sent_first(void **state unused)
{
	struct updates *u = new_updates();
	struct sent s;

	for (uint8_t i = 0; i < 50; i++) {
		autofree char *task = xasprintf("%d", i);

		add(u, "F", task, i, TASK_RUNNING, (i * 7 % 50) * SECOND);
	}
	for (uint8_t i = 0; i < 50; i += 3) {
		autofree char *task = xasprintf("%d", i);

		assert_int_equal(ack(u, task, i, 0), UPDATE_ACKED);
	}
	u->pause_min_ns = u->pause_max_ns = 1000 * SECOND;
	updates_resume(u, 0);
	assert_int_equal(run(u, 0).count, 33);
	for (uint8_t i = 0; i < 50; i += 3) {
		autofree char *task = xasprintf("%d", i);

		add(u, "G", task, i, TASK_RUNNING, (i * 7 % 50) * SECOND);
	}
	for (int64_t previous = -1; updates_next(u) < 1000 * SECOND;) {
		assert_true(updates_next(u) > previous);
		previous = updates_next(u);
		s = run(u, previous);
		assert_int_equal(s.count, 1);
		assert_int_equal(s.list[0] * 7 % 50, previous / SECOND);
	}
	assert_int_equal(pending(u), 50);
	free_updates(u);
}

/* ---- what is on disk ---- */

static void assert_in_order(const struct sent *s, size_t n)
{
	assert_int_equal(s->count, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(s->list[i], i);
}

static void what_comes_together_is_sent_in_its_order(void **state unused)
{
	struct updates *u = new_updates();
	struct sent s;

	for (uint8_t i = 0; i < 40; i++) {
		autofree char *task = xasprintf("%d", i * 7 % 40);

		add_in(u, task, i, TASK_LOST, 1);
	}
	updates_written(u, 1, 0, NULL, NULL);
	s = run(u, 0);
	assert_in_order(&s, 40);
	updates_resume(u, SECOND);
	s = run(u, SECOND);
	assert_in_order(&s, 40);
	free_updates(u);
}

static void what_is_not_on_disk_is_not_sent(void **state unused)
{
	struct updates *u = new_updates();

	add_in(u, "t", 1, TASK_RUNNING, 7);
	assert_true(updates_next(u) == INT64_MAX);
	assert_silent(u, 100 * SECOND);
	updates_resume(u, 100 * SECOND);
	updates_resume_framework(u, "F", 100 * SECOND);
	assert_silent(u, 100 * SECOND);
	updates_written(u, 6, 100 * SECOND, NULL, NULL);
	assert_silent(u, 100 * SECOND);
	updates_written(u, 7, 101 * SECOND, NULL, NULL);
	assert_int_equal(updates_next(u), 101 * SECOND);
	assert_sends(u, 101 * SECOND, 1);
	free_updates(u);
}

static void the_next_waits_for_the_disk_too(void **state unused)
{
	struct updates *u = new_updates();

	add_in(u, "t", 1, TASK_STARTING, 1);
	add_in(u, "t", 2, TASK_RUNNING, 2);
	updates_written(u, 1, 0, NULL, NULL);
	assert_sends(u, 0, 1);
	assert_int_equal(ack(u, "t", 1, 0), UPDATE_ACKED);
	assert_true(updates_next(u) == INT64_MAX);
	assert_silent(u, 100 * SECOND);
	updates_written(u, 2, 100 * SECOND, NULL, NULL);
	assert_sends(u, 100 * SECOND, 2);
	free_updates(u);
}

static void what_was_not_sent_cannot_be_acknowledged(void **state unused)
{
	struct updates *u = new_updates();

	add_in(u, "t", 1, TASK_RUNNING, 1);
	assert_int_equal(ack(u, "t", 1, 0), UPDATE_UNEXPECTED);
	assert_int_equal(pending(u), 1);
	free_updates(u);
}

static void the_latest_state_is_one_that_is_on_disk(void **state unused)
{
	struct updates *u = new_updates();

	add_in(u, "t", 1, TASK_STARTING, 1);
	add_in(u, "t", 2, TASK_RUNNING, 1);
	add_in(u, "t", 3, TASK_FINISHED, 2);
	updates_written(u, 1, 0, NULL, NULL);
	assert_int_equal(run(u, 0).latest, TASK_RUNNING);
	updates_written(u, 2, 0, NULL, NULL);
	assert_int_equal(run(u, 10 * SECOND).latest, TASK_FINISHED);
	free_updates(u);
}

static void a_written_batch_tells_of_each_of_its_updates_once_and_in_order(void **state unused)
{
	struct updates *u = new_updates();
	struct sent s = { 0 };

	add_in(u, "a", 1, TASK_STARTING, 1);
	add_in(u, "b", 2, TASK_STARTING, 1);
	add_in(u, "a", 3, TASK_RUNNING, 1);
	add_in(u, "b", 4, TASK_RUNNING, 2);
	updates_written(u, 1, 0, note_written, &s);
	assert_int_equal(s.count, 3);
	assert_memory_equal(s.list, ((uint8_t[]){ 1, 2, 3 }), 3);
	updates_written(u, 1, 0, note_written, &s);
	assert_int_equal(s.count, 3);
	updates_written(u, 9, 0, note_written, &s);
	assert_int_equal(s.count, 4);
	assert_int_equal(s.list[3], 4);
	free_updates(u);
}

static void note_said(const struct update *u, void *ctx)
{
	struct buf *uuids = ctx;

	for (size_t i = 0; i < u->said.len; i += 16)
		buf_addf(uuids, "%d ", u->said.data[i]);
}

static bool unwritten(const struct updates *u, uint8_t uuid)
{
	return updates_unwritten(u, (uint8_t[16]){ uuid });
}

static void who_said_what_was_replaced_is_told_when_that_is_on_disk(void **state unused)
{
	struct updates *u = new_updates();
	autobuf struct buf uuids = { 0 };

	for (uint8_t i = 1; i <= UPDATES_PENDING_MAX; i++)
		add_in(u, "t", i, TASK_RUNNING, 1);
	updates_written(u, 1, 0, NULL, NULL);
	for (uint8_t i = 101; i <= 103; i++)
		add_in(u, "t", i, TASK_RUNNING, 2 + (i > 101));
	assert_true(unwritten(u, 101) && unwritten(u, 102) && unwritten(u, 103));
	updates_written(u, 2, 0, note_said, &uuids);
	assert_string_equal(buf_text(&uuids), "");
	updates_written(u, 3, 0, note_said, &uuids);
	assert_string_equal(buf_text(&uuids), "101 102 103 ");
	assert_false(unwritten(u, 101) || unwritten(u, 102) || unwritten(u, 103));
	free_updates(u);
}

static void who_used_a_uuid_again_is_told_by_that(void **state unused)
{
	struct updates *u = new_updates();
	autobuf struct buf uuids = { 0 };
	struct task_status status;
	struct status_update body = body_of(&status, "F", "t", 1, TASK_FINISHED);
	struct error e;

	add_in(u, "t", 1, TASK_RUNNING, 1);
	assert_int_equal(updates_check(u, &body, &e), UPDATE_REUSED);
	status.uuid[0] = 2;
	updates_said_as(updates_add(u, schema_copy(status_update_schema(), &body), 2, 0),
			(uint8_t[16]){ 1 });
	updates_written(u, 1, 0, note_said, &uuids);
	assert_string_equal(buf_text(&uuids), "1 ");
	assert_true(unwritten(u, 1));
	status.uuid[0] = 1;
	assert_int_equal(updates_check(u, &body, &e), UPDATE_DUPLICATE);
	updates_written(u, 2, 0, note_said, &uuids);
	assert_string_equal(buf_text(&uuids), "1 1 ");
	assert_false(unwritten(u, 1));
	free_updates(u);
}

static void what_is_forgotten_before_it_is_on_disk_is_not_heard_of(void **state unused)
{
	struct updates *u = new_watched();
	struct sent s = { 0 };

	add_in(u, "a", 1, TASK_RUNNING, 1);
	updates_forget(u, "F");
	assert_left(1, 1);
	updates_written(u, 1, 0, note_written, &s);
	assert_int_equal(s.count, 0);
	free_updates(u);
}

/* ---- after a restart ---- */

static void what_is_restored_keeps_its_order_and_its_numbers(void **state unused)
{
	struct updates *u = new_updates();
	struct task_status status;
	struct status_update body = body_of(&status, "F", "t", 3, TASK_FINISHED);

	restore(u, "t", 1, TASK_STARTING, 40);
	restore(u, "other", 9, TASK_RUNNING, 41);
	restore(u, "t", 2, TASK_RUNNING, 42);
	assert_int_equal(updates_add(u, schema_copy(status_update_schema(), &body), 0, 0)->sequence,
			 43);
	assert_int_equal(run(u, 0).count, 2);
	for (uint8_t uuid = 1; uuid < 3; uuid++)
		assert_int_equal(ack(u, "t", uuid, 0), UPDATE_ACKED);
	assert_int_equal(ack(u, "t", 3, 0), UPDATE_ACKED_LAST);
	free_updates(u);
}

static void what_is_restored_is_due_at_once(void **state unused)
{
	struct updates *u = new_updates();

	restore(u, "t", 1, TASK_RUNNING, 5);
	assert_int_equal(updates_next(u), 0);
	assert_sends(u, 0, 1);
	assert_int_equal(updates_next(u), 10 * SECOND);
	free_updates(u);
}

static void what_was_acknowledged_before_a_restart_is_a_duplicate(void **state unused)
{
	struct updates *u = new_updates();

	updates_restore_acknowledged(u, "F", "t", (uint8_t[16]){ 1 }, TASK_RUNNING);
	assert_int_equal(add(u, "F", "t", 1, TASK_RUNNING, 0), UPDATE_DUPLICATE);
	assert_int_equal(add(u, "F", "t", 2, TASK_FINISHED, 0), 0);
	assert_sends(u, 0, 2);
	free_updates(u);
}

/* ---- what leaves ---- */

static void what_is_acknowledged_is_gone(void **state unused)
{
	struct updates *u = new_watched();

	add(u, "F", "t", 1, TASK_RUNNING, 0);
	add(u, "F", "t", 2, TASK_FINISHED, 0);
	assert_int_equal(ack(u, "t", 2, 0), UPDATE_UNEXPECTED);
	assert_int_equal(left.count, 0);
	ack(u, "t", 1, 0);
	assert_left(1, 1);
	ack(u, "t", 2, 0);
	assert_left(2, 2);
	free_updates(u);
	assert_int_equal(left.count, 0);
}

static void what_a_terminal_acknowledgement_throws_away_is_gone(void **state unused)
{
	struct updates *u = new_watched();

	add(u, "F", "t", 1, TASK_FINISHED, 0);
	add(u, "F", "t", 2, TASK_FAILED, 0);
	add(u, "F", "t", 3, TASK_LOST, 0);
	ack(u, "t", 1, 0);
	assert_left(1, 3);
	free_updates(u);
}

static void what_is_replaced_is_gone(void **state unused)
{
	struct updates *u = new_watched();

	for (uint8_t i = 1; i <= UPDATES_PENDING_MAX; i++)
		add(u, "F", "t", i, TASK_RUNNING, 0);
	assert_int_equal(left.count, 0);
	add(u, "F", "t", UPDATES_PENDING_MAX + 1, TASK_RUNNING, 0);
	assert_left(UPDATES_PENDING_MAX, UPDATES_PENDING_MAX);
	free_updates(u);
}

static void what_belonged_to_a_removed_framework_is_gone(void **state unused)
{
	struct updates *u = new_watched();

	add(u, "F", "t", 1, TASK_STARTING, 0);
	add(u, "F", "t", 2, TASK_RUNNING, 0);
	add(u, "F2", "t", 3, TASK_RUNNING, 0);
	updates_forget(u, "F");
	assert_left(1, 2);
	free_updates(u);
	assert_int_equal(left.count, 0); /* at the end nobody is told */
}

static void the_end_tells_nobody(void **state unused)
{
	struct updates *u = new_watched();

	add(u, "F", "t", 1, TASK_RUNNING, 0);
	free_updates(u);
	assert_int_equal(left.count, 0);
}

/* ---- one framework, one task ---- */

static void only_the_firsts_of_the_framework_that_is_back_are_sent(void **state unused)
{
	struct updates *u = new_updates();

	add(u, "F", "a", 1, TASK_STARTING, 0);
	add(u, "F", "a", 2, TASK_RUNNING, 0);
	add(u, "F2", "a", 3, TASK_RUNNING, 0);
	run(u, 0);
	run(u, 10 * SECOND);
	updates_resume_framework(u, "F", 11 * SECOND);
	assert_sends(u, 11 * SECOND, 1);
	assert_int_equal(updates_next(u), 21 * SECOND);
	free_updates(u);
}

static void what_waits_of_a_task_can_be_asked(void **state unused)
{
	struct updates *u = new_updates();
	enum task_state found = TASK_ERROR;

	assert_false(updates_pending(u, "F", "t", &found));
	add(u, "F", "t", 1, TASK_STARTING, 0);
	add(u, "F", "t", 2, TASK_FINISHED, 0);
	assert_true(updates_pending(u, "F", "t", &found));
	assert_int_equal(found, TASK_STARTING);
	ack(u, "t", 1, 0);
	assert_true(updates_pending(u, "F", "t", &found));
	assert_int_equal(found, TASK_FINISHED);
	ack(u, "t", 2, 0);
	assert_false(updates_pending(u, "F", "t", &found));
	free_updates(u);
}

static void an_update_that_is_not_on_disk_is_not_told_of(void **state unused)
{
	struct updates *u = new_updates();
	enum task_state found = TASK_ERROR;

	add_in(u, "t", 1, TASK_LOST, 7);
	assert_int_equal(updates_pending(u, "F", "t", &found), UPDATE_UNWRITTEN);
	assert_int_equal(found, TASK_ERROR);
	updates_written(u, 7, 0, NULL, NULL);
	assert_int_equal(updates_pending(u, "F", "t", &found), 1);
	assert_int_equal(found, TASK_LOST);
	free_updates(u);
}

/* ---- held back ---- */

/* Queued and held by `holder`, on disk or in a batch. */
static struct update *add_held(struct updates *u, uint8_t uuid, enum task_state state,
			       uint64_t batch, void *holder)
{
	struct task_status status;
	struct status_update body = body_of(&status, "f", "t", uuid, state);
	struct update *held = updates_add(u, schema_copy(status_update_schema(), &body), batch, 0);

	updates_hold(u, held, holder);
	return held;
}

static struct labels *label(const char *key)
{
	struct labels *l = xcalloc(1, sizeof(*l));

	l->labels = xcalloc(1, sizeof(*l->labels));
	l->labels[l->labels_count++].key = xstrdup(key);
	return l;
}

static void nobody_is_told_of_an_update_that_is_held(void **state unused)
{
	struct updates *u = new_updates();
	struct sent s = { 0 };
	struct update *held = add_held(u, 1, TASK_RUNNING, 0, u);
	enum task_state first;

	assert_int_equal(updates_next(u), INT64_MAX);
	updates_run(u, 0, note, &s);
	assert_int_equal(s.count, 0);
	assert_int_equal(updates_pending(u, "f", "t", &first), UPDATE_UNWRITTEN);
	assert_int_equal(updates_acknowledge(u, "f", "t", (uint8_t[16]){ 1 }, 0),
			 UPDATE_UNEXPECTED);
	updates_release(u, held, label("a"), 0, SECOND);
	updates_run(u, SECOND, note, &s);
	assert_int_equal(s.count, 1);
	assert_string_equal(held->body->status->labels->labels[0].key, "a");
	assert_int_equal(u->bytes, updates_bytes(held->body));
	free_updates(u);
}

static void an_update_that_is_released_waits_for_its_new_batch(void **state unused)
{
	struct updates *u = new_updates();
	struct sent s = { 0 };
	struct update *held = add_held(u, 1, TASK_RUNNING, 1, u);

	updates_written(u, 1, 0, NULL, NULL);
	updates_run(u, 0, note, &s);
	updates_release(u, held, NULL, 2, 0);
	updates_run(u, 0, note, &s);
	assert_int_equal(s.count, 0);
	updates_written(u, 2, 0, NULL, NULL);
	updates_run(u, 0, note, &s);
	assert_int_equal(s.count, 1);
	free_updates(u);
}

static void what_comes_after_an_update_that_is_held_waits_and_is_not_its_latest(void **state unused)
{
	struct updates *u = new_updates();
	struct sent s = { 0 };
	struct update *held;

	add(u, "f", "t", 1, TASK_STARTING, 0);
	held = add_held(u, 2, TASK_RUNNING, 0, u);
	updates_run(u, 0, note, &s);
	assert_int_equal(s.count, 1);
	assert_int_equal(s.latest, TASK_STARTING);
	assert_int_equal(updates_acknowledge(u, "f", "t", (uint8_t[16]){ 1 }, 0), UPDATE_ACKED);
	add(u, "f", "t", 3, TASK_FINISHED, 0);
	assert_int_equal(updates_next(u), INT64_MAX);
	updates_release(u, held, NULL, 0, 0);
	updates_run(u, 0, note, &s);
	assert_int_equal(s.count, 2);
	assert_int_equal(s.list[1], 2);
	assert_int_equal(s.latest, TASK_FINISHED);
	free_updates(u);
}

static void note_holder(const struct update *u, void *ctx)
{
	*(void **)ctx = u->holder;
}

static void who_holds_an_update_learns_that_it_is_gone(void **state unused)
{
	struct updates *u = new_updates();
	void *told = NULL;

	u->gone = note_holder;
	u->ctx = &told;
	add_held(u, 1, TASK_RUNNING, 0, u);
	updates_forget(u, "f");
	assert_ptr_equal(told, u);
	free_updates(u);
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
		cmocka_unit_test(where_ids_are_reused_an_end_does_not_take_the_next_one_along),
		cmocka_unit_test(all_firsts_are_sent_when_the_master_is_back),
		cmocka_unit_test(a_removed_framework_takes_its_own_updates_along),
		cmocka_unit_test(what_is_sent_again_says_the_latest_state),
		cmocka_unit_test(a_uuid_that_is_used_for_another_state_is_no_duplicate),
		cmocka_unit_test(beyond_the_most_a_repeated_state_replaces_the_last),
		cmocka_unit_test(an_update_that_is_too_long_as_it_is_sent_is_refused),
		cmocka_unit_test(what_waits_has_a_most_for_all_tasks_together),
		cmocka_unit_test(what_is_due_first_is_sent_first),
		cmocka_unit_test(what_comes_together_is_sent_in_its_order),
		cmocka_unit_test(what_is_not_on_disk_is_not_sent),
		cmocka_unit_test(the_next_waits_for_the_disk_too),
		cmocka_unit_test(what_was_not_sent_cannot_be_acknowledged),
		cmocka_unit_test(the_latest_state_is_one_that_is_on_disk),
		cmocka_unit_test(a_written_batch_tells_of_each_of_its_updates_once_and_in_order),
		cmocka_unit_test(who_said_what_was_replaced_is_told_when_that_is_on_disk),
		cmocka_unit_test(who_used_a_uuid_again_is_told_by_that),
		cmocka_unit_test(what_is_forgotten_before_it_is_on_disk_is_not_heard_of),
		cmocka_unit_test(what_is_restored_keeps_its_order_and_its_numbers),
		cmocka_unit_test(what_is_restored_is_due_at_once),
		cmocka_unit_test(what_was_acknowledged_before_a_restart_is_a_duplicate),
		cmocka_unit_test(what_is_acknowledged_is_gone),
		cmocka_unit_test(what_a_terminal_acknowledgement_throws_away_is_gone),
		cmocka_unit_test(what_is_replaced_is_gone),
		cmocka_unit_test(what_belonged_to_a_removed_framework_is_gone),
		cmocka_unit_test(the_end_tells_nobody),
		cmocka_unit_test(only_the_firsts_of_the_framework_that_is_back_are_sent),
		cmocka_unit_test(what_waits_of_a_task_can_be_asked),
		cmocka_unit_test(an_update_that_is_not_on_disk_is_not_told_of),
		cmocka_unit_test(nobody_is_told_of_an_update_that_is_held),
		cmocka_unit_test(an_update_that_is_released_waits_for_its_new_batch),
		cmocka_unit_test(
			what_comes_after_an_update_that_is_held_waits_and_is_not_its_latest),
		cmocka_unit_test(who_holds_an_update_learns_that_it_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
