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
/* A whole number that JSON carries between us, or a string that holds one. */
int kind_whole_decode(json_t *in, uint64_t *ret, struct error *e);
