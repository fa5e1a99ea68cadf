/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/object.h"

#define FLAGS_KNOWN                                                                                \
    (TEE_DATA_FLAG_ACCESS_READ | TEE_DATA_FLAG_ACCESS_WRITE | TEE_DATA_FLAG_ACCESS_WRITE_META |    \
     TEE_DATA_FLAG_SHARE_READ | TEE_DATA_FLAG_SHARE_WRITE | TEE_DATA_FLAG_OVERWRITE)

_Static_assert(TEE_DATA_FLAG_ACCESS_READ == KM_STORE_READ &&
                   TEE_DATA_FLAG_ACCESS_WRITE == KM_STORE_WRITE &&
                   TEE_DATA_FLAG_ACCESS_WRITE_META == KM_STORE_WRITE_META &&
                   TEE_DATA_FLAG_SHARE_READ == KM_STORE_SHARE_READ &&
                   TEE_DATA_FLAG_SHARE_WRITE == KM_STORE_SHARE_WRITE &&
                   TEE_DATA_FLAG_OVERWRITE == KM_STORE_OVERWRITE &&
                   TEE_OBJECT_ID_MAX_LEN == KM_STORE_NAME_MAX,
               "the store speaks the API's numbers");

/* As long as a name can be, so that no TA hits it by accident. */
const char km_rt_time_name[TEE_OBJECT_ID_MAX_LEN] =
    "org.keymoor.runtime.persistent-time/4d1f7c0ab83e6952e07d5c91bf26";

bool km_rt_name_reserved(struct km_slice name)
{
    return km_slice_equal(name, KM_SLICE(km_rt_time_name, sizeof(km_rt_time_name)));
}

TEE_Result km_rt_storage(uint32_t id, struct km_store **ret_store)
{
    if (id != TEE_STORAGE_PRIVATE)
        return TEE_ERROR_ITEM_NOT_FOUND;
    if (km_rt.config.store == NULL)
        return TEE_ERROR_STORAGE_NOT_AVAILABLE;
    *ret_store = km_rt.config.store;
    return TEE_SUCCESS;
}

static struct km_slice name_of(const void *id, size_t len)
{
    km_rt_need(len <= TEE_OBJECT_ID_MAX_LEN, "an object identifier that is too long");
    km_rt_own(id, len, "an object identifier outside the TA's own memory");
    return KM_SLICE(id, len);
}

/* Takes stored whatever the result. */
static TEE_Result publish(struct km_store_object *stored, uint32_t flags, TEE_ObjectHandle *ret)
{
    KM_AUTO(km_rt_object_freep) struct km_rt_object *object = km_rt_object_new(NULL, 0);
    if (object == NULL) {
        km_store_object_close(stored);
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    object->stored = stored;
    km_status status = km_rt_meta_read(km_store_object_meta(stored), object, false);
    if (status != KM_OK)
        return km_rt_meta_result(status);
    object->handle_flags |= TEE_HANDLE_FLAG_PERSISTENT | flags;
    return km_rt_object_publish(&object, ret);
}

TEE_Result TEE_OpenPersistentObject(uint32_t storageID, const void *objectID, size_t objectIDLen,
                                    uint32_t flags, TEE_ObjectHandle *object)
{
    struct km_slice name = name_of(objectID, objectIDLen);
    km_rt_own_handle(object);
    *object = TEE_HANDLE_NULL;
    struct km_store *store = NULL;
    TEE_Result result = km_rt_storage(storageID, &store);
    if (result != TEE_SUCCESS)
        return result;
    if ((flags & ~FLAGS_KNOWN) != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    if (km_rt_name_reserved(name))
        return TEE_ERROR_ITEM_NOT_FOUND;
    struct km_store_object *stored = NULL;
    uint32_t used = flags & ~TEE_DATA_FLAG_OVERWRITE;
    km_status status = km_store_object_open(NULL, store, name, used, &stored);
    if (status != KM_OK)
        return km_rt_result(status);
    return publish(stored, used, object);
}

TEE_Result TEE_KmQueueForObject(uint32_t storageID, const void *objectID, size_t objectIDLen,
                                bool enters, uint32_t *ahead)
{
    struct km_slice name = name_of(objectID, objectIDLen);
    km_rt_own(ahead, sizeof(*ahead), "a number outside the TA's own memory");
    struct km_store *store = NULL;
    TEE_Result result = km_rt_storage(storageID, &store);
    if (result != TEE_SUCCESS)
        return result;
    return km_rt_result(km_store_queue(NULL, store, name, enters, ahead));
}

void TEE_KmLeaveQueue(uint32_t storageID)
{
    struct km_store *store = NULL;
    if (km_rt_storage(storageID, &store) == TEE_SUCCESS)
        km_store_unqueue(store);
}

struct new_object {
    struct km_slice name;
    uint32_t flags;
    const struct km_rt_object *attributes; /* NULL: pure data */
    struct km_slice data;
};

static TEE_Result create(struct km_store *store, const struct new_object *what,
                         struct km_store_object **ret_stored)
{
    size_t len = km_rt_meta_len(what->attributes);
    uint8_t *meta = km_rt_secret_new(len);
    if (meta == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    km_status status = KM_E_INTERNAL;
    if (km_rt_meta_write(what->attributes, KM_SPAN(meta, len)))
        status = km_store_create(NULL, store, what->name, what->flags, KM_SLICE(meta, len),
                                 what->data, ret_stored);
    km_rt_secret_free(meta, len);
    return km_rt_result(status);
}

static const struct km_rt_object *source_of(TEE_ObjectHandle attributes)
{
    if (attributes == TEE_HANDLE_NULL)
        return NULL;
    const struct km_rt_object *source = km_rt_object_get(attributes);
    km_rt_need_state(km_rt_is_initialized(source), "store attributes of an uninitialized object");
    return source;
}

TEE_Result TEE_CreatePersistentObject(uint32_t storageID, const void *objectID, size_t objectIDLen,
                                      uint32_t flags, TEE_ObjectHandle attributes,
                                      const void *initialData, size_t initialDataLen,
                                      TEE_ObjectHandle *object)
{
    struct new_object what = {.name = name_of(objectID, objectIDLen), .flags = flags};
    what.attributes = source_of(attributes);
    km_rt_readable(initialData, initialDataLen);
    what.data = KM_SLICE(initialData, initialDataLen);
    if (object != NULL) {
        km_rt_own_handle(object);
        *object = TEE_HANDLE_NULL;
    }
    struct km_store *store = NULL;
    TEE_Result result = km_rt_storage(storageID, &store);
    if (result != TEE_SUCCESS)
        return result;
    if ((flags & ~FLAGS_KNOWN) != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    if (km_rt_name_reserved(what.name))
        return TEE_ERROR_ACCESS_DENIED;
    if (initialDataLen > TEE_DATA_MAX_POSITION)
        return TEE_ERROR_OVERFLOW;
    struct km_store_object *stored = NULL;
    result = create(store, &what, object != NULL ? &stored : NULL);
    if (result != TEE_SUCCESS || object == NULL)
        return result;
    return publish(stored, flags & ~TEE_DATA_FLAG_OVERWRITE, object);
}

static void need_flag(const struct km_rt_object *object, uint32_t flag, const char *why)
{
    if ((object->handle_flags & flag) == 0)
        km_rt_panic(TEE_ERROR_ACCESS_DENIED, why);
}

TEE_Result TEE_CloseAndDeletePersistentObject1(TEE_ObjectHandle object)
{
    if (object == TEE_HANDLE_NULL)
        return TEE_SUCCESS;
    struct km_rt_object *self = km_rt_object_stored(object);
    need_flag(self, TEE_DATA_FLAG_ACCESS_WRITE_META, "delete an object without the right to");
    km_status status = km_store_object_delete(NULL, self->stored);
    self->stored = NULL;
    km_rt_object_free(km_rt_handle_drop(KM_RT_OBJECT, object));
    /* What was deleted must not come back with an older copy of the store. It is deleted even when the counter can't follow. */
    if (status == KM_OK)
        (void)km_store_settle(NULL, km_rt.config.store);
    return km_rt_result(status);
}

void TEE_CloseAndDeletePersistentObject(TEE_ObjectHandle object)
{
    TEE_Result result = TEE_CloseAndDeletePersistentObject1(object);
    if (result != TEE_SUCCESS)
        km_rt_panic(result, "TEE_CloseAndDeletePersistentObject failed");
}

TEE_Result TEE_RenamePersistentObject(TEE_ObjectHandle object, const void *newObjectID,
                                      size_t newObjectIDLen)
{
    struct km_rt_object *self = km_rt_object_stored(object);
    struct km_slice name = name_of(newObjectID, newObjectIDLen);
    need_flag(self, TEE_DATA_FLAG_ACCESS_WRITE_META, "rename an object without the right to");
    if (km_rt_name_reserved(name))
        return TEE_ERROR_ACCESS_DENIED;
    return km_rt_object_lost(object, km_store_object_rename(NULL, self->stored, name));
}

/* ---- usage ---- */

static km_status store_usage(struct km_rt_object *object)
{
    size_t len = km_rt_meta_len(object);
    uint8_t *meta = km_rt_secret_new(len);
    if (meta == NULL)
        return KM_E_NOMEM;
    km_status status = KM_E_INTERNAL;
    if (km_rt_meta_write(object, KM_SPAN(meta, len)))
        status = km_store_object_set_meta(NULL, object->stored, KM_SLICE(meta, len));
    km_rt_secret_free(meta, len);
    return status;
}

TEE_Result TEE_RestrictObjectUsage1(TEE_ObjectHandle object, uint32_t objectUsage)
{
    struct km_rt_object *self = km_rt_object_get(object);
    uint32_t before = self->usage;
    self->usage &= objectUsage;
    if (!km_rt_is_stored(self) || self->usage == before)
        return TEE_SUCCESS;
    km_status status = store_usage(self);
    if (status != KM_OK)
        self->usage = before;
    return km_rt_object_lost(object, status);
}

void TEE_RestrictObjectUsage(TEE_ObjectHandle object, uint32_t objectUsage)
{
    TEE_Result result = TEE_RestrictObjectUsage1(object, objectUsage);
    if (result != TEE_SUCCESS)
        km_rt_panic(result, "TEE_RestrictObjectUsage failed");
}

/* ---- data stream ---- */

TEE_Result TEE_ReadObjectData(TEE_ObjectHandle object, void *buffer, size_t size, size_t *count)
{
    struct km_rt_object *self = km_rt_object_stored(object);
    need_flag(self, TEE_DATA_FLAG_ACCESS_READ, "read an object without the right to");
    km_rt_own(count, sizeof(*count), "a size outside the TA's own memory");
    km_rt_readable(buffer, size);
    *count = 0;
    if (size == 0)
        return TEE_SUCCESS;
    if (size > TEE_DATA_MAX_POSITION - self->position)
        size = (size_t)(TEE_DATA_MAX_POSITION - self->position);
    size_t len = 0;
    km_status status =
        km_store_object_read(NULL, self->stored, self->position, KM_SPAN(buffer, size), &len);
    if (status != KM_OK)
        return km_rt_object_lost(object, status);
    self->position += len;
    *count = len;
    return TEE_SUCCESS;
}

TEE_Result TEE_WriteObjectData(TEE_ObjectHandle object, const void *buffer, size_t size)
{
    struct km_rt_object *self = km_rt_object_stored(object);
    need_flag(self, TEE_DATA_FLAG_ACCESS_WRITE, "write an object without the right to");
    km_rt_readable(buffer, size);
    if (size > TEE_DATA_MAX_POSITION - self->position)
        return TEE_ERROR_OVERFLOW;
    if (size == 0)
        return TEE_SUCCESS;
    km_status status =
        km_store_object_write(NULL, self->stored, self->position, KM_SLICE(buffer, size));
    if (status != KM_OK)
        return km_rt_object_lost(object, status);
    self->position += size;
    return TEE_SUCCESS;
}

TEE_Result TEE_TruncateObjectData(TEE_ObjectHandle object, size_t size)
{
    struct km_rt_object *self = km_rt_object_stored(object);
    need_flag(self, TEE_DATA_FLAG_ACCESS_WRITE, "truncate an object without the right to");
    if (size > TEE_DATA_MAX_POSITION)
        return TEE_ERROR_OVERFLOW;
    return km_rt_object_lost(object, km_store_object_truncate(NULL, self->stored, size));
}

TEE_Result TEE_SeekObjectData(TEE_ObjectHandle object, intmax_t offset, TEE_Whence whence)
{
    struct km_rt_object *self = km_rt_object_stored(object);
    km_rt_need(whence <= TEE_DATA_SEEK_END, "an unknown place to seek from");
    uint64_t base = whence == TEE_DATA_SEEK_CUR ? self->position : 0;
    if (whence == TEE_DATA_SEEK_END) {
        km_status status = km_store_object_size(NULL, self->stored, &base);
        if (status != KM_OK)
            return km_rt_object_lost(object, status);
    }
    intmax_t to = 0;
    bool beyond = __builtin_add_overflow((intmax_t)base, offset, &to);
    if (beyond || to > (intmax_t)TEE_DATA_MAX_POSITION)
        return TEE_ERROR_OVERFLOW;
    self->position = to > 0 ? (uint64_t)to : 0;
    return TEE_SUCCESS;
}
