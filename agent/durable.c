/* The store is opened, and told what to do when it has written, is full, or finds nonsense. */
#include "agent/durable.h"

#include "agent/agent.h"
#include "agent/executors.h"
#include "agent/master.h"
#include "agent/save.h"
#include "agent/settings.h"
#include "agent/status_hooks.h"
#include "agent/store.h"
#include "lib/fs.h"
#include "lib/log.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static int read_boot_id(struct agent *a, struct error *e)
{
	autobuf struct buf text = { 0 };

	if (fs_read(BOOT_ID, 64, &text, e))
		return -e->code;
	buf_text(&text);
	text.data[strcspn(text.data, "\n")] = '\0';
	a->boot_id = xstrdup(text.data);
	return 0;
}

static void on_update_written(const struct update *u, void *ctx)
{
	executor_update_written(ctx, u);
}

static void on_written(void *ctx)
{
	struct agent *a = ctx;

	updates_written(&a->updates, store_written(a->store), now_ns(), on_update_written, a);
	agent_pump_updates(a);
}

static void on_full_changed(void *ctx)
{
	struct agent *a = ctx;

	places_say_store(a);
	if (store_full(a->store))
		settings_store_full(a);
	if (a->master)
		master_tell_availability(a->master);
}

static void on_left_out(const struct error *why, void *ctx)
{
	struct agent *a = ctx;

	log_error("recovery: left out: %s", why->text);
	a->metrics.recovery_errors++;
}

static void on_update_gone(const struct update *u, void *ctx)
{
	status_hooks_gone(u);
	forget_update(ctx, u);
}

/* The log without its file is as bad as the file without its log. */
char *agent_fresh_store(const struct agent *a)
{
	return xasprintf("move all its files away together (mv %s/agent.db* \"$(mktemp -d "
			 "%s.old-XXXXXX)\") and start again; what runs here then ends by itself "
			 "after the --recovery_timeout that it was started with",
			 a->flags.store_dir, a->flags.store_dir);
}

int agent_open_store(struct agent *a, struct error *e)
{
	autofree char *fresh = agent_fresh_store(a);
	struct store_options o = {
		.loop = a->loop,
		.schema = &agent_store_schema,
		.dir = a->flags.store_dir,
		.fresh = fresh,
		.reserve_bytes = a->flags.store_reserve,
		.written = on_written,
		.full_changed = on_full_changed,
		.left_out = a->flags.strict ? NULL : on_left_out,
		.ctx = a,
	};

	a->store_dir = xstrdup(a->flags.store_dir);
	a->records_dir = path_join(a->store_dir, "exits");
	if (read_boot_id(a, e))
		return -e->code;
	if (store_open(&o, &a->store, e) || fs_mkdirs(a->records_dir, 0700, e))
		return error_wrap(e, "--store_dir");
	return 0;
}

void agent_set_up_updates(struct agent *a)
{
	updates_init(&a->updates, a->flags.status_update_retry_interval_min,
		     a->flags.status_update_retry_interval_max);
	a->updates.gone = on_update_gone;
	a->updates.ctx = a;
}
