/*
 * Accepts in bounded batches, and holds each connection until its first byte can be
 * peeked at. The listening socket and those that wait lie in one epoll, so that a
 * crowd of silent clients costs the loop nothing.
 */
#include "lib/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "lib/list.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/socket.h"

#define BATCH 64 /* events, and connections accepted, per turn of the loop */
/*
 * While there are so many of whom it is not known who they are, a batch is accepted every PACE_NS
 * only, and with twice as many every PAUSE_NS: when a whole cluster comes back at once, the backlog
 * grows, and no address reaches its limit.
 */
#define UNKNOWN_MANY 256
#define PACE_NS      (20 * NSEC_PER_MSEC)
#define BACKLOG      65535 /* a whole cluster may connect at once; net.core.somaxconn cuts it */
#define PAUSE_NS     (100 * NSEC_PER_MSEC) /* also when descriptors have run out */

struct waiting {
	struct list node;
	int fd;
	struct seat *seat;
	int64_t deadline;
	bool has_cred;
	struct ucred cred;
};

struct listener {
	sd_event *loop;
	sd_event_source *source, *deadline, *resume;
	int fd, epoll_fd;
	char *path; /* of a Unix socket, to unlink */
	dev_t device;
	ino_t inode; /* of the path */
	uint16_t port;
	int64_t first_byte_ns;
	const struct listener_ops *ops;
	void *owner;
	struct seats *seats;
	struct list waiting; /* oldest first */
	struct listener_counts counts;
	int64_t warned; /* when a refusal was last logged */
	uint64_t unlogged;
};

/* Closing alone would leave the fd in the epoll while a child between vfork and exec has it. */
static void waiting_free(struct listener *l, struct waiting *w)
{
	list_remove(&w->node);
	if (w->fd >= 0)
		epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	close_fd(&w->fd);
	seat_release(w->seat);
	free(w);
}

static void hand_over(struct listener *l, struct waiting *w, char first)
{
	void (*op)(void *, int, struct seat *, const struct ucred *) =
		first == '{' ? l->ops->protocol : l->ops->http;

	if (op) {
		epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
		op(l->owner, take_fd(w->fd), take_ptr(w->seat), w->has_cred ? &w->cred : NULL);
	}
	waiting_free(l, w);
}

static void on_first_byte(struct listener *l, struct waiting *w)
{
	char first;
	ssize_t n = recv(w->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n == 1) {
		hand_over(l, w, first);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		l->counts.silent++;
		waiting_free(l, w);
	}
}

/* All have the same time, so the oldest is the first to run out of it. */
static void arm_deadline(struct listener *l)
{
	struct waiting *w = list_first(&l->waiting, struct waiting, node);

	if (!w)
		return;
	sd_event_source_set_time(l->deadline, (uint64_t)(w->deadline / NSEC_PER_USEC));
	sd_event_source_set_enabled(l->deadline, SD_EVENT_ONESHOT);
}

static int on_deadline(unused sd_event_source *source, unused uint64_t usec, void *arg)
{
	struct listener *l = arg;
	int64_t now = loop_now(l->loop);
	struct waiting *w;

	while ((w = list_first(&l->waiting, struct waiting, node)) && w->deadline <= now) {
		l->counts.silent++;
		waiting_free(l, w);
	}
	arm_deadline(l);
	return 0;
}

/* One line a second at most: a refusal is cheap, a flood of log lines is not. */
static void refuse(struct listener *l, int fd, enum seat_refusal why)
{
	int64_t now = loop_now(l->loop);
	autofree char *peer = NULL;

	l->counts.refused++;
	l->unlogged++;
	if (l->warned && now - l->warned < NSEC_PER_SEC)
		return;
	peer = socket_peer(fd);
	log_warning("connection from %s: refused, %s refused=%llu", peer,
		    why == SEAT_FULL ? "there are too many" : "it has too many",
		    (unsigned long long)l->unlogged);
	l->warned = now;
	l->unlogged = 0;
}

static void wait_for_byte(struct listener *l, int fd, struct seat *seat, const struct ucred *cred)
{
	struct waiting *w = xcalloc(1, sizeof(*w));
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = w };
	bool first = list_empty(&l->waiting);

	*w = (struct waiting){
		.fd = fd,
		.seat = seat,
		.deadline = loop_now(l->loop) + l->first_byte_ns,
		.has_cred = !!cred,
	};
	if (cred)
		w->cred = *cred;
	list_append(&l->waiting, &w->node);
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev)) {
		log_warning("connection: refused, cannot be watched: %s", strerror(errno));
		waiting_free(l, w);
	} else if (first) {
		arm_deadline(l);
	}
}

static void admit(struct listener *l, int fd, const struct sockaddr *from)
{
	struct ucred cred;
	struct seat *seat;
	bool has_cred = socket_cred(fd, &cred);
	enum seat_refusal refusal = seat_take(l->seats, from, has_cred ? &cred : NULL, &seat);

	if (refusal != SEAT_OK) {
		refuse(l, fd, refusal);
		close(fd);
		return;
	}
	l->counts.accepted++;
	wait_for_byte(l, fd, seat, has_cred ? &cred : NULL);
}

static void listen_on(struct listener *l, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = l };

	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, l->fd, &ev))
		assert(errno == ENOMEM);
}

/* Connections stay in the backlog; they would wake us again and again if we looked. */
static void pause_accepting(struct listener *l, int64_t ns)
{
	listen_on(l, 0);
	sd_event_source_set_time_relative(l->resume, (uint64_t)(ns / NSEC_PER_USEC));
	sd_event_source_set_enabled(l->resume, SD_EVENT_ONESHOT);
}

static void out_of_descriptors(struct listener *l, int code)
{
	log_warning("listen: paused for %lld ms: %s", (long long)(PAUSE_NS / NSEC_PER_MSEC),
		    strerror(code));
	pause_accepting(l, PAUSE_NS);
}

static int on_resume(unused sd_event_source *source, unused uint64_t usec, void *arg)
{
	listen_on(arg, EPOLLIN);
	return 0;
}

static void pace(struct listener *l, unsigned unknown)
{
	if (unknown >= 2 * UNKNOWN_MANY)
		pause_accepting(l, PAUSE_NS);
	else if (unknown >= UNKNOWN_MANY)
		pause_accepting(l, PACE_NS);
}

static void accept_batch(struct listener *l)
{
	for (int i = 0; i < BATCH; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t len = sizeof(from);
		int fd = accept4(l->fd, (struct sockaddr *)&from, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			admit(l, fd, (struct sockaddr *)&from);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			out_of_descriptors(l, errno);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
	pace(l, seats_unknown(l->seats));
}

static int on_ready(unused sd_event_source *source, int fd, unused uint32_t events, void *arg)
{
	struct listener *l = arg;
	struct epoll_event ready[BATCH];
	int n = epoll_wait(fd, ready, BATCH, 0);

	/* Each of them is in here once, so freeing one leaves the others alone. */
	for (int i = 0; i < n; i++) {
		if (ready[i].data.ptr == l)
			accept_batch(l);
		else
			on_first_byte(l, ready[i].data.ptr);
	}
	return 0;
}

/* Setting up */

static int add_timers(struct listener *l)
{
	int r = sd_event_add_time(l->loop, &l->deadline, CLOCK_MONOTONIC, 0, 1, on_deadline, l);

	if (r >= 0)
		r = sd_event_source_set_enabled(l->deadline, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(l->loop, &l->resume, CLOCK_MONOTONIC, 0, 1, on_resume, l);
	if (r >= 0)
		r = sd_event_source_set_enabled(l->resume, SD_EVENT_OFF);
	return r;
}

static int watch(struct listener *l, struct error *e)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = l };
	int r;

	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0 || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->fd, &ev))
		return error_sys(e, "set up an epoll");
	r = sd_event_add_io(l->loop, &l->source, l->epoll_fd, EPOLLIN, on_ready, l);
	if (r >= 0)
		r = add_timers(l);
	return r < 0 ? error_set(e, -r, "watch a socket: %s", strerror(-r)) : 0;
}

static struct listener *listener_new(sd_event *loop, const struct listener_limits *limits,
				     const struct listener_ops *ops, void *owner)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	assert(ops->protocol || ops->http);
	l->loop = sd_event_ref(loop);
	l->fd = l->epoll_fd = -EBADF;
	l->first_byte_ns = limits->first_byte_ns ? limits->first_byte_ns : LISTENER_FIRST_BYTE_NS;
	l->ops = ops;
	l->owner = owner;
	l->seats = seats_new(limits->total, limits->per_peer);
	list_init(&l->waiting);
	return l;
}

static int parse_ip(const char *ip, uint16_t port, struct sockaddr_storage *ret, struct error *e)
{
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, ip, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return 0;
	}
	if (inet_pton(AF_INET6, ip, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(port);
		return 0;
	}
	return error_set(e, EINVAL, "listen on '%s': not an IP address", ip);
}

static int bind_tcp(struct listener *l, const struct sockaddr_storage *at)
{
	struct sockaddr_storage bound = { 0 };
	socklen_t len =
		at->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	static const int on = 1, off = 0;

	l->fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return -errno;
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->ss_family == AF_INET6)
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(l->fd, (const struct sockaddr *)at, len) || listen(l->fd, BACKLOG))
		return -errno;
	len = sizeof(bound);
	if (getsockname(l->fd, (struct sockaddr *)&bound, &len))
		return -errno;
	l->port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
	return 0;
}

static void free_listener(struct listener **l)
{
	listener_free(*l);
}

int listener_tcp(sd_event *loop, const char *ip, uint16_t port,
		 const struct listener_limits *limits, const struct listener_ops *ops, void *owner,
		 struct listener **ret, struct error *e)
{
	cleanup(free_listener) struct listener *l = listener_new(loop, limits, ops, owner);
	const char *form = strchr(ip, ':') ? "listen on [%s]:%u: %s" : "listen on %s:%u: %s";
	struct sockaddr_storage at;
	int r = parse_ip(ip, port, &at, e);

	if (r < 0)
		return r;
	r = bind_tcp(l, &at);
	if (r < 0)
		return error_set(e, -r, form, ip, port, strerror(-r));
	r = watch(l, e);
	if (r < 0)
		return r;
	*ret = take_ptr(l);
	return 0;
}

/* Who made it may have given it a short backlog. */
int listener_take(sd_event *loop, int fd, const struct listener_limits *limits,
		  const struct listener_ops *ops, void *owner, struct listener **ret,
		  struct error *e)
{
	cleanup(free_listener) struct listener *l = listener_new(loop, limits, ops, owner);
	int r;

	l->fd = fd;
	free(socket_ip(fd, &l->port));
	if (fcntl(fd, F_SETFL, O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC) || listen(fd, BACKLOG))
		return error_sys(e, "listen on the socket that was passed");
	r = watch(l, e);
	if (r < 0)
		return r;
	*ret = take_ptr(l);
	return 0;
}

/* Success when nothing is at path any more; what is alive, or no socket, stays. */
static int remove_stale(const char *path, const struct sockaddr_un *at)
{
	autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (!connect(fd, (const struct sockaddr *)at, sizeof(*at)) || errno == EAGAIN)
		return -EADDRINUSE;
	if (errno != ECONNREFUSED)
		return -errno;
	return unlink(path) ? -errno : 0;
}

/* Nobody can connect before listen(2), so the permissions are right from the start. */
static int bind_unix(struct listener *l, const char *path, unsigned mode)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct stat st;
	int r;

	strcpy(at.sun_path, path);
	r = remove_stale(path, &at);
	if (r < 0)
		return r;
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return -errno;
	if (bind(l->fd, (struct sockaddr *)&at, sizeof(at)))
		return -errno;
	l->path = xstrdup(path);
	if (lstat(path, &st) || chmod(path, mode) || listen(l->fd, BACKLOG))
		return -errno;
	l->device = st.st_dev;
	l->inode = st.st_ino;
	return 0;
}

int listener_unix(sd_event *loop, const char *path, unsigned mode,
		  const struct listener_limits *limits, const struct listener_ops *ops, void *owner,
		  struct listener **ret, struct error *e)
{
	cleanup(free_listener) struct listener *l = listener_new(loop, limits, ops, owner);
	const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	int r;

	if (!*path || strlen(path) > most)
		return error_set(e, ENAMETOOLONG,
				 "listen on %s: a socket path has between 1 and %zu bytes", path,
				 most);
	r = bind_unix(l, path, mode);
	if (r < 0)
		return error_set(e, -r, "listen on %s: %s", path, strerror(-r));
	r = watch(l, e);
	if (r < 0)
		return r;
	*ret = take_ptr(l);
	return 0;
}

bool listener_in_place(const struct listener *l)
{
	struct stat st;

	return !lstat(l->path, &st) && st.st_dev == l->device && st.st_ino == l->inode;
}

void listener_free(struct listener *l)
{
	struct waiting *w;

	if (!l)
		return;
	while ((w = list_first(&l->waiting, struct waiting, node)))
		waiting_free(l, w);
	sd_event_source_disable_unref(l->source);
	sd_event_source_disable_unref(l->deadline);
	sd_event_source_disable_unref(l->resume);
	sd_event_unref(l->loop);
	close_fd(&l->epoll_fd);
	close_fd(&l->fd);
	if (l->path && listener_in_place(l))
		unlink(l->path);
	free(l->path);
	seats_free(l->seats);
	free(l);
}

uint16_t listener_port(const struct listener *l)
{
	return l->port;
}

struct listener_counts listener_counts(const struct listener *l)
{
	struct listener_counts ret = l->counts;

	ret.open = seats_taken(l->seats);
	return ret;
}
