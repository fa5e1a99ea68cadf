/* SPDX-License-Identifier: Apache-2.0 */
/* Slots and tokens: what they say of themselves, how tokens come to be, and their PINs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/km_secret.h"
#include "interop/pkcs11/p11.h"

#define SLOTS_MAX 64u
#define PIN_MIN 4u

static struct km_p11_slot slots[SLOTS_MAX];
static uint32_t n_slots;
static uint64_t listed_in; /* the life in which tokens were looked for */
static uint64_t known_in;  /* the one in which they were found */

static struct km_p11_slot *slot_new(void)
{
    if (n_slots == SLOTS_MAX)
        return NULL;
    struct km_p11_slot *slot = &slots[n_slots];
    *slot = (struct km_p11_slot){.id = n_slots};
    n_slots++;
    return slot;
}

static struct km_p11_slot *free_slot(void)
{
    for (uint32_t i = 1; i < n_slots; i++) {
        if (slots[i].token == 0)
            return &slots[i];
    }
    return slot_new();
}

CK_RV km_p11_slots_begin(void)
{
    km_p11_slots_clear();
    struct km_p11_slot *soft = slot_new();
    soft->is_initialized = true;
    km_copy(soft->label, sizeof(soft->label), km_p11_config()->label,
            sizeof(km_p11_config()->label));
    return CKR_OK;
}

void km_p11_slots_clear(void)
{
    for (uint32_t i = 0; i < n_slots; i++)
        km_p11_logout(&slots[i]);
    n_slots = 0;
}

void km_p11_slots_forget(void)
{
    n_slots = 0;
}

/* Who knows a slot from before need not ask for the list again. */
struct km_p11_slot *km_p11_slot_find(CK_SLOT_ID id)
{
    if (id >= n_slots && listed_in != km_p11_life()) {
        listed_in = km_p11_life();
        (void)km_p11_objects_refresh();
    }
    return id < n_slots ? &slots[id] : NULL;
}

struct km_p11_slot *km_p11_slot_of(uint32_t token)
{
    for (uint32_t i = 0; i < n_slots; i++) {
        if (slots[i].token == token && slots[i].is_initialized)
            return &slots[i];
    }
    return NULL;
}

void km_p11_slot_seen(uint32_t token, const char *name, struct km_slice label, bool has_user_pin,
                      uint64_t epoch)
{
    struct km_p11_slot *slot = km_p11_slot_of(token);
    if (slot == NULL)
        slot = free_slot();
    if (slot == NULL || label.len >= sizeof(slot->label))
        return;
    bool is_new = slot->token != token || !slot->is_initialized;
    if (is_new && known_in == km_p11_life()) { /* what is there at first is no news */
        slot->has_event = true;
        km_p11_tell();
    }
    slot->token = token;
    slot->is_initialized = true;
    slot->has_user_pin = has_user_pin;
    slot->epoch = epoch;
    km_copy(slot->name, sizeof(slot->name), name, strlen(name) + 1);
    km_copy(slot->label, sizeof(slot->label), label.ptr, label.len);
    slot->label[label.len] = 0;
}

void km_p11_slots_sweep(uint64_t before)
{
    for (uint32_t i = 1; i < n_slots; i++) {
        if (slots[i].epoch >= before || slots[i].token == 0)
            continue;
        km_p11_logout(&slots[i]);
        slots[i].token = 0;
        slots[i].is_initialized = false;
        slots[i].has_event = true;
        km_p11_tell();
    }
    known_in = km_p11_life();
    if (km_p11_config()->has_free_slot)
        (void)free_slot();
}

bool km_p11_slot_event(CK_SLOT_ID *ret)
{
    for (uint32_t i = 0; i < n_slots; i++) {
        if (slots[i].has_event) {
            slots[i].has_event = false;
            *ret = slots[i].id;
            return true;
        }
    }
    return false;
}

void km_p11_logout(struct km_p11_slot *slot)
{
    clrcFreePassword(slot->user);
    slot->user = NULL;
    km_secret_free(slot->so);
    slot->so = NULL;
    km_p11_objects_hide(slot->token, true);
}

/* ---- what they say ---- */

CK_RV C_GetSlotList(CK_BBOOL tokenPresent, CK_SLOT_ID_PTR pSlotList, CK_ULONG_PTR pulCount)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    (void)tokenPresent; /* a slot without a token has one that is not initialised */
    P11_TRY(km_p11_enter(&entered));
    if (pulCount == NULL)
        return CKR_ARGUMENTS_BAD;
    /* Without the service there is slot 0: a program that has other modules must not fail for it. */
    bool is_news = pSlotList == NULL || listed_in != km_p11_life();
    listed_in = km_p11_life();
    CK_RV rv = is_news ? km_p11_objects_refresh() : CKR_OK;
    if (rv != CKR_OK && rv != CKR_DEVICE_REMOVED)
        return rv;
    CK_ULONG room = *pulCount;
    uint32_t first = km_p11_config()->has_key_slot ? 0 : 1;
    *pulCount = n_slots - first;
    if (pSlotList == NULL)
        return CKR_OK;
    if (room < *pulCount)
        return CKR_BUFFER_TOO_SMALL;
    for (uint32_t i = first; i < n_slots; i++)
        pSlotList[i - first] = slots[i].id;
    return CKR_OK;
}

CK_RV C_GetSlotInfo(CK_SLOT_ID slotID, CK_SLOT_INFO_PTR pInfo)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    const struct km_p11_slot *slot = km_p11_slot_find(slotID);
    char text[65] = {0};
    if (slot == NULL)
        return CKR_SLOT_ID_INVALID;
    if (pInfo == NULL)
        return CKR_ARGUMENTS_BAD;
    *pInfo = (CK_SLOT_INFO){.flags = CKF_TOKEN_PRESENT,
                            .hardwareVersion = km_p11_config()->hardware,
                            .firmwareVersion = km_p11_config()->firmware};
    (void)snprintf(text, sizeof(text), "Keymoor slot %lu", slot->id);
    km_p11_pad(pInfo->slotDescription, sizeof(pInfo->slotDescription), text);
    km_p11_pad(pInfo->manufacturerID, sizeof(pInfo->manufacturerID), km_p11_config()->manufacturer);
    return CKR_OK;
}

static CK_FLAGS token_flags(const struct km_p11_slot *slot)
{
    CK_FLAGS flags = CKF_RNG;
    if (slot->is_initialized)
        flags |= CKF_TOKEN_INITIALIZED;
    if (slot->id != 0)
        flags |= CKF_LOGIN_REQUIRED;
    if (slot->has_user_pin)
        flags |= CKF_USER_PIN_INITIALIZED;
    return flags;
}

CK_RV C_GetTokenInfo(CK_SLOT_ID slotID, CK_TOKEN_INFO_PTR pInfo)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    const struct km_p11_slot *slot = km_p11_slot_find(slotID);
    const struct km_p11_config *config = km_p11_config();
    char serial[17] = {0};
    if (slot == NULL)
        return CKR_SLOT_ID_INVALID;
    if (pInfo == NULL)
        return CKR_ARGUMENTS_BAD;
    *pInfo = (CK_TOKEN_INFO){.flags = token_flags(slot),
                             .ulMaxSessionCount = CK_EFFECTIVELY_INFINITE,
                             .ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE,
                             .ulMaxPinLen = CLRC_PASSWORD_MAX,
                             .ulMinPinLen = PIN_MIN,
                             .ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION,
                             .ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION,
                             .ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION,
                             .ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION,
                             .hardwareVersion = config->hardware,
                             .firmwareVersion = config->firmware};
    km_p11_session_count(slot, &pInfo->ulSessionCount, &pInfo->ulRwSessionCount);
    (void)snprintf(serial, sizeof(serial), "%016x", slot->token);
    bool is_given = config->has_serial || slot->id == 0;
    km_p11_pad(pInfo->label, sizeof(pInfo->label), slot->label);
    km_p11_pad(pInfo->manufacturerID, sizeof(pInfo->manufacturerID), config->manufacturer);
    km_p11_pad(pInfo->model, sizeof(pInfo->model), config->model);
    km_p11_pad(pInfo->serialNumber, sizeof(pInfo->serialNumber),
               is_given ? config->serial : serial);
    km_p11_pad(pInfo->utcTime, sizeof(pInfo->utcTime), "");
    return CKR_OK;
}

CK_RV C_GetMechanismList(CK_SLOT_ID slotID, CK_MECHANISM_TYPE_PTR pMechanismList,
                         CK_ULONG_PTR pulCount)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    if (km_p11_slot_find(slotID) == NULL)
        return CKR_SLOT_ID_INVALID;
    if (pulCount == NULL)
        return CKR_ARGUMENTS_BAD;
    CK_ULONG room = *pulCount;
    *pulCount = km_p11_n_mechanisms();
    if (pMechanismList == NULL)
        return CKR_OK;
    if (room < *pulCount)
        return CKR_BUFFER_TOO_SMALL;
    for (size_t i = 0; i < km_p11_n_mechanisms(); i++)
        pMechanismList[i] = km_p11_mechanism_at(i)->type;
    return CKR_OK;
}

CK_RV C_GetMechanismInfo(CK_SLOT_ID slotID, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR pInfo)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    if (km_p11_slot_find(slotID) == NULL)
        return CKR_SLOT_ID_INVALID;
    if (pInfo == NULL)
        return CKR_ARGUMENTS_BAD;
    const struct km_p11_mechanism *mechanism = km_p11_mechanism_find(type);
    if (mechanism == NULL)
        return CKR_MECHANISM_INVALID;
    *pInfo = (CK_MECHANISM_INFO){mechanism->min, mechanism->max, mechanism->flags};
    return CKR_OK;
}

/* ---- tokens ---- */

static CK_RV save_record(const struct km_p11_slot *slot, const char *label, bool has_user_pin)
{
    uint8_t bytes[CLRC_NOTE_MAX] = {0};
    struct km_p11_list list = {0};
    size_t len = 0;
    CK_RV rv = km_p11_list_set(&list, CKA_LABEL, KM_SLICE_STR(label));
    struct km_p11_note note = {.token = slot->token,
                               .flags =
                                   KM_P11_NOTE_TOKEN | (has_user_pin ? KM_P11_NOTE_USER_PIN : 0),
                               .own = KM_SLICE(list.bytes, list.len)};
    if (rv == CKR_OK && !km_p11_note_put(&note, KM_SPAN(bytes, sizeof(bytes)), &len))
        rv = CKR_GENERAL_ERROR;
    km_p11_list_clear(&list);
    ClrcData data = {.note = bytes, .note_length = (uint32_t)len};
    return rv != CKR_OK ? rv : km_p11_result(clrcSaveData(slot->name, &data, NULL, 1));
}

static CK_RV make_token(struct km_p11_slot *slot, struct km_slice pin, const char *label)
{
    uint32_t token = 0;
    P11_TRY(km_p11_result(clrcRandom((uint8_t *)&token, sizeof(token))));
    struct km_p11_slot made = *slot;
    made.token = token == 0 ? 1 : token;
    (void)snprintf(made.name, sizeof(made.name), "pkcs11.token.%08x", made.token);
    P11_TRY(km_p11_result(
        clrcCreateRecoverablePassword(made.name, NULL, 0, pin.ptr, (uint32_t)pin.len)));
    return save_record(&made, label, false);
}

static CK_RV delete_all(struct km_p11_slot *slot, ClrcPasswordHandle password)
{
    uint32_t at = 0;
    for (;;) {
        struct km_p11_object *object = km_p11_object_next(&at);
        if (object == NULL)
            return CKR_OK;
        if (object->token != slot->token || object->session != 0 || object->is_public_half)
            continue;
        ClrcPasswordHandle with = object->info.has_password ? password : NULL;
        bool is_data = object->class == CKO_DATA || object->class == CKO_CERTIFICATE;
        ClrcResult result = is_data ? clrcDeleteData(object->info.name, with)
                                    : clrcDeleteNamedKey(object->info.name, with);
        if (result != CLRC_ERROR_NOT_FOUND)
            P11_TRY(km_p11_result(result));
    }
}

/* What is under the user's PIN is deleted under one that is drawn for it; then nobody knows the PIN. */
static CK_RV empty_token(struct km_p11_slot *slot, struct km_slice pin)
{
    uint8_t drawn[32] = {0};
    ClrcPasswordHandle password = NULL;
    ClrcPasswordGiven by = {CLRC_RECOVERY_PASSWORD, pin.ptr, (uint32_t)pin.len};
    ClrcPasswordGiven to = {CLRC_OWN_PASSWORD, drawn, sizeof(drawn)};
    ClrcPasswordGiven unknown = {CLRC_OWN_PASSWORD, NULL, 0};
    P11_TRY(km_p11_objects_refresh());
    P11_TRY(km_p11_result(clrcRandom(drawn, sizeof(drawn))));
    CK_RV rv = km_p11_result(clrcChangePassword(slot->name, &by, &to));
    if (rv == CKR_OK)
        rv = km_p11_result(clrcLoadPassword(slot->name, drawn, sizeof(drawn), &password));
    if (rv == CKR_OK)
        rv = delete_all(slot, password);
    if (rv == CKR_OK)
        rv = km_p11_result(clrcChangePassword(slot->name, &by, &unknown));
    clrcFreePassword(password);
    km_wipe(drawn, sizeof(drawn));
    return rv;
}

CK_RV C_InitToken(CK_SLOT_ID slotID, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen,
                  CK_UTF8CHAR_PTR pLabel)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    struct km_p11_slot *slot = km_p11_slot_find(slotID);
    char label[33] = {0};
    CK_ULONG n = 0;
    CK_ULONG n_rw = 0;
    if (slot == NULL)
        return CKR_SLOT_ID_INVALID;
    if (pPin == NULL || pLabel == NULL)
        return CKR_ARGUMENTS_BAD;
    if (slotID == 0)
        return CKR_TOKEN_WRITE_PROTECTED;
    if (ulPinLen < PIN_MIN || ulPinLen > CLRC_PASSWORD_MAX)
        return slot->is_initialized ? CKR_PIN_INCORRECT : CKR_PIN_LEN_RANGE;
    km_p11_session_count(slot, &n, &n_rw);
    if (n != 0)
        return CKR_SESSION_EXISTS;
    km_copy(label, sizeof(label), pLabel, 32);
    for (size_t i = 32; i > 0 && label[i - 1] == ' '; i--)
        label[i - 1] = 0;
    struct km_slice pin = KM_SLICE(pPin, ulPinLen);
    if (slot->is_initialized) {
        P11_TRY(empty_token(slot, pin));
        P11_TRY(save_record(slot, label, false));
    } else {
        P11_TRY(make_token(slot, pin, label));
    }
    return km_p11_objects_refresh();
}

CK_RV C_InitPIN(CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    struct km_p11_slot *slot = session->slot;
    if (slot->so == NULL)
        return CKR_USER_NOT_LOGGED_IN;
    if (pPin == NULL || ulPinLen < PIN_MIN || ulPinLen > CLRC_PASSWORD_MAX)
        return CKR_PIN_LEN_RANGE;
    struct km_slice so = km_secret_expose(slot->so);
    ClrcPasswordGiven by = {CLRC_RECOVERY_PASSWORD, so.ptr, (uint32_t)so.len};
    ClrcPasswordGiven to = {CLRC_OWN_PASSWORD, pPin, (uint32_t)ulPinLen};
    P11_TRY(km_p11_result(clrcChangePassword(slot->name, &by, &to)));
    P11_TRY(save_record(slot, slot->label, true));
    slot->has_user_pin = true;
    return CKR_OK;
}

/* The PIN that is kept for new sessions with the service is the new one; keys are loaded anew with it. */
static CK_RV keep_new_pin(struct km_p11_slot *slot, struct km_slice pin)
{
    if (slot->so != NULL) {
        km_secret_free(slot->so);
        slot->so = km_secret_from(pin);
        return slot->so == NULL ? CKR_HOST_MEMORY : CKR_OK;
    }
    if (slot->user == NULL)
        return CKR_OK;
    km_p11_objects_hide(slot->token, false);
    clrcFreePassword(slot->user);
    slot->user = NULL;
    return km_p11_result(clrcLoadPassword(slot->name, pin.ptr, (uint32_t)pin.len, &slot->user));
}

CK_RV C_SetPIN(CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pOldPin, CK_ULONG ulOldLen,
               CK_UTF8CHAR_PTR pNewPin, CK_ULONG ulNewLen)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    P11_TRY(km_p11_enter(&entered));
    struct km_p11_slot *slot = session->slot;
    if ((session->flags & CKF_RW_SESSION) == 0)
        return CKR_SESSION_READ_ONLY;
    if (slot->token == 0)
        return CKR_USER_PIN_NOT_INITIALIZED;
    if (pOldPin == NULL || pNewPin == NULL)
        return CKR_ARGUMENTS_BAD;
    if (ulNewLen < PIN_MIN || ulNewLen > CLRC_PASSWORD_MAX)
        return CKR_PIN_LEN_RANGE;
    if (ulOldLen == 0 || ulOldLen > CLRC_PASSWORD_MAX)
        return CKR_PIN_INCORRECT;
    ClrcWhichPassword which = slot->so != NULL ? CLRC_RECOVERY_PASSWORD : CLRC_OWN_PASSWORD;
    ClrcPasswordGiven by = {which, pOldPin, (uint32_t)ulOldLen};
    ClrcPasswordGiven to = {which, pNewPin, (uint32_t)ulNewLen};
    P11_TRY(km_p11_result(clrcChangePassword(slot->name, &by, &to)));
    return keep_new_pin(slot, KM_SLICE(pNewPin, ulNewLen));
}
