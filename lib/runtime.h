/*
 * Where an agent's local sockets are: the agent makes them there, mesos-executor and
 * mesos-agentctl dial them there. And where a daemon keeps what outlives it.
 */
#pragma once

#include "lib/error.h"

/* Names below --runtime_dir: for operators, and for executors and their supervisors. */
#define AGENT_SOCKET_NAME    "agent.sock"
#define EXECUTOR_SOCKET_NAME "executor.sock"

/*
 * The --runtime_dir of whoever runs this: root has /run/mesos, others have
 * $XDG_RUNTIME_DIR/mesos, or /tmp/mesos-<uid>/run where that is not set. The caller frees.
 */
char *runtime_dir_default(void);
/*
 * Where the daemon of this name keeps its state: /var/lib/mesos/<name> of root, others have
 * $XDG_STATE_HOME/mesos/<name>, or ~/.local/state/mesos/<name> where that is not set. NULL if no
 * absolute path comes of it. The caller frees.
 */
char *state_dir_default(const char *name);
/*
 * Creates what is missing of an absolute path; only root's can be entered by others. -EPERM
 * if another user owns a directory on the way or may exchange what is in it, -ENOTDIR, ...
 */
int runtime_dir_make(const char *path, struct error *e);
