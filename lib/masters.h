/* The text of --master: where one or several masters listen. */
#pragma once

#include "lib/base.h"
#include "lib/error.h"

#define MASTER_PORT "5050"
#define MASTERS_MAX 16

/* Addresses as stream_connect() takes them. Zero-initialise. */
struct masters {
	char *list[MASTERS_MAX];
	size_t count;
};

#define automasters cleanup(masters_fini)

/*
 * "host", "host:port", "[v6]:port", each also behind "master@", separated by commas; the
 * port is 5050 where none is given. -EINVAL if there is none, too many, or one makes no sense.
 */
int masters_parse(const char *text, struct masters *ret, struct error *e);
void masters_fini(struct masters *m);
