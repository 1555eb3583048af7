/* The rows of the table, one file each. */
#pragma once

#include "agent/isolator/isolator.h"

extern const struct isolator isolator_user;               /* user.c */
extern const struct isolator isolator_sandbox;            /* sandbox.c */
extern const struct isolator isolator_command;            /* command.c */
extern const struct isolator isolator_cgroup;             /* cgroup.c */
extern const struct isolator isolator_linux_capabilities; /* linux_capabilities.c */
extern const struct isolator isolator_linux_seccomp;      /* linux_seccomp.c */
extern const struct isolator isolator_disk_xfs;           /* disk_quota.c */
extern const struct isolator isolator_disk_ext4;          /* disk_quota.c */
extern const struct isolator isolator_disk_quota;         /* disk_quota.c */
extern const struct isolator isolator_posix_cpu;          /* posix_proc.c */
extern const struct isolator isolator_posix_mem;          /* posix_proc.c */
extern const struct isolator isolator_posix_disk;         /* posix_disk.c */
