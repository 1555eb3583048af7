/* The grammar of docs/style.md: "<word> %s:" is the subject, "<word>=%s" what it has to do with. */
#include "lib/log_fields.h"

#include <printf.h>
#include <stdio.h>

#define ARGS_MAX         32
#define JOURNAL_NAME_MAX 64

static const struct {
	const char *word, *field;
} known[] = {
	{ "task", "MESOS_TASK_ID" },           { "framework", "MESOS_FRAMEWORK_ID" },
	{ "executor", "MESOS_EXECUTOR_ID" },   { "agent", "MESOS_AGENT_ID" },
	{ "container", "MESOS_CONTAINER_ID" },
};

/*
 * The next argument, of a type as parse_printf_format(3) has it: its text, or NULL if it is none.
 */
static const char *next_arg(int type, va_list *args)
{
	int base = type & ~PA_FLAG_MASK;

	if (base == PA_STRING)
		return va_arg(*args, const char *);
	if (base == PA_DOUBLE) {
		va_arg(*args, double);
		return NULL;
	}
	if (base == PA_POINTER || type & (PA_FLAG_LONG | PA_FLAG_LONG_LONG)) {
		va_arg(*args, int64_t);
		return NULL;
	}
	va_arg(*args, int);
	return NULL;
}

static_assert(sizeof(long) == sizeof(int64_t) && sizeof(void *) == sizeof(int64_t),
	      "one case serves all three");

/* The field that the word in front of the conversion at `at` stands for; NULL: none. */
static const char *field_before(const char *fmt, const char *at)
{
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		size_t n = strlen(known[i].word);
		bool subject = at == fmt + n + 1 && at[-1] == ' ';
		bool pair = at > fmt + n + 1 && at[-1] == '=' && at[-(ptrdiff_t)n - 2] == ' ';

		if ((subject || pair) && !strncmp(at - n - 1, known[i].word, n))
			return known[i].field;
	}
	return NULL;
}

const char *log_fields_get(const struct log_fields *f, const char *field)
{
	size_t n = strlen(field);

	for (size_t i = 0; i < f->count; i++)
		if (!strncmp(f->text[i], field, n) && f->text[i][n] == '=')
			return f->text[i] + n + 1;
	return NULL;
}

void log_fields_add(struct log_fields *f, const char *field, const char *value)
{
	if (f->count == LOG_FIELDS_MAX || !value || !*value || strlen(field) > JOURNAL_NAME_MAX)
		return;
	snprintf(f->text[f->count++], LOG_FIELD_MAX_BYTES, "%s=%s", field, value);
}

void log_fields_find(const char *fmt, va_list args, struct log_fields *ret)
{
	int types[ARGS_MAX];
	size_t count = parse_printf_format(fmt, ARGS_MAX, types), i = 0;
	va_list rest;

	assert(count <= ARGS_MAX);
	ret->count = 0;
	va_copy(rest, args);
	for (const char *at = fmt; (at = strchr(at, '%')); at++) {
		const char *field, *text;

		if (at[1] == '%') {
			at++;
			continue;
		}
		assert(i < count);
		field = field_before(fmt, at);
		text = next_arg(types[i++], &rest);
		if (field)
			log_fields_add(ret, field, text);
	}
	assert(i == count); /* a width by '*' would be an argument without a '%' */
	va_end(rest);
}
