/* SPDX-License-Identifier: Apache-2.0 */
/* A provisioned device: the crypto application's rig with an OEM key and a device key, and a look at its store. */
#ifndef OPAQUE_RIG_H
#define OPAQUE_RIG_H

#include "tests/unit/crypto_rig.h"
#include "tests/unit/package_maker.h"

#define OWNER 1000u
#define STRANGER 1001u

/* What the factory has: the OEM's key, and the public half of the device's. */
struct opaque_rig {
    char dir[64];
    EVP_PKEY *oem;
    EVP_PKEY *device;
    struct rig_session owner, stranger, admin;
};
extern struct opaque_rig opaque_rig;

/* For cmocka: opaque_rig_up leaves the device without keys; opaque_rig_provision brings them. */
int opaque_rig_bare(void **state);
int opaque_rig_up(void **state);
int opaque_rig_down(void **state);
/* opaque_rig_restart: all that lives in memory alone is gone. */
void opaque_rig_restart(void);

/* opaque_import: a key of libcrypto's into a session; its whole pair or the public half. */
uint32_t opaque_import(struct rig_session *s, uint32_t type, const EVP_PKEY *key);
/* opaque_made: a key pair made on the device; *ret_public is its public half. Returned owned. */
uint32_t opaque_made(struct rig_session *s, uint32_t type, uint32_t bits, EVP_PKEY **ret_public);
/* opaque_store_digest: SHA-256 over what lies on the disk. */
void opaque_store_digest(uint8_t ret[32]);

uint32_t opaque_save_key(struct rig_session *s, struct km_slice package, uint32_t device,
                         uint32_t password);
uint32_t opaque_open(struct rig_session *s, struct km_slice identifier, uint32_t verifier,
                     uint32_t device, struct km_crypto_object *ret, uint32_t *ret_id);
uint32_t opaque_step(struct rig_session *s, uint32_t command, uint32_t id);

#endif
