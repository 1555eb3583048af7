/* Random ids and what may be one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "lib/ids.h"

static void a_uuid_is_random_and_of_version_4(void **state unused)
{
	uint8_t a[16], b[16];

	for (int i = 0; i < 64; i++) {
		uuid_new(a);
		uuid_new(b);
		assert_memory_not_equal(a, b, 16);
		assert_int_equal(a[6] >> 4, 4);
		assert_int_equal(a[8] >> 6, 2);
	}
}

static void a_uuid_prints_in_five_groups(void **state unused)
{
	uint8_t uuid[16];
	char text[UUID_TEXT];

	for (int i = 0; i < 16; i++)
		uuid[i] = (uint8_t)(i * 17);
	uuid_print(uuid, text);
	assert_string_equal(text, "00112233-4455-6677-8899-aabbccddeeff");
}

static void a_text_uuid_is_an_id(void **state unused)
{
	autofree char *a = uuid_text_new();
	autofree char *b = uuid_text_new();

	assert_int_equal(strlen(a), UUID_TEXT - 1);
	assert_true(id_valid(a));
	assert_true(uuid_text_valid(a));
	assert_string_not_equal(a, b);
}

static void only_what_has_the_form_of_a_uuid_is_one(void **state unused)
{
	static const char *const bad[] = {
		"",
		"00112233",
		"00112233-4455-6677-8899-aabbccddeef",
		"00112233-4455-6677-8899-aabbccddeefff",
		"00112233-4455-6677-8899-AABBCCDDEEFF",
		"00112233-4455-6677-8899-aabbccddeeg0",
		"001122334-455-6677-8899-aabbccddeeff",
		"00112233-4455-6677-8899-aabbccdd-eff",
		"system.slice",
	};

	assert_true(uuid_text_valid("00112233-4455-6677-8899-aabbccddeeff"));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (uuid_text_valid(bad[i]))
			fail_msg("'%s' is a UUID", bad[i]);
}

static void an_id_can_name_a_directory(void **state unused)
{
	static const char *const good[] = { "a", "...", ".a", "task 1", "a:b;c", "\xc3\xa9", "-" };
	static const char *const bad[] = { "",     ".",    "..",    "a/b", "/",
					   "a\\b", "a\nb", "a\x7f", "\x01" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(id_valid(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(id_valid(bad[i]));
}

static void an_id_has_at_most_255_bytes(void **state unused)
{
	char id[ID_MAX + 2] = { 0 };

	memset(id, 'x', ID_MAX);
	assert_true(id_valid(id));
	id[ID_MAX] = 'x';
	assert_false(id_valid(id));
}

static void secrets_are_equal_only_as_a_whole(void **state unused)
{
	assert_true(secret_equal("abc", "abc"));
	assert_true(secret_equal("", ""));
	assert_false(secret_equal("abc", "abd"));
	assert_false(secret_equal("xbc", "abc"));
	assert_false(secret_equal("abc", "abcd"));
	assert_false(secret_equal("abc", ""));
	assert_false(secret_equal("abc", NULL));
	assert_false(secret_equal(NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uuid_is_random_and_of_version_4),
		cmocka_unit_test(a_uuid_prints_in_five_groups),
		cmocka_unit_test(a_text_uuid_is_an_id),
		cmocka_unit_test(only_what_has_the_form_of_a_uuid_is_one),
		cmocka_unit_test(an_id_can_name_a_directory),
		cmocka_unit_test(an_id_has_at_most_255_bytes),
		cmocka_unit_test(secrets_are_equal_only_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
