/* UTF-8, as RFC 3629 has it: what messages, views and terminals may be given. */
#pragma once

#include "lib/base.h"

/* Bytes of the character that the terminated text begins with; 0 if those bytes are none. */
size_t utf8_length(const char *text);
/* Whether all of it is UTF-8. */
bool utf8_valid(const char *text);
/* Replaces each byte that belongs to no character by '?'. */
void utf8_repair(char *text);
