/*
 * Labels as a choice and as names: what is wanted of them, and what environment and metrics call
 * them.
 */
#pragma once

#include "lib/log_fields.h"
#include "lib/protocol.h"

/*
 * "environment:prod" wants this pair, "environment" this key, whatever its value. Keys and values
 * may hold ':' themselves: a pair is wanted if it reads like the text.
 */
struct labels_wanted {
	const char *const *list; /* all of them must be there; borrowed */
	size_t count;
};

/* The parameter that says what is wanted, as a row of struct http_route has it. */
#define HTTP_LABEL_PARAM                                                                           \
	"label=KEY:VALUE  only tasks with this label, or with any of that KEY; several: with all " \
	"of them"

/*
 * What the keys and values of one thing may be together: with its name it can be passed on and
 * shown.
 */
#define LABELS_MAX_BYTES (24 * KIB)
#define LABELS_MAX       1000

/* Whether these, and one more (NULL: none), are within both. -E2BIG. */
int labels_check(const struct labels *labels, const struct label *more, struct error *e);
/* A copy that can be added to, empty for NULL; schema_free(). */
struct labels *labels_copy(const struct labels *labels);
/* NULL is the same as none. */
bool labels_equal(const struct labels *a, const struct labels *b);
/* A copy to be shown; NULL if there are none, or they are more than one thing may have. */
struct labels *labels_kept(const struct labels *labels);
/* labels may be NULL: it has none. True if nothing is wanted. */
bool labels_match(const struct labels *labels, const struct labels_wanted *wanted);
/*
 * MESOS_LABEL_ENVIRONMENT for "environment": in capitals, with '_' for each character that a shell
 * would not take in a name. The caller frees.
 */
char *labels_variable(const char *key);
/* MESOS_LABEL_ENVIRONMENT=prod in the journal: the first of several of a name. */
void labels_add_fields(const struct labels *labels, struct log_fields *f);
/*
 * "environment:prod;team:web": keys and values, separated by ';' or a newline; what has no ':' has
 * no value. For schema_free(). -EINVAL names the item.
 */
int labels_parse(const char *text, struct labels **ret, struct error *e);
/* label_environment, as Prometheus calls it: as above, but the key stays in its case. */
char *labels_metric(const char *key);

/*
 * The value of the first label with this key, "" if that has none; NULL if there is no such label.
 */
const char *labels_value(const struct labels *labels, const char *key);
