/*
 * What is configured: what is read from where, what is refused in which words, and what is shown of
 * it.
 */
#include "tests/unit/modules-fixture.h"

#include <signal.h>
#include <sys/stat.h>

#include "lib/fs.h"
#include "mesos/hook.h"

#define LIBRARY(file, modules) "{\"libraries\":[{\"file\":\"" file "\",\"modules\":[" modules "]}]}"
#define X_SO(modules)          LIBRARY("x.so", modules)
#define LABELS                 "{\"name\":\"org_example_labels\"}"

static void expect_refused(struct fixture *f, const char *why)
{
	autofree char *sentence = xasprintf("Error loading modules: %s", why);
	struct error e = { 0 };

	assert_true(modules_new(&f->o, &f->modules, &e) < 0);
	assert_string_equal(e.text, sentence);
	assert_null(f->modules);
}

static void expect_not_loaded(struct fixture *f, const char *why)
{
	autofree char *sentence = xasprintf("Error loading modules: %s", why);
	struct error e = { 0 };

	assert_true(modules_start(f->modules, &e) < 0);
	assert_string_equal(e.text, sentence);
}

/* Each with its library and what becomes of it, as "name library state|name library state". */
static void expect_modules(const struct fixture *f, const char *text)
{
	autobuf struct buf all = { 0 };
	struct module_state s;

	for (size_t i = 0; modules_state(f->modules, i, &s); i++) {
		buf_addf(&all, "%s%s %s %s", i ? "|" : "", s.module->name,
			 strrchr(s.module->library, '/') ? strrchr(s.module->library, '/') + 1
							 : s.module->library,
			 s.state);
		modules_state_fini(&s);
	}
	assert_string_equal(buf_text(&all), text);
}

/* ---- what is refused ---- */

static void what_is_no_configuration_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "[]", "must be an object" },
		{ "{\"libraries\":\"x.so\"}", "libraries[0]: must be an object" },
		{ "{\"libraries\":[7]}", "libraries[0]: must be an object" },
		{ "{\"libraries\":[{}]}", "Library name or path not provided" },
		{ "{\"libraries\":[{\"file\":7}]}", "libraries[0].file: must be a string" },
		{ "{\"libraries\":[{\"file\":\"\",\"name\":\"x\"}]}",
		  "Library name or path not provided" },
		{ "{\"libraries\":[{\"name\":\"\"}]}", "Library name or path not provided" },
		{ "{\"libraries\":[{\"file\":\"x.so\"},{}]}", "Library name or path not provided" },
		{ X_SO("{}"), "Error: module name not provided with library 'x.so'" },
		{ X_SO("{\"name\":\"a\"},{\"name\":\"\"}"),
		  "Error: module name not provided with library 'x.so'" },
		{ "{\"libraries\":[{\"name\":\"x\",\"modules\":[{}]}]}",
		  "Error: module name not provided with library 'x'" },
		{ X_SO("\"a\""), "libraries[0].modules[0]: must be an object" },
		{ X_SO("{\"name\":7}"), "libraries[0].modules[0].name: must be a string" },
		{ X_SO("{\"name\":\"a\",\"parameters\":{\"k\":\"v\"}}"),
		  "libraries[0].modules[0].parameters[0].key: missing" },
		{ X_SO("{\"name\":\"a\",\"parameters\":[{\"key\":\"k\"}]}"),
		  "libraries[0].modules[0].parameters[0].value: missing" },
		{ X_SO("{\"name\":\"a\",\"parameters\":[{\"value\":\"v\"}]}"),
		  "libraries[0].modules[0].parameters[0].key: missing" },
		{ X_SO("{\"name\":\"a\",\"parameters\":[{\"key\":\"k\",\"value\":1}]}"),
		  "libraries[0].modules[0].parameters[0].value: must be a string" },
		{ X_SO("{\"name\":\"a\",\"parameters\":[{\"key\":\"k\",\"value\":\"v\","
		       "\"secret\":\"yes\"}]}"),
		  "libraries[0].modules[0].parameters[0].secret: expecting a boolean (true or "
		  "false), not 'yes'" },
		{ "{\"library\":[]}", "unknown member 'library'; known: libraries" },
		{ "{\"libraries\":[{\"path\":\"x.so\"}]}",
		  "a library: unknown member 'path'; known: file, name, modules" },
		{ X_SO("{\"name\":\"a\",\"parameter\":[]}"),
		  "a module of library 'x.so': unknown member 'parameter'; known: name, "
		  "parameters" },
		{ X_SO("{\"name\":\"a\",\"parameters\":[{\"key\":\"k\",\"value\":\"v\","
		       "\"hidden\":true}]}"),
		  "a parameter of module 'a': unknown member 'hidden'; known: key, value, secret" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		autofree char *why = xasprintf("--modules: %s", rows[i].why);
		struct fixture *f = *state;

		f->o.modules = rows[i].text;
		expect_refused(f, why);
	}
}

/* What is wrong with it is said in the words of the library that reads it. */
static void what_is_no_json_is_refused(void **state)
{
	static const char *const texts[] = { "", "{", "libraries", "{\"libraries\":[]}}",
					     "{\"libraries\":[],\"libraries\":[]}" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct fixture *f = *state;
		struct error e = { 0 };

		f->o.modules = texts[i];
		assert_int_equal(modules_new(&f->o, &f->modules, &e), -EINVAL);
		assert_true(str_starts(e.text, "Error loading modules: --modules: not JSON: "));
	}
}

static void a_path_is_no_json(void **state)
{
	struct fixture *f = *state;

	f->o.modules = "/etc/modules.json";
	expect_refused(f, "--modules: is a path and no JSON: --modules=file:///etc/modules.json is "
			  "what stands in that file");
}

static void modules_of_the_same_name_are_refused(void **state)
{
	struct fixture *f = *state;

	f->o.modules = X_SO("{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"a\"}");
	expect_refused(f, "--modules: Error loading duplicate module 'a': library 'x.so' has it, "
			  "and so has 'x.so'");
	f->o.modules = "{\"libraries\":[{\"file\":\"x.so\",\"modules\":[{\"name\":\"a\"}]},"
		       "{\"name\":\"y\",\"modules\":[{\"name\":\"a\"}]}]}";
	expect_refused(f, "--modules: Error loading duplicate module 'a': library 'x.so' has it, "
			  "and so has 'y'");
}

/* Of one library: their names are 0, 1 and so on. */
static void configure_many(struct fixture *f, size_t count)
{
	autobuf struct buf names = { 0 };

	for (size_t i = 0; i < count; i++)
		buf_addf(&names, "%s{\"name\":\"%zu\"}", i ? "," : "", i);
	configure_text(f, X_SO("%s"), buf_text(&names));
}

static void more_than_256_modules_are_refused(void **state)
{
	struct fixture *f = *state;

	configure_many(f, 257);
	expect_refused(f, "more than 256 modules");
	configure_many(f, 256);
	take(f);
	assert_true(modules_have(f->modules, "255"));
	assert_false(modules_have(f->modules, "256"));
}

static void flags_have_to_fit(void **state)
{
	struct fixture *f = *state;

	f->o.module_hosts = "Daemon";
	expect_refused(f, "--module_hosts: 'Daemon' is neither daemon nor library");
	f->o.module_hosts = "library";
	f->o.hook_timeout = NSEC_PER_MSEC - 1;
	expect_refused(f, "--hook_timeout: must be at least 1ms");
	f->o.modules = "{}";
	f->o.modules_dir = f->dir;
	expect_refused(f, "--modules: say either this or --modules_dir");
}

static void a_directory_that_cannot_be_read_is_refused(void **state)
{
	struct fixture *f = *state;
	autofree char *none = path_join(f->dir, "none"), *file = put_file(f, "file", "{}");
	autofree char *no_dir = xasprintf("--modules_dir: %s: No such file or directory", none);
	autofree char *is_file = xasprintf("--modules_dir: %s: Not a directory", file);

	f->o.modules_dir = none;
	expect_refused(f, no_dir);
	f->o.modules_dir = file;
	expect_refused(f, is_file);
}

static void a_file_in_it_that_is_wrong_is_named(void **state)
{
	struct fixture *f = *state;
	autofree char *path = put_file(f, "b.json", X_SO("{\"name\":\"b\"},{\"name\":\"a\"}"));
	autofree char *twice = xasprintf("--modules_dir: %s: Error loading duplicate module 'a': "
					 "library 'x.so' has it, and so has 'x.so'",
					 path);
	autofree char *nameless =
		xasprintf("--modules_dir: %s: Library name or path not provided", path);

	free(put_file(f, "a.json", X_SO("{\"name\":\"a\"}")));
	f->o.modules_dir = f->dir;
	expect_refused(f, twice);
	free(put_file(f, "b.json", "{\"libraries\":[{}]}"));
	expect_refused(f, nameless);
}

static void so_is_one_that_cannot_be_read(void **state)
{
	struct fixture *f = *state;
	autofree char *path = path_join(f->dir, "a.json");
	autofree char *gone = xasprintf("--modules_dir: open %s: No such file or directory", path);
	autofree char *is_dir = xasprintf("--modules_dir: read %s: Is a directory", path);
	autofree char *large = xasprintf("--modules_dir: read %s: larger than 1048576 bytes", path);
	autofree char *text = xasprintf("%*s", (int)MODULES_CONFIG_MAX + 1, "{}");

	f->o.modules_dir = f->dir;
	assert_int_equal(symlink("nowhere", path), 0);
	expect_refused(f, gone);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	expect_refused(f, is_dir);
	assert_int_equal(rmdir(path), 0);
	free(put_file(f, "a.json", text));
	expect_refused(f, large);
}

/* ---- what is loaded ---- */

static void nothing_may_be_configured(void **state)
{
	struct fixture *f = *state;

	take(f);
	load(f);
	expect_modules(f, "");
	assert_int_equal(modules_restarts(f->modules), 0);
	assert_false(modules_have(f->modules, "a"));
}

static void libraries_are_loaded_in_their_order(void **state)
{
	static const struct example list[] = {
		{ "labels", "org_example_labels_2", { NULL } },
		{ "anonymous", "org_example_anonymous", { NULL } },
		{ "labels", "org_example_labels", { NULL } },
	};
	struct fixture *f = *state;

	configure(f, list, ARRAY_SIZE(list));
	take(f);
	modules_want(f->modules, "org_example_labels", MESOS_HOOK_KIND);
	load(f);
	expect_modules(f, "org_example_labels_2 labels.so loaded|"
			  "org_example_anonymous anonymous.so active|"
			  "org_example_labels labels.so active");
}

/* An example by another name in the directory; the caller frees its path. */
static char *link_example(const struct fixture *f)
{
	autofree char *example = example_path("labels"), *target = realpath(example, NULL);
	char *path = path_join(f->dir, "libexample.so");

	assert_int_equal(symlink(target, path), 0);
	return path;
}

/* As ld.so(8) finds it. */
static void expect_found(struct fixture *f, const char *library)
{
	free(link_example(f));
	assert_int_equal(setenv("LD_LIBRARY_PATH", f->dir, 1), 0);
	configure_text(f, "{\"libraries\":[{%s,\"modules\":[{\"name\":\"org_example_labels\"}]}]}",
		       library);
	take(f);
	load(f);
	unsetenv("LD_LIBRARY_PATH");
	expect_modules(f, "org_example_labels libexample.so loaded");
}

static void a_library_is_found_by_its_name(void **state)
{
	expect_found(*state, "\"name\":\"example\"");
}

static void its_file_wins_over_that(void **state)
{
	expect_found(*state, "\"file\":\"libexample.so\",\"name\":\"none\"");
}

static void put_example(struct fixture *f, const char *file, const char *module)
{
	autofree char *path = example_path("labels");
	autofree char *text = xasprintf(LIBRARY("%s", "{\"name\":\"%s\"}"), path, module);

	free(put_file(f, file, text));
}

static void files_of_a_directory_are_read_in_the_order_of_their_names(void **state)
{
	struct fixture *f = *state;

	put_example(f, "b.json", "org_example_labels");
	put_example(f, "20.json", "org_example_labels_2");
	put_example(f, "Z.json", "org_example_labels_3");
	for (const char *const *name =
		     (const char *const[]){ ".hidden.json", ".json", "c.json~", "c.conf", NULL };
	     *name; name++)
		free(put_file(f, *name, "is not read"));
	f->o.modules_dir = f->dir;
	take(f);
	load(f);
	expect_modules(f, "org_example_labels_2 labels.so loaded|org_example_labels_3 labels.so "
			  "loaded|org_example_labels labels.so loaded");
}

/* Of its host; 0: that is away. */
static pid_t pid_of(const struct fixture *f, size_t i)
{
	struct module_state s;

	assert_true(modules_state(f->modules, i, &s));
	modules_state_fini(&s);
	assert_true(s.has_host_pid == (s.host_pid > 0));
	return (pid_t)s.host_pid;
}

static const struct example two[] = {
	{ "labels", "org_example_labels", { NULL } },
	{ "anonymous", "org_example_anonymous", { NULL } },
};

static void all_are_in_one_process(void **state)
{
	struct fixture *f = *state;

	configure(f, two, ARRAY_SIZE(two));
	take(f);
	load(f);
	assert_int_equal(pid_of(f, 0), pid_of(f, 1));
}

static void expect_mapped(pid_t pid, const char *library, bool wanted)
{
	autofree char *path = xasprintf("/proc/%d/maps", (int)pid);
	autobuf struct buf text = { 0 };
	struct error e = { 0 };

	assert_int_equal(fs_read(path, MIB, &text, &e), 0);
	assert_int_equal(strstr(buf_text(&text), library) != NULL, wanted);
}

static void or_each_library_in_its_own(void **state)
{
	struct fixture *f = *state;

	configure(f, two, ARRAY_SIZE(two));
	f->o.module_hosts = "library";
	take(f);
	load(f);
	expect_mapped(pid_of(f, 0), "/labels.so", true);
	expect_mapped(pid_of(f, 0), "/anonymous.so", false);
	expect_mapped(pid_of(f, 1), "/labels.so", false);
	expect_mapped(pid_of(f, 1), "/anonymous.so", true);
}

static void a_process_that_ends_is_started_again(void **state)
{
	struct fixture *f = *state;
	pid_t other;

	configure(f, two, ARRAY_SIZE(two));
	f->o.module_hosts = "library";
	take(f);
	load(f);
	other = pid_of(f, 1);
	kill(pid_of(f, 0), SIGKILL);
	RUN_UNTIL(f->loop, !pid_of(f, 0));
	expect_modules(f, "org_example_labels labels.so restarting|"
			  "org_example_anonymous anonymous.so active");
	RUN_UNTIL(f->loop, f->restarted);
	expect_modules(f, "org_example_labels labels.so loaded|"
			  "org_example_anonymous anonymous.so active");
	assert_int_equal(modules_restarts(f->modules), 1);
	assert_int_equal(pid_of(f, 1), other);
}

static void expect_health(const struct fixture *f, const char *text)
{
	autobuf struct buf said = { 0 };

	modules_add_health(f->modules, &said);
	assert_string_equal(buf_text(&said), text);
}

static void one_that_cannot_come_back_is_told_of(void **state)
{
	struct fixture *f = *state;
	autofree char *path = link_example(f);
	autofree char *health = xasprintf(
		"Modules cannot be loaded again (host), none of their functions is called: Error "
		"opening library: '%s': %s: cannot open shared object file: No such file or "
		"directory. It is tried every 30 s.\n",
		path, path);

	configure_text(f, LIBRARY("%s", LABELS), path);
	take(f);
	load(f);
	expect_health(f, "");
	assert_int_equal(unlink(path), 0);
	kill(pid_of(f, 0), SIGKILL);
	RUN_UNTIL(f->loop, modules_restarts(f->modules) == 2);
	expect_health(f, health);
	free(link_example(f));
	RUN_UNTIL(f->loop, f->restarted);
	expect_health(f, "");
}

static void functions_are_those_that_a_module_has(void **state)
{
	struct fixture *f = *state;

	configure(f, two, ARRAY_SIZE(two));
	take(f);
	assert_false(modules_has_function(f->modules, "org_example_labels", HOOK_TASK_LABELS));
	load(f);
	assert_true(modules_has_function(f->modules, "org_example_labels", HOOK_TASK_LABELS));
	assert_false(modules_has_function(f->modules, "org_example_labels", HOOK_ENVIRONMENT));
	assert_false(modules_has_function(f->modules, "org_example_anonymous", HOOK_TASK_LABELS));
	assert_false(modules_has_function(f->modules, "nobody", HOOK_TASK_LABELS));
}

/* ---- what is not ---- */

static void without_its_program_nothing_is(void **state)
{
	struct fixture *f = *state;
	autofree char *why = xasprintf("start %s/mesos-module-host: No such file or directory; "
				       "--launcher_dir says where it is",
				       f->dir);

	configure(f, two, ARRAY_SIZE(two));
	f->o.launcher_dir = f->dir;
	take(f);
	expect_not_loaded(f, why);
}

static void the_first_error_is_told(void **state)
{
	static const struct example list[] = {
		{ "labels", "first", { NULL } },
		{ "none", "second", { NULL } },
	};
	struct fixture *f = *state;
	autofree char *path = example_path("labels");
	autofree char *why =
		xasprintf("Error loading module 'first': %s: undefined symbol: first", path);

	configure(f, list, ARRAY_SIZE(list));
	f->o.module_hosts = "library";
	take(f);
	expect_not_loaded(f, why);
}

static const struct example refuses = { "bad", "bad_create_refuses", { NULL } };

static void what_nobody_wants_is_not_created(void **state)
{
	struct fixture *f = *state;

	configure(f, &refuses, 1);
	take(f);
	load(f);
	expect_modules(f, "bad_create_refuses bad.so loaded");
}

static void what_is_wanted_has_to_be_created(void **state)
{
	struct fixture *f = *state;

	configure(f, &refuses, 1);
	take(f);
	modules_want(f->modules, "bad_create_refuses", MESOS_HOOK_KIND);
	expect_not_loaded(f, "Error creating Module instance for 'bad_create_refuses': it does not "
			     "like the weather");
}

static void and_has_to_be_of_that_kind(void **state)
{
	struct fixture *f = *state;

	configure(f, two, ARRAY_SIZE(two));
	take(f);
	modules_want(f->modules, "org_example_anonymous", MESOS_HOOK_KIND);
	expect_not_loaded(f, "Module 'org_example_anonymous' is of kind Anonymous, while the "
			     "requested kind is Hook");
}

/* ---- what is shown ---- */

/* As "key=value key=value". */
static void expect_parameters(const struct fixture *f, const char *text)
{
	autobuf struct buf all = { 0 };
	struct module_state s;

	assert_true(modules_state(f->modules, 0, &s));
	for (size_t i = 0; i < s.parameters_count; i++)
		buf_addf(&all, "%s%s=%s", i ? " " : "", s.parameters[i].key, s.parameters[i].value);
	modules_state_fini(&s);
	assert_string_equal(buf_text(&all), text);
}

static void what_is_secret_is_masked(void **state)
{
	struct fixture *f = *state;
	autofree char *path = example_path("labels");

	configure_text(f,
		       LIBRARY("%s",
			       "{\"name\":\"org_example_labels\",\"parameters\":["
			       "{\"key\":\"add\",\"value\":\"shown\"},"
			       "{\"key\":\"set\",\"value\":\"hush\",\"secret\":true},"
			       "{\"key\":\"open\",\"value\":\"shown\",\"secret\":false},"
			       "{\"key\":\"secret\",\"value\":\"hush\"},"
			       "{\"key\":\"DB_PASSWORD\",\"value\":\"hush\",\"secret\":false},"
			       "{\"key\":\"passwd\",\"value\":\"hush\"},"
			       "{\"key\":\"apiToken\",\"value\":\"hush\"},"
			       "{\"key\":\"credentials\",\"value\":\"hush\"},"
			       "{\"key\":\"PrivateKey\",\"value\":\"\"}]}"),
		       path);
	take(f);
	load(f);
	expect_parameters(f, "add=shown set=*** open=shown secret=*** DB_PASSWORD=*** passwd=*** "
			     "apiToken=*** credentials=*** PrivateKey=***");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_no_configuration_is_refused),
		TEST(what_is_no_json_is_refused),
		TEST(a_path_is_no_json),
		TEST(modules_of_the_same_name_are_refused),
		TEST(more_than_256_modules_are_refused),
		TEST(flags_have_to_fit),
		TEST(a_directory_that_cannot_be_read_is_refused),
		TEST(a_file_in_it_that_is_wrong_is_named),
		TEST(so_is_one_that_cannot_be_read),
		TEST(nothing_may_be_configured),
		TEST(libraries_are_loaded_in_their_order),
		TEST(a_library_is_found_by_its_name),
		TEST(its_file_wins_over_that),
		TEST(files_of_a_directory_are_read_in_the_order_of_their_names),
		TEST(all_are_in_one_process),
		TEST(or_each_library_in_its_own),
		TEST(a_process_that_ends_is_started_again),
		TEST(one_that_cannot_come_back_is_told_of),
		TEST(functions_are_those_that_a_module_has),
		TEST(without_its_program_nothing_is),
		TEST(the_first_error_is_told),
		TEST(what_nobody_wants_is_not_created),
		TEST(what_is_wanted_has_to_be_created),
		TEST(and_has_to_be_of_that_kind),
		TEST(what_is_secret_is_masked),
	};

	return cmocka_run_group_tests_name("modules", tests, NULL, NULL);
}
