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

CK_RV km_p11_op_ready(const struct km_p11_op *op)
{
    return op->needs_login ? CKR_USER_NOT_LOGGED_IN : CKR_OK;
}

/* The token's name, if somebody is logged in. */
static CK_RV name_of_token(const struct km_p11_session *session, char ret[CLRC_NAME_MAX + 1])
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    if (session->slot->user == NULL)
        return CKR_USER_NOT_LOGGED_IN;
    km_copy(ret, CLRC_NAME_MAX + 1, session->slot->name, sizeof(session->slot->name));
    return CKR_OK;
}

CK_RV km_p11_op_login(CK_SESSION_HANDLE handle, struct km_slice pin)
{
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    char name[CLRC_NAME_MAX + 1] = {0};
    ClrcPasswordGiven given = {CLRC_OWN_PASSWORD, pin.ptr, (uint32_t)pin.len};
    bool is_waiting = false;
    P11_TRY(km_p11_session_enter(handle, &session));
    for (unsigned i = 0; i < KM_P11_OPS; i++)
        is_waiting |= session->ops[i] != NULL && session->ops[i]->needs_login;
    if (!is_waiting)
        return CKR_OPERATION_NOT_INITIALIZED;
    if (pin.len == 0 || pin.len > CLRC_PASSWORD_MAX)
        return CKR_PIN_INCORRECT;
    P11_TRY(name_of_token(session, name));
    P11_TRY(km_p11_result(clrcCheckPassword(name, &given)));
    for (unsigned i = 0; i < KM_P11_OPS; i++) {
        if (session->ops[i] != NULL)
            session->ops[i]->needs_login = false;
    }
    return CKR_OK;
}

/* CKA_ALLOWED_MECHANISMS, where it says anything. */
static bool is_allowed(const struct km_p11_object *object, CK_MECHANISM_TYPE type)
{
    struct km_slice kept = {0};
    if (!km_p11_list_find(&object->attributes, CKA_ALLOWED_MECHANISMS, &kept) || kept.len == 0)
        return true;
    for (size_t at = 0; at + sizeof(type) <= kept.len; at += sizeof(type)) {
        CK_MECHANISM_TYPE allowed = 0;
        km_copy(&allowed, sizeof(allowed), kept.ptr + at, sizeof(allowed));
        if (allowed == type)
            return true;
    }
    return false;
}

static CK_RV check_key(struct km_p11_object *object, const struct km_p11_mechanism *mechanism,
                       CK_ATTRIBUTE_TYPE usage)
{
    CK_BBOOL yes = CK_TRUE;
    const CK_ATTRIBUTE wanted = {usage, &yes, sizeof(yes)};
    if (!km_p11_mechanism_takes(mechanism, km_p11_object_type(object)))
        return CKR_KEY_TYPE_INCONSISTENT;
    if (!is_allowed(object, mechanism->type))
        return CKR_MECHANISM_INVALID;
    return km_p11_attribute_matches(object, &wanted) ? CKR_OK : CKR_KEY_FUNCTION_NOT_PERMITTED;
}

static CK_RV find_key(struct km_p11_session *session, CK_OBJECT_HANDLE handle,
                      const struct km_p11_mechanism *mechanism, CK_ATTRIBUTE_TYPE usage,
                      CK_OBJECT_CLASS class, bool *ret_asks, struct km_p11_key **ret_key)
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
    *ret_asks = km_p11_list_bool(&object->attributes, CKA_ALWAYS_AUTHENTICATE, false) &&
                object->class == CKO_PRIVATE_KEY && object->token != 0;
    return km_p11_object_key(object, ret_key);
}

CK_RV km_p11_op_use(struct km_p11_session *session, CK_OBJECT_HANDLE handle,
                    const struct km_p11_mechanism *mechanism, CK_ATTRIBUTE_TYPE usage,
                    struct km_p11_key **ret_key)
{
    KM_AUTO(km_p11_key_freep) struct km_p11_key *key = NULL;
    bool asks = false;
    P11_TRY(find_key(session, handle, mechanism, usage,
                     usage == CKA_WRAP ? CKO_PUBLIC_KEY : CKO_PRIVATE_KEY, &asks, &key));
    if (asks) /* there is no operation in which the PIN could be given */
        return CKR_KEY_FUNCTION_NOT_PERMITTED;
    *ret_key = km_steal(&key);
    return CKR_OK;
}

CK_RV km_p11_op_demands(const struct km_p11_session *session, CK_OBJECT_HANDLE handle,
                        CK_ATTRIBUTE_TYPE type, struct km_p11_list *ret)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    struct km_p11_object *object = NULL;
    struct km_slice kept = {0};
    P11_TRY(km_p11_enter(&entered));
    if (km_p11_object_find(session, handle, &object) != CKR_OK)
        return CKR_KEY_HANDLE_INVALID;
    if (!km_p11_list_find(&object->attributes, type, &kept))
        return CKR_OK;
    const struct km_p11_list list = {(uint8_t *)(uintptr_t)kept.ptr, kept.len};
    return km_p11_list_copy(&list, ret);
}

CK_RV km_p11_begin(struct km_p11_session *session, const struct km_p11_begin *begin,
                   const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct km_p11_op **slot = &session->ops[begin->slot];
    if (mechanism == NULL) {
        bool was_there = *slot != NULL;
        km_p11_op_freep(slot);
        return was_there ? CKR_OK : CKR_ARGUMENTS_BAD;
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
        P11_TRY(find_key(session, key, op->mechanism, begin->usage, begin->class, &op->needs_login,
                         &op->key));
    bool is_message = begin->slot >= KM_P11_OP_MESSAGE_SIGN;
    if (op->needs_login && is_message)
        return CKR_KEY_FUNCTION_NOT_PERMITTED; /* each message would want a PIN of its own */
    P11_TRY(begin->parameters(op, mechanism));
    *slot = km_steal(&op);
    return CKR_OK;
}
