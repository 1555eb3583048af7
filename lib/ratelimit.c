/* Evenly spaced permits, on a clock that is passed in. */
#include "lib/ratelimit.h"

#include "lib/units.h"

static int parse(char *permits, const char *duration, int64_t *interval_ns, struct error *e)
{
	uint64_t n;
	int64_t ns;

	if (u64_parse(permits, &n, e) || duration_parse(duration, &ns, e))
		return -EINVAL;
	if (n == 0)
		return error_set(e, EINVAL, "the number must be greater than zero");
	if (ns == 0)
		return error_set(e, EINVAL, "the duration must be greater than zero");
	if (n > (uint64_t)ns)
		return error_set(e, EINVAL, "that is more than one each nanosecond");
	*interval_ns = ns / (int64_t)n;
	return 0;
}

int ratelimit_parse(const char *text, int64_t *interval_ns, struct error *e)
{
	const char *slash = strchr(text, '/');
	autofree char *permits = slash ? xstrndup(text, (size_t)(slash - text)) : NULL;
	struct error why;

	if (!slash)
		return error_set(e, EINVAL,
				 "'%s' is no rate of the form <number>/<duration>, as in 1/10mins",
				 text);
	if (parse(permits, slash + 1, interval_ns, &why))
		return error_set(e, EINVAL,
				 "'%s' is no rate of the form <number>/<duration>, as in 1/10mins "
				 "(%s)",
				 text, why.text);
	return 0;
}

void ratelimit_init(struct ratelimit *l, int64_t interval_ns)
{
	assert(interval_ns >= 0);
	*l = (struct ratelimit){ .interval_ns = interval_ns };
	list_init(&l->queue);
}

bool ratelimit_queued(const struct ratelimit_ticket *t)
{
	return t->node.next && !list_empty(&t->node);
}

void ratelimit_request(struct ratelimit *l, struct ratelimit_ticket *t)
{
	assert(!ratelimit_queued(t));
	list_append(&l->queue, &t->node);
	l->queued++;
}

void ratelimit_cancel(struct ratelimit *l, struct ratelimit_ticket *t)
{
	if (!ratelimit_queued(t))
		return;
	assert(l->queued > 0);
	list_remove(&t->node);
	l->queued--;
}

/* The next permit counts from when this one was taken, not from when it was due: no burst. */
struct ratelimit_ticket *ratelimit_grant(struct ratelimit *l, int64_t now)
{
	struct ratelimit_ticket *t = list_first(&l->queue, struct ratelimit_ticket, node);

	if (!t || l->paused || now < l->next_ns)
		return NULL;
	ratelimit_cancel(l, t);
	if (l->interval_ns)
		l->next_ns = now > INT64_MAX - l->interval_ns ? INT64_MAX : now + l->interval_ns;
	return t;
}

int64_t ratelimit_next(const struct ratelimit *l, int64_t now)
{
	if (l->paused || list_empty(&l->queue))
		return INT64_MAX;
	return MAX(l->next_ns, now);
}
