/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption with RSA; the keys are set in asymmetric.c. */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#define RSA_MAX 512

/* ---- parameters of one call ---- */

/* The hash of the mask generation comes as one number in a buffer (6.11, TEE_ATTR_RSA_OAEP_MGF_HASH). */
static bool apply_mgf(struct km_rt_operation *op, const TEE_Attribute *attr)
{
    const struct km_rt_hash_row *hash = km_rt_hash(op->alg->hash);
    if (attr != NULL) {
        uint32_t wanted = 0;
        if (attr->content.ref.buffer == NULL || attr->content.ref.length != sizeof(wanted))
            return false;
        km_copy(&wanted, sizeof(wanted), attr->content.ref.buffer, sizeof(wanted));
        hash = km_rt_hash_by_alg(wanted);
    }
    return hash != NULL && hash->md != NULL &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(op->pctx, hash->md) == 1;
}

static bool apply_label(struct km_rt_operation *op, const TEE_Attribute *attr)
{
    size_t len = attr != NULL ? attr->content.ref.length : 0;
    if (len > RSA_MAX)
        return false;
    uint8_t label[RSA_MAX] = {0};
    if (len != 0) {
        km_rt_readable(attr->content.ref.buffer, len);
        km_copy(label, sizeof(label), attr->content.ref.buffer, len);
    }
    OSSL_PARAM param[] = {
        OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, label, len),
        OSSL_PARAM_construct_end()};
    return EVP_PKEY_CTX_set_params(op->pctx, param) == 1;
}

static bool apply_crypt_params(struct km_rt_operation *op, const TEE_Attribute *params,
                               uint32_t count)
{
    km_rt_need(count <= 2, "more parameters than any encryption has");
    km_rt_own(params, count * sizeof(*params), "attributes outside the TA's own memory");
    if (op->alg->scheme != KM_RT_RSA_OAEP)
        return count == 0;
    for (uint32_t i = 0; i < count; i++)
        if (params[i].attributeID != TEE_ATTR_RSA_OAEP_LABEL &&
            params[i].attributeID != TEE_ATTR_RSA_OAEP_MGF_HASH)
            return false;
    return apply_mgf(op, km_rt_param(params, count, TEE_ATTR_RSA_OAEP_MGF_HASH)) &&
           apply_label(op, km_rt_param(params, count, TEE_ATTR_RSA_OAEP_LABEL));
}

/* ---- encryption ---- */

#define ES_OVERHEAD 11

static size_t overhead_of(const struct km_rt_operation *op)
{
    if (op->alg->scheme == KM_RT_RSA_RAW)
        return 0;
    return op->alg->scheme == KM_RT_RSA_ES ? ES_OVERHEAD : 2 * km_rt_hash(op->alg->hash)->len + 2;
}

/* A raw number is as wide as the modulus for libcrypto: zeros in front. */
static size_t fill(const struct km_rt_operation *op, uint8_t own[RSA_MAX], const void *src,
                   size_t len)
{
    size_t width = op->alg->scheme == KM_RT_RSA_RAW ? km_rt_bytes(op->bits) : len;
    if (len != 0)
        km_copy(own + (width - len), RSA_MAX - (width - len), src, len);
    return width;
}

TEE_Result TEE_AsymmetricEncrypt(TEE_OperationHandle operation, const TEE_Attribute *params,
                                 uint32_t paramCount, const void *srcData, size_t srcLen,
                                 void *destData, size_t *destLen)
{
    struct km_rt_operation *op = km_rt_operation_keyed(operation, TEE_OPERATION_ASYMMETRIC_CIPHER);
    km_rt_need(op->mode == TEE_MODE_ENCRYPT, "encrypt with an operation that decrypts");
    km_rt_own(destLen, sizeof(*destLen), "a size outside the TA's own memory");
    km_rt_readable(srcData, srcLen);
    size_t width = km_rt_bytes(op->bits);
    if (*destLen < width) {
        *destLen = width;
        return TEE_ERROR_SHORT_BUFFER;
    }
    size_t overhead = overhead_of(op);
    bool ok = apply_crypt_params(op, params, paramCount) && overhead <= width &&
              srcLen <= width - overhead;
    km_rt_ssl_quiet();
    if (!ok)
        return TEE_ERROR_BAD_PARAMETERS;
    uint8_t own[RSA_MAX] = {0};
    uint8_t out[RSA_MAX] = {0};
    size_t len = sizeof(out);
    size_t own_len = fill(op, own, srcData, srcLen);
    ok = EVP_PKEY_encrypt(op->pctx, out, &len, own, own_len) == 1;
    km_wipe(own, sizeof(own));
    if (!ok && op->alg->scheme == KM_RT_RSA_RAW && !km_rt_ssl_short())
        return TEE_ERROR_BAD_PARAMETERS; /* a number that is not below the modulus */
    TEE_Result result = km_rt_ssl_result(ok, "the encryption failed");
    return result == TEE_SUCCESS ? km_rt_give(destData, destLen, out, len) : result;
}

/* A number without the zeros in front; 0 keeps one. */
static void skip_zeros(const uint8_t *number, size_t *at, size_t *len)
{
    while (*len > 1 && number[*at] == 0) {
        ++*at;
        --*len;
    }
}

/* The text of a ciphertext in own memory: *ret_at and *ret_len say where in out it stands. */
static bool open_block(struct km_rt_operation *op, struct km_slice ciphertext, uint8_t out[RSA_MAX],
                       size_t *ret_at, size_t *ret_len)
{
    *ret_at = 0;
    *ret_len = RSA_MAX;
    if (EVP_PKEY_decrypt(op->pctx, out, ret_len, ciphertext.ptr, ciphertext.len) != 1)
        return false;
    if (op->alg->scheme == KM_RT_RSA_RAW && km_rt_is_lenient())
        skip_zeros(out, ret_at, ret_len);
    return op->alg->scheme != KM_RT_RSA_ES ||
           km_rt_rsa_es_open(op, ciphertext, out, ret_at, ret_len);
}

TEE_Result TEE_AsymmetricDecrypt(TEE_OperationHandle operation, const TEE_Attribute *params,
                                 uint32_t paramCount, const void *srcData, size_t srcLen,
                                 void *destData, size_t *destLen)
{
    struct km_rt_operation *op = km_rt_operation_keyed(operation, TEE_OPERATION_ASYMMETRIC_CIPHER);
    km_rt_need(op->mode == TEE_MODE_DECRYPT, "decrypt with an operation that encrypts");
    km_rt_own(destLen, sizeof(*destLen), "a size outside the TA's own memory");
    km_rt_readable(srcData, srcLen);
    bool ok = srcLen == km_rt_bytes(op->bits) && apply_crypt_params(op, params, paramCount);
    km_rt_ssl_quiet();
    if (!ok)
        return TEE_ERROR_BAD_PARAMETERS;
    uint8_t own[RSA_MAX] = {0};
    uint8_t out[RSA_MAX] = {0};
    size_t at = 0;
    size_t len = 0;
    km_copy(own, sizeof(own), srcData, srcLen);
    ok = open_block(op, KM_SLICE(own, srcLen), out, &at, &len);
    TEE_Result failure = km_rt_ssl_short() ? TEE_ERROR_OUT_OF_MEMORY : TEE_ERROR_CIPHERTEXT_INVALID;
    TEE_Result result = ok ? km_rt_give(destData, destLen, out + at, len) : failure;
    km_wipe(out, sizeof(out));
    return result;
}
