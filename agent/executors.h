/* One executor: its container, its subscription, its tasks. Between frameworks.c and containers. */
#pragma once

#include "agent/frameworks.h"

/* A new executor for its first task; its container is launched. */
struct executor *executor_add(struct framework *f, const struct task_info *task);
void executor_free(struct executor *x);
/* Takes the task; it is launched now or when the executor has subscribed. */
void executor_take_task(struct executor *x, struct task_info *info);
void executor_kill_task(struct executor *x, struct task *t, const struct kill_task *m);
/* The terminal update of t was acknowledged: it is past. */
void executor_forget_task(struct executor *x, struct task *t);
/* Asks it to end; its container is ended after the grace period. */
void executor_shutdown(struct executor *x);
/* Moves it to its framework's past once its container and its unacknowledged tasks are gone. */
void executor_maybe_complete(struct executor *x);

/* Between executors.c and custom.c. */
void executor_drop_peer(struct executor *x);
/* Ends it unless it subscribes in time. */
void executor_await_subscription(struct executor *x);
/* Sends LAUNCH, or KILL, to a subscribed executor. */
void executor_hand_over(struct executor *x, struct task *t);
void executor_send_kill(struct executor *x, const struct task *t);
/* Its tasks have changed: so has what its container may use. */
void executor_update_container(struct executor *x);

/* frameworks.c */
void framework_maybe_complete(struct framework *f);
void framework_sweep(struct framework *f);
