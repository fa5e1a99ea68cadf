/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/object.h"

#include <stdlib.h>

#define USAGE_ALL 0xFFFFFFFFu

struct km_rt_object *km_rt_object_get(TEE_ObjectHandle handle)
{
    return km_rt_handle_get(KM_RT_OBJECT, handle);
}

struct km_rt_object *km_rt_object_stored(TEE_ObjectHandle handle)
{
    struct km_rt_object *object = km_rt_object_get(handle);
    km_rt_need(km_rt_is_stored(object), "a transient object where a persistent one is needed");
    return object;
}

struct km_rt_object *km_rt_object_new(const struct km_rt_type *type, uint32_t max_bits)
{
    struct km_rt_object *object = calloc(1, sizeof(*object));
    if (object != NULL)
        *object = (struct km_rt_object){.type = type, .max_bits = max_bits, .usage = USAGE_ALL};
    return object;
}

void km_rt_object_free(void *what)
{
    struct km_rt_object *object = what;
    if (object == NULL)
        return;
    km_rt_attrs_clear(object);
    km_rt_secret_free(object->room, km_rt_bytes(object->max_bits));
    km_store_object_close(object->stored);
    free(object);
}

void km_rt_object_freep(struct km_rt_object **object)
{
    km_rt_object_free(*object);
}

TEE_Result km_rt_object_publish(struct km_rt_object **object, TEE_ObjectHandle *ret)
{
    TEE_ObjectHandle handle = km_rt_handle_new(KM_RT_OBJECT, *object);
    if (handle == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    *object = NULL;
    *ret = handle;
    return TEE_SUCCESS;
}

TEE_Result km_rt_object_lost(TEE_ObjectHandle handle, km_status status)
{
    TEE_Result result = km_rt_result(status);
    if (result == TEE_ERROR_CORRUPT_OBJECT)
        km_rt_object_free(km_rt_handle_drop(KM_RT_OBJECT, handle));
    return result;
}

void km_rt_object_info(const struct km_rt_object *object, TEE_ObjectInfo *ret)
{
    *ret = (TEE_ObjectInfo){
        .objectType = km_rt_object_type(object),
        .objectSize = object->bits,
        .maxObjectSize = object->max_bits,
        .objectUsage = object->usage,
        .dataPosition = (size_t)object->position,
        .handleFlags = object->handle_flags,
    };
}

TEE_Result TEE_GetObjectInfo1(TEE_ObjectHandle object, TEE_ObjectInfo *objectInfo)
{
    const struct km_rt_object *self = km_rt_object_get(object);
    km_rt_own(objectInfo, sizeof(*objectInfo), "an object info outside the TA's own memory");
    uint64_t size = 0;
    if (km_rt_is_stored(self)) {
        km_status status = km_store_object_size(NULL, self->stored, &size);
        if (status != KM_OK)
            return km_rt_object_lost(object, status);
    }
    km_rt_object_info(self, objectInfo);
    objectInfo->dataSize = (size_t)size;
    return TEE_SUCCESS;
}

void TEE_GetObjectInfo(TEE_ObjectHandle object, TEE_ObjectInfo *objectInfo)
{
    TEE_Result result = TEE_GetObjectInfo1(object, objectInfo);
    if (result != TEE_SUCCESS)
        km_rt_panic(result, "TEE_GetObjectInfo failed");
}

void TEE_CloseObject(TEE_ObjectHandle object)
{
    if (object != TEE_HANDLE_NULL)
        km_rt_object_free(km_rt_handle_drop(KM_RT_OBJECT, object));
}

TEE_Result TEE_AllocateTransientObject(TEE_ObjectType objectType, uint32_t maxObjectSize,
                                       TEE_ObjectHandle *object)
{
    km_rt_own_handle(object);
    *object = TEE_HANDLE_NULL;
    const struct km_rt_type *type = km_rt_type_find(objectType);
    if (type == NULL)
        return TEE_ERROR_NOT_SUPPORTED;
    maxObjectSize = km_rt_type_bits(type, maxObjectSize);
    if (!km_rt_type_size_ok(type, maxObjectSize))
        return TEE_ERROR_NOT_SUPPORTED;
    KM_AUTO(km_rt_object_freep) struct km_rt_object *self = km_rt_object_new(type, maxObjectSize);
    if (self == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    if (type->family == KM_RT_SECRET)
        self->room = km_rt_secret_new(km_rt_bytes(maxObjectSize));
    if (type->family == KM_RT_SECRET && self->room == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    return km_rt_object_publish(&self, object);
}

void TEE_FreeTransientObject(TEE_ObjectHandle object)
{
    if (object == TEE_HANDLE_NULL)
        return;
    km_rt_need(!km_rt_is_stored(km_rt_object_get(object)),
               "free a persistent object as a transient one");
    km_rt_object_free(km_rt_handle_drop(KM_RT_OBJECT, object));
}

void TEE_ResetTransientObject(TEE_ObjectHandle object)
{
    if (object == TEE_HANDLE_NULL)
        return;
    struct km_rt_object *self = km_rt_object_get(object);
    km_rt_need(!km_rt_is_stored(self), "reset a persistent object");
    km_rt_attrs_clear(self);
    self->usage = USAGE_ALL;
}
