/* Filters, by framework: most refuse all of an agent, which is a mere deadline. */
#include "master/refusals.h"

/* Filters of one framework for one agent; the oldest makes room. */
#define FILTERS_MAX 8

struct filter {
	struct filter *next; /* older */
	struct resources refused;
	int64_t until;
};

struct refusal {
	int64_t all_until;   /* whatever it is: refused was no less than the agent's total */
	struct filter *some; /* parts */
};

/* Takes the filter out that *at points to. */
static void drop_filter(struct filter **at)
{
	struct filter *f = *at;

	*at = f->next;
	resources_fini(&f->refused);
	free(f);
}

static void forget(struct refusal *of)
{
	of->all_until = 0;
	while (of->some)
		drop_filter(&of->some);
}

/* Older filters that the new one makes useless go, and those too many. */
static void add_filter(struct refusal *of, const struct resources *refused, int64_t until)
{
	struct filter *f = xcalloc(1, sizeof(*f)), **at = &f->next;
	size_t n = 1;

	f->until = until;
	resources_copy(&f->refused, refused);
	f->next = of->some;
	of->some = f;
	while (*at)
		if (n == FILTERS_MAX ||
		    ((*at)->until <= until && resources_contains(refused, &(*at)->refused))) {
			drop_filter(at);
		} else {
			at = &(*at)->next;
			n++;
		}
}

static struct refusal *get(struct refusals *t, size_t slot)
{
	if (slot >= t->count) {
		t->by_slot = xreallocarray(t->by_slot, slot + 1, sizeof(*t->by_slot));
		memset(t->by_slot + t->count, 0, (slot + 1 - t->count) * sizeof(*t->by_slot));
		t->count = slot + 1;
	}
	return &t->by_slot[slot];
}

void refusals_add(struct refusals *t, size_t slot, const struct resources *refused,
		  const struct resources *total, int64_t until)
{
	struct refusal *of = get(t, slot);

	if (resources_contains(refused, total))
		of->all_until = MAX(of->all_until, until);
	else
		add_filter(of, refused, until);
}

bool refusals_match(struct refusals *t, size_t slot, const struct resources *r, int64_t now,
		    int64_t *idle_until)
{
	struct refusal *of;
	struct filter **at;

	if (slot >= t->count)
		return false;
	of = &t->by_slot[slot];
	if (of->all_until > now) {
		*idle_until = MIN(*idle_until, of->all_until);
		return true;
	}
	for (at = &of->some; *at;)
		if ((*at)->until <= now) {
			drop_filter(at);
		} else if (resources_contains(&(*at)->refused, r)) {
			*idle_until = MIN(*idle_until, (*at)->until);
			return true;
		} else {
			at = &(*at)->next;
		}
	return false;
}

void refusals_forget(struct refusals *t, size_t slot)
{
	if (slot < t->count)
		forget(&t->by_slot[slot]);
}

void refusals_total_changed(struct refusals *t)
{
	for (size_t i = 0; i < t->count; i++)
		t->by_slot[i].all_until = 0;
}

void refusals_fini(struct refusals *t)
{
	for (size_t i = 0; i < t->count; i++)
		forget(&t->by_slot[i]);
	free(t->by_slot);
	*t = (struct refusals){ 0 };
}
