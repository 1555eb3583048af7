/* From argv and the environment to a record, and from the table to --help. */
#include "lib/flags.h"

#include <ctype.h>
#include <stdio.h>

#include "lib/config_dir.h"
#include "lib/env_file.h"
#include "lib/fs.h"
#include "lib/utf8.h"
#include "lib/version.h"

#define FLAG_NAME_MAX 64
#define FIELDS_MAX    256

/* "NAME=value" of a file. */
struct variable {
	char *path;
	char *text;
};

struct loader {
	const struct flags_program *program;
	void *rec;
	bool given[FIELDS_MAX];  /* on the command line, or in the directory that is being read */
	struct flag_origin from; /* what is being read; its texts are borrowed */
	struct flags_words *words;
	struct variable last[FIELDS_MAX]; /* of the files with variables, for each flag */
};

/* Where the values are from that this program was given last. */
static struct flag_origin origins[FIELDS_MAX];

static void set_origin(struct flag_origin *o, const struct flag_origin *from)
{
	o->source = from->source;
	replace_str(&o->path, from->path);
	replace_str(&o->text, from->text);
}

static void forget_origins(void)
{
	static const struct flag_origin none;

	for (size_t i = 0; i < FIELDS_MAX; i++)
		set_origin(&origins[i], &none);
}

static const struct flag_origin arguments = { .source = FLAG_ARGUMENT };

static bool named(const struct field *f, const char *name)
{
	return !strcmp(f->name, name) || (f->alias && !strcmp(f->alias, name));
}

static const struct field *find(const struct schema *s, const char *name)
{
	for (const struct field *f = s->fields; f->name; f++)
		if (named(f, name))
			return f;
	return NULL;
}

/* Levenshtein distance of two short names, one row at a time. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[FLAG_NAME_MAX + 1];
	size_t n = strlen(b);

	if (n > FLAG_NAME_MAX || strlen(a) > FLAG_NAME_MAX)
		return FLAG_NAME_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < n; j++) {
			unsigned above = row[j + 1];
			unsigned change = diagonal + (a[i] != b[j]);

			row[j + 1] = MIN(MIN(above, row[j]) + 1, change);
			diagonal = above;
		}
	}
	return row[n];
}

/* Remembers the nearer one of name (NULL: none) and *best. */
static void consider(const char *wanted, const char *name, const char **best, unsigned *least)
{
	unsigned d = name ? distance(wanted, name) : UINT_MAX;

	if (d > *least || (d == *least && *best))
		return;
	*least = d;
	*best = name;
}

static int unknown_flag(const struct schema *s, const char *name, struct error *e)
{
	const char *best = NULL;
	/* A quarter of the letters may be wrong, or two of them, but not all. */
	unsigned least = (unsigned)MIN(MAX(strlen(name) / 4, 2), MAX(strlen(name), 1) - 1);

	for (const struct field *f = s->fields; f->name; f++) {
		consider(name, f->name, &best, &least);
		consider(name, f->alias, &best, &least);
	}
	if (best)
		return error_set(e, EINVAL, "unknown flag --%s; did you mean --%s?", name, best);
	return error_set(e, EINVAL,
			 "unknown flag --%s; --help lists them all; docs/upgrading.md says what "
			 "became of the flags of Mesos 0.22",
			 name);
}

/* A value that begins with file:// stands for the file's text without surrounding space. */
static int resolve_file(const char *value, char **ret, struct error *e)
{
	autobuf struct buf text = { 0 };
	size_t start = 0;

	if (!str_starts(value, "file://")) {
		*ret = xstrdup(value);
		return 0;
	}
	if (fs_read(value + strlen("file://"), FLAGS_FILE_MAX, &text, e))
		return -EINVAL;
	while (text.len && isspace((unsigned char)text.data[text.len - 1]))
		text.len--;
	while (start < text.len && isspace((unsigned char)text.data[start]))
		start++;
	*ret = xstrndup(buf_text(&text) + start, text.len - start);
	return 0;
}

static int set(struct loader *l, const struct field *f, const char *value, struct error *e)
{
	autofree char *text = NULL;
	size_t i = (size_t)(f - l->program->schema->fields);

	assert(i < FIELDS_MAX);
	set_origin(&origins[i], &l->from);
	if (resolve_file(value, &text, e))
		return error_wrap(e, "--%s", f->name);
	if (!utf8_valid(text)) /* /state.json shows it, messages carry it */
		return error_set(e, EINVAL, "--%s: must be UTF-8", f->name);
	if (f->kind == &kind_boolean && !*text)
		return f->kind->parse(f, "true", l->rec, e);
	if (f->kind->parse(f, text, l->rec, e))
		return error_wrap(e, "--%s", f->name);
	return 0;
}

static int set_once(struct loader *l, const struct field *f, const char *value, struct error *e)
{
	size_t i = (size_t)(f - l->program->schema->fields);

	if (f->command_line && l->from.source == FLAG_FILE)
		return error_set(e, EINVAL,
				 "--%s: is for the command line, not for a file: remove it",
				 f->name);
	if (l->given[i] && f->kind != &kind_strings)
		return error_set(e, EINVAL, "--%s is given twice", f->name);
	if (!l->given[i])
		f->kind->clear(f, l->rec);
	l->given[i] = true;
	return set(l, f, value, e);
}

/* The flag that a variable of this name stands for; NULL: none. */
static const struct field *of_variable(const struct loader *l, const char *variable, size_t n)
{
	const char *prefix = l->program->env_prefix;
	char name[FLAG_NAME_MAX];
	const struct field *f;

	if (!str_starts(variable, prefix))
		return NULL;
	n -= strlen(prefix);
	if (n >= sizeof(name))
		return NULL;
	for (size_t i = 0; i < n; i++)
		name[i] = (char)tolower((unsigned char)variable[strlen(prefix) + i]);
	name[n] = '\0';
	f = find(l->program->schema, name);
	return f && f->kind->parse && !f->command_line ? f : NULL;
}

/* "NAME=value", of a file or (NULL) the environment. */
static int load_variable(struct loader *l, const char *variable, const char *path, struct error *e)
{
	const char *equals = strchr(variable, '=');
	int n = equals ? (int)(equals - variable) : 0;
	const struct field *f = n ? of_variable(l, variable, (size_t)n) : NULL;
	autofree char *from = NULL;
	int r;

	if (!f)
		return 0;
	from = path ? xasprintf("%s: %.*s", path, n, variable)
		    : xasprintf("environment variable %.*s", n, variable);
	f->kind->clear(f, l->rec);
	l->from = (struct flag_origin){
		.source = path ? FLAG_VARIABLE_FILE : FLAG_VARIABLE,
		.path = (char *)(uintptr_t)path,
		.text = from,
	};
	r = set(l, f, equals + 1, e);
	l->from = arguments;
	return r ? error_wrap(e, "%s", from) : 0;
}

static int load_env(struct loader *l, char **env, struct error *e)
{
	int r = 0;

	for (; l->program->env_prefix && env && *env && !r; env++)
		r = load_variable(l, *env, NULL, e);
	return r;
}

static int read_env_file(struct loader *l, const char *path, struct error *e)
{
	autobuf struct buf variables = { 0 };
	int r = env_file_read(path, FLAGS_FILE_MAX, &variables, e);
	const char *end = buf_text(&variables) + variables.len;

	assert(l->program->env_prefix);
	for (const char *p = buf_text(&variables); p < end && !r; p += strlen(p) + 1) {
		const struct field *f = of_variable(l, p, strcspn(p, "="));
		size_t i = f ? (size_t)(f - l->program->schema->fields) : 0;

		assert(i < FIELDS_MAX);
		if (!f)
			continue;
		replace_str(&l->last[i].path, path);
		replace_str(&l->last[i].text, p);
	}
	return r;
}

static int load_no(struct loader *l, const char *name, const char *equals, struct error *e)
{
	const struct field *f = find(l->program->schema, name);

	if (!f)
		return unknown_flag(l->program->schema, name, e);
	if (f->kind != &kind_boolean)
		return error_set(e, EINVAL, "--no-%s: only a boolean flag can be switched off",
				 name);
	if (equals)
		return error_set(e, EINVAL, "--no-%s takes no value", name);
	return set_once(l, f, "false", e);
}

/* One flag; *i moves on when its value is the next argument. */
static int load_flag(struct loader *l, int argc, char **argv, int *i, struct error *e)
{
	const char *equals = strchr(argv[*i], '=');
	autofree char *name = NULL;
	const struct field *f;

	name = equals ? xstrndup(argv[*i] + 2, (size_t)(equals - argv[*i] - 2))
		      : xstrdup(argv[*i] + 2);
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	f = find(l->program->schema, name);
	if (!f && str_starts(name, "no-"))
		return load_no(l, name + 3, equals, e);
	if (!f)
		return unknown_flag(l->program->schema, name, e);
	if (equals)
		return set_once(l, f, equals + 1, e);
	if (f->kind == &kind_boolean)
		return set_once(l, f, "true", e);
	if (*i + 1 >= argc)
		return error_set(e, EINVAL, "--%s needs a value: --%s=VALUE", name, name);
	return set_once(l, f, argv[++*i], e);
}

static bool may_be_file(const struct schema *s, const char *name)
{
	const struct field *f = find(s, name);

	return f && !f->command_line;
}

/* Of a daemon's file by this name: whether we have such a flag too. */
static bool is_ours(const char *name, const void *ctx)
{
	if (*name != '?')
		return may_be_file(ctx, name);
	return may_be_file(ctx, name + 1) ||
	       (str_starts(name, "?no-") && may_be_file(ctx, name + 4));
}

/* Each file is an argument of one word; what only the next word could complete lacks a value. */
static int load_directory(struct loader *l, const char *path, struct error *e)
{
	cleanup(config_fini) struct config config = { 0 };
	const struct flags_program *p = l->program;
	int r = config_dir_read(path, FLAGS_FILE_MAX, p->others_files ? is_ours : NULL, p->schema,
				&config, e);

	for (size_t i = 0; i < config.count && !r; i++) {
		int at = 0;

		l->from = (struct flag_origin){
			.source = FLAG_FILE,
			.path = config.list[i].path,
			.text = config.list[i].path,
		};
		r = load_flag(l, 1, &config.list[i].argument, &at, e);
		if (r)
			error_wrap(e, "%s", config.list[i].path);
	}
	memset(l->given, 0, sizeof(l->given));
	l->from = arguments;
	return r;
}

/* Of a list of paths, separated by commas; NULL is an empty one. */
static int load_each(struct loader *l, const char *list,
		     int (*load)(struct loader *l, const char *path, struct error *e),
		     struct error *e)
{
	autofree char *copy = list ? xstrdup(list) : NULL;
	char *rest = copy, *path;
	int r = 0;

	while (!r && (path = strsep(&rest, ",")))
		if (*path)
			r = load(l, path, e);
	return r;
}

/* Only the last of each name, from whichever file, reaches a daemon: what it hides may be wrong. */
static int load_env_files(struct loader *l, const char *list, struct error *e)
{
	int r = load_each(l, list, read_env_file, e);

	for (size_t i = 0; i < FIELDS_MAX; i++) {
		if (!r && l->last[i].text)
			r = load_variable(l, l->last[i].text, l->last[i].path, e);
		replace_str(&l->last[i].path, NULL);
		replace_str(&l->last[i].text, NULL);
	}
	return r;
}

static int load_word(struct loader *l, char *word, struct error *e)
{
	if (!l->program->words)
		return error_set(e, EINVAL, "unexpected argument '%s'; flags begin with --", word);
	l->words->list[l->words->count++] = word;
	return 0;
}

static int load_argv(struct loader *l, int argc, char **argv, struct error *e)
{
	int r = 0;
	int i;

	for (i = 1; i < argc && !r && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "-h"))
			r = set_once(l, find(l->program->schema, "help"), "true", e);
		else if (str_starts(argv[i], "--"))
			r = load_flag(l, argc, argv, &i, e);
		else
			r = load_word(l, argv[i], e);
	for (i++; i < argc && !r; i++)
		r = load_word(l, argv[i], e);
	return r;
}

static int check_required(const struct loader *l, struct error *e)
{
	for (const struct field *f = l->program->schema->fields; f->name; f++)
		if (f->required && !f->kind->present(f, l->rec))
			return error_set(e, EINVAL, "missing --%s: %s", f->name, f->doc);
	return 0;
}

static bool is_set(const struct flags_program *program, const void *rec, const char *name)
{
	const struct field *f = schema_field(program->schema, name);

	return *AT_CONST(f, rec, bool);
}

static int load_all(struct loader *l, int argc, char **argv, char **env, struct error *e)
{
	int r = load_env(l, env, e);

	return r ? r : load_argv(l, argc, argv, e);
}

/*
 * A flag that names directories or files with further ones; NULL: there is none, or it is not set.
 */
static char *named_files(const struct loader *l, const char *flag)
{
	const struct field *f = schema_field(l->program->schema, flag);
	const char *value = f ? *AT_CONST(f, l->rec, char *) : NULL;

	return value ? xstrdup(value) : NULL;
}

/* What lies in files comes before all else, but only all else says where that is. */
static int load_again(struct loader *l, const char *dirs, const char *env_files, int argc,
		      char **argv, char **env, struct error *e)
{
	int r;

	schema_clear(l->program->schema, l->rec);
	schema_defaults(l->program->schema, l->rec);
	memset(l->given, 0, sizeof(l->given));
	if (l->words)
		l->words->count = 0;
	r = load_each(l, dirs, load_directory, e) ?: load_env_files(l, env_files, e);
	return r ? r : load_all(l, argc, argv, env, e);
}

int flags_load(const struct flags_program *program, int argc, char **argv, char **env, void *ret,
	       struct flags_words *words, struct error *e)
{
	struct loader l = { .program = program, .rec = ret, .from = arguments, .words = words };
	autofree char *dirs = NULL, *env_files = NULL;
	int r;

	assert(!program->words == !words);
	forget_origins();
	if (words)
		words->list = xcalloc((size_t)argc, sizeof(*words->list));
	schema_defaults(program->schema, ret);
	r = load_all(&l, argc, argv, env, e);
	dirs = r ? NULL : named_files(&l, "config_dir");
	env_files = r ? NULL : named_files(&l, "env_files");
	if (dirs || env_files)
		r = load_again(&l, dirs, env_files, argc, argv, env, e);
	if (!r && is_set(program, ret, "help"))
		return FLAGS_HELP;
	if (!r && is_set(program, ret, "version"))
		return FLAGS_VERSION;
	if (!r)
		r = check_required(&l, e);
	if (r)
		schema_clear(program->schema, ret);
	return r;
}

static int by_name(const void *a, const void *b)
{
	const struct field *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* "--name=VALUE" or "--[no-]name" */
static size_t add_form(const struct field *f, struct buf *out)
{
	size_t start = out->len;

	if (f->kind == &kind_boolean)
		buf_addf(out, "  --[no-]%s", f->name);
	else
		buf_addf(out, "  --%s=VALUE", f->name);
	return out->len - start;
}

static void add_flag(const struct field *f, size_t column, struct buf *out)
{
	size_t width = add_form(f, out);

	buf_addf(out, "%*s%s", (int)(column - width), "", f->doc);
	if (f->alias)
		buf_addf(out, " Also --%s.", f->alias);
	if (f->required)
		buf_adds(out, " (required)");
	else if (f->def)
		buf_addf(out, " (default: %s)", f->def);
	buf_addc(out, '\n');
}

void flags_usage(const struct flags_program *program, struct buf *out)
{
	const struct field *sorted[FIELDS_MAX];
	autobuf struct buf form = { 0 };
	size_t n = 0, column = 0;

	for (const struct field *f = program->schema->fields; f->name; f++) {
		assert(n < FIELDS_MAX);
		sorted[n++] = f;
		column = MAX(column, add_form(f, &form));
	}
	qsort(sorted, n, sizeof(sorted[0]), by_name);
	buf_addf(out, "Usage: %s [flags]%s%s\n\n%s\n\nFlags:\n", program->name,
		 program->words ? " " : "", program->words ? program->words : "", program->summary);
	for (size_t i = 0; i < n; i++)
		add_flag(sorted[i], column + 3, out);
	if (program->env_prefix)
		buf_addf(
			out,
			"\nA flag can also be set as environment variable %sNAME; the command line "
			"wins.\nA value file:///path is replaced by the text of that file.\n",
			program->env_prefix);
}

/* The flag that a sentence is about; NULL: none. n: as many of its bytes are "--name". */
static const struct field *subject(const struct schema *s, const char *text, size_t *n)
{
	if (!str_starts(text, "--"))
		return NULL;
	*n = 2 + strcspn(text + 2, ":= ");
	for (const struct field *f = s->fields; f->name; f++)
		if (strlen(f->name) == *n - 2 && !strncmp(text + 2, f->name, *n - 2))
			return f;
	return NULL;
}

void flags_add_alias(const struct schema *schema, struct error *e)
{
	struct error plain = *e;
	size_t n;
	const struct field *f = subject(schema, plain.text, &n);

	if (f && f->alias)
		error_set(e, plain.code, "%.*s (--%s)%s", (int)n, plain.text, f->alias,
			  plain.text + n);
}

const struct flag_origin *flags_origin(const struct schema *schema, const char *name)
{
	return &origins[schema_field(schema, name) - schema->fields];
}

void flags_add_origin(const struct schema *schema, struct error *e)
{
	size_t n;
	const struct field *f = subject(schema, e->text, &n);

	if (f && origins[f - schema->fields].text)
		error_wrap(e, "%s", origins[f - schema->fields].text);
}

void flags_fail(const struct flags_program *program, const struct error *e)
{
	struct error full = *e;

	flags_add_alias(program->schema, &full);
	flags_add_origin(program->schema, &full);
	fprintf(stderr, "%s: %s\n", program->name, full.text);
	exit(error_may_pass(e) ? EXIT_FAILURE : 2);
}

void flags_load_or_exit(const struct flags_program *program, int argc, char **argv, void *ret,
			struct flags_words *words)
{
	autobuf struct buf text = { 0 };
	struct error e;
	int r = flags_load(program, argc, argv, environ, ret, words, &e);

	if (!r)
		return;
	if (r < 0)
		flags_fail(program, &e);
	if (r == FLAGS_HELP)
		flags_usage(program, &text);
	else
		buf_addf(&text, "%s %s\n", program->name, MESOS_VERSION);
	fputs(buf_text(&text), stdout);
	exit(0);
}

void flags_add_view(const struct schema *schema, const void *rec, struct buf *out)
{
	char separator = '{';

	for (const struct field *f = schema->fields; f->name; f++) {
		autobuf struct buf value = { 0 };

		if (!f->kind->present(f, rec))
			continue;
		if (f->secret)
			buf_adds(&value, "***");
		else
			f->kind->print(f, rec, &value);
		buf_addc(out, separator);
		buf_add_json(out, f->name);
		buf_addc(out, ':');
		buf_add_json(out, buf_text(&value));
		separator = ',';
	}
	buf_adds(out, separator == '{' ? "{}" : "}");
}
