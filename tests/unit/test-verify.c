/* Whether a module may be used: order and words are those of Mesos 0.22. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mesos/hook.h"
#include "tools/module-host/verify.h"

#define OURS "0.22.3"

static bool yes(void)
{
	return true;
}

static bool no(void)
{
	return false;
}

static const struct mesos_module good = {
	.size = sizeof(good),
	.abi = MESOS_MODULE_ABI,
	.api_version = MESOS_MODULE_API_VERSION,
	.mesos_version = OURS,
	.kind = MESOS_HOOK_KIND,
	.author_name = "An Author",
	.author_email = "author@example.org",
	.description = "Of this release.",
};

static void refused(const struct mesos_module *m, const char *text)
{
	struct mesos_module ret;
	struct error e = { 0 };

	assert_true(verify_module(m, "m", OURS, &ret, &e) < 0);
	assert_string_equal(e.text, text);
}

static void taken(const struct mesos_module *m)
{
	struct mesos_module ret;
	struct error e = { 0 };

	assert_int_equal(verify_module(m, "m", OURS, &ret, &e), 0);
	assert_string_equal(ret.author_name, "An Author");
}

static void what_is_right_is_taken(void **state unused)
{
	taken(&good);
}

static void each_text_has_to_be_there(void **state unused)
{
	static const size_t texts[] = {
		offsetof(struct mesos_module, api_version),
		offsetof(struct mesos_module, mesos_version),
		offsetof(struct mesos_module, kind),
		offsetof(struct mesos_module, author_name),
		offsetof(struct mesos_module, author_email),
		offsetof(struct mesos_module, description),
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct mesos_module m = good;

		memset((char *)&m + texts[i], 0, sizeof(m.kind));
		refused(&m, "Error loading module 'm'; missing fields");
	}
}

static void the_api_has_to_be_ours(void **state unused)
{
	struct mesos_module m = good;

	m.api_version = "02";
	m.kind = "Wizard"; /* is not looked at before */
	refused(&m, "Module API version mismatch. Mesos has: 2, library requires: 02");
}

static void a_kind_has_to_be_known(void **state unused)
{
	struct mesos_module m = good;

	m.kind = "hook";
	m.mesos_version = "none"; /* likewise */
	refused(&m, "Unknown module kind: hook");
	assert_true(kind_is_built("Anonymous"));
	assert_false(kind_is_built("Authenticator"));
	assert_false(kind_is_built("Wizard"));
}

static void of_version(const char *version, bool (*compatible)(void), const char *why)
{
	struct mesos_module m = good;

	m.mesos_version = version;
	m.compatible = compatible;
	if (why)
		refused(&m, why);
	else
		taken(&m);
}

static void a_version_has_to_be_ours(void **state unused)
{
	of_version("0.22.2", NULL,
		   "Mesos has version 0.22.3, but module is compiled with version 0.22.2");
	of_version("0.22", NULL,
		   "Mesos has version 0.22.3, but module is compiled with version 0.22");
	of_version("0.22.4", NULL,
		   "Mesos has version 0.22.3, but module is compiled with version 0.22.4");
	of_version("0.22.3-rc1", NULL, NULL);
	of_version("00.22.03", NULL, NULL);
}

static void or_older_if_it_says_that_it_works(void **state unused)
{
	of_version("0.22.2", yes, NULL);
	of_version("0.22", yes, NULL);
	of_version("0.22.2.9", yes, NULL);
	of_version("0.22.3", yes, NULL);
	of_version("0.22.3", no, "Module m has determined to be incompatible");
	of_version("0.22.3.1", yes,
		   "Mesos has version 0.22.3, but module is compiled with later version 0.22.3.1");
	of_version("0.100", yes,
		   "Mesos has version 0.22.3, but module is compiled with later version 0.100");
	of_version("1", yes,
		   "Mesos has version 0.22.3, but module is compiled with later version 1");
}

static void but_not_before_its_kind_was_known(void **state unused)
{
	of_version("0.21.9", yes,
		   "Minimum supported mesos version for 'Hook' is 0.22.0, but module is compiled "
		   "with version 0.21.9");
}

static void what_is_no_version_is_refused(void **state unused)
{
	static const char *const texts[] = { "",        ".",       "0.",        "0.22.",
					     ".22",     "0..22",   "0.22.3a",   "v0.22.3",
					     " 0.22.3", "0.22.-1", "-rc1",      "0.22.3.0.0",
					     "+0.22.3", "0.22.3 ", "9999999999" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		autofree char *why = xasprintf("Failed to parse version '%s'", texts[i]);

		of_version(texts[i], yes, why);
	}
}

static void a_struct_of_another_release_is_known_by_its_size(void **state unused)
{
	struct {
		struct mesos_module known;
		void *later;
	} m = { .known = good, .later = &m };
	struct mesos_module ret;
	struct error e;

	m.known.size = sizeof(m);
	taken(&m.known);
	m.known = good;
	m.known.destroy = (void (*)(void *))(uintptr_t)&m; /* is behind its end */
	m.known.size = offsetof(struct mesos_module, destroy);
	assert_int_equal(verify_module(&m.known, "m", OURS, &ret, &e), 0);
	assert_true(!ret.destroy);
}

static void what_is_no_struct_of_ours_is_refused(void **state unused)
{
	static const struct {
		uint32_t size, abi;
	} odd[] = {
		{ 0, MESOS_MODULE_ABI },
		{ offsetof(struct mesos_module, destroy) - 1, MESOS_MODULE_ABI },
		{ UINT32_MAX, MESOS_MODULE_ABI },
		{ sizeof(good), 0 },
		{ sizeof(good), MESOS_MODULE_ABI + 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		struct mesos_module m = good, ret;
		struct error e = { 0 };

		m.size = odd[i].size;
		m.abi = odd[i].abi;
		assert_true(verify_module(&m, "m", OURS, &ret, &e) < 0);
		assert_non_null(
			strstr(e.text, "Module ABI mismatch. Mesos has: 1, library requires: "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_right_is_taken),
		cmocka_unit_test(each_text_has_to_be_there),
		cmocka_unit_test(the_api_has_to_be_ours),
		cmocka_unit_test(a_kind_has_to_be_known),
		cmocka_unit_test(a_version_has_to_be_ours),
		cmocka_unit_test(or_older_if_it_says_that_it_works),
		cmocka_unit_test(but_not_before_its_kind_was_known),
		cmocka_unit_test(what_is_no_version_is_refused),
		cmocka_unit_test(a_struct_of_another_release_is_known_by_its_size),
		cmocka_unit_test(what_is_no_struct_of_ours_is_refused),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
