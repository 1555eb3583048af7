/* Facts about an agent: the grammar of --attributes (Mesos 0.22) and their JSON view. */
#pragma once

#include "lib/protocol.h"

/*
 * "rack:r1;zone:a;n:3;span:[1-9]", items separated by ';' or a newline. A value is a
 * number, ranges or a word; a set is refused. *ret is an array for the LIST field of
 * a record, freed by its schema. -EINVAL names the item.
 */
int attributes_parse(const char *text, struct attribute **ret, size_t *ret_count, struct error *e);
/* {"n":3,"rack":"r1","span":"[1-9]"}: of a name that is there twice the first counts. */
void attributes_add_view(const struct attribute *list, size_t count, struct buf *out);
