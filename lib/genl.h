/*
 * Generic netlink, by which parts of the kernel tell what they have to:
 * https://docs.kernel.org/userspace-api/netlink/intro.html
 */
#pragma once

#include <stdint.h>

/*
 * The id of a multicast group of a family, for NETLINK_ADD_MEMBERSHIP. -ENOENT where this kernel,
 * or the network namespace, has no such family, or the family no such group. Does not wait.
 */
int genl_find_group(const char *family, const char *group, uint32_t *ret);
