/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key that one session holds. Its material is kept as ATTRIBUTES (crypto_protocol.h) in memory of
 * this application, which is wiped when freed; key.c is the one place where it becomes an object
 * of the Core API, so that keys that live elsewhere need a case there and nowhere else.
 */
#ifndef KM_CRYPTO_KEY_H
#define KM_CRYPTO_KEY_H

#include "ta/crypto/alg.h"
#include "ta/crypto/caller.h"
#include "ta/crypto/dh_group.h"
#include "ta/crypto/key_der.h"

#define KM_KEY_CACHE 4u
#define KM_KEY_MATERIAL_MAX 2560u

/* In the flags of META: nobody ever had this key's octets outside: CREATE_KEY made it. */
#define KM_KEY_MADE_HERE 0x10u

/* Fixed when the key is made, but for the password. */
struct km_key_meta {
    uint32_t type;
    uint32_t bits;
    uint32_t usage;
    uint32_t attributes;
    uint64_t max_uses;
    uint64_t not_after;
    struct km_owner owner;
    uint32_t flags; /* KM_CRYPTO_INFO_PROVISIONED, _IMMUTABLE, KM_KEY_MADE_HERE */
    uint8_t id[KM_CRYPTO_ID_LEN];
    uint32_t n_grants;
    struct km_crypto_grant grants[KM_CRYPTO_GRANTS_MAX];
    struct km_crypto_name password_name; /* empty: none */
    uint8_t password_id[KM_CRYPTO_ID_LEN];
};

struct km_key_op {
    uint32_t algorithm; /* 0: free */
    uint32_t mode;
    TEE_OperationHandle op;
};

struct km_key {
    struct km_key_meta meta;
    const struct km_key_type *type;
    struct km_crypto_name name; /* empty: ephemeral */
    uint64_t uses_left;         /* of an ephemeral key; a saved one's count is in the store */
    uint8_t *material;
    size_t material_len;
    struct km_key_op cache[KM_KEY_CACHE];
    unsigned next;    /* the cache's place to be given up next */
    unsigned holds;   /* by operations, beside the one of the session */
    uint32_t audited; /* KM_CRYPTO_USAGE_... already told; denials in the upper half */
};

/* km_key_new: an empty key as the template wishes. BAD_PARAMETERS, NOT_SUPPORTED. Returns owned. */
TEE_Result km_key_new(const struct km_crypto_template *wish, const struct km_caller *caller,
                      struct km_key **ret_key);
void km_key_free(void *key);
/* km_key_hold: one more km_key_free is needed. */
struct km_key *km_key_hold(struct km_key *key);
void km_key_freep(struct km_key **key);

/*
 * km_key_generate: fresh material for an empty key. group: domain parameters for DSA and DH pairs, else NULL; DH without them takes
 * the group of RFC 7919 of its bits, DSA without them is BAD_PARAMETERS. BAD_FORMAT, NOT_SUPPORTED.
 */
TEE_Result km_key_generate(struct km_key *key, const struct km_crypto_attrs *group);
/*
 * km_key_set_secret: a symmetric key's octets, from outside. BAD_FORMAT when the length is not the wish's. DES3: DES3_PARTS when two
 * parts are alike, DES3_PARITY.
 */
TEE_Result km_key_set_secret(struct km_key *key, struct km_slice secret);
/* km_key_set_made: the same for octets that were drawn or derived here: those of a DES3 key are given their parity first, in place. */
TEE_Result km_key_set_made(struct km_key *key, struct km_span secret);
/* km_key_set_der: see km_der_key_spki and km_der_key_private. BAD_FORMAT. */
TEE_Result km_key_set_der(struct km_key *key, struct km_slice der);
/* km_key_set_attrs: all components; the public value of a pair may be missing, but RSA's. BAD_FORMAT; DES3 as km_key_set_secret. */
TEE_Result km_key_set_attrs(struct km_key *key, const struct km_crypto_attrs *attrs);
/* km_key_public_of: a new key of the public type with the public part. Returns owned. */
TEE_Result km_key_public_of(const struct km_key *key, struct km_key **ret_public);

/* km_key_check: whether the Core API takes the material for a key. BAD_FORMAT. */
TEE_Result km_key_check(const struct km_key *key);
/* km_key_group: domain parameters of a DSA or DH key, views of its material. */
void km_key_group(const struct km_key *key, struct km_dh_group *ret);
/* km_key_tee_attr, km_key_tee_type: TEE_ATTR_... of one of ours; TEE_TYPE_... of a family's keys. */
uint32_t km_key_tee_attr(uint32_t attribute);
uint32_t km_key_tee_type(uint32_t family, bool with_private);
/* km_key_der_kind: as what a family's keys stand in DER. */
enum km_der_kind km_key_der_kind(uint32_t family);

/* km_key_hmac_object: an object of the Core API for HMAC with this secret, of any length, and this row's digest. Returns owned. */
TEE_Result km_key_hmac_object(struct km_slice secret, const struct km_alg *alg,
                              TEE_ObjectHandle *ret_object);

/* km_key_is_open: exportable. */
bool km_key_is_open(const struct km_key *key);
/* km_key_attrs: views of the material, valid while the key is. */
void km_key_attrs(const struct km_key *key, struct km_crypto_attrs *ret);
/* km_key_info: as KEY_INFO tells it; uses_left is the caller's to correct for saved keys. */
void km_key_info(const struct km_key *key, struct km_crypto_info *ret);

/*
 * km_key_operation: the operation for this algorithm and mode (TEE_MODE_...) with the key set, in its initial
 * state; kept with the key. The caller brings it back to its initial state. NOT_SUPPORTED.
 */
TEE_Result km_key_operation(struct km_key *key, const struct km_alg *alg, uint32_t tee_mode,
                            TEE_OperationHandle *ret_op);
/* km_key_operation_own: the same, owned by the caller. */
TEE_Result km_key_operation_own(const struct km_key *key, const struct km_alg *alg,
                                uint32_t tee_mode, TEE_OperationHandle *ret_op);

/*
 * km_key_permits: whether the key may be used so (all of these CLRC usage bits): ACCESS_DENIED, EXPIRED, USED_UP. Tells the audit
 * about a refusal.
 */
TEE_Result km_key_permits(struct km_key *key, uint32_t usage);
/*
 * km_key_may_export: whether its private part may be given out now: exportable, not expired, with uses left (a saved key's as
 * the store has them). NOT_EXPORTABLE, EXPIRED, USED_UP, KEY_GONE. Tells the audit about a refusal.
 */
TEE_Result km_key_may_export(struct km_key *key);
/* km_key_charge: counts one use, in the store for saved keys, and tells the audit. USED_UP, KEY_GONE. */
TEE_Result km_key_charge(struct km_key *key, uint32_t usage);
/* km_key_subject: what the audit calls it: its name, or id: and its unique id. */
void km_key_subject(const struct km_key *key, struct km_crypto_name *ret);

#endif
