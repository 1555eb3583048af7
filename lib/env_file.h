/*
 * Variables in a file, as systemd 252 reads it for EnvironmentFile= (systemd.exec(5)): NAME=value,
 * a line each; lines that begin with # or ; are comments; a value may begin with quoted parts, one
 * or more, and what is quoted has as many lines as it likes.
 */
#pragma once

#include "lib/buf.h"
#include "lib/error.h"

/*
 * Appends each as "NAME=value", terminated by a NUL, in the order of the file; of one name the last
 * counts. A line that has no =, or before it what is no name, is passed over. A file that is
 * missing, or that this user may not read, has none; nor has one with a NUL, or with a name or a
 * value that is not UTF-8 or has a noncharacter: to systemd it is as if it were not there. Refused,
 * with the path, as in config_dir.h.
 */
int env_file_read(const char *path, size_t max_bytes, struct buf *ret, struct error *e);
/* The same of a text. */
void env_file_parse(const char *text, struct buf *ret);
