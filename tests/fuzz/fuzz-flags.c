/*
 * A command line and an environment from any bytes: lines up to an empty one are arguments,
 * those behind it variables. What was loaded is shown as JSON and reads back.
 */
#include "lib/flags.h"

#include "lib/schema-structs.h"
#include "tests/unit/test-flags.def"
#include "lib/schema-end.h"

#include "lib/schema-tables.h"
#include "tests/unit/test-flags.def"
#include "lib/schema-end.h"

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is in files is not of this input. */
static bool names_a_file(const char *text)
{
	return strstr(text, "file://") || strcasestr(text, "config_dir") ||
	       strcasestr(text, "env_files");
}

/* The next lines up to an empty one, NULL-terminated behind first; returns what follows. */
static char *split(char *text, char *first, char *ret[WORDS_MAX + 2], int *count)
{
	*count = 0;
	if (first)
		ret[(*count)++] = first;
	while (text && *count < WORDS_MAX) {
		char *line = strsep(&text, "\n");

		if (!*line)
			break;
		ret[(*count)++] = line;
	}
	ret[*count] = NULL;
	return text;
}

static void check_view(const struct try_flags *flags)
{
	autobuf struct buf out = { 0 };
	json_t *json;

	flags_add_view(try_flags_schema(), flags, &out);
	json = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert(json_is_object(json));
	assert(!flags->credential ||
	       !strcmp(json_string_value(json_object_get(json, "credential")), "***"));
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct flags_program program = {
		.name = "try",
		.summary = "",
		.words = "WORD...",
		.env_prefix = "MESOS_",
		.schema = try_flags_schema(),
	};
	autofree char *text = xstrndup((const char *)data, size);
	char *argv[WORDS_MAX + 2], *env[WORDS_MAX + 2], *rest;
	struct flags_words words = { 0 };
	struct try_flags flags = { 0 };
	struct error e = { 0 };
	int argc, n_env, r;

	if (names_a_file(text))
		return 0;
	rest = split(text, (char *)"try", argv, &argc);
	split(rest, NULL, env, &n_env);
	r = flags_load(&program, argc, argv, env, &flags, &words, &e);
	assert(r >= 0 || (e.code == -r && *e.text && !strchr(e.text, '\n')));
	assert(r || (flags.master && words.count < (size_t)argc));
	if (r >= 0)
		check_view(&flags);
	schema_clear(try_flags_schema(), &flags);
	free(words.list);
	return 0;
}
