/* A socket that has joined the family's group; it is read at a pace. */
#include "agent/disk/warnings.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/quota.h>
#include <stdalign.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "lib/genl.h"
#include "lib/log.h"
#include "lib/quota.h"
#include "lib/timer.h"

/* A writer at its limit causes thousands a second: what came meanwhile is read together. */
#define PACE_NS (20 * NSEC_PER_MSEC)
/*
 * What the socket's buffer cannot hold is lost. ENOBUFS says so once; of what is lost after that,
 * until the buffer has been read empty, nothing is said. So checks follow this much later: they
 * cover that too, and one writer cannot have all containers checked without pause.
 */
#define LOST_PACE_NS   (500 * NSEC_PER_MSEC)
#define READ_MAX_BYTES (256 * KIB) /* in one turn of the loop */
#define MESSAGE_BYTES  8192
#define BATCH_MAX      64 /* projects that are counted together before they are told */

struct batched {
	uint32_t project;
	enum quota_warning what;
	uint64_t count;
};

struct warnings {
	sd_event *loop;
	sd_event_source *io, *pause, *losing;
	bool lost; /* losing is set */
	struct mnl_socket *socket;
	dev_t dev;
	const struct warnings_ops *ops;
	void *ctx;
	struct batched batch[BATCH_MAX]; /* of this reading and not told yet, each once */
	size_t batch_count;
};

/* ---- what a message says ---- */

struct told {
	uint32_t type, code, major, minor;
	uint64_t project;
	unsigned seen; /* a bit for each attribute */
};

static void take_number(const struct nlattr *a, struct told *t)
{
	bool wide = mnl_attr_get_payload_len(a) >= sizeof(uint64_t);
	uint64_t value = wide                                              ? mnl_attr_get_u64(a)
			 : mnl_attr_get_payload_len(a) >= sizeof(uint32_t) ? mnl_attr_get_u32(a)
									   : 0;

	switch (mnl_attr_get_type(a)) {
	case QUOTA_NL_A_QTYPE: t->type = (uint32_t)value; break;
	case QUOTA_NL_A_EXCESS_ID: t->project = value; break;
	case QUOTA_NL_A_WARNING: t->code = (uint32_t)value; break;
	case QUOTA_NL_A_DEV_MAJOR: t->major = (uint32_t)value; break;
	case QUOTA_NL_A_DEV_MINOR: t->minor = (uint32_t)value; break;
	default: return;
	}
	t->seen |= 1U << mnl_attr_get_type(a);
}

static int on_attribute(const struct nlattr *a, void *ctx)
{
	take_number(a, ctx);
	return MNL_CB_OK;
}

static void tell(struct warnings *w)
{
	for (size_t i = 0; i < w->batch_count; i++)
		w->ops->warned(w->ctx, w->batch[i].project, w->batch[i].what, w->batch[i].count);
	w->batch_count = 0;
}

static void remember(struct warnings *w, uint32_t project, enum quota_warning what)
{
	for (size_t i = 0; i < w->batch_count; i++)
		if (w->batch[i].project == project && w->batch[i].what == what) {
			w->batch[i].count++;
			return;
		}
	if (w->batch_count == BATCH_MAX)
		tell(w);
	w->batch[w->batch_count++] = (struct batched){
		.project = project,
		.what = what,
		.count = 1,
	};
}

/* That it is below its limits again, the next check sees. */
static void act(struct warnings *w, const struct told *t)
{
	static const enum quota_warning meaning[] = {
		[QUOTA_NL_IHARDWARN] = QUOTA_REFUSED_FILE,
		[QUOTA_NL_BHARDWARN] = QUOTA_REFUSED_BLOCK,
		[QUOTA_NL_ISOFTWARN] = QUOTA_NEAR,
		[QUOTA_NL_BSOFTWARN] = QUOTA_NEAR,
		[QUOTA_NL_ISOFTLONGWARN] = QUOTA_REFUSED_FILE,
		[QUOTA_NL_BSOFTLONGWARN] = QUOTA_REFUSED_BLOCK,
	};

	if (t->type != PRJQUOTA || makedev(t->major, t->minor) != w->dev)
		return;
	if (t->code < ARRAY_SIZE(meaning) && meaning[t->code])
		remember(w, (uint32_t)t->project, meaning[t->code]);
}

static int on_message(const struct nlmsghdr *h, void *ctx)
{
	const unsigned needed = 1U << QUOTA_NL_A_QTYPE | 1U << QUOTA_NL_A_EXCESS_ID |
				1U << QUOTA_NL_A_WARNING | 1U << QUOTA_NL_A_DEV_MAJOR |
				1U << QUOTA_NL_A_DEV_MINOR;
	const struct genlmsghdr *g = mnl_nlmsg_get_payload(h);
	struct told t = { 0 };

	if (mnl_nlmsg_get_payload_len(h) < sizeof(*g) || g->cmd != QUOTA_NL_C_WARNING)
		return MNL_CB_OK;
	mnl_attr_parse(h, sizeof(*g), on_attribute, &t);
	if ((t.seen & needed) == needed)
		act(ctx, &t);
	return MNL_CB_OK;
}

/* ---- reading, at a pace ---- */

/*
 * Whoever has CAP_NET_ADMIN, a task of root's for one, may send to this socket as well: 0 is the
 * kernel.
 */
static ssize_t receive(int fd, char *data, size_t size, bool *kernel)
{
	struct sockaddr_nl from = { .nl_pid = UINT32_MAX };
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, data, size, MSG_DONTWAIT, (struct sockaddr *)&from, &len);

	*kernel = from.nl_pid == 0;
	return n;
}

static int on_lost(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct warnings *w = arg;

	w->lost = false;
	w->ops->lost(w->ctx);
	return 0;
}

static void note_loss(struct warnings *w)
{
	if (!w->lost)
		timer_set(w->loop, &w->losing, LOST_PACE_NS, on_lost, w);
	w->lost = true;
}

static int on_resume(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct warnings *w = arg;

	sd_event_source_set_enabled(w->io, SD_EVENT_ON);
	return 0;
}

static void read_all(struct warnings *w)
{
	alignas(struct nlmsghdr) char data[MESSAGE_BYTES];
	bool kernel;
	ssize_t n;

	for (size_t total = 0; total < READ_MAX_BYTES; total += (size_t)n) {
		n = receive(mnl_socket_get_fd(w->socket), data, sizeof(data), &kernel);
		if (n < 0 && errno == ENOBUFS)
			note_loss(w);
		if (n <= 0)
			break;
		if (kernel)
			mnl_cb_run(data, (size_t)n, 0, 0, on_message, w);
	}
	tell(w);
}

void warnings_read(struct warnings *w)
{
	if (w)
		read_all(w);
}

static int on_readable(sd_event_source *source, int fd unused, uint32_t revents unused, void *arg)
{
	struct warnings *w = arg;

	read_all(w);
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	timer_set(w->loop, &w->pause, PACE_NS, on_resume, w);
	return 0;
}

/* ---- joining ---- */

static int join(struct warnings *w)
{
	uint32_t group;
	int r = genl_find_group(QUOTA_WARNINGS_FAMILY, QUOTA_WARNINGS_GROUP, &group);

	if (r)
		return r;
	w->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!w->socket || mnl_socket_bind(w->socket, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	if (mnl_socket_setsockopt(w->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return -errno;
	return sd_event_add_io(w->loop, &w->io, mnl_socket_get_fd(w->socket), EPOLLIN, on_readable,
			       w);
}

int warnings_new(sd_event *loop, dev_t dev, const struct warnings_ops *ops, void *ctx,
		 struct warnings **ret, struct error *e)
{
	struct warnings *w = xcalloc(1, sizeof(*w));
	int r;

	w->loop = loop;
	w->dev = dev;
	w->ops = ops;
	w->ctx = ctx;
	r = join(w);
	if (r < 0) {
		warnings_free(w);
		return error_set(e, -r,
				 "listen for the quota warnings of the kernel "
				 "(" QUOTA_WARNINGS_FAMILY "): %s",
				 strerror(-r));
	}
	*ret = w;
	return 0;
}

void warnings_free(struct warnings *w)
{
	if (!w)
		return;
	sd_event_source_disable_unref(w->io);
	sd_event_source_disable_unref(w->pause);
	sd_event_source_disable_unref(w->losing);
	if (w->socket)
		mnl_socket_close(w->socket);
	free(w);
}
