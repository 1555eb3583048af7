/* Flags in all of Mesos's forms, what is refused and in which words, --help, the view. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/config_dir.h"
#include "lib/flags.h"
#include "lib/fs.h"

#include "lib/schema-structs.h"
#include "tests/unit/test-flags.def"
#include "lib/schema-end.h"

#include "lib/schema-tables.h"
#include "tests/unit/test-flags.def"
#include "lib/schema-end.h"

#define ARGS(...) ((char *[]){ "mesos-try", __VA_ARGS__, NULL })
#define LISTS_ALL                                                                                  \
	"; --help lists them all; docs/upgrading.md says what became of the flags of Mesos 0.22"
#define ENV(...) ((char *[]){ __VA_ARGS__, NULL })

static struct try_flags flags;
static struct flags_words words;
static struct error e;

static struct flags_program program(void)
{
	return (struct flags_program){ .name = "mesos-try",
				       .summary = "Tries flags.",
				       .env_prefix = "MESOS_",
				       .schema = try_flags_schema() };
}

static int clear(void **state unused)
{
	schema_clear(try_flags_schema(), &flags);
	free(words.list);
	words = (struct flags_words){ 0 };
	e = (struct error){ 0 };
	return 0;
}

static int load(char **argv, char **env)
{
	struct flags_program p = program();
	int argc = 0;

	while (argv[argc])
		argc++;
	clear(NULL);
	return flags_load(&p, argc, argv, env, &flags, NULL, &e);
}

static void take(char **argv, char **env)
{
	if (load(argv, env))
		fail_msg("%s", e.text);
}

static void refuse(char **argv, char **env, const char *text)
{
	static const struct try_flags nothing;

	assert_int_equal(load(argv, env), -EINVAL);
	assert_string_equal(e.text, text);
	assert_memory_equal(&flags, &nothing, sizeof(flags));
}

/* A file with this text in a directory of its own; the caller frees the name. */
static char *make_file(const char *text, size_t n)
{
	char *path = xasprintf("%s/test-flags.XXXXXX", getenv("TMPDIR") ?: "/tmp");
	autofd int fd = mkostemp(path, O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, n), 0);
	return path;
}

/* ---- directories with a file for each flag ---- */

static char dir_path[64];

static void make_dir(const char *name)
{
	autofree char *path = path_join(dir_path, name);

	assert_int_equal(mkdir(path, 0755), 0);
}

/* In the directory of the test; "?strict" is a name like any other. */
static void put_mode(const char *name, const char *text, mode_t mode)
{
	autofree char *path = path_join(dir_path, name);
	autofd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void put(const char *name, const char *text)
{
	put_mode(name, text, 0644);
}

static int with_dir(void **state unused)
{
	snprintf(dir_path, sizeof(dir_path), "/tmp/test-flags-XXXXXX");
	return mkdtemp(dir_path) && !chmod(dir_path, 0755) ? 0 : -1;
}

static int without_dir(void **state)
{
	return fs_remove_tree(AT_FDCWD, dir_path, &e) + clear(state);
}

/* "--config_dir=<dir>/a,<dir>/b" */
static char *dir_flag(const char *a, const char *b)
{
	return xasprintf("--config_dir=%s/%s,%s/%s", dir_path, a, dir_path, b);
}

/* Refused with "<dir>/<file>TEXT". */
static void refuse_dir(const char *file, const char *text)
{
	autofree char *flag = xasprintf("--config_dir=%s", dir_path);
	autofree char *full = xasprintf("%s%s%s%s", dir_path, *file ? "/" : "", file, text);

	assert_true(load(ARGS("--master=m", flag), NULL) < 0);
	assert_string_equal(e.text, full);
}

static void a_directory_has_a_file_for_each_flag(void **state unused)
{
	autofree char *flag = xasprintf("--config_dir=%s", dir_path);

	put("master", "a:1\n");
	put("dir", " /x y \n\n");
	put("?strict", "");
	put("?no-switch_user", "ignored");
	put("SLAVE_PING_TIMEOUT", "3secs");
	put(".hidden", "");
	take(ARGS(flag), NULL);
	assert_string_equal(flags.master, "a:1");
	assert_string_equal(flags.work_dir, "/x y");
	assert_true(flags.strict && !flags.switch_user);
	assert_int_equal(flags.agent_ping_timeout, 3 * NSEC_PER_SEC);
	assert_int_equal(flags.port, 5051);
}

/*
 * As a tool has it that looks at the files of a daemon: some may not even be read by others than
 * root.
 */
static void files_of_another_program_may_have_flags_that_are_none_here(void **state unused)
{
	autofree char *flag = xasprintf("--config_dir=%s", dir_path);
	struct flags_program p = program();
	struct error why;

	put("port", "7");
	put_mode("flag_of_others", "1", 0666);
	put("?no-such", "");
	put("?strict", "");
	put("?no-switch_user", "");
	p.others_files = true;
	assert_int_equal(flags_load(&p, 3, ARGS("--master=m", flag), NULL, &flags, NULL, &why), 0);
	assert_int_equal(flags.port, 7);
	assert_true(flags.strict && !flags.switch_user);
}

static void attributes_and_resources_may_be_directories(void **state unused)
{
	autofree char *flag = xasprintf("--config_dir=%s", dir_path);

	make_dir("attributes");
	make_dir("resources");
	put("attributes/rack", "r1\n");
	put("attributes/level", "2\n");
	put("resources/ports", "[31000-32000]\n");
	take(ARGS("--master=m", flag), NULL);
	assert_string_equal(flags.attributes, "level:2;rack:r1");
	assert_string_equal(flags.resources, "ports:[31000-32000]");
}

static void later_directories_the_environment_and_the_command_line_win(void **state unused)
{
	autofree char *flag = NULL;

	make_dir("a");
	make_dir("b");
	flag = dir_flag("a", "b");
	put("a/master", "a");
	put("a/hostname", "a");
	put("a/dir", "a");
	put("a/port", "1");
	put("b/hostname", "b");
	put("b/work_dir", "b");
	put("b/port", "2");
	take(ARGS(flag, "--port=4"), ENV("MESOS_WORK_DIR=c", "MESOS_PORT=3"));
	assert_string_equal(flags.master, "a");
	assert_string_equal(flags.hostname, "b");
	assert_string_equal(flags.work_dir, "c");
	assert_int_equal(flags.port, 4);
}

static void the_environment_may_name_the_directory_and_it_may_be_missing(void **state unused)
{
	autofree char *env = xasprintf("MESOS_CONFIG_DIR=%s/none,%s", dir_path, dir_path);

	put("hostname", "x");
	take(ARGS("--master=m"), ENV(env));
	assert_string_equal(flags.hostname, "x");
}

static void a_file_that_is_no_flag_is_named(void **state unused)
{
	put("prot", "5051");
	refuse_dir("prot", ": unknown flag --prot; did you mean --port?");
}

static void a_file_with_a_wrong_value_is_named(void **state unused)
{
	put("port", "many");
	refuse_dir("port", ": --port: Expected a whole number, not 'many'");
}

static void a_switch_that_is_none_is_named(void **state unused)
{
	put("?port", "");
	refuse_dir("?port", ": --port needs a value: --port=VALUE");
}

static void both_names_of_a_flag_in_one_directory_are_refused(void **state unused)
{
	put("dir", "a");
	put("work_dir", "b");
	refuse_dir("work_dir", ": --work_dir is given twice");
}

static void what_others_may_write_is_refused(void **state unused)
{
	autofree char *why = xasprintf(": chmod go-w %s/port", dir_path);
	autofree char *text = xasprintf("others may write to %s/port%s", dir_path, why);
	autofree char *flag = xasprintf("--config_dir=%s", dir_path);

	put_mode("port", "1", 0664);
	assert_int_equal(load(ARGS("--master=m", flag), NULL), -EPERM);
	assert_string_equal(e.text, text);
}

static void a_directory_that_others_may_write_is_refused(void **state unused)
{
	autofree char *flag = xasprintf("--config_dir=%s", dir_path);
	autofree char *text =
		xasprintf("others may write to %s: chmod go-w %s", dir_path, dir_path);

	assert_int_equal(chmod(dir_path, 0777), 0);
	assert_int_equal(load(ARGS("--master=m", flag), NULL), -EPERM);
	assert_string_equal(e.text, text);
}

static void what_belongs_to_others_is_refused(void **state unused)
{
	autofree char *path = path_join(dir_path, "port");
	autofree char *flag = xasprintf("--config_dir=%s", dir_path);
	autofree char *text = xasprintf("%s belongs to another user: chown root %s", path, path);

	put("port", "1");
	if (chown(path, 12345, 0)) { /* only root can give away */
		assert_int_equal(errno, EPERM);
		return;
	}
	assert_int_equal(load(ARGS("--master=m", flag), NULL), -EPERM);
	assert_string_equal(e.text, text);
}

static void a_fifo_is_refused_and_not_opened(void **state unused)
{
	autofree char *path = path_join(dir_path, "port");

	assert_int_equal(mkfifo(path, 0644), 0);
	refuse_dir("port", ": is no regular file");
}

static void a_link_to_a_device_is_refused(void **state unused)
{
	autofree char *path = path_join(dir_path, "port");
	autofree char *flag = xasprintf("--config_dir=%s", dir_path);

	assert_int_equal(symlink("/dev/zero", path), 0); /* which everybody may write to */
	assert_true(load(ARGS("--master=m", flag), NULL) < 0);
	assert_non_null(strstr(e.text, path));
}

static void what_is_refused_later_names_its_file_too(void **state unused)
{
	static const char *const own[] = { "--hostname: is odd", "--resources: is odd",
					   "no flag: is odd" };
	autofree char *flag = xasprintf("--config_dir=%s", dir_path);
	autofree char *port = xasprintf("%s/port: --port: is odd", dir_path);
	autofree char *work_dir = xasprintf("%s/dir: --work_dir (--dir): is odd", dir_path);

	put("port", "1");
	put("dir", "/x");
	put("hostname", "h");
	take(ARGS("--master=m", flag, "--hostname=i"), ENV("MESOS_STRICT=1"));
	error_set(&e, EINVAL, "--port: is odd");
	flags_add_origin(try_flags_schema(), &e);
	assert_string_equal(e.text, port);
	error_set(&e, EINVAL, "--work_dir: is odd");
	flags_add_alias(try_flags_schema(), &e);
	flags_add_origin(try_flags_schema(), &e);
	assert_string_equal(e.text, work_dir);
	error_set(&e, EINVAL, "--strict=true: is odd");
	flags_add_origin(try_flags_schema(), &e);
	assert_string_equal(e.text, "environment variable MESOS_STRICT: --strict=true: is odd");
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		error_set(&e, EINVAL, "%s", own[i]);
		flags_add_origin(try_flags_schema(), &e);
		assert_string_equal(e.text, own[i]);
	}
}

static void variables_may_lie_in_files_as_systemd_reads_them(void **state unused)
{
	autofree char *flag =
		xasprintf("--env_files=%s/none,%s/one,%s/two", dir_path, dir_path, dir_path);
	autofree char *config = xasprintf("--config_dir=%s/flags", dir_path);

	make_dir("flags");
	put("flags/port", "1");
	put("flags/resources", "files");
	put("one", "# MESOS_PORT=7\n; MESOS_PORT=8\nPATH=/bin\nno variable\nexport MESOS_PORT=9\n"
		   "MESOS_PORT=2\n  MESOS_WORK_DIR = /with\\ a\\\n\ttab  \r\n"
		   "MESOS_ATTRIBUTES=\"a:'b' \\\"c\\\" \\d\"';e:$f \"'\\ g\nMESOS_HOSTNAME=one");
	put("two", "MESOS_HOSTNAME=\"two\nlines\"\nMESOS_STRICT=1\nMESOS_CREDENTIAL='open");
	take(ARGS("--master=m", config, flag), ENV("MESOS_STRICT=0"));
	assert_int_equal(flags.port, 2);
	assert_string_equal(flags.work_dir, "/with a\ttab");
	assert_string_equal(flags.attributes, "a:'b' \"c\" \\d;e:$f \" g");
	assert_string_equal(flags.hostname, "two\nlines");
	assert_string_equal(flags.resources, "files");
	assert_string_equal(flags.credential, "open");
	assert_false(flags.strict);
}

static void of_a_variable_only_the_last_is_looked_at(void **state unused)
{
	autofree char *flag = xasprintf("--env_files=%s/one,%s/two", dir_path, dir_path);

	put("one", "MESOS_PORT=many\nMESOS_PORT=2\nMESOS_STRICT=perhaps");
	put("two", "MESOS_STRICT=1");
	take(ARGS("--master=m", flag), NULL);
	assert_int_equal(flags.port, 2);
	assert_true(flags.strict);
}

static void help_and_version_are_for_the_command_line_alone(void **state unused)
{
	static const char *const names[] = { "?help", "version", "?no-help" };
	autofree char *config = xasprintf("--config_dir=%s", dir_path);
	autofree char *files = xasprintf("--env_files=%s/variables", dir_path);
	struct flags_program p = program();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		autofree char *path = path_join(dir_path, names[i]);
		autofree char *why =
			xasprintf(": --%s: is for the command line, not for a file: remove it",
				  strstr(names[i], "help") ?: names[i]);

		put(names[i], "true");
		refuse_dir(names[i], why);
		p.others_files = true;
		assert_int_equal(flags_load(&p, 3, ARGS("--master=m", config), NULL, &flags, NULL,
					    &e),
				 0);
		clear(NULL);
		assert_int_equal(unlink(path), 0);
	}
	put("variables", "MESOS_HELP=1\n");
	take(ARGS("--master=m", files), ENV("MESOS_HELP=1", "MESOS_VERSION=0.22"));
	assert_false(flags.help || flags.version);
}

/* file is relative to the directory. */
static void assert_from(const char *flag, enum flag_source source, const char *file)
{
	const struct flag_origin *o = flags_origin(try_flags_schema(), flag);
	autofree char *path = file ? path_join(dir_path, file) : NULL;

	assert_int_equal(o->source, source);
	assert_true(str_equal(o->path, path));
}

static void where_each_value_is_from_is_known(void **state unused)
{
	autofree char *flag = xasprintf("--env_files=%s/one", dir_path);
	autofree char *config = xasprintf("--config_dir=%s/flags", dir_path);

	make_dir("flags");
	put("flags/port", "1");
	put("flags/hostname", "h");
	put("flags/?strict", "");
	put("one", "MESOS_HOSTNAME=one\nMESOS_RESOURCES=one\nMESOS_ATTRIBUTES=a:b");
	take(ARGS(config, flag, "--master=m", "--attributes=c:d"), ENV("MESOS_RESOURCES=r"));
	assert_from("port", FLAG_FILE, "flags/port");
	assert_from("strict", FLAG_FILE, "flags/?strict");
	assert_from("hostname", FLAG_VARIABLE_FILE, "one");
	assert_from("resources", FLAG_VARIABLE, NULL);
	assert_from("attributes", FLAG_ARGUMENT, NULL);
	assert_from("work_dir", FLAG_DEFAULT, NULL);
	take(ARGS("--master=m"), NULL);
	assert_from("port", FLAG_DEFAULT, NULL);
}

static void a_variable_in_a_file_with_a_wrong_value_is_named_with_it(void **state unused)
{
	autofree char *flag = xasprintf("--env_files=%s/one", dir_path);
	autofree char *text =
		xasprintf("%s/one: MESOS_PORT: --port: Expected a whole number, not 'many'",
			  dir_path);

	put("one", "MESOS_PORT=many\n");
	refuse(ARGS("--master=m", flag), NULL, text);
}

static void only_lists_may_be_directories(void **state unused)
{
	make_dir("master");
	refuse_dir("master", ": is no regular file");
}

static void a_file_that_is_too_large_is_refused_by_name(void **state unused)
{
	autofree char *path = path_join(dir_path, "hostname");

	put("hostname", "");
	assert_int_equal(truncate(path, (off_t)(FLAGS_FILE_MAX + 1)), 0);
	refuse_dir("hostname", ": is larger than 1048576 bytes");
}

static void a_directory_with_too_many_files_is_refused(void **state unused)
{
	autofree char *text = xasprintf(": has more than %d files", CONFIG_ENTRIES_MAX);

	for (int i = 0; i <= CONFIG_ENTRIES_MAX; i++) {
		autofree char *name = xasprintf("%d", i);

		put(name, "");
	}
	refuse_dir("", text);
}

static void what_is_not_given_has_its_default(void **state unused)
{
	take(ARGS("--master=m"), NULL);
	assert_string_equal(flags.master, "m");
	assert_int_equal(flags.port, 5051);
	assert_string_equal(flags.work_dir, "/var/lib/mesos");
	assert_null(flags.hostname);
	assert_true(flags.switch_user);
	assert_false(flags.has_strict || flags.strict);
	assert_int_equal(flags.agent_ping_timeout, 15 * NSEC_PER_SEC);
	assert_false(flags.has_default_container_disk);
	assert_true(flags.disk_scan_cpus == 0.5);
	assert_int_equal(flags.env_count, 0);
}

static void a_value_follows_an_equals_sign_or_is_the_next_word(void **state unused)
{
	take(ARGS("--master", "a:1", "--port=7", "--hostname=x=y", "--attributes="), NULL);
	assert_string_equal(flags.master, "a:1");
	assert_int_equal(flags.port, 7);
	assert_string_equal(flags.hostname, "x=y");
	assert_string_equal(flags.attributes, "");
}

static void every_kind_reads_its_units(void **state unused)
{
	take(ARGS("--master=m", "--agent_ping_timeout=1mins", "--default_container_disk=1GB",
		  "--disk_scan_cpus=2.25"),
	     NULL);
	assert_int_equal(flags.agent_ping_timeout, 60 * NSEC_PER_SEC);
	assert_int_equal(flags.default_container_disk, GIB);
	assert_true(flags.disk_scan_cpus == 2.25);
}

static void booleans_are_switched_on_and_off(void **state unused)
{
	take(ARGS("--master=m", "--strict", "--no-switch_user"), NULL);
	assert_true(flags.strict && flags.has_strict);
	assert_false(flags.switch_user);
	take(ARGS("--strict=false", "--switch_user=1", "--master=m"), NULL);
	assert_false(flags.strict);
	assert_true(flags.has_strict && flags.switch_user);
}

static void a_boolean_does_not_take_the_next_word(void **state unused)
{
	refuse(ARGS("--master=m", "--strict", "false"), NULL,
	       "unexpected argument 'false'; flags begin with --");
}

static void a_list_grows_with_each_flag(void **state unused)
{
	take(ARGS("--env=A=1", "--master=m", "--env", "B=2"), NULL);
	assert_int_equal(flags.env_count, 2);
	assert_string_equal(flags.env[0], "A=1");
	assert_string_equal(flags.env[1], "B=2");
}

static void an_alias_is_the_flag(void **state unused)
{
	take(ARGS("--master=m", "--slave_ping_timeout=2secs", "--dir=/d"),
	     ENV("MESOS_DIR=/env", "MESOS_SLAVE_PING_TIMEOUT=9secs"));
	assert_int_equal(flags.agent_ping_timeout, 2 * NSEC_PER_SEC);
	assert_string_equal(flags.work_dir, "/d");
	refuse(ARGS("--master=m", "--dir=/d", "--work_dir=/e"), NULL, "--work_dir is given twice");
}

static void the_environment_sets_flags(void **state unused)
{
	take(ARGS("--port=1"), ENV("PATH=/bin", "MESOS_MASTER=env", "MESOS_SWITCH_USER=false",
				   "MESOS_STRICT=", "MESOS_NO_SUCH_FLAG=1", "MESOS_ENV=A=1"));
	assert_string_equal(flags.master, "env");
	assert_false(flags.switch_user);
	assert_true(flags.strict);
	assert_string_equal(flags.env[0], "A=1");
}

static void the_command_line_overrides_the_environment(void **state unused)
{
	take(ARGS("--master=cmd", "--no-strict", "--env=B=2"),
	     ENV("MESOS_MASTER=env", "MESOS_STRICT=true", "MESOS_ENV=A=1", "MESOS_PORT=9"));
	assert_string_equal(flags.master, "cmd");
	assert_false(flags.strict);
	assert_int_equal(flags.env_count, 1);
	assert_string_equal(flags.env[0], "B=2");
	assert_int_equal(flags.port, 9);
}

static void without_a_prefix_the_environment_is_not_read(void **state unused)
{
	struct flags_program p = program();

	clear(NULL);
	p.env_prefix = NULL;
	assert_int_equal(flags_load(&p, 2, ARGS("--master=m"), ENV("MESOS_PORT=x", "PORT=9"),
				    &flags, NULL, &e),
			 0);
	assert_int_equal(flags.port, 5051);
}

static void a_wrong_variable_is_named(void **state unused)
{
	refuse(ARGS("--master=m"), ENV("MESOS_PORT=many"),
	       "environment variable MESOS_PORT: --port: Expected a whole number, not 'many'");
}

static void a_file_gives_its_trimmed_text(void **state unused)
{
	static const char text[] = " \n\t15 \r\n\n";
	autofree char *path = make_file(text, sizeof(text) - 1);
	autofree char *arg = xasprintf("--port=file://%s", path);
	autofree char *var = xasprintf("MESOS_MASTER=file://%s", path);

	take(ARGS(arg), ENV(var));
	assert_int_equal(flags.port, 15);
	assert_string_equal(flags.master, "15");
	unlink(path);
	assert_int_equal(load(ARGS(arg), NULL), -ENOENT);
	assert_true(str_starts(e.text, "--port: open /"));
	assert_non_null(strstr(e.text, "No such file or directory"));
}

static void a_file_too_large_is_refused(void **state unused)
{
	autofree char *text = xcalloc(1, FLAGS_FILE_MAX + 1);
	autofree char *path = NULL, *arg = NULL;

	memset(text, 'x', FLAGS_FILE_MAX + 1);
	path = make_file(text, FLAGS_FILE_MAX + 1);
	arg = xasprintf("--master=file://%s", path);
	assert_int_equal(load(ARGS(arg), NULL), -EFBIG);
	assert_non_null(strstr(e.text, "larger than 1048576 bytes"));
	unlink(path);
}

static void an_unknown_flag_is_answered_with_the_nearest(void **state unused)
{
	refuse(ARGS("--prot=1"), NULL, "unknown flag --prot; did you mean --port?");
	refuse(ARGS("--workdir", "/d"), NULL, "unknown flag --workdir; did you mean --work_dir?");
	refuse(ARGS("--no-strikt"), NULL, "unknown flag --strikt; did you mean --strict?");
	refuse(ARGS("--slave_ping_timout=1secs"), NULL,
	       "unknown flag --slave_ping_timout; did you mean --slave_ping_timeout?");
	refuse(ARGS("--zookeeper_election_path=/"), NULL,
	       "unknown flag --zookeeper_election_path" LISTS_ALL);
	refuse(ARGS("--xort=1"), NULL, "unknown flag --xort; did you mean --port?");
	refuse(ARGS("--xoxx=1"), NULL, "unknown flag --xoxx" LISTS_ALL);
	refuse(ARGS("--default_contxxxxx_dixx"), NULL,
	       "unknown flag --default_contxxxxx_dixx" LISTS_ALL);
	refuse(ARGS("--xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
	       NULL,
	       "unknown flag --xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	       "xxxxxxx" LISTS_ALL);
}

static void what_makes_no_sense_is_refused(void **state unused)
{
	refuse(ARGS("--port=1"), NULL, "missing --master: Where the master listens.");
	refuse(ARGS("--master"), NULL, "--master needs a value: --master=VALUE");
	refuse(ARGS("--master=m", "--port=1", "--port=1"), NULL, "--port is given twice");
	refuse(ARGS("--master=m", "--strict", "--no-strict"), NULL, "--strict is given twice");
	refuse(ARGS("--no-port"), NULL, "--no-port: only a boolean flag can be switched off");
	refuse(ARGS("--no-strict=true"), NULL, "--no-strict takes no value");
	refuse(ARGS("--strict=maybe"), NULL,
	       "--strict: expecting a boolean (true or false), not 'maybe'");
	refuse(ARGS("--disk_scan_cpus=much"), NULL,
	       "--disk_scan_cpus: expecting a number, not 'much'");
	refuse(ARGS("--port=-1"), NULL, "--port: Expected a whole number, not '-1'");
	refuse(ARGS("--hostname=\xff"), NULL, "--hostname: must be UTF-8");
	refuse(ARGS("--master=m", "-x"), NULL, "unexpected argument '-x'; flags begin with --");
}

/* error_set() with this text, and then its alias. */
static void becomes(const char *text, const char *expected)
{
	error_set(&e, ERANGE, "%s", text);
	flags_add_alias(try_flags_schema(), &e);
	assert_string_equal(e.text, expected);
	assert_int_equal(e.code, ERANGE);
}

static void an_empty_path_is_refused_wherever_it_is_said(void **state unused)
{
	refuse(ARGS("--work_dir="), NULL, "--work_dir: is empty: give it a path, or leave it out");
	refuse(ARGS("--master=m"), ENV("MESOS_WORK_DIR="),
	       "environment variable MESOS_WORK_DIR: --work_dir: is empty: give it a path, or "
	       "leave "
	       "it out");
}

static void both_names_of_a_flag_are_said(void **state unused)
{
	becomes("--agent_ping_timeout: must be more",
		"--agent_ping_timeout (--slave_ping_timeout): must be more");
	becomes("--work_dir is given twice", "--work_dir (--dir) is given twice");
	becomes("--port: must be less", "--port: must be less");
	becomes("--work_directory: no", "--work_directory: no");
	becomes("work_dir: no", "work_dir: no");
}

static void bad_units_are_refused_with_the_flag(void **state unused)
{
	assert_int_equal(load(ARGS("--agent_ping_timeout=15"), NULL), -EINVAL);
	assert_true(str_starts(e.text, "--agent_ping_timeout: "));
	assert_int_equal(load(ARGS("--default_container_disk=1XB"), NULL), -EINVAL);
	assert_true(str_starts(e.text, "--default_container_disk: "));
}

static void help_and_version_need_nothing_else(void **state unused)
{
	assert_int_equal(load(ARGS("--help"), NULL), FLAGS_HELP);
	assert_int_equal(load(ARGS("-h"), NULL), FLAGS_HELP);
	assert_int_equal(load(ARGS("--version"), NULL), FLAGS_VERSION);
	assert_int_equal(load(ARGS("--help", "--prot=1"), NULL), -EINVAL);
}

static void words_stand_anywhere_and_behind_two_dashes(void **state unused)
{
	struct flags_program p = program();
	char **argv = ARGS("quota", "--port=7", "show", "--", "--strict");

	clear(NULL);
	p.words = "COMMAND";
	assert_int_equal(flags_load(&p, 6, argv, ENV("MESOS_MASTER=m"), &flags, &words, &e), 0);
	assert_int_equal(flags.port, 7);
	assert_false(flags.strict);
	assert_int_equal(words.count, 3);
	assert_ptr_equal(words.list[0], argv[1]);
	assert_ptr_equal(words.list[1], argv[3]);
	assert_ptr_equal(words.list[2], argv[5]);
}

static void help_lists_every_flag_with_its_default(void **state unused)
{
	struct flags_program p = program();
	autobuf struct buf text = { 0 };
	const char *previous = "";

	flags_usage(&p, &text);
	assert_true(str_starts(buf_text(&text), "Usage: mesos-try [flags]\n\nTries flags.\n"));
	for (const struct field *f = try_flags_schema()->fields; f->name; f++) {
		bool boolean = f->kind == &kind_boolean;
		autofree char *form = xasprintf("  --%s%s%s ", boolean ? "[no-]" : "", f->name,
						boolean ? "" : "=VALUE");
		autofree char *after =
			xasprintf("%s%s%s%s%s%s%s\n", f->doc, f->alias ? " Also --" : "",
				  f->alias ? f->alias : "", f->alias ? "." : "",
				  f->def ? " (default: " : "", f->def ? f->def : "",
				  f->required ? " (required)"
				  : f->def    ? ")"
					      : "");
		char *line = strstr(buf_text(&text), form);

		assert_non_null(line);
		line += strlen(form);
		while (*line == ' ')
			line++;
		if (!str_starts(line, after))
			fail_msg("not '%s': %s", after, line);
	}
	for (char *line = strstr(text.data, "Flags:\n") + 7; *line == ' ';
	     line = strchr(line, '\n') + 1) {
		char *name = line + (str_starts(line, "  --[no-]") ? 9 : 4);

		assert_true(strcmp(previous, name) < 0);
		previous = name;
	}
	assert_non_null(strstr(text.data, "MESOS_NAME"));
}

static void the_view_shows_values_but_no_secret(void **state unused)
{
	autobuf struct buf out = { 0 };

	take(ARGS("--master=m\"", "--credential=hush", "--no-switch_user", "--env=a", "--env=b"),
	     NULL);
	flags_add_view(try_flags_schema(), &flags, &out);
	assert_string_equal(buf_text(&out),
			    "{\"help\":\"false\",\"version\":\"false\",\"master\":\"m\\\"\","
			    "\"port\":\"5051\",\"work_dir\":\"/var/lib/mesos\","
			    "\"switch_user\":\"false\",\"agent_ping_timeout\":\"15secs\","
			    "\"disk_scan_cpus\":\"0.5\",\"env\":\"a,b\",\"credential\":\"***\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_not_given_has_its_default, clear),
		cmocka_unit_test_teardown(a_value_follows_an_equals_sign_or_is_the_next_word,
					  clear),
		cmocka_unit_test_teardown(every_kind_reads_its_units, clear),
		cmocka_unit_test_teardown(booleans_are_switched_on_and_off, clear),
		cmocka_unit_test_teardown(a_boolean_does_not_take_the_next_word, clear),
		cmocka_unit_test_teardown(a_list_grows_with_each_flag, clear),
		cmocka_unit_test_teardown(an_alias_is_the_flag, clear),
		cmocka_unit_test_teardown(the_environment_sets_flags, clear),
		cmocka_unit_test_teardown(the_command_line_overrides_the_environment, clear),
		cmocka_unit_test_teardown(without_a_prefix_the_environment_is_not_read, clear),
		cmocka_unit_test_teardown(a_wrong_variable_is_named, clear),
		cmocka_unit_test_teardown(a_file_gives_its_trimmed_text, clear),
		cmocka_unit_test_teardown(a_file_too_large_is_refused, clear),
		cmocka_unit_test_teardown(an_unknown_flag_is_answered_with_the_nearest, clear),
		cmocka_unit_test_teardown(what_makes_no_sense_is_refused, clear),
		cmocka_unit_test_teardown(an_empty_path_is_refused_wherever_it_is_said, clear),
		cmocka_unit_test_teardown(both_names_of_a_flag_are_said, clear),
		cmocka_unit_test_teardown(bad_units_are_refused_with_the_flag, clear),
		cmocka_unit_test_teardown(help_and_version_need_nothing_else, clear),
		cmocka_unit_test_teardown(words_stand_anywhere_and_behind_two_dashes, clear),
		cmocka_unit_test_teardown(help_lists_every_flag_with_its_default, clear),
		cmocka_unit_test_teardown(the_view_shows_values_but_no_secret, clear),
		cmocka_unit_test_setup_teardown(a_directory_has_a_file_for_each_flag, with_dir,
						without_dir),
		cmocka_unit_test_setup_teardown(
			files_of_another_program_may_have_flags_that_are_none_here, with_dir,
			without_dir),
		cmocka_unit_test_setup_teardown(attributes_and_resources_may_be_directories,
						with_dir, without_dir),
		cmocka_unit_test_setup_teardown(
			later_directories_the_environment_and_the_command_line_win, with_dir,
			without_dir),
		cmocka_unit_test_setup_teardown(
			the_environment_may_name_the_directory_and_it_may_be_missing, with_dir,
			without_dir),
		cmocka_unit_test_setup_teardown(a_file_that_is_no_flag_is_named, with_dir,
						without_dir),
		cmocka_unit_test_setup_teardown(a_file_with_a_wrong_value_is_named, with_dir,
						without_dir),
		cmocka_unit_test_setup_teardown(a_switch_that_is_none_is_named, with_dir,
						without_dir),
		cmocka_unit_test_setup_teardown(both_names_of_a_flag_in_one_directory_are_refused,
						with_dir, without_dir),
		cmocka_unit_test_setup_teardown(what_others_may_write_is_refused, with_dir,
						without_dir),
		cmocka_unit_test_setup_teardown(a_directory_that_others_may_write_is_refused,
						with_dir, without_dir),
		cmocka_unit_test_setup_teardown(what_belongs_to_others_is_refused, with_dir,
						without_dir),
		cmocka_unit_test_setup_teardown(a_fifo_is_refused_and_not_opened, with_dir,
						without_dir),
		cmocka_unit_test_setup_teardown(a_link_to_a_device_is_refused, with_dir,
						without_dir),
		cmocka_unit_test_setup_teardown(where_each_value_is_from_is_known, with_dir,
						without_dir),
		cmocka_unit_test_setup_teardown(what_is_refused_later_names_its_file_too, with_dir,
						without_dir),
		cmocka_unit_test_setup_teardown(variables_may_lie_in_files_as_systemd_reads_them,
						with_dir, without_dir),
		cmocka_unit_test_setup_teardown(of_a_variable_only_the_last_is_looked_at, with_dir,
						without_dir),
		cmocka_unit_test_setup_teardown(help_and_version_are_for_the_command_line_alone,
						with_dir, without_dir),
		cmocka_unit_test_setup_teardown(
			a_variable_in_a_file_with_a_wrong_value_is_named_with_it, with_dir,
			without_dir),
		cmocka_unit_test_setup_teardown(only_lists_may_be_directories, with_dir,
						without_dir),
		cmocka_unit_test_setup_teardown(a_file_that_is_too_large_is_refused_by_name,
						with_dir, without_dir),
		cmocka_unit_test_setup_teardown(a_directory_with_too_many_files_is_refused,
						with_dir, without_dir),
	};

	return cmocka_run_group_tests_name("flags", tests, NULL, NULL);
}
