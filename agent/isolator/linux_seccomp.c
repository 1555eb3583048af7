/*
 * linux/seccomp: a container cannot change the project id of its files, and so not whose quota
 * they are charged to. The kernel lets each owner of a file do that, unless in a user namespace.
 */
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "agent/isolator/capabilities.h"
#include "agent/isolator/linux_seccomp.h"
#include "agent/isolator/rows.h"

/*
 * file_setattr(2) of Linux 6.17, by the number that all architectures share: the library knows
 * neither its name nor that it may have a number without one. x32 sets a bit of it.
 */
#define NR_FILE_SETATTR 469
#define NR_X32_BIT      0x40000000

/*
 * What sets a project id, or clears the flag by which new files inherit one. XFS and ext4 have
 * names of their own for these, but the same numbers. Nothing else needs a rule:
 * - Files by their handles (XFS_IOC_OPEN_BY_HANDLE, XFS_IOC_ATTRMULTI_BY_HANDLE), and
 *   EXT4_IOC_SWAP_BOOT, want CAP_SYS_ADMIN; open_by_handle_at(2) wants CAP_DAC_READ_SEARCH. A task
 *   has neither unless the operator let it (capabilities.c), and none of them sets a project.
 * - XFS_IOC_SWAPEXT refuses files of two projects, XFS_IOC_EXCHANGE_RANGE charges both anew, and
 *   EXT4_IOC_MOVE_EXT exchanges as many blocks as it gets.
 * - io_uring has no operation for ioctl(2) or file_setattr(2). IORING_OP_URING_CMD calls what a
 *   file system brings for it, and XFS and ext4 bring nothing; no extended attribute holds the id.
 * - In a user namespace of its own a task is refused the id by the kernel, except for the flag on
 *   ext4 before 5.13. It takes the filter along, as through every fork and exec.
 */
static const uint32_t ioctls[] = { FS_IOC_FSSETXATTR, FS_IOC_SETFLAGS, FS_IOC32_SETFLAGS };

/* What sets limits: for a task that was given CAP_SYS_ADMIN. */
static const char *const calls[] = { "quotactl", "quotactl_fd" };

/* The other ABIs of a kernel; whoever uses any further one is killed. */
static const struct {
	uint32_t native, other;
} abis[] = {
	{ SCMP_ARCH_X86_64, SCMP_ARCH_X86 },
	{ SCMP_ARCH_X86_64, SCMP_ARCH_X32 },
	{ SCMP_ARCH_AARCH64, SCMP_ARCH_ARM },
};

/* In front of what the library makes, which knows no numbers without a name. */
static const struct sock_filter deny_file_setattr[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (uint32_t)~NR_X32_BIT),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR_FILE_SETATTR, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
};

static void release(scmp_filter_ctx *filter)
{
	seccomp_release(*filter);
}

static int add_abis(scmp_filter_ctx filter)
{
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(abis); i++)
		if (abis[i].native == seccomp_arch_native())
			r = seccomp_arch_add(filter, abis[i].other);
	return r;
}

int linux_seccomp_number(const char *name, int *ret, struct error *e)
{
	const struct scmp_version *v = seccomp_version();
	int nr = seccomp_syscall_resolve_name(name);

	if (nr == __NR_SCMP_ERROR)
		return error_set(
			e, ENOSYS,
			"libseccomp %u.%u.%u does not know the system call %s, which is to "
			"be denied: install a newer one",
			v->major, v->minor, v->micro, name);
	*ret = nr;
	return 0;
}

static int deny_call(scmp_filter_ctx filter, const char *name, struct error *e)
{
	int nr, r = linux_seccomp_number(name, &nr, e);

	if (r)
		return r;
	r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), nr, 0);
	return r ? error_set(e, -r, "deny %s: %s", name, strerror(-r)) : 0;
}

static int deny_calls(scmp_filter_ctx filter, struct error *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(calls); i++)
		r = deny_call(filter, calls[i], e);
	return r;
}

/*
 * The kernel looks at the low half of the number of an ioctl, so that is what is compared: with all
 * 64 bits equal, any bit above would make it another one.
 */
static int deny_ioctls(scmp_filter_ctx filter)
{
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_SIZE(ioctls); i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
				     SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX, ioctls[i]));
	return r;
}

/* The library writes to a descriptor only. */
static int export(scmp_filter_ctx filter, struct buf *ret)
{
	autofd int fd = memfd_create("seccomp-filter", MFD_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(filter, fd);
	if (r)
		return r;
	if (fstat(fd, &st))
		return -errno;
	if (pread(fd, buf_reserve(ret, (size_t)st.st_size), (size_t)st.st_size, 0) != st.st_size)
		return -EIO;
	ret->len += (size_t)st.st_size;
	return 0;
}

static int prepare(struct container *c unused, struct launch_plan *plan, struct error *e)
{
	scmp_filter_ctx filter cleanup(release) = seccomp_init(SCMP_ACT_ALLOW);
	autobuf struct buf program = { 0 }, text = { 0 };
	int r = filter ? seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS)
		       : -ENOMEM;

	buf_add(&program, deny_file_setattr, sizeof(deny_file_setattr));
	if (!r)
		r = add_abis(filter);
	if (!r)
		r = deny_ioctls(filter);
	if (!r && deny_calls(filter, e))
		return error_wrap(e, "make the filter of system calls");
	if (!r)
		r = export(filter, &program);
	if (r)
		return error_set(e, -r, "make the filter of system calls: %s", strerror(-r));
	base64_add(&text, program.data, program.len);
	plan->seccomp = buf_take(&text);
	/* The kernel asks for one or the other; no_new_privs also takes setuid from programs. */
	if (!(capabilities_inherited() & BIT(CAP_SYS_ADMIN)))
		plan->no_new_privs = plan->has_no_new_privs = true;
	return 0;
}

const struct isolator isolator_linux_seccomp = {
	.name = "linux/seccomp",
	.doc = "keeps containers from changing project ids and quotas",
	.prepare = prepare,
};
