/* mesos-agentctl: asks the agent on this host over its local socket, and shows the answer. */
#include <stdio.h>

#include "lib/flags.h"
#include "lib/fs.h"
#include "lib/log.h"
#include "lib/runtime.h"
#include "tools/agentctl-view.h"
#include "tools/query.h"
#include "tools/terminal.h"

#include "lib/schema-structs.h"
#include "tools/agentctl-flags.def"
#include "lib/schema-end.h"
#include "lib/schema-tables.h"
#include "tools/agentctl-flags.def"
#include "lib/schema-end.h"

#define PROGRAM   "mesos-agentctl"
#define WORDS_MAX 2

enum status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_NOT_FOUND = 3,
	STATUS_UNREACHABLE = 4,
};

struct agentctl {
	struct agentctl_flags flags;
	const struct verb *verb;
	const char *argument; /* the word after the verb's, NULL: none */
	bool colour;
	struct buf out;
	struct error error;
	enum status status;
};

struct verb {
	const char *words[WORDS_MAX];
	bool takes_argument;
	const char *usage, *doc;
	enum message_type question, answer;
	/* Appends the table. body may be changed; what is left of it is what --json prints. */
	int (*show)(struct agentctl *a, void *body, struct buf *out, struct error *e);
};

static int show_status(struct agentctl *a unused, void *body, struct buf *out,
		       struct error *e unused)
{
	view_status(body, out);
	return 0;
}

static int show_containers(struct agentctl *a unused, void *body, struct buf *out,
			   struct error *e unused)
{
	view_containers(body, (double)wall_ns() / (double)NSEC_PER_SEC, out);
	return 0;
}

static int show_quota(struct agentctl *a, void *body, struct buf *out, struct error *e)
{
	int r = a->argument ? quota_select(body, a->argument, e) : 0;

	if (!r)
		view_quota(body, a->colour, out);
	return r;
}

static const struct verb verbs[] = {
	{
		.words = { "status" },
		.usage = "status",
		.doc = "What the agent is and how it is.",
		.question = QUERY_STATUS,
		.answer = ANSWER_STATUS,
		.show = show_status,
	},
	{
		.words = { "containers" },
		.usage = "containers",
		.doc = "What runs on it.",
		.question = QUERY_CONTAINERS,
		.answer = ANSWER_CONTAINERS,
		.show = show_containers,
	},
	{
		.words = { "quota", "show" },
		.takes_argument = true,
		.usage = "quota show [CONTAINER]",
		.doc = "What each container may use of the disk, and uses; CONTAINER is the id of "
		       "a task,\n      or an id of a container or the beginning of one.",
		.question = QUERY_QUOTA,
		.answer = ANSWER_QUOTA,
		.show = show_quota,
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
	if (words->count > n + a->verb->takes_argument)
		return error_set(e, EINVAL, "unexpected argument '%s'; usage: %s %s",
				 words->list[words->count - 1], PROGRAM, a->verb->usage);
	if (words->count > n)
		a->argument = words->list[n];
	return 0;
}

static int check_flags(struct agentctl *a, struct error *e)
{
	const char *when = a->flags.color;

	if (!a->flags.timeout)
		return error_set(e, EINVAL, "--timeout: must be more than 0");
	if (strcmp(when, "auto") && strcmp(when, "always") && strcmp(when, "never"))
		return error_set(e, EINVAL, "--color: '%s': must be auto, always or never", when);
	a->colour =
		!strcmp(when, "always") || (!strcmp(when, "auto") && terminal_has_colour(stdout));
	return 0;
}

/* ---- asking ---- */

static enum status show(struct agentctl *a, const struct message *answer)
{
	autobuf struct buf table = { 0 };
	int r = a->verb->show(a, answer->body, &table, &a->error);

	if (r)
		return r == -ENOENT ? STATUS_NOT_FOUND : STATUS_USAGE;
	if (a->flags.json) {
		schema_encode(message_arm(answer->type)->schema(), answer->body, &a->out);
		buf_addc(&a->out, '\n');
	} else {
		buf_add(&a->out, table.data, table.len);
	}
	return STATUS_OK;
}

struct ask {
	struct agentctl *agentctl;
	sd_event *loop;
	const char *socket;
};

static void on_done(void *owner, const struct message *answer, const char *why)
{
	struct ask *q = owner;
	struct agentctl *a = q->agentctl;
	autobuf struct buf text = { 0 };

	if (answer && answer->type == a->verb->answer) {
		a->status = show(a, answer);
	} else {
		printable_add(&text, why ? why : "it answers something else");
		error_set(
			&a->error, ENOTCONN,
			"no agent answers on %s: %s; is it running, and does it run as this user? "
			"--runtime_dir names another",
			q->socket, buf_text(&text));
		a->status = STATUS_UNREACHABLE;
	}
	sd_event_exit(q->loop, 0);
}

static int run(struct ask *q, struct error *e)
{
	struct agentctl *a = q->agentctl;
	struct streams *streams = NULL;
	struct query *query;
	int r = sd_event_new(&q->loop);

	if (r < 0)
		return error_set(e, -r, "event loop: %s", strerror(-r));
	r = streams_new(q->loop, NULL, NULL, &streams, e);
	if (!r)
		r = query_new(q->loop, streams, q->socket, a->verb->question, a->flags.timeout,
			      on_done, q, &query, e);
	if (!r && (r = sd_event_loop(q->loop)) < 0)
		r = error_set(e, -r, "event loop: %s", strerror(-r));
	streams_free(streams);
	sd_event_unref(q->loop);
	return r;
}

/* ---- main ---- */

static void add_summary(struct buf *out)
{
	buf_adds(out, "Asks the agent on this host. Exit status: 0 ok, 1 failed, 2 wrong usage, "
		      "3 no such container,\n4 no agent.\n\nCommands:");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		buf_addf(out, "\n  %s\n      %s", verbs[i].usage, verbs[i].doc);
}

static void load(struct agentctl *a, int argc, char **argv)
{
	autobuf struct buf summary = { 0 };
	struct flags_words words = { 0 };
	struct flags_program program = {
		.name = PROGRAM,
		.words = "COMMAND",
		.env_prefix = "MESOS_",
		.schema = agentctl_flags_schema(),
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
	struct agentctl a = { .status = STATUS_FAILED };
	autofree char *dir = NULL, *socket = NULL;
	struct ask ask = { .agentctl = &a };

	log_set_level(LOG_LEVEL_ERROR); /* what peers say is part of our own sentence */
	load(&a, argc, argv);
	dir = a.flags.runtime_dir ? xstrdup(a.flags.runtime_dir) : runtime_dir_default();
	socket = path_join(dir, AGENT_SOCKET_NAME);
	ask.socket = socket;
	if (run(&ask, &a.error) < 0)
		a.status = STATUS_USAGE;
	if (a.status == STATUS_OK && (fputs(buf_text(&a.out), stdout) < 0 || fflush(stdout))) {
		error_sys(&a.error, "write the answer");
		a.status = STATUS_FAILED;
	}
	if (a.status != STATUS_OK)
		fprintf(stderr, "%s: %s\n", PROGRAM, a.error.text);
	buf_fini(&a.out);
	schema_clear(agentctl_flags_schema(), &a.flags);
	return (int)a.status;
}
