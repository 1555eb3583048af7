/* Room on the disk that is kept for the store: a file, removed when the disk is full. */
#pragma once

#include "lib/error.h"

/*
 * Makes the file, on disk, unless it is there: fallocate(2), or zeros. 0 bytes: removes it. When
 * the disk has too little space there is none, and e says so: -ENOSPC or -EDQUOT.
 */
int store_reserve_make(const char *path, uint64_t bytes, struct error *e);
/* Gives the room back; whether there was any. */
bool store_reserve_drop(const char *path);
/* Whether the disk has so much room that making one now leaves the tasks some. */
bool store_reserve_fits(const char *path, uint64_t bytes);
