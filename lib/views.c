/* The tables of views.def, and what their raw members are made of. */
#include "lib/views.h"

#include "lib/schema-tables.h"
#include "lib/views.def"
#include "lib/schema-end.h"

static bool has_bit(const struct field *f)
{
	return f->kind == &kind_number || f->kind == &kind_boolean || f->kind == &kind_u64 ||
	       f->kind == &kind_enum;
}

void view_encode(const struct schema *s, void *view, struct buf *out)
{
	for (const struct field *f = s->fields; f->name; f++) {
		if (f->required && has_bit(f))
			((bool *)view)[f->aux] = true;
		assert(!f->required || f->kind->present(f, view));
	}
	schema_encode(s, view, out);
}

void view_open(struct buf *out)
{
	buf_addc(out, '[');
}

void view_item(struct buf *out)
{
	assert(out->len);
	if (out->data[out->len - 1] != '[')
		buf_addc(out, ',');
}

void view_close(struct buf *out)
{
	buf_addc(out, ']');
}

bool view_empty(const struct buf *list)
{
	return list->len == strlen("[]");
}

void view_add_labels(const struct labels *labels, struct buf *out)
{
	view_open(out);
	for (size_t i = 0; labels && i < labels->labels_count; i++) {
		view_item(out);
		schema_encode(label_schema(), &labels->labels[i], out);
	}
	view_close(out);
}

void view_add_statuses(const struct task_status *list, size_t count, struct buf *out)
{
	view_open(out);
	for (size_t i = 0; i < count; i++) {
		struct status_view v = { .state = list[i].state, .timestamp = list[i].timestamp };
		autobuf struct buf labels = { 0 };

		view_add_labels(list[i].labels, &labels);
		v.labels = list[i].labels ? buf_text(&labels) : NULL;
		view_item(out);
		view_encode(status_view_schema(), &v, out);
	}
	view_close(out);
}
