/* Resources: grammar, arithmetic, wire, view, detection; and attributes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <cmocka.h>

#include "lib/attributes.h"
#include "lib/resources.h"

static struct resources parsed(const char *text)
{
	struct resources r = { 0 };
	struct error e = { 0 };

	assert_int_equal(resources_parse(text, "*", &r, &e), 0);
	return r;
}

static void assert_text(const struct resources *r, const char *text)
{
	autobuf struct buf out = { 0 };

	resources_print(r, &out);
	assert_string_equal(buf_text(&out), text);
}

static void assert_parses(const char *text, const char *canonical)
{
	autoresources struct resources r = parsed(text);
	autoresources struct resources again = parsed(canonical);

	assert_text(&r, canonical);
	assert_true(resources_equal(&r, &again));
}

static void assert_refused(const char *text, const char *words)
{
	struct resources r = { 0 };
	struct error e = { 0 };

	assert_int_equal(resources_parse(text, "*", &r, &e), -EINVAL);
	assert_string_equal(e.text, words);
	assert_true(resources_empty(&r));
}

static void text_becomes_sorted_items(void **state unused)
{
	assert_parses("", "");
	assert_parses(" ; ;\n", "");
	assert_parses("mem:1024;cpus:4", "cpus:4; mem:1024");
	assert_parses("ports:[31000-32000, 1-2]", "ports:[1-2,31000-32000]");
	assert_parses("disks : { sdb , sda } ", "disks:{sda,sdb}");
	assert_parses("cpus:1;cpus:2;cpus(prod):3", "cpus:3; cpus(prod):3");
	assert_parses("cpus ( prod ) :1\nmem:2", "cpus(prod):1; mem:2");
	assert_parses("ports:[1-2,3-4]", "ports:[1-4]");
}

static void the_default_role_is_for_items_without_one(void **state unused)
{
	autoresources struct resources r = { 0 };
	struct error e;

	assert_int_equal(resources_parse("cpus:1;mem(*):5", "web", &r, &e), 0);
	assert_text(&r, "cpus(web):1; mem:5");
}

static void zero_values_are_dropped(void **state unused)
{
	assert_parses("cpus:0;mem:0.0004;ports:[];disks:{};gpus:1", "gpus:1");
}

static void scalars_are_exact_to_the_thousandth(void **state unused)
{
	assert_parses("cpus:0.1", "cpus:0.1");
	assert_parses("cpus:.5", "cpus:0.5");
	assert_parses("cpus:1.0004999999", "cpus:1");
	assert_parses("cpus:1.0005", "cpus:1.001");
	assert_parses("cpus:8000000000", "cpus:8000000000");
	assert_parses("cpus:0.010", "cpus:0.01");
}

static void malformed_text_is_refused_with_a_reason(void **state unused)
{
	assert_refused("cpus", "Bad value for resources, missing or extra ':' in cpus");
	assert_refused("cpus:1:2", "Bad value for resources, missing or extra ':' in cpus:1:2");
	assert_refused("cpus(a:1", "Bad value for resources, mismatched parentheses in cpus(a:1");
	assert_refused("cpus)a(:1", "Bad value for resources, mismatched parentheses in cpus)a(:1");
	assert_refused("cpus(a)b:1",
		       "Bad value for resources, mismatched parentheses in cpus(a)b:1");
	assert_refused(":1", "Bad name for resource '' in :1");
	assert_refused("cpus():1", "Bad role '' in cpus():1");
	assert_refused("cpus:", "Bad value for resource cpus: Expecting non-empty string");
	assert_refused("cpus:many", "Bad type for resource cpus value many type TEXT");
	assert_refused("cpus:1e3", "Bad type for resource cpus value 1e3 type TEXT");
	assert_refused("cpus:nan", "Bad type for resource cpus value nan type TEXT");
	assert_refused("cpus:123abc,s", "Bad type for resource cpus value 123abc,s type TEXT");
	assert_refused("cpus:-1", "Bad value for resource cpus: must not be negative");
	assert_refused("cpus:8000000000.001",
		       "Bad value for resource cpus: must be at most 8000000000");
	assert_refused("cpus:8000000000;cpus:1",
		       "Bad value for resource cpus: must be at most 8000000000");
}

static void malformed_brackets_and_ranges_are_refused(void **state unused)
{
	assert_refused("d:{aa,b}}", "Bad value for resource d: Mismatched brackets");
	assert_refused("p:[1-2]]", "Bad value for resource p: Mismatched brackets");
	assert_refused("p:[1-2}", "Bad value for resource p: Mismatched brackets");
	assert_refused("p:[1-2]x",
		       "Bad value for resource p: '[1-2]x' has something beside its brackets");
	assert_refused("p:[1-2b]", "Bad value for resource p: Expected a whole number, not '2b'");
	assert_refused("p:[1]", "Bad value for resource p: Expecting one or more \"ranges\"");
	assert_refused("p:[1-2,]", "Bad value for resource p: Expecting one or more \"ranges\"");
	assert_refused("p:[2-1]", "Bad value for resource p: range 2-1 is inverted");
	assert_refused("p:[1-5,5-9]", "Bad value for resource p: ranges overlap at 5");
	assert_refused("p:[0-9223372036854775808]",
		       "Bad value for resource p: range 0-9223372036854775808 is too large");
	assert_refused("d:{a,a}", "Bad value for resource d: 'a' is in the set twice");
	assert_refused("d:{a,}", "Bad value for resource d: '' cannot be an item of a set");
}

static void what_everybody_counts_on_has_one_type(void **state unused)
{
	assert_refused("cpus:[1-2]", "Bad type for resource cpus: must be a number");
	assert_refused("mem(prod):{a}", "Bad type for resource mem: must be a number");
	assert_refused("cpus:1;disk:[]", "Bad type for resource disk: must be a number");
	assert_refused("ports:5",
		       "Bad type for resource ports: must be ranges, as in [31000-32000]");
	assert_parses("gpus:[1-2];disks:5", "disks:5; gpus:[1-2]");
}

enum verb { ADD, SUBTRACT, INTERSECT };

static void assert_result(const char *a, enum verb op, const char *b, const char *result)
{
	autoresources struct resources x = parsed(a);
	autoresources struct resources y = parsed(b);
	autoresources struct resources both = { 0 };

	if (op == ADD)
		resources_add(&x, &y);
	else if (op == SUBTRACT)
		resources_subtract(&x, &y);
	else
		resources_intersect(&x, &y, &both);
	assert_text(op == INTERSECT ? &both : &x, result);
}

static void addition_keeps_roles_apart(void **state unused)
{
	assert_result("", ADD, "cpus:1", "cpus:1");
	assert_result("cpus:1;mem:5", ADD, "cpus:2;mem:10", "cpus:3; mem:15");
	assert_result("cpus(a):1", ADD, "cpus(b):2;cpus:4", "cpus:4; cpus(a):1; cpus(b):2");
	assert_result("x:1", ADD, "x:[1-2]", "x:1; x:[1-2]");
}

static void ranges_coalesce_when_added(void **state unused)
{
	assert_result("p:[20000-40000]", ADD, "p:[30000-50000,10000-20000]", "p:[10000-50000]");
	assert_result("p:[1-10]", ADD, "p:[11-20]", "p:[1-20]");
	assert_result("p:[1-10,20-30]", ADD, "p:[12-18]", "p:[1-10,12-18,20-30]");
	assert_result("p:[1-10]", ADD, "p:[5-30,50-60]", "p:[1-30,50-60]");
}

static void ranges_split_when_subtracted(void **state unused)
{
	assert_result("p:[20000-40000]", SUBTRACT, "p:[30000-40000]", "p:[20000-29999]");
	assert_result("p:[1-10]", SUBTRACT, "p:[5-5]", "p:[1-4,6-10]");
	assert_result("p:[1-10]", SUBTRACT, "p:[1-1,10-10]", "p:[2-9]");
	assert_result("p:[1-10]", SUBTRACT, "p:[1-10]", "");
	assert_result("p:[1-10,20-30]", SUBTRACT, "p:[2-3,5-6,20-30]", "p:[1-1,4-4,7-10]");
	assert_result("p:[1-4,9-20]", SUBTRACT, "p:[10-12]", "p:[1-4,9-9,13-20]");
}

static void sets_and_scalars_subtract_to_nothing(void **state unused)
{
	assert_result("d:{a,b,c}", ADD, "d:{b,d}", "d:{a,b,c,d}");
	assert_result("d:{a,b,c}", SUBTRACT, "d:{b}", "d:{a,c}");
	assert_result("d:{a}", SUBTRACT, "d:{a}", "");
	assert_result("cpus:50;mem(r):4", SUBTRACT, "cpus:50;mem(r):1.5", "mem(r):2.5");
}

static void what_both_have_is_common(void **state unused)
{
	assert_result("cpus:4;p:[1-9,20-30];d:{a,b}", INTERSECT, "cpus:2;p:[5-25];d:{b,c};mem:1",
		      "cpus:2; d:{b}; p:[5-9,20-25]");
	assert_result("cpus(a):1", INTERSECT, "cpus:1", "");
}

static bool contains(const char *a, const char *b)
{
	autoresources struct resources x = parsed(a);
	autoresources struct resources y = parsed(b);

	return resources_contains(&x, &y);
}

static void containment_is_by_name_role_and_type(void **state unused)
{
	assert_true(contains("", ""));
	assert_true(contains("cpus:1", ""));
	assert_false(contains("", "cpus:1"));
	assert_true(contains("cpus:50;mem:4096", "cpus:50;mem:3072"));
	assert_false(contains("cpus:50;mem:3072", "cpus:50;mem:4096"));
	assert_false(contains("cpus(r):1", "cpus:1"));
	assert_true(contains("p:[2-7,9-12]", "p:[2-2,3-5,9-12]"));
	assert_false(contains("p:[2-7]", "p:[6-8]"));
	assert_false(contains("p:[2-7,9-12]", "p:[7-9]"));
	assert_true(contains("d:{a,b}", "d:{b}"));
	assert_false(contains("d:{a,b}", "d:{b,c}"));
	assert_false(contains("x:{a}", "x:1"));
}

static void equality_is_exact(void **state unused)
{
	autoresources struct resources a = parsed("cpus:0.1;p:[1-2]");
	autoresources struct resources b = parsed("cpus:0.1;p:[1-2]");
	autoresources struct resources c = parsed("cpus:0.101;p:[1-2]");
	autoresources struct resources empty = { 0 };

	assert_true(resources_equal(&a, &b));
	assert_false(resources_equal(&a, &c));
	assert_false(resources_equal(&a, &empty));
	assert_true(resources_equal(&empty, &empty));
}

static void a_million_rounds_do_not_drift(void **state unused)
{
	autoresources struct resources total = parsed("cpus:4;mem:1024");
	autoresources struct resources start = parsed("cpus:4;mem:1024");
	autoresources struct resources part = parsed("cpus:0.1;mem:33.3");

	for (int i = 0; i < 1000000; i++) {
		resources_subtract(&total, &part);
		if (i == 500000)
			assert_text(&total, "cpus:3.9; mem:990.7");
		resources_add(&total, &part);
	}
	assert_true(resources_equal(&total, &start));
}

static void assert_found(const char *from, const char *want, const char *result)
{
	autoresources struct resources x = parsed(from);
	autoresources struct resources y = parsed(want);
	autoresources struct resources found = { 0 };

	assert_int_equal(resources_find(&x, &y, "web", &found), result != NULL);
	assert_text(&found, result ? result : "");
}

static void the_own_role_is_used_up_first(void **state unused)
{
	assert_found("cpus:4;cpus(web):2", "cpus:1", "cpus(web):1");
	assert_found("cpus:4;cpus(web):2", "cpus:3", "cpus:1; cpus(web):2");
	assert_found("cpus:4;cpus(web):2", "cpus:6;cpus(web):0.5", NULL);
	assert_found("cpus:4;cpus(web):2", "cpus:6.001", NULL);
	assert_found("cpus:4;cpus(db):2", "cpus:5", NULL);
	assert_found("p:[1-5];p(web):[6-9]", "p:[5-6]", "p:[5-5]; p(web):[6-6]");
	assert_found("cpus:1", "", "");
}

static void scalars_sum_over_roles(void **state unused)
{
	autoresources struct resources r = parsed("cpus:1.5;cpus(a):2;mem(b):3;p:[1-2]");
	autoresources struct resources of_a = { 0 };

	assert_int_equal(resources_scalar(&r, "cpus"), 3500);
	assert_int_equal(resources_scalar(&r, "p"), 0);
	assert_true(fabs(resources_scalar_value(&r, "cpus") - 3.5) < 1e-12);
	assert_true(resources_has(&r, "p"));
	assert_false(resources_has(&r, "disk"));
	resources_filter_role(&r, "a", &of_a);
	assert_text(&of_a, "cpus(a):2");
}

static void assert_limit(int64_t milli, uint64_t fallback, uint64_t expected)
{
	autoresources struct resources r = { 0 };
	uint64_t bytes;

	resources_add_scalar(&r, "disk", "*", milli);
	assert_int_equal(resources_disk_limit(&r, fallback, &bytes), expected > 0);
	assert_int_equal(bytes, expected);
}

static void a_limit_is_exact_below_a_megabyte(void **state unused)
{
	assert_limit(SCALAR_UNIT / 2, 0, MIB / 2);
	assert_limit(1, 0, MIB / 1000);
	assert_limit(64 * SCALAR_UNIT + 250, 0, 64 * MIB + MIB / 4);
}

static void assert_disk(uint64_t bytes, int64_t milli)
{
	autoresources struct resources r = { 0 };

	resources_add_disk(&r, bytes);
	assert_int_equal(resources_scalar(&r, "disk"), milli);
}

static void bytes_are_disk_rounded_down_to_thousandths(void **state unused)
{
	assert_disk(0, 0);
	assert_disk(MIB / 1000 - 1, 0);
	assert_disk(MIB / 2, SCALAR_UNIT / 2);
	assert_disk(5 * MIB + MIB / 4 + 1, 5 * SCALAR_UNIT + 250);
	assert_disk(UINT64_MAX, SCALAR_MAX * SCALAR_UNIT);
}

static void no_disk_is_no_limit_unless_there_is_a_default(void **state unused)
{
	assert_limit(0, 0, 0);
	assert_limit(0, 1024 * MIB, 1024 * MIB);
}

static void a_given_limit_wins_over_the_default(void **state unused)
{
	assert_limit(2 * SCALAR_UNIT, 1024 * MIB, 2 * MIB);
}

static void a_large_disk_does_not_overflow(void **state unused)
{
	int64_t exbibyte_in_mb = (int64_t)1 << 40;

	assert_limit(exbibyte_in_mb * SCALAR_UNIT, 0, (uint64_t)1 << 60);
}

static int from_wire(const char *json, struct resources *ret, struct error *e)
{
	struct event_offers wrapper = { 0 };
	autofree char *text = xasprintf("{\"offers\":[{\"id\":{\"value\":\"o\"},\"framework_id\":"
					"{\"value\":\"f\"},\"agent_id\":{\"value\":\"a\"},"
					"\"hostname\":\"h\",\"resources\":%s}]}",
					json);
	int r;

	assert_int_equal(schema_decode_text(event_offers_schema(), text, strlen(text), &wrapper, e),
			 0);
	r = resources_from_wire(wrapper.offers[0].resources, wrapper.offers[0].resources_count, ret,
				e);
	schema_clear(event_offers_schema(), &wrapper);
	return r;
}

static void messages_become_resources(void **state unused)
{
	autoresources struct resources r = { 0 };
	struct error e;

	assert_int_equal(
		from_wire("[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":0.1}},"
			  "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":0.2}},"
			  "{\"name\":\"mem\",\"type\":\"SCALAR\",\"scalar\":{\"value\":0}},"
			  "{\"name\":\"p\",\"type\":\"RANGES\",\"role\":\"r\",\"ranges\":"
			  "{\"range\":[{\"begin\":5,\"end\":9},{\"begin\":1,\"end\":2}]}},"
			  "{\"name\":\"d\",\"type\":\"SET\",\"set\":{\"item\":[\"b\",\"a\"]}}]",
			  &r, &e),
		0);
	assert_text(&r, "cpus:0.3; d:{a,b}; p(r):[1-2,5-9]");
}

static void assert_wire_refused(const char *json, const char *words)
{
	struct resources r = { 0 };
	struct error e = { 0 };

	assert_int_equal(from_wire(json, &r, &e), -EINVAL);
	assert_string_equal(e.text, words);
	assert_true(resources_empty(&r));
}

static void invalid_messages_are_refused(void **state unused)
{
	assert_wire_refused("{\"name\":\"\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1}}",
			    "resource '': bad name");
	assert_wire_refused("{\"name\":\"a;b\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1}}",
			    "resource 'a;b': bad name");
	assert_wire_refused("{\"name\":\"c\",\"role\":\"\",\"type\":\"SCALAR\"}",
			    "resource c: bad role ''");
	assert_wire_refused("{\"name\":\"c\",\"type\":\"SCALAR\"}", "resource c: scalar: missing");
	assert_wire_refused("{\"name\":\"c\",\"type\":\"RANGES\"}", "resource c: ranges: missing");
	assert_wire_refused("{\"name\":\"c\",\"type\":\"SET\"}", "resource c: set: missing");
	assert_wire_refused("{\"name\":\"c\",\"type\":\"TEXT\"}",
			    "resource c: a resource cannot be of type TEXT");
	assert_wire_refused("{\"name\":\"c\",\"type\":\"SCALAR\",\"scalar\":{\"value\":-1}}",
			    "resource c: must be a number and not negative");
	assert_wire_refused("{\"name\":\"c\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1e300}}",
			    "resource c: must be at most 8000000000");
	assert_wire_refused(
		"[{\"name\":\"c\",\"type\":\"SCALAR\",\"scalar\":{\"value\":8e9}},"
		"{\"name\":\"c\",\"role\":\"r\",\"type\":\"SCALAR\",\"scalar\":{\"value\":1}}]",
		"resource c: must be at most 8000000000");
	assert_wire_refused("{\"name\":\"p\",\"type\":\"RANGES\",\"ranges\":{\"range\":"
			    "{\"begin\":2,\"end\":1}}}",
			    "resource p: range 2-1 is inverted");
	assert_wire_refused("{\"name\":\"p\",\"type\":\"RANGES\",\"ranges\":{\"range\":"
			    "[{\"begin\":1,\"end\":3},{\"begin\":2,\"end\":4}]}}",
			    "resource p: ranges overlap at 2");
	assert_wire_refused("{\"name\":\"d\",\"type\":\"SET\",\"set\":{\"item\":[\"a\",\"a\"]}}",
			    "resource d: 'a' is in the set twice");
}

static void a_number_that_is_none_is_refused(void **state unused)
{
	struct scalar_value v = { .value = NAN, .has_value = true };
	struct resource in = {
		.name = (char *)"cpus", .type = SCALAR, .has_type = true, .scalar = &v
	};
	struct resources r = { 0 };
	struct error e;

	assert_int_equal(resources_from_wire(&in, 1, &r, &e), -EINVAL);
	v.value = INFINITY;
	assert_int_equal(resources_from_wire(&in, 1, &r, &e), -EINVAL);
}

static void resources_survive_the_wire(void **state unused)
{
	autoresources struct resources r = parsed("cpus:0.1;cpus(a):7.125;p:[1-2,5-9];d:{x,y}");
	autoresources struct resources back = { 0 };
	struct offer o = { 0 };
	struct error e;

	resources_to_wire(&r, &o.resources, &o.resources_count);
	assert_int_equal(o.resources_count, 4);
	assert_int_equal(resources_from_wire(o.resources, o.resources_count, &back, &e), 0);
	assert_true(resources_equal(&r, &back));
	schema_clear(offer_schema(), &o);
}

static void every_thousandth_survives_the_wire(void **state unused)
{
	for (int64_t milli = 1; milli < 20000; milli++) {
		autoresources struct resources r = { 0 };
		autoresources struct resources back = { 0 };
		struct offer o = { 0 };
		struct error e;

		resources_add_scalar(&r, "cpus", "*", milli);
		resources_to_wire(&r, &o.resources, &o.resources_count);
		assert_int_equal(resources_from_wire(o.resources, 1, &back, &e), 0);
		assert_int_equal(resources_scalar(&back, "cpus"), milli);
		schema_clear(offer_schema(), &o);
	}
}

static void too_many_resources_are_refused(void **state unused)
{
	autobuf struct buf text = { 0 };
	struct resources r = { 0 };
	struct error e;

	for (int i = 0; i <= RESOURCES_MAX; i++)
		buf_addf(&text, "r%d:1;", i);
	assert_int_equal(resources_parse(buf_text(&text), "*", &r, &e), -EINVAL);
	assert_string_equal(e.text, "More than 256 resources");
}

static void assert_view(const char *text, const char *json)
{
	autoresources struct resources r = parsed(text);
	autobuf struct buf out = { 0 };

	resources_add_view(&r, &out);
	assert_string_equal(buf_text(&out), json);
}

static void the_view_sums_roles_and_always_has_three(void **state unused)
{
	assert_view("", "{\"cpus\":0,\"disk\":0,\"mem\":0}");
	assert_view("a:1;cpus:1;cpus(r):2.5;zz:3",
		    "{\"a\":1,\"cpus\":3.5,\"disk\":0,\"mem\":0,\"zz\":3}");
	assert_view("ports:[1-2,5-9];mem:5;ports(r):[3-3];e:{b,a}",
		    "{\"cpus\":0,\"disk\":0,\"e\":\"{a, b}\",\"mem\":5,\"ports\":\"[1-3, 5-9]\"}");
	assert_view("x:1;x:[1-2]", "{\"cpus\":0,\"disk\":0,\"mem\":0,\"x\":1}");
}

static void assert_detected(const char *text, uint64_t mem_gb, uint64_t disk_gb, const char *result)
{
	struct host_capacity host = { .cpus = 8,
				      .mem_bytes = mem_gb * GIB,
				      .disk_bytes = disk_gb * GIB };
	autoresources struct resources r = parsed(text);

	resources_detect(&r, &host, "*");
	assert_text(&r, result);
}

static void what_is_not_named_is_detected(void **state unused)
{
	assert_detected("", 16, 100, "cpus:8; disk:97280; mem:15360; ports:[31000-32000]");
	assert_detected("", 2, 10, "cpus:8; disk:5120; mem:1024; ports:[31000-32000]");
	assert_detected("", 1, 8, "cpus:8; disk:4096; mem:512; ports:[31000-32000]");
	assert_detected("", 0, 0, "cpus:8; disk:1; mem:1; ports:[31000-32000]");
	assert_detected("cpus(r):1;memfoo:2;disk:3;ports:[1-2]", 16, 100,
			"cpus(r):1; disk:3; mem:15360; memfoo:2; ports:[1-2]");
}

static void the_host_has_something(void **state unused)
{
	struct host_capacity host = { 0 };
	struct error e = { 0 };

	assert_int_equal(host_capacity_read("/", &host, &e), 0);
	assert_true(host.cpus > 0 && host.mem_bytes > 0);
	assert_int_equal(host_capacity_read("/nowhere/at/all", &host, &e), -ENOENT);
}

static void attributes_have_a_view(void **state unused)
{
	struct agent_info info = { 0 };
	autobuf struct buf out = { 0 };
	struct error e;

	assert_int_equal(attributes_parse("rack:rack1,rack2;n:3\nspan:[3-4, 1-1];neg:-1.25;n:4;",
					  &info.attributes, &info.attributes_count, &e),
			 0);
	assert_int_equal(info.attributes_count, 5);
	assert_int_equal(info.attributes[0].type, TEXT);
	attributes_add_view(info.attributes, info.attributes_count, &out);
	assert_string_equal(buf_text(&out), "{\"n\":3,\"neg\":-1.25,\"rack\":\"rack1,rack2\","
					    "\"span\":\"[1-1, 3-4]\"}");
	schema_clear(agent_info_schema(), &info);
}

static void bad_attributes_are_refused(void **state unused)
{
	static const char *const bad[] = { "rack", "rack:a:b", ":a", "a:", "a:{x}", "ok:1;a:[2" };
	struct attribute *list = NULL;
	size_t count = 0;
	struct error e;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(attributes_parse(bad[i], &list, &count, &e), -EINVAL);
	assert_null(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_becomes_sorted_items),
		cmocka_unit_test(the_default_role_is_for_items_without_one),
		cmocka_unit_test(zero_values_are_dropped),
		cmocka_unit_test(scalars_are_exact_to_the_thousandth),
		cmocka_unit_test(malformed_text_is_refused_with_a_reason),
		cmocka_unit_test(malformed_brackets_and_ranges_are_refused),
		cmocka_unit_test(what_everybody_counts_on_has_one_type),
		cmocka_unit_test(addition_keeps_roles_apart),
		cmocka_unit_test(ranges_coalesce_when_added),
		cmocka_unit_test(ranges_split_when_subtracted),
		cmocka_unit_test(sets_and_scalars_subtract_to_nothing),
		cmocka_unit_test(what_both_have_is_common),
		cmocka_unit_test(containment_is_by_name_role_and_type),
		cmocka_unit_test(equality_is_exact),
		cmocka_unit_test(a_million_rounds_do_not_drift),
		cmocka_unit_test(the_own_role_is_used_up_first),
		cmocka_unit_test(scalars_sum_over_roles),
		cmocka_unit_test(a_limit_is_exact_below_a_megabyte),
		cmocka_unit_test(bytes_are_disk_rounded_down_to_thousandths),
		cmocka_unit_test(no_disk_is_no_limit_unless_there_is_a_default),
		cmocka_unit_test(a_given_limit_wins_over_the_default),
		cmocka_unit_test(a_large_disk_does_not_overflow),
		cmocka_unit_test(messages_become_resources),
		cmocka_unit_test(invalid_messages_are_refused),
		cmocka_unit_test(a_number_that_is_none_is_refused),
		cmocka_unit_test(resources_survive_the_wire),
		cmocka_unit_test(every_thousandth_survives_the_wire),
		cmocka_unit_test(too_many_resources_are_refused),
		cmocka_unit_test(the_view_sums_roles_and_always_has_three),
		cmocka_unit_test(what_is_not_named_is_detected),
		cmocka_unit_test(the_host_has_something),
		cmocka_unit_test(attributes_have_a_view),
		cmocka_unit_test(bad_attributes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
