/*
 * What stands in a cell of a table: texts that the caller, or table_add(), frees. NULL: not known.
 */
#pragma once

#include "lib/base.h"

char *cell_text(const char *text);
char *cell_list(char *const *list, size_t count);
char *cell_number(bool known, uint64_t n);
/* "61.4MB", or with exact "64382566". */
char *cell_bytes(bool known, uint64_t bytes, bool exact);
/* "0.4 s", "12 s", "5 min", "3 h", "2 d" */
char *cell_age(double seconds);
/* So many characters of an id. */
char *cell_id(const char *id, int width);
/* How many tell all of them apart; takes the list. */
int cell_id_width(const char **ids, size_t count);
