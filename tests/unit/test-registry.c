/* What the master puts into its registry and finds there after its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>

#include "lib/fs.h"
#include "master/frameworks.h"
#include "master/recovery.h"
#include "master/registry.h"
#include "master/updates.h"
#include "tests/unit/loop.h"

static char dir[32];
static struct master_flags flags;
static struct master *m;
static struct error e;
static char found[1024]; /* what was loaded, in its order */
static unsigned waited;

static void found_add(const char *what, const char *id, const char *more)
{
	size_t n = strlen(found);

	snprintf(found + n, sizeof(found) - n, "%s%s %s %s", n ? ", " : "", what, id, more);
}

/* The books that the registry is loaded into. */
void recovery_add(struct master *to unused, struct agent_info *info, double registered_time,
		  bool confirmed)
{
	assert_float_equal(registered_time, 1500.25, 1e-9);
	found_add(confirmed ? "agent" : "unheard", info->id, info->hostname);
}

void framework_restore(struct master *to unused, struct framework_info *info,
		       double registered_time)
{
	assert_float_equal(registered_time, 2500.5, 1e-9);
	found_add("framework", info->id, info->name);
}

void master_updates_restore(struct master *to unused, struct status_update *body, uint64_t sequence)
{
	char number[24];

	snprintf(number, sizeof(number), "%llu", (unsigned long long)sequence);
	found_add("update", body->status->task_id, number);
	schema_free(status_update_schema(), body);
}

void master_updates_written(struct master *to unused, uint64_t batch unused)
{
}

static void open_it(void)
{
	m = xcalloc(1, sizeof(*m));
	m->flags = &flags;
	assert_true(sd_event_new(&m->loop) >= 0);
	found[0] = '\0';
	if (registry_open(m, &e))
		fail_msg("%s", e.text);
}

static void close_it(void)
{
	registry_close(m);
	idset_fini(&m->removed_agents);
	idset_fini(&m->removed_frameworks);
	sd_event_unref(m->loop);
	free(m);
}

static void open_again(void)
{
	close_it();
	open_it();
}

static int setup(void **state unused)
{
	strcpy(dir, "test-registry-XXXXXX"); /* /tmp may be in memory, which a store refuses */
	if (!mkdtemp(dir))
		return -1;
	flags = (struct master_flags){ .work_dir = dir, .registry = (char *)"sqlite" };
	open_it();
	return 0;
}

static int teardown(void **state unused)
{
	close_it();
	return fs_remove_tree(AT_FDCWD, dir, &e);
}

static void put_agent(const char *id)
{
	struct agent_info info = { .id = (char *)id, .hostname = (char *)"a.example" };
	struct agent a = {
		.master = m,
		.info = &info,
		.registered_time = 1500.25,
		.confirmed = true,
	};

	registry_put_agent(&a);
}

static struct framework_info known = {
	.id = (char *)"f1",
	.name = (char *)"one",
	.user = (char *)"nobody",
	.role = (char *)"*",
};

static void put_framework(void)
{
	struct framework f = { .master = m, .info = &known, .registered_time = 2500.5 };

	registry_put_framework(&f);
}

static void put_update(uint64_t sequence, const char *task)
{
	struct task_status status = {
		.task_id = (char *)task,
		.state = TASK_LOST,
		.has_state = true,
	};
	struct status_update body = { .framework_id = (char *)"f1", .status = &status };

	registry_put_update(m, &(struct update){ .body = &body, .sequence = sequence });
}

static void agents_frameworks_and_updates_are_found_again(void **state unused)
{
	put_update(7, "t7");
	put_agent("a1");
	put_framework();
	put_agent("a2");
	put_update(8, "t8");
	assert_string_equal(found, "");
	open_again();
	assert_string_equal(found, "agent a1 a.example, agent a2 a.example, framework f1 one, "
				   "update t7 7, update t8 8");
}

static void an_agent_that_was_never_heard_of_is_marked_until_it_is(void **state unused)
{
	struct agent_info info = { .id = (char *)"a1", .hostname = (char *)"a.example" };
	struct agent a = { .master = m, .info = &info, .registered_time = 1500.25 };

	registry_put_agent(&a);
	open_again();
	assert_string_equal(found, "unheard a1 a.example");
	a.master = m;
	a.confirmed = true;
	registry_put_agent(&a);
	open_again();
	assert_string_equal(found, "agent a1 a.example");
}

static void what_is_deleted_is_not_found(void **state unused)
{
	struct agent_info info = { .id = (char *)"a1" };

	put_agent("a1");
	put_update(7, "t7");
	open_again();
	registry_delete_agent(&(struct agent){ .master = m, .info = &info });
	registry_delete_update(m, 7);
	open_again();
	assert_string_equal(found, "");
}

static void who_is_removed_stays_so(void **state unused)
{
	put_agent("a1");
	put_framework();
	registry_agent_removed(m, "a1", 1500.25, "it was old");
	registry_framework_removed(&(struct framework){ .master = m, .info = &known });
	assert_true(idset_has(&m->removed_agents, "a1"));
	assert_true(idset_has(&m->removed_frameworks, "f1"));
	open_again();
	assert_string_equal(found, "");
	assert_true(idset_has(&m->removed_agents, "a1"));
	assert_true(idset_has(&m->removed_frameworks, "f1"));
}

static void the_oldest_removed_make_room(void **state unused)
{
	char id[16];

	registry_agent_removed(m, "first", 1, NULL);
	registry_agent_removed(m, "second", 1, NULL);
	for (unsigned i = 2; i < IDSET_MAX; i++) {
		snprintf(id, sizeof(id), "x%u", i);
		idset_add(&m->removed_agents, id);
	}
	registry_agent_removed(m, "last", 1, NULL);
	assert_false(idset_has(&m->removed_agents, "first"));
	open_again();
	assert_false(idset_has(&m->removed_agents, "first"));
	assert_true(idset_has(&m->removed_agents, "second"));
	assert_true(idset_has(&m->removed_agents, "last"));
}

static void who_was_removed_first_is_forgotten_first_after_a_restart_too(void **state unused)
{
	put_agent("early");
	put_agent("late");
	registry_agent_removed(m, "late", 1500.25, NULL);
	registry_agent_removed(m, "early", 1500.25, NULL);
	open_again();
	assert_string_equal(m->removed_agents.entries->id, "late");
}

static void on_disk(struct store_wait *w unused)
{
	waited++;
}

static void a_wait_ends_when_what_was_put_is_on_disk(void **state unused)
{
	struct store_wait w = { .batch = 0 };

	waited = 0;
	put_agent("a1");
	registry_wait(m, &w, on_disk);
	assert_int_equal(waited, 0);
	while (!waited)
		assert_true(loop_runs(m->loop));
	assert_int_equal(registry_counts(m).queued, 0);
	assert_true(registry_counts(m).rows >= 2); /* the master's own is one */
}

static void in_memory_nothing_stays(void **state unused)
{
	flags.registry = (char *)"in_memory";
	open_again();
	put_agent("a1");
	open_again();
	assert_string_equal(found, "");
}

static void a_row_that_makes_no_sense_is_named(void **state unused)
{
	struct agent_info info = { .id = (char *)"other", .hostname = (char *)"b.example" };
	struct admitted_row row = {
		.agent_id = (char *)"a1",
		.info = &info,
		.registered = 1,
		.has_registered = true,
	};

	store_put(m->store, &agent_table, &row);
	registry_close(m);
	assert_int_equal(registry_open(m, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "agent a1: its info is missing or another's"));
	assert_non_null(strstr(e.text, "to start with an empty registry, move all its files"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(agents_frameworks_and_updates_are_found_again,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_agent_that_was_never_heard_of_is_marked_until_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_was_removed_first_is_forgotten_first_after_a_restart_too, setup,
			teardown),
		cmocka_unit_test_setup_teardown(what_is_deleted_is_not_found, setup, teardown),
		cmocka_unit_test_setup_teardown(who_is_removed_stays_so, setup, teardown),
		cmocka_unit_test_setup_teardown(the_oldest_removed_make_room, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wait_ends_when_what_was_put_is_on_disk, setup,
						teardown),
		cmocka_unit_test_setup_teardown(in_memory_nothing_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(a_row_that_makes_no_sense_is_named, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
