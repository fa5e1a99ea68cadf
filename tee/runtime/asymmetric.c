/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#define RSA_MAX 512
#define ORDER_MAX 66
#define ECDSA_DER_MAX (3 + 2 * (3 + ORDER_MAX))

static bool is_rsa(const struct km_rt_operation *op)
{
    return op->alg->scheme != KM_RT_ECDSA;
}

static bool set_rsa_params(struct km_rt_operation *op)
{
    const struct km_rt_hash_row *hash = km_rt_hash(op->alg->hash);
    if (op->alg->scheme == KM_RT_RSA_OAEP)
        return EVP_PKEY_CTX_set_rsa_padding(op->pctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_oaep_md(op->pctx, hash->md) == 1 &&
               EVP_PKEY_CTX_set_rsa_mgf1_md(op->pctx, hash->md) == 1;
    bool is_pss = op->alg->scheme == KM_RT_RSA_PSS;
    if (EVP_PKEY_CTX_set_rsa_padding(op->pctx,
                                     is_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) != 1)
        return false;
    if (hash->md != NULL && EVP_PKEY_CTX_set_signature_md(op->pctx, hash->md) != 1)
        return false;
    op->salt_len = hash->len;
    return !is_pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(op->pctx, (int)hash->len) == 1;
}

static bool init_for_mode(struct km_rt_operation *op)
{
    switch (op->mode) {
    case TEE_MODE_SIGN:
        return EVP_PKEY_sign_init(op->pctx) == 1;
    case TEE_MODE_VERIFY:
        return EVP_PKEY_verify_init(op->pctx) == 1;
    case TEE_MODE_ENCRYPT:
        return EVP_PKEY_encrypt_init(op->pctx) == 1;
    default:
        return EVP_PKEY_decrypt_init(op->pctx) == 1;
    }
}

/* Takes over a reference to pkey. */
static bool use_key(struct km_rt_operation *op, EVP_PKEY *pkey)
{
    if (pkey == NULL || EVP_PKEY_up_ref(pkey) != 1)
        return false;
    op->pkey = pkey;
    op->pctx = EVP_PKEY_CTX_new_from_pkey(km_rt_libctx(), pkey, NULL);
    return op->pctx != NULL && init_for_mode(op) && (!is_rsa(op) || set_rsa_params(op));
}

static bool set_key(struct km_rt_operation *op, struct km_rt_object *key)
{
    return use_key(op, km_rt_key(key));
}

static void drop_key(struct km_rt_operation *op)
{
    EVP_PKEY_CTX_free(op->pctx);
    EVP_PKEY_free(op->pkey);
    op->pctx = NULL;
    op->pkey = NULL;
}

static bool copy(struct km_rt_operation *dst, const struct km_rt_operation *src)
{
    return src->pkey == NULL || use_key(dst, src->pkey);
}

const struct km_rt_class km_rt_class_asymmetric = {
    .set_key = set_key, .drop_key = drop_key, .copy = copy};

/* ---- parameters of one call ---- */

/* The salt a call asks for; false when the key has no room for it. */
static bool apply_salt(struct km_rt_operation *op, const TEE_Attribute *attr)
{
    uint32_t hash_len = km_rt_hash(op->alg->hash)->len;
    uint32_t salt = attr != NULL ? attr->content.value.a : hash_len;
    uint32_t room = (uint32_t)km_rt_bytes(op->bits - 1) - hash_len - 2;
    if (salt > room)
        return false;
    if (salt != op->salt_len)
        km_rt_ssl_need(EVP_PKEY_CTX_set_rsa_pss_saltlen(op->pctx, (int)salt) == 1,
                       "the salt can't be set");
    op->salt_len = salt;
    return true;
}

static bool apply_sign_params(struct km_rt_operation *op, const TEE_Attribute *params,
                              uint32_t count)
{
    km_rt_need(count <= 1, "more parameters than any signature has");
    km_rt_own(params, count * sizeof(*params), "attributes outside the TA's own memory");
    bool is_pss = op->alg->scheme == KM_RT_RSA_PSS;
    if (count != 0 && (!is_pss || params[0].attributeID != TEE_ATTR_RSA_PSS_SALT_LENGTH))
        return false;
    return !is_pss || apply_salt(op, count != 0 ? params : NULL);
}

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
    return hash != NULL && EVP_PKEY_CTX_set_rsa_mgf1_md(op->pctx, hash->md) == 1;
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
    for (uint32_t i = 0; i < count; i++)
        if (params[i].attributeID != TEE_ATTR_RSA_OAEP_LABEL &&
            params[i].attributeID != TEE_ATTR_RSA_OAEP_MGF_HASH)
            return false;
    return apply_mgf(op, km_rt_param(params, count, TEE_ATTR_RSA_OAEP_MGF_HASH)) &&
           apply_label(op, km_rt_param(params, count, TEE_ATTR_RSA_OAEP_LABEL));
}

/* ---- encryption ---- */

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
    size_t overhead = 2 * km_rt_hash(op->alg->hash)->len + 2;
    bool ok = apply_crypt_params(op, params, paramCount) && overhead <= width &&
              srcLen <= width - overhead;
    km_rt_ssl_quiet();
    if (!ok)
        return TEE_ERROR_BAD_PARAMETERS;
    uint8_t own[RSA_MAX] = {0};
    uint8_t out[RSA_MAX] = {0};
    size_t len = sizeof(out);
    if (srcLen != 0)
        km_copy(own, sizeof(own), srcData, srcLen);
    ok = EVP_PKEY_encrypt(op->pctx, out, &len, own, srcLen) == 1;
    km_wipe(own, sizeof(own));
    TEE_Result result = km_rt_ssl_result(ok, "the encryption failed");
    return result == TEE_SUCCESS ? km_rt_give(destData, destLen, out, len) : result;
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
    size_t len = sizeof(out);
    km_copy(own, sizeof(own), srcData, srcLen);
    ok = EVP_PKEY_decrypt(op->pctx, out, &len, own, srcLen) == 1;
    TEE_Result failure = km_rt_ssl_short() ? TEE_ERROR_OUT_OF_MEMORY : TEE_ERROR_CIPHERTEXT_INVALID;
    TEE_Result result = ok ? km_rt_give(destData, destLen, out, len) : failure;
    km_wipe(out, sizeof(out));
    return result;
}

/* ---- ECDSA: r and s side by side here, DER inside libcrypto ---- */

static bool split_number(struct km_rd *rd, uint8_t *out, size_t width)
{
    uint8_t tag = 0;
    uint8_t len = 0;
    struct km_slice number = {0};
    if (!km_rd_u8(rd, &tag) || tag != 0x02 || !km_rd_u8(rd, &len) || !km_rd_bytes(rd, len, &number))
        return false;
    while (number.len > width && number.ptr[0] == 0) {
        number.ptr++;
        number.len--;
    }
    if (number.len > width)
        return false;
    km_copy(out + (width - number.len), number.len, number.ptr, number.len);
    return true;
}

static bool split_der(struct km_slice der, size_t width, uint8_t out[2 * ORDER_MAX])
{
    struct km_rd rd = km_rd_init(der);
    uint8_t tag = 0;
    uint8_t len = 0;
    if (!km_rd_u8(&rd, &tag) || tag != 0x30 || !km_rd_u8(&rd, &len))
        return false;
    if (len == 0x81 && !km_rd_u8(&rd, &len))
        return false;
    return km_rd_left(&rd) == len && split_number(&rd, out, width) &&
           split_number(&rd, out + width, width) && km_rd_done(&rd);
}

static void join_number(struct km_wr *wr, const uint8_t *number, size_t width)
{
    while (width > 1 && number[0] == 0) {
        number++;
        width--;
    }
    bool pad = (number[0] & 0x80) != 0;
    km_wr_u8(wr, 0x02);
    km_wr_u8(wr, (uint8_t)(width + pad));
    if (pad)
        km_wr_u8(wr, 0);
    km_wr_bytes(wr, KM_SLICE(number, width));
}

static bool join_der(const uint8_t *rs, size_t width, uint8_t out[ECDSA_DER_MAX], size_t *ret_len)
{
    uint8_t body[ECDSA_DER_MAX] = {0};
    struct km_wr inner = km_wr_init(body, sizeof(body));
    join_number(&inner, rs, width);
    join_number(&inner, rs + width, width);
    struct km_slice numbers = {0};
    struct km_slice all = {0};
    if (!km_wr_finish(&inner, &numbers))
        return false;
    struct km_wr wr = km_wr_init(out, ECDSA_DER_MAX);
    km_wr_u8(&wr, 0x30);
    if (numbers.len >= 0x80)
        km_wr_u8(&wr, 0x81);
    km_wr_u8(&wr, (uint8_t)numbers.len);
    km_wr_bytes(&wr, numbers);
    bool ok = km_wr_finish(&wr, &all);
    *ret_len = all.len;
    return ok;
}

/* ---- signatures ---- */

/* The digest in memory of our own; *ret_len is what libcrypto gets. */
static void take_digest(const struct km_rt_operation *op, const void *digest, size_t len,
                        uint8_t own[RSA_MAX], size_t *ret_len)
{
    uint32_t wanted = km_rt_hash(op->alg->hash)->len;
    km_rt_readable(digest, len);
    if (!is_rsa(op)) {
        km_rt_need(len != 0, "an empty digest");
        /* What is beyond the order's bits is cut off by the algorithm (FIPS 186-4, 6.4). */
        *ret_len = len < ORDER_MAX ? len : ORDER_MAX;
    } else {
        bool ok = wanted != 0 ? len == wanted : len <= km_rt_bytes(op->bits) - 11;
        km_rt_need(ok, "a digest of the wrong length");
        *ret_len = len;
    }
    if (*ret_len != 0)
        km_copy(own, RSA_MAX, digest, *ret_len);
}

static size_t signature_len(const struct km_rt_operation *op)
{
    return is_rsa(op) ? km_rt_bytes(op->bits) : 2 * km_rt_bytes(op->bits);
}

TEE_Result TEE_AsymmetricSignDigest(TEE_OperationHandle operation, const TEE_Attribute *params,
                                    uint32_t paramCount, const void *digest, size_t digestLen,
                                    void *signature, size_t *signatureLen)
{
    struct km_rt_operation *op =
        km_rt_operation_keyed(operation, TEE_OPERATION_ASYMMETRIC_SIGNATURE);
    km_rt_need(op->mode == TEE_MODE_SIGN, "sign with an operation that verifies");
    km_rt_own(signatureLen, sizeof(*signatureLen), "a size outside the TA's own memory");
    uint8_t own[RSA_MAX] = {0};
    size_t own_len = 0;
    take_digest(op, digest, digestLen, own, &own_len);
    size_t wanted = signature_len(op);
    if (*signatureLen < wanted) {
        *signatureLen = wanted;
        return TEE_ERROR_SHORT_BUFFER;
    }
    if (!apply_sign_params(op, params, paramCount))
        return TEE_ERROR_BAD_PARAMETERS;
    uint8_t out[RSA_MAX] = {0};
    size_t len = sizeof(out);
    TEE_Result result = km_rt_ssl_result(EVP_PKEY_sign(op->pctx, out, &len, own, own_len) == 1,
                                         "the signature failed");
    if (result != TEE_SUCCESS)
        return result;
    if (is_rsa(op))
        return km_rt_give(signature, signatureLen, out, len);
    uint8_t rs[2 * ORDER_MAX] = {0};
    km_rt_ssl_need(split_der(KM_SLICE(out, len), wanted / 2, rs), "the signature failed");
    return km_rt_give(signature, signatureLen, rs, wanted);
}

TEE_Result TEE_AsymmetricVerifyDigest(TEE_OperationHandle operation, const TEE_Attribute *params,
                                      uint32_t paramCount, const void *digest, size_t digestLen,
                                      const void *signature, size_t signatureLen)
{
    struct km_rt_operation *op =
        km_rt_operation_keyed(operation, TEE_OPERATION_ASYMMETRIC_SIGNATURE);
    km_rt_need(op->mode == TEE_MODE_VERIFY, "verify with an operation that signs");
    uint8_t own[RSA_MAX] = {0};
    size_t own_len = 0;
    take_digest(op, digest, digestLen, own, &own_len);
    km_rt_readable(signature, signatureLen);
    if (!apply_sign_params(op, params, paramCount))
        return TEE_ERROR_BAD_PARAMETERS;
    if (signatureLen != signature_len(op))
        return TEE_ERROR_SIGNATURE_INVALID;
    uint8_t given[RSA_MAX] = {0};
    uint8_t der[ECDSA_DER_MAX] = {0};
    size_t len = signatureLen;
    km_copy(given, sizeof(given), signature, signatureLen);
    if (!is_rsa(op) && !join_der(given, signatureLen / 2, der, &len))
        return TEE_ERROR_SIGNATURE_INVALID;
    bool ok = EVP_PKEY_verify(op->pctx, is_rsa(op) ? given : der, len, own, own_len) == 1;
    if (!ok)
        km_rt_ssl_quiet();
    return ok ? TEE_SUCCESS : TEE_ERROR_SIGNATURE_INVALID;
}
