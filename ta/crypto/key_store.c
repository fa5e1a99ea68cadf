/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/key_store.h"

#include "ta/common/seal.h"
#include "ta/crypto/manifest.h"
#include "ta/crypto/stored.h"

#define TOGETHER (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_SHARE_READ)

static const struct km_crypto_name SEALED = {.len = 6, .at = "sealed"};
static const struct km_crypto_name GATE = {.len = 4, .at = "gate"};
static const uint8_t STATE_VERSION[4] = {1, 0, 0, 0};

static bool may(struct km_caller *caller, const struct km_key_meta *meta, enum km_wish_for wish)
{
    if (caller->is_admin || km_owner_equal(&caller->owner, &meta->owner))
        return true;
    if (wish == KM_WANTS_DELETE)
        return false;
    if ((meta->flags & KM_CRYPTO_INFO_PROVISIONED) != 0 ||
        (meta->attributes & KM_CRYPTO_ATTR_SHARED) != 0)
        return true;
    return km_caller_granted(caller, meta->grants, meta->n_grants);
}

static TEE_Result read_record(TEE_ObjectHandle *object, uint8_t buf[KM_RECORD_MAX],
                              struct km_key_record *ret)
{
    struct km_slice data = {0};
    KM_TRY_TEE(km_stored_read(object, buf, &data));
    return km_key_record_parse(data, ret) ? TEE_SUCCESS : TEE_ERROR_CORRUPT_OBJECT;
}

/* ---- saving ---- */

static TEE_Result wrap(struct km_key_record *record, const struct km_password *password,
                       struct km_slice material, uint8_t *out)
{
    uint8_t key[32] = {0};
    uint8_t meta[KM_RECORD_MAX] = {0};
    size_t meta_len = 0;
    if (!km_key_meta_put(&record->meta, KM_SPAN(meta, sizeof(meta)), &meta_len))
        return TEE_ERROR_BAD_PARAMETERS;
    TEE_GenerateRandom(record->nonce, sizeof(record->nonce));
    TEE_Result result = km_password_key(password, record->meta.id, key);
    if (result == TEE_SUCCESS) {
        struct km_seal seal = {key, record->nonce, KM_SLICE(meta, meta_len)};
        result = km_seal_shut(&seal, material, out, record->tag);
    }
    TEE_MemFill(key, 0, sizeof(key));
    record->kind = KM_MATERIAL_WRAPPED;
    record->material = KM_SLICE(out, material.len);
    return result;
}

/* Everything in one block, which is wiped when freed. */
struct workspace {
    uint8_t material[KM_KEY_MATERIAL_MAX];
    uint8_t record[KM_RECORD_MAX];
};

static TEE_Result store(const struct km_key *key, const struct km_key_meta *meta,
                        const struct km_crypto_name *name, const struct km_password *password,
                        struct km_slice note, struct workspace *work)
{
    struct km_key_record record = {.uses_left = key->uses_left,
                                   .meta = *meta,
                                   .kind = KM_MATERIAL_PLAIN,
                                   .material = KM_SLICE(key->material, key->material_len),
                                   .has_note = note.len != 0,
                                   .note_room = note.len,
                                   .note = note};
    size_t len = 0;
    if (password != NULL)
        KM_TRY_TEE(wrap(&record, password, record.material, work->material));
    if (!km_key_record_put(&record, KM_SPAN(work->record, sizeof(work->record)), &len))
        return KM_CRYPTO_E_TOO_LARGE;
    return km_stored_create(KM_STORED_KEY, name, KM_SLICE(work->record, len));
}

TEE_Result km_key_store_save(struct km_key *key, const struct km_crypto_name *name,
                             const struct km_password *password)
{
    return km_key_store_save_noted(key, name, password, KM_SLICE(NULL, 0));
}

TEE_Result km_key_store_save_noted(struct km_key *key, const struct km_crypto_name *name,
                                   const struct km_password *password, struct km_slice note)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle held = TEE_HANDLE_NULL;
    struct km_key_meta meta = key->meta;
    if (key->name.len != 0)
        return TEE_ERROR_BAD_STATE;
    if (password != NULL) {
        KM_TRY_TEE(km_password_hold(password, &held));
        meta.password_name = password->name;
        km_copy(meta.password_id, sizeof(meta.password_id), password->id, sizeof(password->id));
    }
    KM_AUTO(km_ta_freep) struct workspace *work = TEE_Malloc(sizeof(*work), TEE_MALLOC_FILL_ZERO);
    if (work == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    TEE_Result result = store(key, &meta, name, password, note, work);
    km_audit("save", name, result);
    KM_TRY_TEE(result);
    key->meta = meta;
    key->name = *name;
    return TEE_SUCCESS;
}

bool km_name_begins(const struct km_crypto_name *name, const char *prefix)
{
    size_t len = strlen(prefix);
    return name->len >= len && memcmp(name->at, prefix, len) == 0;
}

TEE_Result km_key_store_admits(const struct km_crypto_name *name, bool *ret_is_there)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_key_record record = {0};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    TEE_Result result = km_stored_open(KM_STORED_KEY, name, TOGETHER, &object);
    *ret_is_there = result != TEE_ERROR_ITEM_NOT_FOUND;
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return TEE_SUCCESS;
    KM_TRY_TEE(result);
    KM_TRY_TEE(read_record(&object, buf, &record));
    return (record.meta.flags & KM_CRYPTO_INFO_MANIFEST) != 0 ? TEE_SUCCESS : KM_CRYPTO_E_EXISTS;
}

/* Where a key is there already it is replaced; one that somebody saved meanwhile is refused by create alone. */
static TEE_Result write_record(const struct km_key *key, uint32_t more_flags,
                               const struct km_crypto_name *name, bool is_there)
{
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_key_record record = {.uses_left = key->uses_left,
                                   .meta = key->meta,
                                   .kind = KM_MATERIAL_PLAIN,
                                   .material = KM_SLICE(key->material, key->material_len)};
    size_t len = 0;
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    record.meta.flags |= more_flags;
    if (!km_key_record_put(&record, KM_SPAN(buf, KM_RECORD_MAX), &len))
        return KM_CRYPTO_E_TOO_LARGE;
    TEE_Result result = is_there ? km_stored_replace(KM_STORED_KEY, name, KM_SLICE(buf, len))
                                 : km_stored_create(KM_STORED_KEY, name, KM_SLICE(buf, len));
    km_audit("provision", name, result);
    return result;
}

TEE_Result km_key_store_install(struct km_key *key, const struct km_crypto_name *name)
{
    bool is_there = false;
    KM_TRY_TEE(km_key_store_admits(name, &is_there));
    return write_record(key, KM_CRYPTO_INFO_MANIFEST, name, is_there);
}

TEE_Result km_key_store_put(const struct km_key *key, const struct km_crypto_name *name)
{
    return write_record(key, 0, name, true);
}

/* ---- public keys that belong to certificates ---- */

static TEE_Result public_of_type(const struct km_caller *caller, uint32_t type,
                                 struct km_slice spki, struct km_key **ret_key)
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    struct km_crypto_template wish = {.type = type};
    KM_TRY_TEE(km_key_new(&wish, caller, &key));
    KM_TRY_TEE(km_key_set_der(key, spki));
    key->meta.flags = KM_CRYPTO_INFO_PROVISIONED;
    *ret_key = km_steal(&key);
    return TEE_SUCCESS;
}

static TEE_Result new_public(const struct km_caller *caller, struct km_slice spki,
                             struct km_key **ret_key)
{
    static const uint32_t TYPES[] = {KM_CRYPTO_KEY_EC_DUAL_PUBLIC, KM_CRYPTO_KEY_RSA_PUBLIC,
                                     KM_CRYPTO_KEY_ED25519_PUBLIC};
    TEE_Result result = TEE_ERROR_BAD_FORMAT;
    for (size_t i = 0; i < KM_ARRAY_LEN(TYPES) && result != TEE_SUCCESS; i++)
        result = public_of_type(caller, TYPES[i], spki, ret_key);
    return result;
}

/* The policy of the key that was there: who may do what with a name does not change with its key. */
static TEE_Result follow(const struct km_caller *caller, const struct km_key_record *record,
                         struct km_slice spki, struct km_key **ret_key, bool *ret_is_there)
{
    const struct km_key_type *type = km_key_type_find(record->meta.type);
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    if (type == NULL || !type->is_public || record->kind != KM_MATERIAL_PLAIN)
        return KM_CRYPTO_E_EXISTS;
    bool is_same_family = public_of_type(caller, record->meta.type, spki, &key) == TEE_SUCCESS;
    if (!is_same_family)
        KM_TRY_TEE(new_public(caller, spki, &key));
    key->meta.flags = record->meta.flags | KM_CRYPTO_INFO_PROVISIONED;
    key->meta.attributes = record->meta.attributes;
    key->meta.owner = record->meta.owner;
    if (is_same_family)
        key->meta.usage = record->meta.usage;
    *ret_is_there = key->meta.flags == record->meta.flags &&
                    km_slice_equal(KM_SLICE(key->material, key->material_len), record->material);
    *ret_key = km_steal(&key);
    return TEE_SUCCESS;
}

TEE_Result km_key_store_public(const struct km_caller *caller, const struct km_crypto_name *name,
                               struct km_slice spki, struct km_key **ret_key, bool *ret_is_there)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_key_record record = {0};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    *ret_is_there = false;
    TEE_Result result = km_stored_open(KM_STORED_KEY, name, TOGETHER, &object);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return new_public(caller, spki, ret_key);
    KM_TRY_TEE(result);
    KM_TRY_TEE(read_record(&object, buf, &record));
    return follow(caller, &record, spki, ret_key, ret_is_there);
}

/* ---- loading ---- */

static TEE_Result unwrap(const struct km_key_record *record, const struct km_password *password,
                         uint8_t *out)
{
    uint8_t key[32] = {0};
    if (password == NULL || memcmp(password->id, record->meta.password_id, KM_CRYPTO_ID_LEN) != 0)
        return KM_CRYPTO_E_PASSWORD;
    TEE_Result result = km_password_key(password, record->meta.id, key);
    if (result == TEE_SUCCESS) {
        struct km_seal seal = {key, record->nonce, record->meta_bytes};
        result = km_seal_open(&seal, record->material, record->tag, out);
    }
    TEE_MemFill(key, 0, sizeof(key));
    return result == TEE_ERROR_MAC_INVALID ? TEE_ERROR_CORRUPT_OBJECT : result;
}

static bool material_is_sound(const struct km_key *key)
{
    struct km_crypto_attrs attrs = {0};
    if (!km_crypto_attrs_parse(KM_SLICE(key->material, key->material_len), &attrs))
        return false;
    return attrs.count != 0;
}

static TEE_Result key_from(const struct km_key_record *record, const struct km_crypto_name *name,
                           const struct km_password *password, struct km_key **ret_key)
{
    KM_AUTO(km_key_freep) struct km_key *key = TEE_Malloc(sizeof(*key), TEE_MALLOC_FILL_ZERO);
    if (key == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    key->material = TEE_Malloc(record->material.len, TEE_MALLOC_FILL_ZERO);
    if (key->material == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    key->material_len = record->material.len;
    key->meta = record->meta;
    key->type = km_key_type_find(record->meta.type);
    key->name = *name;
    key->uses_left = record->uses_left;
    if (record->kind == KM_MATERIAL_WRAPPED)
        KM_TRY_TEE(unwrap(record, password, key->material));
    else
        km_copy(key->material, key->material_len, record->material.ptr, record->material.len);
    if (!material_is_sound(key))
        return TEE_ERROR_CORRUPT_OBJECT;
    *ret_key = km_steal(&key);
    return TEE_SUCCESS;
}

static TEE_Result load(struct km_caller *caller, const struct km_crypto_name *name,
                       const struct km_password *password, const uint8_t *expected,
                       struct km_key **ret_key)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_key_record record = {0};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    TEE_Result result = km_stored_open(KM_STORED_KEY, name, TOGETHER, &object);
    if (result == TEE_ERROR_ITEM_NOT_FOUND && expected != NULL)
        return KM_CRYPTO_E_KEY_GONE;
    KM_TRY_TEE(result);
    KM_TRY_TEE(read_record(&object, buf, &record));
    /* Let go of: a grant may ask who the caller is, which takes as long as his executable is large. */
    km_ta_objectp(&object);
    if (!may(caller, &record.meta, KM_WANTS_USE))
        return TEE_ERROR_ACCESS_DENIED;
    if (expected != NULL && memcmp(expected, record.meta.id, KM_CRYPTO_ID_LEN) != 0)
        return KM_CRYPTO_E_KEY_GONE;
    if (record.kind == KM_MATERIAL_PLAIN && password != NULL)
        return KM_CRYPTO_E_PASSWORD;
    return key_from(&record, name, password, ret_key);
}

TEE_Result km_key_store_load(struct km_caller *caller, const struct km_crypto_name *name,
                             const struct km_password *password, const uint8_t *expected,
                             struct km_key **ret_key)
{
    TEE_Result result = load(caller, name, password, expected, ret_key);
    bool is_denied = result == TEE_ERROR_ACCESS_DENIED || result == KM_CRYPTO_E_PASSWORD;
    km_audit(is_denied ? "denied" : "load", name, result);
    return result;
}

TEE_Result km_key_store_provisioned(struct km_caller *caller, const char *name,
                                    struct km_key **ret_key)
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    struct km_crypto_name at = {0};
    if (!km_crypto_name_parse(KM_SLICE_STR(name), &at))
        km_ta_unreached();
    KM_TRY_TEE(km_key_store_load(caller, &at, NULL, NULL, &key));
    if ((key->meta.flags & KM_CRYPTO_INFO_PROVISIONED) == 0)
        return TEE_ERROR_ITEM_NOT_FOUND;
    *ret_key = km_steal(&key);
    return TEE_SUCCESS;
}

/* ---- the rest of a named key's life ---- */

/* *gate is opened where the seal must not come before the deletion. */
static TEE_Result check_delete(struct km_caller *caller, const struct km_key_meta *meta,
                               const struct km_password *password, TEE_ObjectHandle *gate)
{
    if (!may(caller, meta, KM_WANTS_DELETE))
        return TEE_ERROR_ACCESS_DENIED;
    if ((meta->flags & (KM_CRYPTO_INFO_PROVISIONED | KM_CRYPTO_INFO_MANIFEST)) != 0) {
        /* Before the seal a provisioning that went wrong can be begun again. */
        if (!caller->is_admin)
            return KM_CRYPTO_E_IMMUTABLE;
        TEE_Result result = km_provision_enter(gate);
        return result == TEE_ERROR_BAD_STATE ? KM_CRYPTO_E_IMMUTABLE : result;
    }
    if (meta->password_name.len == 0 || caller->is_admin)
        return TEE_SUCCESS;
    bool fits = password != NULL && memcmp(password->id, meta->password_id, KM_CRYPTO_ID_LEN) == 0;
    return fits ? TEE_SUCCESS : KM_CRYPTO_E_PASSWORD;
}

static TEE_Result delete_key(struct km_caller *caller, const struct km_crypto_name *name,
                             const struct km_password *password)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_key_record record = {0};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(km_stored_open(
        KM_STORED_KEY, name, TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE_META, &object));
    KM_TRY_TEE(read_record(&object, buf, &record));
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle gate = TEE_HANDLE_NULL;
    KM_TRY_TEE(check_delete(caller, &record.meta, password, &gate));
    return km_stored_delete(&object);
}

TEE_Result km_key_store_delete(struct km_caller *caller, const struct km_crypto_name *name,
                               const struct km_password *password)
{
    TEE_Result result = delete_key(caller, name, password);
    km_audit("delete", name, result);
    return result;
}

TEE_Result km_key_store_describe_noted(struct km_caller *caller, const struct km_crypto_name *name,
                                       uint8_t buf[KM_RECORD_MAX], struct km_crypto_noted *ret)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_slice data = {0};
    KM_TRY_TEE(km_stored_open(KM_STORED_KEY, name, TOGETHER, &object));
    KM_TRY_TEE(km_stored_read(&object, buf, &data));
    km_ta_objectp(&object); /* as when it is loaded */
    return km_key_store_noted_from(caller, name, data, ret);
}

TEE_Result km_key_store_noted_from(struct km_caller *caller, const struct km_crypto_name *name,
                                   struct km_slice data, struct km_crypto_noted *ret)
{
    struct km_key_record record = {0};
    if (!km_key_record_parse(data, &record))
        return TEE_ERROR_CORRUPT_OBJECT;
    if (!may(caller, &record.meta, KM_WANTS_LOOK))
        return TEE_ERROR_ACCESS_DENIED;
    struct km_key shown = {.meta = record.meta, .name = *name, .uses_left = record.uses_left};
    km_key_info(&shown, &ret->info);
    ret->note = record.note;
    return TEE_SUCCESS;
}

TEE_Result km_key_store_describe(struct km_caller *caller, const struct km_crypto_name *name,
                                 struct km_crypto_info *ret)
{
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_crypto_noted noted = {0};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(km_key_store_describe_noted(caller, name, buf, &noted));
    *ret = noted.info;
    return TEE_SUCCESS;
}

static TEE_Result check_note(const struct km_caller *caller, const struct km_key_meta *meta,
                             const uint8_t expected[KM_CRYPTO_ID_LEN])
{
    if (!caller->is_admin && !km_owner_equal(&caller->owner, &meta->owner))
        return TEE_ERROR_ACCESS_DENIED;
    if (memcmp(expected, meta->id, KM_CRYPTO_ID_LEN) != 0)
        return KM_CRYPTO_E_KEY_GONE;
    bool is_device = (meta->flags & (KM_CRYPTO_INFO_PROVISIONED | KM_CRYPTO_INFO_MANIFEST)) != 0;
    return is_device ? KM_CRYPTO_E_IMMUTABLE : TEE_SUCCESS;
}

/* One write of the record's end, so that there is the old note or the new one, and no count of uses is lost. */
TEE_Result km_key_store_set_note(struct km_caller *caller, const struct km_crypto_name *name,
                                 const uint8_t expected[KM_CRYPTO_ID_LEN], struct km_slice note)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    uint8_t end[4 + KM_CRYPTO_NOTE_MAX] = {0};
    struct km_key_record record = {0};
    struct km_slice data = {0};
    size_t len = 0;
    size_t at = 0;
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(km_stored_open(KM_STORED_KEY, name,
                              TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE, &object));
    KM_TRY_TEE(km_stored_read(&object, buf, &data));
    if (!km_key_record_parse(data, &record))
        return TEE_ERROR_CORRUPT_OBJECT;
    KM_TRY_TEE(check_note(caller, &record.meta, expected));
    if (!km_key_note_put(&record, data.len, note, KM_SPAN(end, sizeof(end)), &len, &at))
        return KM_CRYPTO_E_TOO_LARGE;
    return km_stored_write(&object, at, KM_SLICE(end, len));
}

/* Opens the key's object and makes sure that it is still the same key. */
static TEE_Result reopen(const struct km_key *key, uint32_t flags, uint8_t buf[KM_RECORD_MAX],
                         TEE_ObjectHandle *ret_object, uint64_t *ret_uses_left)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_key_record record = {0};
    TEE_Result result = km_stored_open(KM_STORED_KEY, &key->name, flags, &object);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return KM_CRYPTO_E_KEY_GONE;
    KM_TRY_TEE(result);
    KM_TRY_TEE(read_record(&object, buf, &record));
    if (memcmp(record.meta.id, key->meta.id, KM_CRYPTO_ID_LEN) != 0)
        return KM_CRYPTO_E_KEY_GONE;
    *ret_uses_left = record.uses_left;
    *ret_object = km_steal(&object);
    return TEE_SUCCESS;
}

TEE_Result km_key_store_count(struct km_key *key)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    uint8_t count[8] = {0};
    uint64_t left = 0;
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(
        reopen(key, TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE, buf, &object, &left));
    key->uses_left = left;
    if (left == 0)
        return KM_CRYPTO_E_USED_UP;
    struct km_wr wr = km_wr_init(count, sizeof(count));
    km_wr_u64le(&wr, left - 1);
    KM_TRY_TEE(km_stored_write(&object, KM_KEY_RECORD_USES_AT, KM_SLICE(count, sizeof(count))));
    key->uses_left = left - 1;
    return TEE_SUCCESS;
}

TEE_Result km_key_store_refresh(struct km_key *key)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    return reopen(key, TOGETHER, buf, &object, &key->uses_left);
}

static TEE_Result is_under(const struct km_crypto_name *name, const uint8_t *password_id,
                           uint8_t buf[KM_RECORD_MAX], bool *ret_is_under)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle object = TEE_HANDLE_NULL;
    struct km_key_record record = {0};
    TEE_Result result = km_stored_open(KM_STORED_KEY, name, TOGETHER, &object);
    if (result == TEE_ERROR_ITEM_NOT_FOUND) {
        *ret_is_under = false;
        return TEE_SUCCESS;
    }
    KM_TRY_TEE(result);
    KM_TRY_TEE(read_record(&object, buf, &record));
    *ret_is_under = record.kind == KM_MATERIAL_WRAPPED &&
                    memcmp(record.meta.password_id, password_id, KM_CRYPTO_ID_LEN) == 0;
    return TEE_SUCCESS;
}

static void walk_endp(struct km_stored_walk *walk)
{
    km_stored_walk_end(walk);
}

TEE_Result km_key_store_under(const uint8_t password_id[KM_CRYPTO_ID_LEN], bool *ret_is_used)
{
    KM_AUTO(walk_endp) struct km_stored_walk walk = {0};
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_RECORD_MAX, TEE_MALLOC_FILL_ZERO);
    bool is_used = false;
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(km_stored_walk_begin(&walk, KM_STORED_KEY, KM_STORED_KEY));
    while (!is_used) {
        struct km_crypto_name name = {0};
        TEE_Result result = km_stored_walk_next(&walk, &name);
        if (result == TEE_ERROR_ITEM_NOT_FOUND)
            break;
        KM_TRY_TEE(result);
        result = is_under(&name, password_id, buf, &is_used);
        /* A key that can't be read can't be unwrapped either. */
        if (result != TEE_ERROR_CORRUPT_OBJECT)
            KM_TRY_TEE(result);
    }
    *ret_is_used = is_used;
    return TEE_SUCCESS;
}

/* ---- provisioning ---- */

TEE_Result km_provision_sealed(bool *ret_sealed)
{
    return km_stored_exists(KM_STORED_STATE, &SEALED, ret_sealed);
}

static TEE_Result gate_open(uint32_t flags, TEE_ObjectHandle *ret_gate)
{
    return km_stored_open_or_create(
        KM_STORED_STATE, &GATE, KM_SLICE(STATE_VERSION, sizeof(STATE_VERSION)), flags, ret_gate);
}

TEE_Result km_provision_enter(TEE_ObjectHandle *ret_gate)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle gate = TEE_HANDLE_NULL;
    bool is_sealed = true;
    KM_TRY_TEE(gate_open(TOGETHER, &gate));
    KM_TRY_TEE(km_provision_sealed(&is_sealed));
    if (is_sealed)
        return TEE_ERROR_BAD_STATE;
    *ret_gate = km_steal(&gate);
    return TEE_SUCCESS;
}

TEE_Result km_provision_stop(TEE_ObjectHandle *ret_gate)
{
    return gate_open(TEE_DATA_FLAG_ACCESS_READ, ret_gate);
}

TEE_Result km_provision_seal(void)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle gate = TEE_HANDLE_NULL;
    KM_TRY_TEE(km_provision_stop(&gate));
    KM_TRY_TEE(km_manifest_settled());
    TEE_Result result =
        km_stored_create(KM_STORED_STATE, &SEALED, KM_SLICE(STATE_VERSION, sizeof(STATE_VERSION)));
    return result == KM_CRYPTO_E_EXISTS ? TEE_SUCCESS : result;
}
