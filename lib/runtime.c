/* Where --runtime_dir is, and whether nobody else has his hands in it; where state is kept. */
#include "lib/runtime.h"

#include <sys/stat.h>

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

char *state_dir_default(const char *name)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (!geteuid())
		return path_join("/var/lib/mesos", name);
	if (state && *state == '/')
		return xasprintf("%s/mesos/%s", state, name);
	if (home && *home == '/')
		return xasprintf("%s/.local/state/mesos/%s", home, name);
	return NULL;
}

static bool trusted(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

/*
 * In a directory that others may write to, /tmp, they can make the next one before us: so its
 * owner counts, a symbolic link's too. Only the sticky bit keeps them from renaming it later.
 */
static int check(const char *path, mode_t others, struct error *e)
{
	struct stat st;

	if (lstat(path, &st))
		return error_sys(e, "look at %s", path);
	if (!trusted(&st))
		return error_set(e, EPERM, "%s belongs to another user: choose another directory",
				 path);
	if (S_ISLNK(st.st_mode) && stat(path, &st))
		return error_sys(e, "look at %s", path);
	if (!S_ISDIR(st.st_mode))
		return error_set(e, ENOTDIR, "%s is not a directory", path);
	if (!trusted(&st))
		return error_set(e, EPERM, "%s belongs to another user: choose another directory",
				 path);
	if (st.st_mode & others && !(st.st_mode & S_ISVTX))
		return error_set(e, EPERM, "others may write to %s: chmod go-w %s", path, path);
	return 0;
}

static int make(const char *path, mode_t others, struct error *e)
{
	/* Executors of other users, which only root has, must get through to their socket. */
	if (mkdir(path, geteuid() ? 0700 : 0755) && errno != EEXIST)
		return error_sys(e, "create directory %s", path);
	return check(path, others, e);
}

int runtime_dir_make(const char *path, struct error *e)
{
	autofree char *copy = xstrdup(path);
	int r = 0;

	assert(*path == '/');
	for (char *p = copy + 1; !r && (p = strchr(p, '/')); p++) {
		*p = '\0';
		r = make(copy, S_IWOTH, e);
		*p = '/';
	}
	return r ? r : make(path, S_IWGRP | S_IWOTH, e);
}
