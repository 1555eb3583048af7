/*
 * The filter of linux/seccomp, run by an interpreter over what the kernel would show it: each
 * ABI that it has, and numbers with what a caller may add to them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "agent/isolator/linux_seccomp.h"
#include "agent/isolator/rows.h"

#define DENIED (SECCOMP_RET_ERRNO | EPERM)
#define X32    0x40000000

/* Numbers as the kernel's tables have them, not as this test was compiled. */
enum { X86_64, I386, ON_X32, ABIS };
static const struct {
	const char *name;
	uint32_t arch;
	int ioctl, quotactl, quotactl_fd, file_setattr, write;
} abis[ABIS] = {
	[X86_64] = { "x86-64", AUDIT_ARCH_X86_64, 16, 179, 443, 469, 1 },
	[I386] = { "i386", AUDIT_ARCH_I386, 54, 131, 443, 469, 4 },
	[ON_X32] = { "x32", AUDIT_ARCH_X86_64, X32 | 514, X32 | 179, X32 | 443, X32 | 469,
		     X32 | 1 },
};

#define FSSETXATTR  0x401c5820
#define FSGETXATTR  0x801c581f
#define SETFLAGS    0x40086602
#define SETFLAGS_32 0x40046602
#define GETFLAGS    0x80086601

struct filter {
	struct sock_filter *list;
	size_t count;
};

static int set_up(void **state)
{
	struct launch_plan plan = { 0 };
	struct filter *f = xcalloc(1, sizeof(*f));
	struct error e;
	ssize_t size;

	assert_int_equal(isolator_linux_seccomp.prepare(NULL, &plan, &e), 0);
	size = base64_size(plan.seccomp);
	assert_true(size > 0 && (size_t)size % sizeof(*f->list) == 0);
	f->count = (size_t)size / sizeof(*f->list);
	f->list = xmalloc((size_t)size);
	assert_int_equal(base64_decode(plan.seccomp, f->list, (size_t)size), 0);
	schema_clear(launch_plan_schema(), &plan);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct filter *f = *state;

	free(f->list);
	free(f);
	return 0;
}

/* Of one jump: whether its condition holds. */
static bool jumps(const struct sock_filter *i, uint32_t a)
{
	switch (BPF_OP(i->code)) {
	case BPF_JA: return true;
	case BPF_JEQ: return a == i->k;
	case BPF_JGT: return a > i->k;
	case BPF_JGE: return a >= i->k;
	case BPF_JSET: return a & i->k;
	}
	fail_msg("jump %#x", i->code);
	return false;
}

static uint32_t judge(const struct filter *f, const struct seccomp_data *call)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < f->count; pc++) {
		const struct sock_filter *i = &f->list[pc];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			assert_int_equal(i->code, BPF_LD | BPF_W | BPF_ABS);
			assert_true(i->k + sizeof(a) <= sizeof(*call));
			memcpy(&a, (const char *)call + i->k, sizeof(a));
			break;
		case BPF_ALU:
			assert_int_equal(i->code, BPF_ALU | BPF_AND | BPF_K);
			a &= i->k;
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JA)
				pc += i->k;
			else
				pc += jumps(i, a) ? i->jt : i->jf;
			break;
		case BPF_RET: return i->k;
		default: fail_msg("instruction %#x", i->code);
		}
	}
	fail_msg("the program has no end");
	return 0;
}

static uint32_t judge_call(const struct filter *f, int abi, int nr, uint64_t second)
{
	return judge(f, &(struct seccomp_data){ .nr = nr,
						.arch = abis[abi].arch,
						.args = { 3, second, 0x7ffc0000 } });
}

static void expect(const struct filter *f, int abi, int nr, uint64_t second, uint32_t verdict)
{
	uint32_t got = judge_call(f, abi, nr, second);

	if (got != verdict)
		fail_msg("%s: call %d with %#llx: %#x instead of %#x", abis[abi].name, nr,
			 (unsigned long long)second, got, verdict);
}

static void ioctls_that_set_a_project_are_denied_in_every_abi(void **state)
{
	const struct filter *f = *state;

	for (int l = 0; l < ABIS; l++) {
		expect(f, l, abis[l].ioctl, FSSETXATTR, DENIED);
		expect(f, l, abis[l].ioctl, SETFLAGS, DENIED);
		expect(f, l, abis[l].ioctl, SETFLAGS_32, DENIED);
	}
}

/* The kernel takes the low half of it. */
static void bits_above_the_number_of_an_ioctl_do_not_help(void **state)
{
	const struct filter *f = *state;

	for (int bit = 32; bit < 64; bit++) {
		expect(f, X86_64, abis[X86_64].ioctl, FSSETXATTR | BIT(bit), DENIED);
		expect(f, X86_64, abis[X86_64].ioctl, SETFLAGS | BIT(bit), DENIED);
		expect(f, ON_X32, abis[ON_X32].ioctl, SETFLAGS_32 | BIT(bit), DENIED);
	}
	expect(f, X86_64, abis[X86_64].ioctl, FSSETXATTR | UINT64_C(0xffffffff00000000), DENIED);
}

static void other_ioctls_are_let_through(void **state)
{
	static const uint64_t others[] = { FSGETXATTR, GETFLAGS, 0x5401 /* TCGETS */, 0 };
	const struct filter *f = *state;

	for (int l = 0; l < ABIS; l++)
		for (size_t i = 0; i < ARRAY_SIZE(others); i++)
			expect(f, l, abis[l].ioctl, others[i], SECCOMP_RET_ALLOW);
	for (int bit = 0; bit < 32; bit++)
		expect(f, X86_64, abis[X86_64].ioctl, FSSETXATTR ^ BIT(bit), SECCOMP_RET_ALLOW);
}

static void file_setattr_is_denied_by_its_number(void **state)
{
	const struct filter *f = *state;

	for (int l = 0; l < ABIS; l++) {
		expect(f, l, abis[l].file_setattr, 0, DENIED);
		expect(f, l, abis[l].file_setattr - 1, 0, SECCOMP_RET_ALLOW);
		expect(f, l, abis[l].file_setattr + 1, 0, SECCOMP_RET_ALLOW);
	}
}

static void quotas_cannot_be_set(void **state)
{
	const struct filter *f = *state;

	for (int l = 0; l < ABIS; l++) {
		expect(f, l, abis[l].quotactl, 0, DENIED);
		expect(f, l, abis[l].quotactl_fd, 0, DENIED);
	}
}

static void a_call_that_the_library_does_not_know_is_named(void **state unused)
{
	struct error e;
	int nr;

	assert_int_equal(linux_seccomp_number("quotactl", &nr, &e), 0);
	assert_int_equal(nr, SYS_quotactl);
	assert_int_equal(linux_seccomp_number("no_such_call", &nr, &e), -ENOSYS);
	assert_non_null(strstr(e.text, "does not know the system call no_such_call"));
}

static void everything_else_is_let_through(void **state)
{
	const struct filter *f = *state;

	for (int l = 0; l < ABIS; l++) {
		int base = abis[l].write & X32;

		for (int nr = 0; nr < 600; nr++) {
			int call = base | nr;

			if (call != abis[l].quotactl && call != abis[l].quotactl_fd &&
			    call != abis[l].file_setattr)
				expect(f, l, call, 0, SECCOMP_RET_ALLOW);
		}
	}
}

static void an_abi_that_nobody_knows_is_deadly(void **state)
{
	const struct filter *f = *state;

	assert_int_equal(judge(f, &(struct seccomp_data){ .nr = 1, .arch = AUDIT_ARCH_PPC64 }),
			 SECCOMP_RET_KILL_PROCESS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ioctls_that_set_a_project_are_denied_in_every_abi),
		TEST(bits_above_the_number_of_an_ioctl_do_not_help),
		TEST(other_ioctls_are_let_through),
		TEST(file_setattr_is_denied_by_its_number),
		TEST(quotas_cannot_be_set),
		cmocka_unit_test(a_call_that_the_library_does_not_know_is_named),
		TEST(everything_else_is_let_through),
		TEST(an_abi_that_nobody_knows_is_deadly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
