/* SPDX-License-Identifier: Apache-2.0 */
/* Where the device stands: the seal, and which commands it obeys. */
#include "ta/certs/order.h"

TEE_Result km_certs_seal(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)client;
    (void)params;
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    KM_TRY_TEE(km_order_enter(KM_GATE_ALONE, &gate));
    if (gate.state.is_sealed)
        return TEE_SUCCESS;
    gate.state.is_sealed = true;
    return km_gate_save(&gate, KM_SLICE(NULL, 0));
}

TEE_Result km_certs_state(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)client;
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    KM_TRY_TEE(km_order_enter(KM_GATE_TOGETHER, &gate));
    params[0].value.a = gate.state.is_sealed ? 1 : 0;
    params[0].value.b = 0;
    return TEE_SUCCESS;
}

TEE_Result km_certs_numbers(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)client;
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    uint32_t takes_any = params[0].value.a;
    if (takes_any > 1 || params[0].value.b != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_order_enter(KM_GATE_ALONE, &gate));
    if (gate.state.is_sealed || (gate.state.is_numbered && takes_any == 1))
        return TEE_ERROR_BAD_STATE;
    gate.state.takes_any = takes_any == 1;
    TEE_Result result = km_gate_save(&gate, KM_SLICE(NULL, 0));
    km_audit_name("unnumbered", KM_SLICE_STR(takes_any == 1 ? "allowed" : "refused"), result);
    return result;
}

TEE_Result km_certs_sequence(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    (void)client;
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    KM_TRY_TEE(km_order_enter(KM_GATE_TOGETHER, &gate));
    params[0].value.a = (uint32_t)gate.state.sequence;
    params[0].value.b = (uint32_t)(gate.state.sequence >> 32);
    params[1].value.a = gate.state.takes_any ? 1 : 0;
    params[1].value.b = 0;
    return TEE_SUCCESS;
}
