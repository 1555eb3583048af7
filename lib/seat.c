/* Seats: one counter for all, one for each peer that has any. */
#include "lib/seat.h"

#include <netinet/in.h>
#include <uthash.h>

struct peer_key {
	uint32_t kind; /* the address family */
	uint8_t bytes[8];
};

struct peer {
	struct peer_key key;
	unsigned taken;
	UT_hash_handle hh;
};

struct seats {
	unsigned total, per_peer, taken, unknown;
	bool freed; /* the last seat takes the table along */
	struct peer *peers;
};

struct seat {
	struct seats *table;
	struct peer_key key;
	struct peer *peer; /* NULL: trusted */
};

static struct peer_key key_of(const struct sockaddr *from, const struct ucred *cred)
{
	struct peer_key key = { .kind = from->sa_family };
	const struct in6_addr *six;

	if (cred) {
		key.kind = AF_UNIX;
		memcpy(key.bytes, &cred->uid, sizeof(cred->uid));
	} else if (from->sa_family == AF_INET) {
		memcpy(key.bytes, &((const struct sockaddr_in *)from)->sin_addr, 4);
	} else if (from->sa_family == AF_INET6) {
		six = &((const struct sockaddr_in6 *)from)->sin6_addr;
		key.kind = IN6_IS_ADDR_V4MAPPED(six) ? AF_INET : AF_INET6;
		if (key.kind == AF_INET)
			memcpy(key.bytes, six->s6_addr + 12, 4);
		else
			memcpy(key.bytes, six->s6_addr, 8);
	}
	return key;
}

struct seats *seats_new(unsigned total, unsigned per_peer)
{
	struct seats *t = xcalloc(1, sizeof(*t));

	t->total = total;
	t->per_peer = per_peer;
	return t;
}

static void free_when_unused(struct seats *t)
{
	if (t->freed && !t->taken)
		free(t);
}

void seats_free(struct seats *t)
{
	if (!t)
		return;
	assert(!t->freed);
	t->freed = true;
	free_when_unused(t);
}

unsigned seats_taken(const struct seats *t)
{
	return t->taken;
}

unsigned seats_unknown(const struct seats *t)
{
	return t->unknown;
}

static struct peer *peer_get(struct seats *t, const struct peer_key *key)
{
	struct peer *p;

	HASH_FIND(hh, t->peers, key, sizeof(*key), p);
	if (p)
		return p;
	p = xcalloc(1, sizeof(*p));
	p->key = *key;
	HASH_ADD(hh, t->peers, key, sizeof(p->key), p);
	return p;
}

static void peer_put(struct seats *t, struct peer *p)
{
	assert(p->taken > 0);
	if (--p->taken)
		return;
	HASH_DEL(t->peers, p);
	free(p);
}

enum seat_refusal seat_take(struct seats *t, const struct sockaddr *from, const struct ucred *cred,
			    struct seat **ret)
{
	struct peer_key key = key_of(from, cred);
	struct peer *p;

	assert(!t->freed);
	if (t->total && t->taken >= t->total)
		return SEAT_FULL;
	p = peer_get(t, &key);
	if (t->per_peer && p->taken >= t->per_peer)
		return SEAT_PEER_FULL;
	p->taken++;
	t->taken++;
	t->unknown++;
	*ret = xcalloc(1, sizeof(**ret));
	**ret = (struct seat){ .table = t, .key = key, .peer = p };
	return SEAT_OK;
}

void seat_trust(struct seat *s)
{
	if (!s || !s->peer)
		return;
	s->table->unknown--;
	peer_put(s->table, take_ptr(s->peer));
}

void seat_doubt(struct seat *s)
{
	if (!s || s->peer)
		return;
	s->peer = peer_get(s->table, &s->key);
	s->peer->taken++;
	s->table->unknown++;
}

void seat_release(struct seat *s)
{
	struct seats *t;

	if (!s)
		return;
	t = s->table;
	assert(t->taken > 0);
	seat_trust(s);
	t->taken--;
	free(s);
	free_when_unused(t);
}
