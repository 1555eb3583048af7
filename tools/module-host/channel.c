/* A socket, and whoever of this process writes to it. */
#include "tools/module-host/channel.h"

#include <pthread.h>
#include <stdio.h>

#include "lib/fs.h"
#include "lib/module_host.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool hung_up;

void channel_tell(enum message_type type, const void *body)
{
	autobuf struct buf line = { 0 };

	message_encode(&line, type, NULL, NULL, body);
	pthread_mutex_lock(&lock);
	if (!hung_up && fs_write_all(MODULE_HOST_FD, line.data, line.len))
		_exit(EXIT_FAILURE);
	pthread_mutex_unlock(&lock);
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

	if (hung_up)
		fprintf(stderr, "%s%s%s\n", module ? module : "", module ? ": " : "", text);
	else
		channel_tell(MODULE_HOST_LOG, &log);
}
