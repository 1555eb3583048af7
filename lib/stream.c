/*
 * Streams: reading is bounded per stream and turn, writing is put off to the end of
 * the turn, and a stream that ended is freed only when nobody can be inside it.
 */
#include "lib/stream-internal.h"

#include <sys/epoll.h>

#include "lib/loop.h"
#include "lib/socket.h"

#define BATCH     64          /* streams looked after per turn of the loop */
#define READ_TURN (256 * KIB) /* bytes of one stream per turn */

/* Unwatches and lets go of everything but what the owner may still ask for. */
static void stream_detach(struct stream *s)
{
	struct streams *set = s->set;

	assert(s->state != STREAM_DEAD);
	s->state = STREAM_DEAD;
	set->count--;
	list_remove(&s->dirty);
	list_remove(&s->timed);
	list_remove(&s->node);
	list_append(&set->dead, &s->node);
	/*
	 * Closing is not enough: a child between vfork and exec still has the descriptor, and epoll
	 * would go on to report a stream that is gone.
	 */
	if (s->fd >= 0)
		epoll_ctl(set->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	close_fd(&s->fd);
	dial_free(take_ptr(s->dial));
	seat_release(take_ptr(s->seat));
}

static void stream_free(struct stream *s)
{
	list_remove(&s->node);
	lines_fini(&s->lines);
	buf_fini(&s->out);
	free(s->doomed);
	free(s->peer);
	free(s);
}

static void reap(struct streams *set)
{
	struct stream *s;

	while ((s = list_first(&set->dead, struct stream, node)))
		stream_free(s);
}

void stream_end(struct stream *s, const char *why)
{
	bool tell = s->state != STREAM_FINISHING;

	stream_detach(s);
	if (tell)
		s->ops->closed(s, why);
}

static void mark_dirty(struct stream *s)
{
	struct streams *set = s->set;

	if (list_empty(&s->dirty))
		list_append(&set->dirty, &s->dirty);
	if (!set->inside)
		sd_event_source_set_enabled(set->flush, SD_EVENT_ONESHOT);
}

/* Ends it later, since callbacks are never called from inside a stream_* function. */
static void stream_doom(struct stream *s, char *why)
{
	free(s->doomed);
	s->doomed = why;
	mark_dirty(s);
}

void stream_watch(struct stream *s, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = s };
	int op = s->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (s->watched == events)
		return;
	if (epoll_ctl(s->set->epoll_fd, op, s->fd, &ev))
		stream_doom(s, xasprintf("watch the connection: %s", strerror(errno)));
	else
		s->watched = events;
}

static void stream_turn_end(struct stream *s)
{
	char *why = s->doomed;

	if (why)
		stream_end(s, why);
	else if (s->fd >= 0)
		stream_write(s);
}

/* The turn */

static void leave(struct streams *set)
{
	struct stream *s;

	while (!list_empty(&set->dirty)) {
		s = list_entry(set->dirty.next, struct stream, dirty);
		list_remove(&s->dirty);
		stream_turn_end(s);
	}
	set->inside = false;
	reap(set);
}

static void enter(struct streams *set)
{
	assert(!set->inside);
	set->inside = true;
}

static void on_event(struct stream *s, uint32_t events)
{
	if (s->state == STREAM_DEAD)
		return;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		stream_read(s, READ_TURN);
	if (s->state != STREAM_DEAD && (events & EPOLLOUT))
		mark_dirty(s);
}

static int on_ready(unused sd_event_source *source, int fd, unused uint32_t events, void *arg)
{
	struct streams *set = arg;
	struct epoll_event ready[BATCH];
	int n = epoll_wait(fd, ready, BATCH, 0);

	enter(set);
	for (int i = 0; i < n; i++)
		on_event(ready[i].data.ptr, ready[i].events);
	leave(set);
	return 0;
}

static int on_flush(unused sd_event_source *source, void *arg)
{
	struct streams *set = arg;

	enter(set);
	leave(set);
	return 0;
}

/* The ring is in the order of the deadlines, since all have the same time to finish. */
static void arm_timer(struct streams *set)
{
	struct stream *s;

	if (list_empty(&set->finishing))
		return;
	s = list_entry(set->finishing.next, struct stream, timed);
	sd_event_source_set_time(set->timer, (uint64_t)(s->deadline / NSEC_PER_USEC));
	sd_event_source_set_enabled(set->timer, SD_EVENT_ONESHOT);
}

static int on_timer(unused sd_event_source *source, unused uint64_t usec, void *arg)
{
	struct streams *set = arg;
	int64_t now = loop_now(set->loop);
	struct stream *s;

	enter(set);
	while (!list_empty(&set->finishing)) {
		s = list_entry(set->finishing.next, struct stream, timed);
		if (s->deadline > now)
			break;
		stream_detach(s);
	}
	leave(set);
	arm_timer(set);
	return 0;
}

/* The set */

static int add_sources(struct streams *set)
{
	int r = sd_event_add_io(set->loop, &set->io, set->epoll_fd, EPOLLIN, on_ready, set);

	if (r >= 0)
		r = sd_event_add_defer(set->loop, &set->flush, on_flush, set);
	if (r >= 0)
		r = sd_event_source_set_enabled(set->flush, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time(set->loop, &set->timer, CLOCK_MONOTONIC, 0, 1, on_timer, set);
	if (r >= 0)
		r = sd_event_source_set_enabled(set->timer, SD_EVENT_OFF);
	return r;
}

static void set_limits(struct streams *set, const struct stream_limits *limits)
{
	if (limits)
		set->limits = *limits;
	if (!set->limits.out_max)
		set->limits.out_max = STREAM_OUT_MAX;
	if (!set->limits.finish_ns)
		set->limits.finish_ns = STREAM_FINISH_NS;
	if (!set->limits.connect_ns)
		set->limits.connect_ns = STREAM_CONNECT_NS;
}

int streams_new(sd_event *loop, struct work_pool *pool, const struct stream_limits *limits,
		struct streams **ret, struct error *e)
{
	struct streams *set = xcalloc(1, sizeof(*set));
	int r;

	set->loop = sd_event_ref(loop);
	set->pool = pool;
	set_limits(set, limits);
	list_init(&set->all);
	list_init(&set->dirty);
	list_init(&set->finishing);
	list_init(&set->dead);
	set->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	r = set->epoll_fd < 0 ? -errno : add_sources(set);
	if (r < 0) {
		streams_free(set);
		return error_set(e, -r, "set up an epoll for connections: %s", strerror(-r));
	}
	*ret = set;
	return 0;
}

void streams_free(struct streams *set)
{
	struct stream *s;

	if (!set)
		return;
	assert(!set->inside);
	while ((s = list_first(&set->all, struct stream, node))) {
		if (s->fd >= 0)
			stream_send(s); /* a goodbye, as far as the socket takes it */
		stream_detach(s);
	}
	reap(set);
	sd_event_source_disable_unref(set->io);
	sd_event_source_disable_unref(set->flush);
	sd_event_source_disable_unref(set->timer);
	sd_event_unref(set->loop);
	close_fd(&set->epoll_fd);
	free(set);
}

unsigned streams_count(const struct streams *set)
{
	return set->count;
}

/* Opening */

static struct stream *stream_new(struct streams *set, size_t line_max, const struct stream_ops *ops,
				 void *owner)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	assert(ops->line && ops->closed && line_max > 0);
	s->set = set;
	s->ops = ops;
	s->owner = owner;
	s->fd = -EBADF;
	s->lines.max = line_max;
	list_init(&s->dirty);
	list_init(&s->timed);
	list_append(&set->all, &s->node);
	set->count++;
	return s;
}

static void stream_start(struct stream *s, int fd)
{
	assert(fd >= 0 && s->fd < 0);
	s->fd = fd;
	s->state = STREAM_OPEN;
	s->has_cred = socket_cred(fd, &s->cred);
	if (!s->has_cred)
		socket_tune_tcp(fd);
	if (!s->peer)
		s->peer = socket_peer(fd);
	stream_watch(s, EPOLLIN);
	mark_dirty(s); /* lines that were queued while dialling */
}

struct stream *stream_open(struct streams *set, int fd, struct seat *seat, size_t line_max,
			   const struct stream_ops *ops, void *owner)
{
	struct stream *s = stream_new(set, line_max, ops, owner);

	s->seat = seat;
	stream_start(s, fd);
	return s;
}

static void on_dialled(void *arg, int fd, const char *why)
{
	struct stream *s = arg;
	struct streams *set = s->set;
	bool finishing = s->state == STREAM_FINISHING;

	enter(set);
	if (why) {
		stream_end(s, why);
	} else {
		dial_free(take_ptr(s->dial));
		stream_start(s, fd);
		if (finishing)
			s->state = STREAM_FINISHING;
		else if (s->ops->connected)
			s->ops->connected(s);
	}
	leave(set);
}

int stream_connect(struct streams *set, const char *address, size_t line_max,
		   const struct stream_ops *ops, void *owner, struct stream **ret, struct error *e)
{
	struct stream *s = stream_new(set, line_max, ops, owner);
	int r = dial_new(set->loop, set->pool, address, set->limits.connect_ns, on_dialled, s,
			 &s->dial, e);

	if (r < 0) {
		stream_close(s);
		return r;
	}
	s->peer = xstrdup(address);
	*ret = s;
	return 0;
}

/* What the owner does */

struct buf *stream_out(struct stream *s)
{
	return &s->out;
}

size_t stream_queued(const struct stream *s)
{
	return s->out.len - s->sent;
}

void stream_flush(struct stream *s)
{
	if (s->state == STREAM_DEAD || s->shut) {
		s->sent = s->out.len = 0;
		return;
	}
	if (stream_queued(s) > s->set->limits.out_max && !s->doomed)
		stream_doom(s, xasprintf("does not read: %zu bytes are queued for it",
					 stream_queued(s)));
	else
		mark_dirty(s);
}

void stream_close(struct stream *s)
{
	struct streams *set;

	if (!s || s->state == STREAM_DEAD)
		return;
	set = s->set;
	stream_detach(s);
	if (!set->inside)
		reap(set);
}

void stream_finish(struct stream *s)
{
	struct streams *set = s->set;

	if (s->state == STREAM_DEAD || s->state == STREAM_FINISHING)
		return;
	s->state = STREAM_FINISHING;
	if (s->has_cred) /* a user; behind an address there may be many */
		seat_doubt(s->seat);
	mark_dirty(s);
	s->deadline = loop_now(set->loop) + set->limits.finish_ns;
	list_append(&set->finishing, &s->timed);
	arm_timer(set);
}

void *stream_owner(const struct stream *s)
{
	return s->owner;
}

void stream_set_line_max(struct stream *s, size_t line_max)
{
	s->lines.max = line_max;
}

const char *stream_peer(const struct stream *s)
{
	return s->peer;
}

const struct ucred *stream_cred(const struct stream *s)
{
	return s->has_cred ? &s->cred : NULL;
}

void stream_trust(struct stream *s)
{
	seat_trust(s->seat);
}
