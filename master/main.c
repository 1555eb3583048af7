/* mesos-master: flags, set-up, the loop, an orderly end. */
#include "lib/daemon.h"
#include "lib/flags.h"
#include "lib/log.h"
#include "lib/manager.h"
#include "lib/version.h"
#include "master/master.h"

static const char summary[] =
	"The master of a cluster: it knows agents and frameworks, and offers the resources of the "
	"ones to the others.";

static int on_signal(sd_event_source *s, const struct signalfd_siginfo *info, void *ctx unused)
{
	log_info("signal %u: ending", info->ssi_signo);
	manager_status("Ending");
	manager_stopping();
	return sd_event_exit(sd_event_source_get_event(s), 0);
}

static int start(struct master_flags *f, sd_event **loop, struct master **m, struct error *e)
{
	int passed = -EBADF;
	const struct daemon_options options = {
		.name = "mesos-master",
		.logging_level = f->logging_level,
		.log_dir = f->log_dir,
		.quiet = f->quiet,
	};

	if (master_flags_check(f, e) || daemon_init(&options, loop, e) ||
	    manager_socket(&f->ip, &f->port, &passed, e) ||
	    daemon_handle_signals(*loop, on_signal, NULL, e))
		return -e->code;
	manager_status("Recovering");
	if (master_new(*loop, f, passed, m, e))
		return -e->code;
	return manager_ready(*loop, e);
}

int main(int argc, char **argv)
{
	struct master_flags flags = { 0 };
	struct master *m = NULL;
	sd_event *loop = NULL;
	struct error e;
	int r;
	const struct flags_program program = {
		.name = "mesos-master",
		.summary = summary,
		.env_prefix = "MESOS_",
		.schema = master_flags_schema(),
	};

	flags_load_or_exit(&program, argc, argv, &flags, NULL);
	r = start(&flags, &loop, &m, &e);
	if (r == -EINTR) /* it was told to end before it had begun */
		return EXIT_SUCCESS;
	if (r)
		flags_fail(&program, &e);
	assert(m);
	log_info("master %s: version %s listens as %s", m->id, MESOS_VERSION, m->pid);
	daemon_warn_if_open(flags.ip);
	r = sd_event_loop(loop);
	if (r < 0)
		log_error("event loop: %s", strerror(-r));
	master_free(m);
	sd_event_unref(loop);
	schema_clear(master_flags_schema(), &flags);
	return r < 0;
}
