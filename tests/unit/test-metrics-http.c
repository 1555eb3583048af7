/* Which format the two metrics routes answer with, by the Accept headers that real clients send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/socket.h>

#include "lib/metrics-http.h"
#include "tests/unit/loop.h"

/* Prometheus 2.42 (scrape/scrape.go), with and without OpenMetrics; Firefox; Chrome. */
#define PROMETHEUS                                                                                 \
	"application/openmetrics-text;version=1.0.0,"                                              \
	"application/openmetrics-text;version=0.0.1;q=0.75,"                                       \
	"text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
#define PROMETHEUS_TEXT "text/plain;version=0.0.4;q=1,*/*;q=0.1"
#define FIREFOX                                                                                    \
	"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
#define CHROME                                                                                     \
	"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"             \
	"image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"

static sd_event *loop;
static struct http *http;
static enum metrics_format format;

static void answer(const struct http_request *q, struct http_response *r, void *ctx unused)
{
	format = metrics_negotiate(q);
	r->type = metrics_content_types[format];
}

static const struct http_route routes[] = {
	{ .path = "/metrics", .handler = answer, .doc = "" },
	{ .path = "/metrics/snapshot", .handler = answer, .doc = "" },
	{ .path = NULL },
};
static const char *const prefixes[] = { "/master", NULL };

static int setup(void **state unused)
{
	struct error e;

	if (sd_event_new(&loop) < 0)
		return -1;
	return http_new(loop, routes, prefixes, NULL, NULL, &http, &e);
}

static int teardown(void **state unused)
{
	http_free(http);
	loop = sd_event_unref(loop);
	return 0;
}

/* The format of the answer; its Content-Type says the same. */
static enum metrics_format ask(const char *path, const char *accept)
{
	autofree char *text = xasprintf("GET %s HTTP/1.0\r\n%s%s\r\n\r\n", path,
					accept ? "Accept: " : "X: ", accept ? accept : "none");
	autofree char *type = NULL;
	char heard[4096];
	autofd int client = -EBADF;
	ssize_t n = -1;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	client = fds[0];
	http_add(http, fds[1], NULL);
	assert_int_equal(write(client, text, strlen(text)), strlen(text));
	while (n < 0) {
		assert_true(loop_runs(loop));
		n = recv(client, heard, sizeof(heard) - 1, MSG_DONTWAIT);
	}
	heard[n] = '\0';
	type = xasprintf("Content-Type: %s\r\n", metrics_content_types[format]);
	assert_non_null(strstr(heard, type));
	return format;
}

static void a_snapshot_is_json_for_whoever_does_not_scrape(void **state unused)
{
	assert_int_equal(ask("/metrics/snapshot", NULL), METRICS_JSON);
	assert_int_equal(ask("/metrics/snapshot", "*/*"), METRICS_JSON);
	assert_int_equal(ask("/metrics/snapshot", "application/json"), METRICS_JSON);
	assert_int_equal(ask("/metrics/snapshot", FIREFOX), METRICS_JSON);
	assert_int_equal(ask("/metrics/snapshot", CHROME), METRICS_JSON);
	assert_int_equal(ask("/master/metrics/snapshot/", FIREFOX), METRICS_JSON);
}

static void a_snapshot_is_text_for_a_scraper(void **state unused)
{
	assert_int_equal(ask("/metrics/snapshot", PROMETHEUS), METRICS_OPENMETRICS);
	assert_int_equal(ask("/metrics/snapshot", PROMETHEUS_TEXT), METRICS_PROMETHEUS);
	assert_int_equal(ask("/metrics/snapshot", "text/plain"), METRICS_PROMETHEUS);
	assert_int_equal(ask("/master/metrics/snapshot", PROMETHEUS), METRICS_OPENMETRICS);
}

static void metrics_are_text_unless_json_is_asked_for(void **state unused)
{
	assert_int_equal(ask("/metrics", NULL), METRICS_PROMETHEUS);
	assert_int_equal(ask("/metrics", "*/*"), METRICS_PROMETHEUS);
	assert_int_equal(ask("/metrics", CHROME), METRICS_PROMETHEUS);
	assert_int_equal(ask("/metrics", PROMETHEUS_TEXT), METRICS_PROMETHEUS);
	assert_int_equal(ask("/metrics", PROMETHEUS), METRICS_OPENMETRICS);
	assert_int_equal(ask("/metrics", "application/json"), METRICS_JSON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_snapshot_is_json_for_whoever_does_not_scrape),
		cmocka_unit_test(a_snapshot_is_text_for_a_scraper),
		cmocka_unit_test(metrics_are_text_unless_json_is_asked_for),
	};

	return cmocka_run_group_tests_name("metrics-http", tests, setup, teardown);
}
