/*
 * hears PATH: the other end of sd_notify(3) and of the journal's native protocol. Binds a datagram
 * socket at PATH and prints what arrives, a datagram after the other with an empty line between
 * them, until it is killed.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/base.h"

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char text[65536];
	ssize_t n;

	if (argc != 2 || fd < 0 || strlen(argv[1]) >= sizeof(at.sun_path))
		return 2;
	strcpy(at.sun_path, argv[1]);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)))
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("listening\n");
	while ((n = read(fd, text, sizeof(text))) >= 0)
		printf("%.*s\n\n", (int)n, text);
	return 1;
}
