/*
 * An expansion of a .def file that looks only at its languages. Define LANGUAGE, ARM,
 * ARM0 and END_LANGUAGE, include this, the .def, then schema-end.h.
 */
#define RECORD(n, d)
#define END
#define FIELD(k, n, need, d, ...)
#define FIELD_ENUM(t, n, need, d, ...)
#define NESTED(r, n, need, d, ...)
#define LIST(r, n, d, ...)
#define ENUM(n, d)
#define VALUE(n, v, d)
#define VALUE_AS(n, name, v, d)
#define END_ENUM
