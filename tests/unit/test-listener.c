/* The listener on loopback and on Unix sockets: sniffing, seats, stale files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "lib/fs.h"
#include "lib/listener.h"
#include "lib/log.h"
#include "tests/unit/loop.h"

static sd_event *loop;
static struct listener *listener;
static int protocol_fd, http_fd;
static struct seat *seat;
static struct ucred cred;
static bool has_cred;
static char dir[] = "/tmp/test-listener-XXXXXX";
static char *path;

static void keep(int fd, int *at, struct seat *given, const struct ucred *who)
{
	close_fd(at);
	*at = fd;
	seat_release(seat);
	seat = given;
	has_cred = !!who;
	if (who)
		cred = *who;
}

static void on_protocol(void *owner, int fd, struct seat *given, const struct ucred *who)
{
	assert_ptr_equal(owner, &loop);
	keep(fd, &protocol_fd, given, who);
}

static void on_http(void *owner unused, int fd, struct seat *given, const struct ucred *who)
{
	keep(fd, &http_fd, given, who);
}

static const struct listener_ops ops = { .protocol = on_protocol, .http = on_http };
static const struct listener_ops protocol_only = { .protocol = on_protocol };
static const struct listener_limits two = { .total = 2, .first_byte_ns = 20 * NSEC_PER_MSEC };
static const struct listener_limits one_each = { .per_peer = 1, .first_byte_ns = NSEC_PER_SEC };

static int setup(void **state unused)
{
	protocol_fd = http_fd = -EBADF;
	seat = NULL;
	path = path_join(dir, "sock");
	log_set_level(LOG_LEVEL_ERROR);
	return sd_event_new(&loop) < 0;
}

static int teardown(void **state unused)
{
	listener_free(take_ptr(listener));
	seat_release(seat);
	close_fd(&protocol_fd);
	close_fd(&http_fd);
	loop = sd_event_unref(loop);
	free(path);
	return 0;
}

static void listen_tcp(const struct listener_limits *limits)
{
	struct error e;

	assert_int_equal(listener_tcp(loop, "127.0.0.1", 0, limits, &ops, &loop, &listener, &e), 0);
	assert_int_not_equal(listener_port(listener), 0);
}

static int listen_unix(const struct listener_ops *with, struct error *e)
{
	return listener_unix(loop, path, 0600, &two, with, &loop, &listener, e);
}

static int dial(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr = { htonl(INADDR_LOOPBACK) },
				  .sin_port = htons(listener_port(listener)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static int dial_unix(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(at.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* The connection was closed by the listener, by FIN or by RST. */
static void expect_cut(int fd)
{
	char c;

	assert_true(recv(fd, &c, 1, 0) <= 0);
}

static void the_first_byte_decides_and_stays_unread(void **state unused)
{
	autofd int one = -1, other = -1;
	char text[8] = "";

	listen_tcp(&two);
	one = dial();
	say(one, "{}\n");
	RUN_UNTIL(loop, protocol_fd >= 0);
	assert_int_equal(http_fd, -EBADF);
	assert_int_equal(recv(protocol_fd, text, sizeof(text), 0), 3);
	assert_string_equal(text, "{}\n");
	assert_true(fcntl(protocol_fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(protocol_fd, F_GETFL) & O_NONBLOCK);
	assert_false(has_cred);
	other = dial();
	say(other, "GET");
	RUN_UNTIL(loop, http_fd >= 0);
	assert_int_equal(listener_counts(listener).accepted, 2);
}

static void a_silent_connection_is_cut(void **state unused)
{
	autofd int fd = -1;

	listen_tcp(&two);
	fd = dial();
	RUN_UNTIL(loop, listener_counts(listener).silent);
	expect_cut(fd);
	assert_int_equal(listener_counts(listener).open, 0);
}

static void a_connection_too_many_is_cut(void **state unused)
{
	autofd int a = -1, b = -1, c = -1, d = -1;

	listen_tcp(&two);
	a = dial();
	b = dial();
	assert_true(b >= 0);
	c = dial();
	say(a, "{");
	RUN_UNTIL(loop, protocol_fd >= 0 && listener_counts(listener).refused);
	expect_cut(c);
	RUN_UNTIL(loop, listener_counts(listener).silent == 1); /* b */
	assert_int_equal(listener_counts(listener).open, 1);
	d = dial();
	say(d, "G");
	RUN_UNTIL(loop, http_fd >= 0);
}

static void one_peer_has_its_limit(void **state unused)
{
	autofd int a = -1, b = -1, c = -1;

	listen_tcp(&one_each);
	a = dial();
	say(a, "{");
	RUN_UNTIL(loop, protocol_fd >= 0);
	b = dial();
	RUN_UNTIL(loop, listener_counts(listener).refused == 1);
	expect_cut(b);
	seat_release(take_ptr(seat));
	c = dial();
	say(c, "G");
	RUN_UNTIL(loop, http_fd >= 0);
}

static void a_seat_outlives_its_listener(void **state unused)
{
	autofd int a = -1;

	listen_tcp(&two);
	a = dial();
	say(a, "{");
	RUN_UNTIL(loop, protocol_fd >= 0);
	listener_free(take_ptr(listener));
	assert_non_null(seat);
	seat_release(take_ptr(seat));
}

static void seats_count_networks_addresses_and_users_apart(void **state unused)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 }, mapped = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct seats *t = seats_new(0, 1);
	struct seat *seats[3], *none = NULL;

	inet_pton(AF_INET, "10.0.0.7", &four.sin_addr);
	inet_pton(AF_INET6, "::ffff:10.0.0.7", &mapped.sin6_addr);
	inet_pton(AF_INET6, "2001:db8::1", &six.sin6_addr);
	assert_int_equal(seat_take(t, (void *)&four, NULL, &seats[0]), SEAT_OK);
	assert_int_equal(seat_take(t, (void *)&mapped, NULL, &none), SEAT_PEER_FULL);
	assert_int_equal(seat_take(t, (void *)&six, NULL, &seats[1]), SEAT_OK);
	inet_pton(AF_INET6, "2001:db8::2", &six.sin6_addr);
	assert_int_equal(seat_take(t, (void *)&six, NULL, &none), SEAT_PEER_FULL);
	inet_pton(AF_INET6, "2001:db8:0:1::1", &six.sin6_addr);
	assert_int_equal(seat_take(t, (void *)&six, NULL, &seats[2]), SEAT_OK);
	assert_int_equal(seats_taken(t), 3);
	seats_free(t);
	for (size_t i = 0; i < ARRAY_SIZE(seats); i++)
		seat_release(seats[i]);
	assert_null(none);
}

static void who_is_trusted_counts_in_all_only(void **state unused)
{
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct seats *t = seats_new(3, 1);
	struct seat *seats[3], *none = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(seats); i++) {
		assert_int_equal(seat_take(t, (void *)&four, NULL, &seats[i]), SEAT_OK);
		assert_int_equal(seat_take(t, (void *)&four, NULL, &none),
				 i < 2 ? SEAT_PEER_FULL : SEAT_FULL);
		assert_int_equal(seats_unknown(t), 1);
		seat_trust(seats[i]);
		seat_trust(seats[i]);
		assert_int_equal(seats_unknown(t), 0);
	}
	assert_int_equal(seats_taken(t), 3);
	seat_release(seats[0]);
	assert_int_equal(seat_take(t, (void *)&four, NULL, &seats[0]), SEAT_OK);
	for (size_t i = 0; i < ARRAY_SIZE(seats); i++)
		seat_release(seats[i]);
	assert_int_equal(seats_unknown(t), 0);
	seats_free(t);
	assert_null(none);
}

static void a_crowd_of_strangers_is_taken_at_a_pace(void **state unused)
{
	static const struct listener_limits limits = { .first_byte_ns = 100 * NSEC_PER_SEC };
	int fds[300];
	int64_t start;

	listen_tcp(&limits);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = dial();
	start = now_ns();
	RUN_UNTIL(loop, listener_counts(listener).accepted >= 256);
	assert_int_equal(listener_counts(listener).accepted, 256);
	RUN_UNTIL(loop, listener_counts(listener).accepted == ARRAY_SIZE(fds));
	assert_true(now_ns() - start >= 19 * NSEC_PER_MSEC);
	assert_int_equal(listener_counts(listener).refused, 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

static void a_port_in_use_is_named(void **state unused)
{
	struct listener *second;
	struct error e;
	char text[96];

	listen_tcp(&two);
	assert_int_equal(listener_tcp(loop, "127.0.0.1", listener_port(listener), &two, &ops, &loop,
				      &second, &e),
			 -EADDRINUSE);
	snprintf(text, sizeof(text), "listen on 127.0.0.1:%u: Address already in use",
		 listener_port(listener));
	assert_string_equal(e.text, text);
}

static void a_name_is_no_address_to_listen_on(void **state unused)
{
	struct error e;

	assert_int_equal(listener_tcp(loop, "localhost", 0, &two, &ops, &loop, &listener, &e),
			 -EINVAL);
	assert_string_equal(e.text, "listen on 'localhost': not an IP address");
}

static void a_unix_socket_knows_its_peer_and_goes_away(void **state unused)
{
	autofd int fd = -1;
	struct stat st;
	struct error e;

	assert_int_equal(listen_unix(&ops, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	fd = dial_unix();
	say(fd, "{");
	RUN_UNTIL(loop, protocol_fd >= 0);
	assert_true(has_cred);
	assert_int_equal(cred.pid, getpid());
	listener_free(take_ptr(listener));
	assert_int_equal(stat(path, &st), -1);
}

static void a_language_that_is_not_spoken_is_cut(void **state unused)
{
	autofd int fd = -1;
	struct error e;

	assert_int_equal(listen_unix(&protocol_only, &e), 0);
	fd = dial_unix();
	say(fd, "GET / HTTP/1.1\r\n\r\n");
	RUN_UNTIL(loop, listener_counts(listener).accepted && !listener_counts(listener).open);
	expect_cut(fd);
}

static void a_stale_socket_file_is_replaced(void **state unused)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct error e;

	strcpy(at.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	assert_int_equal(listen_unix(&ops, &e), 0);
}

static void a_live_socket_is_refused_and_stays(void **state unused)
{
	struct listener *second;
	struct error e;

	assert_int_equal(listen_unix(&ops, &e), 0);
	assert_int_equal(listener_unix(loop, path, 0600, &two, &ops, &loop, &second, &e),
			 -EADDRINUSE);
	close(dial_unix());
}

static void a_socket_whose_path_is_another_s_is_seen_and_leaves_that_alone(void **state unused)
{
	struct listener *second;
	struct error e;

	assert_int_equal(listen_unix(&ops, &e), 0);
	assert_true(listener_in_place(listener));
	assert_int_equal(unlink(path), 0);
	assert_false(listener_in_place(listener));
	assert_int_equal(listener_unix(loop, path, 0600, &two, &ops, &loop, &second, &e), 0);
	assert_false(listener_in_place(listener));
	listener_free(take_ptr(listener));
	assert_true(listener_in_place(second));
	listener_free(second);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_file_in_the_way_is_left_alone(void **state unused)
{
	struct stat st;
	struct error e;

	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(listen_unix(&ops, &e), -EEXIST);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(unlink(path), 0);
}

static void too_long_a_path_is_refused(void **state unused)
{
	char text[110];
	struct error e;

	memset(text, 'x', 108);
	text[108] = '\0';
	assert_int_equal(listener_unix(loop, text, 0600, &two, &ops, &loop, &listener, &e),
			 -ENAMETOOLONG);
	assert_non_null(strstr(e.text, "between 1 and 107 bytes"));
}

static void running_out_of_descriptors_is_survived(void **state unused)
{
	struct rlimit before, none;
	autofd int fd = -1;

	listen_tcp(&two);
	fd = dial();
	say(fd, "{");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_true(loop_runs(loop));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(listener_counts(listener).accepted, 0);
	RUN_UNTIL(loop, protocol_fd >= 0);
}

static int make_dir(void **state unused)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state unused)
{
	return rmdir(dir);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_byte_decides_and_stays_unread),
		TEST(a_silent_connection_is_cut),
		TEST(a_connection_too_many_is_cut),
		TEST(one_peer_has_its_limit),
		TEST(a_seat_outlives_its_listener),
		TEST(who_is_trusted_counts_in_all_only),
		TEST(a_crowd_of_strangers_is_taken_at_a_pace),
		TEST(seats_count_networks_addresses_and_users_apart),
		TEST(a_port_in_use_is_named),
		TEST(a_name_is_no_address_to_listen_on),
		TEST(a_unix_socket_knows_its_peer_and_goes_away),
		TEST(a_language_that_is_not_spoken_is_cut),
		TEST(a_stale_socket_file_is_replaced),
		TEST(a_live_socket_is_refused_and_stays),
		TEST(a_socket_whose_path_is_another_s_is_seen_and_leaves_that_alone),
		TEST(a_file_in_the_way_is_left_alone),
		TEST(too_long_a_path_is_refused),
		TEST(running_out_of_descriptors_is_survived),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
