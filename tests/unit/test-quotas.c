/* When a launch hears that there is a project id for it: with projects of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/disk/warnings.h"
#include "agent/isolator/isolator.h"
#include "agent/quotas.h"

#define NOT_CALLED(type, signature)                                                                \
	type signature                                                                             \
	{                                                                                          \
		abort();                                                                           \
	}

struct projects {
	uint64_t free;
	bool freeing;
};

static struct projects projects;
static struct agent *agent;
static struct executor executors[3];
static struct container containers[ARRAY_SIZE(executors)];

/* ---- in place of the rest of the agent ---- */

struct project_counts projects_counts(struct projects *p)
{
	return (struct project_counts){ .free = p->free };
}

bool projects_freeing(const struct projects *p)
{
	return p->freeing;
}

NOT_CALLED(void, container_refused(struct container *c unused, const char *message unused))
NOT_CALLED(void, disk_watch_soon(struct disk_watch *w unused))
NOT_CALLED(void, quota_watch_missed(struct quota_watch *q unused))
NOT_CALLED(void, gc_look_again(struct gc *gc unused))
NOT_CALLED(void, gc_make_room(struct gc *gc unused, struct gc_wait *w unused, uint64_t bytes unused,
			      uint64_t files unused, void (*fn)(struct gc_wait *w) unused))
NOT_CALLED(void, gc_wait_cancel(struct gc_wait *w unused))
NOT_CALLED(bool, isolators_have_disk(uint64_t isolators unused))
NOT_CALLED(bool, isolators_have_quota(uint64_t isolators unused))
NOT_CALLED(int, projects_new(const struct projects_options *o unused, struct projects **ret unused,
			     struct error *e unused))
NOT_CALLED(void, projects_stop(struct projects *p unused))
NOT_CALLED(void, projects_free(struct projects *p unused))
NOT_CALLED(const struct quota *, projects_quota(const struct projects *p unused))
NOT_CALLED(struct enforcement *, projects_enforcement(struct projects *p unused))
NOT_CALLED(int, projects_recover(struct projects *p unused, struct error *e unused))
NOT_CALLED(void, projects_gone(struct projects *p unused, const char *sandbox unused))
NOT_CALLED(int, warnings_new(sd_event *loop unused, dev_t dev unused,
			     const struct warnings_ops *ops unused, void *ctx unused,
			     struct warnings **ret unused, struct error *e unused))
NOT_CALLED(void, warnings_free(struct warnings *w unused))

/* ---- launches ---- */

static void on_room(struct gc_wait *w unused)
{
}

static int setup(void **state unused)
{
	projects = (struct projects){ .free = 0 };
	agent = xcalloc(1, sizeof(*agent));
	agent->node.projects = &projects;
	list_init(&agent->node.containers);
	for (size_t i = 0; i < ARRAY_SIZE(executors); i++) {
		executors[i] = (struct executor){ .container = &containers[i] };
		containers[i] = (struct container){ .owner = &executors[i] };
	}
	return 0;
}

static int teardown(void **state unused)
{
	free(take_ptr(agent));
	return 0;
}

/* It waits for its room, and for hooks. */
static void launch(size_t i)
{
	containers[i].phase = CONTAINER_PREPARING;
	containers[i].waiting = true;
	executors[i].launch_waits = 2;
	executors[i].room.fn = on_room;
	list_append(&agent->node.containers, &containers[i].node_entry);
}

static void answer(size_t i)
{
	executors[i].room.fn = NULL;
	executors[i].launch_waits--;
}

static void an_id_is_not_promised_twice_while_hooks_run(void **state unused)
{
	projects.free = 2;
	launch(0);
	launch(1);
	launch(2);
	assert_int_equal(quotas_more(agent), GC_ENOUGH);
	answer(0);
	assert_int_equal(quotas_more(agent), GC_ENOUGH);
	answer(1);
	assert_int_equal(quotas_more(agent), GC_MISSING);
	projects.freeing = true;
	assert_int_equal(quotas_more(agent), GC_COMING);
	containers[0].waiting = false; /* its hooks have passed, and it is prepared */
	assert_int_equal(quotas_more(agent), GC_COMING);
}

static void who_has_its_id_and_waits_for_modules_wants_none(void **state unused)
{
	projects.free = 1;
	launch(0);
	answer(0);
	launch(1);
	assert_int_equal(quotas_more(agent), GC_MISSING);
	containers[0].waiting = false;
	containers[0].planning = true;
	assert_int_equal(quotas_more(agent), GC_ENOUGH);
}

static void who_was_found_again_without_an_id_is_to_get_one(void **state unused)
{
	projects.free = 1;
	containers[0].phase = CONTAINER_RUNNING;
	containers[0].quota.lacks_id = true;
	list_append(&agent->node.containers, &containers[0].node_entry);
	launch(1);
	assert_int_equal(quotas_more(agent), GC_MISSING);
	agent->ids_wait.fn = on_room; /* it is this one that asks */
	assert_int_equal(quotas_more(agent), GC_ENOUGH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_id_is_not_promised_twice_while_hooks_run),
		TEST(who_has_its_id_and_waits_for_modules_wants_none),
		TEST(who_was_found_again_without_an_id_is_to_get_one),
	};

	return cmocka_run_group_tests_name("quotas", tests, NULL, NULL);
}
