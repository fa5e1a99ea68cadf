/* SPDX-License-Identifier: Apache-2.0 */
/* Keys made of other keys: agreed, derived, copied, wrapped, unwrapped. */
#include "lib/clrc/clrc_handle.h"

#define NO_HANDLE "not a key handle"
#define NULL_POINTER "a pointer is NULL"
#define TOO_MUCH_SMALL "this takes at most 4096 octets"

static ClrcResult check_small(const char *function, const void *data, size_t length)
{
    if (data == NULL && length != 0)
        return clrc_bad(function, NULL_POINTER);
    return length > KM_CRYPTO_SMALL_MAX ? clrc_long(function, TOO_MUCH_SMALL) : CLRC_SUCCESS;
}

ClrcResult clrcAgree(ClrcKeyHandle hKey, const uint8_t *peer_point, uint32_t peer_length,
                     const ClrcKeyTemplate *wish, ClrcKeyHandle *hShared)
{
    struct clrc_call call = {.function = "clrcAgree", .sent.command = KM_CRYPTO_CMD_AGREE};
    if (!clrc_key_is(hKey))
        return clrc_bad(call.function, NO_HANDLE);
    ClrcResult result = check_small(call.function, peer_point, peer_length);
    if (result != CLRC_SUCCESS)
        return result;
    call.key = hKey;
    km_call_value(&call.sent, 1, 0, 0);
    call.key_value = &call.sent.op.params[1].value.a;
    km_call_in(&call.sent, 2, peer_point, peer_length);
    return clrc_make_key(&call, wish, 3, hShared);
}

ClrcResult clrcAgreeRaw(ClrcKeyHandle hKey, const uint8_t *peer_point, uint32_t peer_length,
                        uint8_t *shared, uint32_t *shared_length)
{
    struct clrc_call call = {.function = "clrcAgreeRaw", .sent.command = KM_CRYPTO_CMD_AGREE_RAW};
    if (!clrc_key_is(hKey))
        return clrc_bad(call.function, NO_HANDLE);
    if (shared_length == NULL || (shared == NULL && *shared_length != 0))
        return clrc_bad(call.function, NULL_POINTER);
    ClrcResult result = check_small(call.function, peer_point, peer_length);
    if (result != CLRC_SUCCESS)
        return result;
    call.subject = hKey->is_named ? hKey->name : NULL;
    call.is_repeatable = true;
    call.key = hKey;
    km_call_value(&call.sent, 0, 0, 0);
    call.key_value = &call.sent.op.params[0].value.a;
    km_call_in(&call.sent, 1, peer_point, peer_length);
    clrc_small_out(&call, 2, shared, *shared_length);
    return clrc_run_sized(&call, 2, shared_length);
}

ClrcResult clrcDerive(ClrcKeyHandle hSecret, ClrcAlgorithm algorithm, const uint8_t *salt,
                      uint32_t salt_length, const uint8_t *info, uint32_t info_length,
                      const ClrcKeyTemplate *wish, ClrcKeyHandle *hKey)
{
    struct clrc_call call = {.function = "clrcDerive", .sent.command = KM_CRYPTO_CMD_DERIVE};
    if (!clrc_key_is(hSecret))
        return clrc_bad(call.function, NO_HANDLE);
    if ((salt == NULL && salt_length != 0) || (info == NULL && info_length != 0))
        return clrc_bad(call.function, NULL_POINTER);
    uint8_t octets[8 + 2 * KM_CRYPTO_HKDF_PART_MAX] = {0};
    struct km_crypto_hkdf hkdf = {.salt = KM_SLICE(salt, salt_length),
                                  .info = KM_SLICE(info, info_length)};
    size_t len = 0;
    if (!km_crypto_hkdf_put(&hkdf, KM_SPAN(octets, sizeof(octets)), &len))
        return clrc_long(call.function, "salt and info are at most 1024 octets each");
    call.key = hSecret;
    km_call_value(&call.sent, 1, 0, (uint32_t)algorithm);
    call.key_value = &call.sent.op.params[1].value.a;
    km_call_in(&call.sent, 2, octets, len);
    return clrc_make_key(&call, wish, 3, hKey);
}

ClrcResult clrcDerivePassword(ClrcKeyHandle hSecret, ClrcAlgorithm algorithm, const uint8_t *salt,
                              uint32_t salt_length, uint32_t iterations,
                              const ClrcKeyTemplate *wish, ClrcKeyHandle *hKey)
{
    struct clrc_call call = {.function = "clrcDerivePassword",
                             .sent.command = KM_CRYPTO_CMD_DERIVE_PASSWORD};
    if (!clrc_key_is(hSecret))
        return clrc_bad(call.function, NO_HANDLE);
    if (salt == NULL || salt_length == 0 || iterations == 0)
        return clrc_bad(call.function, "a salt and a number of iterations are needed");
    uint8_t octets[8 + KM_CRYPTO_HKDF_PART_MAX] = {0};
    struct km_crypto_pbkdf2 pbkdf2 = {.iterations = iterations,
                                      .salt = KM_SLICE(salt, salt_length)};
    size_t len = 0;
    if (!km_crypto_pbkdf2_put(&pbkdf2, KM_SPAN(octets, sizeof(octets)), &len))
        return clrc_long(call.function, "a salt is at most 1024 octets");
    call.key = hSecret;
    km_call_value(&call.sent, 1, 0, (uint32_t)algorithm);
    call.key_value = &call.sent.op.params[1].value.a;
    km_call_in(&call.sent, 2, octets, len);
    return clrc_make_key(&call, wish, 3, hKey);
}

ClrcResult clrcCopyKey(ClrcKeyHandle hKey, const ClrcKeyTemplate *wish, ClrcKeyHandle *hCopy)
{
    struct clrc_call call = {.function = "clrcCopyKey", .sent.command = KM_CRYPTO_CMD_COPY_KEY};
    if (!clrc_key_is(hKey))
        return clrc_bad(call.function, NO_HANDLE);
    call.key = hKey;
    km_call_value(&call.sent, 1, 0, 0);
    call.key_value = &call.sent.op.params[1].value.a;
    return clrc_make_key(&call, wish, 2, hCopy);
}

ClrcResult clrcWrapKey(ClrcKeyHandle hWrapping, ClrcAlgorithm algorithm, ClrcKeyHandle hKey,
                       uint8_t *wrapped, uint32_t *wrapped_length)
{
    struct clrc_call call = {.function = "clrcWrapKey", .sent.command = KM_CRYPTO_CMD_WRAP_KEY};
    if (!clrc_key_is(hWrapping) || !clrc_key_is(hKey))
        return clrc_bad(call.function, NO_HANDLE);
    if (wrapped_length == NULL || (wrapped == NULL && *wrapped_length != 0))
        return clrc_bad(call.function, NULL_POINTER);
    call.subject = hKey->is_named ? hKey->name : NULL;
    call.is_repeatable = true;
    call.key = hWrapping;
    km_call_value(&call.sent, 0, 0, (uint32_t)algorithm);
    call.key_value = &call.sent.op.params[0].value.a;
    call.other_key = hKey;
    km_call_value(&call.sent, 1, 0, 0);
    call.other_value = &call.sent.op.params[1].value.a;
    clrc_small_out(&call, 2, wrapped, *wrapped_length);
    return clrc_run_sized(&call, 2, wrapped_length);
}

ClrcResult clrcUnwrapKey(ClrcKeyHandle hWrapping, ClrcAlgorithm algorithm, const uint8_t *wrapped,
                         uint32_t wrapped_length, const ClrcKeyTemplate *wish, ClrcKeyHandle *hKey)
{
    struct clrc_call call = {.function = "clrcUnwrapKey", .sent.command = KM_CRYPTO_CMD_UNWRAP_KEY};
    if (!clrc_key_is(hWrapping))
        return clrc_bad(call.function, NO_HANDLE);
    ClrcResult result = check_small(call.function, wrapped, wrapped_length);
    if (result != CLRC_SUCCESS)
        return result;
    call.key = hWrapping;
    km_call_value(&call.sent, 1, 0, (uint32_t)algorithm);
    call.key_value = &call.sent.op.params[1].value.a;
    km_call_in(&call.sent, 2, wrapped, wrapped_length);
    return clrc_make_key(&call, wish, 3, hKey);
}
