/*
 * Where an agent's local sockets are: the agent makes them there, mesos-executor and
 * mesos-agentctl dial them there.
 */
#pragma once

#include "lib/base.h"

/* Names below --runtime_dir: for operators, and for executors and their supervisors. */
#define AGENT_SOCKET_NAME    "agent.sock"
#define EXECUTOR_SOCKET_NAME "executor.sock"

/*
 * The --runtime_dir of whoever runs this: root has /run/mesos, others have
 * $XDG_RUNTIME_DIR/mesos, or /tmp/mesos-<uid>/run where that is not set (whoever
 * creates something there must check who owns it). The caller frees.
 */
char *runtime_dir_default(void);
