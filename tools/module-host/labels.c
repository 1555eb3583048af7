/* Labels as modules see them: a struct labels, which only grows within its bounds. */
#include "lib/labels.h"

#include "lib/utf8.h"
#include "mesos/module.h"

static struct labels *of(const struct mesos_labels *l)
{
	return (struct labels *)(uintptr_t)l;
}

size_t mesos_labels_count(const struct mesos_labels *l)
{
	return l ? of(l)->labels_count : 0;
}

static const struct label *at(const struct mesos_labels *l, size_t i)
{
	return i < mesos_labels_count(l) ? &of(l)->labels[i] : NULL;
}

const char *mesos_labels_key(const struct mesos_labels *l, size_t i)
{
	const struct label *label = at(l, i);

	return label ? label->key : NULL;
}

const char *mesos_labels_value(const struct mesos_labels *l, size_t i)
{
	const struct label *label = at(l, i);

	return label ? label->value : NULL;
}

size_t mesos_labels_find(const struct mesos_labels *l, const char *key)
{
	size_t i = 0;

	while (key && i < mesos_labels_count(l) && strcmp(of(l)->labels[i].key, key) != 0)
		i++;
	return key ? i : mesos_labels_count(l);
}

static int check_text(const struct labels *l, const char *key, const char *value)
{
	if (!l)
		return mesos_fail("there are no labels to change");
	if (!key || !*key || !utf8_valid(key) || (value && !utf8_valid(value)))
		return mesos_fail("a label has a key that is not empty, and both are UTF-8");
	return 0;
}

int mesos_labels_add(struct mesos_labels *l, const char *key, const char *value)
{
	struct labels *labels = of(l);
	struct error e;

	if (check_text(labels, key, value))
		return -1;
	if (labels_check(labels,
			 &(struct label){ .key = (char *)(uintptr_t)key,
					  .value = (char *)(uintptr_t)value },
			 &e))
		return mesos_fail("%s", e.text);
	labels->labels =
		xreallocarray(labels->labels, labels->labels_count + 1, sizeof(*labels->labels));
	labels->labels[labels->labels_count++] = (struct label){
		.key = xstrdup(key),
		.value = value ? xstrdup(value) : NULL,
	};
	return 0;
}

/* All with this key from the one at `from` on. */
static size_t remove_from(struct labels *l, size_t from, const char *key)
{
	size_t kept = from, count = l->labels_count;

	for (size_t i = from; i < count; i++) {
		if (strcmp(l->labels[i].key, key) != 0)
			l->labels[kept++] = l->labels[i];
		else
			schema_clear(label_schema(), &l->labels[i]);
	}
	l->labels_count = kept;
	return count - kept;
}

/* Another value, which may be of the very label that it is for. */
static int set_value(struct labels *l, struct label *of_it, const char *value)
{
	char *was = of_it->value;
	struct error e;

	of_it->value = value ? xstrdup(value) : NULL;
	if (!labels_check(l, NULL, &e)) {
		free(was);
		return 0;
	}
	free(of_it->value);
	of_it->value = was;
	return mesos_fail("%s", e.text);
}

int mesos_labels_set(struct mesos_labels *l, const char *key, const char *value)
{
	struct labels *labels = of(l);
	size_t i = mesos_labels_find(l, key);
	autofree char *wanted = key ? xstrdup(key) : NULL;

	if (i == mesos_labels_count(l))
		return mesos_labels_add(l, key, value);
	if (check_text(labels, key, value) || set_value(labels, &labels->labels[i], value))
		return -1;
	remove_from(labels, i + 1, wanted);
	return 0;
}

size_t mesos_labels_remove(struct mesos_labels *l, const char *key)
{
	autofree char *wanted = key ? xstrdup(key) : NULL;

	return l && wanted ? remove_from(of(l), 0, wanted) : 0;
}
