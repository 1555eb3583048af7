/* The allocator's decisions as OFFERS events, their time-out, RESCIND. */
#include "master/offers.h"

#include <sys/random.h>

#include "lib/hooks.h"
#include "lib/log.h"
#include "lib/timer.h"
#include "master/frameworks.h"

/* So many offers in one event: a line stays far below what a peer takes. */
#define OFFERS_PER_EVENT 100

/* What a pass of the allocator made, to be sent when it is over. */
struct pass {
	struct master *master;
	struct framework **frameworks;
	size_t count;
};

struct offered *offer_find(const struct master *m, const char *id)
{
	struct offered *o;

	HASH_FIND_STR(m->offers, id, o);
	return o;
}

void offer_free(struct offered *o)
{
	HASH_DEL(o->framework->master->offers, o);
	list_remove(&o->framework_node);
	list_remove(&o->agent_node);
	list_remove(&o->age_node);
	resources_fini(&o->resources);
	free(o);
}

void offer_return(struct offered *o, int64_t refuse_ns)
{
	allocator_recover(o->framework->master->allocator, o->framework->share, o->agent->pool,
			  &o->resources, refuse_ns, now_ns());
	offer_free(o);
}

static void rescind(struct offered *o)
{
	framework_send(o->framework, EVENT_RESCIND, &(struct event_rescind){ .offer_id = o->id });
	offer_return(o, 0);
}

void offers_rescind_agent(struct agent *a)
{
	struct offered *o;

	list_for_each(o, &a->offers, agent_node)
		rescind(o);
}

void offers_rescind_framework(struct framework *f)
{
	struct offered *o;

	list_for_each(o, &f->offers, framework_node)
		rescind(o);
}

void offers_drop_framework(struct framework *f)
{
	struct offered *o;

	list_for_each(o, &f->offers, framework_node)
		offer_return(o, 0);
}

static int on_offer_timer(sd_event_source *s unused, uint64_t now unused, void *arg)
{
	struct master *m = arg;
	struct offered *o;

	while ((o = list_first(&m->offers_by_age, struct offered, age_node)) &&
	       o->expires_ns <= now_ns()) {
		log_info("offer %s: rescinded after its time framework=%s", o->id,
			 o->framework->info->id);
		rescind(o);
	}
	if (o)
		timer_set(m->loop, &m->offer_timer, MAX(o->expires_ns - now_ns(), 0),
			  on_offer_timer, m);
	else
		m->offer_timer = sd_event_source_disable_unref(m->offer_timer);
	return 0;
}

static void expire_later(struct master *m, struct offered *o)
{
	if (!m->flags->has_offer_timeout)
		return;
	o->expires_ns = now_ns() + m->flags->offer_timeout;
	if (!m->offer_timer)
		timer_set(m->loop, &m->offer_timer, m->flags->offer_timeout, on_offer_timer, m);
}

/* Frameworks come into the pass with their first offer that is not sent yet. */
static void add_to_pass(struct pass *p, struct framework *f)
{
	if (!list_empty(&f->offers) &&
	    !list_entry(f->offers.prev, struct offered, framework_node)->sent)
		return;
	p->frameworks = xreallocarray(p->frameworks, p->count + 1, sizeof(*p->frameworks));
	p->frameworks[p->count++] = f;
}

static void on_offer(void *ctx, void *framework_owner, void *agent_owner,
		     const struct resources *resources)
{
	struct framework *f = framework_owner;
	struct agent *a = agent_owner;
	struct pass *p = ctx;
	struct master *m = p->master;
	autofree char *id = xasprintf("%s-O%llu", m->id, (unsigned long long)m->next_offer++);
	size_t n = strlen(id);
	struct offered *o = xcalloc(1, sizeof(*o) + n + 1);

	assert(f->peer && a->active);
	memcpy(o->id, id, n + 1);
	o->framework = f;
	o->agent = a;
	resources_copy(&o->resources, resources);
	add_to_pass(p, f);
	list_append(&f->offers, &o->framework_node);
	list_append(&a->offers, &o->agent_node);
	list_append(&m->offers_by_age, &o->age_node);
	HASH_ADD_KEYPTR(hh, m->offers, o->id, n, o);
	expire_later(m, o);
}

/* An offer on the wire, with what its record points to. */
struct wire {
	struct offer offer;
	struct url url;
	struct address address;
};

static void add_executors(const struct offered *o, struct offer *w)
{
	struct executor *x;

	list_for_each(x, &o->agent->executors, node) {
		if (x->framework != o->framework)
			continue;
		w->executor_ids = xreallocarray(w->executor_ids, w->executor_ids_count + 1,
						sizeof(*w->executor_ids));
		w->executor_ids[w->executor_ids_count++] = x->info->executor_id;
	}
}

static void fill_wire(struct wire *w, struct offered *o)
{
	struct agent_info *info = o->agent->info;

	w->address = (struct address){
		.hostname = info->hostname,
		.ip = info->ip,
		.port = info->port,
		.has_port = info->has_port,
	};
	w->url = (struct url){ .scheme = "http", .address = &w->address, .path = "/slave(1)" };
	w->offer = (struct offer){
		.id = o->id,
		.framework_id = o->framework->info->id,
		.agent_id = info->id,
		.hostname = info->hostname,
		.url = &w->url,
		.attributes = info->attributes,
		.attributes_count = info->attributes_count,
	};
	resources_to_wire(&o->resources, &w->offer.resources, &w->offer.resources_count);
	add_executors(o, &w->offer);
}

/* Most of the record is borrowed. */
static void free_offer(struct offer *w)
{
	for (size_t i = 0; i < w->resources_count; i++)
		schema_clear(resource_schema(), &w->resources[i]);
	free(w->resources);
	free(w->executor_ids);
}

static void send_event(struct framework *f, struct offer *list, size_t n)
{
	struct event_offers event = { .offers = list, .offers_count = n };

	if (!n)
		return;
	framework_send(f, EVENT_OFFERS, &event);
	for (size_t i = 0; i < n; i++)
		free_offer(&list[i]);
}

static void send_unsent(struct framework *f)
{
	struct offer list[OFFERS_PER_EVENT];
	struct wire wires[OFFERS_PER_EVENT];
	struct offered *o;
	size_t n = 0;

	list_for_each(o, &f->offers, framework_node) {
		if (o->sent)
			continue;
		o->sent = true;
		fill_wire(&wires[n], o);
		list[n] = wires[n].offer;
		if (++n == OFFERS_PER_EVENT) {
			send_event(f, list, n);
			n = 0;
		}
	}
	send_event(f, list, n);
}

static void send_pass(struct pass *p)
{
	for (size_t i = 0; i < p->count; i++)
		send_unsent(p->frameworks[i]);
	free(p->frameworks);
}

/* Who could launch nothing would try again and again. */
static void run(struct master *m)
{
	struct pass p = { .master = m };

	if (hooks_missing(m->hooks))
		return;
	allocator_run(m->allocator, now_ns(), on_offer, &p);
	send_pass(&p);
}

void offers_run_agent(struct agent *a)
{
	struct pass p = { .master = a->master };

	if (hooks_missing(a->master->hooks))
		return;
	allocator_run_agent(a->master->allocator, a->pool, now_ns(), on_offer, &p);
	send_pass(&p);
}

static int on_soon(sd_event_source *s unused, void *arg)
{
	run(arg);
	return 0;
}

void offers_soon(struct master *m)
{
	sd_event_source_set_enabled(m->allocation_soon, SD_EVENT_ONESHOT);
}

static int on_allocation_timer(sd_event_source *s unused, uint64_t now unused, void *arg)
{
	struct master *m = arg;

	run(m);
	timer_set(m->loop, &m->allocation_timer, m->flags->allocation_interval, on_allocation_timer,
		  m);
	return 0;
}

void offers_start(struct master *m)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) < 0)
		seed = (uint64_t)now_ns();
	list_init(&m->offers_by_age);
	m->allocator = allocator_new(seed);
	for (size_t i = 0; i < m->roles.count; i++)
		allocator_set_weight(m->allocator, m->roles.list[i].name, m->roles.list[i].weight);
	if (sd_event_add_defer(m->loop, &m->allocation_soon, on_soon, m) < 0)
		abort(); /* out of memory */
	sd_event_source_set_priority(m->allocation_soon, SD_EVENT_PRIORITY_IDLE);
	sd_event_source_set_enabled(m->allocation_soon, SD_EVENT_OFF);
	on_allocation_timer(NULL, 0, m);
}

void offers_stop(struct master *m)
{
	sd_event_source_disable_unref(m->allocation_timer);
	sd_event_source_disable_unref(m->allocation_soon);
	sd_event_source_disable_unref(m->offer_timer);
	allocator_free(m->allocator);
}
