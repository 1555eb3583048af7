/* When mesos-executor dials its agent again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/executor/contact.h"

static struct launch_plan plan = { .recovery_timeout = 3600 * NSEC_PER_SEC };
static struct contact contact;

static int setup(void **state unused)
{
	contact = (struct contact){
		.plan = &plan,
		.link.fd = -EBADF,
		.record = -EBADF,
		.mourned = true, /* so that nothing is written */
		.pause_ns = 100 * NSEC_PER_MSEC,
		.retry_at = NEVER,
		.settle_at = NEVER,
		.give_up_at = NEVER,
	};
	return 0;
}

/* The agent took the connection, and refused us or just ended; milliseconds to the next attempt. */
static int64_t lose(bool refused)
{
	const struct error e = { ECONNRESET, "it is gone" };
	int64_t before = now_ns();

	contact.greeted = contact.refused = refused;
	contact_lost(&contact, LINK_ENDED, &e);
	assert_false(contact.greeted || contact.refused);
	assert_true(contact.retry_at >= before);
	return (contact.retry_at - now_ns() + NSEC_PER_MSEC) / NSEC_PER_MSEC;
}

static int64_t lose_often(bool refused)
{
	for (int i = 0; i < 20; i++)
		lose(refused);
	return lose(refused);
}

static void an_agent_that_is_gone_is_dialled_each_second(void **state unused)
{
	assert_in_range(lose(false), 0, 100);
	assert_in_range(lose_often(false), 801, 1000);
}

static void an_agent_that_refuses_is_dialled_less_often(void **state unused)
{
	assert_in_range(lose(true), 0, 100);
	assert_in_range(lose_often(true), 7000, 8000);
}

static void the_next_agent_does_not_pay_for_the_one_that_refused(void **state unused)
{
	lose_often(true);
	assert_in_range(lose(false), 801, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_agent_that_is_gone_is_dialled_each_second, setup),
		cmocka_unit_test_setup(an_agent_that_refuses_is_dialled_less_often, setup),
		cmocka_unit_test_setup(the_next_agent_does_not_pay_for_the_one_that_refused, setup),
	};

	return cmocka_run_group_tests_name("contact", tests, NULL, NULL);
}
