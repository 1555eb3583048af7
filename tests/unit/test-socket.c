/* What our connections ask of the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "lib/socket.h"

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static int tuned(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	socket_tune_tcp(fd);
	return fd;
}

static void an_idle_peer_that_vanished_is_noticed_in_two_minutes(void **state unused)
{
	autofd int fd = tuned();

	assert_true(option(fd, SOL_SOCKET, SO_KEEPALIVE));
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
				 option(fd, IPPROTO_TCP, TCP_KEEPINTVL) *
					 option(fd, IPPROTO_TCP, TCP_KEEPCNT),
			 120);
}

/* Keepalive is silent while something waits to be acknowledged: pings always do. */
static void one_that_acknowledges_nothing_too(void **state unused)
{
	autofd int fd = tuned();

	assert_int_equal(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 120 * 1000);
}

static void small_messages_leave_at_once(void **state unused)
{
	autofd int fd = tuned();

	assert_true(option(fd, IPPROTO_TCP, TCP_NODELAY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_peer_that_vanished_is_noticed_in_two_minutes),
		cmocka_unit_test(one_that_acknowledges_nothing_too),
		cmocka_unit_test(small_messages_leave_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
