/* What a call is about, as modules see it: the records of the call. Nothing here can be changed. */
#include "lib/labels.h"
#include "lib/resources.h"
#include "mesos/hook.h"

/* An accessor: of struct mesos_TYPE, which is a struct RECORD, the member. NULL: there is none. */
#define TEXT(type, name, record, member)                                                           \
	const char *mesos_##type##_##name(const struct mesos_##type *p)                            \
	{                                                                                          \
		return p ? ((const struct record *)(const void *)p)->member : NULL;                \
	}
#define LABELS(type, record)                                                                       \
	const struct mesos_labels *mesos_##type##_labels(const struct mesos_##type *p)             \
	{                                                                                          \
		return p ? (const void *)((const struct record *)(const void *)p)->labels : NULL;  \
	}
#define COMMAND(type, record)                                                                      \
	const char *mesos_##type##_command(const struct mesos_##type *p)                           \
	{                                                                                          \
		const struct record *r = (const void *)p;                                          \
		return r && r->command ? r->command->value : NULL;                                 \
	}
#define ENVIRONMENT(type, record)                                                                  \
	const struct mesos_environment *mesos_##type##_environment(const struct mesos_##type *p)   \
	{                                                                                          \
		const struct record *r = (const void *)p;                                          \
		return r && r->command ? (const void *)r->command->environment : NULL;             \
	}
#define RESOURCE(type, record)                                                                     \
	double mesos_##type##_resource(const struct mesos_##type *p, const char *name)             \
	{                                                                                          \
		const struct record *r = (const void *)p;                                          \
		return r && name ? sum(r->resources, r->resources_count, name) : 0;                \
	}
#define PART(type, member)                                                                         \
	const struct mesos_##type *mesos_event_##type(const struct mesos_event *e)                 \
	{                                                                                          \
		return e ? (const void *)((const struct module_call *)(const void *)e)->member     \
			 : NULL;                                                                   \
	}

static double sum(const struct resource *list, size_t count, const char *name)
{
	double all = 0;

	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].name, name) && list[i].scalar)
			all += list[i].scalar->value;
	return all;
}

TEXT(task, id, task_info, task_id)
TEXT(task, name, task_info, name)
COMMAND(task, task_info)
ENVIRONMENT(task, task_info)
LABELS(task, task_info)
RESOURCE(task, task_info)

TEXT(executor, id, executor_info, executor_id)
TEXT(executor, name, executor_info, name)
TEXT(executor, source, executor_info, source)
COMMAND(executor, executor_info)
ENVIRONMENT(executor, executor_info)
LABELS(executor, executor_info)

TEXT(framework, id, framework_info, id)
TEXT(framework, name, framework_info, name)
TEXT(framework, user, framework_info, user)
TEXT(framework, role, framework_info, role)
TEXT(framework, principal, framework_info, principal)
LABELS(framework, framework_info)

TEXT(agent, id, agent_info, id)
TEXT(agent, hostname, agent_info, hostname)

TEXT(status, message, task_status, message)

TEXT(container, id, module_container, container_id)
TEXT(container, sandbox, module_container, sandbox)
TEXT(container, user, module_container, user)
RESOURCE(container, module_container)

PART(task, task)
PART(executor, executor)
PART(framework, framework)
PART(agent, agent)
PART(status, status)
PART(container, container)

const char *mesos_agent_attribute(const struct mesos_agent *a, const char *name)
{
	const struct agent_info *info = (const void *)a;

	for (size_t i = 0; info && name && i < info->attributes_count; i++)
		if (!strcmp(info->attributes[i].name, name) && info->attributes[i].text)
			return info->attributes[i].text->value;
	return NULL;
}

const char *mesos_status_state(const struct mesos_status *s)
{
	const struct task_status *status = (const void *)s;

	return status ? enum_name(task_state_values, (int)status->state) : NULL;
}

const char *mesos_status_reason(const struct mesos_status *s)
{
	const struct task_status *status = (const void *)s;

	return status && status->has_reason ? enum_name(task_reason_values, (int)status->reason)
					    : NULL;
}

int64_t mesos_container_pid(const struct mesos_container *c)
{
	const struct module_container *container = (const void *)c;

	return container && container->has_pid ? (int64_t)container->pid : 0;
}

static const struct disk_limit *disk_of(const struct mesos_event *e)
{
	static const struct disk_limit none = { .limit_bytes = 0 };
	const struct module_call *call = (const void *)e;

	return call && call->disk_limit ? call->disk_limit : &none;
}

uint64_t mesos_event_disk_limit(const struct mesos_event *e)
{
	return disk_of(e)->limit_bytes;
}

uint64_t mesos_event_disk_used(const struct mesos_event *e)
{
	return disk_of(e)->used_bytes;
}

bool mesos_event_disk_kills(const struct mesos_event *e)
{
	return disk_of(e)->kills;
}
