/* Mesos's own example of an anonymous module: it sets a variable of its process to 42. */
#include <stdlib.h>

#include <mesos/anonymous.h>

static void *create(const struct mesos_parameters *parameters)
{
	static int self;

	(void)parameters;
	if (setenv("ORG_EXAMPLE_ANONYMOUS", "42", 1)) {
		mesos_fail("there is no room in the environment");
		return NULL;
	}
	mesos_log("anonymous: this is Mesos %s", mesos_host_version());
	return &self;
}

static bool compatible(void)
{
	return true;
}

MESOS_MODULE(org_example_anonymous) = {
	MESOS_MODULE_BEGIN,
	.kind = MESOS_ANONYMOUS_KIND,
	.author_name = "An Author",
	.author_email = "author@example.org",
	.description = "Sets a variable.",
	.compatible = compatible,
	.create = create,
};
