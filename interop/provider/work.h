/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What digests, ciphers, MACs and KDFs share: keys that the service works with, and messages on their
 * way there. Nothing connects before there is a key or an end of the message.
 */
#ifndef KM_PROVIDER_WORK_H
#define KM_PROVIDER_WORK_H

#include "interop/provider/provider.h"

#define WORK_PART_MAX 1048576u /* octets in one call of the service */
#define WORK_HELD_MAX 4096u    /* octets of a message that are kept to save calls */

/* work_check: true for CLRC_SUCCESS; raises what was attempted and false otherwise. */
bool work_check(struct prov *prov, ClrcResult result, const char *what, const char *name);

/* ---- keys ---- */

/* A symmetric key in a session of the service; shared by the copies of a context. */
struct work_key;
/* work_key_import: octets of the program's own, which are the caller's to wipe. Owned; raises and NULL. */
struct work_key *work_key_import(struct prov *prov, ClrcKeyType type, struct km_slice octets);
/* work_key_named: the stored key that PROV_PARAM_KEY names. Owned; raises and NULL. */
struct work_key *work_key_named(struct prov *prov, const OSSL_PARAM *p);
struct work_key *work_key_ref(struct work_key *key);
void work_key_unref(struct work_key *key);
void work_key_unrefp(struct work_key **key);
ClrcKeyHandle work_key_handle(const struct work_key *key);

/* ---- messages that are hashed ---- */

/* A short message is kept and goes over at its end; a longer one in parts. */
struct work_hash {
    struct prov *prov;
    ClrcAlgorithm algorithm;
    struct work_key *key;          /* held; NULL for digests */
    ClrcOperationHandle operation; /* NULL while all of the message is in held */
    size_t held_len;
    uint8_t held[WORK_HELD_MAX];
};

/* work_hash_begin: forgets what was; takes key on success (never fails). */
void work_hash_begin(struct work_hash *hash, struct prov *prov, ClrcAlgorithm algorithm,
                     struct work_key *key);
/* work_hash_clear: wipes and frees what is inside. */
void work_hash_clear(struct work_hash *hash);
bool work_hash_update(struct work_hash *hash, struct km_slice in);
/* work_hash_final: digest or MAC of exactly ret.len octets. */
bool work_hash_final(struct work_hash *hash, struct km_span ret);
/* work_hash_copy: into one that was cleared. */
bool work_hash_copy(struct work_hash *to, const struct work_hash *from);

/* ---- messages that are encrypted or decrypted in parts ---- */

/* work_cipher: in goes through the operation, and as many octets come out in the end. */
bool work_cipher(struct prov *prov, ClrcOperationHandle operation, struct km_slice in,
                 uint8_t *out);

#endif
