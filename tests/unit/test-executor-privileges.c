/* What mesos-executor gives up for its container, seen by a task that looks at itself. */
#include "tests/unit/executor-fixture.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/fs.h"

struct status {
	unsigned long long inheritable, permitted, effective, bounding, ambient;
	int no_new_privs, seccomp;
};

static struct status read_status(const struct agent *a)
{
	static const char *const names[] = { "CapInh", "CapPrm",     "CapEff", "CapBnd",
					     "CapAmb", "NoNewPrivs", "Seccomp" };
	autofree char *text = read_text(a, "status");
	unsigned long long found[ARRAY_SIZE(names)];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *prefix = xasprintf("\n%s:\t", names[i]);
		const char *at = strstr(text, prefix);

		assert_non_null(at);
		found[i] = strtoull(at + strlen(prefix), NULL, 16);
	}
	return (struct status){ found[0], found[1],      found[2],     found[3],
				found[4], (int)found[5], (int)found[6] };
}

/* What a task sees of itself that runs as the plan says. */
static struct status run(struct agent *a)
{
	start(a, "cat /proc/self/status > status");
	expect_exited(a, 0);
	finish(a, 0);
	return read_status(a);
}

/* The same of this process, and so of mesos-executor. */
static unsigned long long own_bounding(void)
{
	unsigned long long set = 0;

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0))
			set |= BIT(cap);
	return set;
}

static void set_capabilities(struct agent *a, struct capability_sets *sets)
{
	sets->has_bounding = sets->has_permitted = sets->has_ambient = true;
	a->plan.capabilities = sets;
}

static void as_nobody(struct agent *a)
{
	put_file(a, "status", "");
	become_nobody(a);
}

/* ---- capabilities ---- */

static void without_a_word_of_the_plan_nothing_is_given_up(void **state)
{
	struct agent *a = *state;
	struct status s = run(a);

	assert_int_equal(s.bounding, own_bounding());
	assert_int_equal(s.no_new_privs, 0);
	assert_int_equal(s.seccomp, 0);
}

static void root_keeps_the_bounding_set_of_the_plan_and_no_more(void **state)
{
	struct agent *a = *state;
	struct capability_sets sets = { .bounding = BIT(CAP_CHOWN) | BIT(CAP_KILL),
					.permitted = BIT(CAP_CHOWN) | BIT(CAP_KILL) };
	struct status s;

	need_root();
	set_capabilities(a, &sets);
	s = run(a);
	assert_int_equal(s.bounding, sets.bounding);
	assert_int_equal(s.permitted, sets.bounding);
	assert_int_equal(s.effective, sets.bounding);
	assert_int_equal(s.inheritable, 0);
	assert_int_equal(s.ambient, 0);
}

static void another_user_has_what_is_ambient_in_the_plan(void **state)
{
	struct agent *a = *state;
	struct capability_sets sets = { .bounding = BIT(CAP_CHOWN) | BIT(CAP_KILL),
					.permitted = BIT(CAP_KILL),
					.ambient = BIT(CAP_KILL) };
	struct status s;

	need_root();
	set_capabilities(a, &sets);
	as_nobody(a);
	s = run(a);
	assert_int_equal(s.bounding, sets.bounding);
	assert_int_equal(s.permitted, sets.ambient);
	assert_int_equal(s.effective, sets.ambient);
	assert_int_equal(s.inheritable, sets.ambient);
	assert_int_equal(s.ambient, sets.ambient);
}

static void another_user_has_nothing_unless_the_plan_says_so(void **state)
{
	struct agent *a = *state;
	struct capability_sets sets = { .bounding = BIT(CAP_KILL) };
	struct status s;

	need_root();
	set_capabilities(a, &sets);
	as_nobody(a);
	s = run(a);
	assert_int_equal(s.bounding, sets.bounding);
	assert_int_equal(s.permitted | s.effective | s.inheritable | s.ambient, 0);
}

/* All that can be dropped was, so nobody needs the right to drop. */
static void sets_that_change_nothing_need_no_right(void **state)
{
	struct agent *a = *state;
	struct capability_sets sets = { .bounding = own_bounding() };

	set_capabilities(a, &sets);
	assert_int_equal(run(a).bounding, sets.bounding);
}

/* ---- the filter ---- */

static void set_filter(struct agent *a, const struct sock_filter *list, size_t count)
{
	struct buf text = { 0 };

	base64_add(&text, list, count * sizeof(*list));
	a->plan.seccomp = buf_take(&text);
	a->plan.no_new_privs = a->plan.has_no_new_privs = true;
}

static void a_filter_of_the_plan_judges_every_system_call(void **state)
{
	static const struct sock_filter no_mkdir[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_mkdir
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 1, 0),
#endif
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTUNIQ),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct agent *a = *state;

	set_filter(a, no_mkdir, ARRAY_SIZE(no_mkdir));
	start(a, "cat /proc/self/status > status; LC_ALL=C mkdir made");
	expect_exited(a, 1 << 8);
	finish(a, 0);
	expect_file(a, "stderr",
		    "mkdir: cannot create directory 'made': Name not unique on network\n");
	assert_int_equal(read_status(a).seccomp, SECCOMP_MODE_FILTER);
	assert_int_equal(read_status(a).no_new_privs, 1);
	free(a->plan.seccomp);
}

/* And so a setuid program still is one. */
static void root_installs_a_filter_and_may_gain_privileges_by_exec(void **state)
{
	static const struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct agent *a = *state;
	struct status s;

	need_root();
	set_filter(a, all, ARRAY_SIZE(all));
	a->plan.no_new_privs = false;
	as_nobody(a);
	s = run(a);
	assert_int_equal(s.seccomp, SECCOMP_MODE_FILTER);
	assert_int_equal(s.no_new_privs, 0);
	free(a->plan.seccomp);
}

static void a_filter_that_is_no_program_starts_nothing(void **state)
{
	static const struct sock_filter endless[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0) };
	struct agent *a = *state;

	set_filter(a, endless, ARRAY_SIZE(endless));
	launch(a, "touch", "mark", NULL);
	send_message(a, TO_SUPERVISOR_START, NULL);
	{
		automessage struct message m = expect(a, SUPERVISOR_FAILED);

		assert_string_equal(((struct container_failed *)m.body)->message,
				    "install the filter of system calls: Invalid argument");
	}
	finish(a, 0);
	free(a->plan.seccomp);
}

/* ---- plans that are refused ---- */

static void expect_refusal(struct agent *a, const char *what)
{
	autofree char *expected = xasprintf("mesos-executor: read the launch plan: %s\n", what);
	autofd int plan_fd = -EBADF;

	set_argv(a, "true", NULL, NULL);
	plan_fd = write_plan(a);
	spawn(a, plan_fd, NULL);
	finish(a, 1);
	expect_file(a, "stderr", expected);
}

static void half_an_instruction_is_refused(void **state)
{
	struct agent *a = *state;

	a->plan.seccomp = (char *)"AAAA";
	expect_refusal(a, "seccomp: must be 1 to 4096 instructions of 8 bytes");
}

static void a_filter_without_instructions_is_refused(void **state)
{
	struct agent *a = *state;

	a->plan.seccomp = (char *)"";
	expect_refusal(a, "seccomp: must be 1 to 4096 instructions of 8 bytes");
}

static void a_filter_that_is_too_long_is_refused(void **state)
{
	struct agent *a = *state;
	autofree struct sock_filter *list = xcalloc(BPF_MAXINSNS + 1, sizeof(*list));

	set_filter(a, list, BPF_MAXINSNS + 1);
	expect_refusal(a, "seccomp: must be 1 to 4096 instructions of 8 bytes");
	free(a->plan.seccomp);
}

static void sets_that_do_not_fit_into_each_other_are_refused(void **state)
{
	struct agent *a = *state;
	struct capability_sets wide = { .bounding = 1, .permitted = 3 };

	set_capabilities(a, &wide);
	expect_refusal(a, "capabilities: permitted: more than bounding");
}

static void ambient_capabilities_must_be_permitted(void **state)
{
	struct agent *a = *state;
	struct capability_sets wide = { .bounding = 3, .permitted = 1, .ambient = 2 };

	set_capabilities(a, &wide);
	expect_refusal(a, "capabilities: ambient: more than permitted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_word_of_the_plan_nothing_is_given_up),
		TEST(root_keeps_the_bounding_set_of_the_plan_and_no_more),
		TEST(another_user_has_what_is_ambient_in_the_plan),
		TEST(another_user_has_nothing_unless_the_plan_says_so),
		TEST(sets_that_change_nothing_need_no_right),
		TEST(a_filter_of_the_plan_judges_every_system_call),
		TEST(root_installs_a_filter_and_may_gain_privileges_by_exec),
		TEST(a_filter_that_is_no_program_starts_nothing),
		TEST(half_an_instruction_is_refused),
		TEST(a_filter_without_instructions_is_refused),
		TEST(a_filter_that_is_too_long_is_refused),
		TEST(sets_that_do_not_fit_into_each_other_are_refused),
		TEST(ambient_capabilities_must_be_permitted),
	};

	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
