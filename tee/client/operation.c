/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>

#include "tee/channel/lane_page.h"
#include "tee/client/teec.h"

/* operation->started */
#define NOT_STARTED 0u
#define STARTED 1u
#define CANCELLED_EARLY                                                                            \
    0x6b6d6361u /* asked for before the start; memory left unset hardly holds it */

/* operation->imp.state */
#define IDLE 0u
#define ACTIVE 1u
#define CANCELLING 2u /* the cancelling thread looks at the waiter */

static _Atomic uint32_t *word(uint32_t *plain)
{
    return (_Atomic uint32_t *)plain;
}

bool teec_op_begin(TEEC_Operation *operation, struct teec_waiter *waiter)
{
    atomic_init(&waiter->cancelled, false);
    atomic_init(&waiter->sock, -1);
    if (operation == NULL)
        return true;
    waiter->generation = km_lane_generation();
    operation->imp.session = waiter;
    atomic_store_explicit(word(&operation->imp.state), ACTIVE, memory_order_relaxed);
    uint32_t was = atomic_exchange(word(&operation->started), STARTED);
    if (was != CANCELLED_EARLY)
        return true;
    teec_op_end(operation);
    return false;
}

void teec_op_end(TEEC_Operation *operation)
{
    if (operation == NULL)
        return;
    for (;;) {
        uint32_t expected = ACTIVE;
        if (atomic_compare_exchange_strong(word(&operation->imp.state), &expected, IDLE))
            break;
        km_futex_wait(word(&operation->imp.state), CANCELLING, KM_FOREVER);
    }
    operation->imp.session = NULL;
}

static void cancel(struct teec_waiter *waiter)
{
    /* In a forked child nobody waits there, and the socket is the parent's. */
    if (waiter->generation != km_lane_generation())
        return;
    atomic_store(&waiter->cancelled, true);
    int sock = atomic_load(&waiter->sock);
    struct teec_session *queue = atomic_load(&waiter->queue);
    struct km_lane_client *running = atomic_load(&waiter->running);
    if (sock >= 0)
        shutdown(sock, SHUT_RDWR);
    if (queue != NULL)
        teec_session_poke(queue);
    if (running != NULL)
        km_lane_client_cancel(running);
}

TEEC_EXPORT void TEEC_RequestCancellation(TEEC_Operation *operation)
{
    if (operation == NULL)
        return;
    uint32_t expected = NOT_STARTED;
    if (atomic_compare_exchange_strong(word(&operation->started), &expected, CANCELLED_EARLY) ||
        expected == CANCELLED_EARLY)
        return;
    expected = ACTIVE;
    if (!atomic_compare_exchange_strong(word(&operation->imp.state), &expected, CANCELLING))
        return;
    cancel((struct teec_waiter *)operation->imp.session);
    atomic_store(word(&operation->imp.state), ACTIVE);
    km_futex_wake(word(&operation->imp.state), 1);
}

static uint32_t type_of(const TEEC_Operation *operation, size_t at)
{
    return (operation->paramTypes >> (4 * at)) & 0xfu;
}

static TEEC_Result temp_param(const TEEC_TempMemoryReference *ref, uint8_t type,
                              struct km_lane_client_param *ret)
{
    if (ref->buffer != NULL && ref->size > TEEC_CONFIG_SHAREDMEM_MAX_SIZE)
        return TEEC_ERROR_OUT_OF_MEMORY;
    *ret = (struct km_lane_client_param){
        .type = type, .buffer = ref->buffer, .size = ref->buffer == NULL ? 0 : ref->size};
    return TEEC_SUCCESS;
}

static TEEC_Result param_to_lane(const struct teec_context *context, const TEEC_Parameter *param,
                                 uint32_t type, struct km_lane_client_param *ret)
{
    const TEEC_RegisteredMemoryReference *ref = &param->memref;
    switch (type) {
    case TEEC_NONE:
        return TEEC_SUCCESS;
    case TEEC_VALUE_INPUT:
    case TEEC_VALUE_OUTPUT:
    case TEEC_VALUE_INOUT:
        *ret = (struct km_lane_client_param){
            .type = (uint8_t)type, .a = param->value.a, .b = param->value.b};
        return TEEC_SUCCESS;
    case TEEC_MEMREF_TEMP_INPUT:
    case TEEC_MEMREF_TEMP_OUTPUT:
    case TEEC_MEMREF_TEMP_INOUT:
        return temp_param(&param->tmpref, (uint8_t)type, ret);
    case TEEC_MEMREF_WHOLE:
        return teec_shared_param(context, ref->parent, 0, 0, 0, true, ret);
    case TEEC_MEMREF_PARTIAL_INPUT:
    case TEEC_MEMREF_PARTIAL_OUTPUT:
    case TEEC_MEMREF_PARTIAL_INOUT:
        /* The partial types stand as far from the temporary ones each. */
        return teec_shared_param(context, ref->parent,
                                 (uint8_t)(type - TEEC_MEMREF_PARTIAL_INPUT + KM_PARAM_MEM_IN),
                                 ref->offset, ref->size, false, ret);
    default:
        return TEEC_ERROR_BAD_PARAMETERS;
    }
}

TEEC_Result teec_op_to_lane(const struct teec_context *context, TEEC_Operation *operation,
                            struct km_lane_client_param ret_params[KM_LANE_PARAMS])
{
    if ((operation->paramTypes >> 16) != 0)
        return TEEC_ERROR_BAD_PARAMETERS;
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        TEEC_Result result =
            param_to_lane(context, &operation->params[i], type_of(operation, i), &ret_params[i]);
        if (result != TEEC_SUCCESS)
            return result;
    }
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        if (type_of(operation, i) >= TEEC_MEMREF_WHOLE && ret_params[i].type != KM_PARAM_MEM_OUT)
            teec_shared_copy_in(operation->params[i].memref.parent, ret_params[i].offset,
                                ret_params[i].size);
    }
    return TEEC_SUCCESS;
}

static void shared_from_lane(TEEC_RegisteredMemoryReference *ref, uint32_t type,
                             const struct km_lane_client_param *param)
{
    size_t room = type == TEEC_MEMREF_WHOLE ? ref->parent->size : ref->size;
    ref->size = param->size;
    if (param->size <= room)
        teec_shared_copy_out(ref->parent, param->offset, param->size);
}

void teec_op_from_lane(TEEC_Operation *operation,
                       const struct km_lane_client_param params[KM_LANE_PARAMS])
{
    for (size_t i = 0; i < KM_LANE_PARAMS; i++) {
        TEEC_Parameter *param = &operation->params[i];
        uint32_t type = type_of(operation, i);
        if (params[i].type == KM_PARAM_VALUE_OUT || params[i].type == KM_PARAM_VALUE_INOUT) {
            param->value = (TEEC_Value){.a = params[i].a, .b = params[i].b};
        } else if (params[i].type == KM_PARAM_MEM_OUT || params[i].type == KM_PARAM_MEM_INOUT) {
            if (type >= TEEC_MEMREF_WHOLE)
                shared_from_lane(&param->memref, type, &params[i]);
            else
                param->tmpref.size = params[i].size;
        }
    }
}
