/* The table of capabilities, and who gets which. */
#include "agent/isolator/capabilities.h"

#include <ctype.h>
#include <sys/capability.h>

#define PREFIX "cap_" /* of names, in the library */

enum verdict { DROPPED, ROOTS, KEPT };

/*
 * What leads around the accounting of a disk, or undoes it, is dropped; so is what a later kernel
 * adds until it stands here. What makes root of anybody, who then has the files of root, is for
 * those who are root. The rest stays: it is not for a quota to say who may bind port 80.
 */
/* clang-format off */
static const enum verdict table[] = {
	[CAP_CHOWN]              = ROOTS,   /* a file keeps its project with any owner */
	[CAP_DAC_OVERRIDE]       = ROOTS,   /* what it writes is charged where it lies */
	[CAP_DAC_READ_SEARCH]    = DROPPED, /* open_by_handle_at(2): files past their directories */
	[CAP_FOWNER]             = DROPPED, /* projects of others' files; on XFS past a limit */
	[CAP_FSETID]             = ROOTS,   /* set-id bits of files */
	[CAP_KILL]               = ROOTS,   /* signals change no account, but end the agent */
	[CAP_SETGID]             = ROOTS,   /* servers start as root and go on as others */
	[CAP_SETUID]             = ROOTS,   /* the same */
	[CAP_SETPCAP]            = KEPT,    /* gives nothing beyond the bounding set */
	[CAP_LINUX_IMMUTABLE]    = DROPPED, /* an immutable sandbox cannot be removed */
	[CAP_NET_BIND_SERVICE]   = KEPT,    /* network */
	[CAP_NET_BROADCAST]      = KEPT,    /* network */
	[CAP_NET_ADMIN]          = KEPT,    /* network */
	[CAP_NET_RAW]            = KEPT,    /* network */
	[CAP_IPC_LOCK]           = KEPT,    /* memory */
	[CAP_IPC_OWNER]          = ROOTS,   /* memory, of others too */
	[CAP_SYS_MODULE]         = DROPPED, /* code in the kernel */
	[CAP_SYS_RAWIO]          = DROPPED, /* writes to disks and memory below the file system */
	[CAP_SYS_CHROOT]         = ROOTS,   /* another root, the same files, other passwords */
	[CAP_SYS_PTRACE]         = DROPPED, /* borrows a process that no filter holds */
	[CAP_SYS_PACCT]          = KEPT,    /* the kernel's log of processes is charged as well */
	[CAP_SYS_ADMIN]          = DROPPED, /* sets quotas, mounts, opens files by their handles */
	[CAP_SYS_BOOT]           = DROPPED, /* kexec_load(2): another kernel */
	[CAP_SYS_NICE]           = KEPT,    /* CPU */
	[CAP_SYS_RESOURCE]       = DROPPED, /* whoever has it is beyond all limits of ext4 */
	[CAP_SYS_TIME]           = DROPPED, /* the grace period of a soft limit ends by the clock */
	[CAP_SYS_TTY_CONFIG]     = KEPT,    /* terminals */
	[CAP_MKNOD]              = DROPPED, /* makes the node of the disk itself */
	[CAP_LEASE]              = KEPT,    /* leases change no account */
	[CAP_AUDIT_WRITE]        = KEPT,    /* audit */
	[CAP_AUDIT_CONTROL]      = KEPT,    /* audit */
	[CAP_SETFCAP]            = ROOTS,   /* a program that has more when others run it */
	[CAP_MAC_OVERRIDE]       = ROOTS,   /* no quota rests on the policy of a security module */
	[CAP_MAC_ADMIN]          = ROOTS,   /* the same */
	[CAP_SYSLOG]             = KEPT,    /* the kernel's log */
	[CAP_WAKE_ALARM]         = KEPT,    /* timers */
	[CAP_BLOCK_SUSPEND]      = KEPT,    /* timers */
	[CAP_AUDIT_READ]         = KEPT,    /* audit */
	[CAP_PERFMON]            = DROPPED, /* reads the kernel's memory */
	[CAP_BPF]                = DROPPED, /* code in the kernel */
	[CAP_CHECKPOINT_RESTORE] = KEPT,    /* numbers of processes */
};
/* clang-format on */
static_assert(ARRAY_SIZE(table) <= 63, "a set must fit into a number of the plan");

static uint64_t at_least(enum verdict verdict)
{
	uint64_t set = 0;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i] >= verdict)
			set |= BIT(i);
	return set;
}

uint64_t capabilities_default(void)
{
	return at_least(ROOTS);
}

uint64_t capabilities_bounding(void)
{
	uint64_t set = 0;

	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++)
		if (cap_get_bound(cap) == 1)
			set |= BIT(cap);
	return set;
}

/* As execve(2) makes them of ours. */
uint64_t capabilities_inherited(void)
{
	uint64_t set = 0;

	if (geteuid() == 0)
		return capabilities_bounding();
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++)
		if (cap_get_ambient(cap) == 1)
			set |= BIT(cap);
	return set;
}

/* ---- names ---- */

/* The library would take numbers as well, and write cap_. */
static int decode_one(const char *name, uint64_t *ret, struct error *e)
{
	autofree char *full = xasprintf(PREFIX "%s", name);
	cap_value_t cap;

	if (!isalpha((unsigned char)*name) || cap_from_name(full, &cap) ||
	    cap >= (cap_value_t)ARRAY_SIZE(table))
		return error_set(e, EINVAL,
				 "'%s' is not a capability; they are named as in NET_RAW", name);
	*ret |= BIT(cap);
	return 0;
}

int capabilities_decode(const struct capability_info *names, uint64_t *ret, struct error *e)
{
	uint64_t set = 0;

	for (size_t i = 0; i < names->capabilities_count; i++)
		if (decode_one(names->capabilities[i], &set, e))
			return -EINVAL;
	*ret = set;
	return 0;
}

int capabilities_parse(const char *text, struct capabilities_allowed *ret, struct error *e)
{
	struct capability_info names = { 0 };
	int r;

	if (!text) {
		*ret = (struct capabilities_allowed){ capabilities_default(), at_least(KEPT) };
		return 0;
	}
	r = schema_decode_text(capability_info_schema(), text, strlen(text), &names, e);
	if (r)
		return r;
	r = capabilities_decode(&names, &ret->to_root, e);
	if (!r)
		ret->to_others = ret->to_root;
	schema_clear(capability_info_schema(), &names);
	return r;
}

/* The name of the first of them, as it is written here; the caller frees. */
static char *first_name(uint64_t set)
{
	char *known = cap_to_name(__builtin_ctzll(set));
	char *name = xstrdup(str_starts(known, PREFIX) ? known + strlen(PREFIX) : known);

	cap_free(known);
	for (char *p = name; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return name;
}

/* ---- who gets which ---- */

int capabilities_grant(const struct capability_info *asked, uint64_t allowed, uint64_t own,
		       uint64_t *ret, struct error *e)
{
	uint64_t set;

	if (!asked) {
		*ret = capabilities_default() & allowed & own;
		return 0;
	}
	if (capabilities_decode(asked, &set, e))
		return -e->code;
	if (set & ~allowed) {
		autofree char *name = first_name(set & ~allowed);

		return error_set(e, EPERM,
				 "the task asks for capability %s, which the agent's "
				 "--bounding_capabilities does not allow",
				 name);
	}
	if (set & ~own) {
		autofree char *name = first_name(set & ~own);

		return error_set(e, EPERM,
				 "the task asks for capability %s, which the agent does not have",
				 name);
	}
	*ret = set;
	return 0;
}
