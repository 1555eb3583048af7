/*
 * The thin layer between SQLite and its own file layer, for the connections of lib/store: where
 * that reports an I/O error, the process ends. A full disk goes up as SQLITE_FULL.
 */
#pragma once

#include <sqlite3.h>

#include "lib/base.h"

/* Its name, for sqlite3_open_v2(); registered by the first call. Never the default one. */
const char *store_vfs(void);
/*
 * At the end of a store nothing follows that a failed copy of its log could harm: from here on the
 * errors of reading, writing, truncating and syncing go up. For the whole process; false: as
 * before.
 */
void store_vfs_forgive(bool on);
/* Says "store: <what> <path>: <why>" and what to do, and ends the process at once: _exit(2). */
_Noreturn void store_die(const char *what, const char *path, const char *why);
/*
 * Says that others took the file away, and ends the process with 2, after which no supervisor
 * starts another.
 */
_Noreturn void store_die_moved(const char *path);
