/*
 * lib/quota.h and label_tree() on a command line, and beside them the calls that they avoid, made
 * as one would make them who does not know better: what those do is the reason why the driver is as
 * it is.
 */
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/genetlink.h>
#include <linux/quota.h>
#include <poll.h>
#include <stdio.h>
#include <sys/quota.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "agent/disk/label.h"
#include "lib/quota.h"

#define WATCH_PERIOD_MS 20

/* A quota warning as the kernel lays it out: each attribute begins on four bytes. */
struct warning {
	struct nlmsghdr header;
	struct genlmsghdr family;
	struct __attribute__((packed)) {
		struct nlattr type_is;
		uint32_t type;
		struct nlattr id_is;
		uint64_t id;
		struct nlattr code_is;
		uint32_t code;
		struct nlattr major_is;
		uint32_t major;
		struct nlattr minor_is;
		uint32_t minor;
	} says;
};

/* What a command has to go by: the filesystem of its first argument, and what comes after it. */
struct request {
	struct quota quota;
	char **argument;
};

static uint64_t number(const struct request *r, size_t i)
{
	return strtoull(r->argument[i], NULL, 0);
}

static uint32_t id(const struct request *r)
{
	return (uint32_t)number(r, 0);
}

/* BYTES SOFT HARD INODES SOFT HARD */
static void print(const struct quota_record *r)
{
	const struct quota_limits *l = &r->limits;

	printf("%llu %llu %llu %llu %llu %llu\n", (unsigned long long)r->bytes,
	       (unsigned long long)l->soft_bytes, (unsigned long long)l->hard_bytes,
	       (unsigned long long)r->inodes, (unsigned long long)l->soft_inodes,
	       (unsigned long long)l->hard_inodes);
}

/* ---- the driver ---- */

static int get(struct request *r, struct error *e)
{
	struct quota_record record;

	if (quota_get(&r->quota, id(r), &record, e))
		return -e->code;
	print(&record);
	return 0;
}

static int set(struct request *r, struct error *e)
{
	struct quota_limits l = {
		.soft_bytes = number(r, 1),
		.hard_bytes = number(r, 2),
		.soft_inodes = number(r, 3),
		.hard_inodes = number(r, 4),
	};

	return quota_set(&r->quota, id(r), &l, e);
}

/* All projects above an id: the id, then as get. */
static int next(struct request *r, struct error *e)
{
	struct quota_record record;
	uint32_t project = id(r);
	int found;

	while (!(found = quota_next(&r->quota, project, &project, &record, e))) {
		printf("%u ", project);
		print(&record);
	}
	return MIN(found, 0);
}

static int mode(struct request *r, struct error *e)
{
	struct quota_mode m;

	if (quota_mode_get(&r->quota, &m, e))
		return -e->code;
	puts(m.enforcing ? "enforcing" : m.accounting ? "accounting" : "off");
	return 0;
}

static int enforce(struct request *r, struct error *e)
{
	return quota_enforce(&r->quota, e);
}

/* What is left for later is told, and no failure. */
static int label(struct request *r, struct error *e)
{
	uint64_t changed;
	int failed = label_tree(r->quota.fd, id(r), NULL, NULL, &changed, e);

	if (failed == LABEL_LATER)
		fprintf(stderr, "later: %s\n", e->text);
	return MIN(failed, 0);
}

static bool exceeds(const struct quota_record *r)
{
	const struct quota_limits *l = &r->limits;

	return (l->hard_bytes && r->bytes > l->hard_bytes) ||
	       (l->hard_inodes && r->inodes > l->hard_inodes);
}

/* Until its input ends: each time that a project is seen above a hard limit, as next shows it. */
static int watch(struct request *r, struct error *e)
{
	struct pollfd end = { .fd = STDIN_FILENO, .events = POLLIN };
	struct quota_record record;
	uint64_t looks = 0;
	int found;

	while (!poll(&end, 1, WATCH_PERIOD_MS)) {
		uint32_t i = PROJECT_NONE;

		while (!(found = quota_next(&r->quota, i, &i, &record, e))) {
			looks++;
			if (!exceeds(&record))
				continue;
			printf("%u ", i);
			print(&record);
		}
		if (found < 0)
			return found;
	}
	fprintf(stderr, "%llu looks\n", (unsigned long long)looks);
	return 0;
}

/* ---- what it avoids ---- */

static long call(const struct request *r, unsigned command, void *data)
{
	return syscall(SYS_quotactl_fd, r->quota.fd, QCMD(command, PRJQUOTA), id(r), data);
}

/* The hard limit alone. */
static int set_hard_alone(struct request *r, struct error *e)
{
	struct fs_disk_quota d = {
		.d_version = FS_DQUOT_VERSION,
		.d_flags = FS_PROJ_QUOTA,
		.d_fieldmask = FS_DQ_BHARD,
		.d_id = id(r),
		.d_blk_hardlimit = number(r, 1) / 512,
	};

	return call(r, Q_XSETQLIM, &d) ? error_sys(e, "Q_XSETQLIM") : 0;
}

/* Seconds later, the whole record as it was: Q_GETQUOTA says that all of it is valid. */
static int put_back(struct request *r, struct error *e)
{
	struct dqblk d;

	if (call(r, Q_GETQUOTA, &d))
		return error_sys(e, "Q_GETQUOTA");
	puts("got");
	fflush(stdout);
	getchar();
	return call(r, Q_SETQUOTA, &d) ? error_sys(e, "Q_SETQUOTA") : 0;
}

/* The limits alone, in its units of 1024 bytes. */
static int set_kib(struct request *r, struct error *e)
{
	struct dqblk d = {
		.dqb_bhardlimit = number(r, 1) / 1024,
		.dqb_valid = QIF_BLIMITS,
	};

	return call(r, Q_SETQUOTA, &d) ? error_sys(e, "Q_SETQUOTA") : 0;
}

/* ---- what is not the kernel ---- */

static struct nlattr attribute(uint16_t type, size_t size)
{
	return (struct nlattr){ .nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + size) };
}

/*
 * Tells the process that listens at PORT for the kernel's warnings that this project was refused a
 * write.
 */
static int forge(struct request *r, struct error *e)
{
	autofd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = (uint32_t)number(r, 1) };
	struct stat st;
	struct warning w = {
		.header = { .nlmsg_len = sizeof(w), .nlmsg_type = GENL_MIN_ID },
		.family = { .cmd = QUOTA_NL_C_WARNING, .version = 1 },
		.says = {
			.type_is = attribute(QUOTA_NL_A_QTYPE, sizeof(uint32_t)),
			.type = PRJQUOTA,
			.id_is = attribute(QUOTA_NL_A_EXCESS_ID, sizeof(uint64_t)),
			.id = id(r),
			.code_is = attribute(QUOTA_NL_A_WARNING, sizeof(uint32_t)),
			.code = QUOTA_NL_BHARDWARN,
			.major_is = attribute(QUOTA_NL_A_DEV_MAJOR, sizeof(uint32_t)),
			.minor_is = attribute(QUOTA_NL_A_DEV_MINOR, sizeof(uint32_t)),
		},
	};

	if (fd < 0 || fstat(r->quota.fd, &st))
		return error_sys(e, "make a socket");
	w.says.major = major(st.st_dev);
	w.says.minor = minor(st.st_dev);
	if (sendto(fd, &w, sizeof(w), 0, (struct sockaddr *)&to, sizeof(to)) != sizeof(w))
		return error_sys(e, "send");
	return 0;
}

static const struct command {
	const char *name;
	const char *arguments; /* after the directory */
	int count;
	int (*run)(struct request *r, struct error *e);
} commands[] = {
	{ .name = "get", .arguments = "ID", .count = 1, .run = get },
	{ .name = "set",
	  .arguments = "ID SOFT HARD INODES-SOFT INODES-HARD",
	  .count = 5,
	  .run = set },
	{ .name = "next", .arguments = "AFTER", .count = 1, .run = next },
	{ .name = "mode", .arguments = "", .run = mode },
	{ .name = "enforce", .arguments = "", .run = enforce },
	{ .name = "label", .arguments = "ID", .count = 1, .run = label },
	{ .name = "watch", .arguments = "", .run = watch },
	{ .name = "set-hard-alone", .arguments = "ID HARD", .count = 2, .run = set_hard_alone },
	{ .name = "put-back", .arguments = "ID", .count = 1, .run = put_back },
	{ .name = "set-kib", .arguments = "ID HARD", .count = 2, .run = set_kib },
	{ .name = "forge", .arguments = "ID PORT", .count = 2, .run = forge },
};

static const struct command *find(const char *name, int count)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (str_equal(name, commands[i].name) && count == commands[i].count)
			return &commands[i];
	return NULL;
}

static int usage(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(stderr, "quotactl %s DIRECTORY %s\n", commands[i].name,
			commands[i].arguments);
	return 2;
}

int main(int argc, char **argv)
{
	const struct command *c = argc < 3 ? NULL : find(argv[1], argc - 3);
	struct request r = { .argument = argv + 3 };
	struct error e;
	int failed;

	if (!c)
		return usage();
	failed = quota_open(argv[2], &r.quota, &e) ?: c->run(&r, &e);
	if (failed)
		fprintf(stderr, "%s\n", e.text);
	quota_close(&r.quota);
	return failed ? 1 : 0;
}
