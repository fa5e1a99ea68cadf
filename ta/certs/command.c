/* SPDX-License-Identifier: Apache-2.0 */
/* COMMAND and CRL: what somebody hands in is believed for its signature, and obeyed. */
#include "ta/certs/named.h"
#include "ta/certs/pair.h"

/* ---- is it the owner's, for us, and new? ---- */

static TEE_Result check_signature(const struct km_order *order)
{
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_CERTS_DER_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_slice der = {0};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    TEE_Result result = km_named_read(KM_SLICE_STR(KM_COMMAND_CERTIFICATE), buf, &der);
    /* A device without one obeys nobody. */
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return TEE_ERROR_BAD_STATE;
    KM_TRY_TEE(result);
    return km_x509_signed(der, order->envelope.alg, order->envelope.content,
                          order->envelope.signature)
               ? TEE_SUCCESS
               : KM_CERTS_E_SIGNATURE;
}

static TEE_Result check_sequence(const struct km_order *order, const struct km_gate_state *state)
{
    if (order->command.sequence == 0)
        return state->takes_any ? TEE_SUCCESS : KM_CERTS_E_NUMBER;
    return order->command.sequence > state->sequence ? TEE_SUCCESS : KM_CERTS_E_REPLAYED;
}

static TEE_Result state_now(struct km_gate_state *ret)
{
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    KM_TRY_TEE(km_order_enter(KM_GATE_TOGETHER, &gate));
    *ret = gate.state;
    return TEE_SUCCESS;
}

/* Before anything is held alone, so that what nobody signed, and what anybody kept of an older time, keeps nobody waiting. */
static TEE_Result check_before(const struct km_order *order)
{
    struct km_gate_state state = {0};
    KM_TRY_TEE(state_now(&state));
    KM_TRY_TEE(check_signature(order));
    if (order->command.device.len != 0)
        KM_TRY_TEE(km_pair_is_device(order->command.device));
    return check_sequence(order, &state);
}

static TEE_Result obey(const struct km_client *client, struct km_order *order)
{
    KM_AUTO(km_ta_sessionp) TEE_TASessionHandle held = TEE_HANDLE_NULL;
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    if (order->command.operation == KM_CERT_UPDATE_NAMED && !client->is_admin)
        return TEE_ERROR_ACCESS_DENIED;
    KM_TRY_TEE(check_before(order));
    km_order_read(order);
    KM_TRY_TEE(km_pair_hold(order, &held));
    KM_TRY_TEE(km_order_enter(KM_GATE_ALONE, &gate));
    /* Whose signature counts may have changed meanwhile, and what was new may be old. */
    KM_TRY_TEE(check_signature(order));
    KM_TRY_TEE(check_sequence(order, &gate.state));
    return km_order_obey(&gate, order);
}

TEE_Result km_certs_command(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_ta_freep) uint8_t *copy = NULL;
    struct km_slice package = {0};
    struct km_order order = {0};
    KM_TRY_TEE(km_certs_copy_in(&params[0], KM_CERT_COMMAND_MAX, &copy, &package));
    KM_TRY_TEE(km_order_parse(package, &order));
    TEE_Result result = obey(client, &order);
    km_audit_name(result == TEE_SUCCESS ? "command" : "command-refused", km_order_subject(&order),
                  result);
    KM_TRY_TEE(result);
    params[1].value.a = order.command.operation;
    params[1].value.b = 0;
    return TEE_SUCCESS;
}

/* ---- lists that their issuer signed ---- */

/* As an order nobody signed, so that it is carried out as every order is. */
static TEE_Result wrap(struct km_slice crl, uint8_t **ret, struct km_slice *ret_package)
{
    const struct km_cert_command command = {.operation = KM_CERT_ADD_CRL, .body = crl};
    KM_AUTO(km_ta_freep) uint8_t *content = TEE_Malloc(KM_CERT_COMMAND_MAX, TEE_MALLOC_FILL_ZERO);
    KM_AUTO(km_ta_freep) uint8_t *package = TEE_Malloc(KM_CERT_COMMAND_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_slice inner = {0};
    if (content == NULL || package == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    struct km_wr in = km_wr_init(content, KM_CERT_COMMAND_MAX);
    struct km_wr out = km_wr_init(package, KM_CERT_COMMAND_MAX);
    km_cert_command_content(&in, km_sign_alg_find(KM_SIGN_EC, KM_SIGN_SHA256), &command);
    if (!km_wr_finish(&in, &inner))
        return KM_CERTS_E_TOO_LARGE;
    km_envelope_put(&out, KM_SLICE(NULL, 0), inner);
    if (!km_wr_finish(&out, ret_package))
        return KM_CERTS_E_TOO_LARGE;
    *ret = km_steal(&package);
    return TEE_SUCCESS;
}

static TEE_Result take_crl(struct km_slice crl)
{
    KM_AUTO(km_ta_freep) uint8_t *octets = NULL;
    KM_AUTO(km_gate_close) struct km_gate gate = {0};
    struct km_slice package = {0};
    struct km_order order = {0};
    KM_TRY_TEE(wrap(crl, &octets, &package));
    KM_TRY_TEE(km_order_parse(package, &order));
    KM_TRY_TEE(km_order_enter(KM_GATE_ALONE, &gate));
    return km_order_obey(&gate, &order);
}

TEE_Result km_certs_crl(const struct km_client *client, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_ta_freep) uint8_t *copy = NULL;
    struct km_slice crl = {0};
    (void)client;
    KM_TRY_TEE(km_certs_copy_in(&params[0], KM_CERTS_CRL_MAX, &copy, &crl));
    TEE_Result result = take_crl(crl);
    km_audit_name(result == TEE_SUCCESS ? "command" : "command-refused", KM_SLICE_STR("crl"),
                  result);
    return result;
}
