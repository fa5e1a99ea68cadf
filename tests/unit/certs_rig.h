/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate application on the real runtime and a real store, as a provisioned device has it; the crypto application beside it
 * is made up and remembers public keys. Changes to the store can be counted, fail, or be the last thing that the process does.
 */
#ifndef CERTS_RIG_H
#define CERTS_RIG_H

#include "format/cert_command.h"
#include "ta/certs/certs_protocol.h"
#include "ta/certs/wish_wire.h"
#include "tests/unit/cert_maker.h"
#include "tests/unit/crypto_rig.h"

#define RIG_KEYS 8u
#define RIG_COMMAND_MAX (KM_CERT_COMMAND_MAX + 64u)

/* What the made up crypto application holds; a process that is forked shares it. */
struct certs_rig_keys {
    struct {
        char name[64];
        uint8_t spki[1024];
        size_t len;
    } at[RIG_KEYS];
    unsigned n_puts;
    uint32_t refuses; /* what PUBLIC_HOLD answers */
};

struct certs_rig {
    char dir[64];
    struct rig_session user, admin;
    struct made_cert root, command,
        device; /* the OEM's root, the command certificate, the device's own */
    struct certs_rig_keys *keys;
    unsigned n_changes;  /* of the store and of keys, since it was set */
    unsigned dies_at;    /* before this change; 0: never */
    unsigned fails_at;   /* this change and later ones find no space; 0: never */
    unsigned n_failures; /* how many do; 0: all */
    unsigned n_reads;    /* of certificates, since it was set */
    unsigned misread;    /* this one finds no memory; 0: none */
};
extern struct certs_rig certs_rig;

/* For cmocka: a sealed device with root, command and device certificate, which obeys numbered commands alone. */
int certs_rig_up(void **state);
int certs_rig_down(void **state);
/* certs_rig_restart: a fresh instance on the same store. */
void certs_rig_restart(void);
/* certs_rig_key: the made up crypto application's key of this name; length 0: none. */
struct km_slice certs_rig_key(const char *name);

/* certs_rig_sign: a whole package, signed with that key. */
struct km_slice certs_rig_sign(const struct km_cert_command *command, EVP_PKEY *with,
                               enum km_sign_digest digest, uint8_t out[RIG_COMMAND_MAX]);
uint32_t certs_rig_hand_in(struct rig_session *session, struct km_slice package);
/* certs_rig_command: signs with the command key and hands it in as administrator. */
uint32_t certs_rig_command(const struct km_cert_command *command);
uint32_t certs_rig_simple(enum km_cert_operation operation, uint64_t sequence,
                          const struct made_cert *body);
uint32_t certs_rig_named(const char *name, uint64_t sequence, const struct made_cert *body);
uint32_t certs_rig_crl(struct km_slice crl);
uint64_t certs_rig_sequence(void);
/* certs_rig_verify: what VERIFY finds; the command must succeed. */
uint32_t certs_rig_verify(const struct made_cert *leaf, const struct made_cert *other);
uint32_t certs_rig_ask(struct km_slice chain, struct km_slice wish, uint32_t *ret_verdict,
                       uint32_t *ret_depth);
/* certs_rig_get: the DER under a name; length 0: there is none. */
struct km_slice certs_rig_get(const char *name, uint8_t out[KM_CERTS_DER_MAX]);
/* certs_rig_digest: over all that the application can tell: certificates, entries, sequence, keys. */
void certs_rig_digest(uint8_t ret[32]);

#endif
