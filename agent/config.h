/* What the flags mean for this agent: who it is, what it offers, where its directories are. */
#pragma once

#include "lib/error.h"

struct agent;

/* Checks the flags, makes the directories, takes work_dir for itself, finds what this node has. */
int agent_configure(struct agent *a, struct error *e);
