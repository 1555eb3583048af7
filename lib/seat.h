/*
 * Seats: how many connections there may be, in all and from one peer. A connection
 * holds a seat from accept to its end, whoever looks after it by then.
 */
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include "lib/base.h"

struct seats;
struct seat;

enum seat_refusal { SEAT_OK, SEAT_FULL, SEAT_PEER_FULL };

/* 0 is no limit. The table lives until it was freed and its last seat released. */
struct seats *seats_new(unsigned total, unsigned per_peer);
void seats_free(struct seats *t);
/* How many are taken, and of these not trusted. */
unsigned seats_taken(const struct seats *t);
unsigned seats_unknown(const struct seats *t);
/*
 * A peer is an IPv4 address, an IPv6 /64 network (what one customer is given), or a
 * user id when cred is not NULL. SEAT_OK sets *ret.
 */
enum seat_refusal seat_take(struct seats *t, const struct sockaddr *from, const struct ucred *cred,
			    struct seat **ret);
/*
 * Who holds it is known by now (a registered agent, a container's supervisor) and has limits of
 * its own: it counts in all, but against its peer no more. A thousand agents may come from behind
 * one address. NULL is accepted, and a second time does nothing.
 */
void seat_trust(struct seat *s);
/*
 * The opposite, though its peer may have more than the limit by that. Who is shown out keeps its
 * seat until it has read what it was told, and could come back and be trusted again meanwhile.
 */
void seat_doubt(struct seat *s);
/* NULL is accepted. */
void seat_release(struct seat *s);
