/*
 * A record as a row: a field is a column. Text, ids and enums are TEXT, whole numbers, durations
 * and booleans INT, numbers REAL, uuids BLOB, and the rest is TEXT that holds JSON; what is
 * absent is NULL.
 */
#pragma once

#include <sqlite3.h>

#include "lib/store.h"

/* The statements of a table, appended to out. The order of the columns is that of the fields. */
void store_sql_create(const struct store_table *t, struct buf *out);
void store_sql_add_column(const struct store_table *t, const struct field *f, struct buf *out);
void store_sql_put(const struct store_table *t, struct buf *out);
void store_sql_delete(const struct store_table *t, struct buf *out);
void store_sql_load(const struct store_table *t, struct buf *out);

/* The number of its fields. */
unsigned store_columns(const struct store_table *t);
/*
 * Appends the first n fields of rec, in a form for store_row_bind() alone. A key that is absent
 * and a number above INT64_MAX, which SQLite does not have, are mistakes of ours.
 */
void store_row_encode(const struct store_table *t, unsigned n, const void *rec, struct buf *out);
/* Binds n fields, which must stay where they are while q runs; returns where they end. */
const char *store_row_bind(sqlite3_stmt *q, unsigned n, const char *from);
/* Fills a zeroed record from the row that q (store_sql_load()) is at. -EBADMSG: e says which. */
int store_row_decode(const struct store_table *t, sqlite3_stmt *q, void *rec, struct error *e);
