/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#include <openssl/core_names.h>

static size_t mac_len(const struct km_rt_operation *op)
{
    return op->alg->scheme == KM_RT_CMAC ? op->alg->block : km_rt_hash(op->alg->hash)->len;
}

static bool set_key(struct km_rt_operation *op, struct km_rt_object *key)
{
    struct km_slice secret = km_rt_secret(key);
    bool is_cmac = op->alg->scheme == KM_RT_CMAC;
    const char *name = is_cmac ? EVP_CIPHER_get0_name(km_rt_alg_cipher(op->alg, key->bits))
                               : km_rt_hash(op->alg->hash)->name;
    const char *param = is_cmac ? OSSL_MAC_PARAM_CIPHER : OSSL_MAC_PARAM_DIGEST;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(param, (char *)(uintptr_t)name, 0),
                           OSSL_PARAM_construct_end()};
    op->mac = EVP_MAC_CTX_new(km_rt_mac(op->alg->scheme));
    return op->mac != NULL && EVP_MAC_init(op->mac, secret.ptr, secret.len, params) == 1;
}

static void drop_key(struct km_rt_operation *op)
{
    EVP_MAC_CTX_free(op->mac);
    op->mac = NULL;
}

static bool copy(struct km_rt_operation *dst, const struct km_rt_operation *src)
{
    if (src->mac == NULL)
        return true;
    dst->mac = EVP_MAC_CTX_dup(src->mac);
    return dst->mac != NULL;
}

const struct km_rt_class km_rt_class_mac = {.set_key = set_key, .drop_key = drop_key, .copy = copy};

void TEE_MACInit(TEE_OperationHandle operation, const void *IV, size_t IVLen)
{
    struct km_rt_operation *op = km_rt_operation_keyed(operation, TEE_OPERATION_MAC);
    (void)IV;
    (void)IVLen;
    km_rt_ssl_need(EVP_MAC_init(op->mac, NULL, 0, NULL) == 1, "the MAC can't start");
    km_rt_operation_activate(op);
}

static void update(struct km_rt_operation *op, const void *chunk, size_t len)
{
    km_rt_readable(chunk, len);
    if (len != 0)
        km_rt_ssl_need(EVP_MAC_update(op->mac, chunk, len) == 1, "the MAC failed");
}

void TEE_MACUpdate(TEE_OperationHandle operation, const void *chunk, size_t chunkSize)
{
    update(km_rt_operation_running(operation, TEE_OPERATION_MAC), chunk, chunkSize);
}

static void finish(struct km_rt_operation *op, const void *message, size_t len,
                   uint8_t ret_mac[KM_RT_DIGEST_MAX])
{
    size_t written = 0;
    update(op, message, len);
    bool ok =
        EVP_MAC_final(op->mac, ret_mac, &written, KM_RT_DIGEST_MAX) == 1 && written == mac_len(op);
    km_rt_ssl_need(ok, "the MAC failed");
    km_rt_operation_finish(op);
}

TEE_Result TEE_MACComputeFinal(TEE_OperationHandle operation, const void *message,
                               size_t messageLen, void *mac, size_t *macLen)
{
    struct km_rt_operation *op = km_rt_operation_running(operation, TEE_OPERATION_MAC);
    km_rt_own(macLen, sizeof(*macLen), "a size outside the TA's own memory");
    if (*macLen < mac_len(op)) {
        *macLen = mac_len(op);
        return TEE_ERROR_SHORT_BUFFER;
    }
    uint8_t own[KM_RT_DIGEST_MAX] = {0};
    finish(op, message, messageLen, own);
    return km_rt_give(mac, macLen, own, mac_len(op));
}

TEE_Result TEE_MACCompareFinal(TEE_OperationHandle operation, const void *message,
                               size_t messageLen, const void *mac, size_t macLen)
{
    struct km_rt_operation *op = km_rt_operation_running(operation, TEE_OPERATION_MAC);
    km_rt_readable(mac, macLen);
    uint8_t own[KM_RT_DIGEST_MAX] = {0};
    finish(op, message, messageLen, own);
    bool same = macLen == mac_len(op) && km_ct_equal(own, mac, macLen);
    km_wipe(own, sizeof(own));
    return same ? TEE_SUCCESS : TEE_ERROR_MAC_INVALID;
}
