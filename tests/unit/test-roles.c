/* --roles and --weights, and the bounded memory of removed ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "master/flags.h"
#include "master/idset.h"

static void the_unreserved_role_is_always_there(void **state unused)
{
	struct roles r = { 0 };
	struct error e;

	assert_int_equal(roles_parse(NULL, NULL, &r, &e), 0);
	assert_int_equal(r.count, 1);
	assert_string_equal(r.list[0].name, "*");
	assert_null(roles_find(&r, "prod"));
	roles_fini(&r);
}

static void weights_belong_to_roles(void **state unused)
{
	struct roles r = { 0 };
	struct error e;

	assert_int_equal(roles_parse("prod,test,prod", "prod=2.5,*=3", &r, &e), 0);
	assert_int_equal(r.count, 3);
	assert_true(roles_find(&r, "prod")->weight == 2.5);
	assert_true(roles_find(&r, "test")->weight == 1);
	assert_true(roles_find(&r, "*")->weight == 3);
	roles_fini(&r);
}

static void wrong(const char *weights, const char *sentence)
{
	struct roles r = { 0 };
	struct error e;

	assert_int_equal(roles_parse("prod", weights, &r, &e), -EINVAL);
	assert_string_equal(e.text, sentence);
	assert_int_equal(r.count, 0);
}

static void a_wrong_weight_is_named(void **state unused)
{
	wrong("dev=1", "--weights: 'dev=1': --roles does not name 'dev'");
	wrong("prod=0", "--weights: 'prod=0': must be greater than zero");
	wrong("prod=-1", "--weights: 'prod=-1': must be greater than zero");
	wrong("prod=x", "--weights: 'prod=x': 'x' is not a number");
	wrong("prod=nan", "--weights: 'prod=nan': 'nan' is not a number");
	wrong("prod", "--weights: 'prod': expected ROLE=WEIGHT");
}

static void a_role_that_no_resource_could_have_is_refused(void **state unused)
{
	static const char *const bad[] = { "a b", "a\tb", "prod,(x)", "a;b" };
	struct roles r = { 0 };
	struct error e;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(roles_parse(bad[i], NULL, &r, &e), -EINVAL);
		assert_true(str_starts(e.text, "--roles: '"));
		assert_int_equal(r.count, 0);
	}
}

static void an_id_set_forgets_the_oldest(void **state unused)
{
	struct idset s = { 0 };
	char id[16];

	for (unsigned i = 0; i <= IDSET_MAX; i++) {
		snprintf(id, sizeof(id), "S%u", i);
		idset_add(&s, id);
		idset_add(&s, id);
	}
	assert_false(idset_has(&s, "S0"));
	assert_true(idset_has(&s, "S1"));
	assert_true(idset_has(&s, id));
	assert_int_equal(HASH_COUNT(s.entries), IDSET_MAX);
	idset_fini(&s);
	assert_false(idset_has(&s, "S1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_unreserved_role_is_always_there),
		cmocka_unit_test(weights_belong_to_roles),
		cmocka_unit_test(a_wrong_weight_is_named),
		cmocka_unit_test(a_role_that_no_resource_could_have_is_refused),
		cmocka_unit_test(an_id_set_forgets_the_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
