/* From the text of --modules to hosts that have loaded it. */
#include "lib/modules.h"

#include <dirent.h>
#include <strings.h>

#include "lib/fs.h"
#include "lib/log.h"
#include "mesos/anonymous.h"

/* That a process has ended so often in a row is for who asks for the daemon's health. */
#define CRASHES_TOLD 3

/* One process, and what it is to load. */
struct host {
	struct modules *owner;
	struct module_host *process;
	struct module_call load;
	bool loading;
	struct error error; /* of the first start; code 0: none */
};

struct module {
	const struct module_config *config;
	struct host *host;
	char *wanted_kind;                      /* NULL: nobody uses it */
	struct module_description *description; /* NULL: not loaded yet */
};

struct modules {
	struct modules_options o;
	char *program;
	struct modules_config config;
	struct host *hosts;
	size_t hosts_count;
	struct module *list;
	size_t count;
	void (*unheard)(void *ctx, const char *module, enum module_function function,
			const struct error *e);
	void *unheard_ctx;
};

/* ---- what is configured ---- */

static int check_module(const struct module_config *m, const char *library, struct error *e)
{
	if (schema_check_known(module_config_schema(), m, e))
		return error_wrap(e, "a module of library '%s'", library);
	if (!m->name || !*m->name)
		return error_set(e, EINVAL, "Error: module name not provided with library '%s'",
				 library);
	for (size_t i = 0; i < m->parameters_count; i++)
		if (schema_check_known(module_parameter_schema(), &m->parameters[i], e))
			return error_wrap(e, "a parameter of module '%s'", m->name);
	return 0;
}

static const char *given_name(const struct library_config *l)
{
	return l->file ? l->file : l->name;
}

static int check_library(const struct library_config *l, struct error *e)
{
	const char *given = given_name(l);

	if (schema_check_known(library_config_schema(), l, e))
		return error_wrap(e, "a library");
	if (!given || !*given)
		return error_set(e, EINVAL, "Library name or path not provided");
	for (size_t i = 0; i < l->modules_count; i++)
		if (check_module(&l->modules[i], given, e))
			return -e->code;
	return 0;
}

/* Takes the libraries of more, and leaves it empty. */
static void append(struct modules_config *config, struct modules_config *more)
{
	size_t n = config->libraries_count + more->libraries_count;

	if (more->libraries_count) {
		config->libraries = xreallocarray(config->libraries, n, sizeof(*config->libraries));
		memcpy(config->libraries + config->libraries_count, more->libraries,
		       more->libraries_count * sizeof(*config->libraries));
	}
	config->libraries_count = n;
	free(take_ptr(more->libraries));
	more->libraries_count = 0;
	schema_clear(modules_config_schema(), more);
}

/* The first of this name, and its library in *ret. */
static const struct module_config *find_config(const struct modules_config *config,
					       const char *name, const struct library_config **ret)
{
	for (size_t i = 0; i < config->libraries_count; i++) {
		*ret = &config->libraries[i];
		for (size_t k = 0; k < (*ret)->modules_count; k++)
			if (!strcmp((*ret)->modules[k].name, name))
				return &(*ret)->modules[k];
	}
	assert(!"a module of the configuration");
	return NULL;
}

/* Of the libraries from this one on. */
static int check_duplicates(const struct modules_config *config, size_t from, struct error *e)
{
	for (size_t i = from; i < config->libraries_count; i++) {
		const struct library_config *l = &config->libraries[i], *other;

		for (size_t k = 0; k < l->modules_count; k++)
			if (find_config(config, l->modules[k].name, &other) != &l->modules[k])
				return error_set(e, EEXIST,
						 "Error loading duplicate module '%s': library "
						 "'%s' has it, and so has '%s'",
						 l->modules[k].name, given_name(other),
						 given_name(l));
	}
	return 0;
}

static int read_text(struct modules *m, const char *text, size_t len, struct error *e)
{
	struct modules_config more = { .libraries = NULL };
	size_t before = m->config.libraries_count;
	int r = schema_decode_text(modules_config_schema(), text, len, &more, e);

	if (!r)
		r = schema_check_known(modules_config_schema(), &more, e);
	for (size_t i = 0; !r && i < more.libraries_count; i++)
		r = check_library(&more.libraries[i], e);
	if (r) {
		schema_clear(modules_config_schema(), &more);
		return r;
	}
	append(&m->config, &more);
	return check_duplicates(&m->config, before, e);
}

static int is_config(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > strlen(".json") &&
	       !strcmp(d->d_name + n - strlen(".json"), ".json");
}

static int read_file(struct modules *m, const char *dir, const char *name, struct error *e)
{
	autofree char *path = path_join(dir, name);
	autobuf struct buf text = { 0 };

	if (fs_read(path, MODULES_CONFIG_MAX, &text, e))
		return error_wrap(e, "--modules_dir");
	if (read_text(m, buf_text(&text), text.len, e))
		return error_wrap(e, "--modules_dir: %s", path);
	return 0;
}

static int read_dir(struct modules *m, struct error *e)
{
	const char *dir = m->o.modules_dir;
	struct dirent **files;
	int n = scandir(dir, &files, is_config, alphasort);
	int r = 0;

	if (n < 0)
		return error_sys(e, "--modules_dir: %s", dir);
	for (int i = 0; i < n; i++) {
		if (!r)
			r = read_file(m, dir, files[i]->d_name, e);
		free(files[i]);
	}
	free(files);
	return r;
}

static int read_config(struct modules *m, struct error *e)
{
	if (m->o.modules && m->o.modules_dir)
		return error_set(e, EINVAL, "--modules: say either this or --modules_dir");
	if (m->o.modules_dir)
		return read_dir(m, e);
	if (m->o.modules && m->o.modules[0] == '/')
		return error_set(e, EINVAL,
				 "--modules: is a path and no JSON: --modules=file://%s is what "
				 "stands in that file",
				 m->o.modules);
	if (m->o.modules && read_text(m, m->o.modules, strlen(m->o.modules), e))
		return error_wrap(e, "--modules");
	return 0;
}

/* ---- who holds what ---- */

static struct module *find(const struct modules *m, const char *name)
{
	for (size_t i = 0; i < m->count; i++)
		if (!strcmp(m->list[i].config->name, name))
			return &m->list[i];
	return NULL;
}

static int add_module(struct modules *m, const struct module_config *config, struct host *host,
		      struct error *e)
{
	if (m->count == MODULES_MAX)
		return error_set(e, E2BIG, "more than %d modules", MODULES_MAX);
	m->list = xreallocarray(m->list, m->count + 1, sizeof(*m->list));
	m->list[m->count++] = (struct module){ .config = config, .host = host };
	return 0;
}

/* The libraries of a host are a part of the list of all. */
static void assign(struct host *h, struct library_config *libraries, size_t count)
{
	h->load.function = MODULE_LOAD;
	h->load.has_function = true;
	h->load.libraries = libraries;
	h->load.libraries_count = count;
}

static int set_up_hosts(struct modules *m, struct error *e)
{
	size_t n = m->config.libraries_count;
	bool each = !strcmp(m->o.module_hosts, "library");

	if (m->o.hook_timeout < HOOK_TIMEOUT_MIN_NS)
		return error_set(e, EINVAL, "--hook_timeout: must be at least 1ms");
	if (!each && strcmp(m->o.module_hosts, "daemon"))
		return error_set(e, EINVAL, "--module_hosts: '%s' is neither daemon nor library",
				 m->o.module_hosts);
	m->hosts_count = each ? n : n > 0;
	m->hosts = xcalloc(m->hosts_count, sizeof(*m->hosts));
	for (size_t i = 0; i < m->hosts_count; i++) {
		m->hosts[i].owner = m;
		assign(&m->hosts[i], m->config.libraries + i, each ? 1 : n);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m->config.libraries[i].modules_count; k++)
			if (add_module(m, &m->config.libraries[i].modules[k],
				       &m->hosts[each ? i : 0], e))
				return -e->code;
	return 0;
}

int modules_new(const struct modules_options *o, struct modules **ret, struct error *e)
{
	struct modules *m = xcalloc(1, sizeof(*m));

	m->o = *o;
	m->program = path_join(o->launcher_dir, "mesos-module-host");
	if (read_config(m, e) || set_up_hosts(m, e)) {
		modules_free(m);
		return error_wrap(e, "Error loading modules");
	}
	*ret = m;
	return 0;
}

void modules_free(struct modules *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->hosts_count; i++)
		module_host_end(m->hosts[i].process);
	for (size_t i = 0; i < m->hosts_count; i++) {
		module_host_free(m->hosts[i].process);
		free(m->hosts[i].load.wanted);
	}
	for (size_t i = 0; i < m->count; i++) {
		schema_free(module_description_schema(), m->list[i].description);
		free(m->list[i].wanted_kind);
	}
	free(m->hosts);
	free(m->list);
	free(m->program);
	schema_clear(modules_config_schema(), &m->config);
	free(m);
}

bool modules_have(const struct modules *m, const char *name)
{
	return find(m, name);
}

void modules_want(struct modules *m, const char *name, const char *kind)
{
	struct module *wanted = find(m, name);
	struct module_call *load;

	assert(wanted && !wanted->wanted_kind);
	load = &wanted->host->load;
	wanted->wanted_kind = xstrdup(kind);
	load->wanted = xreallocarray(load->wanted, load->wanted_count + 1, sizeof(*load->wanted));
	load->wanted[load->wanted_count++] = (struct module_wanted){
		.name = wanted->config->name,
		.kind = wanted->wanted_kind,
	};
}

/* ---- loading ---- */

static void take_descriptions(struct modules *m, const struct host *h,
			      const struct module_result *result)
{
	for (size_t i = 0; i < result->modules_count; i++) {
		struct module *loaded = find(m, result->modules[i].name);

		if (!loaded || loaded->host != h)
			continue;
		if (!loaded->description)
			log_info("module %s: loaded library=%s kind=%s version=%s%s",
				 loaded->config->name, result->modules[i].library,
				 result->modules[i].kind, result->modules[i].mesos_version,
				 loaded->wanted_kind ? " active=1" : "");
		schema_free(module_description_schema(), loaded->description);
		loaded->description = schema_copy(module_description_schema(), &result->modules[i]);
	}
}

static const char *host_name(const struct host *h)
{
	return h->owner->hosts_count == 1 ? "host" : given_name(&h->load.libraries[0]);
}

static void on_loaded(void *ctx, const struct module_result *result, const struct error *e)
{
	struct host *h = ctx;
	struct modules *m = h->owner;
	bool first = h->loading;

	h->loading = false;
	if (!result && first)
		h->error = *e;
	if (result)
		take_descriptions(m, h, result);
	if (result && module_host_restarts(h->process))
		log_info("modules: %s: loaded again", host_name(h));
	if (module_host_restarts(h->process) && m->o.restarted)
		m->o.restarted(m->o.ctx, result);
}

static void on_unheard(void *ctx, const char *module, enum module_function function,
		       const struct error *e)
{
	const struct host *h = ctx;

	if (h->owner->unheard)
		h->owner->unheard(h->owner->unheard_ctx, module, function, e);
}

static void start_host(struct modules *m, struct host *h)
{
	const struct module_host_options o = {
		.loop = m->o.loop,
		.streams = m->o.streams,
		.name = host_name(h),
		.path = m->program,
		.load = &h->load,
		.timeout_ns = m->o.hook_timeout,
		.memory_bytes = m->o.module_memory,
		.loaded = on_loaded,
		.unheard = on_unheard,
		.ctx = h,
	};

	h->process = module_host_new(&o);
	h->loading = true;
	module_host_start(h->process);
}

/* What it should have told of, and has not. */
static int check_loaded(const struct modules *m, const struct host *h, struct error *e)
{
	if (h->error.code) {
		*e = h->error;
		return -e->code;
	}
	for (size_t i = 0; i < m->count; i++)
		if (m->list[i].host == h && !m->list[i].description)
			return error_set(e, EPROTO, "the host has not told of module '%s'",
					 m->list[i].config->name);
	return 0;
}

/* One after the other: the first error is the one that is told. */
int modules_start(struct modules *m, struct error *e)
{
	for (size_t i = 0; i < m->hosts_count; i++) {
		struct host *h = &m->hosts[i];

		start_host(m, h);
		while (h->loading) {
			int r = sd_event_run(m->o.loop, UINT64_MAX);

			if (r < 0)
				return error_set(e, -r, "event loop: %s", strerror(-r));
			if (sd_event_get_state(m->o.loop) == SD_EVENT_FINISHED)
				return error_set(e, EINTR, "ended while modules were loaded");
		}
		if (check_loaded(m, h, e))
			return error_wrap(e, "Error loading modules");
	}
	return 0;
}

/* ---- use ---- */

void modules_watch_unheard(struct modules *m,
			   void (*fn)(void *ctx, const char *module, enum module_function function,
				      const struct error *e),
			   void *ctx)
{
	m->unheard = fn;
	m->unheard_ctx = ctx;
}

bool modules_has_function(const struct modules *m, const char *name, enum module_function f)
{
	const struct module *found = find(m, name);
	const struct module_description *d = found ? found->description : NULL;
	const char *wanted = enum_name(module_function_values, (int)f);

	for (size_t i = 0; d && i < d->functions_count; i++)
		if (!strcmp(d->functions[i], wanted))
			return true;
	return false;
}

struct host_call *modules_call(struct modules *m, const struct module_call *what,
			       host_call_done *done, void *ctx)
{
	const struct module *callee = find(m, what->module);

	assert(callee && callee->host->process);
	return module_host_call(callee->host->process, what, done, ctx);
}

/* ---- what is shown ---- */

static bool sounds_secret(const char *key)
{
	static const char *const words[] = { "secret", "password",   "passwd",
					     "token",  "credential", "private" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasestr(key, words[i]))
			return true;
	return false;
}

static void show_parameters(const struct module_config *config, struct module_state *ret)
{
	ret->parameters = xcalloc(config->parameters_count, sizeof(*ret->parameters));
	ret->parameters_count = config->parameters_count;
	for (size_t i = 0; i < config->parameters_count; i++) {
		ret->parameters[i] = config->parameters[i];
		if (config->parameters[i].secret || sounds_secret(config->parameters[i].key))
			ret->parameters[i].value = (char *)(uintptr_t) "***";
	}
}

/* A process that is at it again after it could not load them is not back yet. */
static const char *state_of(const struct module *m)
{
	const struct module_host *process = m->host->process;

	if (!module_host_pid(process) || module_host_trouble(process))
		return "restarting";
	if (m->wanted_kind || !strcmp(m->description->kind, MESOS_ANONYMOUS_KIND))
		return "active";
	return "loaded";
}

bool modules_state(const struct modules *m, size_t i, struct module_state *ret)
{
	const struct module *shown;
	pid_t pid;

	if (i >= m->count)
		return false;
	shown = &m->list[i];
	assert(shown->description);
	pid = module_host_pid(shown->host->process);
	*ret = (struct module_state){
		.module = shown->description,
		.state = (char *)(uintptr_t)state_of(shown),
		.host_pid = (uint64_t)pid,
		.has_host_pid = pid > 0,
		.host_restarts = module_host_restarts(shown->host->process),
		.has_host_restarts = true,
	};
	show_parameters(shown->config, ret);
	return true;
}

void modules_state_fini(struct module_state *s)
{
	free(take_ptr(s->parameters));
}

bool modules_have_lost(const struct modules *m, const char *name)
{
	return module_host_trouble(find(m, name)->host->process);
}

void modules_add_health(const struct modules *m, struct buf *out)
{
	for (size_t i = 0; i < m->hosts_count; i++) {
		const struct host *h = &m->hosts[i];
		const char *why = module_host_trouble(h->process);

		if (why)
			buf_addf(out,
				 "Modules cannot be loaded again (%s), none of their functions is "
				 "called: %s. It is tried every %d s.\n",
				 host_name(h), why, (int)(MODULE_PAUSE_MAX_NS / NSEC_PER_SEC));
		else if (module_host_crashes(h->process) >= CRASHES_TOLD)
			buf_addf(
				out,
				"The process of modules (%s) has ended %u times in a row before it "
				"had answered a call: the log says how; --module_hosts=library "
				"keeps libraries apart.\n",
				host_name(h), module_host_crashes(h->process));
	}
}

uint64_t modules_restarts(const struct modules *m)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < m->hosts_count; i++)
		sum += module_host_restarts(m->hosts[i].process);
	return sum;
}
