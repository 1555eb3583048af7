/* What a person reads: foreign text made harmless, colours, aligned columns that fit. */
#pragma once

#include <stdio.h>

#include "lib/buf.h"

#define COLOUR_RED    "\033[31m"
#define COLOUR_GREEN  "\033[32m"
#define COLOUR_YELLOW "\033[33m"
#define COLOUR_NONE   "\033[0m"

/*
 * Appends UTF-8 text as it may be shown: control characters, and those that turn the
 * direction of writing, as \n, \t, \x1b, \u202e. A backslash stays what it is.
 */
void printable_add(struct buf *out, const char *text);

/* --color=auto: a terminal, without $NO_COLOR (no-color.org), and not a dumb one. */
bool terminal_has_colour(FILE *f);

/* Characters of an id that are shown at least. */
#define SHORT_ID 8

/* 0: not known, as of what is no terminal. */
struct terminal_size {
	unsigned columns, rows;
};
struct terminal_size terminal_size(FILE *f);

struct column {
	const char *title;
	bool right;     /* numbers */
	bool id;        /* its beginning will do where there is no room */
	unsigned spare; /* without room the largest is left out first; 0: never */
};

/* Rows of cells. Give it its columns; the rest starts as zero. */
struct table {
	const struct column *columns;
	unsigned width;       /* number of columns */
	unsigned room;        /* characters that a row is to have at most; 0: as many as it takes */
	char **cells;         /* row by row */
	const char **colours; /* of each cell; NULL: none */
	size_t count;
};

/*
 * Takes the text of the next cell, NULL for what is not known; it is shown as printable_add() does.
 * colour may be NULL.
 */
void table_add(struct table *t, char *text, const char *colour);
/* Appends titles and rows. The last row must be complete. */
void table_print(const struct table *t, struct buf *out);
void table_fini(struct table *t);
#define autotable cleanup(table_fini)
