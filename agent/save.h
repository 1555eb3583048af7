/*
 * From state to rows. Each call writes what one thing is now, as part of the batch that the
 * store gathers; nothing here waits. forget_* delete the row of what is gone.
 */
#pragma once

#include "agent/frameworks.h"
#include "lib/updates.h"

struct agent;

void save_agent(struct agent *a);
void save_framework(const struct framework *f);
void save_executor(const struct executor *x);
void save_task(const struct task *t);
void save_update(struct agent *a, const struct update *u);
void forget_framework(const struct framework *f);
void forget_executor(const struct executor *x);
void forget_task(const struct task *t);
void forget_update(struct agent *a, const struct update *u);
