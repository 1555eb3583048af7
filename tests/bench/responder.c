/*
 * The least that can answer HTTP: `responder BYTES` prints its port, then answers every
 * request on loopback with a body of so many bytes. What metrics-http.sh compares with.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lib/buf.h"

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void make_answer(struct buf *out, size_t bytes)
{
	buf_addf(out,
		 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		 bytes);
	memset(buf_reserve(out, bytes), 'x', bytes);
	out->len += bytes;
}

/* One answer for each end of a request that was read; wrk sends no bodies. */
static void answer(int fd, const struct buf *with)
{
	char in[65536];
	ssize_t n = recv(fd, in, sizeof(in), MSG_DONTWAIT);

	for (char *at = in; n > 0 && (at = memmem(at, (size_t)(in + n - at), "\r\n\r\n", 4));
	     at += 4)
		if (send(fd, with->data, with->len, MSG_NOSIGNAL) < 0)
			break;
	if (n == 0)
		close(fd);
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		die("watch");
}

static int listen_somewhere(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(at);

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 1024) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		die("listen");
	printf("%u\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), listening = listen_somewhere();
	struct buf text = { 0 };

	make_answer(&text, argc > 1 ? strtoul(argv[1], NULL, 10) : 2048);
	watch(epoll, listening);
	for (;;) {
		struct epoll_event ready[64];
		int n = epoll_wait(epoll, ready, ARRAY_SIZE(ready), -1);

		for (int i = 0; i < n; i++)
			if (ready[i].data.fd == listening)
				watch(epoll, accept4(listening, NULL, NULL, SOCK_CLOEXEC));
			else
				answer(ready[i].data.fd, &text);
	}
}
