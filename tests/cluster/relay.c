/*
 * A TCP relay that tests break on purpose: `relay PORT` prints the port it listens on,
 * relays to 127.0.0.1:PORT and obeys the words on its standard input. Each is answered by
 * "ok"; the end of the input ends the relay.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "lib/base.h"

#define PAIRS_MAX 64

/* [0] is who connected, [1] is whom we relay to; both < 0: the slot is free. */
struct pair {
	int fd[2];
};

static struct pair pairs[PAIRS_MAX];
static bool refusing; /* new connections are closed at once */
static bool muted[2]; /* what comes from this side stays in the kernel */
static in_port_t target;

static struct sockaddr_in loopback(in_port_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int listen_somewhere(void)
{
	struct sockaddr_in at = loopback(0);
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 128) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		return -errno;
	printf("%d\n", ntohs(at.sin_port));
	return fd;
}

static void close_pair(struct pair *p)
{
	close_fd(&p->fd[0]);
	close_fd(&p->fd[1]);
}

static void cut_all(void)
{
	for (size_t i = 0; i < PAIRS_MAX; i++)
		close_pair(&pairs[i]);
}

static void take_connection(int listener)
{
	struct sockaddr_in to = loopback(target);
	autofd int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	autofd int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (refusing || client < 0 || server < 0 ||
	    connect(server, (struct sockaddr *)&to, sizeof(to)))
		return;
	for (size_t i = 0; i < PAIRS_MAX; i++)
		if (pairs[i].fd[0] < 0) {
			pairs[i].fd[0] = take_fd(client);
			pairs[i].fd[1] = take_fd(server);
			return;
		}
}

static void relay(struct pair *p, int from)
{
	char buf[65536];
	ssize_t n = read(p->fd[from], buf, sizeof(buf));

	if (n <= 0 || send(p->fd[!from], buf, (size_t)n, MSG_NOSIGNAL) != n)
		close_pair(p);
}

static void obey(const char *word)
{
	refusing = !strcmp(word, "down") || (refusing && strcmp(word, "up") != 0);
	if (!strcmp(word, "cut") || !strcmp(word, "down"))
		cut_all();
	else if (!strcmp(word, "mute-client"))
		muted[0] = true;
	else if (!strcmp(word, "mute-server"))
		muted[1] = true;
	else if (!strcmp(word, "unmute"))
		muted[0] = muted[1] = false;
	printf("ok\n");
}

/* Commands are written by one echo each, so a read holds whole lines. */
static bool read_commands(void)
{
	char buf[512], *rest = buf, *word;
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf) - 1);

	if (n <= 0)
		return false;
	buf[n] = '\0';
	while ((word = strsep(&rest, "\n")))
		if (*word)
			obey(word);
	return true;
}

static bool turn(int listener)
{
	struct pollfd fds[2 + 2 * PAIRS_MAX] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = listener, .events = POLLIN },
	};

	for (int i = 0; i < 2 * PAIRS_MAX; i++)
		fds[2 + i] = (struct pollfd){
			.fd = muted[i % 2] ? -1 : pairs[i / 2].fd[i % 2],
			.events = POLLIN,
		};
	if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		return errno == EINTR;
	for (int i = 0; i < 2 * PAIRS_MAX; i++)
		if (fds[2 + i].revents && pairs[i / 2].fd[0] >= 0)
			relay(&pairs[i / 2], i % 2);
	if (fds[1].revents)
		take_connection(listener);
	return !fds[0].revents || read_commands();
}

int main(int argc, char **argv)
{
	int listener;

	if (argc != 2) {
		fprintf(stderr, "usage: relay PORT\n");
		return 2;
	}
	target = (in_port_t)atoi(argv[1]);
	for (size_t i = 0; i < PAIRS_MAX; i++)
		pairs[i] = (struct pair){ .fd = { -EBADF, -EBADF } };
	setvbuf(stdout, NULL, _IONBF, 0);
	listener = listen_somewhere();
	if (listener < 0) {
		fprintf(stderr, "relay: %s\n", strerror(-listener));
		return 1;
	}
	while (turn(listener))
		;
	cut_all();
	return 0;
}
