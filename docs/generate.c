/*
 * Prints docs/protocol.md, docs/flags.md, docs/metrics.md or docs/removal-times.md, from the tables
 * and functions that the programs themselves are made of: `make docs`. It sees every .def file and
 * lib/, and nothing else of the programs.
 */
#include <stdio.h>

#include "lib/hooks.h"
#include "lib/metrics.h"
#include "lib/protocol.h"
#include "lib/ratelimit.h"

/* Where it is, each build decides for itself. */
#undef LAUNCHER_DIR
#define LAUNCHER_DIR "$(prefix)/libexec/mesos"

#include "lib/schema-structs.h"
#include "agent/flags.def"
#include "master/flags.def"
#include "tools/agentctl-flags.def"
#include "tools/execute-flags.def"
#include "tools/local-flags.def"
#include "lib/schema-end.h"

#include "lib/schema-tables.h"
#include "agent/flags.def"
#include "master/flags.def"
#include "tools/agentctl-flags.def"
#include "tools/execute-flags.def"
#include "tools/local-flags.def"
#include "lib/schema-end.h"

#include "lib/metrics-structs.h"
#include "agent/metrics.def"
#include "master/metrics.def"
#include "lib/metrics-end.h"

#include "lib/metrics-tables.h"
#include "agent/metrics.def"
#include "master/metrics.def"
#include "lib/metrics-end.h"

/* ---- what protocol.def has, in its order ---- */

static const char *const languages[] = {
#include "lib/schema-skip.h"
#define LANGUAGE(l, d) #l,
#define ARM(l, t, r)
#define ARM0(l, t)
#define END_LANGUAGE
#include "lib/protocol.def"
#include "lib/schema-end.h"
};

static const struct schema *(*const records[])(void) = {
#include "lib/schema-skip.h"
#undef RECORD
#define RECORD(n, d) n##_schema,
#define LANGUAGE(l, d)
#define ARM(l, t, r)
#define ARM0(l, t)
#define END_LANGUAGE
#include "lib/protocol.def"
#include "lib/schema-end.h"
};

static const struct {
	const char *name, *doc;
	const struct enum_value *values;
} enums[] = {
#include "lib/schema-skip.h"
#undef ENUM
#define ENUM(n, d) { #n, d, n##_values },
#define LANGUAGE(l, d)
#define ARM(l, t, r)
#define ARM0(l, t)
#define END_LANGUAGE
#include "lib/protocol.def"
#include "lib/schema-end.h"
};

/* ---- Markdown ---- */

/* Text of a table's cell: what would end or change it is escaped. */
static void put_cell(const char *text)
{
	for (; *text; text++) {
		if (strchr("|*<", *text))
			putchar('\\');
		putchar(*text);
	}
}

static void put_heading(const char *title)
{
	printf("# %s\n\nMade by `make docs` from the tables of the programs; `make check` fails "
	       "when it is out of date.\n\n",
	       title);
}

/* ---- protocol.md ---- */

static const char *enum_of(const struct enum_value *values)
{
	for (size_t i = 0; i < ARRAY_SIZE(enums); i++)
		if (enums[i].values == values)
			return enums[i].name;
	assert(!"an enum of another .def file");
	return NULL;
}

static void put_kind(const struct field *f)
{
	const char *name = f->values ? enum_of(f->values) : f->schema ? f->schema()->name : NULL;

	if (!name)
		put_cell(f->kind->name);
	else
		printf("%s[%s](#%s)", f->kind == &kind_records ? "list of " : "", name, name);
}

static void put_need(const struct field *f)
{
	if (f->required)
		printf("required");
	else if (f->def)
		printf("default `%s`", f->def);
	else
		printf("optional");
}

static void put_record(const struct schema *s)
{
	printf("### %s\n\n", s->name);
	if (*s->doc)
		printf("%s\n\n", s->doc);
	printf("| member | is | need | what |\n| --- | --- | --- | --- |\n");
	for (const struct field *f = s->fields; f->name; f++) {
		printf("| `%s` | ", f->name);
		put_kind(f);
		printf(" | ");
		put_need(f);
		printf(" | ");
		put_cell(f->doc);
		printf(" |\n");
	}
	putchar('\n');
}

static void put_language(enum language language)
{
	printf("### %s\n\n%s.\n\n| type | member |\n| --- | --- |\n", languages[language],
	       language_doc(language));
	for (int type = 0; type < MESSAGE_TYPES; type++) {
		const struct arm *arm = message_arm((enum message_type)type);
		const char *record = arm->schema ? arm->schema()->name : NULL;

		if (arm->language == language && record)
			printf("| `%s` | [%s](#%s) |\n", arm->name, record, record);
		else if (arm->language == language)
			printf("| `%s` | none |\n", arm->name);
	}
	putchar('\n');
}

static void put_enum(size_t i)
{
	printf("### %s\n\n%s\n\n| name | number | what |\n| --- | --- | --- |\n", enums[i].name,
	       enums[i].doc);
	for (const struct enum_value *v = enums[i].values; v->name; v++) {
		printf("| `%s` | %d | ", v->name, v->value);
		put_cell(v->doc);
		printf(" |\n");
	}
	putchar('\n');
}

static void put_protocol(void)
{
	put_heading("Protocol");
	printf("One JSON object on each line, ended by a newline; UTF-8; no key twice. `type` says "
	       "which message it\nis, and the member named after the type in lower case holds its "
	       "record: `{\"type\":\"PING\",\"ping\":{}}`.\nWhat a framework says after its "
	       "SUBSCRIBE carries its `framework_id` beside the type. The first line each\nway "
	       "is HELLO. This release speaks protocol %d to %d. Lines of frameworks, executors "
	       "and operators have\nat most %d bytes, those between master and agent %d; "
	       "a list has at most %d items.\n\n"
	       "A member that is null counts as absent. Members that a record does not know are "
	       "kept, and passed on\nwith it. After HELLO, a type that is not known is answered by "
	       "ERROR, and the connection lives on. On the\nwire an enum is its name, as text.\n\n",
	       PROTOCOL_MIN, PROTOCOL_MAX, (int)LINE_MAX_BYTES, (int)LINE_MAX_DAEMON_BYTES,
	       SCHEMA_LIST_MAX);
	printf("## Languages\n\nA language is what one side of one kind of connection says.\n\n");
	for (int i = 0; i < LANGUAGES; i++)
		put_language((enum language)i);
	printf("## Records\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		put_record(records[i]());
	printf("## Enums\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(enums); i++)
		put_enum(i);
}

/* ---- flags.md ---- */

/* The kind without its form in JSON: "a duration, {...}" is a duration here too. */
static void put_text_kind(const struct field *f)
{
	printf("%.*s", (int)strcspn(f->kind->name, ","), f->kind->name);
}

static void put_flags(const char *program, const struct schema *s)
{
	printf("## %s\n\n| flag | is | default | what |\n| --- | --- | --- | --- |\n", program);
	for (const struct field *f = s->fields; f->name; f++) {
		printf("| `--%s`", f->name);
		if (f->alias)
			printf(", `--%s`", f->alias);
		printf(" | ");
		put_text_kind(f);
		printf(f->required ? " | required | " : f->def ? " | `%s` | " : " | | ", f->def);
		put_cell(f->doc);
		printf(" |\n");
	}
	putchar('\n');
}

static void put_all_flags(void)
{
	put_heading("Flags");
	printf("`--name=value`, `--name value`, `--bool`, `--no-bool`. A value `file:///path` "
	       "stands for the text of that\nfile, without white space around it. All programs "
	       "but mesos-execute also read `MESOS_NAME` from the\nenvironment, except for "
	       "`--help` and `--version`; the command line wins. A duration is a number and one "
	       "of ns, us,\nms, secs, mins, hrs, days, weeks; a number of bytes is a whole number "
	       "and one of B, KB, MB, GB, TB (powers of 1024).\n\n");
	put_flags("mesos-master", master_flags_schema());
	put_flags("mesos-agent", agent_flags_schema());
	put_flags("mesos-execute", execute_flags_schema());
	put_flags("mesos-agentctl", agentctl_flags_schema());
	put_flags("mesos-local", local_flags_schema());
}

/* ---- metrics.md ---- */

static void put_metrics(const char *title, const struct metric *m)
{
	printf("## %s\n\n| `/metrics/snapshot` | Prometheus | kind | unit | what |\n"
	       "| --- | --- | --- | --- | --- |\n",
	       title);
	for (; m->prometheus; m++) {
		if (m->mesos)
			printf("| `%s` | ", m->mesos);
		else
			printf("| | ");
		printf("`%s` | %s | %s | ", m->prometheus, metric_kind_name(m),
		       metric_unit(m) ? metric_unit(m) : "");
		put_cell(m->help);
		if (m->scale == (double)MIB)
			printf(" MB on the left, bytes on the right.");
		printf(" |\n");
	}
	putchar('\n');
}

static void put_all_metrics(void)
{
	put_heading("Metrics");
	printf("Each has two names: one in the flat JSON of `/metrics/snapshot`, one in the text "
	       "format of Prometheus\n(`/metrics`, or `/metrics/snapshot` for who asks for text). "
	       "An empty cell: it is not in the JSON. Words\nin `<` and `>` stand for what differs "
	       "from "
	       "sample to sample; Prometheus has them as labels.\n\n");
	put_metrics("mesos-master", master_metrics_table());
	put_metrics("mesos-agent", agent_metrics_table());
	put_metrics("Both: hooks and modules", hooks_metrics_table());
	put_metrics("Both: the host and the process", metrics_system(METRICS_JSON).table);
}

/* ---- removal-times.md ---- */

#define LOST_AGENTS 100
#define LOOKED_AT   (10 * 60 * NSEC_PER_SEC)

/* When each of them goes, when all of them are lost at 0; how many until LOOKED_AT. */
static size_t lose_all(const char *rate, int64_t at[LOST_AGENTS])
{
	struct ratelimit_ticket tickets[LOST_AGENTS] = { 0 };
	int64_t interval_ns = 0, now = 0;
	struct ratelimit limit;
	size_t early = 0;
	struct error e;

	if (rate && ratelimit_parse(rate, &interval_ns, &e))
		assert(!"one of the examples is no rate");
	ratelimit_init(&limit, interval_ns);
	for (size_t i = 0; i < LOST_AGENTS; i++)
		ratelimit_request(&limit, &tickets[i]);
	for (size_t i = 0; i < LOST_AGENTS; i++) {
		now = ratelimit_next(&limit, now);
		if (ratelimit_grant(&limit, now) != &tickets[i])
			assert(!"first come, first served");
		at[i] = now;
		early += now <= LOOKED_AT;
	}
	return early;
}

static void put_moment(int64_t ns)
{
	int64_t seconds = ns / NSEC_PER_SEC;

	if (!ns)
		printf(" at once |");
	else
		printf(" %d:%02d |", (int)(seconds / 60), (int)(seconds % 60));
}

static void put_removal_times(void)
{
	static const char *const rates[] = { NULL, "1/1mins", "5/1mins", "10/5mins" };
	static const size_t shown[] = { 1, 2, 10, 50, 100 };

	put_heading("Removal times");
	printf("A master loses all of its %d agents at one moment. So many minutes and "
	       "seconds after it\ngives them up they are removed, by `--agent_removal_rate_limit`. "
	       "What that means to an "
	       "operator is in\n[removals.md](removals.md).\n\n| limit |",
	       LOST_AGENTS);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		printf(" no. %zu |", shown[i]);
	printf(" gone after ten minutes |\n| --- | --- | --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		int64_t at[LOST_AGENTS];
		size_t early = lose_all(rates[i], at);

		printf(rates[i] ? "| `%s` |" : "| none |", rates[i]);
		for (size_t k = 0; k < ARRAY_SIZE(shown); k++)
			put_moment(at[shown[k] - 1]);
		printf(" %zu |\n", early);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*put)(void);
	} pages[] = {
		{ "protocol", put_protocol },
		{ "flags", put_all_flags },
		{ "metrics", put_all_metrics },
		{ "removal-times", put_removal_times },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		if (argc == 2 && !strcmp(argv[1], pages[i].name)) {
			pages[i].put();
			return fflush(stdout) || ferror(stdout);
		}
	fprintf(stderr, "usage: generate protocol|flags|metrics|removal-times\n");
	return 2;
}
