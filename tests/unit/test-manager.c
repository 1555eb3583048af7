/* What the service manager hears: one assignment for each thing that is said, whatever is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/manager.h"

static int manager = -EBADF;

/* An abstract address that the kernel chooses. */
static int setup(void **state unused)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(un.sun_family);

	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (manager < 0 || bind(manager, (struct sockaddr *)&un, len))
		return -1;
	len = sizeof(un) - 1;
	if (getsockname(manager, (struct sockaddr *)&un, &len))
		return -1;
	un.sun_path[0] = '@';
	un.sun_path[len - offsetof(struct sockaddr_un, sun_path)] = '\0';
	return setenv("NOTIFY_SOCKET", un.sun_path, true);
}

static int teardown(void **state unused)
{
	close_fd(&manager);
	return unsetenv("NOTIFY_SOCKET");
}

static void assert_hears(const char *expected)
{
	char text[2048];
	ssize_t n = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, expected);
}

static void a_status_is_one_assignment_whatever_is_in_it(void **state unused)
{
	manager_status("Serving; registered with %s", "host:5050");
	assert_hears("STATUS=Serving; registered with host:5050");
	manager_status("lost: %s", "foreign\nREADY=1\r\x1b[31m");
	assert_hears("STATUS=lost: foreign?READY=1??[31m");
}

static void a_long_status_is_cut(void **state unused)
{
	char text[1000], expected[1000] = "STATUS=";

	memset(text, 'x', sizeof(text));
	memset(expected + strlen("STATUS="), 'x', 511);
	manager_status("%.*s", (int)sizeof(text), text);
	assert_hears(expected);
}

/* systemd takes nothing else, and no noncharacters. */
static void a_status_is_utf8_whatever_is_in_it_and_wherever_it_was_cut(void **state unused)
{
	char text[510], expected[520];

	manager_status("on %s", "5 \xe2\x82\xac \xff \xe2\x82 \xef\xbf\xbe.");
	assert_hears("STATUS=on 5 \xe2\x82\xac ? ?? ???.");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	snprintf(expected, sizeof(expected), "STATUS=%s", text);
	manager_status("%s\xe2\x82\xac", text);
	assert_hears(expected);
	snprintf(expected, sizeof(expected), "STATUS=%s\xc3\xa4", text);
	manager_status("%s\xc3\xa4", text);
	assert_hears(expected);
}

static void the_end_is_said(void **state unused)
{
	manager_stopping();
	assert_hears("STOPPING=1");
}

static void without_one_nothing_is_said_and_no_socket_is_there(void **state unused)
{
	char *ip = NULL;
	uint64_t port = 5050;
	struct error e;
	int fd;

	unsetenv("NOTIFY_SOCKET");
	manager_status("unheard");
	assert_int_equal(recv(manager, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	assert_int_equal(manager_socket(&ip, &port, &fd, &e), 0);
	assert_int_equal(fd, -EBADF);
	assert_int_equal(port, 5050);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_status_is_one_assignment_whatever_is_in_it),
		TEST(a_long_status_is_cut),
		TEST(a_status_is_utf8_whatever_is_in_it_and_wherever_it_was_cut),
		TEST(the_end_is_said),
		TEST(without_one_nothing_is_said_and_no_socket_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
