/* --resources and --attributes from any bytes: text, wire and arithmetic agree. */
#include "lib/attributes.h"
#include "lib/resources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_print(const struct resources *r)
{
	autoresources struct resources again = { 0 };
	autobuf struct buf text = { 0 };
	struct error e;

	resources_print(r, &text);
	if (resources_parse(buf_text(&text), "*", &again, &e))
		abort();
	assert(resources_equal(r, &again));
}

static void check_wire(const struct resources *r)
{
	autoresources struct resources again = { 0 };
	struct offer o = { 0 };
	struct error e;

	resources_to_wire(r, &o.resources, &o.resources_count);
	if (resources_from_wire(o.resources, o.resources_count, &again, &e))
		abort();
	assert(resources_equal(r, &again));
	schema_clear(offer_schema(), &o);
}

static void check_view(const struct resources *r)
{
	autobuf struct buf view = { 0 };
	json_t *json;

	resources_add_view(r, &view);
	json = json_loadb(view.data, view.len, JSON_REJECT_DUPLICATES, NULL);
	/* Names are the operator's; only those in UTF-8 can be JSON. */
	for (size_t i = 0; i < view.len && !json; i++)
		if (view.data[i] & 0x80)
			return;
	assert(json_is_object(json));
	json_decref(json);
}

static void check_arithmetic(const struct resources *a, const struct resources *b)
{
	autoresources struct resources sum = { 0 };
	autoresources struct resources common = { 0 };
	autoresources struct resources rest = { 0 };
	autoresources struct resources none = { 0 };

	resources_copy(&sum, a);
	resources_add(&sum, b);
	assert(resources_contains(&sum, a) && resources_contains(&sum, b));
	resources_intersect(a, b, &common);
	assert(resources_contains(a, &common) && resources_contains(b, &common));
	resources_copy(&rest, a);
	resources_subtract(&rest, &common);
	assert(resources_equal(&common, a) == resources_empty(&rest));
	resources_add(&rest, &common);
	assert(resources_equal(&rest, a));
	if (resources_find(a, b, "r", &none))
		assert(resources_contains(a, &none));
}

static void check_attributes(const char *text)
{
	struct agent_info info = { 0 };
	autobuf struct buf view = { 0 };
	struct error e;

	if (attributes_parse(text, &info.attributes, &info.attributes_count, &e))
		return;
	attributes_add_view(info.attributes, info.attributes_count, &view);
	schema_clear(agent_info_schema(), &info);
}

/* The text up to a '|' and the text behind it are the operands. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xstrndup((const char *)data, size);
	autoresources struct resources a = { 0 };
	autoresources struct resources b = { 0 };
	char *bar = strchr(text, '|');
	struct error e;

	check_attributes(text);
	if (bar)
		*bar = '\0';
	if (resources_parse(text, "*", &a, &e) || (bar && resources_parse(bar + 1, "r", &b, &e)))
		return 0;
	check_print(&a);
	check_wire(&a);
	check_view(&a);
	check_arithmetic(&a, &b);
	return 0;
}
