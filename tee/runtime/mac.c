/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#include <openssl/core_names.h>

#define PIECE 4096

static bool is_cbc_mac(const struct km_rt_operation *op)
{
    return op->alg->scheme == KM_RT_CBC_MAC || op->alg->scheme == KM_RT_CBC_MAC_PAD;
}

static size_t mac_len(const struct km_rt_operation *op)
{
    return op->alg->block != 0 ? op->alg->block : km_rt_hash(op->alg->hash)->len;
}

static bool set_mac_key(struct km_rt_operation *op, struct km_slice secret, uint32_t bits)
{
    bool is_cmac = op->alg->scheme == KM_RT_CMAC;
    const EVP_CIPHER *cipher = is_cmac ? km_rt_alg_cipher(op->alg, bits) : NULL;
    if (is_cmac && cipher == NULL)
        return false;
    const char *name = is_cmac ? EVP_CIPHER_get0_name(cipher) : km_rt_hash(op->alg->hash)->name;
    const char *param = is_cmac ? OSSL_MAC_PARAM_CIPHER : OSSL_MAC_PARAM_DIGEST;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(param, (char *)(uintptr_t)name, 0),
                           OSSL_PARAM_construct_end()};
    op->mac = EVP_MAC_CTX_new(km_rt_mac(op->alg->scheme));
    return op->mac != NULL && EVP_MAC_init(op->mac, secret.ptr, secret.len, params) == 1;
}

static bool set_key(struct km_rt_operation *op, struct km_rt_object *key)
{
    if (!is_cbc_mac(op))
        return set_mac_key(op, km_rt_secret(key), key->bits);
    op->cipher = km_rt_cipher_ctx_for(op->alg, km_rt_secret(key), true);
    return op->cipher != NULL;
}

static void drop_key(struct km_rt_operation *op)
{
    EVP_MAC_CTX_free(op->mac);
    EVP_CIPHER_CTX_free(op->cipher);
    op->mac = NULL;
    op->cipher = NULL;
}

static bool copy(struct km_rt_operation *dst, const struct km_rt_operation *src)
{
    if (src->mac != NULL)
        dst->mac = EVP_MAC_CTX_dup(src->mac);
    return (src->mac == NULL || dst->mac != NULL) &&
           km_rt_cipher_ctx_copy(&dst->cipher, src->cipher);
}

const struct km_rt_class km_rt_class_mac = {.set_key = set_key, .drop_key = drop_key, .copy = copy};

void TEE_MACInit(TEE_OperationHandle operation, const void *IV, size_t IVLen)
{
    struct km_rt_operation *op = km_rt_operation_keyed(operation, TEE_OPERATION_MAC);
    (void)IV;
    (void)IVLen;
    static const uint8_t zero[KM_RT_BLOCK_MAX];
    bool ok = is_cbc_mac(op) ? EVP_CipherInit_ex2(op->cipher, NULL, NULL, zero, -1, NULL) == 1
                             : EVP_MAC_init(op->mac, NULL, 0, NULL) == 1;
    km_rt_ssl_need(ok, "the MAC can't start");
    km_rt_operation_finish(op);
    km_wipe(op->digest, sizeof(op->digest));
    km_rt_operation_activate(op);
}

/* The last block that comes out of CBC is the MAC, so op->digest always holds the latest. */
static void cbc_update(struct km_rt_operation *op, const uint8_t *chunk, size_t len)
{
    size_t block = op->alg->block;
    uint8_t out[PIECE + KM_RT_BLOCK_MAX] = {0};
    for (size_t done = 0; done < len;) {
        size_t piece = len - done < PIECE ? len - done : PIECE;
        int written = 0;
        km_rt_ssl_need(EVP_CipherUpdate(op->cipher, out, &written, chunk + done, (int)piece) == 1,
                       "the MAC failed");
        if ((size_t)written >= block)
            km_copy(op->digest, sizeof(op->digest), out + (size_t)written - block, block);
        done += piece;
    }
    op->pending = (op->pending + len % block) % block;
    op->payload_seen = op->payload_seen || len != 0;
    km_wipe(out, sizeof(out));
}

/* PKCS#5: each octet of the padding says how many there are; none is never enough. */
static void cbc_finish(struct km_rt_operation *op, uint8_t ret_mac[KM_RT_DIGEST_MAX])
{
    uint8_t pad[KM_RT_BLOCK_MAX] = {0};
    size_t n_pad = op->alg->block - op->pending;
    for (size_t i = 0; i < n_pad; i++)
        pad[i] = (uint8_t)n_pad;
    if (op->alg->scheme == KM_RT_CBC_MAC_PAD)
        cbc_update(op, pad, n_pad);
    km_rt_need(op->pending == 0 && op->payload_seen, "no whole number of blocks");
    km_copy(ret_mac, KM_RT_DIGEST_MAX, op->digest, op->alg->block);
}

static void update(struct km_rt_operation *op, const void *chunk, size_t len)
{
    km_rt_readable(chunk, len);
    if (is_cbc_mac(op))
        cbc_update(op, chunk, len);
    else if (len != 0)
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
    if (is_cbc_mac(op)) {
        cbc_finish(op, ret_mac);
    } else {
        bool ok = EVP_MAC_final(op->mac, ret_mac, &written, KM_RT_DIGEST_MAX) == 1 &&
                  written == mac_len(op);
        km_rt_ssl_need(ok, "the MAC failed");
    }
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
