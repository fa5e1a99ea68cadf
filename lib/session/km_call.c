/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/session/km_call.h"

static void set_type(struct km_call *call, unsigned at, uint32_t type)
{
    call->op.paramTypes |= type << (4 * at);
}

void km_call_value(struct km_call *call, unsigned at, uint32_t a, uint32_t b)
{
    set_type(call, at, TEEC_VALUE_INPUT);
    call->op.params[at].value = (TEEC_Value){.a = a, .b = b};
}

void km_call_value_out(struct km_call *call, unsigned at)
{
    set_type(call, at, TEEC_VALUE_OUTPUT);
}

void km_call_value_inout(struct km_call *call, unsigned at, uint32_t a)
{
    set_type(call, at, TEEC_VALUE_INOUT);
    call->op.params[at].value = (TEEC_Value){.a = a};
}

static void set_memory(struct km_call *call, unsigned at, uint32_t type, void *buffer, size_t size)
{
    set_type(call, at, type);
    /* No octets, no address: an empty buffer may have any. */
    call->op.params[at].tmpref =
        (TEEC_TempMemoryReference){.buffer = size == 0 ? NULL : buffer, .size = size};
}

void km_call_in(struct km_call *call, unsigned at, const void *buffer, size_t size)
{
    /* The Client API has no const; the memory is only read. */
    set_memory(call, at, TEEC_MEMREF_TEMP_INPUT, (void *)(uintptr_t)buffer, size);
}

void km_call_out(struct km_call *call, unsigned at, void *buffer, size_t size)
{
    set_memory(call, at, TEEC_MEMREF_TEMP_OUTPUT, buffer, size);
}

void km_call_inout(struct km_call *call, unsigned at, void *buffer, size_t size)
{
    set_memory(call, at, TEEC_MEMREF_TEMP_INOUT, buffer, size);
}

void km_call_shared(struct km_call *call, unsigned at, uint32_t type,
                    TEEC_RegisteredMemoryReference part)
{
    set_type(call, at, type);
    call->op.params[at].memref = part;
}

TEEC_Result km_call_lane(struct km_pool *pool, uint32_t hint, struct km_pool_lane **ret_lane,
                         uint32_t *ret_origin)
{
    struct km_pool_lane *lane = km_pool_take(pool, hint, NULL);
    for (;;) {
        bool is_full = false;
        TEEC_Result result = km_pool_connect(pool, lane, KM_POOL_SHORT, ret_origin, &is_full);
        if (result == TEEC_SUCCESS) {
            *ret_lane = lane;
            return result;
        }
        km_pool_give(pool, lane);
        if (!is_full)
            return result;
        lane = km_pool_take(pool, KM_POOL_NO_LANE, NULL);
    }
}
