/* A socket, and whoever of this process writes to it. */
#include "tools/module-host/channel.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

#include "lib/module_host.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool hung_up;

/* Whether the daemon takes it: whoever holds the lock. */
static bool send_all(const struct buf *line)
{
	size_t done = 0;

	while (!hung_up && done < line->len) {
		ssize_t n = send(MODULE_HOST_FD, line->data + done, line->len - done, MSG_NOSIGNAL);

		if (n > 0)
			done += (size_t)n;
		else if (errno != EINTR)
			hung_up = true; /* its end is read where calls are */
	}
	return !hung_up;
}

/* A thread that is cancelled meanwhile would leave the lock behind. */
static bool tell(enum message_type type, const void *body)
{
	autobuf struct buf line = { 0 };
	int state;
	bool told;

	message_encode(&line, type, NULL, NULL, body);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	pthread_mutex_lock(&lock);
	told = send_all(&line);
	pthread_mutex_unlock(&lock);
	pthread_setcancelstate(state, NULL);
	return told;
}

void channel_tell(enum message_type type, const void *body)
{
	tell(type, body);
}

void channel_hung_up(void)
{
	pthread_mutex_lock(&lock);
	hung_up = true;
	pthread_mutex_unlock(&lock);
}

void channel_log(const char *module, const char *text)
{
	const struct module_log log = {
		.module = (char *)(uintptr_t)module,
		.text = (char *)(uintptr_t)text,
	};

	if (!tell(MODULE_HOST_LOG, &log))
		fprintf(stderr, "%s%s%s\n", module ? module : "", module ? ": " : "", text);
}
