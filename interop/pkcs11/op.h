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
    uint8_t *held; /* what was given in parts and is worked on as a whole */
    size_t held_len, held_room;
    uint8_t iv[KM_P11_IV_MAX];
    uint32_t iv_len;
    uint8_t *aad; /* or the label of OAEP */
    size_t aad_len;
    uint32_t tag_len;
    uint32_t salt_len;
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
CK_RV km_p11_op_hold(struct km_p11_op *op, struct km_slice part);
CK_RV km_p11_op_set_aad(struct km_p11_op *op, const void *aad, CK_ULONG len);
/* km_p11_give: a result to the caller's buffer as PKCS#11 has it. *ret_is_over: the operation ends with this answer. */
CK_RV km_p11_give(struct km_slice result, CK_BYTE_PTR out, CK_ULONG_PTR len, bool *ret_is_over);

/* sign.c */
CK_RV km_p11_sign_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism);
CK_RV km_p11_sign_once(struct km_p11_op *op, struct km_slice data, CK_BYTE_PTR out,
                       CK_ULONG_PTR len, bool *ret_is_over);
CK_RV km_p11_verify_once(struct km_p11_op *op, struct km_slice data, struct km_slice signature);
/* cipher.c */
CK_RV km_p11_cipher_parameters(struct km_p11_op *op, const CK_MECHANISM *mechanism);
#endif
