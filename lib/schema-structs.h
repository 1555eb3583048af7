/*
 * First expansion of a .def file: the structs and enums. Include it, then the
 * .def, then schema-end.h. No include guard: it is meant to be included again.
 */
#define RECORD(n, d)                      \
	const struct schema *n##_schema(void); \
	struct n {                        \
		struct record record;
#define END \
	}   \
	;
#define FIELD(k, n, need, d, ...)        MEMBER_##k(n)
#define FIELD_ENUM(t, n, need, d, ...)   enum t n; bool has_##n;
#define NESTED(r, n, need, d, ...)       struct r *n;
#define LIST(r, n, d, ...)               struct r *n; size_t n##_count;

#define ENUM(n, d)                              \
	extern const struct enum_value n##_values[]; \
	enum n {
#define VALUE(n, v, d) n = v,
#define VALUE_AS(n, name, v, d) n = v,
#define END_ENUM \
	}        \
	;

#define LANGUAGE(l, d)
#define ARM(l, t, r)
#define ARM0(l, t)
#define END_LANGUAGE

#define MEMBER_string(n)   char *n;
#define MEMBER_path(n)     char *n;
#define MEMBER_id(n)       char *n;
#define MEMBER_base64(n)   char *n;
#define MEMBER_boolean(n)  bool n; bool has_##n;
#define MEMBER_u64(n)      uint64_t n; bool has_##n;
#define MEMBER_i64(n)      int64_t n; bool has_##n;
#define MEMBER_number(n)   double n; bool has_##n;
#define MEMBER_duration(n) int64_t n; bool has_##n;
#define MEMBER_bytes(n)    uint64_t n; bool has_##n;
#define MEMBER_uuid(n)     uint8_t n[16]; bool has_##n;
#define MEMBER_strings(n)  char **n; size_t n##_count;
#define MEMBER_u64s(n)     uint64_t *n; size_t n##_count;
#define MEMBER_ids(n)      char **n; size_t n##_count;
#define MEMBER_json(n)     json_t *n;
#define MEMBER_raw(n)      const char *n;
