/* What a subscribed framework asks for: the verbs of language CALL, one for each. */
#pragma once

#include "lib/peer.h"

void call_accept(struct peer *p, struct message *msg);  /* accept.c */
void call_decline(struct peer *p, struct message *msg); /* accept.c */
void call_revive(struct peer *p, struct message *msg);
void call_suppress(struct peer *p, struct message *msg);
void call_kill(struct peer *p, struct message *msg);
void call_shutdown(struct peer *p, struct message *msg);
void call_acknowledge(struct peer *p, struct message *msg);
void call_reconcile(struct peer *p, struct message *msg);
void call_message(struct peer *p, struct message *msg);
