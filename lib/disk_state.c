#include "lib/disk_state.h"

/* The first that is so is what an operator has to know. */
enum disk_state disk_state_of(const struct disk_facts *f)
{
	if (f->killed)
		return DISK_KILLED;
	if (f->ended)
		return DISK_ENDED;
	if (f->gone)
		return DISK_GONE;
	if (f->in_vain)
		return DISK_UNENFORCED;
	if (f->over)
		return DISK_OVER;
	if (f->denied) /* be it by the default of all that have no limit */
		return DISK_DENIED;
	if (!f->limited)
		return DISK_UNLIMITED;
	if (!f->measured)
		return DISK_UNMEASURED;
	return f->near ? DISK_NEAR : DISK_OK;
}
