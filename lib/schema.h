/*
 * Records. A message, a set of flags, a set of metrics, an HTTP view and a stored
 * row are the same thing: a C struct with a table that has one row per field. The
 * .def file is the specification; its expansions (schema-structs.h for the struct,
 * schema-tables.h for the table) and the functions below derive everything else.
 *
 *	RECORD(kill_task, "Master to agent: stop this task.")
 *		FIELD(id, framework_id, REQUIRED, "Whose task.")
 *		FIELD(duration, grace_period, OPTIONAL, "Between SIGTERM and SIGKILL.")
 *	END
 *
 * A kind is a codec with a name. Value kinds (numbers, booleans, enums) have a
 * has_<field> beside them; pointer kinds are absent when NULL; lists carry
 * <field>_count. Unknown members of a JSON object are kept in `rest` and written
 * out again, so that an older daemon does not strip a newer peer's message.
 */
#pragma once

#include <jansson.h>

#include "lib/buf.h"
#include "lib/error.h"

/* No list in a message is longer; a longer one is refused by its path. */
#define SCHEMA_LIST_MAX 20000

struct field;
struct schema;

struct kind {
	const char *name; /* what docs and error messages call it: "a duration" */
	/* Reads a JSON value that is not null into rec. -EINVAL with a reason. */
	int (*decode)(const struct field *f, json_t *in, void *rec, struct error *e);
	/* Writes the JSON value of a present field, */
	void (*encode)(const struct field *f, const void *rec, struct buf *out);
	/* for schema_encode_whole(); NULL: the same. */
	void (*encode_whole)(const struct field *f, const void *rec, struct buf *out);
	/* Reads the text form that flags use. NULL: this kind cannot be a flag. */
	int (*parse)(const struct field *f, const char *text, void *rec, struct error *e);
	/* Writes the text form of a present field. */
	void (*print)(const struct field *f, const void *rec, struct buf *out);
	void (*clear)(const struct field *f, void *rec);
	bool (*present)(const struct field *f, const void *rec);
	bool list; /* it can be written where nothing is in it */
};

struct enum_value {
	const char *name; /* NULL ends the table */
	int value;
	const char *doc;
};

struct field {
	const char *name; /* NULL ends the table */
	const char *key;  /* the same as JSON has it before a value: ,"name": */
	size_t key_length;
	const struct kind *kind;
	size_t offset;                        /* of the value in the struct */
	size_t aux;                           /* of has_<field> or <field>_count; 0: neither */
	const struct schema *(*schema)(void); /* of nested records and lists of them */
	const struct enum_value *values;      /* of enums */
	bool required;
	const char *def; /* default, in text form; NULL: none */
	const char *doc;
	/* flags only */
	const char *alias; /* another accepted name, NULL: none */
	bool secret;       /* never shown */
	bool command_line; /* is none in a file or in the environment */
};

struct schema {
	const char *name;
	const char *doc;
	size_t size;
	const struct field *fields;
};

#define AT(f, rec, type)       ((type *)(void *)((char *)(rec) + (f)->offset))
#define AT_CONST(f, rec, type) ((type const *)(const void *)((const char *)(rec) + (f)->offset))

/*
 * Every record starts with this: members of the JSON object that the schema does
 * not know, or NULL. Owned by the record.
 */
struct record {
	json_t *rest;
};

/*
 * Fills a zeroed record from a JSON object; defaults are filled in. On failure
 * (-EINVAL) the record is cleared and e names the path: "task.resources: missing".
 */
int schema_decode(const struct schema *s, json_t *in, void *rec, struct error *e);
/* The same from text. JSON text may not repeat a key or nest deeper than 2048. */
int schema_decode_text(const struct schema *s, const char *text, size_t len, void *rec,
		       struct error *e);
/*
 * -EINVAL if the object that it was decoded from had other members than the schema knows: for what
 * people write.
 */
int schema_check_known(const struct schema *s, const void *rec, struct error *e);
/* Appends the record as one compact JSON object, absent optional fields omitted. */
void schema_encode(const struct schema *s, const void *rec, struct buf *out);
/* The same with empty lists, also of its members: for who does not know which lists there are. */
void schema_encode_whole(const struct schema *s, const void *rec, struct buf *out);
/* How long the former is. */
size_t schema_encoded_bytes(const struct schema *s, const void *rec);
/* Whether both are encoded alike. */
bool schema_equal(const struct schema *s, const void *a, const void *b);
/* Frees what the record owns and zeroes it; clearing twice is harmless. */
void schema_clear(const struct schema *s, void *rec);
/* Deep copy of src into a new heap record; free with schema_free(). */
void *schema_copy(const struct schema *s, const void *src);
/* Deep copy of src into dst, which must be zeroed or uninitialised. */
void schema_copy_into(const struct schema *s, void *dst, const void *src);
/* Clears and frees a heap record; NULL is harmless. */
void schema_free(const struct schema *s, void *rec);
/* Fills in the defaults of a zeroed record. */
void schema_defaults(const struct schema *s, void *rec);
const struct field *schema_field(const struct schema *s, const char *name);

/* The name of an enum's value, "UNKNOWN" if there is none. */
const char *enum_name(const struct enum_value *values, int value);
/* The value of a name, in any case: 0 and *ret, or -ENOENT. */
int enum_parse(const struct enum_value *values, const char *name, int *ret);

/* The text of a double in JSON: shortest that reads back the same; inf and nan become 0. */
void json_add_number(struct buf *out, double v);

/* Base64 (RFC 4648) of n bytes. */
void base64_add(struct buf *out, const void *data, size_t n);
/* How many bytes text stands for; -EINVAL if it is not base64. */
ssize_t base64_size(const char *text);
/* Decodes exactly n bytes; -EINVAL if text is anything else. */
int base64_decode(const char *text, void *ret, size_t n);

/* The kinds. C type of the member in brackets; text form for those that can be flags. */
extern const struct kind kind_string;   /* [char *] */
extern const struct kind kind_path;     /* [char *] of a flag; not empty */
extern const struct kind kind_id;       /* [char *] {"value":"..."} */
extern const struct kind kind_base64;   /* [char *] bytes nobody here looks into, kept as text */
extern const struct kind kind_boolean;  /* [bool] */
extern const struct kind kind_u64;      /* [uint64_t] */
extern const struct kind kind_i64;      /* [int64_t] */
extern const struct kind kind_number;   /* [double] */
extern const struct kind kind_duration; /* [int64_t ns] {"nanoseconds":n}, "15secs" */
extern const struct kind kind_bytes;    /* [uint64_t bytes] n, "64MB" */
extern const struct kind kind_uuid;     /* [uint8_t[16]] base64 */
extern const struct kind kind_enum;     /* [enum] by name */
extern const struct kind kind_strings;  /* [char **] */
extern const struct kind kind_ids;      /* [char **] [{"value":"..."}] */
extern const struct kind kind_u64s;     /* [uint64_t *] */
extern const struct kind kind_record;   /* [struct X *] */
extern const struct kind kind_records;  /* [struct X *, an array] */
extern const struct kind kind_json;     /* [json_t *] anything */
extern const struct kind kind_raw;      /* [const char *] JSON text, written as it is; views only */
