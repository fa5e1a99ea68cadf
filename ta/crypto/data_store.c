/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/data_store.h"

#include "ta/common/seal.h"
#include "ta/crypto/stored.h"

#define TOGETHER (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ)

static TEE_Result read_record(TEE_ObjectHandle *object, uint8_t buf[KM_RECORD_MAX],
                              struct km_data_record *ret)
{
    struct km_slice data = {0};
    KM_TRY_TEE(km_stored_read(object, buf, &data));
    return km_data_record_parse(data, ret) ? TEE_SUCCESS : TEE_ERROR_CORRUPT_OBJECT;
}

static bool is_for(const struct km_caller *caller, const struct km_data_record *record)
{
    return caller->is_admin || km_owner_equal(&caller->owner, &record->meta.owner);
}

/* The object as the caller may have it; it is open when this succeeds. */
static TEE_Result open_own(const struct km_caller *caller, const struct km_crypto_name *name,
                           uint32_t flags, uint8_t buf[KM_RECORD_MAX], TEE_ObjectHandle *object,
                           struct km_data_record *ret)
{
    KM_TRY_TEE(km_stored_open(KM_STORED_DATA, name, flags, object));
    KM_TRY_TEE(read_record(object, buf, ret));
    return is_for(caller, ret) ? TEE_SUCCESS : TEE_ERROR_ACCESS_DENIED;
}

static bool is_under(const struct km_data_record *record, const struct km_password *password)
{
    return password != NULL &&
           memcmp(password->id, record->meta.password_id, KM_CRYPTO_ID_LEN) == 0;
}

static TEE_Result shut(struct km_data_record *record, const struct km_password *password,
                       uint8_t *out)
{
    uint8_t key[32] = {0};
    uint8_t meta[KM_DATA_META_MAX] = {0};
    size_t len = 0;
    if (!km_data_meta_put(&record->meta, KM_SPAN(meta, sizeof(meta)), &len))
        km_ta_unreached();
    TEE_GenerateRandom(record->nonce, sizeof(record->nonce));
    TEE_Result result = km_password_key(password, record->meta.id, key);
    if (result == TEE_SUCCESS) {
        struct km_seal seal = {key, record->nonce, KM_SLICE(meta, len)};
        result = km_seal_shut(&seal, record->content, out, record->tag);
    }
    TEE_MemFill(key, 0, sizeof(key));
    record->content.ptr = out;
    return result;
}

static TEE_Result unshut(const struct km_data_record *record, const struct km_password *password,
                         uint8_t *out)
{
    uint8_t key[32] = {0};
    uint8_t meta[KM_DATA_META_MAX] = {0};
    size_t len = 0;
    if (!is_under(record, password))
        return KM_CRYPTO_E_PASSWORD;
    if (!km_data_meta_put(&record->meta, KM_SPAN(meta, sizeof(meta)), &len))
        km_ta_unreached();
    TEE_Result result = km_password_key(password, record->meta.id, key);
    if (result == TEE_SUCCESS) {
        struct km_seal seal = {key, record->nonce, KM_SLICE(meta, len)};
        result = km_seal_open(&seal, record->content, record->tag, out);
    }
    TEE_MemFill(key, 0, sizeof(key));
    return result == TEE_ERROR_MAC_INVALID ? TEE_ERROR_CORRUPT_OBJECT : result;
}

/* Both in one block, which is wiped when freed. */
struct workspace {
    uint8_t content[KM_CRYPTO_DATA_MAX];
    uint8_t record[KM_RECORD_MAX];
};

/* What takes the place of an object is the same one for those who know it by its id. */
static TEE_Result check_replaced(const struct km_caller *caller, const struct km_crypto_name *name,
                                 struct workspace *work, bool *ret_is_there,
                                 uint8_t ret_id[KM_CRYPTO_ID_LEN])
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_data_record record = {0};
    TEE_Result result = open_own(caller, name, TOGETHER, work->record, &object, &record);
    *ret_is_there = result != TEE_ERROR_ITEM_NOT_FOUND;
    if (result == TEE_SUCCESS)
        km_copy(ret_id, KM_CRYPTO_ID_LEN, record.meta.id, KM_CRYPTO_ID_LEN);
    return result == TEE_ERROR_ITEM_NOT_FOUND ? TEE_SUCCESS : result;
}

static TEE_Result save(const struct km_caller *caller, const struct km_crypto_name *name,
                       struct km_data_record *record, const struct km_password *password,
                       bool replace)
{
    KM_AUTO(km_ta_freep) struct workspace *work = TEE_Malloc(sizeof(*work), TEE_MALLOC_FILL_ZERO);
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle held = TEE_HANDLE_NULL;
    bool is_there = false;
    size_t len = 0;
    if (work == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    TEE_GenerateRandom(record->meta.id, sizeof(record->meta.id));
    if (replace)
        KM_TRY_TEE(check_replaced(caller, name, work, &is_there, record->meta.id));
    if (password != NULL) {
        KM_TRY_TEE(km_password_hold(password, &held));
        record->meta.password_name = password->name;
        km_copy(record->meta.password_id, KM_CRYPTO_ID_LEN, password->id, KM_CRYPTO_ID_LEN);
        KM_TRY_TEE(shut(record, password, work->content));
    }
    if (!km_data_record_put(record, KM_SPAN(work->record, sizeof(work->record)), &len))
        return KM_CRYPTO_E_TOO_LARGE;
    struct km_slice bytes = KM_SLICE(work->record, len);
    return is_there ? km_stored_replace(KM_STORED_DATA, name, bytes)
                    : km_stored_create(KM_STORED_DATA, name, bytes);
}

TEE_Result km_data_save(const struct km_caller *caller, const struct km_crypto_name *name,
                        const struct km_data *data, const struct km_password *password,
                        bool replace)
{
    struct km_data_record record = {
        .meta.owner = caller->owner, .note = data->note, .content = data->content};
    if (data->note.len > KM_CRYPTO_NOTE_MAX || data->content.len > KM_CRYPTO_DATA_MAX)
        return KM_CRYPTO_E_TOO_LARGE;
    TEE_Result result = save(caller, name, &record, password, replace);
    km_audit("save", name, result);
    return result;
}

TEE_Result km_data_load(const struct km_caller *caller, const struct km_crypto_name *name,
                        const struct km_password *password, uint8_t *out, size_t *ret_len)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_data_record record = {0};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(open_own(caller, name, TOGETHER, buf, &object, &record));
    if (record.meta.password_name.len != 0)
        KM_TRY_TEE(unshut(&record, password, out));
    else
        km_copy(out, KM_CRYPTO_DATA_MAX, record.content.ptr, record.content.len);
    *ret_len = record.content.len;
    return TEE_SUCCESS;
}

static TEE_Result delete_data(const struct km_caller *caller, const struct km_crypto_name *name,
                              const struct km_password *password)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_data_record record = {0};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(open_own(caller, name, TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE_META,
                        buf, &object, &record));
    if (record.meta.password_name.len != 0 && !caller->is_admin && !is_under(&record, password))
        return KM_CRYPTO_E_PASSWORD;
    return km_stored_delete(&object);
}

TEE_Result km_data_delete(const struct km_caller *caller, const struct km_crypto_name *name,
                          const struct km_password *password)
{
    TEE_Result result = delete_data(caller, name, password);
    km_audit("delete", name, result);
    return result;
}

TEE_Result km_data_describe(const struct km_caller *caller, const struct km_crypto_name *name,
                            uint8_t buf[KM_RECORD_MAX], struct km_crypto_noted *ret)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_slice data = {0};
    KM_TRY_TEE(km_stored_open(KM_STORED_DATA, name, TOGETHER, &object));
    KM_TRY_TEE(km_stored_read(&object, buf, &data));
    return km_data_noted_from(caller, name, data, ret);
}

TEE_Result km_data_noted_from(const struct km_caller *caller, const struct km_crypto_name *name,
                              struct km_slice data, struct km_crypto_noted *ret)
{
    struct km_data_record record = {0};
    if (!km_data_record_parse(data, &record))
        return TEE_ERROR_CORRUPT_OBJECT;
    if (!is_for(caller, &record))
        return TEE_ERROR_ACCESS_DENIED;
    bool is_under_password = record.meta.password_name.len != 0;
    *ret = (struct km_crypto_noted){
        .info = {.bits = (uint32_t)record.content.len,
                 .owner_uid = record.meta.owner.uid,
                 .flags = KM_CRYPTO_INFO_SAVED | (is_under_password ? KM_CRYPTO_INFO_PASSWORD : 0),
                 .name = *name,
                 .password_name = record.meta.password_name},
        .note = record.note};
    km_copy(ret->info.id, KM_CRYPTO_ID_LEN, record.meta.id, KM_CRYPTO_ID_LEN);
    return TEE_SUCCESS;
}

static TEE_Result is_wrapped_under(const struct km_crypto_name *name, const uint8_t *password_id,
                                   uint8_t buf[KM_RECORD_MAX], bool *ret_is_under)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_data_record record = {0};
    *ret_is_under = false;
    TEE_Result result = km_stored_open(KM_STORED_DATA, name, TOGETHER, &object);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return TEE_SUCCESS;
    KM_TRY_TEE(result);
    KM_TRY_TEE(read_record(&object, buf, &record));
    *ret_is_under = record.meta.password_name.len != 0 &&
                    memcmp(record.meta.password_id, password_id, KM_CRYPTO_ID_LEN) == 0;
    return TEE_SUCCESS;
}

TEE_Result km_data_under(const uint8_t password_id[KM_CRYPTO_ID_LEN], bool *ret_is_used)
{
    KM_AUTO(km_stored_walk_end) struct km_stored_walk walk = {0};
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    bool is_used = false;
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(km_stored_walk_begin(&walk, KM_STORED_DATA, KM_STORED_DATA));
    while (!is_used) {
        struct km_crypto_name name = {0};
        TEE_Result result = km_stored_walk_next(&walk, &name);
        if (result == TEE_ERROR_ITEM_NOT_FOUND)
            break;
        KM_TRY_TEE(result);
        result = is_wrapped_under(&name, password_id, buf, &is_used);
        if (result != TEE_ERROR_CORRUPT_OBJECT) /* it can't be opened by anybody */
            KM_TRY_TEE(result);
    }
    *ret_is_used = is_used;
    return TEE_SUCCESS;
}
