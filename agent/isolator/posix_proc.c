/* posix/cpu and posix/mem: say what the sampler measured; they limit nothing. */
#include "agent/isolator/rows.h"
#include "lib/resources.h"

static void usage_cpu(const struct container *c, struct usage *ret)
{
	double hz = (double)sysconf(_SC_CLK_TCK);

	ret->cpus_limit = resources_scalar_value(&c->resources, "cpus");
	ret->has_cpus_limit = true;
	ret->has_cpus_user_time_secs = ret->has_cpus_system_time_secs = c->sample.processes > 0;
	ret->cpus_user_time_secs = (double)c->sample.user_ticks / hz;
	ret->cpus_system_time_secs = (double)c->sample.system_ticks / hz;
}

static void usage_mem(const struct container *c, struct usage *ret)
{
	ret->mem_limit_bytes =
		(uint64_t)(resources_scalar_value(&c->resources, "mem") * (double)MIB);
	ret->has_mem_limit_bytes = true;
	ret->has_mem_rss_bytes = ret->has_processes = c->sample.processes > 0;
	ret->mem_rss_bytes = c->sample.rss_bytes;
	ret->processes = c->sample.processes;
}

const struct isolator isolator_posix_cpu = {
	.name = "posix/cpu",
	.doc = "measures CPU time; limits nothing",
	.usage = usage_cpu,
};

const struct isolator isolator_posix_mem = {
	.name = "posix/mem",
	.doc = "measures resident memory; limits nothing",
	.usage = usage_mem,
};
