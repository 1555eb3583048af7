/* Updates that the master made: stored, sent, sent again until they are acknowledged. */
#include "master/updates.h"

#include "lib/ids.h"
#include "lib/log.h"
#include "lib/timer.h"
#include "master/frameworks.h"
#include "master/registry.h"

/* A framework that has so much to read gets no more: what it misses is sent again later. */
#define QUEUED_MAX_BYTES (16 * MIB)
/* What may wait for a framework, however many frameworks share. */
#define SHARE_MIN_BYTES (64 * KIB)

static void on_gone(const struct update *u, void *ctx)
{
	struct framework *f = framework_find(ctx, u->body->framework_id);

	if (f) /* else it was removed, and takes them along */
		f->updates_bytes -= u->bytes;
	registry_delete_update(ctx, u->sequence);
}

void master_updates_start(struct master *m)
{
	updates_init(&m->updates, m->flags->status_update_retry_interval_min,
		     m->flags->status_update_retry_interval_max);
	m->updates.ids_are_reused = true;
	m->updates.gone = on_gone;
	m->updates.ctx = m;
}

void master_updates_stop(struct master *m)
{
	m->update_timer = sd_event_source_disable_unref(m->update_timer);
	updates_fini(&m->updates);
}

static void send_update(const struct status_update *body, void *ctx)
{
	struct framework *f = framework_find(ctx, body->framework_id);

	if (!f || !f->peer || stream_queued(peer_stream(f->peer)) > QUEUED_MAX_BYTES)
		return;
	framework_send(f, EVENT_UPDATE, &(struct event_update){ .status = body->status });
}

static int on_update_timer(sd_event_source *s unused, uint64_t now unused, void *arg)
{
	struct master *m = arg;
	int64_t next;

	updates_run(&m->updates, now_ns(), send_update, m);
	next = updates_next(&m->updates);
	if (next == INT64_MAX)
		m->update_timer = sd_event_source_disable_unref(m->update_timer);
	else
		timer_set(m->loop, &m->update_timer, next - now_ns(), on_update_timer, m);
	return 0;
}

/* As if the timer had gone off: something became due. */
static void run(struct master *m)
{
	on_update_timer(NULL, 0, m);
}

static void send_once(struct framework *f, const struct task_status *status)
{
	f->master->metrics.updates_dropped += 1;
	log_warning_often("task %s: %s is told once and not kept, as too many status updates wait "
			  "for an acknowledgement framework=%s",
			  status->task_id, enum_name(task_state_values, (int)status->state),
			  f->info->id);
	framework_send(f, EVENT_UPDATE, &(struct event_update){ .status = (void *)status });
}

void master_update(struct framework *f, const struct task_status *status)
{
	struct task_status with_uuid = *status;
	struct status_update body = { .framework_id = f->info->id, .status = &with_uuid };
	struct master *m = f->master;
	const struct update *u;

	uuid_new(with_uuid.uuid);
	with_uuid.has_uuid = true;
	u = updates_add(&m->updates, schema_copy(status_update_schema(), &body), registry_batch(m),
			now_ns());
	f->updates_bytes += u->bytes;
	registry_put_update(m, u);
}

bool master_updates_too_many(const struct framework *f)
{
	unsigned frameworks = HASH_COUNT(f->master->frameworks);
	size_t share = UPDATES_MAX_BYTES / MAX(frameworks, 1U);

	return f->updates_bytes > MAX(share, (size_t)SHARE_MIN_BYTES);
}

void master_update_refusal(struct framework *f, const struct task_status *status)
{
	if (master_updates_too_many(f))
		send_once(f, status);
	else
		master_update(f, status);
}

void master_updates_written(struct master *m, uint64_t batch)
{
	updates_written(&m->updates, batch, now_ns(), NULL, NULL);
	run(m);
}

void master_updates_restore(struct master *m, struct status_update *body, uint64_t sequence)
{
	struct framework *f = framework_find(m, body->framework_id);

	updates_restore(&m->updates, body, sequence, now_ns());
	if (f)
		f->updates_bytes += updates_bytes(body);
}

bool master_updates_acknowledge(struct framework *f, const char *task_id, const uint8_t uuid[16])
{
	struct master *m = f->master;

	if (updates_acknowledge(&m->updates, f->info->id, task_id, uuid, now_ns()) ==
	    UPDATE_UNEXPECTED)
		return false;
	run(m);
	return true;
}

void master_updates_resume(struct framework *f)
{
	updates_resume_framework(&f->master->updates, f->info->id, now_ns());
	run(f->master);
}

void master_updates_forget(struct framework *f)
{
	updates_forget(&f->master->updates, f->info->id);
	run(f->master);
}
