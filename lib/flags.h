/*
 * Options as records. A program's flags are a RECORD; its table drives parsing, the
 * environment, --help and what /state.json shows. All of Mesos's forms: --name=value,
 * --name value, --bool, --no-bool, MESOS_NAME, file:///path as a value (trimmed). The
 * command line overrides the environment, which overrides files (flags-config.def). What a value
 * that is refused was taken from is named before it.
 */
#pragma once

#include "lib/schema.h"

/* The longest text that a file:// value may hold. */
#define FLAGS_FILE_MAX (1 * MIB)

struct flags_program {
	const char *name;            /* "mesos-agent" */
	const char *summary;         /* one sentence for --help */
	const char *words;           /* what may follow the flags, for --help; NULL: nothing may */
	const char *env_prefix;      /* "MESOS_"; NULL: the environment is not read */
	const struct schema *schema; /* has boolean fields help and version */
	bool others_files; /* --config_dir is a daemon's: flags that we have not are passed over */
};

/* What stands beside the flags: pointers into argv. */
struct flags_words {
	char **list;
	size_t count;
};

/* Where a flag has its value from. */
enum flag_source {
	FLAG_DEFAULT, /* or it has none */
	FLAG_ARGUMENT,
	FLAG_VARIABLE,
	FLAG_VARIABLE_FILE,
	FLAG_FILE,
};
struct flag_origin {
	enum flag_source source;
	char *path; /* of the file, NULL if it is none */
	char *text; /* in words, NULL for the command line and the default */
};

/* Outcomes of flags_load() that are neither success nor failure. */
#define FLAGS_HELP    1
#define FLAGS_VERSION 2

/*
 * Fills a zeroed record: defaults, then the files below what --config_dir names, if there is such a
 * flag, then what --env_files names, likewise, then environ, then argv. words may be NULL only if
 * the program takes none. -EINVAL with the flag and what is wrong, the nearest known flag for an
 * unknown one, or the errno of a file:// that cannot be read; the record is then cleared.
 */
int flags_load(const struct flags_program *program, int argc, char **argv, char **env, void *ret,
	       struct flags_words *words, struct error *e);
/* The text of --help: every flag in alphabetical order with its default. */
void flags_usage(const struct flags_program *program, struct buf *out);
/* flags_load() for main(): prints help, version or the error and exits (0, 0, 2). */
void flags_load_or_exit(const struct flags_program *program, int argc, char **argv, void *ret,
			struct flags_words *words);
/* Of the program that flags_load() was called for last. */
const struct flag_origin *flags_origin(const struct schema *schema, const char *name);
/* {"name":"value",...} of every flag that has a value; secrets as "***". */
void flags_add_view(const struct schema *schema, const void *rec, struct buf *out);
/*
 * A sentence about a flag begins with its name, "--port: ...". If that flag has another name the
 * user may have given it by that one: it is put behind the first.
 */
void flags_add_alias(const struct schema *schema, struct error *e);
/*
 * The same for what is no argument: "/etc/mesos-agent/port: --port: ..."; of what flags_load() has
 * loaded last.
 */
void flags_add_origin(const struct schema *schema, struct error *e);
/*
 * Prints "<program>: <e>", with alias and origin, on standard error and exits: with status 1 if it
 * may pass, so that a service manager tries again, else with 2.
 */
_Noreturn void flags_fail(const struct flags_program *program, const struct error *e);
