/* SPDX-License-Identifier: Apache-2.0 */
/* One client's session, and the handlers of its commands. */
#ifndef KM_CRYPTO_SESSION_H
#define KM_CRYPTO_SESSION_H

#include "ta/common/slots.h"
#include "ta/crypto/claim.h"
#include "ta/crypto/key_store.h"
#include "ta/crypto/stored.h"

#define KM_DIGESTS (KM_CRYPTO_SHAKE256 - KM_CRYPTO_SHA1 + 1u)

/* A listing that is under way. */
struct km_listing {
    struct km_stored_walk walk;
    uint32_t cursor;               /* of the page to come; 0: none is under way */
    struct km_crypto_name pending; /* did not fit into the last page; empty: none */
};

struct km_session {
    struct km_caller caller;
    struct km_slots keys;
    struct km_slots passwords;
    struct km_slots operations;
    struct km_slots objects;
    struct km_listing key_list;
    struct km_listing password_list;
    struct km_listing data_list;
    uint32_t last_cursor;
    TEE_OperationHandle digests[KM_DIGESTS];
    uint8_t
        *held; /* plaintext whose tag is not checked yet; kept for the next one while it is small */
    size_t held_cap;
    TEE_ObjectHandle manifest_lock; /* keeps manifests out: PUBLIC_HOLD */
    /* Small inputs, out of the client's reach, before anything looks at them. */
    uint8_t input[TEE_NUM_PARAMS][KM_CRYPTO_SMALL_MAX];
};

/*
 * A handler: parameter types, sizes and rights are checked, small inputs are copies; what is named may be empty is
 * the only thing with size 0. Outputs through km_ta_give or, in bulk, in place.
 */
typedef TEE_Result (*km_handler)(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);

/* cmd_keys.c */
TEE_Result km_cmd_version(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_algorithm_supported(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_create_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_create_key_with(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_import_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_export_public(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_export_private(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_get_attribute(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_key_info(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_free_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
/* cmd_copy.c */
TEE_Result km_cmd_key_check(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_copy_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
#ifdef KM_CRYPTO_TEST_BUILD
TEE_Result km_cmd_tell_private(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
#endif

/* cmd_store.c */
TEE_Result km_cmd_save_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_save_key_noted(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_set_note(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_list_noted(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_load_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_delete_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_describe_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_list_keys(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_create_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_load_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_password_wait(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_delete_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_list_passwords(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_create_recoverable(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_check_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_change_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_list_data(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_list_objects(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_storage_state(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
/* cmd_data.c */
TEE_Result km_cmd_save_data(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_load_data(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_delete_data(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
/* cmd_store.c */
TEE_Result km_cmd_free_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_provision_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_provision_seal(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_provision_state(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);

/* cmd_once.c, cmd_sign.c, cmd_derive.c, cmd_wrap.c */
TEE_Result km_cmd_random(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_add_random(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_digest(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_sign_digest(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_verify_digest(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_sign_digest_pss(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_verify_digest_pss(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_mac(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_verify_mac(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_cipher_encrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_cipher_decrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_aead_encrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_aead_decrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_asym_encrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_asym_decrypt(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_agree(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_agree_raw(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_derive(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_derive_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_wrap_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_unwrap_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);

/* cmd_parts.c */
TEE_Result km_cmd_op_new(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_op_update_aad(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_op_update(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_op_final(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_op_final_verify(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_op_reset(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_op_free(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_op_copy(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
void km_op_free(void *operation);
/* What an operation in parts shall be; the numbers are those of OP_NEW. */
struct km_op_wish {
    uint32_t key;
    uint32_t algorithm;
    uint32_t mode;
    uint32_t digest;
    uint32_t tag_len;
    struct km_slice iv;
    const struct km_claim_wish *claim; /* NULL but for payload packages */
};
/* km_op_make: a new operation of this session; a use of its key is counted. */
TEE_Result km_op_make(struct km_session *session, const struct km_op_wish *wish, uint32_t *ret_id);

/* cmd_payload.c */
TEE_Result km_cmd_payload_new(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);

/* cmd_opaque.c */
TEE_Result km_cmd_save_opaque_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_object_open(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_object_update(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_object_finish(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_object_rewind(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_object_free(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);

/* cmd_manifest.c */
TEE_Result km_cmd_manifest_class_key(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_manifest_install(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_manifest_state(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
/* cmd_public.c */
TEE_Result km_cmd_public_hold(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);
TEE_Result km_cmd_public_put(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS]);

/* What several of them share. */

struct km_opaque_key;
/* km_import_opaque: the key that an OpaqueKey tells of, the caller's, not saved yet. Returns owned. BAD_FORMAT NOT_SUPPORTED. */
TEE_Result km_import_opaque(struct km_session *session, const struct km_opaque_key *from,
                            struct km_key **ret_key);
/* km_in: a memref input as a slice that is never NULL. */
struct km_slice km_in(const TEE_Param *param);
/* km_session_add_key: takes the key on success. */
TEE_Result km_session_add_key(struct km_session *session, struct km_key **key, uint32_t *ret_id);
/* km_template_in: parses a template parameter. BAD_FORMAT. */
TEE_Result km_template_in(const TEE_Param *param, struct km_crypto_template *ret);

/* km_password_of: the password of an id, NULL for 0. STALE_ID. */
TEE_Result km_password_of(struct km_session *session, uint32_t id,
                          const struct km_password **ret_password);
/* km_name_in: BAD_NAME. */
TEE_Result km_name_in(const TEE_Param *param, struct km_crypto_name *ret);
/* km_check_reserved: ACCESS_DENIED when only the administrator may save under this name. */
TEE_Result km_check_reserved(const struct km_session *session, const struct km_crypto_name *name);
/*
 * km_agree_point: ECDH of a key pair with an uncompressed point: the X coordinate, out.len octets, which are the curve's. Counts a
 * use. NOT_SUPPORTED: no such key; BAD_FORMAT: not a point of its curve; and what km_key_permits answers.
 */
TEE_Result km_agree_point(struct km_key *key, struct km_slice point, struct km_span out);

/* A key that is about to be used. */
struct km_use {
    struct km_key *key;
    const struct km_alg *alg;
    uint32_t usage;
};
/*
 * km_use_find: the key and algorithm of a command; class and mode as the command means them. STALE_ID, NOT_SUPPORTED, and
 * what km_key_permits answers. Nothing is counted yet: km_key_charge does that once lengths are right.
 */
TEE_Result km_use_find(struct km_session *session, uint32_t key_id, uint32_t algorithm,
                       enum km_alg_class class, uint32_t mode, struct km_use *ret);

/* Signatures in the form of the commands (cmd_sign.c), for one-shot and multi-part. salt may be NULL. */
struct km_signing {
    const struct km_alg *alg;
    const struct km_key *key;
    TEE_OperationHandle op;
    const uint32_t *salt;
};
/* km_sign_len: octets of the longest signature. */
size_t km_sign_len(const struct km_alg *alg, const struct km_key *key);
/* km_sign_digest_fits: whether that many octets are a digest (a message) of the algorithm's. */
bool km_sign_digest_fits(const struct km_alg *alg, size_t len);
/* km_sign, km_verify: what is signed must be memory that nobody else can change: Ed25519 and Ed448 read it twice. */
TEE_Result km_sign(const struct km_signing *with, struct km_slice digest, TEE_Param *out);
TEE_Result km_verify(const struct km_signing *with, struct km_slice digest,
                     struct km_slice signature);
/* km_sign_alg: the row that signs or verifies (mode) with a digest of that length; BAD_PARAMETERS when there is none. */
TEE_Result km_sign_alg(const struct km_alg **alg, uint32_t mode, size_t digest_len);
/* km_iv_check: BAD_PARAMETERS unless the IV or nonce has a length that the algorithm takes. */
TEE_Result km_iv_check(const struct km_alg *alg, size_t len);
/* km_tag_fits: whether a tag may be so long; 0 for what has none. */
bool km_tag_fits(const struct km_alg *alg, uint32_t tag_len);
/* km_cipher_check: BAD_PARAMETERS or TOO_LARGE unless a cipher takes so many octets in all. */
TEE_Result km_cipher_check(const struct km_alg *alg, size_t len);
/* km_shake_check: how many octets of SHAKE are wanted: as many as there is room for. SHORT_BUFFER for none, TOO_LARGE. */
TEE_Result km_shake_check(const struct km_alg *alg, TEE_Param *out, size_t *ret_len);
/* km_rsa_message_max: octets of the longest message that an RSA encryption takes (RFC 8017, 7.1 and 7.2). */
size_t km_rsa_message_max(const struct km_use *use);
/* km_wrap_data: CIPHER_ENCRYPT and CIPHER_DECRYPT with AES key wrap (cmd_wrap.c). */
TEE_Result km_wrap_data(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS],
                        uint32_t mode);

#endif
