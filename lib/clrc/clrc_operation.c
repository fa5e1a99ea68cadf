/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of several parts. One lives in the session that it was made in. */
#include <string.h>

#include "lib/clrc/clrc_handle.h"
#include "ta/crypto/payload_wire.h"

#define NO_HANDLE "not an operation handle"
#define NULL_POINTER "a pointer is NULL"
#define TOO_MUCH_DATA "one part is at most 64 MiB"

static void prepare(struct clrc_call *call, const struct clrc_operation *operation)
{
    call->operation = operation;
    call->is_repeatable = true; /* never repeated: it is bound to its session */
    km_call_value(&call->sent, 0, operation->id, 0);
}

static ClrcResult check_data(const char *function, const void *data, size_t length)
{
    if (data == NULL && length != 0)
        return clrc_bad(function, NULL_POINTER);
    return length > CLRC_DATA_MAX ? clrc_long(function, TOO_MUCH_DATA) : CLRC_SUCCESS;
}

/* An output that may be left out altogether. */
static ClrcResult optional_out(struct clrc_call *call, unsigned at, uint8_t *out,
                               const size_t *length)
{
    size_t room = length == NULL ? 0 : *length;
    if ((out == NULL && room != 0) || (out != NULL && length == NULL))
        return clrc_bad(call->function, NULL_POINTER);
    clrc_bulk_out(call, at, out, room < CLRC_DATA_MAX ? room : CLRC_DATA_MAX);
    return CLRC_SUCCESS;
}

static void size_back(const struct clrc_call *call, ClrcResult result, unsigned at, size_t *length)
{
    if (length != NULL && (result == CLRC_SUCCESS || result == CLRC_ERROR_SHORT_BUFFER))
        *length = clrc_size(call, at);
}

ClrcResult clrcOperationNew(ClrcKeyHandle hKey, const ClrcOperationWish *wish,
                            ClrcOperationHandle *hOperation)
{
    struct clrc_call call = {.function = "clrcOperationNew",
                             .sent.command = KM_CRYPTO_CMD_OP_NEW,
                             .is_repeatable = true,
                             .makes_key = true,
                             .key = hKey};
    if (wish == NULL || hOperation == NULL || (wish->iv == NULL && wish->iv_length != 0))
        return clrc_bad(call.function, NULL_POINTER);
    if (hKey != NULL && !clrc_key_is(hKey))
        return clrc_bad(call.function, "not a key handle");
    if (wish->iv_length > KM_CRYPTO_NONCE_MAX)
        return clrc_long(call.function, "an IV or nonce is at most 64 octets");
    KM_AUTO(clrc_operation_freep) struct clrc_operation *operation = clrc_operation_new();
    if (operation == NULL)
        return clrc_fail(call.function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    km_call_value(&call.sent, 0, 0, (uint32_t)wish->algorithm);
    call.key_value = hKey == NULL ? NULL : &call.sent.op.params[0].value.a;
    km_call_value(&call.sent, 1, (uint32_t)wish->mode, (uint32_t)wish->digest);
    km_call_in(&call.sent, 2, wish->iv, wish->iv_length);
    km_call_value_inout(&call.sent, 3, wish->tag_length);
    ClrcResult result = clrc_run(&call);
    if (result != CLRC_SUCCESS)
        return result;
    clrc_operation_made(&call, operation, call.sent.op.params[3].value.a);
    *hOperation = km_steal(&operation);
    return CLRC_SUCCESS;
}

static ClrcResult payload_wish(const char *function, const ClrcPayloadWish *wish,
                               struct km_span out, size_t *ret_len)
{
    const struct km_payload_wish asked = {
        .any_target = wish->target == NULL,
        .target = wish->target == NULL ? (struct km_slice){0} : KM_SLICE_STR(wish->target),
        .lowest = wish->lowest_version};
    if (!km_payload_wish_put(&asked, out, ret_len))
        return clrc_long(function, "a target is at most 128 octets");
    return CLRC_SUCCESS;
}

ClrcResult clrcOperationNewPayload(ClrcKeyHandle hKey, const uint8_t *head, uint32_t head_length,
                                   const ClrcPayloadWish *wish, ClrcOperationHandle *hOperation)
{
    struct clrc_call call = {.function = "clrcOperationNewPayload",
                             .sent.command = KM_CRYPTO_CMD_PAYLOAD_NEW,
                             .is_repeatable = true,
                             .makes_key = true,
                             .key = hKey};
    uint8_t octets[KM_CRYPTO_PAYLOAD_WISH_MAX] = {0};
    size_t len = 0;
    if (head == NULL || wish == NULL || hOperation == NULL)
        return clrc_bad(call.function, NULL_POINTER);
    if (!clrc_key_is(hKey))
        return clrc_bad(call.function, "not a key handle");
    if (head_length > KM_CRYPTO_SMALL_MAX)
        return clrc_long(call.function, "a head is at most 4096 octets");
    ClrcResult result = payload_wish(call.function, wish, KM_SPAN(octets, sizeof(octets)), &len);
    if (result != CLRC_SUCCESS)
        return result;
    KM_AUTO(clrc_operation_freep) struct clrc_operation *operation = clrc_operation_new();
    if (operation == NULL)
        return clrc_fail(call.function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    km_call_value(&call.sent, 0, 0, 0);
    call.key_value = &call.sent.op.params[0].value.a;
    km_call_in(&call.sent, 1, head, head_length);
    km_call_in(&call.sent, 2, octets, len);
    km_call_value_out(&call.sent, 3);
    result = clrc_run(&call);
    if (result != CLRC_SUCCESS)
        return result;
    clrc_operation_made(&call, operation, call.sent.op.params[3].value.a);
    *hOperation = km_steal(&operation);
    return CLRC_SUCCESS;
}

ClrcResult clrcOperationUpdateAad(ClrcOperationHandle hOperation, const uint8_t *aad, size_t length)
{
    struct clrc_call call = {.function = "clrcOperationUpdateAad",
                             .sent.command = KM_CRYPTO_CMD_OP_UPDATE_AAD};
    if (!clrc_operation_is(hOperation))
        return clrc_bad(call.function, NO_HANDLE);
    ClrcResult result = check_data(call.function, aad, length);
    if (result != CLRC_SUCCESS)
        return result;
    prepare(&call, hOperation);
    clrc_bulk_in(&call, 1, aad, length);
    return clrc_run(&call);
}

ClrcResult clrcOperationUpdate(ClrcOperationHandle hOperation, const uint8_t *in, size_t length,
                               uint8_t *out, size_t *out_length)
{
    struct clrc_call call = {.function = "clrcOperationUpdate",
                             .sent.command = KM_CRYPTO_CMD_OP_UPDATE};
    if (!clrc_operation_is(hOperation))
        return clrc_bad(call.function, NO_HANDLE);
    ClrcResult result = check_data(call.function, in, length);
    if (result == CLRC_SUCCESS)
        result = optional_out(&call, 2, out, out_length);
    if (result != CLRC_SUCCESS)
        return result;
    prepare(&call, hOperation);
    clrc_bulk_in(&call, 1, in, length);
    result = clrc_run(&call);
    size_back(&call, result, 2, out_length);
    return result;
}

ClrcResult clrcOperationFinal(ClrcOperationHandle hOperation, uint8_t *out, size_t *out_length,
                              uint8_t *result_octets, uint32_t *result_length)
{
    struct clrc_call call = {.function = "clrcOperationFinal",
                             .sent.command = KM_CRYPTO_CMD_OP_FINAL};
    if (!clrc_operation_is(hOperation))
        return clrc_bad(call.function, NO_HANDLE);
    uint32_t room = result_length == NULL ? 0 : *result_length;
    if ((result_octets == NULL && room != 0) || (result_octets != NULL && result_length == NULL))
        return clrc_bad(call.function, NULL_POINTER);
    ClrcResult result = optional_out(&call, 1, out, out_length);
    if (result != CLRC_SUCCESS)
        return result;
    prepare(&call, hOperation);
    clrc_small_out(&call, 2, result_octets, room);
    result = clrc_run(&call);
    size_back(&call, result, 1, out_length);
    if (result_length != NULL && (result == CLRC_SUCCESS || result == CLRC_ERROR_SHORT_BUFFER))
        *result_length = (uint32_t)clrc_size(&call, 2);
    return result;
}

ClrcResult clrcOperationFinalVerify(ClrcOperationHandle hOperation, uint8_t *out,
                                    size_t *out_length, const uint8_t *expected,
                                    uint32_t expected_length)
{
    struct clrc_call call = {.function = "clrcOperationFinalVerify",
                             .sent.command = KM_CRYPTO_CMD_OP_FINAL_VERIFY};
    if (!clrc_operation_is(hOperation))
        return clrc_bad(call.function, NO_HANDLE);
    if (expected == NULL || expected_length > KM_CRYPTO_SMALL_MAX)
        return clrc_bad(call.function, "what is expected is missing or longer than 4096 octets");
    ClrcResult result = optional_out(&call, 1, out, out_length);
    if (result != CLRC_SUCCESS)
        return result;
    prepare(&call, hOperation);
    km_call_in(&call.sent, 2, expected, expected_length);
    result = clrc_run(&call);
    size_back(&call, result, 1, out_length);
    return result;
}

ClrcResult clrcOperationReset(ClrcOperationHandle hOperation, const uint8_t *iv, uint32_t iv_length)
{
    struct clrc_call call = {.function = "clrcOperationReset",
                             .sent.command = KM_CRYPTO_CMD_OP_RESET};
    if (!clrc_operation_is(hOperation))
        return clrc_bad(call.function, NO_HANDLE);
    if (iv == NULL && iv_length != 0)
        return clrc_bad(call.function, NULL_POINTER);
    if (iv_length > KM_CRYPTO_NONCE_MAX)
        return clrc_long(call.function, "an IV or nonce is at most 64 octets");
    prepare(&call, hOperation);
    km_call_in(&call.sent, 1, iv, iv_length);
    return clrc_run(&call);
}

ClrcResult clrcOperationCopy(ClrcOperationHandle hOperation, ClrcOperationHandle *hCopy)
{
    struct clrc_call call = {.function = "clrcOperationCopy",
                             .sent.command = KM_CRYPTO_CMD_OP_COPY};
    if (!clrc_operation_is(hOperation))
        return clrc_bad(call.function, NO_HANDLE);
    if (hCopy == NULL)
        return clrc_bad(call.function, NULL_POINTER);
    KM_AUTO(clrc_operation_freep) struct clrc_operation *copy = clrc_operation_new();
    if (copy == NULL)
        return clrc_fail(call.function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    prepare(&call, hOperation);
    km_call_value_out(&call.sent, 1);
    ClrcResult result = clrc_run(&call);
    if (result != CLRC_SUCCESS)
        return result;
    clrc_operation_made(&call, copy, call.sent.op.params[1].value.a);
    *hCopy = km_steal(&copy);
    return CLRC_SUCCESS;
}
