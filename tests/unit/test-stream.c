/* Streams over socket pairs: lines in, lines out, every way to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "lib/stream.h"
#include "tests/unit/loop.h"

static sd_event *loop;
static struct streams *set;
static struct buf got; /* "line|line|" */
static char why[256];
static unsigned closed_count, connected_count;
static void (*on_line)(struct stream *s, const char *line);

static void line(struct stream *s, char *text, size_t len)
{
	assert_int_equal(strlen(text), len);
	buf_addf(&got, "%s|", text);
	if (on_line)
		on_line(s, text);
}

static void closed(struct stream *s, const char *reason)
{
	assert_non_null(stream_peer(s));
	snprintf(why, sizeof(why), "%s", reason);
	closed_count++;
}

static void connected(struct stream *s unused)
{
	connected_count++;
}

static const struct stream_ops ops = { .line = line, .closed = closed, .connected = connected };

static int setup(void **state unused)
{
	static const struct stream_limits limits = {
		.out_max = 4 * MIB,
		.finish_ns = 20 * NSEC_PER_MSEC,
	};
	struct error e;

	closed_count = connected_count = 0;
	*why = '\0';
	on_line = NULL;
	if (sd_event_new(&loop) < 0)
		return -1;
	return streams_new(loop, NULL, &limits, &set, &e);
}

static int teardown(void **state unused)
{
	streams_free(set);
	buf_fini(&got);
	loop = sd_event_unref(loop);
	return 0;
}

/* A stream, and the other end of it. */
static struct stream *open_pair(int *peer, size_t line_max)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	*peer = fds[1];
	return stream_open(set, fds[0], NULL, line_max, &ops, NULL);
}

static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void expect_got(const char *text)
{
	assert_string_equal(buf_text(&got), text);
}

static void queue(struct stream *s, const char *text)
{
	buf_adds(stream_out(s), text);
	stream_flush(s);
}

static void expect_heard(int fd, const char *text)
{
	char heard[256];
	ssize_t n = recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT);

	assert_true(n >= 0);
	heard[n] = '\0';
	assert_string_equal(heard, text);
}

static void lines_arrive_whatever_their_pieces(void **state unused)
{
	autofd int peer = -1;

	open_pair(&peer, 100);
	say(peer, "{\"a\":1}\n{\"b\"");
	RUN_UNTIL(loop, got.len);
	say(peer, ":2}\r\n\n{}\n");
	RUN_UNTIL(loop, got.len > 10);
	expect_got("{\"a\":1}|{\"b\":2}|{}|");
}

static void what_is_queued_leaves_at_the_end_of_the_turn(void **state unused)
{
	autofd int peer = -1;
	struct stream *s = open_pair(&peer, 100);

	queue(s, "one\n");
	queue(s, "two\n");
	assert_int_equal(recv(peer, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
	assert_int_equal(stream_queued(s), 8);
	RUN_UNTIL(loop, !stream_queued(s));
	expect_heard(peer, "one\ntwo\n");
}

static void a_peer_that_leaves_is_told_once(void **state unused)
{
	autofd int peer = -1;

	open_pair(&peer, 100);
	say(peer, "last\n");
	close_fd(&peer);
	RUN_UNTIL(loop, closed_count);
	expect_got("last|");
	assert_string_equal(why, "closed by the peer");
	assert_int_equal(streams_count(set), 0);
	assert_int_equal(sd_event_run(loop, 0), 0);
	assert_int_equal(closed_count, 1);
}

static void half_a_line_at_the_end_is_told(void **state unused)
{
	autofd int peer = -1;

	open_pair(&peer, 100);
	say(peer, "whole\nhalf");
	close_fd(&peer);
	RUN_UNTIL(loop, closed_count);
	expect_got("whole|");
	assert_string_equal(why, "closed by the peer in the middle of a line (4 bytes)");
}

static void too_long_a_line_ends_the_stream(void **state unused)
{
	autofd int peer = -1;

	open_pair(&peer, 4);
	say(peer, "1234\n12345\n1\n");
	RUN_UNTIL(loop, closed_count);
	expect_got("1234|");
	assert_string_equal(why, "sent a line longer than 4 bytes");
}

static void a_peer_that_does_not_read_is_dropped(void **state unused)
{
	autofd int peer = -1;
	struct stream *s = open_pair(&peer, 100);

	memset(buf_reserve(stream_out(s), 4 * MIB + 1), 'x', 4 * MIB + 1);
	stream_out(s)->len = 4 * MIB + 1;
	stream_flush(s);
	assert_int_equal(closed_count, 0);
	RUN_UNTIL(loop, closed_count);
	assert_string_equal(why, "does not read: 4194305 bytes are queued for it");
}

static void a_long_answer_arrives_whole(void **state unused)
{
	autofd int peer = -1;
	struct stream *s = open_pair(&peer, 100);
	size_t total = 0;
	char piece[65536];

	memset(buf_reserve(stream_out(s), 3 * MIB), 'x', 3 * MIB);
	stream_out(s)->len = 3 * MIB;
	stream_flush(s);
	while (total < 3 * MIB) {
		ssize_t n;

		assert_true(loop_runs(loop));
		while ((n = recv(peer, piece, sizeof(piece), MSG_DONTWAIT)) > 0)
			total += (size_t)n;
	}
	assert_int_equal(total, 3 * MIB);
	assert_int_equal(stream_queued(s), 0);
}

static void close_in_line(struct stream *s, const char *text unused)
{
	stream_close(s);
}

static void closing_inside_a_line_drops_the_rest_and_calls_nobody(void **state unused)
{
	autofd int peer = -1;

	on_line = close_in_line;
	open_pair(&peer, 100);
	say(peer, "a\nb\n");
	RUN_UNTIL(loop, got.len);
	expect_got("a|");
	assert_int_equal(closed_count, 0);
	assert_int_equal(streams_count(set), 0);
	expect_heard(peer, "");
}

static struct stream *pair[2];

static void close_other(struct stream *s, const char *text unused)
{
	stream_close(pair[s == pair[0]]);
}

static void a_line_may_close_another_stream_that_is_ready(void **state unused)
{
	autofd int one = -1, two = -1;

	on_line = close_other;
	pair[0] = open_pair(&one, 100);
	pair[1] = open_pair(&two, 100);
	say(one, "x\n");
	say(two, "x\n");
	RUN_UNTIL(loop, got.len);
	assert_int_equal(sd_event_run(loop, 0), 0);
	expect_got("x|");
	assert_int_equal(streams_count(set), 1);
	assert_int_equal(closed_count, 0);
}

static void finish_in_line(struct stream *s, const char *text unused)
{
	buf_adds(stream_out(s), "ERROR\n");
	stream_finish(s);
}

static void finishing_writes_what_is_queued_and_reads_no_more(void **state unused)
{
	autofd int peer = -1;

	on_line = finish_in_line;
	open_pair(&peer, 100);
	say(peer, "a\nb\n");
	RUN_UNTIL(loop, got.len);
	expect_heard(peer, "ERROR\n");
	expect_heard(peer, "");
	say(peer, "c\n");
	close_fd(&peer);
	RUN_UNTIL(loop, !streams_count(set));
	expect_got("a|");
	assert_int_equal(closed_count, 0);
}

static void finishing_ends_although_the_peer_stays(void **state unused)
{
	autofd int peer = -1;
	struct stream *s = open_pair(&peer, 100);

	stream_finish(s);
	RUN_UNTIL(loop, !streams_count(set));
	assert_int_equal(closed_count, 0);
}

static void answer(struct stream *s, const char *text)
{
	buf_addf(stream_out(s), "re: %s\n", text);
	stream_flush(s);
}

static void who_shuts_only_its_own_side_hears_the_answer(void **state unused)
{
	autofd int peer = -1;

	on_line = answer;
	open_pair(&peer, 100);
	say(peer, "q\n");
	shutdown(peer, SHUT_WR);
	RUN_UNTIL(loop, closed_count);
	expect_heard(peer, "re: q\n");
}

static void last_words_are_heard_when_a_write_fails(void **state unused)
{
	autofd int peer = -1;
	struct stream *s = open_pair(&peer, 100);

	say(peer, "last\n");
	close_fd(&peer);
	queue(s, "ping\n");
	RUN_UNTIL(loop, closed_count);
	expect_got("last|");
	assert_int_equal(closed_count, 1);
}

static void the_peer_of_a_unix_socket_is_known(void **state unused)
{
	autofd int peer = -1;
	struct stream *s = open_pair(&peer, 100);
	char text[32];

	snprintf(text, sizeof(text), "uid %u", getuid());
	assert_string_equal(stream_peer(s), text);
	assert_int_equal(stream_cred(s)->pid, getpid());
}

static void a_seat_is_released_at_the_end(void **state unused)
{
	struct seats *table = seats_new(1, 1);
	struct ucred me = { .uid = 1 };
	struct sockaddr unix_address = { .sa_family = AF_UNIX };
	struct seat *seat, *second;
	int fds[2];

	assert_int_equal(seat_take(table, &unix_address, &me, &seat), SEAT_OK);
	assert_int_equal(seat_take(table, &unix_address, &me, &second), SEAT_FULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	stream_close(stream_open(set, fds[0], seat, 10, &ops, NULL));
	assert_int_equal(seats_taken(table), 0);
	seats_free(table);
	close(fds[1]);
}

static void allow_more(struct stream *s, const char *text unused)
{
	stream_set_line_max(s, 8);
}

static void the_next_line_may_be_longer(void **state unused)
{
	autofd int peer = -1;

	on_line = allow_more;
	open_pair(&peer, 4);
	say(peer, "a\n12345678\n");
	RUN_UNTIL(loop, got.len > 2);
	expect_got("a|12345678|");
}

/* Connecting */

static int listen_loopback(char address[32])
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	snprintf(address, 32, "127.0.0.1:%u", ntohs(at.sin_port));
	return fd;
}

static void dialling_connects_and_sends_what_was_queued(void **state unused)
{
	char address[32];
	autofd int fd = listen_loopback(address), peer = -1;
	struct stream *s;
	struct error e;

	assert_int_equal(stream_connect(set, address, 100, &ops, NULL, &s, &e), 0);
	queue(s, "hello\n");
	assert_int_equal(connected_count, 0);
	RUN_UNTIL(loop, connected_count && !stream_queued(s));
	peer = accept(fd, NULL, NULL);
	expect_heard(peer, "hello\n");
	assert_string_equal(stream_peer(s), address);
	assert_null(stream_cred(s));
}

static void a_refused_connection_says_where(void **state unused)
{
	char address[32], text[128];
	int fd = listen_loopback(address);
	struct stream *s;
	struct error e;

	close(fd);
	assert_int_equal(stream_connect(set, address, 100, &ops, NULL, &s, &e), 0);
	RUN_UNTIL(loop, closed_count);
	snprintf(text, sizeof(text), "connect %s: Connection refused", address);
	assert_string_equal(why, text);
}

static void a_missing_unix_socket_says_so_later(void **state unused)
{
	struct stream *s;
	struct error e;

	assert_int_equal(stream_connect(set, "/nowhere/x.sock", 9, &ops, NULL, &s, &e), 0);
	assert_int_equal(closed_count, 0);
	RUN_UNTIL(loop, closed_count);
	assert_string_equal(why, "connect /nowhere/x.sock: No such file or directory");
}

static void a_dial_can_be_given_up(void **state unused)
{
	char address[32];
	autofd int fd unused = listen_loopback(address);
	struct stream *s;
	struct error e;

	assert_int_equal(stream_connect(set, address, 9, &ops, NULL, &s, &e), 0);
	stream_close(s);
	assert_int_equal(streams_count(set), 0);
	assert_int_equal(sd_event_run(loop, 0), 0);
	assert_int_equal(connected_count + closed_count, 0);
}

static void an_address_without_sense_fails_at_once(void **state unused)
{
	static const char *const bad[] = {
		"",        "host", ":5050", "::1:5050", "h:0",
		"h:65536", "h:5x", "h:-1",  "[]:1",     "localhost:5050"
	};
	struct stream *s;
	struct error e;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		e.text[0] = '\0';
		assert_int_equal(stream_connect(set, bad[i], 9, &ops, NULL, &s, &e), -EINVAL);
		assert_true(str_starts(e.text, "address '"));
	}
	assert_int_equal(streams_count(set), 0);
}

static void a_name_is_resolved_by_a_job(void **state unused)
{
	char address[32], name[32];
	autofd int fd unused = listen_loopback(address);
	struct work_pool *pool;
	struct streams *named;
	struct stream *s;
	struct error e;

	assert_int_equal(work_pool_new(loop, "test", 1, NULL, &pool, &e), 0);
	assert_int_equal(streams_new(loop, pool, NULL, &named, &e), 0);
	snprintf(name, sizeof(name), "localhost%s", strchr(address, ':'));
	assert_int_equal(stream_connect(named, name, 9, &ops, NULL, &s, &e), 0);
	RUN_UNTIL(loop, connected_count || closed_count);
	assert_int_equal(connected_count, 1);
	streams_free(named);
	work_pool_free(pool);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* Else one user could be trusted again and again, and take all seats by not reading. */
static void a_user_who_is_shown_out_counts_against_itself_again(void **state unused)
{
	struct ucred me = { .pid = getpid(), .uid = getuid(), .gid = getgid() };
	const struct sockaddr unix_address = { .sa_family = AF_UNIX };
	struct seats *table = seats_new(0, 1);
	struct seat *seat, *second;
	struct stream *s;
	int fds[2];

	assert_int_equal(seat_take(table, &unix_address, &me, &seat), SEAT_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	s = stream_open(set, fds[0], seat, 10, &ops, NULL);
	stream_trust(s);
	assert_int_equal(seats_unknown(table), 0);
	stream_finish(s);
	assert_int_equal(seats_unknown(table), 1);
	assert_int_equal(seat_take(table, &unix_address, &me, &second), SEAT_PEER_FULL);
	RUN_UNTIL(loop, !seats_taken(table));
	assert_int_equal(seats_unknown(table), 0);
	close(fds[1]);
	seats_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_arrive_whatever_their_pieces),
		TEST(what_is_queued_leaves_at_the_end_of_the_turn),
		TEST(a_peer_that_leaves_is_told_once),
		TEST(half_a_line_at_the_end_is_told),
		TEST(too_long_a_line_ends_the_stream),
		TEST(a_peer_that_does_not_read_is_dropped),
		TEST(a_long_answer_arrives_whole),
		TEST(closing_inside_a_line_drops_the_rest_and_calls_nobody),
		TEST(a_line_may_close_another_stream_that_is_ready),
		TEST(finishing_writes_what_is_queued_and_reads_no_more),
		TEST(finishing_ends_although_the_peer_stays),
		TEST(who_shuts_only_its_own_side_hears_the_answer),
		TEST(last_words_are_heard_when_a_write_fails),
		TEST(the_peer_of_a_unix_socket_is_known),
		TEST(a_seat_is_released_at_the_end),
		TEST(a_user_who_is_shown_out_counts_against_itself_again),
		TEST(the_next_line_may_be_longer),
		TEST(dialling_connects_and_sends_what_was_queued),
		TEST(a_refused_connection_says_where),
		TEST(a_missing_unix_socket_says_so_later),
		TEST(a_dial_can_be_given_up),
		TEST(an_address_without_sense_fails_at_once),
		TEST(a_name_is_resolved_by_a_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
