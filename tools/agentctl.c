/* mesos-agentctl: looks into the agent on this host, and steers it, over its local socket. */
#include "tools/agentctl.h"

#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>

#include "lib/flags.h"
#include "lib/fs.h"
#include "lib/log.h"
#include "lib/runtime.h"
#include "lib/stream.h"
#include "tools/agentctl-select.h"
#include "tools/agentctl-view.h"
#include "tools/terminal.h"

#include "lib/schema-tables.h"
#include "tools/agentctl-flags.def"
#include "lib/schema-end.h"

#define WORDS_MAX 2

/*
 * In place: the lines of before are overwritten, none is folded, and what is left below is cleared.
 */
#define SCREEN_BEGIN "\033[H\033[?7l"
#define LINE_END     "\033[K\n"
#define SCREEN_END   "\033[J\033[?7h"
#define SCREEN_CLEAR "\033[2J"
/* Ctrl-C empties what is on its way to a terminal, of a screen too. */
#define SCREEN_LEAVE COLOUR_NONE "\033[?7h"

struct verb {
	const char *words[WORDS_MAX];
	unsigned least, most; /* arguments */
	bool changes;         /* something: it is not repeated */
	const char *usage, *doc;
	command *run;
};

static enum status show_status(struct agentctl *a, struct buf *out, struct error *e)
{
	automessage struct message m = { 0 };
	enum status status = agentctl_ask(a, QUERY_STATUS, NULL, ANSWER_STATUS, &m, e);

	if (!status && a->flags.json)
		agentctl_add_json(answer_status_schema(), m.body, out);
	else if (!status)
		view_status(m.body, out);
	return status;
}

static enum status show_containers(struct agentctl *a, struct buf *out, struct error *e)
{
	automessage struct message m = { 0 };
	enum status status = agentctl_ask(a, QUERY_CONTAINERS, NULL, ANSWER_CONTAINERS, &m, e);
	struct labels_wanted wanted = {
		(const char *const *)a->flags.label,
		a->flags.label_count,
	};

	if (!status)
		containers_select(m.body, &wanted);
	if (!status && a->flags.json)
		agentctl_add_json(answer_containers_schema(), m.body, out);
	else if (!status)
		view_containers(m.body, wall_seconds(), out);
	return status;
}

static enum status show_modules(struct agentctl *a, struct buf *out, struct error *e)
{
	automessage struct message m = { 0 };
	enum status status = agentctl_ask(a, QUERY_MODULES, NULL, ANSWER_MODULES, &m, e);

	if (!status && a->flags.json)
		agentctl_add_json(answer_modules_schema(), m.body, out);
	else if (!status)
		view_modules(m.body, out);
	return status;
}

static const struct verb verbs[] = {
	{
		.words = { "status" },
		.usage = "status",
		.doc = "What the agent is and how it is.",
		.run = show_status,
	},
	{
		.words = { "containers" },
		.usage = "containers",
		.doc = "What runs on it.",
		.run = show_containers,
	},
	{
		.words = { "modules" },
		.usage = "modules",
		.doc = "The modules that extend it: from where, by whom, with which parameters.",
		.run = show_modules,
	},
	{
		.words = { "quota", "show" },
		.most = 1,
		.usage = "quota show [CONTAINER]",
		.doc = "What each container may use of the disk, and uses; CONTAINER is the id of "
		       "a task,\n      or an id of a container or the beginning of one. While no "
		       "agent runs: what its store\n      and the kernel say.",
		.run = command_quota_show,
	},
	{
		.words = { "quota", "set" },
		.least = 2,
		.most = 2,
		.changes = true,
		.usage = "quota set CONTAINER LIMIT",
		.doc = "Gives a container another limit, as in 512MB, until it ends; `default` is "
		       "what its\n      tasks were given.",
		.run = command_quota_set,
	},
	{
		.words = { "quota", "check" },
		.usage = "quota check",
		.doc = "What on this node, and in the agent's flags, stands in the way of disk "
		       "quotas, and what\n      mends it; exit status 0 if they would work.",
		.run = command_quota_check,
	},
};

/* ---- which verb ---- */

static bool verb_matches(const struct verb *v, const struct flags_words *words, size_t *n)
{
	for (*n = 0; *n < WORDS_MAX && v->words[*n]; (*n)++)
		if (*n >= words->count || strcmp(v->words[*n], words->list[*n]) != 0)
			return false;
	return true;
}

static int no_verb(const struct flags_words *words, struct error *e)
{
	autobuf struct buf known = { 0 }, given = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		buf_addf(&known, "%s%s", i ? ", " : "", verbs[i].usage);
	for (size_t i = 0; i < words->count; i++)
		buf_addf(&given, "%s%s", i ? " " : "", words->list[i]);
	if (!words->count)
		return error_set(e, EINVAL, "what to show? %s", buf_text(&known));
	return error_set(e, EINVAL, "unknown command '%s'; there is: %s", buf_text(&given),
			 buf_text(&known));
}

static int find_verb(struct agentctl *a, const struct flags_words *words, struct error *e)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(verbs) && !a->verb; i++)
		if (verb_matches(&verbs[i], words, &n))
			a->verb = &verbs[i];
	if (!a->verb)
		return no_verb(words, e);
	if (words->count > n + a->verb->most)
		return error_set(e, EINVAL, "unexpected argument '%s'; usage: " AGENTCTL " %s",
				 words->list[words->count - 1], a->verb->usage);
	if (words->count < n + a->verb->least)
		return error_set(e, EINVAL, "an argument is missing; usage: " AGENTCTL " %s",
				 a->verb->usage);
	for (size_t i = 0; n + i < words->count; i++)
		a->arguments[i] = words->list[n + i];
	return 0;
}

/* A flag that does nothing is a mistake. */
static int check_verb(const struct agentctl *a, struct error *e)
{
	if (a->flags.sort && a->verb->run != command_quota_show)
		return error_set(e, EINVAL, "--sort: '%s' does not sort", a->verb->usage);
	if (a->flags.label_count && a->verb->run != show_containers)
		return error_set(e, EINVAL, "--label: '%s' does not choose by labels",
				 a->verb->usage);
	if (a->flags.watch && a->verb->changes)
		return error_set(e, EINVAL, "--watch: '%s' is done once", a->verb->usage);
	return 0;
}

static int check_flags(struct agentctl *a, struct error *e)
{
	const char *when = a->flags.color;

	if (!a->flags.timeout)
		return error_set(e, EINVAL, "--timeout: must be more than 0");
	if (!a->flags.interval)
		return error_set(e, EINVAL, "--interval: must be more than 0");
	if (strcmp(when, "auto") && strcmp(when, "always") && strcmp(when, "never"))
		return error_set(e, EINVAL, "--color: '%s': must be auto, always or never", when);
	a->colour =
		!strcmp(when, "always") || (!strcmp(when, "auto") && terminal_has_colour(stdout));
	return check_verb(a, e);
}

/* ---- printing ---- */

static enum status print_once(const char *text, struct error *e)
{
	if (fputs(text, stdout) >= 0 && !fflush(stdout))
		return STATUS_OK;
	error_sys(e, "write the answer");
	return STATUS_FAILED;
}

/* Who has read enough is no failure of --watch. */
static enum status print(struct agentctl *a, const char *text, struct error *e)
{
	struct error why;
	int r;

	if (!a->out)
		return print_once(text, e);
	r = output_write(a->out, text, &a->stopped, &why);
	if (!r || r == -EPIPE) {
		a->stopped = a->stopped || r;
		return STATUS_OK;
	}
	*e = why;
	return STATUS_FAILED;
}

/* What nobody hears changes nothing. */
static void complain(struct agentctl *a, const char *text)
{
	autofree char *line = xasprintf(AGENTCTL ": %s\n", text);
	struct error e;

	if (a->err)
		output_write(a->err, line, &a->stopped, &e);
	else
		fputs(line, stderr);
}

static void add_time(struct buf *out)
{
	time_t now = (time_t)(wall_ns() / NSEC_PER_SEC);
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%FT%T%z", localtime_r(&now, &tm));
	buf_addf(out, "%s\n", text);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/*
 * One look of --watch as it goes to a terminal. After its last line the cursor needs one, too, or
 * the first would be gone; the last that fits says how many do not.
 */
static void add_screen(const char *block, unsigned rows, bool first, struct buf *out)
{
	size_t lines = count_lines(block), room = rows > 2 ? rows - 1 : SIZE_MAX;
	size_t shown = lines > room ? room - 1 : lines;

	buf_addf(out, "%s" SCREEN_BEGIN, first ? SCREEN_CLEAR : "");
	for (size_t n = 0; n < shown; block++)
		if (*block == '\n') {
			buf_adds(out, LINE_END);
			n++;
		} else {
			buf_addc(out, *block);
		}
	if (shown < lines)
		buf_addf(out, "… %zu more" LINE_END, lines - shown);
	buf_adds(out, SCREEN_END);
}

/* The notice stands on standard error, or in --watch, where that would be lost, above the rest. */
static void add_look(struct agentctl *a, struct buf *look, bool first, struct buf *out)
{
	autobuf struct buf block = { 0 };
	bool repeated = a->flags.watch && !a->flags.json;

	if (repeated)
		add_time(&block);
	if (a->notice.len && repeated)
		buf_addf(&block, "%s\n", buf_text(&a->notice));
	else if (a->notice.len)
		complain(a, buf_text(&a->notice));
	buf_add(&block, look->data, look->len);
	if (repeated && isatty(STDOUT_FILENO))
		add_screen(buf_text(&block), a->size.rows, first, out);
	else
		buf_addf(out, "%s%s", repeated && !first ? "\n" : "", buf_text(&block));
}

/*
 * An agent that was there and is not may be back soon, as one that is restarted is. Until then that
 * it does not answer is all there is to be shown.
 */
static bool may_come_back(const struct agentctl *a, enum status status, bool first)
{
	return a->flags.watch && !first && status == STATUS_UNREACHABLE;
}

static enum status look(struct agentctl *a, bool first, struct error *e)
{
	autobuf struct buf text = { 0 }, shown = { 0 };
	enum status status, printed;

	e->code = 0;
	a->notice.len = 0;
	a->size = terminal_size(stdout);
	status = a->verb->run(a, &text, e);
	if (a->stopped) {
		e->code = 0; /* that there is no answer is our own doing */
		return STATUS_OK;
	}
	if (may_come_back(a, status, first)) {
		buf_adds(&a->notice, e->text);
		e->code = 0;
		status = STATUS_OK;
	}
	if (e->code)
		return status;
	add_look(a, &text, first, &shown);
	printed = print(a, buf_text(&shown), e);
	return printed ? printed : status;
}

/* ---- again and again ---- */

static int on_signal(sd_event_source *source unused, const struct signalfd_siginfo *si unused,
		     void *arg)
{
	((struct agentctl *)arg)->stopped = true;
	return 0;
}

static void on_gone(void *ctx)
{
	((struct agentctl *)ctx)->stopped = true;
}

/* Whoever reads a pipe or terminal may go while we wait. */
static int expect_end(struct agentctl *a, struct error *e)
{
	static const int signals[] = { SIGINT, SIGTERM };
	sigset_t set;
	int r = 0;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_SIZE(signals) && r >= 0; i++)
		r = sd_event_add_signal(a->loop, NULL, signals[i], on_signal, a);
	if (r < 0)
		return error_set(e, -r, "event loop: %s", strerror(-r));
	r = output_new(a->loop, STDOUT_FILENO, on_gone, a, &a->out, e);
	return r ? r : output_new(a->loop, STDERR_FILENO, NULL, NULL, &a->err, e);
}

static void leave(struct agentctl *a)
{
	if (a->out && isatty(STDOUT_FILENO))
		output_try(a->out, SCREEN_LEAVE);
	output_free(a->out);
	output_free(a->err);
	a->out = a->err = NULL;
}

static int pause_between(struct agentctl *a, struct error *e)
{
	int64_t end = now_ns() + a->flags.interval, left;
	int r = 0;

	while (r >= 0 && !a->stopped && (left = end - now_ns()) > 0)
		r = sd_event_run(a->loop, (uint64_t)(left / NSEC_PER_USEC + 1));
	return r < 0 ? error_set(e, -r, "event loop: %s", strerror(-r)) : 0;
}

static enum status watch(struct agentctl *a, struct error *e)
{
	enum status status = STATUS_OK;

	if (expect_end(a, e)) {
		leave(a);
		return STATUS_FAILED;
	}
	for (bool first = true; !a->stopped && !e->code; first = false) {
		status = look(a, first, e);
		if (!e->code && pause_between(a, e))
			status = STATUS_FAILED;
	}
	leave(a);
	return status;
}

/* ---- main ---- */

static enum status run(struct agentctl *a, struct error *e)
{
	enum status status = STATUS_FAILED;
	int r = sd_event_new(&a->loop);

	if (r < 0)
		r = error_set(e, -r, "event loop: %s", strerror(-r));
	else
		r = streams_new(a->loop, NULL, NULL, &a->streams, e);
	if (!r)
		status = a->flags.watch ? watch(a, e) : look(a, true, e);
	streams_free(a->streams);
	sd_event_unref(a->loop);
	return status;
}

static void add_summary(struct buf *out)
{
	buf_adds(out,
		 "Looks into the agent on this host. Exit status: 0 ok, 1 failed or refused, 2 "
		 "wrong usage,\n3 no such container, 4 no agent, 5 not done yet.\n\nCommands:");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		buf_addf(out, "\n  %s\n      %s", verbs[i].usage, verbs[i].doc);
}

static void load(struct agentctl *a, int argc, char **argv)
{
	autobuf struct buf summary = { 0 };
	struct flags_words words = { 0 };
	struct flags_program program = {
		.name = AGENTCTL,
		.words = "COMMAND",
		.env_prefix = "MESOS_",
		.schema = agentctl_flags_schema(),
		.others_files = true,
	};
	struct error e;

	add_summary(&summary);
	program.summary = buf_text(&summary);
	flags_load_or_exit(&program, argc, argv, &a->flags, &words);
	if (find_verb(a, &words, &e) || check_flags(a, &e))
		flags_fail(&program, &e);
	free(words.list);
}

int main(int argc, char **argv)
{
	autofree char *dir = NULL;
	struct agentctl a = { .stopped = false };
	struct error e = { 0 };
	enum status status;

	log_set_level(LOG_LEVEL_ERROR); /* what peers say is part of our own sentence */
	load(&a, argc, argv);
	dir = a.flags.runtime_dir ? xstrdup(a.flags.runtime_dir) : runtime_dir_default();
	a.socket = path_join(dir, AGENT_SOCKET_NAME);
	status = run(&a, &e);
	if (e.code)
		fprintf(stderr, AGENTCTL ": %s\n", e.text);
	buf_fini(&a.notice);
	free(a.socket);
	schema_clear(agentctl_flags_schema(), &a.flags);
	return (int)status;
}
