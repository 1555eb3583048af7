/*
 * The least that can answer HTTP: `responder BYTES` prints its port, then answers every
 * request on loopback with a body of so many bytes. What metrics-http.sh compares with.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#include "lib/buf.h"
#include "tests/bench/common.h"

static void make_answer(struct buf *out, size_t bytes)
{
	buf_addf(out,
		 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		 bytes);
	memset(buf_reserve(out, bytes), 'x', bytes);
	out->len += bytes;
}

/* One answer for each end of a request that was read; wrk sends no bodies. */
static void answer(int fd, void *ctx)
{
	const struct buf *with = ctx;
	char in[65536];
	ssize_t n = recv(fd, in, sizeof(in), MSG_DONTWAIT);

	for (char *at = in; n > 0 && (at = memmem(at, (size_t)(in + n - at), "\r\n\r\n", 4));
	     at += 4)
		if (send(fd, with->data, with->len, MSG_NOSIGNAL) < 0)
			break;
	if (n == 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in at;
	int listening = listen_somewhere(&at);
	struct buf text = { 0 };

	make_answer(&text, argc > 1 ? strtoul(argv[1], NULL, 10) : 2048);
	printf("%u\n", ntohs(at.sin_port));
	fflush(stdout);
	serve_bare(listening, answer, &text);
}
