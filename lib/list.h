/* An intrusive doubly linked ring: the head is a node, an empty ring points to itself. */
#pragma once

#include "lib/base.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	assert(l->next);
	return l->next == l;
}

static inline void list_append(struct list *head, struct list *node)
{
	assert(head->prev);
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* Takes the node out; doing so twice is harmless. */
static inline void list_remove(struct list *node)
{
	assert(node->prev && node->next);
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

#define list_entry(node, type, member) container_of(node, type, member)
#define list_first(head, type, member)                                                             \
	(list_empty(head) ? NULL : list_entry((head)->next, type, member))
/* The current entry may be removed and freed inside the loop. */
/* clang-format off */
#define list_for_each(it, head, member)                                                    \
	for (__typeof__(it) it##_next =                                                    \
		     ((it) = list_entry((head)->next, __typeof__(*(it)), member),          \
		      list_entry((it)->member.next, __typeof__(*(it)), member));           \
	     &(it)->member != (head);                                                      \
	     (it) = it##_next, it##_next = list_entry((it)->member.next, __typeof__(*(it)), \
						      member))
/* clang-format on */
