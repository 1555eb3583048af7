/* Names of sockets, and their options. */
#include "lib/socket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>

#ifndef TCP_RTO_MAX_MS /* Linux 6.15; an older kernel refuses it, and waits for up to two minutes */
#define TCP_RTO_MAX_MS 44
#endif

static void print_ip(const struct sockaddr_storage *a, char ret[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in *four = (const struct sockaddr_in *)a;

	*ret = '\0';
	if (a->ss_family == AF_INET)
		inet_ntop(AF_INET, &four->sin_addr, ret, INET6_ADDRSTRLEN);
	else if (a->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, ret, INET6_ADDRSTRLEN);
	else if (a->ss_family == AF_INET6)
		inet_ntop(AF_INET6, &six->sin6_addr, ret, INET6_ADDRSTRLEN);
}

char *socket_peer(int fd)
{
	struct sockaddr_storage from = { 0 };
	socklen_t len = sizeof(from);
	char ip[INET6_ADDRSTRLEN];
	struct ucred cred;
	unsigned port;

	if (getpeername(fd, (struct sockaddr *)&from, &len))
		return xstrdup("a peer that left");
	if (socket_cred(fd, &cred))
		return xasprintf("uid %u", cred.uid);
	print_ip(&from, ip);
	/* The port lies at the same place in both kinds of address. */
	port = ntohs(((const struct sockaddr_in *)&from)->sin_port);
	return xasprintf(strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, port);
}

char *socket_ip(int fd, uint16_t *port)
{
	struct sockaddr_storage at = { 0 };
	socklen_t len = sizeof(at);
	char ip[INET6_ADDRSTRLEN];
	int r = getsockname(fd, (struct sockaddr *)&at, &len);

	assert(!r);
	print_ip(&at, ip);
	*port = ntohs(((const struct sockaddr_in *)&at)->sin_port);
	return xstrdup(ip);
}

/* The kernel answers the question for TCP too, with nobody: ask for the domain first. */
bool socket_cred(int fd, struct ucred *ret)
{
	socklen_t len = sizeof(*ret), domain_len = sizeof(int);
	int domain = AF_UNSPEC;

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len) || domain != AF_UNIX)
		return false;
	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret, &len);
}

void socket_tune_tcp(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ .level = IPPROTO_TCP, .name = TCP_NODELAY, .value = 1 },
		{ .level = SOL_SOCKET, .name = SO_KEEPALIVE, .value = 1 },
		{ .level = IPPROTO_TCP, .name = TCP_KEEPIDLE, .value = 60 }, /* seconds */
		{ .level = IPPROTO_TCP, .name = TCP_KEEPINTVL, .value = 10 },
		{ .level = IPPROTO_TCP, .name = TCP_KEEPCNT, .value = 6 },
		{ .level = IPPROTO_TCP, .name = TCP_USER_TIMEOUT, .value = 120 * 1000 }, /* ms */
		{ .level = IPPROTO_TCP, .name = TCP_RTO_MAX_MS, .value = 4 * 1000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}
