/* SPDX-License-Identifier: Apache-2.0 */
/* Data objects. */
#include <string.h>

#include "lib/clrc/clrc_handle.h"

static ClrcResult check(const char *function, const char *name,
                        const struct clrc_password *password)
{
    if (!clrc_name_is(name))
        return clrc_fail(function, CLRC_ERROR_BAD_NAME, NULL, NULL);
    if (password != NULL && !clrc_password_is(password))
        return clrc_bad(function, "not a password handle");
    return CLRC_SUCCESS;
}

static ClrcResult check_data(const char *function, const ClrcData *data)
{
    if (data == NULL || (data->note == NULL && data->note_length != 0) ||
        (data->content == NULL && data->content_length != 0))
        return clrc_bad(function, "a pointer is NULL");
    if (data->note_length > CLRC_NOTE_MAX || data->content_length > CLRC_OBJECT_DATA_MAX)
        return clrc_long(function, "a note has at most 1024 octets, a data object 4096");
    return CLRC_SUCCESS;
}

ClrcResult clrcSaveData(const char *name, const ClrcData *data, ClrcPasswordHandle hPassword,
                        uint32_t replace)
{
    static const char function[] = "clrcSaveData";
    ClrcResult result = check(function, name, hPassword);
    if (result == CLRC_SUCCESS)
        result = check_data(function, data);
    if (result != CLRC_SUCCESS)
        return result;
    struct clrc_call call = {.function = function,
                             .subject = name,
                             .sent.command = KM_CRYPTO_CMD_SAVE_DATA,
                             .is_repeatable = replace != 0,
                             .password = hPassword};
    km_call_value(&call.sent, 0, 0, replace != 0);
    call.password_value = &call.sent.op.params[0].value.a;
    km_call_in(&call.sent, 1, name, strlen(name));
    km_call_in(&call.sent, 2, data->note, data->note_length);
    km_call_in(&call.sent, 3, data->content, data->content_length);
    return clrc_run(&call);
}

ClrcResult clrcLoadData(const char *name, ClrcPasswordHandle hPassword, uint8_t *content,
                        uint32_t *length)
{
    static const char function[] = "clrcLoadData";
    if (length == NULL || (content == NULL && *length != 0))
        return clrc_bad(function, "a pointer is NULL");
    ClrcResult result = check(function, name, hPassword);
    if (result != CLRC_SUCCESS)
        return result;
    struct clrc_call call = {.function = function,
                             .subject = name,
                             .sent.command = KM_CRYPTO_CMD_LOAD_DATA,
                             .is_repeatable = true,
                             .password = hPassword};
    km_call_in(&call.sent, 0, name, strlen(name));
    km_call_value(&call.sent, 1, 0, 0);
    call.password_value = &call.sent.op.params[1].value.a;
    clrc_small_out(&call, 2, content, *length);
    return clrc_run_sized(&call, 2, length);
}

ClrcResult clrcDeleteData(const char *name, ClrcPasswordHandle hPassword)
{
    static const char function[] = "clrcDeleteData";
    ClrcResult result = check(function, name, hPassword);
    if (result != CLRC_SUCCESS)
        return result;
    struct clrc_call call = {.function = function,
                             .subject = name,
                             .sent.command = KM_CRYPTO_CMD_DELETE_DATA,
                             .password = hPassword};
    km_call_in(&call.sent, 0, name, strlen(name));
    km_call_value(&call.sent, 1, 0, 0);
    call.password_value = &call.sent.op.params[1].value.a;
    return clrc_run(&call);
}
