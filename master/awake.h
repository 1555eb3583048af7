/*
 * A clock that stands while we do: a process that was stopped (SIGSTOP, a paused virtual
 * machine, a long stall) finds it where it was, and after that it stands for a grace still,
 * in which others are heard again. What is held against somebody's silence is measured on it.
 * Pure: the time is an argument, monotonic.
 */
#pragma once

#include "lib/base.h"

/* How often awake_note() is called at least, and from when on we stood still if it was not. */
#define AWAKE_BEAT_NS  NSEC_PER_SEC
#define AWAKE_STILL_NS (2 * NSEC_PER_SEC)

struct awake {
	int64_t grace_ns;
	int64_t noted_ns;   /* when we were last seen running */
	int64_t then_ns;    /* what the clock showed */
	int64_t resumes_ns; /* before that it stands */
};

/* It begins at now, and runs. */
void awake_init(struct awake *w, int64_t grace_ns, int64_t now);
/* We run. True: we stood still since the last note, and the grace begins. */
bool awake_note(struct awake *w, int64_t now);
/* What the clock shows. From note to note it never goes back. */
int64_t awake_time(const struct awake *w, int64_t now);
/* How long it will stand, as far as that is known; 0: it runs. */
int64_t awake_pause(const struct awake *w, int64_t now);
