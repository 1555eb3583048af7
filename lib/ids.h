/*
 * Names of things. Ids carry no address: a changed hostname or IP is no new
 * identity.
 */
#pragma once

#include "lib/base.h"
#include "lib/error.h"

#define ID_MAX    255
#define UUID_TEXT 37 /* with the terminating zero */

/* Random (version 4) UUID: getrandom(2). */
void uuid_new(uint8_t ret[16]);
void uuid_print(const uint8_t uuid[16], char ret[UUID_TEXT]);
/* A random UUID as text; the caller frees. */
char *uuid_text_new(void);
/* Whether it has the form that uuid_print() gives. */
bool uuid_text_valid(const char *text);
/*
 * What may be an id of a framework, executor or task, which also becomes the name of
 * a directory: 1 to 255 bytes, not "." or "..", no control character, '/' or '\'.
 */
bool id_valid(const char *id);
/* The same text, in a time that does not tell how much of it is; NULL equals nothing. */
bool secret_equal(const char *a, const char *b);
