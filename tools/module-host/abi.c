/*
 * Where libraries that were compiled before have the members of what they export: what stands here
 * stays. One that is new comes behind the last, and into the list.
 */
#include <assert.h>

#include "mesos/hook.h"
#include "mesos/isolator.h"

/* Behind size and abi, of 32 bits each, there are only pointers. */
#define OFFSET(place) (2 * sizeof(uint32_t) + (place) * sizeof(void *))
#define BEGINS(type)                                                                               \
	static_assert(!offsetof(struct type, size) &&                                              \
			      offsetof(struct type, abi) == sizeof(uint32_t),                      \
		      #type " begins in another way than before")
#define HAS(type, place, member)                                                                   \
	static_assert(offsetof(struct type, member) == OFFSET(place),                              \
		      #type "." #member " is not where it was")
#define ENDS(type, count)                                                                          \
	static_assert(sizeof(struct type) == OFFSET(count), #type " is not as long as this list")

BEGINS(mesos_module);
HAS(mesos_module, 0, api_version);
HAS(mesos_module, 1, mesos_version);
HAS(mesos_module, 2, kind);
HAS(mesos_module, 3, author_name);
HAS(mesos_module, 4, author_email);
HAS(mesos_module, 5, description);
HAS(mesos_module, 6, compatible);
HAS(mesos_module, 7, functions);
HAS(mesos_module, 8, create);
HAS(mesos_module, 9, destroy);
ENDS(mesos_module, 10);

BEGINS(mesos_hook);
HAS(mesos_hook, 0, master_launch_task_label_decorator);
HAS(mesos_hook, 1, slave_run_task_label_decorator);
HAS(mesos_hook, 2, slave_executor_environment_decorator);
HAS(mesos_hook, 3, slave_task_status_label_decorator);
HAS(mesos_hook, 4, slave_pre_launch_hook);
HAS(mesos_hook, 5, slave_remove_executor_hook);
HAS(mesos_hook, 6, disk_limit_hook);
ENDS(mesos_hook, 7);

BEGINS(mesos_isolator);
HAS(mesos_isolator, 0, prepare);
HAS(mesos_isolator, 1, isolate);
HAS(mesos_isolator, 2, update);
HAS(mesos_isolator, 3, usage);
HAS(mesos_isolator, 4, recover);
HAS(mesos_isolator, 5, cleanup);
ENDS(mesos_isolator, 6);
