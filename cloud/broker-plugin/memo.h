/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connection's policies have allowed lately, so that a device that sends to the same topics again and again is not decided about
 * each time. A memo belongs to one bound list of policies and goes with it (conn_bind), and holds nothing that depends on the
 * time; what is refused is never in it.
 */
#ifndef BROKER_MEMO_H
#define BROKER_MEMO_H

#include "cloud/policy/policy.h"

#define MEMO_PLACES 8      /* topics, of which the oldest goes first */
#define MEMO_TOPIC_MAX 120 /* octets; longer ones are not remembered */

struct memo;

/* memo_has: whether this was noted. NULL: nothing was. */
bool memo_has(const struct memo *memo, enum km_policy_action action, struct km_slice topic);
/* memo_note: that it is allowed at any time. Makes *memo when it is NULL; without memory nothing is noted. */
void memo_note(struct memo **memo, enum km_policy_action action, struct km_slice topic);
/* memo_free: NULL is allowed. */
void memo_free(struct memo *memo);

#endif
