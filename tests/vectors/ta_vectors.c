/* SPDX-License-Identifier: Apache-2.0 */
/* Test vectors through the Internal Core API, in a trusted application as it really runs. */
#include "tests/vectors/core_alg.h"
#include "tests/vectors/vector_ta_protocol.h"

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[4], void **sessionContext)
{
    (void)params;
    *sessionContext = NULL;
    return paramTypes == 0 ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

void TA_CloseSessionEntryPoint(void *sessionContext)
{
    (void)sessionContext;
}

TEE_Result TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID, uint32_t paramTypes,
                                      TEE_Param params[4])
{
    static char line[VEC_LINE_MAX + 1];
    static char text[2 * (VEC_LINE_MAX + 8192)];
    struct vec_reply reply = {.text = text, .cap = sizeof(text)};
    (void)sessionContext;
    if (commandID != VECTOR_TA_LINE ||
        paramTypes != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT, TEE_PARAM_TYPE_MEMREF_OUTPUT,
                                      TEE_PARAM_TYPE_NONE, TEE_PARAM_TYPE_NONE) ||
        params[0].memref.size > VEC_LINE_MAX)
        return TEE_ERROR_BAD_PARAMETERS;
    /* Keys must not lie in memory that the client can change. */
    TEE_MemMove(line, params[0].memref.buffer, params[0].memref.size);
    line[params[0].memref.size] = '\0';
    vec_serve(&core_api, line, &reply);
    size_t room = params[1].memref.size;
    params[1].memref.size = reply.len;
    if (room < reply.len)
        return TEE_ERROR_SHORT_BUFFER;
    TEE_MemMove(params[1].memref.buffer, reply.text, reply.len);
    return TEE_SUCCESS;
}
