/* What a connected socket can be asked, and how ours are set up. */
#pragma once

#include <sys/socket.h>

#include "lib/base.h"

/*
 * The other end: "10.0.0.7:4711", "[::1]:4711", "uid 1000" for a Unix socket. IPv4
 * inside IPv6 is shown as IPv4. The caller frees.
 */
char *socket_peer(int fd);
/* Our own end of a TCP socket: the IP address, which the caller frees, and the port. */
char *socket_ip(int fd, uint16_t *port);
/* Who opened the other end of a Unix socket, unix(7) SO_PEERCRED; false for TCP. */
bool socket_cred(int fd, struct ucred *ret);
/*
 * Small messages leave at once. A host that vanished is noticed in two minutes, whether something
 * waits for it or not; and what was lost is sent again soon after the network is back: tcp(7).
 */
void socket_tune_tcp(int fd);
