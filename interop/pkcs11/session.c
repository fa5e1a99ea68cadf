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

struct km_p11_session *km_p11_session_of(CK_SESSION_HANDLE handle)
{
    return km_p11_table_find(&sessions, handle);
}

bool km_p11_session_is_open(const struct km_p11_session *session)
{
    return km_p11_table_find(&sessions, session->handle) == session;
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
    while (slot->is_emptied)
        P11_TRY(km_p11_wait());
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
    slot->n_sessions++;
    slot->n_rw += (flags & CKF_RW_SESSION) != 0;
    *phSession = session->handle;
    return CKR_OK;
}

/* With the lock held: its objects go with it, and the login with the last one of the slot. */
static void close_session(struct km_p11_session *session)
{
    struct km_p11_slot *slot = session->slot;
    (void)km_p11_table_remove(&sessions, session->handle);
    km_p11_objects_of_session(session);
    slot->n_sessions--;
    slot->n_rw -= (session->flags & CKF_RW_SESSION) != 0;
    unref(session);
    if (slot->n_sessions == 0)
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
    return slot->n_sessions != slot->n_rw;
}

/* What the service made of a PIN; without the lock. */
static CK_RV ask(const char *name, CK_USER_TYPE user, struct km_slice pin,
                 ClrcPasswordHandle *ret_user)
{
    ClrcPasswordGiven given = {CLRC_RECOVERY_PASSWORD, pin.ptr, (uint32_t)pin.len};
    if (user == CKU_SO)
        return km_p11_result(clrcCheckPassword(name, &given));
    return km_p11_result(clrcLoadPassword(name, pin.ptr, (uint32_t)pin.len, ret_user));
}

/* Whoever is asked now whether somebody is logged in, answers so. */
static CK_RV is_taken(const struct km_p11_slot *slot, CK_USER_TYPE user)
{
    if (slot->user != NULL)
        return user == CKU_USER ? CKR_USER_ALREADY_LOGGED_IN : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    if (slot->so != NULL)
        return user == CKU_SO ? CKR_USER_ALREADY_LOGGED_IN : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    return CKR_OK;
}

static CK_RV check_login(const struct km_p11_slot *slot, CK_USER_TYPE user, struct km_slice pin)
{
    if (slot->token == 0)
        return CKR_USER_PIN_NOT_INITIALIZED;
    if (user != CKU_USER && user != CKU_SO)
        return CKR_USER_TYPE_INVALID;
    P11_TRY(is_taken(slot, user));
    if (pin.len == 0 || pin.len > CLRC_PASSWORD_MAX)
        return CKR_PIN_INCORRECT;
    if (user == CKU_SO && has_read_only(slot))
        return CKR_SESSION_READ_ONLY_EXISTS;
    return user == CKU_USER && !slot->has_user_pin ? CKR_USER_PIN_NOT_INITIALIZED : CKR_OK;
}

/* The PIN is right: what happened while the service looked at it? */
static CK_RV let_in(const struct km_p11_session *session, CK_USER_TYPE user, struct km_slice pin,
                    uint32_t token, ClrcPasswordHandle *handle)
{
    struct km_p11_slot *slot = session->slot;
    if (!km_p11_session_is_open(session))
        return CKR_SESSION_HANDLE_INVALID;
    if (slot->token != token)
        return CKR_DEVICE_REMOVED;
    P11_TRY(is_taken(slot, user));
    if (user == CKU_USER)
        return km_p11_pin_new(handle, &slot->user);
    if (has_read_only(slot))
        return CKR_SESSION_READ_ONLY_EXISTS;
    slot->so = km_secret_from(pin);
    return slot->so == NULL ? CKR_HOST_MEMORY : CKR_OK;
}

/* One login at a time, so that two at once are not one too many; what needs no PIN of this slot goes on meanwhile. */
static CK_RV login(const struct km_p11_session *session, CK_USER_TYPE user, struct km_slice pin)
{
    KM_AUTO(km_p11_claim_give) struct km_p11_claim claim = {0};
    struct km_p11_slot *slot = session->slot;
    ClrcPasswordHandle handle = NULL;
    char name[sizeof(slot->name)] = {0};
    P11_TRY(km_p11_slot_claim(slot, &claim));
    P11_TRY(check_login(slot, user, pin));
    km_copy(name, sizeof(name), slot->name, sizeof(slot->name));
    uint32_t token = slot->token;
    uint64_t life = km_p11_outside();
    CK_RV rv = ask(name, user, pin, &handle);
    CK_RV inside = km_p11_inside(life);
    if (rv == CKR_OK)
        rv = inside == CKR_OK ? let_in(session, user, pin, token, &handle) : inside;
    clrcFreePassword(handle);
    return rv;
}

CK_RV C_LoginUser(CK_SESSION_HANDLE hSession, CK_USER_TYPE userType, CK_UTF8CHAR_PTR pPin,
                  CK_ULONG ulPinLen, CK_UTF8CHAR_PTR pUsername, CK_ULONG ulUsernameLen)
{
    if (userType == CKU_CONTEXT_SPECIFIC && (pPin != NULL || ulPinLen == 0))
        return km_p11_op_login(hSession, KM_SLICE(pPin, ulPinLen));
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    if (pPin == NULL && ulPinLen != 0)
        return CKR_ARGUMENTS_BAD;
    if (pUsername != NULL && ulUsernameLen != 0)
        return CKR_USER_TYPE_INVALID; /* tokens have no named users */
    return login(session, userType, KM_SLICE(pPin, ulPinLen));
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
