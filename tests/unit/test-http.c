/* HTTP over socket pairs, and the parsing of targets, queries and Accept by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "lib/http.h"
#include "lib/http_request.h"
#include "tests/unit/loop.h"

static sd_event *loop;
static struct http *http;
static struct seats *seats;
static struct buf reply;

static void state_json(const struct http_request *q, struct http_response *r, void *ctx)
{
	uint64_t limit;
	struct error e;

	if (http_query_u64(q, "limit", 7, 100, &limit, &e) < 0) {
		http_fail(r, 400, "%s", e.text);
		return;
	}
	assert_string_equal(ctx, "context");
	buf_addf(&r->body, "%s limit=%u name=%s", http_route(q)->path, (unsigned)limit,
		 http_query(q, "name") ? http_query(q, "name") : "(none)");
	http_add_header(r, "X-One", "1");
	http_add_header(r, "X-Two", "2");
}

static void big(const struct http_request *q unused, struct http_response *r, void *ctx unused)
{
	memset(buf_reserve(&r->body, 8 * MIB), 'x', 8 * MIB);
	r->body.len = 8 * MIB;
}

static void switch_it(const struct http_request *q, struct http_response *r, void *ctx)
{
	size_t len;
	const char *text = http_body(q, &len);

	assert_string_equal(ctx, "context");
	if (text)
		buf_addf(&r->body, "%s posted %zu: %.20s", http_route(q)->path, len, text);
	else
		buf_adds(&r->body, "read");
}

static const struct http_route routes[] = {
	{ .path = "/switch",
	  .handler = switch_it,
	  .doc = "A switch.",
	  .post = switch_it,
	  .takes = "{\"on\":true}  light" },
	{ .path = "/", .handler = state_json, .doc = "The page." },
	{ .path = "/state.json",
	  .handler = state_json,
	  .doc = "State <of> all & more.",
	  .params = "limit=N  how many\nname=S   whose" },
	{ .path = "/metrics/snapshot", .handler = state_json, .doc = "Metrics." },
	{ .path = "/big", .handler = big, .doc = "Much." },
	{ 0 },
};
static const char *const prefixes[] = { "/master", "/slave(1)", NULL };

static int start(const struct http_limits *limits)
{
	struct error e;

	http_free(http);
	return http_new(loop, routes, prefixes, (void *)"context", limits, &http, &e);
}

static int setup(void **state unused)
{
	static const struct http_limits limits = {
		.header_ns = 20 * NSEC_PER_MSEC,
		.stall_ns = 20 * NSEC_PER_MSEC,
		.idle_ns = 20 * NSEC_PER_MSEC,
	};

	http = NULL;
	seats = seats_new(0, 0);
	return sd_event_new(&loop) < 0 ? -1 : start(&limits);
}

static int teardown(void **state unused)
{
	http_free(http);
	seats_free(take_ptr(seats));
	buf_fini(&reply);
	loop = sd_event_unref(loop);
	return 0;
}

/* Seats show whether a connection has ended. */
static struct seat *take_seat(void)
{
	struct sockaddr from = { .sa_family = AF_UNIX };
	struct seat *seat;

	assert_int_equal(seat_take(seats, &from, NULL, &seat), SEAT_OK);
	return seat;
}

static int client(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	http_add(http, fds[1], take_seat());
	return fds[0];
}

/* The same over TCP, where the kernel counts bytes. */
static int tcp_client(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);
	autofd int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	assert_int_equal(bind(listening, (struct sockaddr *)&at, len), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, len), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
	http_add(http, accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), take_seat());
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Takes what arrived; false once the server closed. */
static bool hear(int fd)
{
	char *at = buf_reserve(&reply, 65536);
	ssize_t n = recv(fd, at, 65535, MSG_DONTWAIT);

	if (n > 0)
		reply.len += (size_t)n;
	buf_text(&reply);
	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* Sends, and runs the server until the connection is over. */
static const char *converse(const char *text)
{
	autofd int fd = client();

	reply.len = 0;
	say(fd, text);
	while (hear(fd))
		assert_true(loop_runs(loop));
	RUN_UNTIL(loop, !seats_taken(seats));
	return buf_text(&reply);
}

static const char *get(const char *target)
{
	autofree char *text =
		xasprintf("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target);

	return converse(text);
}

static const char *body(const char *answer)
{
	const char *blank = strstr(answer, "\r\n\r\n");

	return blank ? blank + 4 : "(no body)";
}

static void expect_status(const char *answer, const char *status)
{
	if (strncmp(answer, "HTTP/1.1 ", 9) || strncmp(answer + 9, status, 3))
		fail_msg("expected %s: %.200s", status, answer);
}

static void a_route_answers_with_its_headers(void **state unused)
{
	const char *answer = get("/state.json?limit=3&name=a%20b");

	expect_status(answer, "200");
	assert_string_equal(body(answer), "/state.json limit=3 name=a b");
	assert_non_null(strstr(answer, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(answer, "X-One: 1\r\n"));
	assert_non_null(strstr(answer, "X-Two: 2\r\n"));
	assert_int_equal(http_requests(http), 1);
}

static void prefixes_slashes_and_escapes_lead_to_the_same_route(void **state unused)
{
	static const char *const same[] = {
		"/state.json",
		"/state.json/",
		"/master/state.json",
		"/slave(1)/state.json",
		"/slave%281%29/%73tate.json",
		"http://node:5050/state.json",
	};

	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		assert_string_equal(body(get(same[i])), "/state.json limit=7 name=(none)");
	assert_string_equal(body(get("/")), "/ limit=7 name=(none)");
	assert_string_equal(body(get("/master")), "/ limit=7 name=(none)");
}

static void what_is_not_in_the_table_is_404(void **state unused)
{
	static const char *const missing[] = { "/nope",        "/../state.json", "/state.json/..",
					       "/masters",     "//state.json",   "/helpx",
					       "/state.json//" };

	for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
		expect_status(get(missing[i]), "404");
		assert_non_null(strstr(body(reply.data), "/help"));
	}
}

static void a_path_that_cannot_be_decoded_is_400(void **state unused)
{
	expect_status(get("/state.json%00x"), "400");
	expect_status(get("/%zz"), "400");
	expect_status(get("state.json"), "400");
}

static void a_bad_number_is_400_with_a_sentence(void **state unused)
{
	expect_status(get("/state.json?limit=abc"), "400");
	assert_true(str_starts(body(reply.data), "parameter limit: "));
	expect_status(get("/state.json?limit=101"), "400");
	assert_string_equal(body(reply.data), "parameter limit: 101 is more than 100\n");
	expect_status(get("/state.json?limit="), "400");
	expect_status(get("/state.json?limit=100"), "200");
}

static void head_has_no_body_but_its_length(void **state unused)
{
	const char *answer = converse("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

	expect_status(answer, "200");
	assert_string_equal(body(answer), "");
	assert_non_null(strstr(answer, "Content-Length: 21\r\n"));
}

static void other_methods_are_405(void **state unused)
{
	expect_status(
		converse("POST /state.json HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
		"405");
	assert_non_null(strstr(reply.data, "Allow: GET, HEAD\r\n"));
	assert_non_null(strstr(reply.data, "Connection: close\r\n"));
	expect_status(converse("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n"), "405");
}

/* Headers end with "\r\n" or are empty. */
static const char *post(const char *target, const char *headers, const char *text)
{
	autofree char *request = xasprintf("POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
					   "Content-Length: %zu\r\n%s\r\n%s",
					   target, strlen(text), headers, text);

	return converse(request);
}

#define JSON_BODY "Content-Type: application/json\r\n"

static void a_post_brings_its_body_to_the_route_that_takes_one(void **state unused)
{
	expect_status(post("/switch", JSON_BODY, "{\"on\":true}"), "200");
	assert_string_equal(body(reply.data), "/switch posted 11: {\"on\":true}");
	assert_string_equal(body(post("/master/switch/?a=b",
				      "Content-Type: Application/JSON; charset=utf-8\r\n", "{}")),
			    "/switch posted 2: {}");
	assert_string_equal(body(post("/switch", JSON_BODY "Sec-Fetch-Site: none\r\n", "")),
			    "/switch posted 0: ");
	assert_string_equal(body(get("/switch")), "read");
}

static void a_post_in_pieces_is_put_together(void **state unused)
{
	autofd int fd = client();

	reply.len = 0;
	say(fd, "POST /switch HTTP/1.1\r\nHost: x\r\n" JSON_BODY
		"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	assert_true(loop_runs(loop));
	say(fd, "2\r\nde\r\n0\r\n\r\n");
	while (hear(fd))
		assert_true(loop_runs(loop));
	RUN_UNTIL(loop, !seats_taken(seats));
	assert_string_equal(body(reply.data), "/switch posted 5: abcde");
}

static void a_body_is_not_taken_for_that_of_the_next_request(void **state unused)
{
	const char *answer = converse(
		"POST /switch HTTP/1.1\r\nHost: x\r\n" JSON_BODY "Content-Length: 3\r\n\r\nabc"
		"GET /switch HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nxx"
		"POST /switch HTTP/1.1\r\nHost: x\r\n" JSON_BODY
		"Connection: close\r\nContent-Length: 1\r\n\r\nz");

	assert_non_null(strstr(answer, "/switch posted 3: abc"));
	assert_non_null(strstr(answer, "\r\n\r\nread"));
	assert_non_null(strstr(answer, "/switch posted 1: z"));
}

static void a_post_of_a_browser_is_403(void **state unused)
{
	static const char *const sent[] = {
		JSON_BODY "Origin: http://localhost:5050\r\n",
		JSON_BODY "origin: null\r\n",
		JSON_BODY "Sec-Fetch-Site: same-origin\r\n",
		JSON_BODY "Sec-Fetch-Site: cross-site\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(sent); i++) {
		expect_status(post("/switch", sent[i], "{}"), "403");
		assert_non_null(strstr(reply.data, "not for browsers"));
		assert_null(strstr(reply.data, "posted"));
	}
}

static void a_post_that_is_no_json_is_415(void **state unused)
{
	static const char *const sent[] = {
		"",
		"Content-Type: text/plain\r\n",
		"Content-Type: application/jsonp\r\n",
		"Content-Type: text/plain; application/json\r\n",
		"Content-Type: application/x-www-form-urlencoded\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(sent); i++)
		expect_status(post("/switch", sent[i], "{}"), "415");
}

static void a_post_of_too_much_is_413_or_cut(void **state unused)
{
	autobuf struct buf chunked = { 0 };

	expect_status(converse("POST /switch HTTP/1.1\r\nHost: x\r\n" JSON_BODY
			       "Content-Length: 65537\r\n\r\n"),
		      "413");
	buf_adds(&chunked, "POST /switch HTTP/1.1\r\nHost: x\r\n" JSON_BODY
			   "Transfer-Encoding: chunked\r\n\r\n10001\r\n");
	memset(buf_reserve(&chunked, 65537), 'x', 65537);
	chunked.len += 65537;
	buf_adds(&chunked, "\r\n0\r\n\r\n");
	assert_string_equal(converse(buf_text(&chunked)), "");
}

static void what_is_only_read_says_so_and_what_is_not_too(void **state unused)
{
	expect_status(post("/state.json", JSON_BODY, "{}"), "405");
	assert_non_null(strstr(reply.data, "Allow: GET, HEAD\r\n"));
	expect_status(post("/nope", JSON_BODY, "{}"), "405");
	expect_status(converse("PUT /switch HTTP/1.1\r\nHost: x\r\n\r\n"), "405");
	assert_non_null(strstr(reply.data, "Allow: GET, HEAD, POST\r\n"));
	expect_status(converse("OPTIONS /%zz HTTP/1.1\r\nHost: x\r\n\r\n"), "405");
}

static const struct sockaddr elsewhere = { .sa_family = AF_UNSPEC };

static bool on_this_machine(const char *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		return http_on_this_machine((struct sockaddr *)&v4, &elsewhere);
	assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
	return http_on_this_machine((struct sockaddr *)&v6, &elsewhere);
}

static void only_loopback_addresses_are_always_this_machine(void **state unused)
{
	static const char *const ours[] = { "127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1" };
	static const char *const others[] = { "10.0.0.1",        "0.0.0.0",     "128.0.0.1",
					      "1.0.0.127",       "::",          "fe80::1",
					      "::ffff:10.0.0.1", "::127.0.0.1", "7f00::1" };

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		assert_true(on_this_machine(ours[i]));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(on_this_machine(others[i]));
	assert_true(http_on_this_machine(&(struct sockaddr){ .sa_family = AF_UNIX }, &elsewhere));
	assert_false(
		http_on_this_machine(&(struct sockaddr){ .sa_family = AF_UNSPEC }, &elsewhere));
}

static void who_has_our_own_address_is_this_machine(void **state unused)
{
	struct sockaddr_in one = { .sin_family = AF_INET, .sin_port = 1 };
	struct sockaddr_in same = { .sin_family = AF_INET, .sin_port = 2 };
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 }, b = { .sin6_family = AF_INET6 };
	const struct sockaddr *p = (void *)&one, *q = (void *)&same;
	const struct sockaddr *x = (void *)&a, *y = (void *)&b;

	one.sin_addr.s_addr = same.sin_addr.s_addr = htonl(0x0a000001);
	assert_true(http_on_this_machine(p, q));
	same.sin_addr.s_addr = htonl(0x0a000002);
	assert_false(http_on_this_machine(p, q));
	a.sin6_addr.s6_addr[0] = b.sin6_addr.s6_addr[0] = 0xfe;
	assert_true(http_on_this_machine(x, y));
	b.sin6_addr.s6_addr[15] = 1;
	assert_false(http_on_this_machine(x, y));
	b.sin6_addr.s6_addr[15] = 0;
	b.sin6_scope_id = 3; /* another link may have the same */
	assert_false(http_on_this_machine(x, y));
	assert_false(http_on_this_machine(p, y));
}

static void a_post_over_loopback_is_served(void **state unused)
{
	autofd int fd = tcp_client();

	reply.len = 0;
	say(fd, "POST /switch HTTP/1.1\r\nHost: x\r\n" JSON_BODY
		"Connection: close\r\nContent-Length: 2\r\n\r\n{}");
	while (hear(fd))
		assert_true(loop_runs(loop));
	RUN_UNTIL(loop, !seats_taken(seats));
	assert_string_equal(body(buf_text(&reply)), "/switch posted 2: {}");
}

static void help_says_what_a_post_takes(void **state unused)
{
	assert_non_null(strstr(get("/help/switch"), ">        {\"on\":true}  light\n"));
}

static void two_lengths_are_400(void **state unused)
{
	expect_status(converse("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
			       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		      "400");
}

static void no_host_is_400(void **state unused)
{
	expect_status(converse("GET / HTTP/1.1\r\n\r\n"), "400");
}

static void a_large_body_is_413_and_a_small_one_thrown_away(void **state unused)
{
	expect_status(converse("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n"),
		      "413");
	expect_status(converse("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			       "Content-Length: 30\r\n\r\nGET /nope HTTP/1.1\r\nHost: x\r\n\r\n"),
		      "200");
	assert_null(strstr(reply.data + 1, "HTTP/1.1"));
}

static void one_connection_serves_many_requests(void **state unused)
{
	const char *answer =
		converse("GET / HTTP/1.1\r\nHost: x\r\n\r\n"
			 "GET /nope HTTP/1.1\r\nHost: x\r\n\r\n"
			 "GET /state.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

	expect_status(answer, "200");
	assert_non_null(strstr(answer, "HTTP/1.1 404"));
	assert_non_null(strstr(answer, "/state.json limit=7"));
	assert_int_equal(http_requests(http), 3);
}

/* Deadlines: setup() makes each 20 ms. */

static void half_a_header_is_cut(void **state unused)
{
	assert_string_equal(converse("GET / HTTP/1.1\r\nHost: x\r\n"), "");
}

static void a_dripping_client_is_cut(void **state unused)
{
	autofd int fd = client();

	say(fd, "GET /");
	while (hear(fd)) {
		if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
			break;
		assert_true(loop_runs(loop));
	}
	RUN_UNTIL(loop, !seats_taken(seats));
	assert_int_equal(reply.len, 0);
}

static void a_dripping_client_is_cut_in_its_second_request_too(void **state unused)
{
	static const struct http_limits limits = {
		.header_ns = 20 * NSEC_PER_MSEC,
		.stall_ns = 100 * NSEC_PER_SEC,
		.idle_ns = 100 * NSEC_PER_SEC,
	};
	autofd int fd = -1;
	int64_t start_ns;
	size_t answered;
	int left = 1000; /* fewer than a request line may have */

	assert_int_equal(start(&limits), 0);
	fd = tcp_client();
	say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	while (!reply.len || !strstr(reply.data, "\r\n\r\n"))
		assert_true(loop_runs(loop) && hear(fd));
	start_ns = now_ns();
	answered = reply.len;
	while (hear(fd)) {
		if (left-- > 0)
			say(fd, "G");
		assert_true(loop_runs(loop));
	}
	RUN_UNTIL(loop, !seats_taken(seats));
	assert_int_equal(reply.len, answered);
	assert_true(now_ns() - start_ns < 50 * NSEC_PER_SEC);
}

/* Runs the server until this client has the first line of its answer. */
static void expect_next(int fd, const char *status)
{
	reply.len = 0;
	while (!reply.len)
		assert_true(loop_runs(loop) && hear(fd));
	expect_status(reply.data, status);
}

static void what_nobody_reads_is_bounded(void **state unused)
{
	static const struct http_limits limits = { .out_max = 12 * MIB };
	static const char ask[] = "GET /big HTTP/1.1\r\nHost: x\r\n\r\n";
	autofd int first = -1, second = -1;

	assert_int_equal(start(&limits), 0);
	first = client();
	second = client();
	say(first, ask);
	expect_next(first, "200");
	say(second, ask);
	expect_next(second, "503");
	assert_non_null(strstr(reply.data, "Retry-After: 5\r\n"));
	say(second, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_next(second, "200");
	close_fd(&first);
	RUN_UNTIL(loop, seats_taken(seats) == 1);
	say(second, ask);
	expect_next(second, "200");
}

static void an_answer_that_is_alone_may_be_larger_than_the_bound(void **state unused)
{
	static const struct http_limits limits = { .out_max = 1 };
	autofd int fd = -1;

	assert_int_equal(start(&limits), 0);
	fd = client();
	say(fd, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	expect_next(fd, "200");
}

static void an_idle_connection_is_cut_after_its_answer(void **state unused)
{
	expect_status(converse("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "200");
	assert_null(strstr(reply.data, "Connection: close"));
}

static void a_client_that_does_not_read_is_cut(void **state unused)
{
	autofd int fd = client();

	say(fd, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	RUN_UNTIL(loop, !seats_taken(seats));
	while (hear(fd))
		;
	assert_true(reply.len < 8 * MIB);
}

static void a_seat_is_released_when_the_connection_ends(void **state unused)
{
	struct seats *table = seats_new(1, 0);
	struct sockaddr from = { .sa_family = AF_UNIX };
	struct seat *seat;
	int fds[2];

	assert_int_equal(seat_take(table, &from, NULL, &seat), SEAT_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	http_add(http, fds[1], seat);
	assert_int_equal(seats_taken(table), 1);
	close(fds[0]);
	RUN_UNTIL(loop, !seats_taken(table));
	seats_free(table);
}

/* Help */

static void help_is_markdown_for_curl_and_html_for_browsers(void **state unused)
{
	const char *answer = get("/help");

	assert_non_null(strstr(answer, "Content-Type: text/x-markdown"));
	assert_non_null(strstr(answer, "- `/metrics/snapshot`: Metrics."));
	answer = converse("GET /help/master/state.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
			  "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n\r\n");
	assert_non_null(strstr(answer, "Content-Type: text/html"));
	assert_non_null(strstr(answer, "State &lt;of&gt; all &amp; more."));
	answer = get("/master/help/state.json");
	assert_non_null(strstr(answer, "### TL;DR; ###\n>        State <of> all & more.\n"));
	assert_non_null(strstr(answer, ">        limit=N  how many\n>        name=S   whose\n"));
	expect_status(get("/help/nope"), "400");
	assert_string_equal(body(reply.data), "No help available for '/nope'.\n");
}

/* Parsing */

static void expect_query(const char *text, const char *expected)
{
	autofree char *copy = xstrdup(text);
	autobuf struct buf b = { 0 };
	struct http_param p[HTTP_PARAMS_MAX];
	unsigned n = http_parse_query(copy, p);

	for (unsigned i = 0; i < n; i++)
		buf_addf(&b, "[%s|%s]", p[i].name, p[i].value);
	assert_string_equal(buf_text(&b), expected);
}

static void queries_are_split_then_decoded(void **state unused)
{
	expect_query("", "");
	expect_query("a=1&b=2", "[a|1][b|2]");
	expect_query("a&b=", "[a|][b|]");
	expect_query("&&a=1&", "[a|1]");
	expect_query("=x", "");
	expect_query("a=b=c", "[a|b=c]");
	expect_query("a%3Db=c%26d+e", "[a=b|c&d e]");
	expect_query("a=%zz%4", "[a|%zz%4]");
	expect_query("a=x%00y&b=2", "[b|2]");
}

static void more_parameters_than_fit_are_dropped(void **state unused)
{
	struct http_param p[HTTP_PARAMS_MAX];
	autobuf struct buf b = { 0 };

	for (int i = 0; i < 100; i++)
		buf_adds(&b, "a=1&");
	assert_int_equal(http_parse_query(buf_text(&b), p), HTTP_PARAMS_MAX);
}

static const char *const snapshot[] = { "application/json", "text/plain",
					"application/openmetrics-text", NULL };

static void prometheus_gets_its_text(void **state unused)
{
	assert_int_equal(http_accept("application/openmetrics-text;version=1.0.0;q=0.75,"
				     "application/openmetrics-text;version=0.0.1;q=0.5,"
				     "text/plain;version=0.0.4;q=0.4,*/*;q=0.1",
				     snapshot),
			 2);
	assert_int_equal(http_accept("application/vnd.google.protobuf;encoding=delimited;q=0.7,"
				     "text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
				     snapshot),
			 1);
	assert_int_equal(http_accept("text/plain", snapshot), 1);
	assert_int_equal(http_accept("TEXT/PLAIN ; Q=0.5 , application/json;q=0.4", snapshot), 1);
}

static void everybody_else_gets_json(void **state unused)
{
	static const char *const others[] = {
		NULL,
		"",
		"*/*",
		"application/json",
		"application/json, text/plain, */*",
		"image/png",
		("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"
		 "image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"),
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
		"text/plain;q=0, */*;q=0.1",
		"text/plain;q=2",
		"text/plain;q=x",
		",,;,;q",
		"text",
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(http_accept(others[i], snapshot), 0);
}

static void the_most_exact_range_counts(void **state unused)
{
	assert_int_equal(http_accept("text/*;q=0.9, */*;q=0.5", snapshot), 1);
	assert_int_equal(http_accept("text/*, text/plain;q=0.1, application/*;q=0.2", snapshot), 0);
	assert_int_equal(http_accept("*/*;q=0.001, application/json;q=0", snapshot), 1);
	assert_int_equal(http_accept("text/*;q=0.499,application/json;q=0.5", snapshot), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_route_answers_with_its_headers),
		TEST(prefixes_slashes_and_escapes_lead_to_the_same_route),
		TEST(what_is_not_in_the_table_is_404),
		TEST(a_path_that_cannot_be_decoded_is_400),
		TEST(a_bad_number_is_400_with_a_sentence),
		TEST(head_has_no_body_but_its_length),
		TEST(other_methods_are_405),
		TEST(a_post_brings_its_body_to_the_route_that_takes_one),
		TEST(a_post_in_pieces_is_put_together),
		TEST(a_body_is_not_taken_for_that_of_the_next_request),
		TEST(a_post_of_a_browser_is_403),
		TEST(a_post_that_is_no_json_is_415),
		TEST(a_post_of_too_much_is_413_or_cut),
		TEST(what_is_only_read_says_so_and_what_is_not_too),
		TEST(a_post_over_loopback_is_served),
		TEST(help_says_what_a_post_takes),
		cmocka_unit_test(only_loopback_addresses_are_always_this_machine),
		cmocka_unit_test(who_has_our_own_address_is_this_machine),
		TEST(two_lengths_are_400),
		TEST(no_host_is_400),
		TEST(a_large_body_is_413_and_a_small_one_thrown_away),
		TEST(one_connection_serves_many_requests),
		TEST(half_a_header_is_cut),
		TEST(a_dripping_client_is_cut),
		TEST(a_dripping_client_is_cut_in_its_second_request_too),
		TEST(what_nobody_reads_is_bounded),
		TEST(an_answer_that_is_alone_may_be_larger_than_the_bound),
		TEST(an_idle_connection_is_cut_after_its_answer),
		TEST(a_client_that_does_not_read_is_cut),
		TEST(a_seat_is_released_when_the_connection_ends),
		TEST(help_is_markdown_for_curl_and_html_for_browsers),
		cmocka_unit_test(queries_are_split_then_decoded),
		cmocka_unit_test(more_parameters_than_fit_are_dropped),
		cmocka_unit_test(prometheus_gets_its_text),
		cmocka_unit_test(everybody_else_gets_json),
		cmocka_unit_test(the_most_exact_range_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
