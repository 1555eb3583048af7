/* UTF-8, as RFC 3629 has it: what messages, views and terminals may be given. */
#pragma once

#include "lib/base.h"

/* Bytes of the character that the terminated text begins with; 0 if those bytes are none. */
size_t utf8_length(const char *text);
/*
 * Whether the character that the text begins with is what Unicode calls a noncharacter, such as
 * U+FFFE: it is UTF-8, but systemd takes no text with one.
 */
bool utf8_noncharacter(const char *text);
/* Whether all of it is UTF-8. */
bool utf8_valid(const char *text);
/* Replaces each byte that belongs to no character by '?'. */
void utf8_repair(char *text);
/* Of a text that was cut: drops the part of a character at its end, if there is one. */
void utf8_drop_part(char *text);
