/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/password.h"

#include "ta/common/seal.h"
#include "ta/crypto/key_store.h"
#include "ta/crypto/stored.h"

#define ALONE (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE)
#define TOGETHER (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ)

static const char KEK_INFO[] = "keymoor password object 1";
static const char WRAP_INFO[] = "keymoor named key 1";

void km_password_free(void *password)
{
    TEE_Free(password);
}

/* ---- the password and its object's secret ---- */

static TEE_Result kek_of(const struct km_password_record *record, struct km_slice password,
                         uint8_t ret[32])
{
    uint8_t stretched[32] = {0};
    TEE_Result result = km_seal_stretch(password, record->salt, record->iterations, stretched);
    if (result == TEE_SUCCESS)
        result = km_seal_derive(stretched, KM_SLICE(record->id, sizeof(record->id)),
                                KM_SLICE_STR(KEK_INFO), ret);
    TEE_MemFill(stretched, 0, sizeof(stretched));
    return result;
}

static TEE_Result shut_secret(struct km_password_record *record, struct km_slice password)
{
    uint8_t kek[32] = {0};
    uint8_t secret[KM_PASSWORD_SECRET_LEN] = {0};
    struct km_seal seal = {kek, record->nonce, KM_SLICE(record->id, sizeof(record->id))};
    TEE_GenerateRandom(secret, sizeof(secret));
    TEE_Result result = kek_of(record, password, kek);
    if (result == TEE_SUCCESS)
        result = km_seal_shut(&seal, KM_SLICE(secret, sizeof(secret)), record->sealed, record->tag);
    TEE_MemFill(kek, 0, sizeof(kek));
    TEE_MemFill(secret, 0, sizeof(secret));
    return result;
}

static TEE_Result open_secret(const struct km_password_record *record, struct km_slice password,
                              uint8_t ret[KM_PASSWORD_SECRET_LEN])
{
    uint8_t kek[32] = {0};
    struct km_seal seal = {kek, record->nonce, KM_SLICE(record->id, sizeof(record->id))};
    TEE_Result result = kek_of(record, password, kek);
    if (result == TEE_SUCCESS)
        result =
            km_seal_open(&seal, KM_SLICE(record->sealed, sizeof(record->sealed)), record->tag, ret);
    TEE_MemFill(kek, 0, sizeof(kek));
    return result == TEE_ERROR_MAC_INVALID ? KM_CRYPTO_E_PASSWORD : result;
}

TEE_Result km_password_create(const struct km_caller *caller, const struct km_crypto_name *name,
                              struct km_slice password)
{
    bool exists = false;
    struct km_password_record record = {.owner = caller->owner,
                                        .iterations = KM_PASSWORD_ITERATIONS};
    uint8_t buf[KM_RECORD_MAX] = {0};
    size_t len = 0;
    /* Asked first, because what follows takes long; creating asks again. */
    KM_TRY_TEE(km_stored_exists(KM_STORED_PASSWORD, name, &exists));
    if (exists)
        return KM_CRYPTO_E_EXISTS;
    TEE_GenerateRandom(record.id, sizeof(record.id));
    TEE_GenerateRandom(record.salt, sizeof(record.salt));
    TEE_GenerateRandom(record.nonce, sizeof(record.nonce));
    KM_TRY_TEE(shut_secret(&record, password));
    if (!km_password_record_put(&record, KM_SPAN(buf, sizeof(buf)), &len))
        km_ta_unreached();
    return km_stored_create(KM_STORED_PASSWORD, name, KM_SLICE(buf, len));
}

/* ---- guesses ---- */

static TEE_Result put_guesses(TEE_ObjectHandle *object, const struct km_password_record *record)
{
    uint8_t bytes[KM_GUESSES_LEN] = {0};
    struct km_wr wr = km_wr_init(bytes, sizeof(bytes));
    km_guess_counts_write(&wr, &record->counts);
    return km_stored_write(object, KM_PASSWORD_RECORD_GUESSES_AT, KM_SLICE(bytes, sizeof(bytes)));
}

/* Counts the guess as wrong before anything is known about it. */
static TEE_Result take_guess(TEE_ObjectHandle *object, struct km_password_record *record,
                             struct km_guesses *guesses)
{
    enum km_guess_verdict verdict = km_guesses_take(guesses, km_now());
    if (verdict == KM_GUESS_WAIT)
        return KM_CRYPTO_E_THROTTLED;
    KM_TRY_TEE(put_guesses(object, record));
    return verdict == KM_GUESS_TAKEN ? TEE_SUCCESS : KM_CRYPTO_E_THROTTLED;
}

static TEE_Result read_record(TEE_ObjectHandle *object, struct km_password_record *ret)
{
    uint8_t buf[KM_RECORD_MAX] = {0};
    struct km_slice data = {0};
    KM_TRY_TEE(km_stored_read(object, buf, &data));
    return km_password_record_parse(data, ret) ? TEE_SUCCESS : TEE_ERROR_CORRUPT_OBJECT;
}

/* The object is open for this caller alone. */
static TEE_Result check(TEE_ObjectHandle *object, struct km_password_record *record,
                        const struct km_caller *caller, struct km_slice password,
                        uint8_t ret_secret[KM_PASSWORD_SECRET_LEN])
{
    struct km_guesses *guesses = km_guesses_of(&record->counts, &record->owner, &caller->owner);
    KM_TRY_TEE(take_guess(object, record, guesses));
    KM_TRY_TEE(open_secret(record, password, ret_secret));
    *guesses = (struct km_guesses){0};
    return put_guesses(object, record);
}

TEE_Result km_password_load(const struct km_caller *caller, const struct km_crypto_name *name,
                            struct km_slice password, struct km_password **ret_password)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_password_record record = {0};
    KM_TRY_TEE(km_stored_open(KM_STORED_PASSWORD, name, ALONE, &object));
    KM_TRY_TEE(read_record(&object, &record));
    KM_AUTO(km_ta_freep)
    struct km_password *loaded = TEE_Malloc(sizeof(*loaded), TEE_MALLOC_FILL_ZERO);
    if (loaded == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    TEE_Result result = check(&object, &record, caller, password, loaded->secret);
    if (result == KM_CRYPTO_E_PASSWORD || result == KM_CRYPTO_E_THROTTLED)
        km_audit("password", name, result);
    KM_TRY_TEE(result);
    loaded->name = *name;
    km_copy(loaded->id, sizeof(loaded->id), record.id, sizeof(record.id));
    *ret_password = km_steal(&loaded);
    return TEE_SUCCESS;
}

TEE_Result km_password_wait(const struct km_caller *caller, const struct km_crypto_name *name,
                            uint32_t *ret_seconds)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_password_record record = {0};
    KM_TRY_TEE(km_stored_open(KM_STORED_PASSWORD, name, TOGETHER, &object));
    KM_TRY_TEE(read_record(&object, &record));
    *ret_seconds = (uint32_t)km_guesses_wait(
        km_guesses_of(&record.counts, &record.owner, &caller->owner), km_now());
    return TEE_SUCCESS;
}

TEE_Result km_password_delete(const struct km_caller *caller, const struct km_crypto_name *name,
                              struct km_slice password)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_password_record record = {0};
    uint8_t secret[KM_PASSWORD_SECRET_LEN] = {0};
    bool is_used = false;
    KM_TRY_TEE(
        km_stored_open(KM_STORED_PASSWORD, name, ALONE | TEE_DATA_FLAG_ACCESS_WRITE_META, &object));
    KM_TRY_TEE(read_record(&object, &record));
    if (!km_owner_equal(&record.owner, &caller->owner) && !caller->is_admin)
        return TEE_ERROR_ACCESS_DENIED;
    if (!caller->is_admin || password.len != 0) {
        TEE_Result result = check(&object, &record, caller, password, secret);
        TEE_MemFill(secret, 0, sizeof(secret));
        if (result != TEE_SUCCESS)
            km_audit("password", name, result);
        KM_TRY_TEE(result);
    }
    KM_TRY_TEE(km_key_store_under(record.id, &is_used));
    return is_used ? TEE_ERROR_BUSY : km_stored_delete(&object);
}

TEE_Result km_password_hold(const struct km_password *password, TEE_ObjectHandle *ret_object)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_password_record record = {0};
    KM_TRY_TEE(km_stored_open(KM_STORED_PASSWORD, &password->name, TOGETHER, &object));
    KM_TRY_TEE(read_record(&object, &record));
    if (memcmp(record.id, password->id, sizeof(record.id)) != 0)
        return TEE_ERROR_ITEM_NOT_FOUND;
    *ret_object = km_steal(&object);
    return TEE_SUCCESS;
}

TEE_Result km_password_key(const struct km_password *password,
                           const uint8_t key_id[KM_CRYPTO_ID_LEN], uint8_t ret[32])
{
    return km_seal_derive(password->secret, KM_SLICE(key_id, KM_CRYPTO_ID_LEN),
                          KM_SLICE_STR(WRAP_INFO), ret);
}
