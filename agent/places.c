/* Each look is a few system calls on local file systems; what it finds is said when it changes. */
#include "agent/places.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "agent/agent.h"
#include "agent/gc.h"
#include "agent/master.h"
#include "agent/scope.h"
#include "lib/log.h"
#include "lib/runtime.h"
#include "lib/timer.h"

#define LOOK_NS NSEC_PER_SEC
/*
 * With less than this a sandbox cannot be made, let alone used; and it is full until there is more.
 */
#define ROOM_MIN    (1 * MIB)
#define ROOM_AGAIN  (4 * MIB)
#define FILES_MIN   16
#define FILES_AGAIN 64

static void tell(struct agent *a)
{
	const char *missing = places_missing(a);

	if (missing == a->places.told)
		return;
	a->places.told = missing;
	master_tell_availability(a->master);
}

/* ---- the local sockets ---- */

static void on_protocol(void *owner, int fd, struct seat *seat, const struct ucred *cred unused)
{
	struct agent *a = owner;

	peer_accept(&a->server, fd, seat);
}

static const struct listener_ops local_ops = { .protocol = on_protocol };

/*
 * The executor socket is for the tasks' users too: who they are is proven by a token. So a task
 * may fill it: each user gets half of the seats, and the silent lose theirs soon, so that
 * supervisors find one.
 */
#define EXECUTOR_FIRST_BYTE_NS (2 * NSEC_PER_SEC)

static struct listener_limits executor_limits(const struct listener_limits *limits)
{
	return (struct listener_limits){
		.total = limits->total,
		.per_peer = MAX(limits->per_peer, limits->total / 2),
		.first_byte_ns = EXECUTOR_FIRST_BYTE_NS,
	};
}

static int listen_at(struct agent *a, const char *path, unsigned mode,
		     const struct listener_limits *limits, struct listener **ret, struct error *e)
{
	int r = listener_unix(a->loop, path, mode, limits, &local_ops, a, ret, e);

	if (r == -EADDRINUSE)
		return error_set(e, EADDRINUSE,
				 "another agent listens on %s: end that one first, "
				 "or give this one a --runtime_dir of its own",
				 path);
	return r;
}

/* One that has its path still stays as it is. */
static int listen_again(struct agent *a, const char *path, unsigned mode,
			const struct listener_limits *limits, struct listener **l, struct error *e)
{
	struct listener *new = NULL;

	if (*l && listener_in_place(*l))
		return 0;
	if (listen_at(a, path, mode, limits, &new, e))
		return -e->code;
	listener_free(*l);
	*l = new;
	return 0;
}

int places_listen(struct agent *a, const struct listener_limits *limits, struct error *e)
{
	a->places.limits = *limits;
	a->places.executor_limits = executor_limits(limits);
	if (runtime_dir_make(a->flags.runtime_dir, e) ||
	    listen_again(a, a->agent_socket_path, 0600, &a->places.limits, &a->agent_socket, e) ||
	    listen_again(a, a->executor_socket_path, 0666, &a->places.executor_limits,
			 &a->executor_socket, e))
		return error_wrap(e, "--runtime_dir");
	return 0;
}

/* Connections that stand are no worse for it; mesos-executor and new ones need the path. */
static void look_at_sockets(struct agent *a)
{
	struct places *p = &a->places;
	bool was_missing = p->no_sockets;
	struct error e;

	if (listener_in_place(a->agent_socket) && listener_in_place(a->executor_socket)) {
		p->no_sockets = false;
		return;
	}
	p->no_sockets = places_listen(a, &p->limits, &e) != 0;
	if (!p->no_sockets)
		log_warning("agent: the sockets in %s were removed by somebody: made again",
			    a->flags.runtime_dir);
	else if (!was_missing)
		log_error("agent: the sockets in %s were removed by somebody and cannot be made "
			  "again, no new task is taken: %s",
			  a->flags.runtime_dir, e.text);
	if (p->no_sockets)
		p->no_sockets_why = e;
}

/* ---- exit records ---- */

/* What runs keeps the file that it has open, which nobody will find: it tells us all the same. */
static void look_at_records(struct agent *a)
{
	struct places *p = &a->places;
	bool was_missing = p->no_records;
	struct error e;

	p->no_records = false;
	if (!access(a->records_dir, W_OK))
		return;
	p->no_records = mkdir(a->records_dir, 0700) != 0;
	if (p->no_records) /* where there is no store any more, none is begun */
		error_sys(&e, "make %s", a->records_dir);
	if (!p->no_records)
		log_warning("agent: %s was removed by somebody: made again; how a container ends "
			    "that began before is lost should it end while no agent runs",
			    a->records_dir);
	else if (!was_missing)
		log_error("agent: %s cannot be used, no new task is taken: %s", a->records_dir,
			  e.text);
	if (p->no_records)
		p->no_records_why = e;
}

/* ---- the cgroup of the tasks ---- */

/* A scope may be stopped by systemd: what were in it then would end with it. */
static void look_at_cgroup(struct agent *a)
{
	struct places *p = &a->places;
	bool was_missing = p->no_cgroup;
	struct error e;

	p->no_cgroup = scope_check(a->scope, &e) != 0;
	if (p->no_cgroup && !was_missing)
		log_warning("agent: no new task is taken: %s", e.text);
	if (!p->no_cgroup && was_missing)
		log_info("agent: the cgroup of the tasks can be used again");
	if (p->no_cgroup)
		p->no_cgroup_why = e;
}

/* ---- room for sandboxes ---- */

/* Of what is not root's; a file system that does not count files says 0 of 0. */
static bool has_room(const struct agent *a, uint64_t bytes, uint64_t files)
{
	struct statvfs v;

	if (fstatvfs(a->work_dir_fd, &v))
		return true; /* gc says so */
	return (uint64_t)v.f_bavail * v.f_frsize >= bytes && (!v.f_files || v.f_favail >= files);
}

/* There was room, or all garbage that could go has gone. */
static void on_room(struct gc_wait *w)
{
	struct agent *a = container_of(w, struct agent, places.room);

	if (!w->in_vain || has_room(a, ROOM_MIN, FILES_MIN) ||
	    !fullness_set_full(&a->places.disk, now_ns()))
		return;
	log_error("agent: the disk of %s is full: no new task is taken", a->flags.work_dir);
	tell(a);
}

static void look_at_room(struct agent *a)
{
	struct places *p = &a->places;
	bool room = has_room(a, ROOM_AGAIN, FILES_AGAIN);

	if (fullness_look(&p->disk, room, now_ns()))
		log_info("agent: the disk of %s has room again", a->flags.work_dir);
	else if (!has_room(a, ROOM_MIN, FILES_MIN) && !p->room.fn)
		gc_make_room(a->gc, &p->room, ROOM_AGAIN, FILES_AGAIN, on_room);
}

void places_say_store(struct agent *a)
{
	bool full = store_full(a->store);

	if (full && fullness_set_full(&a->places.store, now_ns()))
		log_error("store %s: the disk is full: no new task is taken", a->store_dir);
	if (!full && fullness_look(&a->places.store, true, now_ns()))
		log_info("store %s: the disk has room again", a->store_dir);
}

/* ---- all of them ---- */

static int on_look(sd_event_source *source unused, uint64_t usec unused, void *arg)
{
	struct agent *a = arg;

	look_at_sockets(a);
	look_at_records(a);
	look_at_cgroup(a);
	look_at_room(a);
	places_say_store(a);
	tell(a);
	timer_set(a->loop, &a->places.timer, LOOK_NS, on_look, a);
	return 0;
}

int places_watch(struct agent *a, struct error *e)
{
	a->places.room.silent = true;
	timer_set(a->loop, &a->places.timer, LOOK_NS, on_look, a);
	return a->places.timer ? 0 : error_set(e, ENOMEM, "cannot set a timer");
}

void places_stop(struct agent *a)
{
	a->places.timer = sd_event_source_disable_unref(a->places.timer);
	gc_wait_cancel(&a->places.room);
	listener_free(a->executor_socket);
	listener_free(a->agent_socket);
}

const char *places_missing(const struct agent *a)
{
	static const char full[] = "the disk of its --work_dir is full",
			  no_sockets[] = "the sockets in its --runtime_dir are gone",
			  no_records[] = "its exit records cannot be kept",
			  no_cgroup[] = "the cgroup of its tasks cannot be used";

	if (a->places.disk.full)
		return full;
	if (a->places.no_sockets)
		return no_sockets;
	if (a->places.no_records)
		return no_records;
	return a->places.no_cgroup ? no_cgroup : NULL;
}

void places_add_health(const struct agent *a, struct buf *out)
{
	const struct places *p = &a->places;

	if (p->disk.full)
		buf_addf(out,
			 "The disk of the sandboxes in %s is full: no new task is taken; %s.\n",
			 a->flags.work_dir,
			 has_room(a, ROOM_AGAIN, 0) && !has_room(a, 0, FILES_AGAIN)
				 ? "it has no inodes left, delete some files there"
				 : "free some space there");
	if (p->no_sockets)
		buf_addf(out,
			 "The sockets in %s were removed and cannot be made again: no new task is "
			 "taken: %s.\n",
			 a->flags.runtime_dir, p->no_sockets_why.text);
	if (p->no_records)
		buf_addf(out, "Exit records cannot be kept in %s: no new task is taken: %s.\n",
			 a->records_dir, p->no_records_why.text);
	if (p->no_cgroup)
		buf_addf(out, "No new task is taken: %s.\n", p->no_cgroup_why.text);
}
