/* posix_spawnattr_setsigmask(3) and posix_spawnattr_setsigdefault(3). */
#include "lib/spawn.h"

#include <signal.h>

int spawn_attributes(posix_spawnattr_t *attributes, short flags)
{
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	r = posix_spawnattr_setsigmask(attributes, &none);
	if (!r)
		r = posix_spawnattr_setsigdefault(attributes, &all);
	if (!r)
		r = posix_spawnattr_setflags(attributes, (short)(flags | POSIX_SPAWN_SETSIGMASK |
								 POSIX_SPAWN_SETSIGDEF));
	return r;
}
