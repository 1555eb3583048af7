/*
 * A library that does something when it is loaded, as $ORG_EXAMPLE_LOADS says: it prints, hangs or
 * crashes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mesos/anonymous.h>

static void *create(const struct mesos_parameters *parameters)
{
	static int self;

	(void)parameters;
	return &self;
}

__attribute__((constructor)) static void load(void)
{
	const char *how = getenv("ORG_EXAMPLE_LOADS");

	if (!how)
		return;
	puts("loads: this is standard output");
	fputs("loads: this is standard error\n", stderr);
	fflush(stdout);
	if (!strcmp(how, "hangs"))
		for (;;)
			pause();
	if (!strcmp(how, "crashes"))
		abort();
}

MESOS_MODULE(org_example_loads) = {
	MESOS_MODULE_BEGIN,
	.kind = MESOS_ANONYMOUS_KIND,
	.author_name = "An Author",
	.author_email = "author@example.org",
	.description = "Does something when it is loaded.",
	.create = create,
};
