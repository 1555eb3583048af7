/*
 * Calls that wait for a host which never comes: how many may, how long, and what they are told. And
 * when the next one is started after a host that was there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include "lib/labels.h"
#include "lib/log.h"
#include "lib/module_host.h"
#include "tests/unit/built.h"
#include "tests/unit/loop.h"

struct fixture {
	sd_event *loop;
	struct module_call load;
	struct module_host_options options;
	struct module_host *host;
	struct error e; /* of the last call that is done */
	unsigned done;
	bool lost;
	struct streams *streams;
	char *path;    /* of the link to the program */
	int log;       /* what the log writes to */
	unsigned came; /* hosts */
};

static void on_loaded(void *ctx, const struct module_result *result, const struct error *e)
{
	struct fixture *f = ctx;

	assert_null(result);
	assert_non_null(strstr(e->text, "--launcher_dir says where it is"));
	f->lost = true;
}

static void on_done(void *ctx, struct module_result *result, const struct error *e)
{
	struct fixture *f = ctx;

	assert_null(result);
	f->e = *e;
	f->done++;
}

/* One that is not started yet. */
static void begin(struct fixture *f, int64_t timeout_ns)
{
	f->options.timeout_ns = timeout_ns;
	f->host = module_host_new(&f->options);
	assert_int_equal(module_host_pid(f->host), 0);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	if (sd_event_new(&f->loop) < 0)
		return -1;
	f->load = (struct module_call){ .function = MODULE_LOAD, .has_function = true };
	f->options = (struct module_host_options){
		.loop = f->loop,
		.name = "host",
		.path = "/no/such/mesos-module-host",
		.load = &f->load,
		.loaded = on_loaded,
		.ctx = f,
	};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	module_host_free(f->host);
	sd_event_unref(f->loop);
	free(f);
	return 0;
}

/* One whose line is a little longer than this. */
static struct host_call *call(struct fixture *f, size_t bytes)
{
	autofree char *value = xmalloc(bytes + 1);
	struct label label = { .key = (char[]){ "k" }, .value = value };
	struct labels labels = { .labels = &label, .labels_count = 1 };
	struct module_call what = {
		.function = HOOK_TASK_LABELS,
		.has_function = true,
		.module = (char[]){ "m" },
		.labels = &labels,
	};

	memset(value, 'v', bytes);
	value[bytes] = '\0';
	return module_host_call(f->host, &what, on_done, f);
}

static void says_what_it_waited_for(void **state)
{
	struct fixture *f = *state;

	begin(f, NSEC_PER_MSEC);
	call(f, 1);
	assert_int_equal(f->done, 0);
	RUN_UNTIL(f->loop, f->done == 1);
	assert_int_equal(f->e.code, EAGAIN);
	assert_string_equal(f->e.text, "its process is not back yet");
}

static void waits_for_nothing_that_cannot_be_started(void **state)
{
	struct fixture *f = *state;

	begin(f, NSEC_PER_SEC * 1000);
	module_host_start(f->host);
	RUN_UNTIL(f->loop, f->lost);
	call(f, 1);
	call(f, 1);
	assert_int_equal(f->done, 0);
	RUN_UNTIL(f->loop, f->done == 2);
	assert_non_null(strstr(f->e.text, "its process cannot be started again: start /no/such/"));
}

/* Each for itself: the last one is not late by as many times as there are. */
static void calls_wait_beside_each_other(void **state)
{
	struct fixture *f = *state;

	begin(f, NSEC_PER_MSEC);
	for (int i = 0; i < 100; i++)
		call(f, 1);
	assert_int_equal(usleep(2000), 0);
	assert_true(sd_event_run(f->loop, 0) > 0);
	assert_int_equal(f->done, 100);
}

static void refuses_what_no_line_holds(void **state)
{
	struct fixture *f = *state;

	begin(f, NSEC_PER_SEC * 1000);
	call(f, 1);
	call(f, LINE_MAX_DAEMON_BYTES);
	assert_int_equal(f->done, 0); /* never from within the call */
	RUN_UNTIL(f->loop, f->done == 1);
	assert_int_equal(f->e.code, EAGAIN);
	assert_non_null(strstr(f->e.text, "what it is about is too long: 4194"));
}

static void holds_no_more_than_its_bound(void **state)
{
	struct fixture *f = *state;
	struct host_call *some;

	begin(f, NSEC_PER_SEC * 1000);
	some = call(f, LINE_MAX_DAEMON_BYTES - KIB);
	for (int i = 1; i < 16; i++)
		call(f, LINE_MAX_DAEMON_BYTES - KIB);
	call(f, 64 * KIB);
	RUN_UNTIL(f->loop, f->done == 1);
	assert_int_equal(f->e.code, EAGAIN);
	assert_non_null(strstr(f->e.text, "bytes wait for its process already"));
	host_call_cancel(call(f, 64 * KIB)); /* is told nothing */
	host_call_cancel(some);
	call(f, LINE_MAX_DAEMON_BYTES - KIB); /* has its place */
	call(f, 64 * KIB);
	RUN_UNTIL(f->loop, f->done == 2);
	assert_int_equal(sd_event_run(f->loop, 0), 0);
	assert_int_equal(f->done, 2);
}

/* ---- the pause before the next one ---- */

static void on_came(void *ctx, const struct module_result *result, const struct error *e unused)
{
	struct fixture *f = ctx;

	f->came += result != NULL;
}

static void put_program(const struct fixture *f)
{
	autofree char *program = built("libexec/mesos/mesos-module-host");
	autofree char *target = realpath(program, NULL);

	assert_int_equal(symlink(target, f->path), 0);
}

static int set_up_program(void **state)
{
	struct fixture *f;
	struct error e;
	sigset_t child;
	int fd = memfd_create("log", MFD_CLOEXEC);

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (fd < 0 || sigprocmask(SIG_BLOCK, &child, NULL) || set_up(state))
		return -1;
	f = *state;
	if (streams_new(f->loop, NULL, NULL, &f->streams, &e))
		return -1;
	f->log = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	log_set_file(fd, true);
	f->path = xasprintf("/tmp/test-module_host-%d", (int)getpid());
	f->options.path = f->path;
	f->options.streams = f->streams;
	f->options.memory_bytes = GIB;
	f->options.timeout_ns = NSEC_PER_SEC * 1000;
	f->options.loaded = on_came;
	put_program(f);
	return 0;
}

static int tear_down_program(void **state)
{
	struct fixture *f = *state;

	module_host_free(take_ptr(f->host));
	streams_free(f->streams);
	log_set_file(-EBADF, false);
	close_fd(&f->log);
	unlink(f->path);
	free(f->path);
	return tear_down(state);
}

/* As the log has them, "0.1 0.2". */
static void add_pauses(const struct fixture *f, struct buf *out)
{
	static const char before[] = "it is started again in ";
	char text[16 * KIB];
	ssize_t n = pread(f->log, text, sizeof(text) - 1, 0);

	assert_true(n >= 0);
	text[n] = '\0';
	for (const char *p = text; (p = strstr(p, before));) {
		p += strlen(before);
		buf_addf(out, "%s%.*s", out->len ? " " : "", (int)strcspn(p, " "), p);
	}
}

static bool has_paused(const struct fixture *f, const char *expected)
{
	autobuf struct buf said = { 0 };

	add_pauses(f, &said);
	return !strcmp(buf_text(&said), expected);
}

static void begin_next(struct fixture *f)
{
	unsigned before = f->came;

	module_host_start(f->host);
	RUN_UNTIL(f->loop, f->came > before);
}

static void kill_host(struct fixture *f, const char *pauses)
{
	assert_int_equal(kill(module_host_pid(f->host), SIGKILL), 0);
	RUN_UNTIL(f->loop, has_paused(f, pauses));
}

/* Of the only timer of the loop, timerfd_create(2): what is left of it. */
static int64_t timer_left(void)
{
	DIR *d = opendir("/proc/self/fdinfo");
	long long seconds = -1, ns = 0;

	assert_non_null(d);
	for (const struct dirent *entry; seconds < 0 && (entry = readdir(d));) {
		autofree char *path = xasprintf("/proc/self/fdinfo/%s", entry->d_name);
		autobuf struct buf text = { 0 };
		struct error e;
		const char *value;

		if (entry->d_name[0] == '.' || fs_read(path, 4 * KIB, &text, &e))
			continue;
		value = strstr(buf_text(&text), "it_value: (");
		if (value)
			sscanf(value, "it_value: (%lld, %lld)", &seconds, &ns);
	}
	closedir(d);
	assert_true(seconds >= 0);
	return seconds * NSEC_PER_SEC + ns;
}

/* Nothing of it is waited for: whoever starts the next one beforehand has the next pause. */
static void the_pause_doubles_until_one_has_answered(void **state)
{
#define DOUBLED "0.1 0.2 0.4 0.8 1.6 3.2 6.4 12.8 25.6 30.0"
	struct fixture *f = *state;
	int64_t before, after, asked, left;

	f->host = module_host_new(&f->options);
	begin_next(f);
	assert_int_equal(unlink(f->path), 0);
	before = now_ns();
	kill_host(f, "0.1");
	for (int i = 0; i < 9; i++)
		module_host_start(f->host); /* there is none */
	after = now_ns();
	assert_true(has_paused(f, DOUBLED));

	/* So long the loop waits, too: from its last turn on. */
	assert_true(sd_event_run(f->loop, 0) >= 0);
	asked = now_ns();
	left = timer_left();
	assert_true(now_ns() + left >= before + MODULE_PAUSE_MAX_NS);
	assert_true(asked + left <= after + MODULE_PAUSE_MAX_NS + 2 * NSEC_PER_MSEC);

	put_program(f);
	begin_next(f); /* which is no answer yet */
	kill_host(f, DOUBLED " 30.0");
	begin_next(f);
	call(f, 1);
	RUN_UNTIL(f->loop, f->done == 1);
	assert_int_equal(f->e.code, HOST_CALL_FAILED);
	kill_host(f, DOUBLED " 30.0 0.1");
#undef DOUBLED
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_what_it_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waits_for_nothing_that_cannot_be_started, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(calls_wait_beside_each_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_what_no_line_holds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(holds_no_more_than_its_bound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_pause_doubles_until_one_has_answered,
						set_up_program, tear_down_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
