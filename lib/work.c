/*
 * The pool of threads. One mutex guards both queues; an eventfd(2) tells the loop that
 * something finished.
 */
#include "lib/work.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define THREADS_MAX 64
/*
 * What finished jobs may take of the loop at a time: where thousands finish together, what peers
 * say is heard in between.
 */
#define TURN_NS (10 * NSEC_PER_MSEC)

struct work_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct list queued, finished;
	unsigned n_queued, n_running;
	uint64_t n_finished;
	bool stop;
	int event_fd;
	sd_event *loop;
	sd_event_source *source;
	const char *name;
	void (*thread_start)(void);
	unsigned n_threads;
	pthread_t threads[THREADS_MAX];
};

/* The counter cannot overflow: the loop resets it, and 2^64 jobs do not fit in memory. */
static void tell_loop(struct work_pool *p)
{
	uint64_t one = 1;
	ssize_t n = write(p->event_fd, &one, sizeof(one));

	assert(n == sizeof(one));
}

/* Called and returns with the lock held. */
static void run_one(struct work_pool *p)
{
	struct work *w = list_first(&p->queued, struct work, node);

	list_remove(&w->node);
	p->n_queued--;
	p->n_running++;
	pthread_mutex_unlock(&p->lock);
	w->run(w);
	pthread_mutex_lock(&p->lock);
	p->n_running--;
	p->n_finished++;
	list_append(&p->finished, &w->node);
	tell_loop(p);
}

static void *thread_main(void *arg)
{
	struct work_pool *p = arg;

	pthread_setname_np(pthread_self(), p->name);
	if (p->thread_start)
		p->thread_start();
	pthread_mutex_lock(&p->lock);
	while (!p->stop) {
		if (list_empty(&p->queued))
			pthread_cond_wait(&p->wake, &p->lock);
		else
			run_one(p);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static struct work *take_finished(struct work_pool *p)
{
	struct work *w;

	pthread_mutex_lock(&p->lock);
	w = list_first(&p->finished, struct work, node);
	if (w)
		list_remove(&w->node);
	pthread_mutex_unlock(&p->lock);
	return w;
}

static int on_finished(unused sd_event_source *source, int fd, unused uint32_t events, void *arg)
{
	int64_t end_ns = now_ns() + TURN_NS;
	struct work_pool *p = arg;
	struct work *w;
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0)
		assert(errno == EAGAIN || errno == EINTR);
	while ((w = take_finished(p))) {
		w->done(w);
		if (now_ns() < end_ns)
			continue;
		tell_loop(p);
		break;
	}
	return 0;
}

/* A signal is the loop's business (signalfd): no thread may be picked for its delivery. */
static int start_threads(struct work_pool *p, unsigned threads, struct error *e)
{
	sigset_t all, before;
	int r = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (!r && p->n_threads < threads) {
		r = pthread_create(&p->threads[p->n_threads], NULL, thread_main, p);
		if (!r)
			p->n_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r ? error_set(e, r, "start a thread: %s", strerror(r)) : 0;
}

static int listen_in_loop(struct work_pool *p, struct error *e)
{
	int r;

	p->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->event_fd < 0)
		return error_sys(e, "create an eventfd");
	r = sd_event_add_io(p->loop, &p->source, p->event_fd, EPOLLIN, on_finished, p);
	return r < 0 ? error_set(e, -r, "watch an eventfd: %s", strerror(-r)) : 0;
}

static void free_cleanup_pool(struct work_pool **p)
{
	work_pool_free(*p);
}

int work_pool_new(sd_event *loop, const char *name, unsigned threads, void (*thread_start)(void),
		  struct work_pool **ret, struct error *e)
{
	cleanup(free_cleanup_pool) struct work_pool *p = xcalloc(1, sizeof(*p));
	int r;

	assert(threads > 0 && threads <= THREADS_MAX);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	list_init(&p->queued);
	list_init(&p->finished);
	p->name = name;
	p->thread_start = thread_start;
	p->loop = sd_event_ref(loop);
	p->event_fd = -EBADF;
	r = listen_in_loop(p, e);
	if (r < 0)
		return r;
	r = start_threads(p, threads, e);
	if (r < 0)
		return r;
	*ret = take_ptr(p);
	return 0;
}

static void cancel_all(struct list *ring)
{
	struct work *w;

	while ((w = list_first(ring, struct work, node))) {
		list_remove(&w->node);
		if (w->cancel)
			w->cancel(w);
	}
}

void work_pool_free(struct work_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n_threads; i++)
		pthread_join(p->threads[i], NULL);
	cancel_all(&p->finished);
	cancel_all(&p->queued);
	sd_event_source_disable_unref(p->source);
	sd_event_unref(p->loop);
	close_fd(&p->event_fd);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void work_submit(struct work_pool *p, struct work *w)
{
	assert(w->run && w->done);
	pthread_mutex_lock(&p->lock);
	assert(!p->stop);
	list_append(&p->queued, &w->node);
	p->n_queued++;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
}

struct work_counts work_counts(struct work_pool *p)
{
	struct work_counts ret;

	pthread_mutex_lock(&p->lock);
	ret = (struct work_counts){
		.queued = p->n_queued,
		.running = p->n_running,
		.finished = p->n_finished,
	};
	pthread_mutex_unlock(&p->lock);
	return ret;
}
