/*
 * Modules that must not be loaded, or not be created: each has one thing wrong with it, which its
 * name says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mesos/hook.h>

static int self;

static void *create(const struct mesos_parameters *parameters)
{
	(void)parameters;
	return &self;
}

static void *create_nothing(const struct mesos_parameters *parameters)
{
	(void)parameters;
	return NULL;
}

static void *create_refuses(const struct mesos_parameters *parameters)
{
	(void)parameters;
	mesos_fail("it does not\tlike the weather");
	return NULL;
}

static void *create_hangs(const struct mesos_parameters *parameters)
{
	(void)parameters;
	while (pause())
		;
	return NULL;
}

static bool compatible(void)
{
	return true;
}

static bool incompatible(void)
{
	return false;
}

static const struct mesos_hook hook = { .size = sizeof(hook), .abi = MESOS_MODULE_ABI };

/* What is not said here is as it should be. */
#define FIELDS(api, version)                                                                       \
	.size = sizeof(struct mesos_module), .abi = MESOS_MODULE_ABI, .api_version = (api),        \
	.mesos_version = (version), .author_name = "An Author",                                    \
	.author_email = "author@example.org", .description = "A bad example.", .functions = &hook

#define OF_API(name, api)                                                                          \
	MESOS_MODULE(name) = { FIELDS(api, MESOS_VERSION), .kind = MESOS_HOOK_KIND,                \
			       .create = create }
OF_API(bad_api_0, "0");
OF_API(bad_api_1000, "1000");
OF_API(bad_api_text, "ThisIsNotAnAPIVersion!");
OF_API(bad_api_missing, NULL);

#define OF_VERSION(name, version, answer)                                                          \
	MESOS_MODULE(name) = { FIELDS(MESOS_MODULE_API_VERSION, version), .kind = MESOS_HOOK_KIND, \
			       .create = create, .compatible = (answer) }
OF_VERSION(bad_newer, "100.1.0", NULL);
OF_VERSION(bad_newer_compatible, "100.1.0", compatible);
OF_VERSION(bad_older, "0.1.0", NULL);
OF_VERSION(bad_older_compatible, "0.1.0", compatible);
OF_VERSION(bad_incompatible, MESOS_VERSION, incompatible);
OF_VERSION(bad_version, "new", compatible);
OF_VERSION(bad_version_missing, NULL, compatible);
/* Not bad: what is built after a release says so. */
OF_VERSION(good_suffix, MESOS_VERSION "-rc1", NULL);

#define OF_KIND(name, its_kind, function)                                                          \
	MESOS_MODULE(name) = { FIELDS(MESOS_MODULE_API_VERSION, MESOS_VERSION),                    \
			       .kind = (its_kind), .create = (function) }
OF_KIND(bad_kind, "Wizard", create);
OF_KIND(bad_kind_missing, NULL, create);
OF_KIND(bad_authenticator, "Authenticator", create);
OF_KIND(bad_anonymous, "Anonymous", create_refuses);
OF_KIND(bad_create_missing, MESOS_HOOK_KIND, NULL);
OF_KIND(bad_create_nothing, MESOS_HOOK_KIND, create_nothing);
OF_KIND(bad_create_refuses, MESOS_HOOK_KIND, create_refuses);
OF_KIND(bad_create_hangs, MESOS_HOOK_KIND, create_hangs);
OF_KIND(good_but_not_used, MESOS_HOOK_KIND, create_refuses);

MESOS_MODULE(bad_author_missing) = {
	MESOS_MODULE_BEGIN,   .kind = MESOS_HOOK_KIND, .author_email = "author@example.org",
	.description = "Bad", .author_name = NULL,     .create = create,
};

/* Of a host that comes after this one, of a struct that is none, of no struct at all. */
MESOS_MODULE(bad_abi) = { .size = sizeof(struct mesos_module), .abi = MESOS_MODULE_ABI + 1 };
MESOS_MODULE(bad_size) = { .size = 8, .abi = MESOS_MODULE_ABI };
static const struct mesos_hook later = { .size = sizeof(later), .abi = MESOS_MODULE_ABI + 1 };
static const struct mesos_hook huge = { .size = UINT32_MAX, .abi = MESOS_MODULE_ABI };

#define OF_FUNCTIONS(name, its_functions)                                                          \
	MESOS_MODULE(name) = { MESOS_MODULE_BEGIN,                                                 \
			       .kind = MESOS_HOOK_KIND,                                            \
			       .author_name = "An Author",                                         \
			       .author_email = "author@example.org",                               \
			       .description = "Bad",                                               \
			       .functions = &(its_functions),                                      \
			       .create = create }
OF_FUNCTIONS(bad_functions_abi, later);
OF_FUNCTIONS(bad_functions_size, huge);

extern const char bad_struct[];
const char bad_struct[] = "#!/bin/sh\nIt is data, but not a module: only its name is known.\n"
			  "Neither its size nor the version of its interface can be right.\n";
