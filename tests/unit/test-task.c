/* The table of task states and the door through it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/task.h"

static const enum task_state all[] = {
	TASK_STAGING, TASK_STARTING, TASK_RUNNING, TASK_FINISHED,
	TASK_FAILED,  TASK_KILLED,   TASK_LOST,    TASK_ERROR,
};

static struct task *new_task(void)
{
	struct task_info info = {
		.name = (char[]){ "t" },
		.task_id = (char[]){ "t" },
		.agent_id = (char[]){ "a" },
	};

	return task_new(NULL, schema_copy(task_info_schema(), &info));
}

static void move(struct task *t, enum task_state to, const char *message,
		 struct agent_metrics *metrics)
{
	struct task_status s = {
		.task_id = (char[]){ "t" },
		.state = to,
		.has_state = true,
		.message = (char *)(uintptr_t)message,
	};

	task_move(t, &s, metrics);
}

static void the_five_ends_are_terminal_and_nothing_else_is(void **state unused)
{
	assert_false(task_terminal(TASK_STAGING));
	assert_false(task_terminal(TASK_STARTING));
	assert_false(task_terminal(TASK_RUNNING));
	for (size_t i = 3; i < ARRAY_SIZE(all); i++)
		assert_true(task_terminal(all[i]));
}

static void nothing_leads_out_of_an_end(void **state unused)
{
	for (size_t from = 0; from < ARRAY_SIZE(all); from++)
		for (size_t to = 0; to < ARRAY_SIZE(all); to++)
			if (task_terminal(all[from]))
				assert_false(task_may_move(all[from], all[to]));
}

static void every_living_state_may_end_in_every_way(void **state unused)
{
	for (size_t from = 0; from < ARRAY_SIZE(all); from++)
		for (size_t to = 0; to < ARRAY_SIZE(all); to++)
			if (!task_terminal(all[from]) && task_terminal(all[to]))
				assert_true(task_may_move(all[from], all[to]));
}

static void nothing_leads_back(void **state unused)
{
	assert_false(task_may_move(TASK_RUNNING, TASK_STARTING));
	for (size_t from = 0; from < ARRAY_SIZE(all); from++)
		assert_false(task_may_move(all[from], TASK_STAGING));
}

static void starting_may_be_left_out_and_running_repeated(void **state unused)
{
	assert_true(task_may_move(TASK_STAGING, TASK_STARTING));
	assert_true(task_may_move(TASK_STAGING, TASK_RUNNING));
	assert_true(task_may_move(TASK_STARTING, TASK_RUNNING));
	assert_true(task_may_move(TASK_RUNNING, TASK_RUNNING));
}

static void a_new_task_is_staging_without_a_history(void **state unused)
{
	struct task *t = new_task();

	assert_int_equal(t->state, TASK_STAGING);
	assert_int_equal(t->statuses_count, 0);
	task_free(t);
}

static void a_move_is_remembered_and_counted(void **state unused)
{
	struct agent_metrics metrics = { 0 };
	struct task *t = new_task();

	move(t, TASK_STARTING, NULL, &metrics);
	move(t, TASK_RUNNING, NULL, &metrics);
	move(t, TASK_FAILED, "Command exited with status 3", &metrics);
	assert_int_equal(t->state, TASK_FAILED);
	assert_int_equal(t->statuses_count, 3);
	assert_int_equal(t->statuses[0].state, TASK_STARTING);
	assert_int_equal(t->statuses[1].state, TASK_RUNNING);
	assert_string_equal(t->statuses[2].message, "Command exited with status 3");
	assert_true(metrics.tasks_started == 1);
	assert_true(metrics.tasks_failed == 1);
	assert_true(metrics.tasks_finished == 0);
	task_free(t);
}

static void each_end_has_a_counter_of_its_own(void **state unused)
{
	for (size_t i = 3; i < ARRAY_SIZE(all); i++) {
		struct agent_metrics m = { 0 };
		struct task *t = new_task();

		move(t, all[i], NULL, &m);
		assert_true(m.tasks_finished == (all[i] == TASK_FINISHED));
		assert_true(m.tasks_failed == (all[i] == TASK_FAILED));
		assert_true(m.tasks_killed == (all[i] == TASK_KILLED));
		assert_true(m.tasks_lost == (all[i] == TASK_LOST));
		assert_true(m.tasks_error == (all[i] == TASK_ERROR));
		task_free(t);
	}
}

static void a_repeated_state_replaces_what_was_remembered(void **state unused)
{
	struct agent_metrics metrics = { 0 };
	struct task *t = new_task();

	move(t, TASK_RUNNING, "first", &metrics);
	move(t, TASK_RUNNING, "second", &metrics);
	assert_int_equal(t->statuses_count, 1);
	assert_string_equal(t->statuses[0].message, "second");
	task_free(t);
}

static char *long_text(const char *begin, const char *unit, size_t bytes)
{
	struct buf text = { 0 };

	buf_adds(&text, begin);
	while (text.len < bytes)
		buf_adds(&text, unit);
	return buf_take(&text);
}

static void of_a_status_what_views_need_is_kept_and_no_more(void **state unused)
{
	autofree char *message = long_text("x", "\xc3\xa9", MESSAGE_KEPT_MAX + 100);
	struct agent_metrics metrics = { 0 };
	struct label label = { .key = (char[]){ "k" } };
	struct labels labels = { .labels = &label, .labels_count = 1 };
	struct task_status s = {
		.record.rest = json_object(),
		.task_id = (char[]){ "t" },
		.state = TASK_RUNNING,
		.has_state = true,
		.message = message,
		.data = (char[]){ "AAAA" },
		.labels = &labels,
		.timestamp = 5,
		.has_timestamp = true,
		.healthy = true,
		.has_healthy = true,
	};
	struct task *t = new_task();

	task_move(t, &s, &metrics);
	json_decref(s.record.rest);
	assert_null(t->statuses[0].record.rest);
	assert_null(t->statuses[0].data);
	assert_string_equal(t->statuses[0].labels->labels[0].key, label.key);
	assert_int_equal(strlen(t->statuses[0].message), MESSAGE_KEPT_MAX - 1);
	assert_memory_equal(t->statuses[0].message, message, MESSAGE_KEPT_MAX - 1);
	assert_true(t->statuses[0].timestamp == 5);
	assert_true(t->statuses[0].healthy);
	task_free(t);
}

static void a_text_is_cut_between_characters(void **state unused)
{
	autofree char *whole = text_cut("a\xc3\xa9", 3), *cut = text_cut("a\xc3\xa9", 2);

	assert_string_equal(whole, "a\xc3\xa9");
	assert_string_equal(cut, "a");
	assert_null(text_cut(NULL, 5));
}

static struct task *task_with_data(const char *name, const char *data)
{
	struct command_info command = { .value = (char *)(uintptr_t)data };
	struct task_info info = {
		.name = (char *)(uintptr_t)name,
		.task_id = (char[]){ "t" },
		.agent_id = (char[]){ "a" },
		.command = &command,
		.data = (char *)(uintptr_t)data,
		.discovery = json_string("shown"),
	};
	struct task *t = task_new(NULL, schema_copy(task_info_schema(), &info));

	json_decref(info.discovery);
	return t;
}

static void of_a_task_that_is_past_what_views_show_is_kept(void **state unused)
{
	autofree char *data = long_text("", "A", MIB);
	struct task_history history = { .bytes = 0 };
	struct agent_metrics metrics = { 0 };
	struct task *t = task_with_data("name", data);

	list_init(&history.tasks);
	move(t, TASK_FAILED, "why", &metrics);
	task_archive(t, &history);
	assert_string_equal(t->info->name, "name");
	assert_string_equal(t->info->task_id, "t");
	assert_string_equal(t->info->agent_id, "a");
	assert_string_equal(json_string_value(t->info->discovery), "shown");
	assert_null(t->info->command);
	assert_null(t->info->data);
	assert_int_equal(t->statuses[0].state, TASK_FAILED);
	assert_null(t->statuses[0].message);
	assert_in_range(history.bytes, sizeof(*t), sizeof(*t) + 1024);
	task_free(t);
	assert_int_equal(history.bytes, 0);
	assert_true(list_empty(&history.tasks));
}

static void the_oldest_goes_when_the_past_holds_too_much(void **state unused)
{
	autofree char *name = long_text("", "n", NAME_KEPT_MAX + 1);
	struct task_history history = { .bytes = 0 };
	struct task *first = task_with_data("first", ""), *t;
	size_t count = 1;

	list_init(&history.tasks);
	task_archive(first, &history);
	while (!task_history_surplus(&history)) {
		task_archive(task_with_data(name, ""), &history);
		count++;
	}
	assert_ptr_equal(task_history_surplus(&history), first);
	assert_in_range(count, HISTORY_MAX_BYTES / (NAME_KEPT_MAX + 2 * KIB),
			HISTORY_MAX_BYTES / NAME_KEPT_MAX);
	list_for_each(t, &history.tasks, past)
		task_free(t);
	assert_int_equal(history.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_five_ends_are_terminal_and_nothing_else_is),
		cmocka_unit_test(nothing_leads_out_of_an_end),
		cmocka_unit_test(every_living_state_may_end_in_every_way),
		cmocka_unit_test(nothing_leads_back),
		cmocka_unit_test(starting_may_be_left_out_and_running_repeated),
		cmocka_unit_test(a_new_task_is_staging_without_a_history),
		cmocka_unit_test(a_move_is_remembered_and_counted),
		cmocka_unit_test(each_end_has_a_counter_of_its_own),
		cmocka_unit_test(a_repeated_state_replaces_what_was_remembered),
		cmocka_unit_test(of_a_status_what_views_need_is_kept_and_no_more),
		cmocka_unit_test(a_text_is_cut_between_characters),
		cmocka_unit_test(of_a_task_that_is_past_what_views_show_is_kept),
		cmocka_unit_test(the_oldest_goes_when_the_past_holds_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
