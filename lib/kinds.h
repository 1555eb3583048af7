/* What the files of kinds share: presence of a member, and the usual refusals. */
#pragma once

#include "lib/schema.h"

/* has_<field> of a value kind. */
bool *kind_flag(const struct field *f, void *rec);
bool kind_flag_present(const struct field *f, const void *rec);
void kind_flag_clear(const struct field *f, void *rec);
/* A pointer kind is present when it is not NULL. */
bool kind_pointer_present(const struct field *f, const void *rec);
/* "must be <what the kind is called>": -EINVAL. */
int kind_wrong(struct error *e, const struct field *f);
/* schema_decode() of a member: e holds the path from here on, ".resources[2].name: missing". */
int schema_decode_part(const struct schema *s, json_t *in, void *rec, struct error *e);
/* Puts a step of the path, ".name" or "[2]", in front of what is wrong there. -EINVAL. */
int schema_error_at(struct error *e, const char *fmt, ...) format_printf(2, 3);
/* A whole number that JSON carries between us, or a string that holds one. */
int kind_whole_decode(json_t *in, uint64_t *ret, struct error *e);
