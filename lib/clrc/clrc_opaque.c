/* SPDX-License-Identifier: Apache-2.0 */
/* Opaque keys and opaque objects: packages go to the service as they are. */
#include <stdlib.h>
#include <string.h>

#include "lib/clrc/clrc_handle.h"

#define OBJECT_MAGIC 0x6f626a65u
#define NO_HANDLE "not an opaque object handle"
#define NULL_POINTER "a pointer is NULL"
#define NOT_A_KEY "not a key handle"

static ClrcResult check_package(const char *function, const uint8_t *package, uint32_t length)
{
    if (package == NULL || length == 0)
        return clrc_bad(function, "there is no package");
    return length > KM_CRYPTO_PACKAGE_MAX ? clrc_long(function, "a package is at most 8192 octets")
                                          : CLRC_SUCCESS;
}

ClrcResult clrcSaveOpaqueKeyEx(const uint8_t *keyPkg, uint32_t keyPkgLength,
                               ClrcKeyHandle hDeviceKey, ClrcPasswordHandle hPassword)
{
    struct clrc_call call = {.function = "clrcSaveOpaqueKeyEx",
                             .sent.command = KM_CRYPTO_CMD_SAVE_OPAQUE_KEY,
                             .key = hDeviceKey,
                             .password = hPassword};
    ClrcResult result = check_package(call.function, keyPkg, keyPkgLength);
    if (result != CLRC_SUCCESS)
        return result;
    if (hDeviceKey != NULL && !clrc_key_is(hDeviceKey))
        return clrc_bad(call.function, NOT_A_KEY);
    if (hPassword != NULL && !clrc_password_is(hPassword))
        return clrc_bad(call.function, "not a password handle");
    clrc_bulk_in(&call, 0, keyPkg, keyPkgLength);
    km_call_value(&call.sent, 1, 0, 0);
    call.key_value = &call.sent.op.params[1].value.a;
    call.password_value = &call.sent.op.params[1].value.b;
    return clrc_run(&call);
}

/* ---- objects ---- */

static bool object_is(const struct clrc_object *object)
{
    return object != NULL && object->magic == OBJECT_MAGIC;
}

static void object_freep(struct clrc_object **object)
{
    clrcFreeOpaqueObject(*object);
    *object = NULL;
}

void clrcFreeOpaqueObject(ClrcOpaqueObjectHandle hObject)
{
    if (!object_is(hObject))
        return;
    clrc_forget_operation(&hObject->in);
    hObject->magic = 0;
    free(hObject);
}

static ClrcResult info_arrived(const struct clrc_call *call, const uint8_t *wire,
                               ClrcOpaqueObjectInfo *info)
{
    struct km_crypto_object told = {0};
    if (!km_crypto_object_parse(KM_SLICE(wire, clrc_size(call, 2)), &told))
        return clrc_fail(call->function, CLRC_ERROR_GENERIC, NULL, NULL);
    if (info == NULL)
        return CLRC_SUCCESS;
    *info = (ClrcOpaqueObjectInfo){.size = told.size,
                                   .algorithm = (ClrcAlgorithm)told.algorithm,
                                   .opens_left = told.opens_left,
                                   .not_after = told.not_after};
    km_copy(info->id, sizeof(info->id), told.id, sizeof(told.id));
    return CLRC_SUCCESS;
}

/* The keys that are given take their places; with one alone it is the call's first. */
static void set_keys(struct clrc_call *call, ClrcKeyHandle verify, ClrcKeyHandle device)
{
    uint32_t *verify_value = &call->sent.op.params[1].value.a;
    uint32_t *device_value = &call->sent.op.params[1].value.b;
    call->key = verify != NULL ? verify : device;
    call->key_value = verify != NULL ? verify_value : device_value;
    call->other_key = verify != NULL ? device : NULL;
    call->other_value = device_value;
}

ClrcResult clrcOpenOpaqueObject(const uint8_t *identifier, uint32_t length,
                                ClrcKeyHandle hVerifyKey, ClrcKeyHandle hDeviceKey,
                                ClrcOpaqueObjectHandle *hObject, ClrcOpaqueObjectInfo *info)
{
    struct clrc_call call = {.function = "clrcOpenOpaqueObject",
                             .sent.command = KM_CRYPTO_CMD_OBJECT_OPEN,
                             .makes_key = true};
    uint8_t wire[KM_CRYPTO_OBJECT_WIRE_LEN] = {0};
    if (hObject == NULL)
        return clrc_bad(call.function, NULL_POINTER);
    ClrcResult result = check_package(call.function, identifier, length);
    if (result != CLRC_SUCCESS)
        return result;
    if ((hVerifyKey != NULL && !clrc_key_is(hVerifyKey)) ||
        (hDeviceKey != NULL && !clrc_key_is(hDeviceKey)))
        return clrc_bad(call.function, NOT_A_KEY);
    KM_AUTO(object_freep) struct clrc_object *object = calloc(1, sizeof(*object));
    if (object == NULL)
        return clrc_fail(call.function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    object->magic = OBJECT_MAGIC;
    object->in.free_command = KM_CRYPTO_CMD_OBJECT_FREE;
    clrc_bulk_in(&call, 0, identifier, length);
    km_call_value(&call.sent, 1, 0, 0);
    set_keys(&call, hVerifyKey, hDeviceKey);
    km_call_out(&call.sent, 2, wire, sizeof(wire));
    km_call_value_out(&call.sent, 3);
    result = clrc_run(&call);
    if (result != CLRC_SUCCESS)
        return result;
    clrc_operation_made(&call, &object->in, call.sent.op.params[3].value.a);
    result = info_arrived(&call, wire, info);
    if (result == CLRC_SUCCESS)
        *hObject = km_steal(&object);
    return result;
}

static struct clrc_call call_for(const char *function, uint32_t command,
                                 const struct clrc_object *object)
{
    /* Never repeated: it is bound to its session. */
    struct clrc_call call = {.function = function,
                             .sent.command = command,
                             .operation = &object->in,
                             .is_repeatable = true};
    km_call_value(&call.sent, 0, object->in.id, 0);
    return call;
}

ClrcResult clrcUpdateOpaqueObject(ClrcOpaqueObjectHandle hObject, const uint8_t *in, size_t length,
                                  uint8_t *out, size_t *out_length)
{
    static const char function[] = "clrcUpdateOpaqueObject";
    if (!object_is(hObject))
        return clrc_bad(function, NO_HANDLE);
    if ((in == NULL && length != 0) || (out == NULL) != (out_length == NULL))
        return clrc_bad(function, NULL_POINTER);
    if (length > CLRC_DATA_MAX)
        return clrc_long(function, "one part is at most 64 MiB");
    /* Room 0 would look as if nothing were wanted: then there is nothing to give either. */
    uint8_t nowhere[1] = {0};
    size_t room = out_length == NULL ? 0 : *out_length;
    if (out != NULL && room == 0) {
        out = nowhere;
        room = sizeof(nowhere);
    }
    struct clrc_call call = call_for(function, KM_CRYPTO_CMD_OBJECT_UPDATE, hObject);
    clrc_bulk_in(&call, 1, in, length);
    clrc_bulk_out(&call, 2, out, room < CLRC_DATA_MAX ? room : CLRC_DATA_MAX);
    ClrcResult result = clrc_run(&call);
    if (out_length != NULL && (result == CLRC_SUCCESS || result == CLRC_ERROR_SHORT_BUFFER))
        *out_length = clrc_size(&call, 2);
    return result;
}

ClrcResult clrcFinishOpaqueObject(ClrcOpaqueObjectHandle hObject)
{
    static const char function[] = "clrcFinishOpaqueObject";
    if (!object_is(hObject))
        return clrc_bad(function, NO_HANDLE);
    struct clrc_call call = call_for(function, KM_CRYPTO_CMD_OBJECT_FINISH, hObject);
    return clrc_run(&call);
}

ClrcResult clrcRewindOpaqueObject(ClrcOpaqueObjectHandle hObject)
{
    static const char function[] = "clrcRewindOpaqueObject";
    if (!object_is(hObject))
        return clrc_bad(function, NO_HANDLE);
    struct clrc_call call = call_for(function, KM_CRYPTO_CMD_OBJECT_REWIND, hObject);
    return clrc_run(&call);
}
