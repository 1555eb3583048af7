/* Counts what one process asks to write and writes, and lets it open no file of one name. */
#include <linux/bpf.h>
#include <linux/errno.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <stdbool.h>

#include "tests/vm/probe.h"

/* Of the kernel's structs what is looked at; libbpf finds where it lies. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct qstr {
	const unsigned char *name;
};
struct dentry {
	struct qstr d_name;
};
struct path {
	struct dentry *dentry;
};
struct file {
	struct path f_path;
};
#pragma clang attribute pop

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile char refused[PROBE_NAME_MAX];
__u32 watched_pid;
__u64 asked_bytes, written_bytes;

static bool is_watched(void)
{
	return bpf_get_current_pid_tgid() >> 32 == watched_pid;
}

SEC("fentry/vfs_write")
int BPF_PROG(ask, struct file *file, const char *buf, __u64 len)
{
	if (is_watched())
		__sync_fetch_and_add(&asked_bytes, len);
	return 0;
}

SEC("fexit/vfs_write")
int BPF_PROG(count, struct file *file, const char *buf, __u64 len, __s64 *pos, __s64 ret)
{
	if (is_watched() && ret > 0)
		__sync_fetch_and_add(&written_bytes, ret);
	return 0;
}

SEC("lsm/file_open")
int BPF_PROG(refuse, struct file *file)
{
	char name[PROBE_NAME_MAX] = "";

	if (!is_watched())
		return 0;
	bpf_probe_read_kernel_str(name, sizeof(name), file->f_path.dentry->d_name.name);
	return bpf_strncmp(name, sizeof(name), (const char *)refused) == 0 ? -EPERM : 0;
}
