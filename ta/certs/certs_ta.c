/* SPDX-License-Identifier: Apache-2.0 */
/* The entry points, and the table of commands that everything passes. */
#include "ta/certs/certs.h"
#include "ta/certs/clock.h"
#include "ta/certs/trust.h"

#define NONE TEE_PARAM_TYPE_NONE
#define VI TEE_PARAM_TYPE_VALUE_INPUT
#define VO TEE_PARAM_TYPE_VALUE_OUTPUT
#define VIO TEE_PARAM_TYPE_VALUE_INOUT
#define MI TEE_PARAM_TYPE_MEMREF_INPUT
#define MO TEE_PARAM_TYPE_MEMREF_OUTPUT

static TEE_Result version(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)client;
    params[0].value.a = KM_CERTS_VERSION;
    params[0].value.b = 0;
    return TEE_SUCCESS;
}

static TEE_Result state(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    uint8_t bytes[KM_STORAGE_STATE_LEN] = {0};
    (void)client;
    KM_TRY_TEE(km_storage_state(bytes));
    return km_ta_give(&params[0], KM_SLICE(bytes, sizeof(bytes)));
}

static const struct row {
    uint32_t command;
    uint32_t types;
    bool for_admin;
    km_certs_handler run;
} ROWS[] = {
    {KM_CERTS_CMD_VERSION, TEE_PARAM_TYPES(VO, NONE, NONE, NONE), false, version},
    {KM_CERTS_CMD_GET, TEE_PARAM_TYPES(MI, MO, NONE, NONE), false, km_certs_get},
    {KM_CERTS_CMD_LIST, TEE_PARAM_TYPES(VIO, MO, NONE, NONE), false, km_certs_list},
    {KM_CERTS_CMD_STORAGE_STATE, TEE_PARAM_TYPES(MO, NONE, NONE, NONE), false, state},
    {KM_CERTS_CMD_VERIFY, TEE_PARAM_TYPES(MI, MI, VO, NONE), false, km_certs_verify},
    {KM_CERTS_CMD_COMMAND, TEE_PARAM_TYPES(MI, VO, NONE, NONE), false, km_certs_command},
    {KM_CERTS_CMD_CRL, TEE_PARAM_TYPES(MI, NONE, NONE, NONE), true, km_certs_crl},
    {KM_CERTS_CMD_SEQUENCE, TEE_PARAM_TYPES(VO, VO, NONE, NONE), false, km_certs_sequence},
    {KM_CERTS_CMD_STORE_LIST, TEE_PARAM_TYPES(VIO, MO, NONE, NONE), false, km_certs_store_list},
    {KM_CERTS_CMD_STORE_GET, TEE_PARAM_TYPES(MI, MO, NONE, NONE), false, km_certs_store_get},
    {KM_CERTS_CMD_PROVISION, TEE_PARAM_TYPES(MI, MI, NONE, NONE), true, km_certs_provision},
    {KM_CERTS_CMD_PROVISION_SEAL, TEE_PARAM_TYPES(NONE, NONE, NONE, NONE), true, km_certs_seal},
    {KM_CERTS_CMD_PROVISION_STATE, TEE_PARAM_TYPES(VO, NONE, NONE, NONE), false, km_certs_state},
    {KM_CERTS_CMD_PROVISION_NUMBERS, TEE_PARAM_TYPES(VI, NONE, NONE, NONE), true, km_certs_numbers},
    {KM_CERTS_CMD_MANIFEST_PUT, TEE_PARAM_TYPES(MI, MI, NONE, NONE), false, km_certs_manifest_put},
};

TEE_Result km_certs_copy_in(const TEE_Param *param, size_t max, uint8_t **ret,
                            struct km_slice *ret_view)
{
    /* Read once: what the client says next is not what was checked. */
    size_t len = param->memref.size;
    if (len > max)
        return KM_CERTS_E_TOO_LARGE;
    uint8_t *copy = TEE_Malloc(len, TEE_MALLOC_FILL_ZERO);
    if (copy == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    if (len > 0)
        TEE_MemMove(copy, param->memref.buffer, len);
    *ret = copy;
    *ret_view = KM_SLICE(copy, len);
    return TEE_SUCCESS;
}

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void)
{
    km_trust_forget();
    km_clock_forget();
}

TEE_Result TA_OpenSessionEntryPoint(uint32_t paramTypes, TEE_Param params[TEE_NUM_PARAMS],
                                    void **sessionContext)
{
    (void)params;
    *sessionContext = NULL;
    return paramTypes == TEE_PARAM_TYPES(NONE, NONE, NONE, NONE) ? TEE_SUCCESS
                                                                 : TEE_ERROR_BAD_PARAMETERS;
}

void TA_CloseSessionEntryPoint(void *sessionContext)
{
    (void)sessionContext;
}

TEE_Result TA_InvokeCommandEntryPoint(void *sessionContext, uint32_t commandID, uint32_t paramTypes,
                                      TEE_Param params[TEE_NUM_PARAMS])
{
    (void)sessionContext;
    for (size_t i = 0; i < KM_ARRAY_LEN(ROWS); i++) {
        if (ROWS[i].command != commandID)
            continue;
        if (ROWS[i].types != paramTypes)
            return TEE_ERROR_BAD_PARAMETERS;
        struct km_client client = {0};
        km_client_init(&client, NULL, 0);
        if (ROWS[i].for_admin && !client.is_admin)
            return TEE_ERROR_ACCESS_DENIED;
        return ROWS[i].run(&client, params);
    }
    return TEE_ERROR_NOT_SUPPORTED;
}
