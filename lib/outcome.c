/* The reader; its writer is agent/executor/record.c. */
#include "lib/outcome.h"

#include <fcntl.h>

/* One read(2): a regular file gives all it has. */
static int read_block(const char *path, char block[static OUTCOME_BYTES], size_t *ret,
		      struct error *e)
{
	autofd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return error_sys(e, "open %s", path);
	n = read(fd, block, OUTCOME_BYTES);
	if (n < 0)
		return error_sys(e, "read %s", path);
	*ret = (size_t)n;
	return 0;
}

int outcome_read(const char *path, struct message *ret, struct error *e)
{
	automessage struct message m = { 0 };
	char block[OUTCOME_BYTES];
	const char *end;
	size_t len = 0;
	int r = read_block(path, block, &len, e);

	if (r)
		return r;
	/*
	 * A NUL is where it was not written, be that after the line or in a block torn by a crash.
	 */
	end = memchr(block, '\n', strnlen(block, len));
	if (!end)
		return error_set(e, ENODATA, "%s: no outcome was written", path);
	r = message_decode(LANGUAGE_SUPERVISOR, block, (size_t)(end - block), &m, e);
	if (!r && m.type != SUPERVISOR_FAILED && m.type != SUPERVISOR_EXITED)
		r = error_set(e, EBADMSG, "%s is no outcome", message_arm(m.type)->name);
	if (r) {
		error_wrap(e, "%s", path);
		e->code = EBADMSG;
		return -EBADMSG;
	}
	*ret = m;
	m = (struct message){ 0 };
	return 0;
}
