/* SPDX-License-Identifier: Apache-2.0 */
/* Three users of the crypto application, on crypto_rig.h, whose sessions begin and end with its instance. */
#ifndef CRYPTO_USERS_H
#define CRYPTO_USERS_H

#include "tests/unit/crypto_rig.h"

#define OWNER 1000u
#define STRANGER 1001u

extern struct rig_session owner, stranger, admin;
extern char users_dir[64]; /* of the store */

void users_start(void);
void users_stop(void);
/* users_restart: all that lives in memory only is gone afterwards. */
void users_restart(void);
/* users_set_up, users_tear_down: for each test, with an empty store. */
int users_set_up(void **state);
int users_tear_down(void **state);

/* users_key: a new key that must come about. */
uint32_t users_key(struct rig_session *s);

#endif
