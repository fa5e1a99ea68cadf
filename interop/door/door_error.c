/* SPDX-License-Identifier: Apache-2.0 */
#include "interop/door/door_error.h"

#include <string.h>

/* Failures of the doors themselves that need a reason of their own; not ClrcResult numbers. */
#define NATIVE_NO_PRIVATE 1

struct row {
    ClrcResult result;
    km_status status;
    enum km_door_reason reason;
};

static const struct row rows[] = {
    {CLRC_ERROR_BAD_PARAMETERS, KM_E_ARG, KM_DOOR_R_BAD_ARGUMENT},
    {CLRC_ERROR_BAD_NAME, KM_E_ARG, KM_DOOR_R_BAD_URI},
    {CLRC_ERROR_BAD_FORMAT, KM_E_MALFORMED, KM_DOOR_R_BAD_ARGUMENT},
    {CLRC_ERROR_SHORT_BUFFER, KM_E_LIMIT, KM_DOOR_R_TOO_LARGE},
    {CLRC_ERROR_TOO_LARGE, KM_E_LIMIT, KM_DOOR_R_TOO_LARGE},
    {CLRC_ERROR_OUT_OF_MEMORY, KM_E_NOMEM, KM_DOOR_R_NO_MEMORY},
    {CLRC_ERROR_NO_SPACE, KM_E_NOSPACE, KM_DOOR_R_NO_SPACE},
    {CLRC_ERROR_NOT_FOUND, KM_E_NOTFOUND, KM_DOOR_R_NOT_FOUND},
    {CLRC_ERROR_EXISTS, KM_E_EXISTS, KM_DOOR_R_EXISTS},
    {CLRC_ERROR_NOT_SUPPORTED, KM_E_UNSUPPORTED, KM_DOOR_R_NOT_SUPPORTED},
    {CLRC_ERROR_BUSY, KM_E_BUSY, KM_DOOR_R_BUSY},
    {CLRC_ERROR_CANCELLED, KM_E_CANCELLED, KM_DOOR_R_OTHER},
    {CLRC_ERROR_STATE, KM_E_STATE, KM_DOOR_R_BAD_ARGUMENT},
    {CLRC_ERROR_CORRUPT, KM_E_CORRUPT, KM_DOOR_R_CORRUPT},
    {CLRC_ERROR_ACCESS_DENIED, KM_E_DENIED, KM_DOOR_R_DENIED},
    {CLRC_ERROR_PASSWORD, KM_E_AUTH, KM_DOOR_R_PASSWORD},
    {CLRC_ERROR_THROTTLED, KM_E_BUSY, KM_DOOR_R_THROTTLED},
    {CLRC_ERROR_NOT_EXPORTABLE, KM_E_DENIED, KM_DOOR_R_NOT_EXPORTABLE},
    {CLRC_ERROR_IMMUTABLE, KM_E_DENIED, KM_DOOR_R_IMMUTABLE},
    {CLRC_ERROR_EXPIRED, KM_E_DENIED, KM_DOOR_R_EXPIRED},
    {CLRC_ERROR_USED_UP, KM_E_DENIED, KM_DOOR_R_USED_UP},
    {CLRC_ERROR_SIGNATURE, KM_E_AUTH, KM_DOOR_R_BAD_SIGNATURE},
    {CLRC_ERROR_MAC, KM_E_AUTH, KM_DOOR_R_BAD_SIGNATURE},
    {CLRC_ERROR_KEY_GONE, KM_E_NOTFOUND, KM_DOOR_R_KEY_GONE},
    {CLRC_ERROR_NO_SERVICE, KM_E_DEAD, KM_DOOR_R_NO_SERVICE},
    {CLRC_ERROR_SERVICE_DIED, KM_E_DEAD, KM_DOOR_R_SERVICE_DIED},
};

static const char *const reason_texts[KM_DOOR_R_END - KM_DOOR_R_OTHER] = {
    [KM_DOOR_R_OTHER - KM_DOOR_R_OTHER] = "unforeseen failure",
    [KM_DOOR_R_BAD_ARGUMENT - KM_DOOR_R_OTHER] = "argument is wrong",
    [KM_DOOR_R_BAD_URI - KM_DOOR_R_OTHER] = "not a valid clrc name or reference",
    [KM_DOOR_R_TOO_LARGE - KM_DOOR_R_OTHER] = "beyond a limit",
    [KM_DOOR_R_NO_MEMORY - KM_DOOR_R_OTHER] = "memory is short",
    [KM_DOOR_R_NO_SPACE - KM_DOOR_R_OTHER] = "the store's disk is full",
    [KM_DOOR_R_NOT_FOUND - KM_DOOR_R_OTHER] = "no such key or certificate",
    [KM_DOOR_R_EXISTS - KM_DOOR_R_OTHER] = "the name is taken",
    [KM_DOOR_R_DENIED - KM_DOOR_R_OTHER] = "not allowed for this program or by the key's policy",
    [KM_DOOR_R_PASSWORD - KM_DOOR_R_OTHER] = "password is missing or wrong",
    [KM_DOOR_R_THROTTLED - KM_DOOR_R_OTHER] = "too many wrong passwords, wait",
    [KM_DOOR_R_NOT_EXPORTABLE - KM_DOOR_R_OTHER] = "the private part stays in the trusted service",
    [KM_DOOR_R_IMMUTABLE - KM_DOOR_R_OTHER] = "a provisioned key can't be changed",
    [KM_DOOR_R_EXPIRED - KM_DOOR_R_OTHER] = "the key has expired",
    [KM_DOOR_R_USED_UP - KM_DOOR_R_OTHER] = "the key's uses are spent",
    [KM_DOOR_R_KEY_GONE - KM_DOOR_R_OTHER] = "the key was deleted or replaced meanwhile",
    [KM_DOOR_R_NOT_SUPPORTED - KM_DOOR_R_OTHER] = "not offered for keys in the trusted service",
    [KM_DOOR_R_NO_SERVICE - KM_DOOR_R_OTHER] = "the trusted service can't be reached",
    [KM_DOOR_R_SERVICE_DIED - KM_DOOR_R_OTHER] = "the trusted service ended during the call",
    [KM_DOOR_R_CORRUPT - KM_DOOR_R_OTHER] = "stored data are damaged",
    [KM_DOOR_R_BUSY - KM_DOOR_R_OTHER] = "somebody else is changing it",
    [KM_DOOR_R_BAD_SIGNATURE - KM_DOOR_R_OTHER] = "signature does not fit",
    [KM_DOOR_R_NO_PRIVATE_PART - KM_DOOR_R_OTHER] = "this key has no private part here",
};

km_status km_door_clrc(struct km_err *err, ClrcResult result, const char *what, const char *name)
{
    if (result == CLRC_SUCCESS)
        return KM_OK;
    km_status status = KM_E_INTERNAL;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        if (rows[i].result == result)
            status = rows[i].status;
    return KM_FAIL_NATIVE(err, status, KM_LAYER_TEE, result, "%s '%s': %s", what, name,
                          clrcResultText(result));
}

static enum km_door_reason reason_of_status(km_status status)
{
    switch (status) {
    case KM_E_ARG:
    case KM_E_STATE:
        return KM_DOOR_R_BAD_ARGUMENT;
    case KM_E_MALFORMED:
        return KM_DOOR_R_BAD_URI;
    case KM_E_LIMIT:
        return KM_DOOR_R_TOO_LARGE;
    case KM_E_NOMEM:
        return KM_DOOR_R_NO_MEMORY;
    case KM_E_NOSPACE:
        return KM_DOOR_R_NO_SPACE;
    case KM_E_NOTFOUND:
        return KM_DOOR_R_NOT_FOUND;
    case KM_E_EXISTS:
        return KM_DOOR_R_EXISTS;
    case KM_E_DENIED:
        return KM_DOOR_R_DENIED;
    case KM_E_AUTH:
        return KM_DOOR_R_PASSWORD;
    case KM_E_BUSY:
        return KM_DOOR_R_BUSY;
    case KM_E_CORRUPT:
    case KM_E_STALE:
        return KM_DOOR_R_CORRUPT;
    case KM_E_UNSUPPORTED:
        return KM_DOOR_R_NOT_SUPPORTED;
    case KM_E_DEAD:
        return KM_DOOR_R_NO_SERVICE;
    case KM_OK:
    case KM_E_TIMEOUT:
    case KM_E_CANCELLED:
    case KM_E_IO:
    case KM_E_INTERNAL:
        break;
    }
    return KM_DOOR_R_OTHER;
}

enum km_door_reason km_door_reason(const struct km_err *err)
{
    if (err->layer != KM_LAYER_TEE)
        return reason_of_status(err->status);
    if (err->native == NATIVE_NO_PRIVATE)
        return KM_DOOR_R_NO_PRIVATE_PART;
    for (size_t i = 0; i < KM_ARRAY_LEN(rows); i++)
        if ((int64_t)rows[i].result == err->native)
            return rows[i].reason;
    return KM_DOOR_R_OTHER;
}

const char *km_door_reason_text(enum km_door_reason reason)
{
    if (reason < KM_DOOR_R_OTHER || reason >= KM_DOOR_R_END)
        return NULL;
    return reason_texts[reason - KM_DOOR_R_OTHER];
}

km_status km_door_no_private(struct km_err *err, const char *what)
{
    return KM_FAIL_NATIVE(err, KM_E_ARG, KM_LAYER_TEE, NATIVE_NO_PRIVATE,
                          "%s needs the private part, and this key object has only the public one",
                          what);
}

km_status km_door_not_exportable(struct km_err *err, const char *name)
{
    return KM_FAIL_NATIVE(err, KM_E_DENIED, KM_LAYER_TEE, CLRC_ERROR_NOT_EXPORTABLE,
                          "the private part of key '%s' stays in the trusted service; "
                          "'keymoor key reference' writes a file that stands for it",
                          name);
}
