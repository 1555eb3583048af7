/*
 * A master by hand: `liar` listens on 127.0.0.1, prints the port, and then for each connection
 * "connected", what comes, and "closed". Lines of its standard input go to the connection that
 * is newest; "@drop" closes it. The end of the input ends it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "lib/base.h"

static int peer = -EBADF;

static int listen_somewhere(void)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		return -errno;
	printf("%d\n", ntohs(at.sin_port));
	return fd;
}

static void drop(void)
{
	if (peer >= 0)
		printf("closed\n");
	close_fd(&peer);
}

static void take_connection(int listener)
{
	drop();
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (peer >= 0)
		printf("connected\n");
}

static void hear(void)
{
	char text[4096];
	ssize_t n = read(peer, text, sizeof(text));

	if (n > 0)
		fwrite(text, 1, (size_t)n, stdout);
	else
		drop();
}

/* Whoever writes to our input writes whole lines. */
static bool obey(void)
{
	static char text[64 * 1024];
	ssize_t n = read(STDIN_FILENO, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	if (str_equal(text, "@drop\n") || (peer >= 0 && write(peer, text, (size_t)n) < n))
		drop();
	return true;
}

int main(void)
{
	int listener;

	setvbuf(stdout, NULL, _IONBF, 0);
	signal(SIGPIPE, SIG_IGN);
	listener = listen_somewhere();
	if (listener < 0)
		return 1;
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = STDIN_FILENO, .events = POLLIN },
			{ .fd = listener, .events = POLLIN },
			{ .fd = peer, .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			return 1;
		if (fds[2].revents)
			hear();
		if (fds[0].revents && !obey())
			return 0;
		if (fds[1].revents)
			take_connection(listener);
	}
}
