/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/internal.h"

static bool type_exists(uint32_t type)
{
    return type <= TEE_PARAM_TYPE_VALUE_INOUT ||
           (type >= TEE_PARAM_TYPE_MEMREF_INPUT && type <= TEE_PARAM_TYPE_MEMREF_INOUT);
}

static void check_params(uint32_t types, const TEE_Param params[TEE_NUM_PARAMS])
{
    km_rt_need(types >> 16 == 0, "a parameter type that does not exist");
    km_rt_need(types == 0 || params != NULL, "no parameters where some were announced");
    for (unsigned i = 0; i < TEE_NUM_PARAMS; i++) {
        uint32_t type = TEE_PARAM_TYPE_GET(types, i);
        km_rt_need(type_exists(type), "a parameter type that does not exist");
        if (type >= TEE_PARAM_TYPE_MEMREF_INPUT)
            km_rt_readable(params[i].memref.buffer, params[i].memref.size);
    }
}

TEE_Result TEE_OpenTASession(const TEE_UUID *destination, uint32_t cancellationRequestTimeout,
                             uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS],
                             TEE_TASessionHandle *session, uint32_t *returnOrigin)
{
    const struct km_rt_host *host = &km_rt.config.host;
    TEE_Param none[TEE_NUM_PARAMS] = {0};
    uint32_t origin = TEE_ORIGIN_TEE;
    void *opened = NULL;
    km_rt_own(destination, sizeof(*destination), "a UUID outside the TA's own memory");
    km_rt_own_handle(session);
    check_params(paramTypes, params);
    *session = TEE_HANDLE_NULL;
    TEE_Result result = TEE_ERROR_ITEM_NOT_FOUND;
    if (host->session_open != NULL)
        result = host->session_open(host->arg, destination, cancellationRequestTimeout, paramTypes,
                                    params != NULL ? params : none, &opened, &origin);
    if (result == TEE_SUCCESS) {
        *session = km_rt_handle_new(KM_RT_SESSION, opened);
        if (*session == TEE_HANDLE_NULL) {
            host->session_close(host->arg, opened);
            result = TEE_ERROR_OUT_OF_MEMORY;
            origin = TEE_ORIGIN_API;
        }
    }
    if (returnOrigin != NULL)
        *returnOrigin = origin;
    return result;
}

TEE_Result TEE_InvokeTACommand(TEE_TASessionHandle session, uint32_t cancellationRequestTimeout,
                               uint32_t commandID, uint32_t paramTypes,
                               TEE_Param params[TEE_NUM_PARAMS], uint32_t *returnOrigin)
{
    const struct km_rt_host *host = &km_rt.config.host;
    TEE_Param none[TEE_NUM_PARAMS] = {0};
    uint32_t origin = TEE_ORIGIN_TEE;
    void *opened = km_rt_handle_get(KM_RT_SESSION, session);
    check_params(paramTypes, params);
    TEE_Result result =
        host->session_invoke(host->arg, opened, cancellationRequestTimeout, commandID, paramTypes,
                             params != NULL ? params : none, &origin);
    if (returnOrigin != NULL)
        *returnOrigin = origin;
    return result;
}

void km_rt_session_free(void *session)
{
    km_rt.config.host.session_close(km_rt.config.host.arg, session);
}

void TEE_CloseTASession(TEE_TASessionHandle session)
{
    if (session != TEE_HANDLE_NULL)
        km_rt_session_free(km_rt_handle_drop(KM_RT_SESSION, session));
}

/* ---- cancellation ---- */

bool TEE_GetCancellationFlag(void)
{
    const struct km_rt_host *host = &km_rt.config.host;
    return !km_rt.cancel_masked && host->cancelled != NULL && host->cancelled(host->arg);
}

bool TEE_UnmaskCancellation(void)
{
    bool before = km_rt.cancel_masked;
    km_rt.cancel_masked = false;
    return before;
}

bool TEE_MaskCancellation(void)
{
    bool before = km_rt.cancel_masked;
    km_rt.cancel_masked = true;
    return before;
}
