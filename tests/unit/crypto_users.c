/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/crypto_users.h"

struct rig_session owner, stranger, admin;
char users_dir[64];

void users_start(void)
{
    rig_start(users_dir);
    rig_open(&owner, OWNER, false);
    rig_open(&stranger, STRANGER, false);
    rig_open(&admin, 0, true);
}

void users_stop(void)
{
    rig_close(&owner);
    rig_close(&stranger);
    rig_close(&admin);
    rig_stop();
}

void users_restart(void)
{
    users_stop();
    users_start();
}

int users_set_up(void **state)
{
    (void)state;
    rig_host = (struct rig_host){.now = 1000000000};
    rig_dir(users_dir);
    users_start();
    return 0;
}

int users_tear_down(void **state)
{
    (void)state;
    users_stop();
    rig_dir_remove(users_dir);
    return 0;
}

uint32_t users_key(struct rig_session *s)
{
    return rig_made(s, KM_CRYPTO_KEY_ECDSA_KEYPAIR, 256);
}
