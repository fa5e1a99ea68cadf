/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/pkcs11/op.h"

#include <stdlib.h>

#include "common/km_secret.h"

void km_p11_op_freep(struct km_p11_op **op)
{
    if (*op == NULL)
        return;
    clrcOperationFree((*op)->stream);
    km_p11_key_freep(&(*op)->key);
    if ((*op)->held != NULL)
        km_wipe((*op)->held, (*op)->held_room);
    free((*op)->held);
    free((*op)->aad);
    free(*op);
    *op = NULL;
}

CK_RV km_p11_op_hold(struct km_p11_op *op, struct km_slice part)
{
    size_t wanted = op->held_len + part.len;
    if (part.len > KM_P11_HELD_MAX || wanted > KM_P11_HELD_MAX)
        return CKR_DATA_LEN_RANGE;
    if (wanted > op->held_room) {
        size_t room = wanted < 1024 ? 1024 : 2 * wanted;
        uint8_t *grown = calloc(1, room);
        if (grown == NULL)
            return CKR_HOST_MEMORY;
        km_copy(grown, room, op->held, op->held_len);
        if (op->held != NULL)
            km_wipe(op->held, op->held_room);
        free(op->held);
        op->held = grown;
        op->held_room = room;
    }
    km_copy(op->held + op->held_len, op->held_room - op->held_len, part.ptr, part.len);
    op->held_len = wanted;
    return CKR_OK;
}

CK_RV km_p11_op_set_aad(struct km_p11_op *op, const void *aad, CK_ULONG len)
{
    if ((aad == NULL && len != 0) || len > KM_P11_AAD_MAX)
        return CKR_MECHANISM_PARAM_INVALID;
    free(op->aad);
    op->aad = calloc(1, len + 1);
    op->aad_len = len;
    if (op->aad == NULL)
        return CKR_HOST_MEMORY;
    km_copy(op->aad, len + 1, aad, len);
    return CKR_OK;
}

CK_RV km_p11_give(struct km_slice result, CK_BYTE_PTR out, CK_ULONG_PTR len, bool *ret_is_over)
{
    CK_ULONG room = *len;
    *len = result.len;
    *ret_is_over = out != NULL && room >= result.len;
    if (out == NULL)
        return CKR_OK;
    if (room < result.len)
        return CKR_BUFFER_TOO_SMALL;
    km_copy(out, room, result.ptr, result.len);
    return CKR_OK;
}

/* A mechanism for generic secrets is one for MAC keys; HKDF takes those that derive. */
static CK_RV check_key(struct km_p11_object *object, const struct km_p11_mechanism *mechanism,
                       CK_ATTRIBUTE_TYPE usage)
{
    CK_BBOOL yes = CK_TRUE;
    const CK_ATTRIBUTE wanted = {usage, &yes, sizeof(yes)};
    CK_KEY_TYPE type = km_p11_key_type(object->info.type);
    bool fits = type == mechanism->key_type ||
                (mechanism->type == CKM_ECDH1_DERIVE && type == CKK_EC_MONTGOMERY);
    if (!fits)
        return CKR_KEY_TYPE_INCONSISTENT;
    return km_p11_attribute_matches(object, &wanted) ? CKR_OK : CKR_KEY_FUNCTION_NOT_PERMITTED;
}

static CK_RV find_key(struct km_p11_session *session, CK_OBJECT_HANDLE handle,
                      const struct km_p11_mechanism *mechanism, CK_ATTRIBUTE_TYPE usage,
                      CK_OBJECT_CLASS class, struct km_p11_key **ret_key)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    struct km_p11_object *object = NULL;
    P11_TRY(km_p11_enter(&entered));
    if (km_p11_object_find(session, handle, &object) != CKR_OK)
        return CKR_KEY_HANDLE_INVALID;
    bool fits = object->class == class || object->class == CKO_SECRET_KEY;
    if (!fits)
        return object->class == CKO_PUBLIC_KEY || object->class == CKO_PRIVATE_KEY
                   ? CKR_KEY_TYPE_INCONSISTENT
                   : CKR_KEY_HANDLE_INVALID;
    P11_TRY(check_key(object, mechanism, usage));
    return km_p11_object_key(object, ret_key);
}

CK_RV km_p11_op_use(struct km_p11_session *session, CK_OBJECT_HANDLE handle,
                    const struct km_p11_mechanism *mechanism, CK_ATTRIBUTE_TYPE usage,
                    struct km_p11_key **ret_key)
{
    return find_key(session, handle, mechanism, usage, CKO_PRIVATE_KEY, ret_key);
}

CK_RV km_p11_begin(struct km_p11_session *session, const struct km_p11_begin *begin,
                   const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct km_p11_op **slot = &session->ops[begin->slot];
    if (mechanism == NULL) {
        km_p11_op_freep(slot);
        return CKR_OK;
    }
    if (*slot != NULL)
        return CKR_OPERATION_ACTIVE;
    KM_AUTO(km_p11_op_freep) struct km_p11_op *op = calloc(1, sizeof(*op));
    if (op == NULL)
        return CKR_HOST_MEMORY;
    op->mechanism = km_p11_mechanism_find(mechanism->mechanism);
    if (op->mechanism == NULL || (op->mechanism->flags & begin->flag) == 0)
        return CKR_MECHANISM_INVALID;
    if (begin->flag != CKF_DIGEST)
        P11_TRY(find_key(session, key, op->mechanism, begin->usage, begin->class, &op->key));
    P11_TRY(begin->parameters(op, mechanism));
    *slot = km_steal(&op);
    return CKR_OK;
}
