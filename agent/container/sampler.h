/*
 * CPU time and memory of all containers, read from proc(5) in one pass: a job, every
 * --resource_monitoring_interval. What it finds is in each container's `sample`.
 */
#pragma once

#include "agent/container/container.h"

struct sampler;

int sampler_new(struct container_node *node, int64_t interval_ns, struct sampler **ret,
		struct error *e);
/* After the node's pool was freed, before its containers are. */
void sampler_free(struct sampler *s);
