/* Which capabilities a task gets: what it asked for, what is allowed, what the agent has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <linux/capability.h>

#include "agent/isolator/capabilities.h"

#define ALL (BIT(CAP_LAST_CAP + 1) - 1)

static struct capabilities_allowed allowed_by(const char *text)
{
	struct capabilities_allowed a = { 0 };
	struct error e;

	if (capabilities_parse(text, &a, &e))
		fail_msg("%s: %s", text, e.text);
	return a;
}

static uint64_t parsed(const char *text)
{
	struct capabilities_allowed a = allowed_by(text);

	assert_int_equal(a.to_others, a.to_root);
	return a.to_root;
}

static void expect_wrong(const char *text, const char *why)
{
	struct capabilities_allowed a = { 77, 77 };
	struct error e;

	assert_true(capabilities_parse(text, &a, &e) < 0);
	assert_string_equal(e.text, why);
	assert_true(a.to_root == 77 && a.to_others == 77);
}

static int grant(const char *name, uint64_t allowed, uint64_t own, uint64_t *ret, struct error *e)
{
	char *names[] = { (char *)(uintptr_t)name };
	struct capability_info asked = { .capabilities = names,
					 .capabilities_count = name != NULL };

	return capabilities_grant(&asked, allowed, own, ret, e);
}

static void names_are_those_of_mesos_in_any_case(void **state unused)
{
	assert_int_equal(parsed("{\"capabilities\":[\"NET_RAW\",\"sys_admin\"]}"),
			 BIT(CAP_NET_RAW) | BIT(CAP_SYS_ADMIN));
	assert_int_equal(parsed("{\"capabilities\":[\"CHECKPOINT_RESTORE\"]}"),
			 BIT(CAP_CHECKPOINT_RESTORE));
	assert_int_equal(parsed("{}"), 0);
}

static void what_is_not_a_name_is_refused(void **state unused)
{
	expect_wrong("{\"capabilities\":[\"CAP_NET_RAW\"]}",
		     "'CAP_NET_RAW' is not a capability; they are named as in NET_RAW");
	expect_wrong("{\"capabilities\":[\"CHOWN\",\"7\"]}",
		     "'7' is not a capability; they are named as in NET_RAW");
	expect_wrong("{\"capabilities\":[\"\"]}",
		     "'' is not a capability; they are named as in NET_RAW");
	expect_wrong("{\"capabilities\":7}", "capabilities[0]: must be a string");
}

static void what_leads_around_a_quota_is_not_in_the_default(void **state unused)
{
	static const int dropped[] = {
		CAP_SYS_RESOURCE, CAP_SYS_ADMIN,  CAP_FOWNER,     CAP_DAC_READ_SEARCH,
		CAP_SYS_RAWIO,    CAP_SYS_MODULE, CAP_SYS_PTRACE, CAP_MKNOD,
		CAP_BPF,          CAP_PERFMON,    CAP_SYS_BOOT,   CAP_LINUX_IMMUTABLE,
		CAP_SYS_TIME,
	};
	uint64_t expected = ALL;

	for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
		expected &= ~BIT(dropped[i]);
	assert_int_equal(capabilities_default(), expected);
	assert_int_equal(allowed_by(NULL).to_root, expected);
}

static void what_makes_root_of_anybody_is_only_roots_by_default(void **state unused)
{
	static const int roots[] = {
		CAP_CHOWN,   CAP_DAC_OVERRIDE, CAP_FSETID,     CAP_KILL,
		CAP_SETGID,  CAP_SETUID,       CAP_SYS_CHROOT, CAP_IPC_OWNER,
		CAP_SETFCAP, CAP_MAC_OVERRIDE, CAP_MAC_ADMIN,
	};
	uint64_t expected = capabilities_default();

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		expected &= ~BIT(roots[i]);
	assert_int_equal(allowed_by(NULL).to_others, expected);
}

static void who_asks_for_nothing_gets_the_default_and_no_more_than_there_is(void **state unused)
{
	struct error e;
	uint64_t set;

	assert_int_equal(capabilities_grant(NULL, ALL, ALL, &set, &e), 0);
	assert_int_equal(set, capabilities_default());
	assert_int_equal(capabilities_grant(NULL, BIT(CAP_CHOWN), ALL, &set, &e), 0);
	assert_int_equal(set, BIT(CAP_CHOWN));
	assert_int_equal(capabilities_grant(NULL, ALL, BIT(CAP_KILL), &set, &e), 0);
	assert_int_equal(set, BIT(CAP_KILL));
}

static void who_asks_gets_that_and_nothing_else(void **state unused)
{
	struct error e;
	uint64_t set;

	assert_int_equal(grant("SYS_ADMIN", ALL, ALL, &set, &e), 0);
	assert_int_equal(set, BIT(CAP_SYS_ADMIN));
	assert_int_equal(grant(NULL, ALL, ALL, &set, &e), 0);
	assert_int_equal(set, 0);
}

static void what_is_not_allowed_is_refused_by_name(void **state unused)
{
	struct error e;
	uint64_t set;

	assert_int_equal(grant("SYS_ADMIN", capabilities_default(), ALL, &set, &e), -EPERM);
	assert_string_equal(e.text, "the task asks for capability SYS_ADMIN, which the agent's "
				    "--bounding_capabilities does not allow");
}

static void what_the_agent_has_not_it_cannot_give(void **state unused)
{
	struct error e;
	uint64_t set;

	assert_int_equal(grant("KILL", ALL, BIT(CAP_CHOWN), &set, &e), -EPERM);
	assert_string_equal(e.text,
			    "the task asks for capability KILL, which the agent does not have");
}

static void a_wrong_name_of_a_task_is_refused(void **state unused)
{
	struct error e;
	uint64_t set;

	assert_int_equal(grant("FLY", ALL, ALL, &set, &e), -EINVAL);
	assert_string_equal(e.text, "'FLY' is not a capability; they are named as in NET_RAW");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_mesos_in_any_case),
		cmocka_unit_test(what_is_not_a_name_is_refused),
		cmocka_unit_test(what_leads_around_a_quota_is_not_in_the_default),
		cmocka_unit_test(what_makes_root_of_anybody_is_only_roots_by_default),
		cmocka_unit_test(who_asks_for_nothing_gets_the_default_and_no_more_than_there_is),
		cmocka_unit_test(who_asks_gets_that_and_nothing_else),
		cmocka_unit_test(what_is_not_allowed_is_refused_by_name),
		cmocka_unit_test(what_the_agent_has_not_it_cannot_give),
		cmocka_unit_test(a_wrong_name_of_a_task_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
