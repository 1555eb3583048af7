/* What mesos-local hears of its master's readiness. */
#include "tools/local-ready.h"

#include <stdlib.h>
#include <stdalign.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MESSAGE_MAX 4096

/* An abstract address that the kernel chooses: nothing to remove at the end, nothing too long. */
static int bind_anywhere(int fd)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(un.sun_family);

	if (bind(fd, (struct sockaddr *)&un, len))
		return -1;
	len = sizeof(un) - 1;
	if (getsockname(fd, (struct sockaddr *)&un, &len))
		return -1;
	un.sun_path[0] = '@';
	un.sun_path[len - offsetof(struct sockaddr_un, sun_path)] = '\0';
	return setenv("NOTIFY_SOCKET", un.sun_path, true);
}

int ready_listen(sd_event *loop, sd_event_io_handler_t on_input, void *arg,
		 sd_event_source **source, struct error *e)
{
	autofd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &(int){ 1 }, sizeof(int)) ||
	    bind_anywhere(fd))
		return error_sys(e, "socket to hear from the master");
	r = sd_event_add_io(loop, source, fd, EPOLLIN, on_input, arg);
	if (r < 0)
		return error_set(e, -r, "event loop: %s", strerror(-r));
	sd_event_source_set_io_fd_own(*source, true);
	(void)take_fd(fd);
	return 0;
}

static bool is_from(struct msghdr *m, pid_t from)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct ucred who;

	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
		return false;
	memcpy(&who, CMSG_DATA(c), sizeof(who));
	return who.pid == from;
}

/* The control data has room for nothing else, so that descriptors which were sent are not taken. */
bool ready_heard(int fd, pid_t from)
{
	char text[MESSAGE_MAX + 1];
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = { .iov_base = text, .iov_len = MESSAGE_MAX };
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);

	if (n < 0 || !is_from(&m, from))
		return false;
	text[n] = '\0';
	for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
		if (!strcmp(line, "READY=1"))
			return true;
	return false;
}
