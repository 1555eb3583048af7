/* What linux/seccomp asks of the library. */
#pragma once

#include "lib/error.h"

/* The number of a system call here. -ENOSYS, naming it, if the library is too old to know it. */
int linux_seccomp_number(const char *name, int *ret, struct error *e);
