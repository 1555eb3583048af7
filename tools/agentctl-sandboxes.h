/* The sandboxes below a work_dir and their projects, as the directories themselves have them. */
#pragma once

#include "lib/quota.h"

struct sandbox {
	char *path; /* relative to work_dir */
	uint32_t project;
};
struct sandboxes {
	struct sandbox *list; /* by project */
	size_t count;
};

/* Those that belong to a project. No work_dir: none. */
int sandboxes_find(const char *work_dir, struct sandboxes *ret, struct error *e);
void sandboxes_fini(struct sandboxes *s);
/* The first of them with this project, NULL if there is none. */
const struct sandbox *sandboxes_of(const struct sandboxes *s, uint32_t project);
