/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/certs/pair.h"

#include "format/cert_form.h"
#include "ta/certs/clock.h"
#include "ta/certs/named.h"
#include "ta/crypto/crypto_protocol.h"

#define DEVICE_PUBLIC_KEY "com.seqlabs.oem_device_pub_key"
#define NONE TEE_PARAM_TYPE_NONE
#define VI TEE_PARAM_TYPE_VALUE_INPUT
#define VO TEE_PARAM_TYPE_VALUE_OUTPUT
#define MI TEE_PARAM_TYPE_MEMREF_INPUT
#define MO TEE_PARAM_TYPE_MEMREF_OUTPUT

/* ---- calls ---- */

static TEE_Result from_crypto(TEE_Result result)
{
    switch (result) {
    case KM_CRYPTO_E_EXISTS:
        return KM_CERTS_E_EXISTS;
    case TEE_ERROR_TARGET_DEAD:
    case TEE_ERROR_COMMUNICATION:
        return TEE_ERROR_STORAGE_NOT_AVAILABLE;
    default:
        return result;
    }
}

static TEE_Result open_session(TEE_TASessionHandle *ret)
{
    static const TEE_UUID uuid = KM_CRYPTO_TA_UUID;
    /* The Core API wants it in memory of the application that can be written. */
    TEE_UUID crypto = uuid;
    return from_crypto(TEE_OpenTASession(&crypto, TEE_TIMEOUT_INFINITE, 0, NULL, ret, NULL));
}

static TEE_Result invoke(TEE_TASessionHandle session, uint32_t command, uint32_t types,
                         TEE_Param params[TEE_NUM_PARAMS])
{
    return from_crypto(
        TEE_InvokeTACommand(session, TEE_TIMEOUT_INFINITE, command, types, params, NULL));
}

static void set_in(TEE_Param *param, struct km_slice octets)
{
    param->memref.buffer = (void *)(uintptr_t)octets.ptr;
    param->memref.size = octets.len;
}

/* One of the two commands on a public key with its name. */
static TEE_Result public_key(TEE_TASessionHandle session, uint32_t command, const char *name,
                             struct km_slice certificate)
{
    TEE_Param params[TEE_NUM_PARAMS] = {0};
    struct km_slice spki = {0};
    if (!km_cert_form_key(certificate, &spki))
        return TEE_ERROR_BAD_FORMAT;
    set_in(&params[0], KM_SLICE_STR(name));
    set_in(&params[1], spki);
    return invoke(session, command, TEE_PARAM_TYPES(MI, MI, NONE, NONE), params);
}

static TEE_Result load_public(const char *name, uint8_t spki[KM_CRYPTO_SMALL_MAX],
                              struct km_slice *ret)
{
    KM_AUTO(km_ta_sessionp) TEE_TASessionHandle session = TEE_HANDLE_NULL;
    TEE_Param load[TEE_NUM_PARAMS] = {0};
    TEE_Param tell[TEE_NUM_PARAMS] = {0};
    KM_TRY_TEE(open_session(&session));
    set_in(&load[0], KM_SLICE_STR(name));
    KM_TRY_TEE(invoke(session, KM_CRYPTO_CMD_LOAD_KEY, TEE_PARAM_TYPES(MI, VI, MI, VO), load));
    tell[0].value.a = load[3].value.a;
    tell[1].memref.buffer = spki;
    tell[1].memref.size = KM_CRYPTO_SMALL_MAX;
    KM_TRY_TEE(
        invoke(session, KM_CRYPTO_CMD_EXPORT_PUBLIC, TEE_PARAM_TYPES(VI, MO, NONE, NONE), tell));
    *ret = KM_SLICE(spki, tell[1].memref.size);
    return TEE_SUCCESS;
}

/* ---- the device ---- */

TEE_Result km_pair_is_device(struct km_slice device)
{
    uint8_t spki[KM_CRYPTO_SMALL_MAX] = {0};
    uint8_t digest[KM_CERT_COMMAND_DEVICE_LEN] = {0};
    struct km_slice key = {0};
    TEE_Result result = load_public(DEVICE_PUBLIC_KEY, spki, &key);
    /* A device without a key of its own is nobody in particular. */
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return KM_CERTS_E_OTHER_DEVICE;
    KM_TRY_TEE(result);
    KM_TRY_TEE(km_sha256(key, digest));
    return km_slice_equal(device, KM_SLICE(digest, sizeof(digest))) ? TEE_SUCCESS
                                                                    : KM_CERTS_E_OTHER_DEVICE;
}

static TEE_Result check_device_key(const struct km_named_role *role, struct km_slice certificate)
{
    uint8_t spki[KM_CRYPTO_SMALL_MAX] = {0};
    struct km_slice key = {0};
    TEE_Result result = load_public(role->public_key, spki, &key);
    if (result == TEE_ERROR_ITEM_NOT_FOUND)
        return KM_CERTS_E_KEY_MISMATCH;
    KM_TRY_TEE(result);
    return km_x509_has_key(certificate, key) ? TEE_SUCCESS : KM_CERTS_E_KEY_MISMATCH;
}

/* ---- updateNamed ---- */

/* The name of the key to put with it; NULL: none. */
static const char *key_to_put(const struct km_order *order)
{
    const struct km_named_role *role = km_named_role(order->command.name);
    return role != NULL && !role->is_device ? role->public_key : NULL;
}

TEE_Result km_pair_hold(const struct km_order *order, TEE_TASessionHandle *ret_session)
{
    KM_AUTO(km_ta_sessionp) TEE_TASessionHandle session = TEE_HANDLE_NULL;
    const char *name = key_to_put(order);
    if (order->command.operation != KM_CERT_UPDATE_NAMED || name == NULL)
        return TEE_SUCCESS;
    KM_TRY_TEE(km_order_certificate(order));
    KM_TRY_TEE(open_session(&session));
    KM_TRY_TEE(public_key(session, KM_CRYPTO_CMD_PUBLIC_HOLD, name, order->command.body));
    *ret_session = km_steal(&session);
    return TEE_SUCCESS;
}

static TEE_Result put_key(const struct km_order *order, struct km_slice certificate)
{
    KM_AUTO(km_ta_sessionp) TEE_TASessionHandle session = TEE_HANDLE_NULL;
    const char *name = key_to_put(order);
    if (name == NULL)
        return TEE_SUCCESS;
    KM_TRY_TEE(open_session(&session));
    return public_key(session, KM_CRYPTO_CMD_PUBLIC_PUT, name, certificate);
}

static TEE_Result check_role(const struct km_order *order, const struct km_named_role *role,
                             uint64_t now)
{
    const struct km_x509_facts *facts = &order->facts;
    if (role->is_root && !facts->is_authority)
        return KM_CERTS_E_NOT_AUTHORITY;
    if (role->is_command && (!facts->may_sign_commands || !facts->may_sign ||
                             now < facts->not_before || now > facts->not_after))
        return KM_CERTS_E_LOCKOUT;
    return role->is_device ? check_device_key(role, order->command.body) : TEE_SUCCESS;
}

static TEE_Result check(const struct km_order *order, struct km_gate_state *next)
{
    const struct km_named_role *role = km_named_role(order->command.name);
    struct km_stored_id id = km_stored_id(KM_STORED_NAMED, order->command.name);
    bool is_there = false;
    KM_TRY_TEE(km_stored_exists(&id, &is_there));
    if (role == NULL && !is_there)
        return TEE_ERROR_ITEM_NOT_FOUND;
    KM_TRY_TEE(km_order_not_revoked(order));
    return role != NULL ? check_role(order, role, km_clock_read(next).now) : TEE_SUCCESS;
}

/* The key first: who dies in between leaves the order pending, and nobody sees the new key beside the old certificate. */
static TEE_Result apply(const struct km_order *order)
{
    struct km_stored_id id = km_stored_id(KM_STORED_NAMED, order->command.name);
    KM_TRY_TEE(put_key(order, order->command.body));
    return km_stored_put(&id, order->command.body);
}

/* The certificate is the old one as long as anything failed: its key again. */
static TEE_Result undo(const struct km_order *order)
{
    KM_AUTO(km_ta_freep) uint8_t *buf = TEE_Malloc(KM_CERTS_DER_MAX, TEE_MALLOC_FILL_ZERO);
    struct km_slice der = {0};
    if (buf == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_TRY_TEE(km_named_read(order->command.name, buf, &der));
    return put_key(order, der);
}

const struct km_operation km_op_named = {
    .has_certificate = true, .check = check, .apply = apply, .undo = undo};
