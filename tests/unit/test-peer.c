/*
 * Peers: HELLO both ways, versions, roles, phases, ERROR. One end is a peer, the other a
 * socket of the test; in the last test both are peers and the Unix socket is real.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/socket.h>

#include "lib/listener.h"
#include "lib/log.h"
#include "lib/peer.h"
#include "tests/unit/loop.h"

#define HELLO_FRAMEWORK "{\"type\":\"HELLO\",\"hello\":{\"role\":\"framework\"}}\n"
#define SUBSCRIBE                                                                                  \
	"{\"type\":\"SUBSCRIBE\",\"subscribe\":{\"framework_info\":"                               \
	"{\"user\":\"u\",\"name\":\"n\"}}}\n"

static sd_event *loop;
static struct streams *streams;
static struct buf did;   /* "greeted subscribe ..." */
static struct buf heard; /* by the test's end */
static bool refuse, taken;
static struct peer *theirs;

static void note(const char *what)
{
	buf_addf(&did, "%s ", what);
	buf_text(&did);
}

static int greeted(struct peer *p, const struct hello *hello, struct error *e)
{
	assert_string_equal(peer_ctx(p), "context");
	assert_null(peer_owner(p));
	note("greeted");
	if (hello->version)
		note(hello->version);
	theirs = p;
	return refuse ? error_set(e, EACCES, "not you") : 0;
}

static void closed(struct peer *p, const char *why)
{
	assert_non_null(peer_name(p));
	note("closed:");
	note(why);
	theirs = NULL;
}

static void subscribe(struct peer *p, struct message *m)
{
	const struct call_subscribe *c = m->body;

	note("subscribe");
	note(c->framework_info->name);
	peer_subscribed(p);
}

static void revive(struct peer *p unused, struct message *m)
{
	assert_null(m->body);
	note("revive");
}

static void teardown_and_close(struct peer *p, struct message *m unused)
{
	note("teardown");
	peer_close(p);
	taken = true;
}

static void kill_call(struct peer *p, struct message *m)
{
	struct call_kill *c = m->body;

	note(m->framework_id);
	free(take_ptr(c->task_id)); /* what a verb takes out is its own */
	peer_finish(p);
	taken = true;
}

static const struct peer_verb verbs[] = {
	{ .type = CALL_SUBSCRIBE, .phases = PEER_GREETED, .fn = subscribe },
	{ .type = CALL_REVIVE, .phases = PEER_SUBSCRIBED, .fn = revive },
	{ .type = CALL_TEARDOWN, .phases = PEER_SUBSCRIBED, .fn = teardown_and_close },
	{ .type = CALL_KILL, .phases = PEER_GREETED | PEER_SUBSCRIBED, .fn = kill_call },
	{ .fn = NULL },
};
static const struct peer_protocol framework = {
	.role = PEER_FRAMEWORK,
	.hears = LANGUAGE_CALL,
	.line_max = 4096,
	.verbs = verbs,
	.greeted = greeted,
	.closed = closed,
};

static void subscribed_event(struct peer *p unused, struct message *m)
{
	note("subscribed");
	note(((struct event_subscribed *)m->body)->framework_id);
}

static const struct peer_verb event_verbs[] = {
	{ .type = EVENT_SUBSCRIBED, .phases = PEER_GREETED, .fn = subscribed_event },
	{ .fn = NULL },
};
static const struct peer_protocol master = {
	.role = PEER_MASTER,
	.hears = LANGUAGE_EVENT,
	.line_max = 4096,
	.verbs = event_verbs,
	.greeted = greeted,
	.closed = closed,
};

static const struct peer_protocol *const protocols[] = { &framework, NULL };
static const struct hello our_hello = { .role = PEER_MASTER,
					.has_role = true,
					.version = "0.22.0",
					.protocol_min = 1,
					.has_protocol_min = true,
					.protocol_max = 1,
					.has_protocol_max = true };
static struct peer_server server;

/* Nobody here reads to the end, so a connection that is finished lingers this long. */
static const struct stream_limits hasty = { .finish_ns = 20 * NSEC_PER_MSEC };

static int setup(void **state unused)
{
	struct error e;

	log_set_level(LOG_LEVEL_ERROR); /* what is refused is warned of */
	refuse = taken = false;
	theirs = NULL;
	if (sd_event_new(&loop) < 0 || streams_new(loop, NULL, &hasty, &streams, &e))
		return -1;
	server = (struct peer_server){ .streams = streams,
				       .loop = loop,
				       .protocols = protocols,
				       .hello = &our_hello,
				       .ctx = (void *)"context" };
	return 0;
}

static int teardown(void **state unused)
{
	if (theirs)
		peer_close(theirs);
	streams_free(streams);
	buf_fini(&did);
	buf_fini(&heard);
	loop = sd_event_unref(loop);
	return 0;
}

static int connect_peer(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	peer_accept(&server, fds[1], NULL);
	return fds[0];
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Runs until the peer's end has said so much; false once it closed. */
static bool hear(int fd, const char *text)
{
	heard.len = 0;
	for (;;) {
		ssize_t n = recv(fd, buf_reserve(&heard, 65536), 65536, MSG_DONTWAIT);

		if (!n)
			return false;
		heard.len += n > 0 ? (size_t)n : 0;
		if (strstr(buf_text(&heard), text))
			return true;
		assert_true(loop_runs(loop));
	}
}

static void expect_closed(int fd)
{
	while (hear(fd, "no peer says this"))
		continue;
}

static void expect_error_and_end(const char *says, const char *error)
{
	autofd int fd = connect_peer();

	say(fd, says);
	expect_closed(fd);
	if (!strstr(buf_text(&heard), error))
		fail_msg("'%s' is not in %s", error, buf_text(&heard));
	assert_non_null(strstr(heard.data, "{\"type\":\"ERROR\",\"error\":{\"message\":\""));
	assert_int_equal(streams_count(streams), 0);
}

/* A greeted peer; its HELLO was heard. */
static int greet(void)
{
	int fd = connect_peer();

	say(fd, HELLO_FRAMEWORK);
	assert_true(hear(fd, "}}\n"));
	return fd;
}

static void hello_is_answered_by_ours(void **state unused)
{
	autofd int fd = connect_peer();
	automessage struct message m = { 0 };
	struct error e;
	struct hello *h;

	say(fd, "{\"type\":\"HELLO\",\"hello\":{\"role\":\"framework\",\"version\":\"v\"}}\n");
	assert_true(hear(fd, "\n"));
	assert_int_equal(message_decode(LANGUAGE_COMMON, heard.data, heard.len - 1, &m, &e), 0);
	assert_int_equal(m.type, COMMON_HELLO);
	h = m.body;
	assert_int_equal(h->role, PEER_MASTER);
	assert_string_equal(h->version, "0.22.0");
	assert_string_equal(buf_text(&did), "greeted v ");
}

static void a_range_of_versions_that_has_ours_is_accepted(void **state unused)
{
	autofd int fd = connect_peer();

	say(fd, "{\"type\":\"HELLO\",\"hello\":{\"role\":\"framework\","
		"\"protocol_min\":1,\"protocol_max\":99}}\n");
	assert_true(hear(fd, "HELLO"));
	assert_non_null(strstr(buf_text(&did), "greeted "));
}

static void a_hello_without_a_common_version_is_refused(void **state unused)
{
	expect_error_and_end("{\"type\":\"HELLO\",\"hello\":{\"role\":\"framework\","
			     "\"protocol_min\":7,\"protocol_max\":9}}\n",
			     "the framework speaks protocol versions 7 to 9, the master 1 to 1: "
			     "upgrade the master");
	expect_error_and_end("{\"type\":\"HELLO\",\"hello\":{\"role\":\"framework\","
			     "\"protocol_min\":0,\"protocol_max\":0}}\n",
			     "the framework speaks protocol versions 0 to 0, the master 1 to 1: "
			     "upgrade the framework");
	assert_int_equal(did.len, 0);
}

static void a_role_that_is_not_served_is_refused(void **state unused)
{
	expect_error_and_end("{\"type\":\"HELLO\",\"hello\":{\"role\":\"operator\"}}\n",
			     "role operator has no business here");
	expect_error_and_end("{\"type\":\"HELLO\",\"hello\":{\"role\":\"martian\"}}\n",
			     "hello: role: 'martian' is not one of its values");
	expect_error_and_end("{\"type\":\"HELLO\",\"hello\":{}}\n", "hello: role: missing");
}

static void whoever_the_owner_refuses_gets_the_reason(void **state unused)
{
	refuse = true;
	expect_error_and_end(HELLO_FRAMEWORK, "not you");
	assert_string_equal(buf_text(&did),
			    "greeted "); /* and not closed: it was never the owner's */
	theirs = NULL;
}

static void hello_comes_first(void **state unused)
{
	expect_error_and_end("{\"type\":\"ERROR\",\"error\":7}\n", "error: ");
	expect_error_and_end(SUBSCRIBE, "HELLO comes first");
	expect_error_and_end("garbage\n", "not a JSON object");
	expect_error_and_end("{\"type\":7}\n", "a message must be a JSON object");
	assert_int_equal(did.len, 0);
}

static void hello_is_said_once(void **state unused)
{
	autofd int fd = greet();

	say(fd, HELLO_FRAMEWORK);
	assert_true(hear(fd, "HELLO was said already"));
	say(fd, SUBSCRIBE);
	RUN_UNTIL(loop, strstr(buf_text(&did), "subscribe"));
}

static void a_verb_answers_in_its_phase_only(void **state unused)
{
	autofd int fd = greet();

	say(fd, "{\"type\":\"REVIVE\"}\n");
	assert_true(hear(fd, "REVIVE is not allowed before SUBSCRIBE"));
	say(fd, SUBSCRIBE "{\"type\":\"REVIVE\"}\n" SUBSCRIBE);
	assert_true(hear(fd, "SUBSCRIBE is not allowed now"));
	assert_string_equal(buf_text(&did), "greeted subscribe n revive ");
	say(fd, "{\"type\":\"SUPPRESS\"}\n");
	assert_true(hear(fd, "SUPPRESS is not allowed now"));
}

static void an_unknown_type_keeps_the_connection(void **state unused)
{
	autofd int fd = greet();

	say(fd, "{\"type\":\"DANCE\",\"dance\":{}}\n");
	assert_true(hear(fd, "message type 'DANCE' is not known here"));
	say(fd, "{\"type\":\"KILL\",\"kill\":{}}\n");
	assert_true(hear(fd, "kill: task_id: missing"));
	say(fd, SUBSCRIBE);
	RUN_UNTIL(loop, strstr(buf_text(&did), "subscribe n "));
}

static void what_is_no_json_ends_the_connection(void **state unused)
{
	autofd int fd = greet();

	say(fd, "{\"type\":\"REVIVE\"\n");
	expect_closed(fd);
	assert_non_null(strstr(heard.data, "ERROR"));
	assert_true(str_starts(buf_text(&did), "greeted closed: not a JSON object"));
	assert_int_equal(streams_count(streams), 0);
}

static void lines_that_cannot_be_taken_end_it_after_a_while(void **state unused)
{
	autofd int fd = greet();

	for (int i = 0; i < 15; i++)
		say(fd, "{\"type\":\"KILL\",\"kill\":{}}\n");
	say(fd, "{\"type\":\"DANCE\"}\n"); /* of a later release, and no mistake */
	assert_true(hear(fd, "'DANCE' is not known here"));
	assert_string_equal(buf_text(&did), "greeted ");
	say(fd, "{\"type\":\"KILL\",\"kill\":{}}\n");
	expect_closed(fd);
	assert_string_equal(buf_text(&did), "greeted closed: too many lines that cannot be taken ");
}

static void whoever_connects_has_a_deadline_for_hello(void **state unused)
{
	server.hello_ns = 1;
	expect_error_and_end("", "no HELLO in time");
	assert_int_equal(did.len, 0);
}

static void take_nothing(void *owner, int fd, struct seat *seat, const struct ucred *cred unused)
{
	*(int *)owner = fd;
	seat_release(seat);
}

static void whoever_is_dialled_has_one_too(void **state unused)
{
	static const struct listener_ops ops = { .protocol = take_nothing };
	static const struct listener_limits limits = { .total = 2 };
	autofree char *path = xasprintf("/tmp/test-peer.%d", (int)getpid());
	autofd int silent = -EBADF;
	struct listener *l;
	struct error e;

	server.hello_ns = NSEC_PER_MSEC;
	assert_int_equal(listener_unix(loop, path, 0600, &limits, &ops, &silent, &l, &e), 0);
	assert_int_equal(peer_dial(&server, path, &master, &theirs, &e), 0);
	RUN_UNTIL(loop, !theirs);
	assert_string_equal(buf_text(&did), "closed: no HELLO in time ");
	listener_free(l);
}

static void whoever_dials_an_older_or_newer_one_is_told_which(void **state unused)
{
	static const struct listener_ops ops = { .protocol = take_nothing };
	static const struct listener_limits limits = { .total = 2 };
	const struct hello hello = { .role = PEER_FRAMEWORK, .has_role = true };
	struct peer_server dialling = server;
	autofree char *path = xasprintf("/tmp/test-peer.%d", (int)getpid());
	autofd int fd = -EBADF;
	struct listener *l;
	struct error e;

	dialling.hello = &hello;
	assert_int_equal(listener_unix(loop, path, 0600, &limits, &ops, &fd, &l, &e), 0);
	assert_int_equal(peer_dial(&dialling, path, &master, &theirs, &e), 0);
	RUN_UNTIL(loop, fd >= 0);
	say(fd, "{\"type\":\"HELLO\",\"hello\":{\"role\":\"master\","
		"\"protocol_min\":7,\"protocol_max\":9}}\n");
	RUN_UNTIL(loop, !theirs);
	assert_string_equal(buf_text(&did), "closed: the master speaks protocol versions 7 to 9, "
					    "the framework 1 to 1: upgrade the framework ");
	listener_free(l);
}

static void an_error_is_not_answered(void **state unused)
{
	autofd int fd = greet();

	say(fd, "{\"type\":\"ERROR\",\"error\":{\"message\":\"x\"}}\n" SUBSCRIBE);
	RUN_UNTIL(loop, strstr(buf_text(&did), "subscribe"));
	assert_int_equal(recv(fd, &(char){ 0 }, 1, MSG_DONTWAIT), -1);
}

static void a_peer_that_leaves_is_told_to_its_owner(void **state unused)
{
	int fd = greet();

	close(fd);
	RUN_UNTIL(loop, !theirs);
	assert_string_equal(buf_text(&did), "greeted closed: closed by the peer ");
}

static void a_peer_that_leaves_before_hello_is_nobodys(void **state unused)
{
	int fd = connect_peer();

	assert_int_equal(streams_count(streams), 1);
	close(fd);
	RUN_UNTIL(loop, !streams_count(streams));
	assert_int_equal(did.len, 0);
}

static void a_line_too_long_for_the_role_ends_it(void **state unused)
{
	autofd int fd = greet();
	autofree char *text = xcalloc(1, 5000);

	memset(text, ' ', 4998);
	text[0] = '{';
	say(fd, text);
	RUN_UNTIL(loop, !theirs);
	assert_non_null(strstr(buf_text(&did), "closed: "));
}

static void a_verb_may_end_its_own_peer(void **state unused)
{
	autofd int fd = greet();

	say(fd, SUBSCRIBE "{\"type\":\"TEARDOWN\"}\n{\"type\":\"REVIVE\"}\n");
	RUN_UNTIL(loop, taken);
	expect_closed(fd);
	assert_string_equal(buf_text(&did), "greeted subscribe n teardown ");
	theirs = NULL;
}

static void what_is_queued_before_finish_is_written(void **state unused)
{
	autofd int fd = greet();

	peer_error(theirs, "last words");
	say(fd, "{\"type\":\"KILL\",\"framework_id\":{\"value\":\"f\"},"
		"\"kill\":{\"task_id\":{\"value\":\"t\"}}}\n");
	RUN_UNTIL(loop, taken);
	expect_closed(fd);
	assert_non_null(strstr(heard.data, "last words"));
	assert_string_equal(buf_text(&did), "greeted f ");
	theirs = NULL;
}

static void an_error_is_utf8_wherever_it_was_cut(void **state unused)
{
	autofd int fd = greet();
	autobuf struct buf text = { 0 };
	json_t *json;

	for (int i = 0; i < 600; i++)
		buf_adds(&text, "\342\202\254");
	peer_error(theirs, "x%s", buf_text(&text));
	assert_true(hear(fd, "\n"));
	json = json_loadb(heard.data, heard.len, 0, NULL);
	assert_non_null(json);
	json_decref(json);
}

static void owners_are_kept(void **state unused)
{
	autofd int fd = greet();

	peer_set_owner(theirs, &fd);
	assert_ptr_equal(peer_owner(theirs), &fd);
	assert_true(peer_stream(theirs) != NULL);
}

static void take_protocol(void *owner, int fd, struct seat *seat, const struct ucred *cred unused)
{
	peer_accept(owner, fd, seat);
}

/* The dialling end notes "greeted 0.22.0", the other one "greeted". */
static void two_peers_greet_each_other(void **state unused)
{
	static const struct listener_ops ops = { .protocol = take_protocol };
	static const struct listener_limits limits = { .total = 2 };
	const struct hello hello = { .role = PEER_FRAMEWORK, .has_role = true };
	struct peer_server dialling = server;
	struct event_subscribed body = { .framework_id = (char *)"F" };
	autofree char *path = xasprintf("/tmp/test-peer.%d", (int)getpid());
	struct listener *l;
	struct peer *dialled, *accepted;
	struct error e;

	dialling.hello = &hello;
	assert_int_equal(listener_unix(loop, path, 0600, &limits, &ops, &server, &l, &e), 0);
	assert_int_equal(peer_dial(&dialling, path, &master, &dialled, &e), 0);
	RUN_UNTIL(loop, theirs && theirs != dialled);
	accepted = theirs;
	RUN_UNTIL(loop, theirs == dialled);
	assert_string_equal(buf_text(&did), "greeted greeted 0.22.0 ");
	peer_send(accepted, EVENT_SUBSCRIBED, NULL, NULL, &body);
	RUN_UNTIL(loop, strstr(buf_text(&did), "subscribed F "));
	peer_close(accepted);
	RUN_UNTIL(loop, !theirs);
	assert_non_null(strstr(buf_text(&did), "closed: closed by the peer "));
	listener_free(l);
}

static void a_dial_that_fails_is_told(void **state unused)
{
	struct peer *dialled;
	struct error e;

	assert_int_equal(peer_dial(&server, "/no/such/socket", &master, &dialled, &e), 0);
	RUN_UNTIL(loop, did.len);
	assert_non_null(strstr(buf_text(&did), "closed: connect /no/such/socket: No such file"));
	assert_int_equal(peer_dial(&server, "nonsense", &master, &dialled, &e), -EINVAL);
	assert_int_equal(streams_count(streams), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hello_is_answered_by_ours),
		TEST(a_range_of_versions_that_has_ours_is_accepted),
		TEST(a_hello_without_a_common_version_is_refused),
		TEST(a_role_that_is_not_served_is_refused),
		TEST(whoever_the_owner_refuses_gets_the_reason),
		TEST(hello_comes_first),
		TEST(hello_is_said_once),
		TEST(a_verb_answers_in_its_phase_only),
		TEST(an_unknown_type_keeps_the_connection),
		TEST(what_is_no_json_ends_the_connection),
		TEST(lines_that_cannot_be_taken_end_it_after_a_while),
		TEST(whoever_connects_has_a_deadline_for_hello),
		TEST(whoever_is_dialled_has_one_too),
		TEST(whoever_dials_an_older_or_newer_one_is_told_which),
		TEST(an_error_is_not_answered),
		TEST(a_peer_that_leaves_is_told_to_its_owner),
		TEST(a_peer_that_leaves_before_hello_is_nobodys),
		TEST(a_line_too_long_for_the_role_ends_it),
		TEST(a_verb_may_end_its_own_peer),
		TEST(what_is_queued_before_finish_is_written),
		TEST(an_error_is_utf8_wherever_it_was_cut),
		TEST(owners_are_kept),
		TEST(two_peers_greet_each_other),
		TEST(a_dial_that_fails_is_told),
	};

	return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
