/* projid(5) has lines "name:5000", projects(5) "5000:/path". */
#include "lib/project_names.h"

#include "lib/fs.h"
#include "lib/quota.h"

/* For a line of some fifty bytes each these are more projects than anybody names by hand. */
#define FILE_MAX (16 * MIB)

static const struct names {
	const char *path;
	bool number_first;
} files[] = {
	{ .path = "/etc/projid" },
	{ .path = "/etc/projects", .number_first = true },
};

/* PROJECT_NONE if there is none. */
static uint32_t id_of_line(const char *line, bool number_first)
{
	const char *colon = strchr(line, ':');
	unsigned long long id;
	char *end;

	if (!colon || *line == '#')
		return PROJECT_NONE;
	id = strtoull(number_first ? line : colon + 1, &end, 10);
	return id <= PROJECT_MAX && (!number_first || end == colon) ? (uint32_t)id : PROJECT_NONE;
}

/* How many are of the range. */
static unsigned mark(struct project_ids *p, char *text, bool number_first, uint32_t *example)
{
	unsigned count = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		uint32_t id = id_of_line(line, number_first);

		if (id == PROJECT_NONE)
			continue;
		if (project_ids_in_range(p, id) && !count++)
			*example = id;
		if (project_ids_use(p, id) == PROJECT_FREE)
			project_ids_restore(p, id, PROJECT_FOREIGN, NULL);
	}
	return count;
}

int project_names_reserve(struct project_ids *p,
			  void (*found)(const char *path, unsigned count, uint32_t example,
					void *ctx),
			  void *ctx, struct error *e)
{
	for (const struct names *f = files; f < files + ARRAY_SIZE(files); f++) {
		autobuf struct buf text = { 0 };
		uint32_t example = PROJECT_NONE;
		unsigned count;

		if (access(f->path, F_OK) && errno == ENOENT)
			continue;
		if (fs_read(f->path, FILE_MAX, &text, e))
			return error_wrap(e, "ids of others");
		count = mark(p, buf_text(&text), f->number_first, &example);
		if (count && found)
			found(f->path, count, example, ctx);
	}
	return 0;
}
