/* What the programs of the benchmarks share. */
#pragma once

#include <netinet/in.h>

#include "lib/error.h"

/* Ends the program: perror(3). */
void die(const char *what) __attribute__((noreturn));
/* Ends it with e's sentence if r is not 0. */
void check(int r, const struct error *e);
/* A listening socket on a free port of loopback; where it is, is in *ret. */
int listen_somewhere(struct sockaddr_in *ret);
/* Adds fd for reading to an epoll, event.data.fd is fd. */
void watch(int epoll, int fd);
/*
 * The bare server: for ever accepts on listening, blocking, and calls ready for each connection
 * that can be read.
 */
void serve_bare(int listening, void (*ready)(int fd, void *ctx), void *ctx)
	__attribute__((noreturn));
/* Of n numbers, which it sorts. */
double median(double *v, size_t n);
