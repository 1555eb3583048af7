/* The daemon of the tests of modules. */
#include "tests/unit/modules-fixture.h"

#include <fcntl.h>
#include <signal.h>

#include "lib/fs.h"
#include "lib/log.h"
#include "tests/unit/built.h"

static void on_restarted(void *ctx, bool loaded)
{
	struct fixture *f = ctx;

	f->restarted += loaded;
}

int modules_set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct error e;
	sigset_t child;

	log_set_level(LOG_LEVEL_ERROR); /* what modules do wrong here is warned of */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	strcpy(f->dir, "/tmp/test-modules-XXXXXX");
	if (sigprocmask(SIG_BLOCK, &child, NULL) || !mkdtemp(f->dir) ||
	    sd_event_new(&f->loop) < 0 || streams_new(f->loop, NULL, NULL, &f->streams, &e))
		return -1;
	f->launcher_dir = built("libexec/mesos");
	f->o = (struct modules_options){
		.loop = f->loop,
		.streams = f->streams,
		.launcher_dir = f->launcher_dir,
		.module_hosts = "daemon",
		.hook_timeout = PATIENCE_US * NSEC_PER_USEC,
		.module_memory = GIB,
		.restarted = on_restarted,
		.ctx = f,
	};
	*state = f;
	return 0;
}

int modules_tear_down(void **state)
{
	struct fixture *f = *state;
	struct error e;

	modules_free(f->modules);
	streams_free(f->streams);
	sd_event_unref(f->loop);
	fs_remove_tree(AT_FDCWD, f->dir, &e);
	free(f->launcher_dir);
	free(f->text);
	free(f);
	return 0;
}

char *example_path(const char *library)
{
	autofree char *name = xasprintf("tests/modules/%s.so", library);

	return built(name);
}

static json_t *parameter(const char *text)
{
	const char *equals = strchr(text, '=');

	return json_pack("{s:s%, s:s}", "key", text, (size_t)(equals - text), "value", equals + 1);
}

static json_t *library(const struct example *x)
{
	autofree char *path = example_path(x->library);
	json_t *parameters = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(x->parameters) && x->parameters[i]; i++)
		json_array_append_new(parameters, parameter(x->parameters[i]));
	return json_pack("{s:s, s:[{s:s, s:o}]}", "file", path, "modules", "name", x->name,
			 "parameters", parameters);
}

void configure(struct fixture *f, const struct example *list, size_t count)
{
	json_t *libraries = json_array(), *all = json_pack("{s:o}", "libraries", libraries);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(libraries, library(&list[i]));
	free(f->text);
	f->text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	f->o.modules = f->text;
}

void configure_text(struct fixture *f, const char *fmt, ...)
{
	va_list args;

	free(f->text);
	va_start(args, fmt);
	assert_true(vasprintf(&f->text, fmt, args) >= 0);
	va_end(args);
	f->o.modules = f->text;
}

void take(struct fixture *f)
{
	struct error e = { 0 };

	if (modules_new(&f->o, &f->modules, &e))
		fail_msg("%s", e.text);
}

void load(struct fixture *f)
{
	struct error e = { 0 };

	if (modules_start(f->modules, &e))
		fail_msg("%s", e.text);
}

char *put_file(const struct fixture *f, const char *name, const char *text)
{
	char *path = path_join(f->dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
	close(fd);
	return path;
}
