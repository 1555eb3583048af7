/* Records and messages: what is refused and how that is said, what is kept, round trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/protocol.h"

static json_t *loaded(const char *text, size_t len)
{
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(json);
	return json;
}

static void assert_same_json(const char *a, size_t na, const char *b)
{
	json_t *x = loaded(a, na), *y = loaded(b, strlen(b));

	if (!json_equal(x, y))
		fail_msg("%.*s is not %s", (int)na, a, b);
	json_decref(x);
	json_decref(y);
}

/* Decodes and encodes; the result equals `expected` as JSON. */
static void assert_becomes(const struct schema *s, const char *text, const char *expected)
{
	autofree void *rec = xcalloc(1, s->size);
	autobuf struct buf out = { 0 };
	struct error e = { 0 };

	if (schema_decode_text(s, text, strlen(text), rec, &e))
		fail_msg("%s", e.text);
	schema_encode(s, rec, &out);
	assert_same_json(out.data, out.len, expected);
	schema_clear(s, rec);
	schema_clear(s, rec);
}

static void assert_refused(const struct schema *s, const char *text, const char *words)
{
	autofree char *rec = xcalloc(1, s->size);
	struct error e = { 0 };

	assert_int_equal(schema_decode_text(s, text, strlen(text), rec, &e), -EINVAL);
	assert_string_equal(e.text, words);
	for (size_t i = 0; i < s->size; i++)
		assert_int_equal(rec[i], 0);
}

static void a_missing_field_is_named(void **state unused)
{
	assert_refused(label_schema(), "{}", "key: missing");
	assert_refused(label_schema(), "{\"key\":null}", "key: missing");
	assert_refused(url_schema(), "{\"scheme\":\"http\"}", "address: missing");
	assert_refused(master_info_schema(), "[]", "must be an object");
}

static void a_wrong_field_is_named_by_its_path(void **state unused)
{
	assert_refused(labels_schema(), "{\"labels\":[{\"key\":\"a\"},{\"value\":\"b\"}]}",
		       "labels[1].key: missing");
	assert_refused(command_info_schema(), "{\"environment\":{\"variables\":[{\"name\":7}]}}",
		       "environment.variables[0].name: must be a string");
	assert_refused(set_schema(), "{\"item\":[\"a\",1]}", "item[1]: must be a string");
	assert_refused(call_kill_schema(), "{\"task_id\":\"t\"}",
		       "task_id: must be an id, {\"value\": a string}");
	assert_refused(call_kill_schema(),
		       "{\"task_id\":{\"value\":\"t\"},\"kill_policy\":"
		       "{\"grace_period\":{\"nanoseconds\":-1}}}",
		       "kill_policy.grace_period: must be a duration, "
		       "{\"nanoseconds\": a whole number}");
	assert_refused(executor_data_schema(), "{\"data\":\"a\"}", "data: must be base64");
}

static void null_is_unset(void **state unused)
{
	assert_becomes(label_schema(), "{\"key\":\"k\",\"value\":null}", "{\"key\":\"k\"}");
	assert_becomes(labels_schema(), "{\"labels\":null}", "{}");
	assert_becomes(ping_schema(), "{\"sequence\":null}", "{}");
}

static void a_bare_value_is_a_list_of_one(void **state unused)
{
	assert_becomes(labels_schema(), "{\"labels\":{\"key\":\"k\"}}",
		       "{\"labels\":[{\"key\":\"k\"}]}");
	assert_becomes(set_schema(), "{\"item\":\"a\"}", "{\"item\":[\"a\"]}");
	assert_becomes(call_decline_schema(), "{\"offer_ids\":{\"value\":\"o\"}}",
		       "{\"offer_ids\":[{\"value\":\"o\"}]}");
	assert_becomes(set_schema(), "{\"item\":[]}", "{}");
}

static void assert_whole(const struct schema *s, const char *text, const char *expected)
{
	autofree void *rec = xcalloc(1, s->size);
	autobuf struct buf out = { 0 };
	struct error e = { 0 };

	if (schema_decode_text(s, text, strlen(text), rec, &e))
		fail_msg("%s", e.text);
	schema_encode_whole(s, rec, &out);
	assert_same_json(out.data, out.len, expected);
	schema_clear(s, rec);
}

static void empty_lists_are_written_for_who_does_not_know_of_them(void **state unused)
{
	static const char quota[] = "{\"enforced\":true,\"containers\":[{\"container_id\":\"c\","
				    "\"framework_id\":\"F\",\"executor_id\":\"e\",%s\"state\":"
				    "\"ok\"}]}";
	autofree char *text = xasprintf(quota, ""), *whole = xasprintf(quota, "\"task_ids\":[],");

	assert_whole(labels_schema(), "{}", "{\"labels\":[]}");
	assert_whole(set_schema(), "{}", "{\"item\":[]}");
	assert_whole(resource_schema(), "{\"name\":\"a\",\"type\":\"SET\",\"set\":{}}",
		     "{\"name\":\"a\",\"type\":\"SET\",\"set\":{\"item\":[]},\"role\":\"*\"}");
	assert_whole(answer_quota_schema(), text, whole);
}

static void numbers_may_come_as_strings(void **state unused)
{
	assert_becomes(ping_schema(), "{\"sequence\":\"17\"}", "{\"sequence\":17}");
	assert_becomes(scalar_value_schema(), "{\"value\":\"1.5\"}", "{\"value\":1.5}");
	assert_becomes(command_info_schema(), "{\"shell\":\"false\"}", "{\"shell\":false}");
	assert_refused(ping_schema(), "{\"sequence\":\"x\"}",
		       "sequence: Expected a whole number, not 'x'");
	assert_refused(ping_schema(), "{\"sequence\":-1}", "sequence: must be a whole number");
	assert_refused(ping_schema(), "{\"sequence\":1.5}", "sequence: must be a whole number");
	assert_refused(scalar_value_schema(), "{\"value\":\"nan\"}",
		       "value: expecting a number, not 'nan'");
}

/* A number that we take but cannot read back would end us at the next copy. */
static void numbers_above_what_json_carries_are_refused(void **state unused)
{
	assert_becomes(ping_schema(), "{\"sequence\":\"9223372036854775807\"}",
		       "{\"sequence\":9223372036854775807}");
	assert_refused(ping_schema(), "{\"sequence\":\"9223372036854775808\"}",
		       "sequence: Number too large '9223372036854775808'");
}

static void unknown_members_are_kept_and_sent_on(void **state unused)
{
	static const char text[] = "{\"key\":\"k\",\"new\":{\"deep\":[1,null,{\"x\":\"\\u00e9\"}]},"
				   "\"other\":null}";
	struct label *copy, l = { 0 };
	autobuf struct buf out = { 0 };
	struct error e;

	assert_becomes(label_schema(), text, text);
	assert_becomes(ping_schema(), "{\"a\":1}", "{\"a\":1}");
	assert_becomes(labels_schema(), "{\"labels\":[{\"key\":\"k\",\"z\":true}],\"y\":2.5}",
		       "{\"labels\":[{\"key\":\"k\",\"z\":true}],\"y\":2.5}");
	assert_int_equal(schema_decode_text(label_schema(), text, strlen(text), &l, &e), 0);
	copy = schema_copy(label_schema(), &l);
	schema_clear(label_schema(), &l);
	schema_encode(label_schema(), copy, &out);
	assert_same_json(out.data, out.len, text);
	schema_free(label_schema(), copy);
}

static void an_unknown_enum_value_is_unset_or_refused(void **state unused)
{
	assert_becomes(task_status_schema(),
		       "{\"task_id\":{\"value\":\"t\"},\"state\":\"TASK_LOST\","
		       "\"reason\":\"REASON_OF_TOMORROW\"}",
		       "{\"task_id\":{\"value\":\"t\"},\"state\":\"TASK_LOST\"}");
	assert_refused(task_status_schema(),
		       "{\"task_id\":{\"value\":\"t\"},\"state\":\"TASK_NEW\"}",
		       "state: 'TASK_NEW' is not one of its values");
	assert_refused(task_status_schema(), "{\"task_id\":{\"value\":\"t\"},\"state\":1}",
		       "state: must be the name of one of its values");
}

static void defaults_are_filled_in_and_emitted(void **state unused)
{
	assert_becomes(filters_schema(), "{}", "{\"refuse_seconds\":5}");
	assert_becomes(filters_schema(), "{\"refuse_seconds\":0.5}", "{\"refuse_seconds\":0.5}");
	assert_becomes(filters_schema(), "{\"refuse_seconds\":null}", "{\"refuse_seconds\":5}");
	assert_becomes(resource_schema(), "{\"name\":\"x\",\"type\":\"TEXT\"}",
		       "{\"name\":\"x\",\"type\":\"TEXT\",\"role\":\"*\"}");
}

static void duplicate_keys_are_refused(void **state unused)
{
	struct label l = { 0 };
	struct error e;
	static const char text[] = "{\"key\":\"a\",\"key\":\"b\"}";

	assert_int_equal(schema_decode_text(label_schema(), text, strlen(text), &l, &e), -EINVAL);
	assert_non_null(strstr(e.text, "duplicate object key"));
}

static int decode(enum language language, const char *line, struct message *ret, struct error *e)
{
	return message_decode(language, line, strlen(line), ret, e);
}

static void assert_message_refused(enum language language, const char *line, int code,
				   const char *words)
{
	struct message m = { 0 };
	struct error e = { 0 };

	assert_int_equal(decode(language, line, &m, &e), code);
	if (!strstr(e.text, words))
		fail_msg("'%s' does not say '%s'", e.text, words);
	assert_null(m.body);
	assert_null(m.framework_id);
}

/* An executor's message whose unknown member `x` is `levels` deep; the line is two deeper. */
static void nest(struct buf *out, unsigned levels)
{
	out->len = 0;
	buf_adds(out, "{\"type\":\"KILL\",\"kill\":{\"task_id\":{\"value\":\"[[{\\\"{[\"},\"x\":");
	for (unsigned i = 0; i < levels; i++)
		buf_addc(out, '[');
	for (unsigned i = 0; i < levels; i++)
		buf_addc(out, ']');
	buf_adds(out, "}}");
}

static void lines_are_nested_so_deep_and_no_deeper(void **state unused)
{
	autobuf struct buf line = { 0 };
	struct message m = { 0 };
	struct error e;

	nest(&line, DEPTH_MAX - 2);
	assert_int_equal(decode(LANGUAGE_CALL, buf_text(&line), &m, &e), 0);
	message_fini(&m);
	nest(&line, DEPTH_MAX - 1);
	assert_message_refused(LANGUAGE_CALL, buf_text(&line), -EBADMSG, "nested deeper than 128");
	/* Who passes on what was allowed may put it deeper. */
	assert_int_equal(decode(LANGUAGE_TO_EXECUTOR, buf_text(&line), &m, &e), 0);
	message_fini(&m);
}

static void a_missing_field_of_a_message_is_named_by_its_path(void **state unused)
{
	assert_message_refused(LANGUAGE_MASTER, "{\"type\":\"RUN_TASK\"}", -EINVAL,
			       "run_task: missing");
	assert_message_refused(LANGUAGE_MASTER,
			       "{\"type\":\"RUN_TASK\",\"run_task\":{\"framework\":"
			       "{\"user\":\"u\",\"name\":\"n\"},\"task\":{\"name\":\"t\","
			       "\"task_id\":{\"value\":\"t\"}}}}",
			       -EINVAL, "run_task: task.agent_id: missing");
	assert_message_refused(LANGUAGE_CALL, "{\"type\":\"REVIVE\",\"framework_id\":\"x\"}",
			       -EINVAL, "framework_id: must be {\"value\": a string}");
}

static void what_is_no_message_is_refused(void **state unused)
{
	assert_message_refused(LANGUAGE_CALL, "", -EBADMSG, "not a JSON object");
	assert_message_refused(LANGUAGE_CALL, "nonsense", -EBADMSG, "not a JSON object");
	assert_message_refused(LANGUAGE_CALL, "{} {}", -EBADMSG, "not a JSON object");
	assert_message_refused(LANGUAGE_CALL, "[]", -EINVAL, "a message must be");
	assert_message_refused(LANGUAGE_CALL, "{\"type\":7}", -EINVAL, "a message must be");
	assert_message_refused(LANGUAGE_CALL, "{\"type\":\"REVIVE\",\"x\":\"\xff\"}", -EBADMSG,
			       "decode byte");
	assert_message_refused(LANGUAGE_CALL, "{\"type\":\"REVIVE\",\"x\":\"\xed\xa0\x80\"}",
			       -EBADMSG, "decode byte");
	assert_message_refused(LANGUAGE_CALL, "{\"type\":\"REVIVE\",\"type\":\"REVIVE\"}", -EBADMSG,
			       "duplicate object key");
	assert_message_refused(LANGUAGE_CALL, "{\"type\":\"REVIVE\",\"x\":\"\\u0000\"}", -EBADMSG,
			       "u0000");
}

static void assert_list_of(size_t n, int code, const char *words)
{
	autobuf struct buf line = { 0 };
	automessage struct message m = { 0 };
	struct error e = { 0 };

	buf_adds(&line, "{\"type\":\"DECLINE\",\"decline\":{\"offer_ids\":[");
	for (size_t i = 0; i < n; i++)
		buf_adds(&line, i ? ",{\"value\":\"o\"}" : "{\"value\":\"o\"}");
	buf_adds(&line, "]}}");
	assert_int_equal(decode(LANGUAGE_CALL, buf_text(&line), &m, &e), code);
	assert_string_equal(e.text, words);
	if (!code)
		assert_int_equal(((struct call_decline *)m.body)->offer_ids_count, n);
}

static void lists_are_bounded(void **state unused)
{
	assert_list_of(SCHEMA_LIST_MAX, 0, "");
	assert_list_of(SCHEMA_LIST_MAX + 1, -EINVAL, "decline: offer_ids: more than 20000 items");
}

static void an_unknown_type_is_not_fatal(void **state unused)
{
	assert_message_refused(LANGUAGE_CALL, "{\"type\":\"FUTURE\"}", MESSAGE_UNKNOWN, "'FUTURE'");
	assert_message_refused(LANGUAGE_CALL, "{\"type\":\"OFFERS\",\"offers\":{}}",
			       MESSAGE_UNKNOWN, "'OFFERS'");
	assert_message_refused(LANGUAGE_AGENT, "{\"type\":\"RUN_TASK\"}", MESSAGE_UNKNOWN,
			       "RUN_TASK");
}

static void a_refusal_can_itself_be_sent(void **state unused)
{
	autobuf struct buf line = { 0 };
	autobuf struct buf answer = { 0 };
	automessage struct message m = { 0 };
	struct error e = { 0 };
	struct error_message body;

	buf_adds(&line, "{\"type\":\"\\n");
	for (int i = 0; i < 1001; i++)
		buf_adds(&line, i ? "\xc3\xa9" : "x");
	buf_adds(&line, "\"}");
	assert_int_equal(decode(LANGUAGE_CALL, buf_text(&line), &m, &e), MESSAGE_UNKNOWN);
	assert_null(strchr(e.text, '\n'));
	body = (struct error_message){ .message = e.text };
	message_encode(&answer, COMMON_ERROR, NULL, NULL, &body);
	assert_int_equal(message_decode(LANGUAGE_EVENT, answer.data, answer.len - 1, &m, &e), 0);
}

/* Values for every field of a record, as JSON; lists have two items. */
static void invent_record(const struct schema *s, int depth, struct buf *out);

static void invent_value(const struct field *f, int depth, struct buf *out)
{
	if (f->kind == &kind_string)
		buf_adds(out, "\"a \\\"b\\\" \\u00e9\\n\"");
	else if (f->kind == &kind_base64)
		buf_adds(out, "\"YWJjZA==\"");
	else if (f->kind == &kind_uuid)
		buf_adds(out, "\"AAECAwQFBgcICQoLDA0ODw==\"");
	else if (f->kind == &kind_id)
		buf_adds(out, "{\"value\":\"id-1\"}");
	else if (f->kind == &kind_ids)
		buf_adds(out, "[{\"value\":\"id-1\"},{\"value\":\"id-2\"}]");
	else if (f->kind == &kind_strings)
		buf_adds(out, "[\"x\",\"\"]");
	else if (f->kind == &kind_u64s)
		buf_adds(out, "[1,2]");
	else if (f->kind == &kind_boolean)
		buf_adds(out, "true");
	else if (f->kind == &kind_u64 || f->kind == &kind_bytes)
		buf_adds(out, "1234567890123");
	else if (f->kind == &kind_i64)
		buf_adds(out, "-5");
	else if (f->kind == &kind_number)
		buf_adds(out, "0.1");
	else if (f->kind == &kind_duration)
		buf_adds(out, "{\"nanoseconds\":1500000000}");
	else if (f->kind == &kind_enum)
		buf_addf(out, "\"%s\"", f->values[1].name);
	else if (f->kind == &kind_record || f->kind == &kind_records)
		invent_record(f->schema(), depth, out);
	else
		buf_adds(out, "{\"any\":[1,\"2\",null]}");
}

static void invent_record(const struct schema *s, int depth, struct buf *out)
{
	assert_true(depth < 10);
	buf_adds(out, "{\"unknown\":1");
	for (const struct field *f = s->fields; f->name; f++) {
		buf_addf(out, ",\"%s\":", f->name);
		if (f->kind == &kind_records)
			buf_addc(out, '[');
		invent_value(f, depth + 1, out);
		if (f->kind == &kind_records) {
			buf_addc(out, ',');
			invent_value(f, depth + 1, out);
			buf_addc(out, ']');
		}
	}
	buf_addc(out, '}');
}

static void invent_message(enum message_type type, struct buf *out)
{
	const struct arm *arm = message_arm(type);

	buf_addf(out,
		 "{\"type\":\"%s\",\"framework_id\":{\"value\":\"f\"},"
		 "\"executor_id\":{\"value\":\"e\"}",
		 arm->name);
	if (arm->schema) {
		buf_addf(out, ",\"");
		for (const char *p = arm->name; *p; p++)
			buf_addc(out, (char)(*p == '_' ? '_' : *p - 'A' + 'a'));
		buf_adds(out, "\":");
		invent_record(arm->schema(), 0, out);
	}
	buf_adds(out, "}");
}

static void every_message_reads_back_as_it_was(void **state unused)
{
	for (int type = 0; type < MESSAGE_TYPES; type++) {
		autobuf struct buf in = { 0 };
		autobuf struct buf out = { 0 };
		automessage struct message m = { 0 };
		struct error e;

		invent_message((enum message_type)type, &in);
		if (message_decode(message_arm(type)->language, in.data, in.len, &m, &e))
			fail_msg("%s: %s", message_arm(type)->name, e.text);
		assert_int_equal(m.type, type);
		message_encode(&out, m.type, m.framework_id, m.executor_id, m.body);
		assert_int_equal(out.data[out.len - 1], '\n');
		assert_null(memchr(out.data, '\n', out.len - 1));
		assert_same_json(out.data, out.len - 1, buf_text(&in));
	}
}

static void a_copy_is_deep_and_equal(void **state unused)
{
	autobuf struct buf in = { 0 };
	autobuf struct buf out = { 0 };
	struct task_info task = { 0 }, *copy;
	struct error e;

	invent_record(task_info_schema(), 0, &in);
	assert_int_equal(schema_decode_text(task_info_schema(), in.data, in.len, &task, &e), 0);
	copy = schema_copy(task_info_schema(), &task);
	assert_ptr_not_equal(copy->task_id, task.task_id);
	schema_clear(task_info_schema(), &task);
	schema_encode(task_info_schema(), copy, &out);
	assert_same_json(out.data, out.len, buf_text(&in));
	schema_free(task_info_schema(), copy);
}

static void hello_is_part_of_every_language(void **state unused)
{
	for (int l = 0; l < LANGUAGES; l++) {
		automessage struct message m = { 0 };
		struct error e;

		assert_int_equal(decode((enum language)l,
					"{\"type\":\"HELLO\",\"hello\":"
					"{\"role\":\"agent\"}}",
					&m, &e),
				 0);
		assert_int_equal(m.type, COMMON_HELLO);
		assert_int_equal(((struct hello *)m.body)->protocol_max, 1);
		assert_true(*language_doc((enum language)l));
	}
}

static void assert_number(double v, const char *text)
{
	autobuf struct buf out = { 0 };

	json_add_number(&out, v);
	assert_string_equal(buf_text(&out), text);
}

static void numbers_print_shortest(void **state unused)
{
	assert_number(0, "0");
	assert_number(0.1, "0.1");
	assert_number(-7, "-7");
	assert_number(1e300, "1e+300");
	assert_number(0.1 + 0.2, "0.30000000000000004");
	assert_number(1.0 / 0.0, "0");
	assert_number(123456789012345, "123456789012345");
}

static void base64_reads_only_its_own(void **state unused)
{
	uint8_t bytes[4];

	assert_int_equal(base64_decode("AQIDBA==", bytes, 4), 0);
	assert_memory_equal(bytes, "\1\2\3\4", 4);
	assert_int_equal(base64_decode("AQIDBA==", bytes, 3), -EINVAL);
	assert_int_equal(base64_decode("AQIDBA", bytes, 4), -EINVAL);
	assert_int_equal(base64_decode("AQI=BA==", bytes, 4), -EINVAL);
	assert_int_equal(base64_decode("AQID BA=", bytes, 4), -EINVAL);
}

static void records_are_equal_that_are_encoded_alike(void **state unused)
{
	struct label a = { .key = (char *)"k", .value = (char *)"v" }, b = a;

	assert_true(schema_equal(label_schema(), &a, &b));
	b.value = NULL;
	assert_false(schema_equal(label_schema(), &a, &b));
	assert_int_equal(schema_encoded_bytes(label_schema(), &b), strlen("{\"key\":\"k\"}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_equal_that_are_encoded_alike),
		cmocka_unit_test(lines_are_nested_so_deep_and_no_deeper),
		cmocka_unit_test(a_missing_field_is_named),
		cmocka_unit_test(a_wrong_field_is_named_by_its_path),
		cmocka_unit_test(null_is_unset),
		cmocka_unit_test(a_bare_value_is_a_list_of_one),
		cmocka_unit_test(empty_lists_are_written_for_who_does_not_know_of_them),
		cmocka_unit_test(numbers_may_come_as_strings),
		cmocka_unit_test(numbers_above_what_json_carries_are_refused),
		cmocka_unit_test(unknown_members_are_kept_and_sent_on),
		cmocka_unit_test(an_unknown_enum_value_is_unset_or_refused),
		cmocka_unit_test(defaults_are_filled_in_and_emitted),
		cmocka_unit_test(duplicate_keys_are_refused),
		cmocka_unit_test(a_missing_field_of_a_message_is_named_by_its_path),
		cmocka_unit_test(what_is_no_message_is_refused),
		cmocka_unit_test(lists_are_bounded),
		cmocka_unit_test(an_unknown_type_is_not_fatal),
		cmocka_unit_test(a_refusal_can_itself_be_sent),
		cmocka_unit_test(every_message_reads_back_as_it_was),
		cmocka_unit_test(a_copy_is_deep_and_equal),
		cmocka_unit_test(hello_is_part_of_every_language),
		cmocka_unit_test(numbers_print_shortest),
		cmocka_unit_test(base64_reads_only_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
