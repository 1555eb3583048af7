/* mesos-execute: from flags to the task that is launched on an offer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tools/execute-task.h"

static struct execute_flags make_flags(const char *resources)
{
	struct execute_flags f = { 0 };

	schema_defaults(execute_flags_schema(), &f);
	f.name = xstrdup("job");
	f.command = xstrdup("true");
	f.user = xstrdup("nobody");
	replace_str(&f.resources, resources);
	return f;
}

static void add(char ***list, size_t *count, const char *text)
{
	*list = xreallocarray(*list, *count + 1, sizeof(**list));
	(*list)[(*count)++] = xstrdup(text);
}

static void assert_refused(struct execute_flags f, const char *words)
{
	struct wish w = { 0 };
	struct error e = { 0 };

	assert_int_equal(wish_init(&w, &f, &e), -EINVAL);
	assert_non_null(strstr(e.text, words));
	wish_fini(&w);
	schema_clear(execute_flags_schema(), &f);
}

static struct offer make_offer(const char *text)
{
	struct offer o = { .id = xstrdup("O"), .agent_id = xstrdup("A") };
	autoresources struct resources r = { 0 };
	struct error e;

	assert_int_equal(resources_parse(text, "*", &r, &e), 0);
	resources_to_wire(&r, &o.resources, &o.resources_count);
	return o;
}

static bool fits(const char *want, const char *role, const char *offered, struct task_info *ret)
{
	struct execute_flags f = make_flags(want);
	struct offer o = make_offer(offered);
	struct wish w = { 0 };
	struct error e;
	bool r;

	replace_str(&f.role, role);
	assert_int_equal(wish_init(&w, &f, &e), 0);
	r = wish_fits(&w, &o, ret);
	wish_fini(&w);
	schema_clear(offer_schema(), &o);
	schema_clear(execute_flags_schema(), &f);
	return r;
}

static void an_offer_fits_when_all_is_there(void **state unused)
{
	struct task_info t = { 0 };

	assert_false(fits("cpus:1;mem:64", "*", "cpus:0.9;mem:64", &t));
	assert_false(fits("cpus:1;mem:64", "*", "cpus:4", &t));
	assert_true(fits("cpus:1;mem:64", "*", "cpus:1;mem:64;disk:10", &t));
	assert_string_equal(t.task_id, "job");
	assert_string_equal(t.agent_id, "A");
	assert_string_equal(t.command->value, "true");
	assert_string_equal(t.command->user, "nobody");
	assert_int_equal(t.resources_count, 2);
	schema_clear(task_info_schema(), &t);
}

static void what_the_role_reserved_is_used_first(void **state unused)
{
	struct task_info t = { 0 };

	assert_true(fits("cpus:3", "prod", "cpus(prod):2;cpus:2", &t));
	assert_int_equal(t.resources_count, 2);
	schema_clear(task_info_schema(), &t);
	assert_false(fits("cpus:3", "*", "cpus(prod):2;cpus:2", &t));
}

static void environment_and_labels_reach_the_task(void **state unused)
{
	struct execute_flags f = make_flags("cpus:1");
	struct offer o = make_offer("cpus:1");
	struct task_info t = { 0 };
	struct wish w = { 0 };
	struct error e;

	add(&f.env, &f.env_count, "A=b=c");
	add(&f.env, &f.env_count, "EMPTY=");
	add(&f.label, &f.label_count, "rack=1=2");
	add(&f.label, &f.label_count, "alone");
	assert_int_equal(wish_init(&w, &f, &e), 0);
	assert_true(wish_fits(&w, &o, &t));
	assert_string_equal(t.command->environment->variables[0].name, "A");
	assert_string_equal(t.command->environment->variables[0].value, "b=c");
	assert_string_equal(t.command->environment->variables[1].value, "");
	assert_string_equal(t.labels->labels[0].key, "rack");
	assert_string_equal(t.labels->labels[0].value, "1=2");
	assert_string_equal(t.labels->labels[1].key, "alone");
	assert_null(t.labels->labels[1].value);
	schema_clear(task_info_schema(), &t);
	schema_clear(offer_schema(), &o);
	wish_fini(&w);
	schema_clear(execute_flags_schema(), &f);
}

static void a_flag_that_makes_no_sense_is_named(void **state unused)
{
	struct execute_flags f = make_flags("cpus:1");

	replace_str(&f.name, "a/b");
	assert_refused(f, "--name");
	f = make_flags("cpus:1");
	replace_str(&f.command, "");
	assert_refused(f, "--command");
	f = make_flags("cpus:1");
	replace_str(&f.command, "echo \xff");
	assert_refused(f, "--command: is not UTF-8");
	f = make_flags("cpus:1");
	add(&f.env, &f.env_count, "=x");
	assert_refused(f, "--env: '=x'");
	f = make_flags("cpus:1");
	add(&f.env, &f.env_count, "NAME");
	assert_refused(f, "--env: 'NAME'");
	f = make_flags("cpus:1");
	add(&f.label, &f.label_count, "=v");
	assert_refused(f, "--label: '=v'");
	assert_refused(make_flags("cpus"), "--resources");
	assert_refused(make_flags("cpus:0"), "asks for nothing");
}

static void the_nearest_offer_has_the_largest_share(void **state unused)
{
	struct execute_flags f = make_flags("cpus:4;mem:100;ports:[5-6]");
	autoresources struct resources half = { 0 }, most = { 0 };
	struct wish w = { 0 };
	struct error e;

	assert_int_equal(wish_init(&w, &f, &e), 0);
	assert_int_equal(resources_parse("cpus:2", "*", &half, &e), 0);
	assert_int_equal(resources_parse("cpus:2;mem:1000;ports:[1-9]", "*", &most, &e), 0);
	assert_true(wish_share(&w, &half) > 0.16 && wish_share(&w, &half) < 0.17);
	assert_true(wish_share(&w, &most) > 0.83 && wish_share(&w, &most) < 0.84);
	wish_fini(&w);
	schema_clear(execute_flags_schema(), &f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_offer_fits_when_all_is_there),
		cmocka_unit_test(what_the_role_reserved_is_used_first),
		cmocka_unit_test(environment_and_labels_reach_the_task),
		cmocka_unit_test(a_flag_that_makes_no_sense_is_named),
		cmocka_unit_test(the_nearest_offer_has_the_largest_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
