/*
 * The walk over a tree, by one thread or several. Each worker goes depth first
 * and keeps the directories it still has to return to on a stack of its own; a
 * worker without work splits the oldest directory of another one in two.
 */
#include "agent/disk/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "agent/disk/dir.h"
#include "agent/disk/inodes.h"
#include "agent/disk/scan_meter.h"

enum {
	LISTING_SIZE = 32 * 1024,
	MAX_THREADS = 64,
	/* Directories held open to return to; the others are found again through "..". */
	MAX_OPEN = 32,
	MIN_OPEN_PER_WORKER = 4,
	/* How much a scan must have seen before starting a thread costs next to nothing. */
	INODES_BEFORE_THREAD = 2048,
	/* What an inode takes in the set of those that were seen, at most. */
	SEEN_BYTES = 4 * sizeof(uint64_t),
	NICE = 10,
};

/*
 * Every directory on a worker's stack is an ancestor of the one it is in. The
 * oldest ones are parked when too many are open: their descriptor is closed.
 */
struct worker {
	struct scan *scan;
	pthread_t thread;
	struct list open, parked; /* oldest first; all of parked is older than all of open */
	unsigned n_open;
	struct scan_meter meter;
	struct scan_result sum;
	char *listing;
};

struct scan {
	const struct scan_options *options;
	int root_fd; /* the caller's */
	dev_t dev;
	struct scan_bounds bounds;
	struct inodes seen; /* directories, and files with more than one name */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a directory can be split, or all is done */
	unsigned n_started, n_idle;
	bool done;
	unsigned n_workers, max_open; /* directories, of each worker */
	struct worker *workers;
};

/* With it goes the room for its place among those that were seen. */
static void add_name(struct worker *w, struct dir *d, const char *name)
{
	size_t size = strlen(name) + 1;

	if (scan_bounds_have_room(&w->scan->bounds, size + SEEN_BYTES))
		buf_add(&d->names, name, size);
	else
		w->sum.missed++;
}

/* All names that wait will never be looked at. */
static void miss_names(struct worker *w, struct dir *d)
{
	for (; dir_waits(d); d->next_name += strlen(d->names.data + d->next_name) + 1)
		w->sum.missed++;
}

static bool on_tree(const struct scan *s, const struct statx *st)
{
	return makedev(st->stx_dev_major, st->stx_dev_minor) == s->dev;
}

/* A directory too may come by again, moved in front of us. Its name has made room for it. */
static bool is_new(struct worker *w, const struct statx *st)
{
	struct scan *s = w->scan;
	bool is_dir = S_ISDIR(st->stx_mode);

	if (!is_dir && st->stx_nlink == 1)
		return true;
	if (!is_dir && !scan_bounds_have_room(&s->bounds, SEEN_BYTES)) {
		w->sum.missed++;
		return false;
	}
	if (inodes_add(&s->seen, st->stx_ino))
		return true;
	if (!is_dir)
		scan_bounds_release(&s->bounds, SEEN_BYTES);
	return false;
}

int64_t scan_changed_ns(const struct statx *st)
{
	return st->stx_ctime.tv_sec * NSEC_PER_SEC + st->stx_ctime.tv_nsec;
}

/* False when it was counted before. */
static bool count(struct worker *w, const struct statx *st)
{
	uint64_t bytes = st->stx_blocks * STAT_BLOCK_BYTES;

	if (!is_new(w, st))
		return false;
	w->sum.bytes += bytes;
	w->sum.settled += scan_changed_ns(st) < w->scan->options->settled_ns ? bytes : 0;
	w->sum.inodes++;
	w->sum.directories += S_ISDIR(st->stx_mode);
	return true;
}

static struct dir *newest(const struct list *stack)
{
	return list_empty(stack) ? NULL : list_entry(stack->prev, struct dir, node);
}

static void push(struct worker *w, struct dir *d)
{
	struct scan *s = w->scan;

	pthread_mutex_lock(&s->lock);
	list_append(&w->open, &d->node);
	w->n_open++;
	if (s->n_idle && dir_waits(d))
		pthread_cond_signal(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

/* Takes an open directory off the stack, out of the sight of thieves, and closes it. */
static void take_off(struct worker *w, struct dir *d)
{
	pthread_mutex_lock(&w->scan->lock);
	list_remove(&d->node);
	w->n_open--;
	pthread_mutex_unlock(&w->scan->lock);
	close_fd(&d->fd);
}

/* False when only the newest directory is open: that one is in use. */
static bool park_oldest(struct worker *w)
{
	struct dir *d = list_first(&w->open, struct dir, node);

	if (w->n_open < 2)
		return false;
	take_off(w, d);
	list_append(&w->parked, &d->node);
	return true;
}

static bool out_of_fds(int err)
{
	return err == EMFILE || err == ENFILE;
}

/* statx(2) of a mount point shows what is mounted there: on another device, or a MOUNT_ROOT. */
static bool is_left_out(const struct scan *s, const struct statx *st)
{
	return !on_tree(s, st) ||
	       (s->options->one_mount && st->stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/*
 * Opens what parent lists as a directory. RESOLVE_NO_XDEV wakes no automount and no dead NFS. -1
 * with EXDEV: it is left out.
 */
static int open_subdir(struct worker *w, const struct dir *parent, const char *name)
{
	const uint64_t beneath = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
	struct statx st;
	int fd;

	do
		fd = dir_open(parent->fd, name, beneath | RESOLVE_NO_XDEV);
	while (fd < 0 && out_of_fds(errno) && park_oldest(w));
	if (fd >= 0 || errno != EXDEV || dir_look(parent->fd, name, &st) < 0)
		return fd;
	errno = EXDEV;
	if (is_left_out(w->scan, &st))
		return -1;
	/* A mount point of this very filesystem, or it was moved out of parent meanwhile. */
	return dir_open(parent->fd, name,
			RESOLVE_NO_MAGICLINKS |
				(w->scan->options->one_mount ? RESOLVE_NO_XDEV : 0));
}

/* Counts a directory that cannot be entered by what it occupies itself. */
static void count_closed(struct worker *w, const struct dir *parent, const char *name)
{
	struct statx st;

	if (dir_look(parent->fd, name, &st) < 0) {
		w->sum.missed++;
		return;
	}
	if (!on_tree(w->scan, &st))
		return;
	count(w, &st);
	if (S_ISDIR(st.stx_mode))
		w->sum.missed++;
	else
		w->sum.replaced++;
}

static void visit_file(struct worker *w, const struct dir *d, const struct statx *dir,
		       const char *name, const struct statx *st)
{
	const struct scan_visitor *v = w->scan->options->visitor;

	count(w, st);
	if (v && v->file)
		v->file(v->ctx, d->fd, dir, name, st);
}

static bool is_replaced(const struct dirent64 *entry, const struct statx *st)
{
	return entry->d_type != DT_UNKNOWN && entry->d_type != IFTODT(st->stx_mode);
}

static void visit_entry(struct worker *w, struct dir *d, const struct statx *dir,
			const struct dirent64 *entry)
{
	const char *name = entry->d_name;
	struct statx st;

	if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
		return;
	scan_meter_name(&w->meter);
	if (entry->d_type == DT_DIR) {
		add_name(w, d, name);
		return;
	}
	if (dir_look(d->fd, name, &st) < 0) {
		w->sum.missed++;
		return;
	}
	if (is_left_out(w->scan, &st))
		return;
	w->sum.replaced += is_replaced(entry, &st);
	if (S_ISDIR(st.stx_mode))
		add_name(w, d, name);
	else
		visit_file(w, d, dir, name, &st);
}

/* Counts all that lies in d, which was dir before, and collects its subdirectories. */
static void list_dir(struct worker *w, struct dir *d, const struct statx *dir)
{
	ssize_t n;

	while ((n = getdents64(d->fd, w->listing, LISTING_SIZE)) > 0) {
		for (char *p = w->listing; p < w->listing + n;) {
			const struct dirent64 *entry = (const struct dirent64 *)p;

			if (scan_bounds_stopped(&w->scan->bounds)) {
				w->sum.missed++;
				return;
			}
			visit_entry(w, d, dir, entry);
			p += entry->d_reclen;
		}
	}
	if (n < 0)
		w->sum.missed++;
}

/*
 * Counts what lies directly in the directory behind fd (taken), and makes it the
 * newest on the stack: from there on it is where we are.
 */
static void enter(struct worker *w, struct dir *parent, int fd, const struct statx *st)
{
	const struct scan_visitor *v = w->scan->options->visitor;
	struct dir *d = dir_new(parent, fd, st->stx_ino, &w->scan->bounds);

	if (v && v->directory)
		v->directory(v->ctx, fd);
	list_dir(w, d, st);
	push(w, d);
	if (w->n_open > w->scan->max_open)
		park_oldest(w);
}

static void visit_subdir(struct worker *w, struct dir *parent, const char *name)
{
	autofd int fd = -EBADF;
	struct statx st;

	scan_meter_name(&w->meter);
	fd = open_subdir(w, parent, name);
	if (fd < 0 && errno == EXDEV)
		return;
	if (fd < 0 || dir_look(fd, "", &st) < 0)
		count_closed(w, parent, name);
	else if (!on_tree(w->scan, &st))
		return;
	else if (count(w, &st))
		enter(w, parent, take_fd(fd), &st);
	else
		w->sum.replaced++;
}

/*
 * Opens an ancestor of a directory. Each step must end where we came down
 * through, or the way is lost: after a rename anything may lie above us.
 */
static int climb(const struct scan *s, const struct dir *from, const struct dir *to)
{
	autofd int fd = -EBADF;

	for (const struct dir *d = from; d != to;) {
		int up = dir_open(d == from ? from->fd : fd, "..", 0);
		struct statx st;

		d = d->parent;
		close_fd(&fd);
		fd = up;
		if (fd < 0 || dir_look(fd, "", &st) < 0 || !on_tree(s, &st) || st.stx_ino != d->ino)
			return -1;
	}
	return take_fd(fd);
}

/* Opens the newest parked directory that the walk must go on in; from is where we are. */
static void unpark(struct worker *w, const struct dir *from)
{
	struct dir *d;
	bool lost = false;

	while ((d = newest(&w->parked))) {
		list_remove(&d->node);
		if (dir_waits(d)) {
			if (!d->parent)
				d->fd = fcntl(w->scan->root_fd, F_DUPFD_CLOEXEC, 0);
			else if (!lost)
				d->fd = climb(w->scan, from, d);
			if (d->fd >= 0) {
				push(w, d);
				return;
			}
			lost = true;
			miss_names(w, d);
		}
		dir_drop(d, &w->scan->bounds);
	}
}

/* Nothing is left to do in d, the newest on the stack. */
static void leave(struct worker *w, struct dir *d)
{
	if (w->n_open == 1)
		unpark(w, d);
	take_off(w, d);
	dir_drop(d, &w->scan->bounds);
}

/* The next subdirectory of d, or NULL. The text stays d's. */
static const char *take_name(struct scan *s, struct dir *d)
{
	const char *name = NULL;

	pthread_mutex_lock(&s->lock);
	if (dir_waits(d)) {
		name = d->names.data + d->next_name;
		d->next_name += strlen(name) + 1;
	}
	pthread_mutex_unlock(&s->lock);
	return name;
}

/* The oldest directory that waits anywhere is likely the one with the most below it. */
static struct dir *steal(struct scan *s)
{
	for (unsigned i = 0; i < s->n_started; i++) {
		struct dir *d;

		list_for_each(d, &s->workers[i].open, node) {
			if (dir_waits(d))
				return dir_split(d, &s->bounds);
		}
	}
	return NULL;
}

/* Waits until there is something to steal. False when no worker has any work left. */
static bool find_work(struct worker *w)
{
	struct scan *s = w->scan;
	struct dir *d = NULL;

	pthread_mutex_lock(&s->lock);
	s->n_idle++;
	while (!s->done && !(d = steal(s))) {
		s->done = s->n_idle == s->n_started;
		if (!s->done)
			pthread_cond_wait(&s->changed, &s->lock);
	}
	s->n_idle--;
	pthread_mutex_unlock(&s->lock);
	if (d)
		push(w, d);
	return d;
}

static void start_thread(struct scan *s);

static void walk(struct worker *w)
{
	struct scan *s = w->scan;

	while (!scan_bounds_stopped(&s->bounds)) {
		struct dir *d = newest(&w->open);
		const char *name = d ? take_name(s, d) : NULL;

		if (name) {
			if (w == s->workers && w->sum.inodes >= INODES_BEFORE_THREAD)
				start_thread(s);
			visit_subdir(w, d, name);
		} else if (d) {
			leave(w, d);
		} else if (!find_work(w)) {
			break;
		}
	}
}

/* Those who wait for work learn that there will be none, be it for a cancellation or a bound. */
static void finish(struct scan *s)
{
	pthread_mutex_lock(&s->lock);
	s->done = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

static void worker_start(struct worker *w)
{
	scan_meter_start(&w->meter, &w->scan->bounds, w->scan->options->budget);
	w->listing = xmalloc(LISTING_SIZE);
}

static void worker_run(struct worker *w)
{
	walk(w);
	finish(w->scan);
	w->sum.cpu_ns = scan_meter_end(&w->meter);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	worker_start(w);
	worker_run(w);
	return NULL;
}

/* Called by the first worker only. The system may refuse: then fewer do the same work. */
static void start_thread(struct scan *s)
{
	struct worker *w = &s->workers[s->n_started];

	if (s->n_started == s->n_workers)
		return;
	pthread_mutex_lock(&s->lock);
	if (pthread_create(&w->thread, NULL, worker_main, w) == 0)
		s->n_started++;
	else
		s->n_workers = s->n_started;
	pthread_mutex_unlock(&s->lock);
}

static void free_stack(struct worker *w, struct list *stack)
{
	struct dir *d;

	/* Newest first. */
	while ((d = newest(stack))) {
		list_remove(&d->node);
		close_fd(&d->fd);
		dir_drop(d, &w->scan->bounds);
	}
}

static void scan_init(struct scan *s, int dirfd, const struct scan_options *options)
{
	unsigned n = MIN(MAX(options->threads, 1), MAX_THREADS);

	*s = (struct scan){
		.options = options,
		.root_fd = dirfd,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.n_started = 1,
		.n_workers = n,
		.max_open = MAX(MAX_OPEN / n, MIN_OPEN_PER_WORKER),
		.workers = xcalloc(n, sizeof(struct worker)),
	};
	scan_bounds_init(&s->bounds, options->cancel, options->names_max, options->memory_max);
	inodes_init(&s->seen);
	for (unsigned i = 0; i < n; i++) {
		s->workers[i].scan = s;
		list_init(&s->workers[i].open);
		list_init(&s->workers[i].parked);
	}
}

static void scan_fini(struct scan *s)
{
	for (unsigned i = 0; i < s->n_started; i++) {
		free_stack(&s->workers[i], &s->workers[i].open);
		free_stack(&s->workers[i], &s->workers[i].parked);
		free(s->workers[i].listing);
	}
	free(s->workers);
	inodes_fini(&s->seen);
}

/* What waits on any stack when a bound has ended the scan. */
static void miss_rest(struct scan *s)
{
	for (struct worker *w = s->workers; w < s->workers + s->n_started; w++) {
		struct dir *d;

		list_for_each(d, &w->open, node)
			miss_names(w, d);
		list_for_each(d, &w->parked, node)
			miss_names(w, d);
	}
}

static void add_up(const struct scan *s, struct scan_result *ret)
{
	*ret = (struct scan_result){ .cut = scan_bounds_cut(&s->bounds) };
	for (unsigned i = 0; i < s->n_started; i++) {
		const struct scan_result *sum = &s->workers[i].sum;

		ret->bytes += sum->bytes;
		ret->settled += sum->settled;
		ret->inodes += sum->inodes;
		ret->directories += sum->directories;
		ret->missed += sum->missed;
		ret->replaced += sum->replaced;
		ret->cpu_ns += sum->cpu_ns;
	}
}

static int enter_root(struct scan *s, struct error *e)
{
	autofd int fd = dir_open(s->root_fd, ".", 0);
	struct statx st;

	if (fd < 0)
		return error_sys(e, "scan: open the root of the tree");
	if (dir_look(fd, "", &st) < 0)
		return error_sys(e, "scan: stat the root of the tree");
	s->dev = makedev(st.stx_dev_major, st.stx_dev_minor);
	count(s->workers, &st);
	enter(s->workers, NULL, take_fd(fd), &st);
	return 0;
}

int scan_tree(int dirfd, const struct scan_options *options, struct scan_result *ret,
	      struct error *e)
{
	cleanup(scan_fini) struct scan s;
	int r;

	assert(dirfd >= 0 && options && ret);
	scan_init(&s, dirfd, options);
	worker_start(s.workers);
	r = enter_root(&s, e);
	if (r < 0)
		return r;
	worker_run(s.workers);
	for (unsigned i = 1; i < s.n_started; i++)
		pthread_join(s.workers[i].thread, NULL);
	if (scan_bounds_cancelled(&s.bounds))
		return error_set(e, ECANCELED, "scan: cancelled");
	miss_rest(&s);
	add_up(&s, ret);
	return 0;
}

void scan_thread_lower_priority(void)
{
	id_t thread = (id_t)gettid();

	setpriority(PRIO_PROCESS, thread, MAX(getpriority(PRIO_PROCESS, thread), NICE));
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}
