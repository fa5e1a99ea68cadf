/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, and who is logged in. */
#include <stdlib.h>

#include "common/km_secret.h"
#include "interop/pkcs11/op.h"

static struct km_p11_table sessions;

static void session_free(struct km_p11_session *session)
{
    for (unsigned i = 0; i < KM_P11_OPS; i++)
        km_p11_op_freep(&session->ops[i]);
    km_p11_find_freep(&session->find);
    (void)pthread_mutex_destroy(&session->lock);
    free(session);
}

/* With the lock held. */
static void unref(struct km_p11_session *session)
{
    if (--session->n_refs == 0)
        session_free(session);
}

CK_RV km_p11_session_take(CK_SESSION_HANDLE handle, struct km_p11_session **ret_session)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    struct km_p11_session *session = km_p11_table_find(&sessions, handle);
    if (session == NULL)
        return CKR_SESSION_HANDLE_INVALID;
    session->n_refs++;
    *ret_session = session;
    return CKR_OK;
}

void km_p11_session_givep(struct km_p11_session **session)
{
    if (*session == NULL)
        return;
    km_p11_lock();
    unref(*session);
    km_p11_unlock();
    *session = NULL;
}

CK_RV km_p11_session_enter(CK_SESSION_HANDLE handle, struct km_p11_session **ret_session)
{
    P11_TRY(km_p11_session_take(handle, ret_session));
    (void)pthread_mutex_lock(&(*ret_session)->lock);
    return CKR_OK;
}

void km_p11_session_leavep(struct km_p11_session **session)
{
    if (*session == NULL)
        return;
    (void)pthread_mutex_unlock(&(*session)->lock);
    km_p11_session_givep(session);
}

void km_p11_sessions_clear(void)
{
    for (uint32_t i = 0; i < sessions.n_items; i++) {
        if (sessions.items[i] != NULL)
            unref(sessions.items[i]);
    }
    km_p11_table_clear(&sessions);
}

void km_p11_sessions_forget(void)
{
    sessions = (struct km_p11_table){0};
}

void km_p11_session_count(const struct km_p11_slot *slot, CK_ULONG *ret_all, CK_ULONG *ret_rw)
{
    *ret_all = 0;
    *ret_rw = 0;
    for (uint32_t i = 0; i < sessions.n_items; i++) {
        const struct km_p11_session *session = sessions.items[i];
        if (session == NULL || session->slot != slot)
            continue;
        ++*ret_all;
        *ret_rw += (session->flags & CKF_RW_SESSION) != 0;
    }
}

CK_RV C_OpenSession(CK_SLOT_ID slotID, CK_FLAGS flags, CK_VOID_PTR pApplication, CK_NOTIFY Notify,
                    CK_SESSION_HANDLE_PTR phSession)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    (void)pApplication;
    (void)Notify;
    P11_TRY(km_p11_enter(&entered));
    if (phSession == NULL)
        return CKR_ARGUMENTS_BAD;
    if ((flags & CKF_SERIAL_SESSION) == 0)
        return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    struct km_p11_slot *slot = km_p11_slot_find(slotID);
    if (slot == NULL)
        return CKR_SLOT_ID_INVALID;
    if (!slot->is_initialized)
        return CKR_TOKEN_NOT_RECOGNIZED;
    if (slot->so != NULL && (flags & CKF_RW_SESSION) == 0)
        return CKR_SESSION_READ_WRITE_SO_EXISTS;
    struct km_p11_session *session = calloc(1, sizeof(*session));
    if (session == NULL)
        return CKR_HOST_MEMORY;
    *session = (struct km_p11_session){.n_refs = 1, .slot = slot, .flags = flags};
    (void)pthread_mutex_init(&session->lock, NULL);
    CK_RV rv = km_p11_table_add(&sessions, session, &session->handle);
    if (rv != CKR_OK) {
        session_free(session);
        return rv;
    }
    *phSession = session->handle;
    return CKR_OK;
}

/* With the lock held: its objects go with it, and the login with the last one of the slot. */
static void close_session(struct km_p11_session *session)
{
    struct km_p11_slot *slot = session->slot;
    CK_ULONG n = 0;
    CK_ULONG n_rw = 0;
    (void)km_p11_table_remove(&sessions, session->handle);
    km_p11_objects_of_session(session->handle);
    unref(session);
    if (slot->user == NULL && slot->so == NULL)
        return;
    km_p11_session_count(slot, &n, &n_rw);
    if (n == 0)
        km_p11_logout(slot);
}

CK_RV C_CloseSession(CK_SESSION_HANDLE hSession)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    struct km_p11_session *session = km_p11_table_find(&sessions, hSession);
    if (session == NULL)
        return CKR_SESSION_HANDLE_INVALID;
    close_session(session);
    return CKR_OK;
}

CK_RV C_CloseAllSessions(CK_SLOT_ID slotID)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    const struct km_p11_slot *slot = km_p11_slot_find(slotID);
    if (slot == NULL)
        return CKR_SLOT_ID_INVALID;
    for (uint32_t i = 0; i < sessions.n_items; i++) {
        struct km_p11_session *session = sessions.items[i];
        if (session != NULL && session->slot == slot)
            close_session(session);
    }
    return CKR_OK;
}

static CK_STATE state_of(const struct km_p11_session *session)
{
    bool is_rw = (session->flags & CKF_RW_SESSION) != 0;
    if (session->slot->so != NULL)
        return CKS_RW_SO_FUNCTIONS;
    if (session->slot->user != NULL)
        return is_rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
    return is_rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
}

CK_RV C_GetSessionInfo(CK_SESSION_HANDLE hSession, CK_SESSION_INFO_PTR pInfo)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    const struct km_p11_session *session = km_p11_table_find(&sessions, hSession);
    if (session == NULL)
        return CKR_SESSION_HANDLE_INVALID;
    if (pInfo == NULL)
        return CKR_ARGUMENTS_BAD;
    *pInfo = (CK_SESSION_INFO){
        .slotID = session->slot->id, .state = state_of(session), .flags = session->flags};
    return CKR_OK;
}

/* ---- who is logged in ---- */

static bool has_read_only(const struct km_p11_slot *slot)
{
    CK_ULONG n = 0;
    CK_ULONG n_rw = 0;
    km_p11_session_count(slot, &n, &n_rw);
    return n != n_rw;
}

static CK_RV login_so(struct km_p11_slot *slot, struct km_slice pin)
{
    ClrcPasswordGiven given = {CLRC_RECOVERY_PASSWORD, pin.ptr, (uint32_t)pin.len};
    if (has_read_only(slot))
        return CKR_SESSION_READ_ONLY_EXISTS;
    P11_TRY(km_p11_result(clrcCheckPassword(slot->name, &given)));
    slot->so = km_secret_from(pin);
    return slot->so == NULL ? CKR_HOST_MEMORY : CKR_OK;
}

static CK_RV login_user(struct km_p11_slot *slot, struct km_slice pin)
{
    if (!slot->has_user_pin)
        return CKR_USER_PIN_NOT_INITIALIZED;
    return km_p11_result(clrcLoadPassword(slot->name, pin.ptr, (uint32_t)pin.len, &slot->user));
}

/* The lock is held while the service looks at the PIN: two logins at once would be one too many. */
static CK_RV login(struct km_p11_slot *slot, CK_USER_TYPE user, struct km_slice pin)
{
    if (slot->token == 0)
        return CKR_USER_PIN_NOT_INITIALIZED;
    if (user != CKU_USER && user != CKU_SO)
        return CKR_USER_TYPE_INVALID;
    if (slot->user != NULL)
        return user == CKU_USER ? CKR_USER_ALREADY_LOGGED_IN : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    if (slot->so != NULL)
        return user == CKU_SO ? CKR_USER_ALREADY_LOGGED_IN : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    if (pin.len == 0 || pin.len > CLRC_PASSWORD_MAX)
        return CKR_PIN_INCORRECT;
    return user == CKU_SO ? login_so(slot, pin) : login_user(slot, pin);
}

CK_RV C_LoginUser(CK_SESSION_HANDLE hSession, CK_USER_TYPE userType, CK_UTF8CHAR_PTR pPin,
                  CK_ULONG ulPinLen, CK_UTF8CHAR_PTR pUsername, CK_ULONG ulUsernameLen)
{
    if (userType == CKU_CONTEXT_SPECIFIC && (pPin != NULL || ulPinLen == 0))
        return km_p11_op_login(hSession, KM_SLICE(pPin, ulPinLen));
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    const struct km_p11_session *session = km_p11_table_find(&sessions, hSession);
    if (session == NULL)
        return CKR_SESSION_HANDLE_INVALID;
    if (pPin == NULL && ulPinLen != 0)
        return CKR_ARGUMENTS_BAD;
    if (pUsername != NULL && ulUsernameLen != 0)
        return CKR_USER_TYPE_INVALID; /* tokens have no named users */
    return login(session->slot, userType, KM_SLICE(pPin, ulPinLen));
}

CK_RV C_Login(CK_SESSION_HANDLE hSession, CK_USER_TYPE userType, CK_UTF8CHAR_PTR pPin,
              CK_ULONG ulPinLen)
{
    return C_LoginUser(hSession, userType, pPin, ulPinLen, NULL, 0);
}

CK_RV C_Logout(CK_SESSION_HANDLE hSession)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    const struct km_p11_session *session = km_p11_table_find(&sessions, hSession);
    if (session == NULL)
        return CKR_SESSION_HANDLE_INVALID;
    if (session->slot->user == NULL && session->slot->so == NULL)
        return CKR_USER_NOT_LOGGED_IN;
    km_p11_logout(session->slot);
    return CKR_OK;
}

CK_RV C_SessionCancel(CK_SESSION_HANDLE hSession, CK_FLAGS flags)
{
    static const CK_FLAGS BITS[KM_P11_OPS] = {
        [KM_P11_OP_DIGEST] = CKF_DIGEST,
        [KM_P11_OP_SIGN] = CKF_SIGN,
        [KM_P11_OP_VERIFY] = CKF_VERIFY,
        [KM_P11_OP_ENCRYPT] = CKF_ENCRYPT,
        [KM_P11_OP_DECRYPT] = CKF_DECRYPT,
        [KM_P11_OP_SIGN_RECOVER] = CKF_SIGN_RECOVER,
        [KM_P11_OP_VERIFY_RECOVER] = CKF_VERIFY_RECOVER,
        [KM_P11_OP_MESSAGE_SIGN] = CKF_MESSAGE_SIGN,
        [KM_P11_OP_MESSAGE_VERIFY] = CKF_MESSAGE_VERIFY,
        [KM_P11_OP_MESSAGE_ENCRYPT] = CKF_MESSAGE_ENCRYPT,
        [KM_P11_OP_MESSAGE_DECRYPT] = CKF_MESSAGE_DECRYPT,
    };
    KM_AUTO(km_p11_session_leavep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_enter(hSession, &session));
    for (unsigned i = 0; i < KM_P11_OPS; i++) {
        if ((flags & BITS[i]) != 0)
            km_p11_op_freep(&session->ops[i]);
    }
    if ((flags & CKF_FIND_OBJECTS) != 0)
        km_p11_find_freep(&session->find);
    return CKR_OK;
}
