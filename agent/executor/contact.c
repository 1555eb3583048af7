/*
 * Facts, the record, and connections that come and go. An agent that does not know us says HELLO
 * before it says so, therefore a connection counts only once it has settled.
 */
#include "agent/executor/contact.h"

#include <stdio.h>

#include "agent/executor/record.h"
#include "lib/units.h"

/* Between two attempts. */
#define PAUSE_MIN_NS (100 * NSEC_PER_MSEC)
#define PAUSE_MAX_NS (1 * NSEC_PER_SEC)
/* At an agent that refuses us; shorter than what another one waits for our answer to a kill. */
#define PAUSE_REFUSED_MAX_NS (8 * NSEC_PER_SEC)
/* How long after its HELLO an agent may still refuse us. */
#define SETTLE_NS (1 * NSEC_PER_SEC)
/* For the agent to take the last message and close. */
#define FAREWELL_NS (1 * NSEC_PER_SEC)

static int64_t after(int64_t now, int64_t delay_ns)
{
	return delay_ns < NEVER - now ? now + delay_ns : NEVER;
}

static bool is_there(const struct contact *c)
{
	return c->greeted && !c->refused;
}

/* Nobody else will ever say what has become of the container. */
static bool needs_agent(const struct contact *c)
{
	return !c->durable && !c->taken && c->plan->recovery_timeout;
}

static void greet(struct contact *c)
{
	link_send(&c->link, COMMON_HELLO,
		  &(struct hello){ HELLO_OF(PEER_SUPERVISOR), .token = c->plan->token });
}

int contact_open(struct contact *c, struct error *e)
{
	int r = link_open(&c->link, c->plan->socket, true, e);

	if (r)
		return r;
	c->pause_ns = PAUSE_MIN_NS;
	c->retry_at = c->settle_at = c->give_up_at = NEVER;
	greet(c);
	return 0;
}

void contact_fini(struct contact *c)
{
	link_fini(&c->link);
	buf_fini(&c->facts);
	close_fd(&c->record);
}

/* On a full disk it goes without: then it stays until an agent knows how the container ended. */
int contact_keep_record(struct contact *c, struct error *e)
{
	struct error why;
	int r = c->plan->exit_record ? record_make(c->plan->exit_record, &c->record, &why) : 0;

	if (r == -ENOSPC || r == -EDQUOT) {
		dprintf(STDERR_FILENO, "mesos-executor: %s; going on without it\n", why.text);
		return 0;
	}
	if (r)
		*e = why;
	return r;
}

/* ---- facts ---- */

void contact_repeat(struct contact *c)
{
	link_add(&c->link, c->facts.data, c->facts.len);
}

/* Adds a line to the facts and returns it; it is good until the next one. */
static const char *add_fact(struct contact *c, enum message_type type, const void *body,
			    size_t *len)
{
	size_t start = c->facts.len;

	assert(!c->concluded);
	message_encode(&c->facts, type, NULL, NULL, body);
	*len = c->facts.len - start;
	return c->facts.data + start;
}

void contact_say(struct contact *c, enum message_type type, const void *body)
{
	size_t len;
	const char *line = add_fact(c, type, body, &len);

	if (c->greeted)
		link_add(&c->link, line, len);
}

void contact_conclude(struct contact *c, enum message_type type, const void *body)
{
	struct error e;
	size_t len;
	const char *line = add_fact(c, type, body, &len);

	c->concluded = true;
	if (c->record >= 0)
		c->durable = !record_write(c->record, c->plan->exit_record, line, len, &e);
	if (c->record >= 0 && !c->durable)
		dprintf(STDERR_FILENO, "mesos-executor: %s; only the agent is told\n", e.text);
	if (c->greeted)
		link_add(&c->link, line, len);
}

/* ---- the agent is there ---- */

void contact_greeted(struct contact *c)
{
	c->greeted = true;
	c->settle_at = after(now_ns(), SETTLE_NS);
	contact_repeat(c);
}

static void settle(struct contact *c)
{
	if (c->mourned)
		dprintf(STDERR_FILENO, "mesos-executor: the agent is back\n");
	c->mourned = c->refused = false;
	c->settle_at = c->give_up_at = NEVER;
	c->pause_ns = PAUSE_MIN_NS;
}

void contact_refused(struct contact *c, const char *text)
{
	if (!c->mourned || !c->complained)
		dprintf(STDERR_FILENO, "mesos-executor: the agent says: %s\n", text);
	c->complained = true;
	c->refused = c->settle_at != NEVER;
}

/* ---- the agent is gone ---- */

static void mourn(struct contact *c, const struct error *e)
{
	autobuf struct buf timeout = { 0 };

	if (c->mourned)
		return;
	c->mourned = true;
	c->complained = false;
	duration_print(c->plan->recovery_timeout, &timeout);
	if (c->plan->recovery_timeout)
		dprintf(STDERR_FILENO, "mesos-executor: %s; waiting %s for it to come back\n",
			e->text, buf_text(&timeout));
	else
		dprintf(STDERR_FILENO, "mesos-executor: %s; ending the container\n", e->text);
}

static void plan_retry(struct contact *c, int64_t now, int64_t pause_max_ns)
{
	int64_t pause_ns = MIN(c->pause_ns, pause_max_ns);

	c->retry_at = after(now, pause_ns);
	c->pause_ns = pause_ns * 2;
}

/* Who closes a Unix socket with something unread in it makes that an error, not an end. */
void contact_lost(struct contact *c, int why, const struct error *e)
{
	bool was_there = is_there(c), refused = c->refused;
	int64_t now = now_ns();

	c->taken = c->concluded && was_there && why == LINK_ENDED && !c->link.out.len;
	link_close(&c->link);
	c->greeted = c->refused = false;
	c->settle_at = NEVER;
	if (c->concluded && !needs_agent(c))
		return;
	if (was_there) {
		c->give_up_at = NEVER;
		c->pause_ns = PAUSE_MIN_NS;
	}
	if (c->give_up_at == NEVER)
		c->give_up_at = after(now, c->plan->recovery_timeout);
	if (c->plan->recovery_timeout)
		plan_retry(c, now, refused ? PAUSE_REFUSED_MAX_NS : PAUSE_MAX_NS);
	mourn(c, e);
}

static void dial(struct contact *c, int64_t now)
{
	struct error e;

	link_fini(&c->link);
	if (link_open(&c->link, c->plan->socket, false, &e)) {
		plan_retry(c, now, PAUSE_MAX_NS);
		return;
	}
	c->retry_at = NEVER;
	greet(c);
}

int64_t contact_next(const struct contact *c)
{
	int64_t at = MIN(c->retry_at, c->settle_at);

	return c->gave_up || is_there(c) ? at : MIN(at, c->give_up_at);
}

void contact_tick(struct contact *c, int64_t now)
{
	if (now >= c->settle_at)
		settle(c);
	if (now >= c->retry_at)
		dial(c, now);
}

bool contact_give_up(struct contact *c, int64_t now)
{
	if (c->gave_up || is_there(c) || now < c->give_up_at)
		return false;
	c->gave_up = true;
	return true;
}

int64_t contact_farewell(const struct contact *c, int64_t now)
{
	int64_t at = after(now, FAREWELL_NS);

	if (needs_agent(c))
		return MAX(at, MIN(c->give_up_at, after(now, c->plan->recovery_timeout)));
	return c->link.fd >= 0 ? at : now;
}
