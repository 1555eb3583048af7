/* Two sums, of names and of bytes, that have a maximum. */
#include "agent/disk/scan_bounds.h"

void scan_bounds_init(struct scan_bounds *b, const atomic_bool *cancel, uint64_t names_max,
		      uint64_t memory_max)
{
	*b = (struct scan_bounds){
		.cancel = cancel,
		.names_max = names_max ?: SCAN_NAMES_MAX,
		.memory_max = memory_max ?: SCAN_MEMORY_MAX,
	};
}

void scan_bounds_looked(struct scan_bounds *b, uint64_t names)
{
	uint64_t before = atomic_fetch_add_explicit(&b->names, names, memory_order_relaxed);

	if (before + names >= b->names_max)
		atomic_store_explicit(&b->ended, true, memory_order_relaxed);
}

static bool is_set(const atomic_bool *b)
{
	return atomic_load_explicit(b, memory_order_relaxed);
}

bool scan_bounds_cancelled(const struct scan_bounds *b)
{
	return b->cancel && is_set(b->cancel);
}

bool scan_bounds_stopped(const struct scan_bounds *b)
{
	return scan_bounds_cancelled(b) || is_set(&b->ended);
}

bool scan_bounds_have_room(struct scan_bounds *b, size_t bytes)
{
	uint64_t before = atomic_fetch_add_explicit(&b->memory, bytes, memory_order_relaxed);

	if (before + bytes <= b->memory_max)
		return true;
	scan_bounds_release(b, bytes);
	atomic_store_explicit(&b->left_out, true, memory_order_relaxed);
	return false;
}

void scan_bounds_hold(struct scan_bounds *b, size_t bytes)
{
	atomic_fetch_add_explicit(&b->memory, bytes, memory_order_relaxed);
}

void scan_bounds_release(struct scan_bounds *b, size_t bytes)
{
	atomic_fetch_sub_explicit(&b->memory, bytes, memory_order_relaxed);
}

bool scan_bounds_cut(const struct scan_bounds *b)
{
	return is_set(&b->ended) || is_set(&b->left_out);
}
