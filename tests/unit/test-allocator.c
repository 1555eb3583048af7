/* The allocator: fairness, roles, reservations, filters; time is an argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "master/allocator.h"

#define SEC NSEC_PER_SEC

/* What was offered, in order: "f1@a1=cpus:1; mem:5". */
static struct buf offered;

static void note(void *ctx unused, void *framework, void *agent, const struct resources *r)
{
	buf_addf(&offered, "%s%s@%s=", offered.len ? " | " : "", (const char *)framework,
		 (const char *)agent);
	resources_print(r, &offered);
}

static int setup(void **state)
{
	*state = allocator_new(42);
	return 0;
}

static int teardown(void **state)
{
	allocator_free(*state);
	buf_fini(&offered);
	return 0;
}

static struct resources res(const char *text)
{
	struct resources r = { 0 };
	struct error e;

	assert_int_equal(resources_parse(text, "*", &r, &e), 0);
	return r;
}

static struct allocator_framework *framework(struct allocator *a, const char *role,
					     const char *name)
{
	return allocator_add_framework(a, role, (void *)name);
}

static struct allocator_agent *agent(struct allocator *a, const char *name, const char *total)
{
	autoresources struct resources r = res(total);

	return allocator_add_agent(a, &r, (void *)name);
}

static void recover(struct allocator *a, struct allocator_framework *fw, struct allocator_agent *ag,
		    const char *text, int64_t refuse, int64_t now)
{
	autoresources struct resources r = res(text);

	allocator_recover(a, fw, ag, &r, refuse, now);
}

static void assert_offers(struct allocator *a, int64_t now, const char *expected)
{
	offered.len = 0;
	allocator_run(a, now, note, NULL);
	assert_string_equal(buf_text(&offered), expected);
}

static void assert_agent_offers(struct allocator *a, struct allocator_agent *ag, int64_t now,
				const char *expected)
{
	offered.len = 0;
	allocator_run_agent(a, ag, now, note, NULL);
	assert_string_equal(buf_text(&offered), expected);
}

static void the_smallest_dominant_share_comes_first(void **state)
{
	struct allocator *a = *state;
	struct allocator_agent *ag;

	framework(a, "role1", "f1");
	ag = agent(a, "a1", "cpus:2;mem:1024");
	assert_agent_offers(a, ag, 0, "f1@a1=cpus:2; mem:1024");
	framework(a, "role2", "f2");
	assert_offers(a, 0, "");
	ag = agent(a, "a2", "cpus:1;mem:512");
	assert_agent_offers(a, ag, 0, "f2@a2=cpus:1; mem:512");
	/* role1 has 2 of 6 cpus, role2 1 of 6. */
	ag = agent(a, "a3", "cpus:3;mem:2048");
	assert_agent_offers(a, ag, 0, "f2@a3=cpus:3; mem:2048");
	framework(a, "role1", "f3");
	/* role1 has 2 of 10, role2 4 of 10; within role1, f3 has nothing. */
	ag = agent(a, "a4", "cpus:4;mem:4096");
	assert_agent_offers(a, ag, 0, "f3@a4=cpus:4; mem:4096");
}

static void the_share_is_over_all_scalars(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "*", "f1");
	struct allocator_framework *f2 = framework(a, "*", "f2");
	struct allocator_agent *big = agent(a, "a1", "cpus:100;mem:100000;gpus:4;disk:1000");
	autoresources struct resources gpus = res("gpus:3");
	autoresources struct resources cpus = res("cpus:50;disk:10");

	allocator_allocated(a, f1, big, &gpus);
	allocator_allocated(a, f2, big, &cpus);
	/* 3/4 of the gpus against 1/2 of the cpus. */
	assert_offers(a, 0, "f2@a1=cpus:50; disk:990; gpus:1; mem:100000");
}

static void reserved_resources_go_to_their_role_and_do_not_count_for_it(void **state)
{
	struct allocator *a = *state;
	struct allocator_agent *ag;

	framework(a, "role1", "f1");
	ag = agent(a, "a1", "cpus(role1):1;mem(role1):512");
	assert_agent_offers(a, ag, 0, "f1@a1=cpus(role1):1; mem(role1):512");
	framework(a, "role2", "f2");
	/* Neither role has unreserved resources; role1 was served more often. */
	ag = agent(a, "a2", "cpus:1;mem:512");
	assert_agent_offers(a, ag, 0, "f2@a2=cpus:1; mem:512");
	ag = agent(a, "a3", "cpus:1;mem:512;cpus(role2):9");
	assert_agent_offers(a, ag, 0, "f1@a3=cpus:1; mem:512 | f2@a3=cpus(role2):9");
}

static void what_nobody_reserved_for_stays(void **state)
{
	struct allocator *a = *state;
	struct allocator_agent *ag = agent(a, "a1", "cpus:1;mem:512;cpus(other):1;mem(other):64");

	framework(a, "*", "f1");
	assert_offers(a, 0, "f1@a1=cpus:1; mem:512");
	assert_int_equal(resources_scalar(allocator_available(ag), "cpus"), 1000);
	assert_offers(a, 1, "");
	framework(a, "other", "f2");
	assert_offers(a, 2, "f2@a1=cpus(other):1; mem(other):64");
	assert_true(resources_empty(allocator_available(ag)));
}

static void an_agent_goes_to_one_framework_as_a_whole(void **state)
{
	struct allocator *a = *state;

	agent(a, "a1", "cpus:2;mem:1024;ports:[1-9]");
	agent(a, "a2", "cpus:2;mem:1024;ports:[1-9]");
	framework(a, "role1", "f1");
	framework(a, "role2", "f2");
	allocator_run(a, 0, note, NULL);
	assert_non_null(strstr(buf_text(&offered), "f1@a"));
	assert_non_null(strstr(buf_text(&offered), "f2@a"));
	assert_non_null(strstr(buf_text(&offered), "=cpus:2; mem:1024; ports:[1-9] | "));
}

static void equal_shares_take_turns(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *fw[2] = { framework(a, "*", "f1"), framework(a, "*", "f2") };
	struct allocator_agent *ag = agent(a, "a1", "cpus:2;mem:1024");
	int turns[2] = { 0 };

	for (int i = 0; i < 10; i++) {
		offered.len = 0;
		allocator_run_agent(a, ag, i, note, NULL);
		turns[i % 2] += str_starts(buf_text(&offered), i % 2 ? "f2@" : "f1@");
		recover(a, fw[i % 2], ag, "cpus:2;mem:1024", 0, i);
	}
	assert_int_equal(turns[0], 5);
	assert_int_equal(turns[1], 5);
}

static void a_weight_makes_a_share_smaller(void **state)
{
	struct allocator *a = *state;
	struct allocator_agent *ag;

	allocator_set_weight(a, "role2", 2);
	framework(a, "role1", "f1");
	framework(a, "role2", "f2");
	ag = agent(a, "a1", "cpus:2;mem:1024");
	assert_agent_offers(a, ag, 0, "f1@a1=cpus:2; mem:1024");
	ag = agent(a, "a2", "cpus:2;mem:1024");
	assert_agent_offers(a, ag, 0, "f2@a2=cpus:2; mem:1024");
	/* 1/3 against 1/3 / 2. */
	ag = agent(a, "a3", "cpus:2;mem:1024");
	assert_agent_offers(a, ag, 0, "f2@a3=cpus:2; mem:1024");
	/* 1/4 against 2/4 / 2: a tie, and role2 was served more often. */
	ag = agent(a, "a4", "cpus:2;mem:1024");
	assert_agent_offers(a, ag, 0, "f1@a4=cpus:2; mem:1024");
	/* 2/5 against 2/5 / 2. */
	ag = agent(a, "a5", "cpus:2;mem:1024");
	assert_agent_offers(a, ag, 0, "f2@a5=cpus:2; mem:1024");
}

static void recovered_resources_are_offered_again(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "role1", "f1");
	struct allocator_agent *ag = agent(a, "a1", "cpus(role1):1;mem(role1):256;cpus:1;mem:512");

	assert_offers(a, 0, "f1@a1=cpus:1; cpus(role1):1; mem:512; mem(role1):256");
	recover(a, f1, ag, "cpus(role1):1;mem(role1):256", 0, 0);
	assert_offers(a, 0, "f1@a1=cpus(role1):1; mem(role1):256");
	recover(a, f1, ag, "cpus:1;mem:512", 0, 0);
	assert_offers(a, 0, "f1@a1=cpus:1; mem:512");
}

static void crumbs_are_not_offered(void **state)
{
	struct allocator *a = *state;

	framework(a, "*", "f1");
	assert_agent_offers(a, agent(a, "a1", "cpus:0.009;mem:31.9;disk:1000"), 0, "");
	assert_agent_offers(a, agent(a, "a2", "cpus:0.01"), 0, "f1@a2=cpus:0.01");
	assert_agent_offers(a, agent(a, "a3", "mem:32"), 0, "f1@a3=mem:32");
	assert_agent_offers(a, agent(a, "a4", "disk:100000;ports:[1-9]"), 0, "");
}

static void a_refusal_holds_until_its_time(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "*", "f1");
	struct allocator_agent *ag = agent(a, "a1", "cpus:2;mem:1024");

	assert_offers(a, 0, "f1@a1=cpus:2; mem:1024");
	recover(a, f1, ag, "cpus:2;mem:1024", 10 * SEC, 0);
	assert_offers(a, 0, "");
	assert_offers(a, 10 * SEC - 1, "");
	assert_offers(a, 10 * SEC, "f1@a1=cpus:2; mem:1024");
	recover(a, f1, ag, "cpus:2;mem:1024", 0, 10 * SEC);
	assert_offers(a, 10 * SEC, "f1@a1=cpus:2; mem:1024");
	recover(a, f1, ag, "cpus:2;mem:1024", -1, 10 * SEC);
	assert_offers(a, 15 * SEC - 1, "");
	assert_offers(a, 15 * SEC, "f1@a1=cpus:2; mem:1024");
	recover(a, f1, ag, "cpus:2;mem:1024", INT64_MAX, 15 * SEC);
	assert_offers(a, INT64_MAX - 1, "");
}

static void a_refusal_is_for_one_framework_and_one_agent(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "*", "f1");
	struct allocator_agent *ag = agent(a, "a1", "cpus:2;mem:1024");

	assert_offers(a, 0, "f1@a1=cpus:2; mem:1024");
	recover(a, f1, ag, "cpus:2;mem:1024", 10 * SEC, 0);
	agent(a, "a2", "cpus:2;mem:1024");
	assert_offers(a, 1, "f1@a2=cpus:2; mem:1024");
	framework(a, "*", "f2");
	assert_offers(a, 1, "f2@a1=cpus:2; mem:1024");
}

static void more_than_was_refused_is_offered(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "*", "f1");
	struct allocator_agent *ag = agent(a, "a1", "cpus:2;mem:1024");

	assert_offers(a, 0, "f1@a1=cpus:2; mem:1024");
	recover(a, f1, ag, "cpus:1;mem:512", 10 * SEC, 0);
	assert_offers(a, 1, "");
	recover(a, f1, ag, "cpus:0.1", 0, 1);
	assert_offers(a, 1, "f1@a1=cpus:1.1; mem:512");
	recover(a, f1, ag, "cpus:1;mem:100", 0, 2);
	assert_offers(a, 2, "");
	assert_offers(a, 10 * SEC, "f1@a1=cpus:1; mem:100");
}

static void many_refusals_are_bounded_and_the_latest_hold(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "*", "f1");
	struct allocator_agent *ag = agent(a, "a1", "cpus:100;mem:100000");
	autoresources struct resources all = res("cpus:100;mem:100000");

	allocator_allocated(a, f1, ag, &all);
	for (int i = 1; i <= 20; i++) {
		autoresources struct resources r = { 0 };
		autoresources struct resources back = { 0 };

		/* None of them is contained in another. */
		resources_add_scalar(&r, "cpus", "*", i * SCALAR_UNIT);
		resources_add_scalar(&r, "mem", "*", (1000 - i) * (int64_t)SCALAR_UNIT);
		allocator_recover(a, f1, ag, &r, 10 * SEC, 0);
		assert_offers(a, 1, "");
		resources_copy(&back, &r);
		allocator_allocated(a, f1, ag, &back);
	}
	recover(a, f1, ag, "cpus:1;mem:999", 0, 1);
	assert_offers(a, 1, "f1@a1=cpus:1; mem:999");
}

static void reviving_forgets_refusals(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "*", "f1");
	struct allocator_agent *ag = agent(a, "a1", "cpus:2;mem:1024");

	assert_offers(a, 0, "f1@a1=cpus:2; mem:1024");
	recover(a, f1, ag, "cpus:2;mem:1024", 1000 * SEC, 0);
	assert_offers(a, 1, "");
	allocator_revive(a, f1);
	assert_offers(a, 1, "f1@a1=cpus:2; mem:1024");
	recover(a, f1, ag, "cpus:1;mem:1024", 1000 * SEC, 0);
	assert_offers(a, 1, "");
	allocator_deactivate_framework(a, f1);
	allocator_activate_framework(a, f1);
	assert_offers(a, 1, "f1@a1=cpus:1; mem:1024");
}

static void a_new_framework_in_an_old_place_has_no_refusals(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "*", "f1");
	struct allocator_agent *ag = agent(a, "a1", "cpus:2;mem:1024");

	assert_offers(a, 0, "f1@a1=cpus:2; mem:1024");
	recover(a, f1, ag, "cpus:1;mem:1", 1000 * SEC, 0);
	allocator_remove_framework(a, f1);
	recover(a, NULL, ag, "cpus:1;mem:1023", 1000 * SEC, 0);
	framework(a, "*", "f2");
	assert_offers(a, 1, "f2@a1=cpus:2; mem:1024");
}

static void who_is_suppressed_or_inactive_gets_nothing(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "*", "f1");
	struct allocator_agent *ag = agent(a, "a1", "cpus:2;mem:1024");

	allocator_suppress(a, f1);
	assert_offers(a, 0, "");
	allocator_deactivate_framework(a, f1);
	allocator_revive(a, f1);
	assert_offers(a, 1, "");
	allocator_activate_framework(a, f1);
	allocator_deactivate_agent(a, ag);
	assert_offers(a, 2, "");
	allocator_activate_agent(a, ag);
	assert_offers(a, 3, "f1@a1=cpus:2; mem:1024");
}

static void a_suppressed_framework_still_gives_back(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "*", "f1");
	struct allocator_agent *ag = agent(a, "a1", "cpus:2;mem:1024");

	assert_offers(a, 0, "f1@a1=cpus:2; mem:1024");
	allocator_suppress(a, f1);
	recover(a, f1, ag, "cpus:2;mem:1024", 0, 0);
	framework(a, "*", "f2");
	assert_offers(a, 0, "f2@a1=cpus:2; mem:1024");
}

static void tasks_of_a_returning_agent_count(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "*", "f1");
	struct allocator_agent *ag = agent(a, "a1", "cpus:4;mem:1024");
	autoresources struct resources used = res("cpus:3;mem:24");

	framework(a, "*", "f2");
	allocator_allocated(a, f1, ag, &used);
	assert_offers(a, 0, "f2@a1=cpus:1; mem:1000");
	recover(a, f1, ag, "cpus:3;mem:24", 0, 0);
	assert_offers(a, 0, "f1@a1=cpus:3; mem:24");
}

static void tasks_count_before_their_framework_is_there(void **state)
{
	struct allocator *a = *state;
	struct allocator_agent *ag = agent(a, "a1", "cpus:4;mem:1000");
	autoresources struct resources used = res("cpus:3;mem:100");
	struct allocator_framework *f1 = framework(a, "*", "f1");

	allocator_deactivate_framework(a, f1);
	allocator_allocated(a, f1, ag, &used);
	allocator_activate_framework(a, f1);
	framework(a, "*", "f2");
	assert_offers(a, 0, "f2@a1=cpus:1; mem:900");
	recover(a, f1, ag, "cpus:3;mem:100", 0, 0);
	assert_offers(a, 0, "f1@a1=cpus:3; mem:100");
}

static void an_agent_that_shrank_offers_nothing_until_enough_came_back(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "*", "f1");
	struct allocator_agent *ag = agent(a, "a1", "cpus:4;mem:1000");
	autoresources struct resources small = res("cpus:2;mem:1000");

	assert_offers(a, 0, "f1@a1=cpus:4; mem:1000");
	allocator_update_total(a, ag, &small);
	recover(a, f1, ag, "cpus:1", 0, 0);
	assert_offers(a, 0, "");
	recover(a, f1, ag, "cpus:2", 0, 0);
	assert_offers(a, 0, "f1@a1=cpus:1");
	recover(a, f1, ag, "cpus:2;mem:1000", 0, 0);
	allocator_remove_agent(a, ag);
	assert_offers(a, 0, "");
}

static void who_refused_all_of_an_agent_sees_it_grow(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "*", "f1");
	struct allocator_agent *ag = agent(a, "a1", "cpus:2;mem:1024");
	autoresources struct resources more = res("cpus:3;mem:1024");

	assert_offers(a, 0, "f1@a1=cpus:2; mem:1024");
	recover(a, f1, ag, "cpus:2;mem:1024", 1000 * SEC, 0);
	assert_offers(a, 1, "");
	allocator_update_total(a, ag, &more);
	assert_offers(a, 1, "f1@a1=cpus:3; mem:1024");
}

static void a_role_is_measured_by_what_is_unreserved(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "role1", "f1");
	struct allocator_framework *f2 = framework(a, "role2", "f2");
	struct allocator_agent *ag = agent(a, "a1", "cpus:10;cpus(role3):90;mem:100");
	autoresources struct resources cpus = res("cpus:5");
	autoresources struct resources mem = res("mem:30");

	allocator_allocated(a, f1, ag, &cpus);
	allocator_allocated(a, f2, ag, &mem);
	/* 5 of 10 cpus against 30 of 100 MB. */
	assert_offers(a, 0, "f2@a1=cpus:5; mem:70");
}

static void a_removed_framework_weighs_nothing(void **state)
{
	struct allocator *a = *state;
	struct allocator_framework *f1 = framework(a, "role1", "f1");
	struct allocator_agent *a1 = agent(a, "a1", "cpus:4;mem:1000"), *a2;

	assert_offers(a, 0, "f1@a1=cpus:4; mem:1000");
	framework(a, "role1", "f2");
	framework(a, "role2", "f3");
	a2 = agent(a, "a2", "cpus:1;mem:1000");
	assert_agent_offers(a, a2, 0, "f3@a2=cpus:1; mem:1000");
	allocator_remove_framework(a, f1);
	/* role1 has nothing now, role2 a1's share. */
	recover(a, NULL, a1, "cpus:4;mem:1000", 0, 0);
	assert_offers(a, 0, "f2@a1=cpus:4; mem:1000");
}

static void nobody_starves(void **state)
{
	enum { FRAMEWORKS = 7, AGENTS = 5 };
	static const char *const names[FRAMEWORKS] = { "0", "1", "2", "3", "4", "5", "6" };
	struct allocator *a = *state;
	struct allocator_framework *fw[FRAMEWORKS];
	struct allocator_agent *ag[AGENTS];
	int got[FRAMEWORKS] = { 0 };

	for (int i = 0; i < FRAMEWORKS; i++)
		fw[i] = framework(a, i % 2 ? "*" : "role", names[i]);
	for (int i = 0; i < AGENTS; i++)
		ag[i] = agent(a, names[i], "cpus:1;mem:100");
	for (int round = 0; round < 100; round++) {
		offered.len = 0;
		allocator_run(a, round, note, NULL);
		for (char *at = buf_text(&offered); (at = strchr(at, '@')); at++) {
			got[at[-1] - '0']++;
			recover(a, fw[at[-1] - '0'], ag[at[1] - '0'], "cpus:1;mem:100", 0, round);
		}
	}
	for (int i = 0; i < FRAMEWORKS; i++)
		assert_in_range(got[i], 500 / 8 - 2, 500 / 6 + 2);
}

static void the_same_seed_gives_the_same_offers(void **state unused)
{
	autofree char *first = NULL;

	for (int i = 0; i < 2; i++) {
		struct allocator *a = allocator_new(7);

		for (int n = 0; n < 8; n++) {
			agent(a, "a", n % 2 ? "cpus:1;mem:100" : "cpus:2;mem:50");
			framework(a, "*", n % 2 ? "x" : "y");
		}
		offered.len = 0;
		allocator_run(a, 0, note, NULL);
		if (!first)
			first = xstrdup(buf_text(&offered));
		assert_string_equal(buf_text(&offered), first);
		allocator_free(a);
	}
}

/* What a pass thinks idle must have no taker at a fresh look: at an agent just activated. */
static void random_histories_keep_the_books(void **state)
{
	enum { FRAMEWORKS = 4, AGENTS = 3 };
	static const char *const names[] = { "0", "1", "2", "3" };
	struct allocator *a = *state;
	struct allocator_framework *fw[FRAMEWORKS];
	struct allocator_agent *ag[AGENTS];
	int held[AGENTS];
	uint32_t random = 1;

	for (int i = 0; i < FRAMEWORKS; i++)
		fw[i] = framework(a, i < 2 ? "*" : names[i], names[i]);
	for (int i = 0; i < AGENTS; i++) {
		ag[i] = agent(a, names[i], "cpus:1;mem:100");
		held[i] = -1;
	}
	for (int step = 0; step < 5000; step++) {
		int who = (int)((random = random * 1664525 + 1013904223) >> 16) % AGENTS;
		int what = (int)(random >> 26) % 8;

		if (held[who] >= 0)
			recover(a, fw[held[who]], ag[who], "cpus:1;mem:100", what * SEC / 4,
				step * SEC);
		held[who] = -1;
		if (what == 0)
			allocator_suppress(a, fw[who]);
		else if (what == 1)
			allocator_revive(a, fw[who]);
		offered.len = 0;
		allocator_run(a, step * SEC, note, NULL);
		for (char *at = buf_text(&offered); (at = strchr(at, '@')); at++)
			held[at[1] - '0'] = at[-1] - '0';
		for (int i = 0; i < AGENTS; i++)
			allocator_activate_agent(a, ag[i]);
		assert_offers(a, step * SEC, "");
		for (int i = 0; i < AGENTS; i++)
			assert_int_equal(held[i] < 0, !resources_empty(allocator_available(ag[i])));
	}
	for (int i = 0; i < FRAMEWORKS; i++)
		allocator_revive(a, fw[i]);
	allocator_run(a, 5000 * SEC, note, NULL);
	for (int i = 0; i < AGENTS; i++)
		assert_true(resources_empty(allocator_available(ag[i])));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_smallest_dominant_share_comes_first),
		TEST(the_share_is_over_all_scalars),
		TEST(reserved_resources_go_to_their_role_and_do_not_count_for_it),
		TEST(what_nobody_reserved_for_stays),
		TEST(an_agent_goes_to_one_framework_as_a_whole),
		TEST(equal_shares_take_turns),
		TEST(a_weight_makes_a_share_smaller),
		TEST(recovered_resources_are_offered_again),
		TEST(crumbs_are_not_offered),
		TEST(a_refusal_holds_until_its_time),
		TEST(a_refusal_is_for_one_framework_and_one_agent),
		TEST(more_than_was_refused_is_offered),
		TEST(many_refusals_are_bounded_and_the_latest_hold),
		TEST(reviving_forgets_refusals),
		TEST(a_new_framework_in_an_old_place_has_no_refusals),
		TEST(who_is_suppressed_or_inactive_gets_nothing),
		TEST(a_suppressed_framework_still_gives_back),
		TEST(tasks_of_a_returning_agent_count),
		TEST(tasks_count_before_their_framework_is_there),
		TEST(an_agent_that_shrank_offers_nothing_until_enough_came_back),
		TEST(who_refused_all_of_an_agent_sees_it_grow),
		TEST(a_role_is_measured_by_what_is_unreserved),
		TEST(a_removed_framework_weighs_nothing),
		TEST(nobody_starves),
		TEST(the_same_seed_gives_the_same_offers),
		TEST(random_histories_keep_the_books),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
