/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/internal.h"

struct km_rt_state km_rt;

TEE_Result km_rt_result(km_status status)
{
    switch (status) {
    case KM_OK:
        return TEE_SUCCESS;
    case KM_E_ARG:
    case KM_E_MALFORMED:
        return TEE_ERROR_BAD_PARAMETERS;
    case KM_E_LIMIT:
        return TEE_ERROR_OVERFLOW;
    case KM_E_NOMEM:
        return TEE_ERROR_OUT_OF_MEMORY;
    case KM_E_NOSPACE:
        return TEE_ERROR_STORAGE_NO_SPACE;
    case KM_E_NOTFOUND:
        return TEE_ERROR_ITEM_NOT_FOUND;
    case KM_E_EXISTS:
    case KM_E_BUSY:
        return TEE_ERROR_ACCESS_CONFLICT;
    case KM_E_DENIED:
        return TEE_ERROR_ACCESS_DENIED;
    case KM_E_AUTH:
    case KM_E_STALE:
    case KM_E_CORRUPT:
        return TEE_ERROR_CORRUPT_OBJECT;
    case KM_E_TIMEOUT:
        return TEE_ERROR_TIMEOUT;
    case KM_E_CANCELLED:
        return TEE_ERROR_CANCEL;
    case KM_E_STATE:
        return TEE_ERROR_BAD_STATE;
    case KM_E_UNSUPPORTED:
        return TEE_ERROR_NOT_SUPPORTED;
    case KM_E_DEAD:
        return TEE_ERROR_TARGET_DEAD;
    case KM_E_IO:
        return TEE_ERROR_STORAGE_NOT_AVAILABLE;
    case KM_E_INTERNAL:
        break;
    }
    return TEE_ERROR_GENERIC;
}

km_status km_rt_start(struct km_err *err, const struct km_rt_config *config)
{
    const struct km_rt_entry *entry = &config->entry;
    if (config->host.panic == NULL || entry->create == NULL || entry->destroy == NULL ||
        entry->open_session == NULL || entry->close_session == NULL || entry->invoke == NULL)
        return KM_FAIL(err, KM_E_ARG, "a trusted application without all of its entry points");
    KM_TRY(km_rt_warm(err));
    KM_TRY(km_rt_crypto_start(err));
    km_rt_memory_start();
    km_rt = (struct km_rt_state){.config = *config, .started = true, .cancel_masked = true};
    return KM_OK;
}

/* ---- parameters of a call ---- */

static void add_window(const struct km_lane_param *param)
{
    km_rt.windows[km_rt.n_windows++] = (struct km_rt_window){
        .from = (uintptr_t)param->buffer,
        .len = param->size,
        .may_write = param->type != KM_PARAM_MEM_IN,
    };
}

static uint32_t begin(const struct km_rt_client *client, const struct km_lane_call *call,
                      TEE_Param params[TEE_NUM_PARAMS])
{
    uint32_t types = 0;
    km_rt.n_windows = 0;
    km_rt.cancel_masked = !client->unmasked;
    km_rt.client = *client;
    km_rt.has_client = true;
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++) {
        const struct km_lane_param *param = &call->params[i];
        types |= TEE_PARAM_TYPE_SET(param->type, i);
        if (param->type >= KM_PARAM_MEM_IN) {
            params[i].memref.buffer = param->buffer;
            params[i].memref.size = param->size;
            add_window(param);
        } else {
            params[i].value.a = param->a;
            params[i].value.b = param->b;
        }
    }
    return types;
}

/* Types and buffers are the call's own: only what the TA may answer is taken from its copy. */
static void end(struct km_lane_call *call, const TEE_Param params[TEE_NUM_PARAMS])
{
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++) {
        struct km_lane_param *param = &call->params[i];
        if (param->type == KM_PARAM_MEM_OUT || param->type == KM_PARAM_MEM_INOUT)
            param->size = params[i].memref.size;
        if (param->type == KM_PARAM_VALUE_OUT || param->type == KM_PARAM_VALUE_INOUT) {
            param->a = params[i].value.a;
            param->b = params[i].value.b;
        }
    }
    km_rt.n_windows = 0;
    km_rt.has_client = false;
}

TEE_Result km_rt_create(void)
{
    return km_rt.config.entry.create();
}

TEE_Result km_rt_open_session(struct km_rt_client *client, struct km_lane_call *call,
                              void **ret_session)
{
    TEE_Param params[TEE_NUM_PARAMS] = {0};
    uint32_t types = begin(client, call, params);
    void *session = NULL;
    TEE_Result result = km_rt.config.entry.open_session(types, params, &session);
    end(call, params);
    if (result == TEE_SUCCESS) {
        client->unmasked = !km_rt.cancel_masked;
        *ret_session = session;
    }
    return result;
}

TEE_Result km_rt_invoke(const struct km_rt_client *client, void *session, struct km_lane_call *call)
{
    TEE_Param params[TEE_NUM_PARAMS] = {0};
    uint32_t types = begin(client, call, params);
    TEE_Result result = km_rt.config.entry.invoke(session, call->command, types, params);
    end(call, params);
    return result;
}

void km_rt_close_session(const struct km_rt_client *client, void *session)
{
    struct km_lane_call none = {0};
    TEE_Param params[TEE_NUM_PARAMS] = {0};
    (void)begin(client, &none, params);
    km_rt.config.entry.close_session(session);
    end(&none, params);
}

void km_rt_destroy(void)
{
    km_rt.config.entry.destroy();
    km_rt_handle_each(KM_RT_OPERATION, km_rt_operation_free);
    km_rt_handle_each(KM_RT_OBJECT, km_rt_object_free);
    km_rt_handle_each(KM_RT_OBJECT_ENUM, km_rt_object_enum_free);
    km_rt_handle_each(KM_RT_PROPERTY_ENUM, km_rt_property_enum_free);
    km_rt_handle_each(KM_RT_SESSION, km_rt_session_free);
    km_rt_memory_clear();
    km_rt_crypto_stop();
    km_rt.started = false;
}
