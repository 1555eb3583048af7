/* Sockets, an epoll loop and numbers for the benchmarks. */
#include "tests/bench/common.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define BACKLOG 1024

void die(const char *what)
{
	perror(what);
	exit(1);
}

void check(int r, const struct error *e)
{
	if (!r)
		return;
	fprintf(stderr, "%s\n", e->text);
	exit(1);
}

int listen_somewhere(struct sockaddr_in *ret)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*ret);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (bind(fd, (struct sockaddr *)ret, sizeof(*ret)) || listen(fd, BACKLOG) ||
	    getsockname(fd, (struct sockaddr *)ret, &len))
		die("listen");
	return fd;
}

void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		die("watch");
}

void serve_bare(int listening, void (*ready)(int fd, void *ctx), void *ctx)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	watch(epoll, listening);
	for (;;) {
		struct epoll_event events[64];
		int n = epoll_wait(epoll, events, ARRAY_SIZE(events), -1);

		for (int i = 0; i < n; i++)
			if (events[i].data.fd == listening)
				watch(epoll, accept4(listening, NULL, NULL, SOCK_CLOEXEC));
			else
				ready(events[i].data.fd, ctx);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *v, size_t n)
{
	assert(n);
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}
