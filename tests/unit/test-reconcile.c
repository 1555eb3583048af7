/* Reconciliation: section by section what is answered, and when nothing is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lib/protocol.h"
#include "master/reconcile.h"

static void assert_answer(const struct reconcile_facts *facts, enum task_state state,
			  const char *message)
{
	enum task_state found = TASK_STAGING;
	const char *text = NULL;

	assert_true(reconcile_decide(facts, &found, &text));
	assert_int_equal(found, state);
	assert_string_equal(text, message);
}

static void assert_silence(const struct reconcile_facts *facts)
{
	enum task_state state;
	const char *text;

	assert_false(reconcile_decide(facts, &state, &text));
}

static void a_task_that_was_just_launched_is_staging(void **state unused)
{
	assert_answer(&(struct reconcile_facts){ .known = true, .state = TASK_STAGING },
		      TASK_STAGING, "Reconciliation: Latest task state");
}

static void a_known_task_has_its_latest_state(void **state unused)
{
	const enum task_state states[] = { TASK_STARTING, TASK_RUNNING, TASK_FINISHED,
					   TASK_FAILED,   TASK_KILLED,  TASK_LOST };

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		assert_answer(&(struct reconcile_facts){ .known = true, .state = states[i] },
			      states[i], "Reconciliation: Latest task state");
}

static void a_known_task_is_answered_while_agents_come_back(void **state unused)
{
	assert_answer(&(struct reconcile_facts){ .known = true,
						 .state = TASK_RUNNING,
						 .transitional = true },
		      TASK_RUNNING, "Reconciliation: Latest task state");
}

static void an_unknown_task_of_a_registered_agent_is_lost(void **state unused)
{
	assert_answer(&(struct reconcile_facts){ .agent_registered = true }, TASK_LOST,
		      "Reconciliation: Task is unknown to the agent");
}

static void an_unknown_task_is_not_answered_while_its_agent_comes_or_goes(void **state unused)
{
	assert_silence(&(struct reconcile_facts){ .transitional = true });
	assert_silence(&(struct reconcile_facts){ .transitional = true, .agent_registered = true });
	assert_silence(
		&(struct reconcile_facts){ .transitional = true, .ended = true, .end = TASK_LOST });
}

static void an_unknown_task_of_an_unknown_agent_is_lost(void **state unused)
{
	assert_answer(&(struct reconcile_facts){ 0 }, TASK_LOST, "Reconciliation: Task is unknown");
}

static void a_task_whose_end_is_not_acknowledged_has_that_end(void **state unused)
{
	assert_answer(&(struct reconcile_facts){ .ended = true, .end = TASK_ERROR }, TASK_ERROR,
		      "Reconciliation: Latest task state");
	assert_answer(&(struct reconcile_facts){ .ended = true,
						 .end = TASK_ERROR,
						 .agent_registered = true },
		      TASK_ERROR, "Reconciliation: Latest task state");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_that_was_just_launched_is_staging),
		cmocka_unit_test(a_known_task_has_its_latest_state),
		cmocka_unit_test(a_known_task_is_answered_while_agents_come_back),
		cmocka_unit_test(an_unknown_task_of_a_registered_agent_is_lost),
		cmocka_unit_test(an_unknown_task_is_not_answered_while_its_agent_comes_or_goes),
		cmocka_unit_test(an_unknown_task_of_an_unknown_agent_is_lost),
		cmocka_unit_test(a_task_whose_end_is_not_acknowledged_has_that_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
