/* Resources item by item, attributes by name; and the way out as a command that can be pasted. */
#include "agent/changes.h"

#include "agent/agent.h"
#include "agent/store.h"
#include "lib/attributes.h"

static bool listed(char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (str_equal(list[i], name))
			return true;
	return false;
}

/* The items of this name, in all roles. */
static void pick(const struct resources *from, const char *name, struct resources *ret)
{
	for (size_t i = 0; i < from->count; i++)
		if (str_equal(from->items[i].name, name))
			resources_add(ret,
				      &(struct resources){ .items = &from->items[i], .count = 1 });
}

/* What is detected has one role: --default_role, which may be another now. */
static bool same_role(const struct resources *a, const struct resources *b)
{
	return !a->count || !b->count || str_equal(a->items[0].role, b->items[0].role);
}

static void keep_detected(struct agent *a, const struct resources *old, const char *name)
{
	autoresources struct resources was = { 0 }, is = { 0 };

	pick(old, name, &was);
	pick(&a->total, name, &is);
	if (resources_contains(&is, &was) || !same_role(&is, &was))
		return;
	resources_subtract(&a->total, &is);
	resources_add(&a->total, &was);
	log_info("resources: less %s is detected than before, it goes on with what it had", name);
}

static void keep_all_detected(struct agent *a, const struct agent_row *before,
			      const struct resources *old)
{
	for (size_t i = 0; i < a->detected_count; i++)
		if (listed(before->detected, before->detected_count, a->detected[i]))
			keep_detected(a, old, a->detected[i]);
	for (size_t i = 0; i < a->info.resources_count; i++)
		schema_clear(resource_schema(), &a->info.resources[i]);
	free(a->info.resources);
	resources_to_wire(&a->total, &a->info.resources, &a->info.resources_count);
}

static bool has_attribute(const struct agent_info *info, const struct attribute *wanted)
{
	for (size_t i = 0; i < info->attributes_count; i++)
		if (schema_equal(attribute_schema(), wanted, &info->attributes[i]))
			return true;
	return false;
}

static bool quotes_needed(const char *word)
{
	return !*word || word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789-_=./:,+@%")];
}

static void add_word(const char *word, struct buf *out)
{
	if (!quotes_needed(word)) {
		buf_adds(out, word);
		return;
	}
	buf_addc(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *word);
	buf_addc(out, '\'');
}

/* How many words this is of the flag: "--recover=x", or "--recover" and "x". */
static unsigned words_of(char *const *at, const char *flag)
{
	size_t n = strlen(flag);

	if (!str_starts(*at, "--") || strncasecmp(*at + 2, flag, n))
		return 0;
	if ((*at)[2 + n] == '=')
		return 1;
	return (*at)[2 + n] ? 0 : at[1] ? 2 : 1;
}

/*
 * This agent's own command line, so that it finds the same store, with the --runtime_dir in which
 * what runs looks for it; without what it says of --recover, which is said once.
 */
static void add_command(char *const *words, const char *runtime_dir, struct buf *out)
{
	autofree char *where = xasprintf("--runtime_dir=%s", runtime_dir);
	unsigned skip;

	for (; *words; words += MAX(skip, 1)) {
		skip = words_of(words, "recover") + words_of(words, "runtime_dir");
		if (skip)
			continue;
		add_word(*words, out);
		buf_addc(out, ' ');
	}
	add_word(where, out);
	buf_adds(out, " --recover=cleanup");
}

/*
 * The command comes last, so that it is copied as it is; of what is long before it, the end is cut.
 */
static int refuse(const struct agent *a, const struct agent_row *before, const char *what,
		  const char *was, const char *is, struct error *e)
{
	const int most = (int)sizeof(e->text) / 4;
	autobuf struct buf command = { 0 };

	add_command(a->argv, before->runtime_dir ?: a->flags.runtime_dir, &command);
	return error_set(e, EINVAL,
			 "--%s: changed from %.*s to %.*s while this agent is registered; set it "
			 "back, or end what runs here and start afresh after: %s",
			 what, most, was, most, is, buf_text(&command));
}

static int check_resources(const struct agent *a, const struct agent_row *before,
			   const struct resources *old, struct error *e)
{
	autobuf struct buf was = { 0 }, is = { 0 };

	if (resources_contains(&a->total, old))
		return 0;
	resources_print(old, &was);
	resources_print(&a->total, &is);
	return refuse(a, before, "resources or --default_role", buf_text(&was), buf_text(&is), e);
}

static int check_attributes(const struct agent *a, const struct agent_row *before, struct error *e)
{
	autobuf struct buf was = { 0 }, is = { 0 };
	bool same = true;

	for (size_t i = 0; i < before->attributes_count; i++)
		same &= has_attribute(&a->info, &before->attributes[i]);
	if (same)
		return 0;
	attributes_add_view(before->attributes, before->attributes_count, &was);
	attributes_add_view(a->info.attributes, a->info.attributes_count, &is);
	return refuse(a, before, "attributes", buf_text(&was), buf_text(&is), e);
}

/* Executors look for their agent where it was. */
static int check_runtime_dir(const struct agent *a, const struct agent_row *before, struct error *e)
{
	if (!before->runtime_dir || str_equal(before->runtime_dir, a->flags.runtime_dir))
		return 0;
	return refuse(a, before, "runtime_dir", before->runtime_dir, a->flags.runtime_dir, e);
}

int changes_accept(struct agent *a, const struct agent_row *before, bool rebooted, struct error *e)
{
	autoresources struct resources old = { 0 };

	if (rebooted)
		return 0;
	if (resources_from_wire(before->resources, before->resources_count, &old, e))
		return error_wrap(e, "recover from %s", a->store_dir);
	keep_all_detected(a, before, &old);
	if (check_resources(a, before, &old, e) || check_attributes(a, before, e) ||
	    check_runtime_dir(a, before, e))
		return -EINVAL;
	return 0;
}
