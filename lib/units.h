/*
 * Durations and sizes as Mesos writes them: "15secs", "1mins", "64MB".
 * Grammar and printing follow Mesos 0.22 (stout duration.hpp and bytes.hpp).
 */
#pragma once

#include "lib/buf.h"
#include "lib/error.h"

/*
 * <decimal><unit> with unit one of ns us ms secs mins hrs days weeks; never
 * negative. Nanoseconds in *ret. -EINVAL names the text and the units, -ERANGE if
 * it does not fit.
 */
int duration_parse(const char *text, int64_t *ret, struct error *e);
/* The unit by magnitude, the next smaller one if that is exact: 90secs, 1500ms, 7 days "1weeks". */
void duration_print(int64_t ns, struct buf *out);

/* <integer><unit>, unit one of B KB MB GB TB in any case, powers of 1024. -EINVAL, -ERANGE. */
int bytes_parse(const char *text, uint64_t *ret, struct error *e);
/* The largest unit that loses nothing: 2101248 is "2052KB", 0 is "0B". */
void bytes_print(uint64_t bytes, struct buf *out);
/* For people: three significant digits and a unit, "61.4MB". */
void bytes_print_human(uint64_t bytes, struct buf *out);

/* A whole non-negative decimal number and nothing else. -EINVAL, -ERANGE. */
int u64_parse(const char *text, uint64_t *ret, struct error *e);

/*
 * The exact way from decimal text to fixed point: digits with an optional point at
 * the start of text, times scale, rounded half up. *end is behind them. 0; -EINVAL
 * if there is no digit; -ERANGE (with *end set) if it does not fit.
 */
int decimal_parse(const char *text, int64_t scale, int64_t *ret, const char **end);
