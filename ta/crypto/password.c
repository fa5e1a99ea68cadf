/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/password.h"

#include "ta/common/seal.h"
#include "ta/crypto/data_store.h"
#include "ta/crypto/key_store.h"
#include "ta/crypto/stored.h"

#define ALONE (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE)
#define TOGETHER (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ)

static const char *const KEK_INFO[] = {
    [KM_PASSWORD_OWN] = "keymoor password object 1",
    [KM_PASSWORD_RECOVERY] = "keymoor recovery password 1",
};
static const char WRAP_INFO[] = "keymoor named key 1";

void km_password_free(void *password)
{
    TEE_Free(password);
}

/* ---- the password and its object's secret ---- */

static struct km_password_seal *seal_of(struct km_password_record *record,
                                        enum km_password_which which)
{
    return which == KM_PASSWORD_RECOVERY ? &record->recovery : &record->seal;
}

static TEE_Result kek_of(struct km_password_record *record, const struct km_password_given *given,
                         uint8_t ret[32])
{
    uint8_t stretched[32] = {0};
    TEE_Result result = km_seal_stretch(given->octets, seal_of(record, given->which)->salt,
                                        record->iterations, stretched);
    if (result == TEE_SUCCESS)
        result = km_seal_derive(stretched, KM_SLICE(record->id, sizeof(record->id)),
                                KM_SLICE_STR(KEK_INFO[given->which]), ret);
    TEE_MemFill(stretched, 0, sizeof(stretched));
    return result;
}

/* Seals the secret anew under one of the two passwords; an empty one is drawn and forgotten. */
static TEE_Result shut_secret(struct km_password_record *record,
                              const struct km_password_given *given,
                              const uint8_t secret[KM_PASSWORD_SECRET_LEN])
{
    uint8_t kek[32] = {0};
    uint8_t drawn[32] = {0};
    struct km_password_seal *at = seal_of(record, given->which);
    struct km_password_given under = *given;
    if (under.octets.len == 0) {
        TEE_GenerateRandom(drawn, sizeof(drawn));
        under.octets = KM_SLICE(drawn, sizeof(drawn));
    }
    TEE_GenerateRandom(at->salt, sizeof(at->salt));
    TEE_GenerateRandom(at->nonce, sizeof(at->nonce));
    struct km_seal seal = {kek, at->nonce, KM_SLICE(record->id, sizeof(record->id))};
    TEE_Result result = kek_of(record, &under, kek);
    if (result == TEE_SUCCESS)
        result = km_seal_shut(&seal, KM_SLICE(secret, KM_PASSWORD_SECRET_LEN), at->sealed, at->tag);
    TEE_MemFill(kek, 0, sizeof(kek));
    TEE_MemFill(drawn, 0, sizeof(drawn));
    return result;
}

static TEE_Result open_secret(struct km_password_record *record,
                              const struct km_password_given *given,
                              uint8_t ret[KM_PASSWORD_SECRET_LEN])
{
    uint8_t kek[32] = {0};
    const struct km_password_seal *at = seal_of(record, given->which);
    struct km_seal seal = {kek, at->nonce, KM_SLICE(record->id, sizeof(record->id))};
    TEE_Result result = kek_of(record, given, kek);
    if (result == TEE_SUCCESS)
        result = km_seal_open(&seal, KM_SLICE(at->sealed, sizeof(at->sealed)), at->tag, ret);
    TEE_MemFill(kek, 0, sizeof(kek));
    return result == TEE_ERROR_MAC_INVALID ? KM_CRYPTO_E_PASSWORD : result;
}

static TEE_Result shut_new(struct km_password_record *record, struct km_slice own,
                           struct km_slice recovery)
{
    uint8_t secret[KM_PASSWORD_SECRET_LEN] = {0};
    struct km_password_given given = {KM_PASSWORD_OWN, own};
    TEE_GenerateRandom(secret, sizeof(secret));
    TEE_Result result = shut_secret(record, &given, secret);
    if (result == TEE_SUCCESS && record->has_recovery) {
        given = (struct km_password_given){KM_PASSWORD_RECOVERY, recovery};
        result = shut_secret(record, &given, secret);
    }
    TEE_MemFill(secret, 0, sizeof(secret));
    return result;
}

static TEE_Result create(const struct km_caller *caller, const struct km_crypto_name *name,
                         struct km_slice own, struct km_slice recovery)
{
    bool exists = false;
    struct km_password_record record = {.owner = caller->owner,
                                        .iterations = KM_PASSWORD_ITERATIONS,
                                        .has_recovery = recovery.len != 0};
    uint8_t buf[KM_RECOVERABLE_RECORD_LEN] = {0};
    size_t len = 0;
    /* Asked first, because what follows takes long; creating asks again. */
    KM_TRY_TEE(km_stored_exists(KM_STORED_PASSWORD, name, &exists));
    if (exists)
        return KM_CRYPTO_E_EXISTS;
    TEE_GenerateRandom(record.id, sizeof(record.id));
    KM_TRY_TEE(shut_new(&record, own, recovery));
    if (!km_password_record_put(&record, KM_SPAN(buf, sizeof(buf)), &len))
        km_ta_unreached();
    return km_stored_create(KM_STORED_PASSWORD, name, KM_SLICE(buf, len));
}

TEE_Result km_password_create(const struct km_caller *caller, const struct km_crypto_name *name,
                              struct km_slice password)
{
    return create(caller, name, password, KM_SLICE(NULL, 0));
}

TEE_Result km_password_create_recoverable(const struct km_caller *caller,
                                          const struct km_crypto_name *name, struct km_slice own,
                                          struct km_slice recovery)
{
    return create(caller, name, own, recovery);
}

/* ---- guesses ---- */

static struct km_guess_counts *counts_of(struct km_password_record *record,
                                         enum km_password_which which)
{
    return which == KM_PASSWORD_RECOVERY ? &record->recovery_counts : &record->counts;
}

static TEE_Result put_guesses(TEE_ObjectHandle *object, struct km_password_record *record,
                              enum km_password_which which)
{
    uint8_t bytes[KM_GUESSES_LEN] = {0};
    struct km_wr wr = km_wr_init(bytes, sizeof(bytes));
    km_guess_counts_write(&wr, counts_of(record, which));
    size_t at =
        which == KM_PASSWORD_RECOVERY ? KM_PASSWORD_RECORD_LEN : KM_PASSWORD_RECORD_GUESSES_AT;
    return km_stored_write(object, at, KM_SLICE(bytes, sizeof(bytes)));
}

/* Counts the guess as wrong before anything is known about it. */
static TEE_Result take_guess(TEE_ObjectHandle *object, struct km_password_record *record,
                             enum km_password_which which, struct km_guesses *guesses)
{
    enum km_guess_verdict verdict = km_guesses_take(guesses, km_now());
    if (verdict == KM_GUESS_WAIT)
        return KM_CRYPTO_E_THROTTLED;
    KM_TRY_TEE(put_guesses(object, record, which));
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
                        const struct km_caller *caller, const struct km_password_given *given,
                        uint8_t ret_secret[KM_PASSWORD_SECRET_LEN])
{
    if (given->which == KM_PASSWORD_RECOVERY && !record->has_recovery)
        return TEE_ERROR_BAD_STATE;
    struct km_guesses *guesses =
        km_guesses_of(counts_of(record, given->which), &record->owner, &caller->owner);
    KM_TRY_TEE(take_guess(object, record, given->which, guesses));
    KM_TRY_TEE(open_secret(record, given, ret_secret));
    *guesses = (struct km_guesses){0};
    return put_guesses(object, record, given->which);
}

/* The same, and the audit is told of a wrong one. */
static TEE_Result check_named(TEE_ObjectHandle *object, struct km_password_record *record,
                              const struct km_caller *caller, const struct km_crypto_name *name,
                              const struct km_password_given *given,
                              uint8_t ret_secret[KM_PASSWORD_SECRET_LEN])
{
    TEE_Result result = check(object, record, caller, given, ret_secret);
    if (result == KM_CRYPTO_E_PASSWORD || result == KM_CRYPTO_E_THROTTLED)
        km_audit("password", name, result);
    return result;
}

TEE_Result km_password_check(const struct km_caller *caller, const struct km_crypto_name *name,
                             const struct km_password_given *given)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_password_record record = {0};
    uint8_t secret[KM_PASSWORD_SECRET_LEN] = {0};
    KM_TRY_TEE(km_stored_open(KM_STORED_PASSWORD, name, ALONE, &object));
    KM_TRY_TEE(read_record(&object, &record));
    TEE_Result result = check_named(&object, &record, caller, name, given, secret);
    TEE_MemFill(secret, 0, sizeof(secret));
    return result;
}

/* The record is written in one step: there is always one password that opens it. */
static TEE_Result reseal(TEE_ObjectHandle *object, struct km_password_record *record,
                         const struct km_password_given *to,
                         const uint8_t secret[KM_PASSWORD_SECRET_LEN])
{
    uint8_t buf[KM_RECOVERABLE_RECORD_LEN] = {0};
    size_t len = 0;
    if (to->which == KM_PASSWORD_RECOVERY && !record->has_recovery)
        return TEE_ERROR_BAD_STATE;
    KM_TRY_TEE(shut_secret(record, to, secret));
    *counts_of(record, to->which) = (struct km_guess_counts){0};
    if (!km_password_record_put(record, KM_SPAN(buf, sizeof(buf)), &len))
        km_ta_unreached();
    return km_stored_write(object, 0, KM_SLICE(buf, len));
}

TEE_Result km_password_change(const struct km_caller *caller, const struct km_crypto_name *name,
                              const struct km_password_given *by,
                              const struct km_password_given *to)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_password_record record = {0};
    uint8_t secret[KM_PASSWORD_SECRET_LEN] = {0};
    KM_TRY_TEE(km_stored_open(KM_STORED_PASSWORD, name, ALONE, &object));
    KM_TRY_TEE(read_record(&object, &record));
    TEE_Result result = check_named(&object, &record, caller, name, by, secret);
    if (result == TEE_SUCCESS) {
        result = reseal(&object, &record, to, secret);
        km_audit("password", name, result);
    }
    TEE_MemFill(secret, 0, sizeof(secret));
    return result;
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
    struct km_password_given given = {KM_PASSWORD_OWN, password};
    KM_TRY_TEE(check_named(&object, &record, caller, name, &given, loaded->secret));
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
        struct km_password_given given = {KM_PASSWORD_OWN, password};
        TEE_Result result = check(&object, &record, caller, &given, secret);
        TEE_MemFill(secret, 0, sizeof(secret));
        if (result != TEE_SUCCESS)
            km_audit("password", name, result);
        KM_TRY_TEE(result);
    }
    KM_TRY_TEE(km_key_store_under(record.id, &is_used));
    if (!is_used)
        KM_TRY_TEE(km_data_under(record.id, &is_used));
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
