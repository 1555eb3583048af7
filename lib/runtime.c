/* The default of --runtime_dir. */
#include "lib/runtime.h"

#include "lib/fs.h"

char *runtime_dir_default(void)
{
	const char *user_dir = getenv("XDG_RUNTIME_DIR");

	if (!geteuid())
		return xstrdup("/run/mesos");
	if (user_dir && *user_dir == '/')
		return path_join(user_dir, "mesos");
	return xasprintf("/tmp/mesos-%u/run", (unsigned)geteuid());
}
