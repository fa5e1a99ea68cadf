/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "tee/store/tree.h"
#include "tee/store/txn.h"

#define FLAGS_KNOWN                                                                                \
    (KM_STORE_READ | KM_STORE_WRITE | KM_STORE_WRITE_META | KM_STORE_SHARE_READ |                  \
     KM_STORE_SHARE_WRITE | KM_STORE_OVERWRITE)

struct km_store_object {
    struct km_store *store;
    struct km_claim claim;
    uint64_t id;
    uint64_t generation; /* the highest one seen: going below it is a rollback */
    uint32_t flags;
    uint8_t name[KM_STORE_NAME_MAX];
    size_t name_len;
    struct km_secret *meta; /* padded; NULL when there is none */
    size_t meta_len;
};

static void object_freep(struct km_store_object **object)
{
    km_store_object_close(*object);
}

void km_store_object_close(struct km_store_object *object)
{
    if (object == NULL)
        return;
    km_claim_drop(object->store->claims, &object->claim);
    km_secret_free(object->meta);
    km_wipe(object, sizeof *object);
    free(object);
}

struct km_slice km_store_object_meta(const struct km_store_object *object)
{
    if (object->meta == NULL)
        return KM_SLICE(NULL, 0);
    return KM_SLICE(km_secret_expose(object->meta).ptr, object->meta_len);
}

struct km_slice km_store_object_name(const struct km_store_object *object)
{
    return KM_SLICE(object->name, object->name_len);
}

uint32_t km_store_object_flags(const struct km_store_object *object)
{
    return object->flags;
}

/* ---- checks and small steps ---- */

static km_status check_name(struct km_err *err, struct km_slice name)
{
    if (name.ptr == NULL && name.len != 0)
        return KM_FAIL(err, KM_E_ARG, "a name of %zu octets that are nowhere", name.len);
    if (name.len > KM_STORE_NAME_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "a name of %zu octets; %d are allowed", name.len,
                       KM_STORE_NAME_MAX);
    return KM_OK;
}

static km_status check_meta(struct km_err *err, struct km_slice meta)
{
    if (meta.len > KM_STORE_META_MAX)
        return KM_FAIL(err, KM_E_LIMIT, "metadata of %zu octets; %d are allowed", meta.len,
                       KM_STORE_META_MAX);
    return KM_OK;
}

static km_status check_right(struct km_err *err, const struct km_store_object *object,
                             uint32_t right, const char *what)
{
    if ((object->flags & right) == 0)
        return KM_FAIL(err, KM_E_DENIED, "the object was not opened for %s", what);
    return KM_OK;
}

static void set_name(struct km_store_object *object, struct km_slice name)
{
    km_wipe(object->name, sizeof object->name);
    km_copy(object->name, sizeof object->name, name.ptr, name.len);
    object->name_len = name.len;
}

static struct km_piece meta_piece(uint64_t id)
{
    return (struct km_piece){.id = id, .level = KM_META_LEVEL};
}

static km_status put_meta(struct km_err *err, struct km_txn *txn, uint64_t id,
                          struct km_record *record, struct km_slice meta)
{
    struct km_piece piece = meta_piece(id);
    record->meta_len = (uint32_t)meta.len;
    if (meta.len > 0)
        return km_txn_piece_put(err, txn, &piece, meta, record->meta_tag);
    if (km_tag_is_zero(record->meta_tag))
        return KM_OK;
    km_wipe(record->meta_tag, KM_TAG_LEN);
    return km_txn_pieces_delete(err, txn, &piece, true);
}

km_status km_object_meta_get(struct km_err *err, struct km_txn *txn, uint64_t id,
                             const struct km_record *record, struct km_secret **ret)
{
    *ret = NULL;
    if (record->meta_len == 0)
        return KM_OK;
    struct km_piece piece = meta_piece(id);
    KM_AUTO(km_secret_freep)
    struct km_secret *meta = km_secret_new(km_padded_len(record->meta_len));
    if (meta == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "metadata of %u octets", record->meta_len);
    KM_TRY(km_txn_piece_get(err, txn, &piece, record->meta_tag, km_secret_fill(meta)));
    *ret = km_steal(&meta);
    return KM_OK;
}

/* The object of this name with its record; a record that has another name was put there. */
static km_status find(struct km_err *err, struct km_txn *txn,
                      const uint8_t name_key[KM_NAME_KEY_LEN], struct km_slice name,
                      uint64_t *ret_id, struct km_record *ret, uint8_t *ret_element)
{
    KM_TRY(km_txn_name_get(err, txn, name_key, ret_id));
    KM_TRY(km_txn_record_get(err, txn, *ret_id, ret, ret_element));
    if (!km_slice_equal(KM_SLICE(ret->name, ret->name_len), name))
        return KM_FAIL(err, KM_E_CORRUPT, "a name leads to the record of another object");
    return KM_OK;
}

static km_status exists(struct km_err *err, struct km_txn *txn,
                        const uint8_t name_key[KM_NAME_KEY_LEN], bool *ret)
{
    struct km_err found = {0};
    uint64_t id = 0;
    km_status status = km_txn_name_get(&found, txn, name_key, &id);
    if (status != KM_OK && status != KM_E_NOTFOUND) {
        if (err != NULL && err->status == KM_OK)
            *err = found;
        return status;
    }
    *ret = status == KM_OK;
    return KM_OK;
}

static km_status exists_now(struct km_err *err, struct km_store *store,
                            const uint8_t name_key[KM_NAME_KEY_LEN], bool *ret)
{
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    KM_TRY(km_txn_read(err, store, &txn));
    return exists(err, &txn, name_key, ret);
}

/* ---- creating ---- */

struct creation {
    uint8_t name_key[KM_NAME_KEY_LEN];
    struct km_slice name;
    uint32_t flags;
    struct km_slice meta;
    struct km_slice data;
};

static km_status remove_object(struct km_err *err, struct km_txn *txn, uint64_t id,
                               const uint8_t *element)
{
    struct km_piece all = {.id = id};
    KM_TRY(km_txn_pieces_delete(err, txn, &all, false));
    return km_txn_record_delete(err, txn, id, element);
}

static km_status replace_old(struct km_err *err, struct km_txn *txn, const struct creation *what)
{
    bool taken = false;
    KM_TRY(exists(err, txn, what->name_key, &taken));
    if (!taken)
        return KM_OK;
    if ((what->flags & KM_STORE_OVERWRITE) == 0)
        return KM_FAIL(err, KM_E_EXISTS, "there is an object of this name already");
    struct km_record old = {0};
    uint8_t element[KM_SET_LEN] = {0};
    uint64_t id = 0;
    KM_TRY(find(err, txn, what->name_key, what->name, &id, &old, element));
    return remove_object(err, txn, id, element);
}

static km_status commit_new(struct km_err *err, struct km_store *store, const struct creation *what,
                            struct km_store_object *object)
{
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    struct km_record record = {.name_len = (uint8_t)what->name.len};
    km_copy(record.name, sizeof record.name, what->name.ptr, what->name.len);
    KM_TRY(km_txn_write(err, store, &txn));
    KM_TRY(km_txn_room(err, &txn, what->data.len + what->meta.len));
    KM_TRY(replace_old(err, &txn, what));
    uint64_t id = txn.head.next_id++;
    KM_TRY(put_meta(err, &txn, id, &record, what->meta));
    KM_TRY(km_tree_write(err, &txn, id, &record, 0, what->data));
    KM_TRY(km_txn_record_put(err, &txn, id, &record, NULL));
    KM_TRY(km_txn_name_put(err, &txn, what->name_key, id));
    KM_TRY(km_txn_commit(err, &txn));
    object->id = id;
    object->generation = record.generation;
    return KM_OK;
}

/* Before the commit, so that nothing can fail behind it. */
static km_status copy_meta(struct km_err *err, struct km_slice meta, struct km_secret **ret)
{
    *ret = meta.len == 0 ? NULL : km_secret_from(meta);
    if (meta.len > 0 && *ret == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "metadata of %zu octets", meta.len);
    return KM_OK;
}

km_status km_store_create(struct km_err *err, struct km_store *store, struct km_slice name,
                          uint32_t flags, struct km_slice meta, struct km_slice data,
                          struct km_store_object **ret)
{
    if ((flags & ~FLAGS_KNOWN) != 0)
        return KM_FAIL(err, KM_E_ARG, "unknown flags 0x%08x", flags & ~FLAGS_KNOWN);
    KM_TRY(check_name(err, name));
    KM_TRY(check_meta(err, meta));
    struct creation what = {.name = name, .flags = flags, .meta = meta, .data = data};
    KM_TRY(km_seal_name(err, store->seal, name, what.name_key));
    bool taken = false;
    KM_TRY(exists_now(err, store, what.name_key, &taken));
    if (taken && (flags & KM_STORE_OVERWRITE) == 0)
        return KM_FAIL(err, KM_E_EXISTS, "there is an object of this name already");
    KM_AUTO(object_freep) struct km_store_object *object = calloc(1, sizeof *object);
    if (object == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "handle of an object");
    object->store = store;
    object->flags = flags & ~KM_STORE_OVERWRITE;
    set_name(object, name);
    KM_TRY(copy_meta(err, meta, &object->meta));
    object->meta_len = meta.len;
    /* Alone until it stands: an open handle must never lead to an object that was replaced. */
    KM_TRY(km_claim_take(err, store->claims, &object->claim, what.name_key, object->flags, true));
    KM_TRY(commit_new(err, store, &what, object));
    if (ret == NULL)
        return KM_OK;
    km_claim_share(store->claims, &object->claim);
    *ret = km_steal(&object);
    return KM_OK;
}

/* ---- waiting ---- */

km_status km_store_queue(struct km_err *err, struct km_store *store, struct km_slice name,
                         bool enters, uint32_t *ret_ahead)
{
    uint8_t name_key[KM_NAME_KEY_LEN] = {0};
    KM_TRY(check_name(err, name));
    KM_TRY(km_seal_name(err, store->seal, name, name_key));
    return km_claims_queue(err, store->claims, name_key, enters, ret_ahead);
}

void km_store_unqueue(struct km_store *store)
{
    km_claims_unqueue(store->claims);
}

/* ---- opening ---- */

km_status km_store_object_open(struct km_err *err, struct km_store *store, struct km_slice name,
                               uint32_t flags, struct km_store_object **ret)
{
    if ((flags & ~FLAGS_KNOWN) != 0 || (flags & KM_STORE_OVERWRITE) != 0)
        return KM_FAIL(err, KM_E_ARG, "flags 0x%08x can't open an object", flags);
    KM_TRY(check_name(err, name));
    uint8_t name_key[KM_NAME_KEY_LEN] = {0};
    bool there = false;
    KM_TRY(km_seal_name(err, store->seal, name, name_key));
    /* Asked before claiming, so that looking for what is not there disturbs nobody who makes it. */
    KM_TRY(exists_now(err, store, name_key, &there));
    if (!there)
        return KM_FAIL(err, KM_E_NOTFOUND, "there is no object of this name");
    KM_AUTO(object_freep) struct km_store_object *object = calloc(1, sizeof *object);
    if (object == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "handle of an object");
    object->store = store;
    object->flags = flags;
    KM_TRY(km_claim_take(err, store->claims, &object->claim, name_key, flags, false));
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    struct km_record record = {0};
    KM_TRY(km_txn_read(err, store, &txn));
    KM_TRY(find(err, &txn, name_key, name, &object->id, &record, NULL));
    KM_TRY(km_object_meta_get(err, &txn, object->id, &record, &object->meta));
    object->meta_len = record.meta_len;
    object->generation = record.generation;
    set_name(object, name);
    *ret = km_steal(&object);
    return KM_OK;
}

/* ---- working on an open one ---- */

static km_status current(struct km_err *err, struct km_txn *txn, struct km_store_object *object,
                         struct km_record *ret, uint8_t *ret_element)
{
    KM_TRY(km_txn_record_get(err, txn, object->id, ret, ret_element));
    if (ret->generation < object->generation)
        return KM_FAIL(err, KM_E_CORRUPT, "an older version of the object was put back");
    object->generation = ret->generation;
    return KM_OK;
}

km_status km_store_object_size(struct km_err *err, struct km_store_object *object,
                               uint64_t *ret_size)
{
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    struct km_record record = {0};
    KM_TRY(km_txn_read(err, object->store, &txn));
    KM_TRY(current(err, &txn, object, &record, NULL));
    *ret_size = record.size;
    return KM_OK;
}

km_status km_store_object_read(struct km_err *err, struct km_store_object *object, uint64_t offset,
                               struct km_span out, size_t *ret_len)
{
    KM_TRY(check_right(err, object, KM_STORE_READ, "reading"));
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    struct km_record record = {0};
    KM_TRY(km_txn_read(err, object->store, &txn));
    KM_TRY(current(err, &txn, object, &record, NULL));
    uint64_t left = offset < record.size ? record.size - offset : 0;
    struct km_span part = KM_SPAN(out.ptr, left < out.len ? (size_t)left : out.len);
    km_status status = km_tree_read(err, &txn, object->id, &record, offset, part);
    if (status == KM_OK)
        *ret_len = part.len;
    else
        km_wipe(part.ptr, part.len);
    return status;
}

/* A write that changes octets which are there, in one chunk. */
static bool is_in_place(const struct km_record *record, uint64_t offset, size_t len)
{
    return offset <= record->size && len <= record->size - offset &&
           offset % KM_CHUNK_LEN + len <= KM_CHUNK_LEN;
}

km_status km_store_object_write(struct km_err *err, struct km_store_object *object, uint64_t offset,
                                struct km_slice data)
{
    KM_TRY(check_right(err, object, KM_STORE_WRITE, "writing"));
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    struct km_record record = {0};
    uint8_t element[KM_SET_LEN] = {0};
    KM_TRY(km_txn_write(err, object->store, &txn));
    KM_TRY(current(err, &txn, object, &record, element));
    /* What needs no more room goes on in a full store, from what deleting has: counts must never stand still. */
    bool in_place = is_in_place(&record, offset, data.len);
    if (!in_place)
        KM_TRY(km_txn_room(err, &txn, data.len));
    KM_TRY(km_tree_write(err, &txn, object->id, &record, offset, data));
    if (data.len == 0)
        return KM_OK;
    if (in_place && txn.grown > 0)
        KM_TRY(km_txn_room(err, &txn, txn.grown));
    KM_TRY(km_txn_record_put(err, &txn, object->id, &record, element));
    KM_TRY(km_txn_commit(err, &txn));
    object->generation = record.generation;
    return KM_OK;
}

km_status km_store_object_truncate(struct km_err *err, struct km_store_object *object,
                                   uint64_t size)
{
    KM_TRY(check_right(err, object, KM_STORE_WRITE, "writing"));
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    struct km_record record = {0};
    uint8_t element[KM_SET_LEN] = {0};
    KM_TRY(km_txn_write(err, object->store, &txn));
    KM_TRY(current(err, &txn, object, &record, element));
    if (size == record.size)
        return KM_OK;
    if (size > record.size)
        KM_TRY(km_txn_room(err, &txn, 0));
    KM_TRY(km_tree_resize(err, &txn, object->id, &record, size));
    KM_TRY(km_txn_record_put(err, &txn, object->id, &record, element));
    KM_TRY(km_txn_commit(err, &txn));
    object->generation = record.generation;
    return KM_OK;
}

km_status km_store_object_set_meta(struct km_err *err, struct km_store_object *object,
                                   struct km_slice meta)
{
    KM_TRY(check_meta(err, meta));
    KM_AUTO(km_secret_freep) struct km_secret *copy = NULL;
    KM_TRY(copy_meta(err, meta, &copy));
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    struct km_record record = {0};
    uint8_t element[KM_SET_LEN] = {0};
    KM_TRY(km_txn_write(err, object->store, &txn));
    KM_TRY(current(err, &txn, object, &record, element));
    if (meta.len > record.meta_len)
        KM_TRY(km_txn_room(err, &txn, meta.len));
    KM_TRY(put_meta(err, &txn, object->id, &record, meta));
    KM_TRY(km_txn_record_put(err, &txn, object->id, &record, element));
    KM_TRY(km_txn_commit(err, &txn));
    object->generation = record.generation;
    km_secret_free(object->meta);
    object->meta = km_steal(&copy);
    object->meta_len = meta.len;
    return KM_OK;
}

/* ---- renaming and deleting ---- */

static km_status commit_rename(struct km_err *err, struct km_store_object *object,
                               const uint8_t new_key[KM_NAME_KEY_LEN], struct km_slice name)
{
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    struct km_record record = {0};
    uint8_t element[KM_SET_LEN] = {0};
    bool taken = false;
    KM_TRY(km_txn_write(err, object->store, &txn));
    KM_TRY(exists(err, &txn, new_key, &taken));
    if (taken)
        return KM_FAIL(err, KM_E_EXISTS, "there is an object of the new name already");
    KM_TRY(current(err, &txn, object, &record, element));
    km_wipe(record.name, sizeof record.name);
    km_copy(record.name, sizeof record.name, name.ptr, name.len);
    record.name_len = (uint8_t)name.len;
    KM_TRY(km_txn_name_delete(err, &txn, object->claim.key));
    KM_TRY(km_txn_name_put(err, &txn, new_key, object->id));
    KM_TRY(km_txn_record_put(err, &txn, object->id, &record, element));
    KM_TRY(km_txn_commit(err, &txn));
    object->generation = record.generation;
    return KM_OK;
}

km_status km_store_object_rename(struct km_err *err, struct km_store_object *object,
                                 struct km_slice name)
{
    KM_TRY(check_right(err, object, KM_STORE_WRITE_META, "renaming"));
    KM_TRY(check_name(err, name));
    struct km_store *store = object->store;
    uint8_t new_key[KM_NAME_KEY_LEN] = {0};
    bool taken = false;
    KM_TRY(km_seal_name(err, store->seal, name, new_key));
    KM_TRY(exists_now(err, store, new_key, &taken));
    if (taken)
        return KM_FAIL(err, KM_E_EXISTS, "there is an object of the new name already");
    /* Both names are held while it moves; then the handle's claim stands on the new one. */
    struct km_claim moved = {0};
    KM_TRY(km_claim_take(err, store->claims, &moved, new_key, object->flags, true));
    km_status status = commit_rename(err, object, new_key, name);
    if (status == KM_OK) {
        km_claim_drop(store->claims, &object->claim);
        km_claim_move(store->claims, &moved, &object->claim);
        set_name(object, name);
    } else {
        km_claim_drop(store->claims, &moved);
    }
    return status;
}

static km_status commit_delete(struct km_err *err, struct km_store_object *object)
{
    KM_AUTO(km_txn_end) struct km_txn txn = {0};
    struct km_record record = {0};
    uint8_t element[KM_SET_LEN] = {0};
    KM_TRY(km_txn_write(err, object->store, &txn));
    KM_TRY(current(err, &txn, object, &record, element));
    KM_TRY(km_txn_name_delete(err, &txn, object->claim.key));
    KM_TRY(remove_object(err, &txn, object->id, element));
    return km_txn_commit(err, &txn);
}

km_status km_store_object_delete(struct km_err *err, struct km_store_object *object)
{
    km_status status = check_right(err, object, KM_STORE_WRITE_META, "deleting");
    if (status == KM_OK)
        status = commit_delete(err, object);
    km_store_object_close(object);
    return status;
}
