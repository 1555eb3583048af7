/* Records to rows. */
#include "tools/agentctl-view.h"

#include "tools/cells.h"
#include "tools/terminal.h"

/* ---- status ---- */

static void add_line(struct table *t, const char *name, char *value)
{
	table_add(t, xstrdup(name), NULL);
	table_add(t, value, NULL);
}

void view_status(const struct answer_status *a, struct buf *out)
{
	static const struct column columns[] = { { .title = "NAME" }, { .title = "VALUE" } };
	autotable struct table t = { .columns = columns, .width = ARRAY_SIZE(columns) };

	add_line(&t, "id", cell_text(a->agent_id));
	add_line(&t, "version", cell_text(a->version));
	add_line(&t, "pid", cell_number(true, a->pid));
	add_line(&t, "up", cell_age(a->uptime_seconds));
	add_line(&t, "hostname", cell_text(a->hostname));
	add_line(&t, "address", cell_text(a->address));
	add_line(&t, "master",
		 xasprintf("%s (%s)", *a->master ? a->master : "-",
			   a->registered ? "registered" : "not registered"));
	add_line(&t, "work_dir", cell_text(a->work_dir));
	add_line(&t, "isolation", cell_text(a->isolation));
	add_line(&t, "disk quota",
		 xstrdup(a->enforce_container_disk_quota ? "enforced" : "measured only"));
	add_line(&t, "resources", cell_text(a->resources));
	add_line(&t, "used", cell_text(a->used_resources));
	add_line(&t, "containers", cell_number(true, a->containers));
	add_line(&t, "tasks", cell_number(true, a->tasks));
	table_print(&t, out);
}

/* ---- containers ---- */

static void add_container(struct table *t, const struct container_state *c, int id_width,
			  double now)
{
	table_add(t, cell_id(c->container_id, id_width), NULL);
	table_add(t, cell_list(c->task_ids, c->task_ids_count), NULL);
	table_add(t, xstrdup(c->framework_id), NULL);
	table_add(t, xstrdup(c->state), NULL);
	table_add(t, cell_number(c->has_pid, c->pid), NULL);
	table_add(t, cell_text(c->user), NULL);
	table_add(t, cell_age(now - c->started), NULL);
	table_add(t, cell_text(c->resources), NULL);
	table_add(t, xstrdup(c->sandbox), NULL);
}

void view_containers(const struct answer_containers *a, double now, struct buf *out)
{
	static const struct column columns[] = {
		{ .title = "CONTAINER" },
		{ .title = "TASK" },
		{ .title = "FRAMEWORK" },
		{ .title = "STATE" },
		{ .title = "PID", .right = true },
		{ .title = "USER" },
		{ .title = "AGE", .right = true },
		{ .title = "RESOURCES" },
		{ .title = "SANDBOX" },
	};
	autotable struct table t = { .columns = columns, .width = ARRAY_SIZE(columns) };
	const char **ids = xcalloc(a->containers_count, sizeof(*ids));
	int id_width;

	for (size_t i = 0; i < a->containers_count; i++)
		ids[i] = a->containers[i].container_id;
	id_width = cell_id_width(ids, a->containers_count);
	for (size_t i = 0; i < a->containers_count; i++)
		add_container(&t, &a->containers[i], id_width, now);
	table_print(&t, out);
}

/* ---- modules ---- */

static char *parameters_cell(const struct module_state *s)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < s->parameters_count; i++)
		buf_addf(&text, "%s%s=%s", i ? ", " : "", s->parameters[i].key,
			 s->parameters[i].value);
	if (!s->parameters_count)
		buf_addc(&text, '-');
	return buf_take(&text);
}

static void add_module(struct table *t, const struct module_state *s)
{
	const struct module_description *d = s->module;

	table_add(t, xstrdup(d->name), NULL);
	table_add(t, xstrdup(d->kind), NULL);
	table_add(t, xstrdup(s->state), NULL);
	table_add(t, cell_number(s->has_host_pid, s->host_pid), NULL);
	table_add(t, cell_number(true, s->host_restarts), NULL);
	table_add(t, xasprintf("%s <%s>", d->author_name, d->author_email), NULL);
	table_add(t, xstrdup(d->library), NULL);
	table_add(t, parameters_cell(s), NULL);
}

void view_modules(const struct answer_modules *a, struct buf *out)
{
	static const struct column columns[] = {
		{ .title = "MODULE" },
		{ .title = "KIND" },
		{ .title = "STATE" },
		{ .title = "PID", .right = true },
		{ .title = "RESTARTS", .right = true },
		{ .title = "AUTHOR" },
		{ .title = "LIBRARY" },
		{ .title = "PARAMETERS" },
	};
	autotable struct table t = { .columns = columns, .width = ARRAY_SIZE(columns) };

	for (size_t i = 0; i < a->modules_count; i++)
		add_module(&t, &a->modules[i]);
	table_print(&t, out);
}
