/*
 * Flags as files, as the packages of Mesosphere had them: /etc/mesos-agent/port holds "5051",
 * /etc/mesos-agent/?strict or ?no-strict switches, attributes/rack and resources/mem are put
 * together. What comes of it reads like a command line.
 */
#pragma once

#include "lib/buf.h"
#include "lib/error.h"

/* In one directory; more are refused. */
#define CONFIG_ENTRIES_MAX 1000

struct config_flag {
	char *path;     /* of the file, for messages */
	char *argument; /* "--name=value", "--flag", "--no-flag" */
};

struct config {
	struct config_flag *list;
	size_t count;
};

/*
 * Fills a zeroed config, in the order of the names. A directory that is missing has no flags; a
 * name that begins with a dot is passed over, and so is one that wanted (NULL: all are) does not
 * want, which is not opened. Refused, with the path: what belongs to others than root and us, or
 * may be written by others; what is no regular file; what is larger than max_bytes or has a NUL.
 */
int config_dir_read(const char *path, size_t max_bytes,
		    bool (*wanted)(const char *name, const void *ctx), const void *ctx,
		    struct config *ret, struct error *e);
void config_fini(struct config *c);

/* All of one file, under the same conditions but for a NUL. -ENOENT if it is missing. */
int config_file_read(const char *path, size_t max_bytes, struct buf *ret, struct error *e);
