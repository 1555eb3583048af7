/* Lines of mountinfo: numbers, paths with octal escapes, options of two kinds around a hyphen. */
#include "lib/mounts.h"

#include <stdio.h>

#include "lib/fs.h"

#define TABLE "/proc/self/mountinfo"
/* Of each mount a line of some hundred bytes; the kernel has 100000 (fs.mount-max) at most. */
#define TABLE_MAX (16 * MIB)
/* "id parent major:minor root target options", others, "-", "type source options" */
#define FIELDS_MIN 6

struct line {
	char *id, *device, *root, *target, *options, *type, *source, *super_options;
};

/* \040 is a space, \011 a tab, \012 a newline, \134 a backslash. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *s = text; *s; to++)
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*to = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to = *s++;
		}
	*to = '\0';
}

/* The next word of *rest, NULL at its end. */
static char *word(char **rest)
{
	return strsep(rest, " ");
}

static bool parse(char *text, struct line *ret)
{
	char *fields[FIELDS_MIN], *w, *rest = text;

	for (size_t i = 0; i < FIELDS_MIN; i++)
		if (!(fields[i] = word(&rest)))
			return false;
	do {
		w = word(&rest);
	} while (w && strcmp(w, "-") != 0);
	*ret = (struct line){
		.id = fields[0],
		.device = fields[2],
		.root = fields[3],
		.target = fields[4],
		.options = fields[5],
		.type = word(&rest),
		.source = word(&rest),
		.super_options = word(&rest),
	};
	if (!ret->type || !ret->source || !ret->super_options)
		return false;
	unescape(ret->root);
	unescape(ret->target);
	unescape(ret->source);
	return true;
}

static int each_line(bool (*fn)(const struct line *l, void *ctx), void *ctx, struct error *e)
{
	autobuf struct buf text = { 0 };
	int r = fs_read(TABLE, TABLE_MAX, &text, e);
	char *rest, *line;
	bool more = true;

	if (r)
		return r;
	rest = buf_text(&text);
	while (more && (line = strsep(&rest, "\n"))) {
		struct line l;

		more = !parse(line, &l) || fn(&l, ctx);
	}
	return 0;
}

/* ---- one ---- */

/* The id of the mount that a descriptor was opened through, as text; "-1" if it is not told. */
static int id_of(int fd, char *ret, size_t size, struct error *e)
{
	autofree char *path = xasprintf("/proc/self/fdinfo/%d", fd);
	autobuf struct buf text = { 0 };
	int r = fs_read(path, TABLE_MAX, &text, e);
	const char *at = r ? NULL : strstr(buf_text(&text), "mnt_id:");

	if (r)
		return r;
	snprintf(ret, size, "%d", at ? (int)strtol(at + strlen("mnt_id:"), NULL, 10) : -1);
	return 0;
}

struct search {
	char id[16];
	char device[32];
	struct mount *found;
};

static bool has_option(const char *options, const char *wanted)
{
	size_t n = strlen(wanted);

	for (const char *o = options; o; o = strchr(o, ',') ? strchr(o, ',') + 1 : NULL)
		if (!strncmp(o, wanted, n) && (o[n] == ',' || !o[n]))
			return true;
	return false;
}

static bool take_if_it(const struct line *l, void *ctx)
{
	struct search *s = ctx;

	if (strcmp(l->id, s->id) != 0)
		return true;
	snprintf(s->device, sizeof(s->device), "%s", l->device);
	*s->found = (struct mount){
		.source = xstrdup(l->source),
		.target = xstrdup(l->target),
		.type = xstrdup(l->type),
		.root = xstrdup(l->root),
		.read_only = has_option(l->options, "ro") || has_option(l->super_options, "ro"),
	};
	return false;
}

static bool count_if_same(const struct line *l, void *ctx)
{
	struct search *s = ctx;

	if (strcmp(l->device, s->device) != 0)
		return true;
	s->found->copies++;
	if (!strcmp(l->root, "/") && !str_equal(s->found->whole, "/"))
		replace_str(&s->found->whole, l->target);
	return true;
}

int mount_of(int fd, struct mount *ret, struct error *e)
{
	struct mount m = { 0 };
	struct search s = { .found = &m };
	int r = id_of(fd, s.id, sizeof(s.id), e);

	if (!r)
		r = each_line(take_if_it, &s, e);
	if (!r && !m.target)
		r = error_set(e, ENOENT, "its mount is not visible from here");
	if (!r)
		r = each_line(count_if_same, &s, e);
	if (r)
		mount_fini(&m);
	else
		*ret = m;
	return r;
}

void mount_fini(struct mount *m)
{
	free(m->source);
	free(m->target);
	free(m->type);
	free(m->root);
	free(m->whole);
	*m = (struct mount){ 0 };
}

/* ---- below ---- */

struct below {
	const char *dir;
	void (*found)(const char *below, void *ctx);
	void *ctx;
};

static bool tell_if_below(const struct line *l, void *ctx)
{
	const struct below *b = ctx;
	size_t n = strcmp(b->dir, "/") ? strlen(b->dir) : 0;

	if (!strncmp(l->target, b->dir, n) && l->target[n] == '/' && l->target[n + 1])
		b->found(l->target + n + 1, b->ctx);
	return true;
}

int mounts_below(const char *dir, void (*found)(const char *below, void *ctx), void *ctx,
		 struct error *e)
{
	struct below b = { dir, found, ctx };

	return each_line(tell_if_below, &b, e);
}
