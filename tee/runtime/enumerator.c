/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/object.h"

#include <stdlib.h>

struct object_enum {
    struct km_store_cursor *cursor; /* NULL: not started */
    /* What Start had to look at to know that there is something; views into the cursor. */
    km_status status;
    bool has_ahead;
    struct km_slice name, meta;
    uint64_t size;
};

/* The next object that is the TA's to see. */
static void look_ahead(struct object_enum *self)
{
    bool hidden = true;
    while (hidden) {
        self->status =
            km_store_cursor_next(NULL, self->cursor, &self->name, &self->meta, &self->size);
        hidden = self->status == KM_OK && km_rt_name_reserved(self->name);
    }
    self->has_ahead = true;
}

static void stop(struct object_enum *self)
{
    km_store_cursor_close(self->cursor);
    *self = (struct object_enum){0};
}

void km_rt_object_enum_free(void *what)
{
    stop(what);
    free(what);
}

TEE_Result TEE_AllocatePersistentObjectEnumerator(TEE_ObjectEnumHandle *objectEnumerator)
{
    km_rt_own_handle(objectEnumerator);
    *objectEnumerator = TEE_HANDLE_NULL;
    struct object_enum *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    *objectEnumerator = km_rt_handle_new(KM_RT_OBJECT_ENUM, self);
    if (*objectEnumerator != TEE_HANDLE_NULL)
        return TEE_SUCCESS;
    free(self);
    return TEE_ERROR_OUT_OF_MEMORY;
}

void TEE_FreePersistentObjectEnumerator(TEE_ObjectEnumHandle objectEnumerator)
{
    if (objectEnumerator != TEE_HANDLE_NULL)
        km_rt_object_enum_free(km_rt_handle_drop(KM_RT_OBJECT_ENUM, objectEnumerator));
}

void TEE_ResetPersistentObjectEnumerator(TEE_ObjectEnumHandle objectEnumerator)
{
    if (objectEnumerator != TEE_HANDLE_NULL)
        stop(km_rt_handle_get(KM_RT_OBJECT_ENUM, objectEnumerator));
}

TEE_Result TEE_StartPersistentObjectEnumerator(TEE_ObjectEnumHandle objectEnumerator,
                                               uint32_t storageID)
{
    struct object_enum *self = km_rt_handle_get(KM_RT_OBJECT_ENUM, objectEnumerator);
    struct km_store *store = NULL;
    stop(self);
    TEE_Result result = km_rt_storage(storageID, &store);
    if (result != TEE_SUCCESS)
        return result;
    km_status status = km_store_cursor_open(NULL, store, &self->cursor);
    if (status != KM_OK)
        return km_rt_result(status);
    look_ahead(self);
    if (self->status != KM_E_NOTFOUND)
        return TEE_SUCCESS;
    stop(self);
    return TEE_ERROR_ITEM_NOT_FOUND;
}

TEE_Result TEE_KmGetNextObjectData(TEE_ObjectEnumHandle objectEnumerator, const void *firsts,
                                   size_t firstsLen, void *objectID, size_t *objectIDLen,
                                   void *buffer, size_t size, size_t *dataSize)
{
    struct object_enum *self = km_rt_handle_get(KM_RT_OBJECT_ENUM, objectEnumerator);
    km_rt_own(objectIDLen, sizeof(*objectIDLen), "a size outside the TA's own memory");
    km_rt_own(dataSize, sizeof(*dataSize), "a size outside the TA's own memory");
    km_rt_own(objectID, TEE_OBJECT_ID_MAX_LEN, "an object identifier outside the TA's own memory");
    km_rt_own(buffer, size, "an object's data outside the TA's own memory");
    km_rt_own(firsts, firstsLen, "octets of identifiers outside the TA's own memory");
    if (self->cursor == NULL || (self->has_ahead && self->status == KM_E_NOTFOUND))
        return TEE_ERROR_ITEM_NOT_FOUND;
    if (self->has_ahead)
        km_store_cursor_back(self->cursor);
    self->has_ahead = false;
    struct km_slice name = {0};
    uint64_t len = 0;
    bool hidden = true;
    while (hidden) {
        km_status status = km_store_cursor_read(NULL, self->cursor, KM_SLICE(firsts, firstsLen),
                                                KM_SPAN(buffer, size), &name, &len);
        if (status != KM_OK)
            return status == KM_E_NOTFOUND ? TEE_ERROR_ITEM_NOT_FOUND : km_rt_result(status);
        hidden = km_rt_name_reserved(name);
    }
    km_copy(objectID, TEE_OBJECT_ID_MAX_LEN, name.ptr, name.len);
    *objectIDLen = name.len;
    *dataSize = (size_t)len;
    return TEE_SUCCESS;
}

static TEE_Result describe(const struct object_enum *self, TEE_ObjectInfo *ret)
{
    if (ret == NULL)
        return TEE_SUCCESS;
    struct km_rt_object object = {0};
    km_status status = km_rt_meta_read(self->meta, &object, true);
    if (status != KM_OK)
        return km_rt_meta_result(status);
    km_rt_object_info(&object, ret);
    ret->handleFlags = TEE_HANDLE_FLAG_PERSISTENT | TEE_HANDLE_FLAG_INITIALIZED;
    ret->dataSize = (size_t)self->size;
    return TEE_SUCCESS;
}

TEE_Result TEE_GetNextPersistentObject(TEE_ObjectEnumHandle objectEnumerator,
                                       TEE_ObjectInfo *objectInfo, void *objectID,
                                       size_t *objectIDLen)
{
    struct object_enum *self = km_rt_handle_get(KM_RT_OBJECT_ENUM, objectEnumerator);
    km_rt_own(objectIDLen, sizeof(*objectIDLen), "a size outside the TA's own memory");
    km_rt_own(objectID, TEE_OBJECT_ID_MAX_LEN, "an object identifier outside the TA's own memory");
    if (self->cursor == NULL)
        return TEE_ERROR_ITEM_NOT_FOUND;
    if (!self->has_ahead)
        look_ahead(self);
    if (self->status == KM_E_NOTFOUND)
        return TEE_ERROR_ITEM_NOT_FOUND;
    self->has_ahead = false;
    if (self->status != KM_OK)
        return km_rt_result(self->status);
    TEE_Result result = describe(self, objectInfo);
    if (result != TEE_SUCCESS)
        return result;
    km_copy(objectID, TEE_OBJECT_ID_MAX_LEN, self->name.ptr, self->name.len);
    *objectIDLen = self->name.len;
    return TEE_SUCCESS;
}
