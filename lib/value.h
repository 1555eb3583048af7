/*
 * Values of resources and attributes: ranges and sets in canonical form, and the
 * Mesos 0.22 text grammar that both share (src/common/values.cpp describes it).
 */
#pragma once

#include "lib/resources.h"

/* A parsed value. Zero-initialise. */
struct value {
	enum value_type type;
	char *text; /* without spaces; a decimal number if type is SCALAR */
	struct value_range *ranges;
	size_t ranges_count;
	char **set;
	size_t set_count;
};

#define autovalue cleanup(value_fini)

void value_fini(struct value *v);
/*
 * "[1-2,5-9]" is RANGES, "{a,b}" is SET, "-1.5" is SCALAR, other words are TEXT;
 * spaces do not count. Ranges and sets come out canonical, possibly empty. -EINVAL
 * on mismatched brackets, inverted or overlapping ranges, items that are there twice.
 */
int value_parse(const char *text, struct value *ret, struct error *e);
/*
 * True for what may be a name, a role or an item of a set: not empty, no blanks or
 * control characters, nothing that the grammar uses (";:()[]{},").
 */
bool value_word(const char *text);

/* Sorts and coalesces in place. -EINVAL if one is inverted, too large, or two overlap. */
int ranges_normalise(struct value_range *r, size_t *count, struct error *e);
/* As a message has them; freed by its schema. */
struct ranges *ranges_to_wire(const struct value_range *r, size_t count);
/* Sorts in place. -EINVAL if an item is no word or is there twice. */
int set_normalise(char **items, size_t count, struct error *e);

/* Set algebra on canonical ranges. Results are new arrays that the caller frees. */
struct value_range *ranges_union(const struct value_range *a, size_t na,
				 const struct value_range *b, size_t nb, size_t *ret_count);
struct value_range *ranges_minus(const struct value_range *a, size_t na,
				 const struct value_range *b, size_t nb, size_t *ret_count);
struct value_range *ranges_common(const struct value_range *a, size_t na,
				  const struct value_range *b, size_t nb, size_t *ret_count);
bool ranges_contain(const struct value_range *a, size_t na, const struct value_range *b, size_t nb);

/* The same on canonical sets: `keep` says which items of a and b are in the result. */
enum set_keep { SET_UNION, SET_MINUS, SET_COMMON };
char **sets_combine(char *const *a, size_t na, char *const *b, size_t nb, enum set_keep keep,
		    size_t *ret_count);
bool set_contains(char *const *a, size_t na, char *const *b, size_t nb);
void set_free(char **items, size_t count);
