/* --master: what is an address, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/buf.h"
#include "lib/masters.h"

static void assert_one(const char *text, const char *address)
{
	automasters struct masters m = { 0 };
	struct error e;

	assert_int_equal(masters_parse(text, &m, &e), 0);
	assert_int_equal(m.count, 1);
	assert_string_equal(m.list[0], address);
}

static void assert_none(const char *text, const char *words)
{
	struct masters m = { 0 };
	struct error e = { 0 };

	assert_int_equal(masters_parse(text, &m, &e), -EINVAL);
	assert_non_null(strstr(e.text, words));
	assert_int_equal(m.count, 0);
}

static void hosts_and_both_kinds_of_addresses_are_taken(void **state unused)
{
	assert_one("127.0.0.1:5051", "127.0.0.1:5051");
	assert_one("host.example:1", "host.example:1");
	assert_one("[::1]:65535", "[::1]:65535");
}

static void a_missing_port_is_5050(void **state unused)
{
	assert_one("host", "host:5050");
	assert_one("[fe80::1]", "[fe80::1]:5050");
}

static void the_old_way_to_name_a_master_is_known(void **state unused)
{
	assert_one("master@10.0.0.1:5050", "10.0.0.1:5050");
	assert_one("master@[::1]", "[::1]:5050");
}

static void a_list_keeps_its_order(void **state unused)
{
	automasters struct masters m = { 0 };
	struct error e;

	assert_int_equal(masters_parse("c, master@b:2 ,[::1]:3", &m, &e), 0);
	assert_int_equal(m.count, 3);
	assert_string_equal(m.list[0], "c:5050");
	assert_string_equal(m.list[1], "b:2");
	assert_string_equal(m.list[2], "[::1]:3");
}

static void what_is_no_address_is_named(void **state unused)
{
	assert_none("", "''");
	assert_none("a:1,", "''");
	assert_none("a:1,,b:2", "''");
	assert_none(":5050", "':5050'");
	assert_none("a:", "'a:'");
	assert_none("a:0", "'a:0'");
	assert_none("a:65536", "'a:65536'");
	assert_none("a:1x", "'a:1x'");
	assert_none("::1", "'::1'");
	assert_none("[::1", "'[::1'");
	assert_none("[]:1", "'[]:1'");
	assert_none("[::1]5050", "'[::1]5050'");
	assert_none("a b:1", "'a b:1'");
	assert_none("zk://a:2181/mesos", "'zk://a:2181/mesos'");
	assert_none("/run/x.sock", "'/run/x.sock'");
}

static void there_is_an_end_to_masters(void **state unused)
{
	autobuf struct buf text = { 0 };
	automasters struct masters m = { 0 };
	struct error e;

	for (int i = 0; i < MASTERS_MAX; i++)
		buf_addf(&text, "%sh%d", i ? "," : "", i);
	assert_int_equal(masters_parse(buf_text(&text), &m, &e), 0);
	assert_int_equal(m.count, MASTERS_MAX);
	buf_adds(&text, ",one-more");
	assert_none(buf_text(&text), "more than 16");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_and_both_kinds_of_addresses_are_taken),
		cmocka_unit_test(a_missing_port_is_5050),
		cmocka_unit_test(the_old_way_to_name_a_master_is_known),
		cmocka_unit_test(a_list_keeps_its_order),
		cmocka_unit_test(what_is_no_address_is_named),
		cmocka_unit_test(there_is_an_end_to_masters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
