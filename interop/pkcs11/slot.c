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
        km_p11_wake();
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
        km_p11_wake();
    }
    known_in = km_p11_life();
    if (km_p11_config()->has_free_slot)
        (void)free_slot();
}

struct km_p11_pin *km_p11_pin_ref(struct km_p11_pin *pin)
{
    if (pin != NULL)
        (void)atomic_fetch_add(&pin->n_refs, 1);
    return pin;
}

void km_p11_pin_freep(struct km_p11_pin **pin)
{
    if (*pin != NULL && atomic_fetch_sub(&(*pin)->n_refs, 1) == 1) {
        clrcFreePassword((*pin)->handle);
        free(*pin);
    }
    *pin = NULL;
}

CK_RV km_p11_pin_new(ClrcPasswordHandle *handle, struct km_p11_pin **ret_pin)
{
    struct km_p11_pin *pin = calloc(1, sizeof(*pin));
    if (pin == NULL)
        return CKR_HOST_MEMORY;
    atomic_init(&pin->n_refs, 1);
    pin->handle = km_steal(handle);
    *ret_pin = pin;
    return CKR_OK;
}

ClrcPasswordHandle km_p11_pin_handle(const struct km_p11_pin *pin)
{
    return pin == NULL ? NULL : pin->handle;
}

CK_RV km_p11_slot_claim(struct km_p11_slot *slot, struct km_p11_claim *claim)
{
    while (slot->is_busy)
        P11_TRY(km_p11_wait());
    slot->is_busy = true;
    *claim = (struct km_p11_claim){slot, km_p11_life()};
    return CKR_OK;
}

void km_p11_claim_give(struct km_p11_claim *claim)
{
    if (claim->slot == NULL || claim->life != km_p11_life())
        return;
    claim->slot->is_busy = false;
    claim->slot->is_emptied = false;
    km_p11_wake();
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
    if (slot->user == NULL && slot->so == NULL)
        return;
    km_p11_pin_freep(&slot->user);
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
    CK_FLAGS hardware = km_p11_config()->is_hardware ? CKF_HW_SLOT : 0;
    *pInfo = (CK_SLOT_INFO){.flags = CKF_TOKEN_PRESENT | hardware,
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
    pInfo->ulSessionCount = slot->n_sessions;
    pInfo->ulRwSessionCount = slot->n_rw;
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

/* Without the lock, as all of these up to C_InitToken. */
static CK_RV save_record(const char *name, uint32_t token, const char *label, bool has_user_pin)
{
    uint8_t bytes[CLRC_NOTE_MAX] = {0};
    struct km_p11_list list = {0};
    size_t len = 0;
    CK_RV rv = km_p11_list_set(&list, CKA_LABEL, KM_SLICE_STR(label));
    struct km_p11_note note = {.token = token,
                               .flags =
                                   KM_P11_NOTE_TOKEN | (has_user_pin ? KM_P11_NOTE_USER_PIN : 0),
                               .own = KM_SLICE(list.bytes, list.len)};
    if (rv == CKR_OK && !km_p11_note_put(&note, KM_SPAN(bytes, sizeof(bytes)), &len))
        rv = CKR_GENERAL_ERROR;
    km_p11_list_clear(&list);
    ClrcData data = {.note = bytes, .note_length = (uint32_t)len};
    return rv != CKR_OK ? rv : km_p11_result(clrcSaveData(name, &data, NULL, 1));
}

static CK_RV make_token(struct km_slice pin, const char *label)
{
    char name[CLRC_NAME_MAX + 1] = {0};
    uint32_t token = 0;
    P11_TRY(km_p11_result(clrcRandom((uint8_t *)&token, sizeof(token))));
    token = token == 0 ? 1 : token;
    (void)snprintf(name, sizeof(name), "pkcs11.token.%08x", token);
    P11_TRY(
        km_p11_result(clrcCreateRecoverablePassword(name, NULL, 0, pin.ptr, (uint32_t)pin.len)));
    return save_record(name, token, label, false);
}

struct emptied {
    uint32_t token;
    ClrcPasswordHandle password;
    ClrcResult result;
};

/* An object of the service, if it is on the token. */
static int delete_one(void *arg, const ClrcKeyInfo *info, const uint8_t *bytes, uint32_t len)
{
    struct emptied *emptied = arg;
    struct km_p11_note note = {0};
    if (!km_p11_note_parse(KM_SLICE(bytes, len), &note) || note.token != emptied->token ||
        (note.flags & KM_P11_NOTE_TOKEN) != 0)
        return 1;
    ClrcPasswordHandle with = info->has_password ? emptied->password : NULL;
    emptied->result = info->type == KEY_NONE ? clrcDeleteData(info->name, with)
                                             : clrcDeleteNamedKey(info->name, with);
    if (emptied->result == CLRC_ERROR_NOT_FOUND)
        emptied->result = CLRC_SUCCESS;
    return emptied->result == CLRC_SUCCESS;
}

/* What is under the user's PIN is deleted under one that is drawn for it; then nobody knows the PIN. */
static CK_RV empty_token(const char *name, uint32_t token, struct km_slice pin)
{
    uint8_t drawn[32] = {0};
    struct emptied emptied = {.token = token, .result = CLRC_SUCCESS};
    ClrcPasswordGiven by = {CLRC_RECOVERY_PASSWORD, pin.ptr, (uint32_t)pin.len};
    ClrcPasswordGiven to = {CLRC_OWN_PASSWORD, drawn, sizeof(drawn)};
    ClrcPasswordGiven unknown = {CLRC_OWN_PASSWORD, NULL, 0};
    P11_TRY(km_p11_result(clrcRandom(drawn, sizeof(drawn))));
    CK_RV rv = km_p11_result(clrcChangePassword(name, &by, &to));
    if (rv == CKR_OK)
        rv = km_p11_result(clrcLoadPassword(name, drawn, sizeof(drawn), &emptied.password));
    if (rv == CKR_OK)
        rv = km_p11_result(clrcListObjects(delete_one, &emptied));
    if (rv == CKR_OK)
        rv = km_p11_result(emptied.result);
    if (rv == CKR_OK)
        rv = km_p11_result(clrcChangePassword(name, &by, &unknown));
    clrcFreePassword(emptied.password);
    km_wipe(drawn, sizeof(drawn));
    return rv;
}

static CK_RV check_init(const struct km_p11_slot *slot, CK_ULONG pin_len)
{
    if (slot->id == 0)
        return CKR_TOKEN_WRITE_PROTECTED;
    if (pin_len < PIN_MIN || pin_len > CLRC_PASSWORD_MAX)
        return slot->is_initialized ? CKR_PIN_INCORRECT : CKR_PIN_LEN_RANGE;
    return slot->n_sessions != 0 ? CKR_SESSION_EXISTS : CKR_OK;
}

CK_RV C_InitToken(CK_SLOT_ID slotID, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen,
                  CK_UTF8CHAR_PTR pLabel)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    KM_AUTO(km_p11_claim_give) struct km_p11_claim claim = {0};
    P11_TRY(km_p11_enter(&entered));
    struct km_p11_slot *slot = km_p11_slot_find(slotID);
    char label[33] = {0};
    if (slot == NULL)
        return CKR_SLOT_ID_INVALID;
    if (pPin == NULL || pLabel == NULL)
        return CKR_ARGUMENTS_BAD;
    P11_TRY(km_p11_slot_claim(slot, &claim));
    P11_TRY(check_init(slot, ulPinLen));
    slot->is_emptied = true;
    km_copy(label, sizeof(label), pLabel, 32);
    for (size_t i = 32; i > 0 && label[i - 1] == ' '; i--)
        label[i - 1] = 0;
    const struct km_p11_slot was = *slot;
    struct km_slice pin = KM_SLICE(pPin, ulPinLen);
    uint64_t life = km_p11_outside();
    CK_RV rv = was.is_initialized ? empty_token(was.name, was.token, pin) : make_token(pin, label);
    if (rv == CKR_OK && was.is_initialized)
        rv = save_record(was.name, was.token, label, false);
    P11_TRY(km_p11_inside(life));
    P11_TRY(rv);
    return km_p11_objects_refresh();
}

/* A copy of the security officer's PIN; he may log out meanwhile. */
static CK_RV so_pin(const struct km_p11_slot *slot, struct km_secret **ret_pin)
{
    if (slot->so == NULL)
        return CKR_USER_NOT_LOGGED_IN;
    *ret_pin = km_secret_from(km_secret_expose(slot->so));
    return *ret_pin == NULL ? CKR_HOST_MEMORY : CKR_OK;
}

CK_RV C_InitPIN(CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    KM_AUTO(km_p11_claim_give) struct km_p11_claim claim = {0};
    KM_AUTO(km_secret_freep) struct km_secret *so = NULL;
    P11_TRY(km_p11_enter(&entered));
    struct km_p11_slot *slot = session->slot;
    P11_TRY(km_p11_slot_claim(slot, &claim));
    P11_TRY(so_pin(slot, &so));
    if (pPin == NULL || ulPinLen < PIN_MIN || ulPinLen > CLRC_PASSWORD_MAX)
        return CKR_PIN_LEN_RANGE;
    struct km_slice known = km_secret_expose(so);
    ClrcPasswordGiven by = {CLRC_RECOVERY_PASSWORD, known.ptr, (uint32_t)known.len};
    ClrcPasswordGiven to = {CLRC_OWN_PASSWORD, pPin, (uint32_t)ulPinLen};
    const struct km_p11_slot was = *slot;
    uint64_t life = km_p11_outside();
    CK_RV rv = km_p11_result(clrcChangePassword(was.name, &by, &to));
    if (rv == CKR_OK)
        rv = save_record(was.name, was.token, was.label, true);
    P11_TRY(km_p11_inside(life));
    P11_TRY(rv);
    slot->has_user_pin = true;
    return CKR_OK;
}

/* The PIN that is kept for new sessions with the service is the new one; keys are loaded anew with it. Without the lock in between. */
static CK_RV keep_new_pin(struct km_p11_slot *slot, struct km_slice pin)
{
    ClrcPasswordHandle handle = NULL;
    char name[sizeof(slot->name)] = {0};
    if (slot->so != NULL) {
        km_secret_free(slot->so);
        slot->so = km_secret_from(pin);
        return slot->so == NULL ? CKR_HOST_MEMORY : CKR_OK;
    }
    if (slot->user == NULL)
        return CKR_OK;
    km_copy(name, sizeof(name), slot->name, sizeof(slot->name));
    uint64_t life = km_p11_outside();
    CK_RV rv = km_p11_result(clrcLoadPassword(name, pin.ptr, (uint32_t)pin.len, &handle));
    CK_RV inside = km_p11_inside(life);
    if (rv == CKR_OK)
        rv = inside;
    if (rv == CKR_OK && slot->user != NULL) { /* nobody logged out meanwhile */
        km_p11_objects_hide(slot->token, false);
        km_p11_pin_freep(&slot->user);
        rv = km_p11_pin_new(&handle, &slot->user);
    }
    clrcFreePassword(handle);
    return rv;
}

static CK_RV check_change(const struct km_p11_session *session, struct km_slice before,
                          struct km_slice after)
{
    if ((session->flags & CKF_RW_SESSION) == 0)
        return CKR_SESSION_READ_ONLY;
    if (session->slot->token == 0)
        return CKR_USER_PIN_NOT_INITIALIZED;
    if (before.ptr == NULL || after.ptr == NULL)
        return CKR_ARGUMENTS_BAD;
    if (after.len < PIN_MIN || after.len > CLRC_PASSWORD_MAX)
        return CKR_PIN_LEN_RANGE;
    return before.len == 0 || before.len > CLRC_PASSWORD_MAX ? CKR_PIN_INCORRECT : CKR_OK;
}

CK_RV C_SetPIN(CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pOldPin, CK_ULONG ulOldLen,
               CK_UTF8CHAR_PTR pNewPin, CK_ULONG ulNewLen)
{
    KM_AUTO(km_p11_session_givep) struct km_p11_session *session = NULL;
    P11_TRY(km_p11_session_take(hSession, &session));
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    KM_AUTO(km_p11_claim_give) struct km_p11_claim claim = {0};
    P11_TRY(km_p11_enter(&entered));
    struct km_p11_slot *slot = session->slot;
    P11_TRY(km_p11_slot_claim(slot, &claim));
    P11_TRY(check_change(session, KM_SLICE(pOldPin, ulOldLen), KM_SLICE(pNewPin, ulNewLen)));
    ClrcWhichPassword which = slot->so != NULL ? CLRC_RECOVERY_PASSWORD : CLRC_OWN_PASSWORD;
    ClrcPasswordGiven by = {which, pOldPin, (uint32_t)ulOldLen};
    ClrcPasswordGiven to = {which, pNewPin, (uint32_t)ulNewLen};
    char name[sizeof(slot->name)] = {0};
    km_copy(name, sizeof(name), slot->name, sizeof(slot->name));
    uint64_t life = km_p11_outside();
    CK_RV rv = km_p11_result(clrcChangePassword(name, &by, &to));
    P11_TRY(km_p11_inside(life));
    P11_TRY(rv);
    return keep_new_pin(slot, KM_SLICE(pNewPin, ulNewLen));
}
