/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/clrc/clrc_handle.h"

static ClrcResult check(const char *function, const char *name, const uint8_t *password,
                        uint32_t length)
{
    if (!clrc_name_is(name))
        return clrc_fail(function, CLRC_ERROR_BAD_NAME, NULL, NULL);
    if (password == NULL || length == 0)
        return clrc_bad(function, "a password has at least one octet");
    if (length > CLRC_PASSWORD_MAX)
        return clrc_long(function, "a password has at most 256 octets");
    return CLRC_SUCCESS;
}

/* The parameters that all commands with a name and a password share. */
static struct clrc_call call_for(const char *function, uint32_t command, const char *name,
                                 const uint8_t *password, uint32_t length)
{
    struct clrc_call call = {.function = function, .subject = name, .sent.command = command};
    km_call_in(&call.sent, 0, name, strlen(name));
    km_call_in(&call.sent, 1, password, length);
    return call;
}

ClrcResult clrcCreatePassword(const char *name, const uint8_t *password, uint32_t length)
{
    static const char function[] = "clrcCreatePassword";
    ClrcResult result = check(function, name, password, length);
    if (result != CLRC_SUCCESS)
        return result;
    struct clrc_call call =
        call_for(function, KM_CRYPTO_CMD_CREATE_PASSWORD, name, password, length);
    return clrc_run(&call);
}

ClrcResult clrcDeletePassword(const char *name, const uint8_t *password, uint32_t length)
{
    static const char function[] = "clrcDeletePassword";
    /* The administrator may do without: the service decides. */
    static const uint8_t none = 0;
    ClrcResult result =
        length == 0 ? check(function, name, &none, 1) : check(function, name, password, length);
    if (result != CLRC_SUCCESS)
        return result;
    struct clrc_call call =
        call_for(function, KM_CRYPTO_CMD_DELETE_PASSWORD, name, password, length);
    return clrc_run(&call);
}

ClrcResult clrcLoadPassword(const char *name, const uint8_t *password, uint32_t length,
                            ClrcPasswordHandle *hPassword)
{
    static const char function[] = "clrcLoadPassword";
    if (hPassword == NULL)
        return clrc_bad(function, "a pointer is NULL");
    ClrcResult result = check(function, name, password, length);
    if (result != CLRC_SUCCESS)
        return result;
    KM_AUTO(clrc_password_unrefp)
    struct clrc_password *made = clrc_password_new(name, KM_SLICE(password, length));
    if (made == NULL)
        return clrc_fail(function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    /* Bringing it into a session checks it; the command itself asks for nothing. */
    uint32_t id = 0;
    struct clrc_call call = {.function = function,
                             .subject = name,
                             .sent.command = KM_CRYPTO_CMD_VERSION,
                             .is_repeatable = true,
                             .password = made,
                             .password_value = &id};
    km_call_value_out(&call.sent, 0);
    result = clrc_run(&call);
    if (result == CLRC_SUCCESS)
        *hPassword = km_steal(&made);
    return result;
}

ClrcResult clrcCreateRecoverablePassword(const char *name, const uint8_t *password, uint32_t length,
                                         const uint8_t *recovery, uint32_t recovery_length)
{
    static const char function[] = "clrcCreateRecoverablePassword";
    ClrcResult result = check(function, name, recovery, recovery_length);
    if (result == CLRC_SUCCESS && length != 0)
        result = check(function, name, password, length);
    if (result != CLRC_SUCCESS)
        return result;
    struct clrc_call call =
        call_for(function, KM_CRYPTO_CMD_CREATE_RECOVERABLE, name, password, length);
    km_call_in(&call.sent, 2, recovery, recovery_length);
    return clrc_run(&call);
}

static ClrcResult check_given(const char *function, const char *name,
                              const ClrcPasswordGiven *given)
{
    if (given == NULL)
        return clrc_bad(function, "a pointer is NULL");
    return check(function, name, given->password, given->length);
}

ClrcResult clrcCheckPassword(const char *name, const ClrcPasswordGiven *given)
{
    static const char function[] = "clrcCheckPassword";
    ClrcResult result = check_given(function, name, given);
    if (result != CLRC_SUCCESS)
        return result;
    struct clrc_call call = {
        .function = function, .subject = name, .sent.command = KM_CRYPTO_CMD_CHECK_PASSWORD};
    km_call_in(&call.sent, 0, name, strlen(name));
    km_call_value(&call.sent, 1, (uint32_t)given->which, 0);
    km_call_in(&call.sent, 2, given->password, given->length);
    return clrc_run(&call);
}

ClrcResult clrcChangePassword(const char *name, const ClrcPasswordGiven *by,
                              const ClrcPasswordGiven *to)
{
    static const char function[] = "clrcChangePassword";
    if (to == NULL)
        return clrc_bad(function, "a pointer is NULL");
    ClrcResult result = check_given(function, name, by);
    if (result == CLRC_SUCCESS && to->length != 0)
        result = check_given(function, name, to);
    if (result != CLRC_SUCCESS)
        return result;
    struct clrc_call call = {
        .function = function, .subject = name, .sent.command = KM_CRYPTO_CMD_CHANGE_PASSWORD};
    km_call_in(&call.sent, 0, name, strlen(name));
    km_call_value(&call.sent, 1, (uint32_t)by->which, (uint32_t)to->which);
    km_call_in(&call.sent, 2, by->password, by->length);
    km_call_in(&call.sent, 3, to->password, to->length);
    return clrc_run(&call);
}

ClrcResult clrcPasswordWait(const char *name, uint32_t *seconds)
{
    static const char function[] = "clrcPasswordWait";
    if (seconds == NULL)
        return clrc_bad(function, "a pointer is NULL");
    if (!clrc_name_is(name))
        return clrc_fail(function, CLRC_ERROR_BAD_NAME, NULL, NULL);
    struct clrc_call call = {.function = function,
                             .subject = name,
                             .sent.command = KM_CRYPTO_CMD_PASSWORD_WAIT,
                             .is_repeatable = true};
    km_call_in(&call.sent, 0, name, strlen(name));
    km_call_value_out(&call.sent, 1);
    ClrcResult result = clrc_run(&call);
    if (result == CLRC_SUCCESS)
        *seconds = call.sent.op.params[1].value.a;
    return result;
}

void clrcFreePassword(ClrcPasswordHandle hPassword)
{
    if (clrc_password_is(hPassword))
        clrc_password_unref(hPassword);
}
