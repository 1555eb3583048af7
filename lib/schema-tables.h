/*
 * Second expansion of a .def file: one table per record and enum. Include it, then
 * the .def, then schema-end.h. No include guard: it is meant to be included again.
 */
#define RECORD(n, d)                            \
	const struct schema *n##_schema(void)   \
	{                                       \
		typedef struct n self;          \
		static const char name[] = #n;  \
		static const char doc[] = d;    \
		static const struct field fields[] = {
#define END                                                                        \
	{ .name = NULL },                                                          \
	}                                                                          \
	;                                                                          \
	static const struct schema schema = { name, doc, sizeof(self), fields };   \
	return &schema;                                                            \
	}
#define REQUIRED     .required = true
#define OPTIONAL     .required = false
#define DEFAULT(t)   .def = (t)
#define ALIAS(t)     .alias = (t)
#define SECRET       .secret = true
#define COMMAND_LINE .command_line = true

#define FIELD(k, n, need, d, ...)                                                          \
	{ .name = #n, .key = ",\"" #n "\":", .key_length = sizeof(#n) + 3, .kind = &kind_##k, .offset = offsetof(self, n), .aux = AUX_##k(n),   \
	  .doc = (d), need, __VA_ARGS__ },
#define FIELD_ENUM(t, n, need, d, ...)                                                     \
	{ .name = #n, .key = ",\"" #n "\":", .key_length = sizeof(#n) + 3, .kind = &kind_enum, .offset = offsetof(self, n),                     \
	  .aux = offsetof(self, has_##n), .values = t##_values, .doc = (d), need, __VA_ARGS__ },
#define NESTED(r, n, need, d, ...)                                                         \
	{ .name = #n, .key = ",\"" #n "\":", .key_length = sizeof(#n) + 3, .kind = &kind_record, .offset = offsetof(self, n),                   \
	  .schema = r##_schema, .doc = (d), need, __VA_ARGS__ },
#define LIST(r, n, d, ...)                                                                 \
	{ .name = #n, .key = ",\"" #n "\":", .key_length = sizeof(#n) + 3, .kind = &kind_records, .offset = offsetof(self, n),                  \
	  .aux = offsetof(self, n##_count), .schema = r##_schema, .doc = (d), __VA_ARGS__ },

#define ENUM(n, d) const struct enum_value n##_values[] = {
#define VALUE(n, v, d) { #n, v, d },
#define VALUE_AS(n, name, v, d) { name, v, d },
#define END_ENUM        \
	{ .name = NULL }, \
	}               \
	;

#define LANGUAGE(l, d)
#define ARM(l, t, r)
#define ARM0(l, t)
#define END_LANGUAGE

#define AUX_HAS(n)      offsetof(self, has_##n)
#define AUX_COUNT(n)    offsetof(self, n##_count)
#define AUX_string(n)   0
#define AUX_path(n)     0
#define AUX_id(n)       0
#define AUX_base64(n)   0
#define AUX_boolean(n)  AUX_HAS(n)
#define AUX_u64(n)      AUX_HAS(n)
#define AUX_i64(n)      AUX_HAS(n)
#define AUX_number(n)   AUX_HAS(n)
#define AUX_duration(n) AUX_HAS(n)
#define AUX_bytes(n)    AUX_HAS(n)
#define AUX_uuid(n)     AUX_HAS(n)
#define AUX_strings(n)  AUX_COUNT(n)
#define AUX_u64s(n)     AUX_COUNT(n)
#define AUX_ids(n)      AUX_COUNT(n)
#define AUX_json(n)     0
#define AUX_raw(n)      0
