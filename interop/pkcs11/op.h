/* SPDX-License-Identifier: Apache-2.0 */
/* An operation of a session, from its Init to its end. */
#ifndef KM_P11_OP_H
#define KM_P11_OP_H

#include "interop/pkcs11/p11.h"

#define KM_P11_HELD_MAX ((size_t)16 << 20)
#define KM_P11_IV_MAX 64u
#define KM_P11_AAD_MAX ((size_t)1 << 20)

struct km_p11_op {
    const struct km_p11_mechanism *mechanism;
    struct km_p11_key *key; /* NULL for digests */
    ClrcOperationHandle stream;
    bool is_multi; /* an update came: the one-shot call is out of turn */
    bool in_message;
    bool needs_login; /* CKA_ALWAYS_AUTHENTICATE: C_Login comes first */
    bool is_secret;   /* a key's octets were digested: what is held is told to nobody */
    uint64_t
        blocks_left; /* of AES-CTR before its counter begins again; UINT64_MAX: as good as any */
    uint64_t fed;    /* octets to a cipher in parts */
    uint8_t *held;   /* what was given in parts and is worked on as a whole */
    size_t held_len, held_room;
    uint8_t iv[KM_P11_IV_MAX];
    uint32_t iv_len;
    uint8_t *aad; /* or the label of OAEP */
    size_t aad_len;
    uint32_t tag_len;
    uint32_t salt_len;
    uint32_t number_len;  /* of a DSA signature's two numbers */
    ClrcAlgorithm digest; /* of PSS and OAEP */
    uint64_t counter;     /* of generated nonces */
};

/* What an Init of a kind of operation asks of key and mechanism. */
struct km_p11_begin {
    enum km_p11_op_slot slot;
    CK_FLAGS flag;           /* that the mechanism has */
    CK_ATTRIBUTE_TYPE usage; /* that the key has */
    CK_OBJECT_CLASS class;   /* beside secret keys */
    CK_RV (*parameters)(struct km_p11_op *op, const CK_MECHANISM *mechanism);
};
/*
 * km_p11_begin: C_...Init: a mechanism of NULL ends what goes on. The session's lock is held.
 */
CK_RV km_p11_begin(struct km_p11_session *session, const struct km_p11_begin *begin,
                   const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
/* km_p11_op_use: a key for a call without an Init of its own; a reference that the caller frees. */
CK_RV km_p11_op_use(struct km_p11_session *session, CK_OBJECT_HANDLE handle,
                    const struct km_p11_mechanism *mechanism, CK_ATTRIBUTE_TYPE usage,
                    struct km_p11_key **ret_key);
/* km_p11_op_ready: CKR_USER_NOT_LOGGED_IN while the PIN is asked for; the operation ends by that. */
CK_RV km_p11_op_ready(const struct km_p11_op *op);
/* km_p11_op_login: C_Login with CKU_CONTEXT_SPECIFIC. */
CK_RV km_p11_op_login(CK_SESSION_HANDLE handle, struct km_slice pin);
/* km_p11_op_demands: what a key demands of others in this attribute, CKA_DERIVE_TEMPLATE say; nothing when it does not. */
CK_RV km_p11_op_demands(const struct km_p11_session *session, CK_OBJECT_HANDLE handle,
                        CK_ATTRIBUTE_TYPE type, struct km_p11_list *ret);
CK_RV km_p11_op_hold(struct km_p11_op *op, struct km_slice part);
CK_RV km_p11_op_set_aad(struct km_p11_op *op, const void *aad, CK_ULONG len);
/* km_p11_give: a result to the caller's buffer as PKCS#11 has it. *ret_is_over: the operation ends with this answer. */
CK_RV km_p11_give(struct km_slice result, CK_BYTE_PTR out, CK_ULONG_PTR len, bool *ret_is_over);

/* sign.c */
CK_RV km_p11_sign_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism);
CK_RV km_p11_sign_once(struct km_p11_op *op, struct km_slice data, CK_BYTE_PTR out,
                       CK_ULONG_PTR len, bool *ret_is_over);
CK_RV km_p11_verify_once(struct km_p11_op *op, struct km_slice data, struct km_slice signature);
/* sign.c, for recovery: the whole block that the bare operation makes of a signature. */
#define KM_P11_SIGNATURE_MAX 512u
CK_RV km_p11_open_signature(struct km_p11_op *op, struct km_slice signature,
                            uint8_t block[KM_P11_SIGNATURE_MAX]);
/* cipher.c */
CK_RV km_p11_cipher_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism);
/* km_p11_oaep_of: what the service calls OAEP with these parameters. CKR_MECHANISM_PARAM_INVALID. */
CK_RV km_p11_oaep_of(const CK_RSA_PKCS_OAEP_PARAMS *given, ClrcAlgorithm *ret);

/*
 * One step of an operation, with the session's lock held; it is over after an error but CKR_BUFFER_TOO_SMALL. Two of them make
 * C_DigestEncryptUpdate and the like.
 */
CK_RV km_p11_digest_part(struct km_p11_session *session, struct km_slice part);
CK_RV km_p11_sign_part(struct km_p11_session *session, enum km_p11_op_slot which,
                       struct km_slice part);
CK_RV km_p11_cipher_part(struct km_p11_session *session, bool is_encrypt, struct km_slice part,
                         CK_BYTE_PTR out, CK_ULONG_PTR len);

/* A digest that was begun, as C_GetOperationState saves it (state.c): which, and what was fed to it. */
struct km_p11_state {
    CK_MECHANISM_TYPE mechanism;
    struct km_slice fed;
};
#define KM_P11_STATE_FED_MAX 65536u
#define KM_P11_STATE_MAX (16u + KM_P11_STATE_FED_MAX)
KM_MUST_USE bool km_p11_state_parse(struct km_slice in, struct km_p11_state *ret);
KM_MUST_USE bool km_p11_state_put(const struct km_p11_state *state, struct km_span out,
                                  size_t *ret_len);
#endif
