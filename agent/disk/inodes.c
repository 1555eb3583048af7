/* A set of inode numbers: open addressing, linear probing, at most half full. */
#include "agent/disk/inodes.h"

enum { FIRST_SLOTS = 256 };

void inodes_init(struct inodes *s)
{
	*s = (struct inodes){ .lock = PTHREAD_MUTEX_INITIALIZER };
}

void inodes_fini(struct inodes *s)
{
	if (!s)
		return;
	free(s->slots);
	s->slots = NULL;
	s->n_slots = s->n_used = 0;
	s->has_zero = false;
}

/* Where ino lies, or would. The top bits of the product: filesystems hand inodes out in strides. */
static uint64_t *find_slot(uint64_t *slots, size_t n_slots, uint64_t ino)
{
	unsigned shift = 64 - (unsigned)__builtin_ctzll(n_slots);
	size_t i = (ino * UINT64_C(0x9e3779b97f4a7c15)) >> shift;

	while (slots[i] && slots[i] != ino)
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

static void grow(struct inodes *s)
{
	size_t n_slots = s->n_slots ? 2 * s->n_slots : FIRST_SLOTS;
	uint64_t *slots = xcalloc(n_slots, sizeof(*slots));

	for (size_t i = 0; i < s->n_slots; i++) {
		if (s->slots[i])
			*find_slot(slots, n_slots, s->slots[i]) = s->slots[i];
	}
	free(s->slots);
	s->slots = slots;
	s->n_slots = n_slots;
}

static bool add_locked(struct inodes *s, uint64_t ino)
{
	uint64_t *slot;

	if (!ino) {
		bool is_new = !s->has_zero;

		s->has_zero = true;
		return is_new;
	}
	if (2 * (s->n_used + 1) > s->n_slots)
		grow(s);
	slot = find_slot(s->slots, s->n_slots, ino);
	if (*slot)
		return false;
	*slot = ino;
	s->n_used++;
	return true;
}

bool inodes_add(struct inodes *s, uint64_t ino)
{
	bool is_new;

	pthread_mutex_lock(&s->lock);
	is_new = add_locked(s, ino);
	pthread_mutex_unlock(&s->lock);
	return is_new;
}
