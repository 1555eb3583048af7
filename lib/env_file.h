/*
 * Variables in a file, as systemd reads it for EnvironmentFile= (systemd.exec(5)): NAME=value, a
 * line each; lines that begin with # or ; are comments; values may be quoted, in part or whole.
 */
#pragma once

#include "lib/buf.h"
#include "lib/error.h"

/*
 * Appends each as "NAME=value", terminated by a NUL. A line that has no =, or no name before it, is
 * passed over. A file that is missing, or that this user may not read, has none. Refused, with the
 * path, as in config_dir.h.
 */
int env_file_read(const char *path, size_t max_bytes, struct buf *ret, struct error *e);
/* The same of a text. */
void env_file_parse(const char *text, struct buf *ret);
