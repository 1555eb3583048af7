/* Only what lies between two notes that are close to each other counts. */
#include "master/awake.h"

void awake_init(struct awake *w, int64_t grace_ns, int64_t now)
{
	*w = (struct awake){
		.grace_ns = grace_ns,
		.noted_ns = now,
		.then_ns = now,
		.resumes_ns = now,
	};
}

static bool stood_still(const struct awake *w, int64_t now)
{
	return now - w->noted_ns > AWAKE_STILL_NS;
}

int64_t awake_time(const struct awake *w, int64_t now)
{
	if (stood_still(w, now))
		return w->then_ns;
	return w->then_ns + MAX(now - MAX(w->noted_ns, w->resumes_ns), 0);
}

int64_t awake_pause(const struct awake *w, int64_t now)
{
	return stood_still(w, now) ? w->grace_ns : MAX(w->resumes_ns - now, 0);
}

bool awake_note(struct awake *w, int64_t now)
{
	bool stood = stood_still(w, now);

	w->then_ns = awake_time(w, now);
	w->noted_ns = now;
	if (stood)
		w->resumes_ns = now + w->grace_ns;
	return stood;
}
