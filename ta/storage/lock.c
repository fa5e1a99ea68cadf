/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/storage/lock.h"

static const char KEK_INFO[] = "keymoor storage password 1";

static TEE_Result kek_of(const struct km_lock *lock, const uint8_t id[KM_FILE_HEAD_ID_LEN],
                         struct km_slice password, uint8_t ret[32])
{
    uint8_t stretched[32] = {0};
    TEE_Result result = km_seal_stretch(password, lock->salt, lock->iterations, stretched);
    if (result == TEE_SUCCESS)
        result = km_seal_derive(stretched, KM_SLICE(id, KM_FILE_HEAD_ID_LEN),
                                KM_SLICE_STR(KEK_INFO), ret);
    TEE_MemFill(stretched, 0, sizeof(stretched));
    return result;
}

TEE_Result km_lock_make(struct km_lock *ret, const uint8_t id[KM_FILE_HEAD_ID_LEN],
                        struct km_slice password, const uint8_t secret[KM_FILE_HEAD_SECRET_LEN])
{
    uint8_t kek[32] = {0};
    struct km_lock lock = {.iterations = KM_STORAGE_ITERATIONS};
    TEE_GenerateRandom(lock.salt, sizeof(lock.salt));
    TEE_GenerateRandom(lock.nonce, sizeof(lock.nonce));
    struct km_seal seal = {kek, lock.nonce, KM_SLICE(id, KM_FILE_HEAD_ID_LEN)};
    TEE_Result result = kek_of(&lock, id, password, kek);
    if (result == TEE_SUCCESS)
        result =
            km_seal_shut(&seal, KM_SLICE(secret, KM_FILE_HEAD_SECRET_LEN), lock.sealed, lock.tag);
    TEE_MemFill(kek, 0, sizeof(kek));
    if (result == TEE_SUCCESS)
        *ret = lock;
    return result;
}

static TEE_Result open_secret(const struct km_file_head *head, struct km_slice password,
                              uint8_t ret[KM_FILE_HEAD_SECRET_LEN])
{
    uint8_t kek[32] = {0};
    const struct km_lock *lock = &head->lock;
    struct km_seal seal = {kek, lock->nonce, KM_SLICE(head->id, KM_FILE_HEAD_ID_LEN)};
    TEE_Result result = kek_of(lock, head->id, password, kek);
    if (result == TEE_SUCCESS)
        result = km_seal_open(&seal, KM_SLICE(lock->sealed, sizeof(lock->sealed)), lock->tag, ret);
    TEE_MemFill(kek, 0, sizeof(kek));
    return result == TEE_ERROR_MAC_INVALID ? KM_STORAGE_E_PASSWORD : result;
}

static TEE_Result put_guesses(TEE_ObjectHandle *object, const struct km_guess_counts *counts)
{
    uint8_t octets[KM_GUESSES_LEN] = {0};
    struct km_wr wr = km_wr_init(octets, sizeof(octets));
    km_guess_counts_write(&wr, counts);
    return km_file_head_write(object, KM_FILE_HEAD_GUESSES_AT, KM_SLICE(octets, sizeof(octets)));
}

static TEE_Result take_guess(TEE_ObjectHandle *object, struct km_file_head *head,
                             struct km_guesses *guesses)
{
    enum km_guess_verdict verdict = km_guesses_take(guesses, km_now());
    if (verdict == KM_GUESS_WAIT)
        return KM_STORAGE_E_THROTTLED;
    KM_TRY_TEE(put_guesses(object, &head->counts));
    return verdict == KM_GUESS_TAKEN ? TEE_SUCCESS : KM_STORAGE_E_THROTTLED;
}

static TEE_Result check(const struct km_file *file, const struct km_owner *caller,
                        struct km_slice password, struct km_file_head *head,
                        uint8_t ret_secret[KM_FILE_HEAD_SECRET_LEN])
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_TRY_TEE(km_file_head_open(file, KM_ALONE, &object, head));
    if (head->lock.iterations == 0)
        return KM_STORAGE_E_PASSWORD;
    struct km_guesses *guesses = km_guesses_of(&head->counts, &file->owner, caller);
    KM_TRY_TEE(take_guess(&object, head, guesses));
    KM_TRY_TEE(open_secret(head, password, ret_secret));
    *guesses = (struct km_guesses){0};
    TEE_Result result = put_guesses(&object, &head->counts);
    if (result != TEE_SUCCESS)
        TEE_MemFill(ret_secret, 0, KM_FILE_HEAD_SECRET_LEN);
    return result;
}

TEE_Result km_lock_open(const struct km_file *file, const struct km_owner *caller,
                        struct km_slice password, struct km_file_head *head,
                        uint8_t ret_secret[KM_FILE_HEAD_SECRET_LEN])
{
    /* None is no guess. */
    if (password.len == 0)
        return KM_STORAGE_E_PASSWORD;
    TEE_Result result = check(file, caller, password, head, ret_secret);
    if (result == KM_STORAGE_E_PASSWORD || result == KM_STORAGE_E_THROTTLED)
        km_audit_name("storage password", KM_SLICE(file->name.at, file->name.len), result);
    return result;
}
