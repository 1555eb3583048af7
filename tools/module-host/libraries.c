/* dlopen(3) and what comes after it, in the order and with the words of Mesos 0.22. */
#include "tools/module-host/libraries.h"

#include <dlfcn.h>

#include "lib/error.h"
#include "lib/version.h"
#include "mesos/anonymous.h"
#include "tools/module-host/channel.h"
#include "tools/module-host/reply.h"
#include "tools/module-host/verify.h"

static struct module *modules;
static size_t modules_count;

/* It may be the last that is heard. */
static void begin(const char *what, const char *name)
{
	autofree char *text = xasprintf("%s '%s'", what, name);

	channel_tell(MODULE_HOST_RESULT, &(struct module_result){ .doing = text });
}

static int add_module(void *library, const char *file, const struct module_config *config,
		      struct error *e)
{
	struct module m = { .name = config->name, .config = config };
	const struct mesos_module *symbol;

	dlerror();
	symbol = dlsym(library, config->name);
	if (!symbol) {
		const char *why = dlerror();

		return error_set(e, ENOENT, "Error loading module '%s': %s", config->name,
				 why ? why : "its symbol is NULL");
	}
	if (verify_module(symbol, config->name, MESOS_VERSION, &m.symbol, e))
		return error_wrap(e, "Error verifying module '%s'", config->name);
	m.library = file;
	modules = xreallocarray(modules, modules_count + 1, sizeof(*modules));
	modules[modules_count++] = m;
	return 0;
}

static int open_library(const struct library_config *l, struct error *e)
{
	char *file = l->file ? xstrdup(l->file) : xasprintf("lib%s.so", l->name);
	void *library;
	int r = 0;

	begin("library", file);
	library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		error_set(e, ENOENT, "Error opening library: '%s': %s", file, dlerror());
		free(file);
		return -e->code;
	}
	for (size_t i = 0; !r && i < l->modules_count; i++)
		r = add_module(library, file, &l->modules[i], e);
	return r;
}

const struct module *module_at(size_t i)
{
	return i < modules_count ? &modules[i] : NULL;
}

static struct module *find(const char *name)
{
	for (size_t i = 0; i < modules_count; i++)
		if (str_equal(modules[i].name, name))
			return &modules[i];
	return NULL;
}

const struct module *module_named(const char *name)
{
	return find(name);
}

static int create(struct module *m, struct error *e)
{
	if (!kind_is_built(m->symbol.kind))
		return error_set(e, ENOSYS,
				 "Error creating Module instance for '%s': nothing uses modules of "
				 "kind %s yet",
				 m->name, m->symbol.kind);
	if (!m->symbol.create)
		return error_set(
			e, EINVAL,
			"Error creating module instance for '%s': create() method not found",
			m->name);
	reply_begin(m->name);
	begin("create() of module", m->name);
	m->self = m->symbol.create((const void *)m->config);
	if (!m->self)
		return error_set(e, EREMOTEIO, "Error creating Module instance for '%s': %s",
				 m->name,
				 reply_failure() ? reply_failure() : "create() returned NULL");
	return 0;
}

static int create_wanted(const struct module_wanted *wanted, struct error *e)
{
	struct module *m = find(wanted->name);

	if (!m)
		return error_set(e, ENOENT, "Module '%s' unknown", wanted->name);
	if (strcmp(m->symbol.kind, wanted->kind) != 0)
		return error_set(e, EINVAL,
				 "Module '%s' is of kind %s, while the requested kind is %s",
				 m->name, m->symbol.kind, wanted->kind);
	return create(m, e);
}

static int create_anonymous(struct error *e)
{
	for (size_t i = 0; i < modules_count; i++)
		if (!strcmp(modules[i].symbol.kind, MESOS_ANONYMOUS_KIND) && create(&modules[i], e))
			return error_wrap(e, "Failed to create anonymous module named '%s'",
					  modules[i].name);
	return 0;
}

int load_libraries(const struct module_call *call, struct error *e)
{
	for (size_t i = 0; i < call->libraries_count; i++)
		if (open_library(&call->libraries[i], e))
			return -e->code;
	for (size_t i = 0; i < call->wanted_count; i++)
		if (create_wanted(&call->wanted[i], e))
			return -e->code;
	return create_anonymous(e);
}

void destroy_modules(void)
{
	while (modules_count) {
		struct module *m = &modules[--modules_count];

		reply_begin(m->name);
		if (m->self && m->symbol.destroy)
			m->symbol.destroy(m->self);
	}
}

/* ---- parameters ---- */

static const struct module_config *config_of(const struct mesos_parameters *p)
{
	return (const void *)p;
}

size_t mesos_parameters_count(const struct mesos_parameters *p)
{
	return config_of(p)->parameters_count;
}

const char *mesos_parameters_key(const struct mesos_parameters *p, size_t i)
{
	return i < mesos_parameters_count(p) ? config_of(p)->parameters[i].key : NULL;
}

const char *mesos_parameters_value(const struct mesos_parameters *p, size_t i)
{
	return i < mesos_parameters_count(p) ? config_of(p)->parameters[i].value : NULL;
}

const char *mesos_parameter(const struct mesos_parameters *p, const char *key)
{
	for (size_t i = 0; key && i < mesos_parameters_count(p); i++)
		if (!strcmp(mesos_parameters_key(p, i), key))
			return mesos_parameters_value(p, i);
	return NULL;
}
