/* The tables of protocol.def, and lines to messages and back. */
#include "lib/protocol.h"

#include <ctype.h>

#include "lib/schema-tables.h"
#include "lib/protocol.def"
#include "lib/schema-end.h"

#define TYPE_NAME_MAX 32

static const struct arm arms[] = {
#define LANGUAGE(l, d)
#define ARM(l, t, r) [l##_##t] = { LANGUAGE_##l, #t, r##_schema },
#define ARM0(l, t)   [l##_##t] = { LANGUAGE_##l, #t, NULL },
#define END_LANGUAGE
#include "lib/schema-skip.h"
#include "lib/protocol.def"
#include "lib/schema-end.h"
};
static_assert(ARRAY_SIZE(arms) == MESSAGE_TYPES, "every type has an arm");

static const char *const language_docs[] = {
#define LANGUAGE(l, d) [LANGUAGE_##l] = (d),
#define ARM(l, t, r)
#define ARM0(l, t)
#define END_LANGUAGE
#include "lib/schema-skip.h"
#include "lib/protocol.def"
#include "lib/schema-end.h"
};

const struct arm *message_arm(enum message_type type)
{
	assert(type < MESSAGE_TYPES);
	return &arms[type];
}

const char *language_doc(enum language language)
{
	assert(language < LANGUAGES);
	return language_docs[language];
}

/* The member of a message is named after its type in lower case. */
static const char *member_name(const struct arm *arm, char ret[TYPE_NAME_MAX])
{
	size_t n = strlen(arm->name);

	assert(n < TYPE_NAME_MAX);
	for (size_t i = 0; i <= n; i++)
		ret[i] = (char)tolower((unsigned char)arm->name[i]);
	return ret;
}

static int find_type(enum language language, const char *name, enum message_type *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(arms); i++)
		if ((arms[i].language == language || arms[i].language == LANGUAGE_COMMON) &&
		    !strcmp(arms[i].name, name)) {
			*ret = (enum message_type)i;
			return 0;
		}
	return -ENOENT;
}

/*
 * framework_id and executor_id stand beside the type in v1 calls: {"value":"..."}, null is absent.
 */
static int decode_id(json_t *in, const char *name, char **ret, struct error *e)
{
	json_t *id = json_object_get(in, name), *value;

	if (!id || json_is_null(id))
		return 0;
	value = json_object_get(id, "value");
	if (!json_is_string(value))
		return error_set(e, EINVAL, "%s: must be {\"value\": a string}", name);
	*ret = xstrdup(json_string_value(value));
	return 0;
}

static int decode_body(const struct arm *arm, json_t *in, void **ret, struct error *e)
{
	autofree void *body = NULL;
	char member[TYPE_NAME_MAX];
	json_t *value;

	if (!arm->schema)
		return 0;
	value = json_object_get(in, member_name(arm, member));
	if (!value || json_is_null(value))
		return error_set(e, EINVAL, "%s: missing", member);
	body = xcalloc(1, arm->schema()->size);
	if (schema_decode(arm->schema(), value, body, e))
		return error_wrap(e, "%s", member);
	*ret = take_ptr(body);
	return 0;
}

/* Stands beside the type in what a master says to its agents. */
static int decode_epoch(json_t *in, uint64_t *ret, struct error *e)
{
	json_t *epoch = json_object_get(in, "epoch");

	if (!epoch)
		return 0;
	if (!json_is_integer(epoch) || json_integer_value(epoch) < 1)
		return error_set(e, EINVAL, "epoch: must be a whole number above 0");
	*ret = (uint64_t)json_integer_value(epoch);
	return 0;
}

static int decode_object(enum language language, json_t *in, struct message *m, struct error *e)
{
	json_t *type = json_object_get(in, "type");
	int r;

	if (!json_is_object(in) || !json_is_string(type))
		return error_set(e, EINVAL, "a message must be a JSON object with a \"type\"");
	if (find_type(language, json_string_value(type), &m->type)) {
		error_set(e, EOPNOTSUPP, "message type '%s' is not known here",
			  json_string_value(type));
		return MESSAGE_UNKNOWN;
	}
	r = decode_id(in, "framework_id", &m->framework_id, e);
	if (!r)
		r = decode_id(in, "executor_id", &m->executor_id, e);
	if (!r && language == LANGUAGE_MASTER)
		r = decode_epoch(in, &m->epoch, e);
	if (!r)
		r = decode_body(&arms[m->type], in, &m->body, e);
	return r;
}

/* Who wraps what others said adds levels of its own; that must not make the line too deep. */
static unsigned depth_max(enum language language)
{
	switch (language) {
	case LANGUAGE_AGENT:
	case LANGUAGE_MASTER:
	case LANGUAGE_EVENT:
	case LANGUAGE_TO_EXECUTOR: return DEPTH_DAEMON_MAX;
	default: return DEPTH_MAX;
	}
}

/* Counts brackets outside of strings; whether they match is jansson's business. */
static bool deeper_than(unsigned max, const char *line, size_t len)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		char c = line[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '[') && ++depth > max)
			return true;
		else if (!quoted && (c == '}' || c == ']') && depth)
			depth--;
	}
	return false;
}

int message_decode(enum language language, const char *line, size_t len, struct message *ret,
		   struct error *e)
{
	automessage struct message m = { 0 };
	json_error_t why;
	json_t *in;
	int r;

	if (deeper_than(depth_max(language), line, len))
		return error_set(e, EBADMSG, "nested deeper than %u", depth_max(language));
	in = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	if (!in)
		return error_set(e, EBADMSG, "not a JSON object: %s", why.text);
	r = decode_object(language, in, &m, e);
	json_decref(in);
	if (r)
		return r;
	*ret = m;
	m = (struct message){ 0 };
	return 0;
}

void message_fini(struct message *m)
{
	free(m->framework_id);
	free(m->executor_id);
	if (m->body)
		schema_free(arms[m->type].schema(), m->body);
	*m = (struct message){ 0 };
}

static void encode_id(struct buf *out, const char *name, const char *id)
{
	if (!id)
		return;
	buf_addf(out, ",\"%s\":{\"value\":", name);
	buf_add_json(out, id);
	buf_addc(out, '}');
}

static void encode_type(struct buf *out, const struct arm *arm)
{
	buf_adds(out, "{\"type\":\"");
	buf_adds(out, arm->name);
	buf_addc(out, '"');
}

static void encode_body(struct buf *out, const struct arm *arm, const void *body)
{
	char member[TYPE_NAME_MAX];

	assert(!arm->schema == !body);
	if (body) {
		buf_adds(out, ",\"");
		buf_adds(out, member_name(arm, member));
		buf_adds(out, "\":");
		schema_encode(arm->schema(), body, out);
	}
	buf_adds(out, "}\n");
}

void message_encode(struct buf *out, enum message_type type, const char *framework_id,
		    const char *executor_id, const void *body)
{
	const struct arm *arm = message_arm(type);

	encode_type(out, arm);
	encode_id(out, "framework_id", framework_id);
	encode_id(out, "executor_id", executor_id);
	encode_body(out, arm, body);
}

void message_encode_epoch(struct buf *out, enum message_type type, uint64_t epoch, const void *body)
{
	const struct arm *arm = message_arm(type);

	assert(arm->language == LANGUAGE_MASTER && epoch);
	encode_type(out, arm);
	buf_addf(out, ",\"epoch\":%llu", (unsigned long long)epoch);
	encode_body(out, arm, body);
}
