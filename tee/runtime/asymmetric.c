/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#include <openssl/rsa.h>

#define RSA_MAX 512

static bool is_rsa(const struct km_rt_operation *op)
{
    return op->alg->key_type == TEE_TYPE_RSA_KEYPAIR;
}

static bool is_ecdsa(const struct km_rt_operation *op)
{
    return op->alg->scheme == KM_RT_ECDSA || op->alg->scheme == KM_RT_ECDSA_FIXED;
}

static int padding_of(const struct km_rt_operation *op)
{
    switch (op->alg->scheme) {
    case KM_RT_RSA_OAEP:
        return RSA_PKCS1_OAEP_PADDING;
    case KM_RT_RSA_PSS:
        return RSA_PKCS1_PSS_PADDING;
    case KM_RT_RSA_RAW:
        return RSA_NO_PADDING;
    case KM_RT_RSA_ES: /* libcrypto's error would tell a right padding from a wrong one */
        return op->mode == TEE_MODE_DECRYPT ? RSA_NO_PADDING : RSA_PKCS1_PADDING;
    default:
        return RSA_PKCS1_PADDING;
    }
}

static bool set_rsa_params(struct km_rt_operation *op)
{
    const struct km_rt_hash_row *hash = km_rt_hash(op->alg->hash);
    if (hash->name != NULL && hash->md == NULL)
        return false;
    if (EVP_PKEY_CTX_set_rsa_padding(op->pctx, padding_of(op)) != 1)
        return false;
    if (op->alg->scheme == KM_RT_RSA_OAEP)
        return EVP_PKEY_CTX_set_rsa_oaep_md(op->pctx, hash->md) == 1 &&
               EVP_PKEY_CTX_set_rsa_mgf1_md(op->pctx, hash->md) == 1;
    if (hash->md != NULL && EVP_PKEY_CTX_set_signature_md(op->pctx, hash->md) != 1)
        return false;
    op->salt_len = hash->len;
    return op->alg->scheme != KM_RT_RSA_PSS ||
           EVP_PKEY_CTX_set_rsa_pss_saltlen(op->pctx, (int)hash->len) == 1;
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
    if (op->alg->scheme == KM_RT_EDDSA)
        return true;
    op->pctx = EVP_PKEY_CTX_new_from_pkey(km_rt_libctx(), pkey, NULL);
    return op->pctx != NULL && init_for_mode(op) && (!is_rsa(op) || set_rsa_params(op));
}

/* Octets of r, and of s. */
static size_t half_of(const struct km_rt_operation *op, const struct km_rt_object *key)
{
    if (op->alg->scheme == KM_RT_EDDSA)
        return km_rt_raw_len(key->type);
    const struct km_rt_attr *order = km_rt_attr_get(key, TEE_ATTR_DSA_SUBPRIME);
    return op->alg->scheme == KM_RT_DSA && order != NULL ? order->len : km_rt_bytes(op->bits);
}

/* What a scheme does with the private value by itself. */
static bool keep_private(struct km_rt_operation *op, struct km_rt_object *key)
{
    if (op->alg->scheme == KM_RT_RSA_ES && op->mode == TEE_MODE_DECRYPT)
        return km_rt_rsa_es_secret(op, key);
    if (op->alg->scheme != KM_RT_ECDSA_FIXED || op->mode != TEE_MODE_SIGN)
        return true;
    const struct km_rt_attr *attr = km_rt_attr_get(key, TEE_ATTR_ECC_PRIVATE_VALUE);
    return attr != NULL && km_rt_keep_secret(op, KM_SLICE(attr->bytes, attr->len));
}

static bool set_key(struct km_rt_operation *op, struct km_rt_object *key)
{
    op->width = half_of(op, key);
    return use_key(op, km_rt_key(key)) && keep_private(op, key);
}

static void drop_key(struct km_rt_operation *op)
{
    EVP_PKEY_CTX_free(op->pctx);
    EVP_PKEY_free(op->pkey);
    op->pctx = NULL;
    op->pkey = NULL;
    km_rt_forget_secret(op);
}

static bool copy(struct km_rt_operation *dst, const struct km_rt_operation *src)
{
    dst->bits = src->bits;
    if (src->pkey != NULL && !use_key(dst, src->pkey))
        return false;
    return src->secret == NULL || km_rt_keep_secret(dst, KM_SLICE(src->secret, src->secret_len));
}

const struct km_rt_class km_rt_class_asymmetric = {
    .set_key = set_key, .drop_key = drop_key, .copy = copy};

/* ---- parameters of one call ---- */

/* The salt a call asks for; false when the key has no room for it. */
static bool apply_salt(struct km_rt_operation *op, const TEE_Attribute *attr)
{
    uint32_t hash_len = km_rt_hash(op->alg->hash)->len;
    uint32_t salt = attr != NULL ? attr->content.value.a : hash_len;
    uint32_t width = (uint32_t)km_rt_bytes(op->bits - 1);
    if (hash_len + 2 > width || salt > width - hash_len - 2)
        return false;
    if (salt != op->salt_len)
        km_rt_ssl_need(EVP_PKEY_CTX_set_rsa_pss_saltlen(op->pctx, (int)salt) == 1,
                       "the salt can't be set");
    op->salt_len = salt;
    return true;
}

/* Whether the key is as long as PKCS#1 v1.5 needs it for a digest of that hash: only short ones may not be. */
static bool has_digest_room(const struct km_rt_operation *op)
{
    enum { NAME_MAX_LEN = 19, PADDING = 11 };
    uint32_t hash_len = km_rt_hash(op->alg->hash)->len;
    return op->alg->scheme != KM_RT_RSA_PKCS1 ||
           hash_len + NAME_MAX_LEN + PADDING <= km_rt_bytes(op->bits);
}

/* libcrypto 3.0 has Ed25519 and Ed448 alone, no variants with a context or a digest (RFC 8032, 5). */
static TEE_Result check_eddsa_params(const TEE_Attribute *params, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = params[i].attributeID;
        if (id == TEE_ATTR_EDDSA_PREHASH && params[i].content.value.a == 0)
            continue;
        bool known = id == TEE_ATTR_EDDSA_PREHASH || id == TEE_ATTR_EDDSA_CTX;
        return known ? TEE_ERROR_NOT_SUPPORTED : TEE_ERROR_BAD_PARAMETERS;
    }
    return TEE_SUCCESS;
}

static TEE_Result apply_sign_params(struct km_rt_operation *op, const TEE_Attribute *params,
                                    uint32_t count)
{
    bool is_pss = op->alg->scheme == KM_RT_RSA_PSS;
    bool is_eddsa = op->alg->scheme == KM_RT_EDDSA;
    km_rt_need(count <= (is_eddsa ? 2u : 1u), "more parameters than any signature has");
    km_rt_own(params, count * sizeof(*params), "attributes outside the TA's own memory");
    if (is_eddsa)
        return check_eddsa_params(params, count);
    if (count != 0 && (!is_pss || params[0].attributeID != TEE_ATTR_RSA_PSS_SALT_LENGTH))
        return TEE_ERROR_BAD_PARAMETERS;
    bool ok = is_pss ? apply_salt(op, count != 0 ? params : NULL) : has_digest_room(op);
    return ok ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

/* ---- signatures ---- */

/* The digest in memory of our own; *ret_len is what libcrypto gets. */
static void take_digest(const struct km_rt_operation *op, const void *digest, size_t len,
                        uint8_t own[RSA_MAX], size_t *ret_len)
{
    uint32_t wanted = km_rt_hash(op->alg->hash)->len;
    km_rt_readable(digest, len);
    if (is_ecdsa(op)) {
        km_rt_need(len != 0, "an empty digest");
        /* What is beyond the order's bits is cut off by the algorithm (FIPS 186-4, 6.4). */
        *ret_len = len < KM_RT_RS_HALF_MAX ? len : KM_RT_RS_HALF_MAX;
    } else {
        bool ok = wanted != 0 ? len == wanted : len <= km_rt_bytes(op->bits) - 11;
        if (op->alg->scheme == KM_RT_DSA && len == op->width && len < wanted)
            ok = km_rt_is_lenient(); /* cut to the order's octets as DSA itself does it */
        km_rt_need(ok, "a digest of the wrong length");
        *ret_len = len;
    }
    if (*ret_len != 0)
        km_copy(own, RSA_MAX, digest, *ret_len);
}

static size_t signature_len(const struct km_rt_operation *op)
{
    return is_rsa(op) ? km_rt_bytes(op->bits) : 2 * op->width;
}

static TEE_Result sign(struct km_rt_operation *op, struct km_slice digest, uint8_t out[RSA_MAX])
{
    if (op->alg->scheme == KM_RT_ECDSA_FIXED)
        return km_rt_ssl_result(km_rt_ecdsa_fixed(op, digest, out), "the signature failed");
    uint8_t der[RSA_MAX] = {0};
    size_t len = sizeof(der);
    TEE_Result result = km_rt_ssl_result(
        EVP_PKEY_sign(op->pctx, der, &len, digest.ptr, digest.len) == 1, "the signature failed");
    if (result != TEE_SUCCESS)
        return result;
    bool ok = true;
    if (is_rsa(op))
        km_copy(out, RSA_MAX, der, len);
    else
        ok = km_rt_rs_from_der(KM_SLICE(der, len), op->width, out);
    km_rt_ssl_need(ok, "the signature failed");
    return TEE_SUCCESS;
}

/* EdDSA signs the message itself, which comes in the digest's place. */
static TEE_Result sign_given(struct km_rt_operation *op, const void *digest, size_t len,
                             uint8_t out[RSA_MAX])
{
    if (op->alg->scheme == KM_RT_EDDSA)
        return km_rt_eddsa_sign(op, digest, len, out);
    uint8_t own[RSA_MAX] = {0};
    size_t own_len = 0;
    take_digest(op, digest, len, own, &own_len);
    return sign(op, KM_SLICE(own, own_len), out);
}

static void check_digest_len(const struct km_rt_operation *op, const void *digest, size_t len)
{
    uint8_t own[RSA_MAX] = {0};
    size_t own_len = 0;
    km_rt_readable(digest, len);
    if (op->alg->scheme != KM_RT_EDDSA)
        take_digest(op, digest, len, own, &own_len);
}

TEE_Result TEE_AsymmetricSignDigest(TEE_OperationHandle operation, const TEE_Attribute *params,
                                    uint32_t paramCount, const void *digest, size_t digestLen,
                                    void *signature, size_t *signatureLen)
{
    struct km_rt_operation *op =
        km_rt_operation_keyed(operation, TEE_OPERATION_ASYMMETRIC_SIGNATURE);
    km_rt_need(op->mode == TEE_MODE_SIGN, "sign with an operation that verifies");
    km_rt_own(signatureLen, sizeof(*signatureLen), "a size outside the TA's own memory");
    check_digest_len(op, digest, digestLen);
    size_t wanted = signature_len(op);
    if (*signatureLen < wanted) {
        *signatureLen = wanted;
        return TEE_ERROR_SHORT_BUFFER;
    }
    TEE_Result result = apply_sign_params(op, params, paramCount);
    if (result != TEE_SUCCESS)
        return result;
    uint8_t out[RSA_MAX] = {0};
    result = sign_given(op, digest, digestLen, out);
    return result == TEE_SUCCESS ? km_rt_give(signature, signatureLen, out, wanted) : result;
}

static TEE_Result verify(struct km_rt_operation *op, struct km_slice digest,
                         struct km_slice signature)
{
    uint8_t der[KM_RT_RS_DER_MAX] = {0};
    if (!is_rsa(op)) {
        size_t len = 0;
        if (!km_rt_rs_to_der(signature.ptr, op->width, der, &len))
            return TEE_ERROR_SIGNATURE_INVALID;
        signature = KM_SLICE(der, len);
    }
    bool ok = EVP_PKEY_verify(op->pctx, signature.ptr, signature.len, digest.ptr, digest.len) == 1;
    if (!ok)
        km_rt_ssl_quiet();
    return ok ? TEE_SUCCESS : TEE_ERROR_SIGNATURE_INVALID;
}

TEE_Result TEE_AsymmetricVerifyDigest(TEE_OperationHandle operation, const TEE_Attribute *params,
                                      uint32_t paramCount, const void *digest, size_t digestLen,
                                      const void *signature, size_t signatureLen)
{
    struct km_rt_operation *op =
        km_rt_operation_keyed(operation, TEE_OPERATION_ASYMMETRIC_SIGNATURE);
    km_rt_need(op->mode == TEE_MODE_VERIFY, "verify with an operation that signs");
    check_digest_len(op, digest, digestLen);
    km_rt_readable(signature, signatureLen);
    TEE_Result result = apply_sign_params(op, params, paramCount);
    if (result != TEE_SUCCESS)
        return result;
    if (signatureLen != signature_len(op))
        return TEE_ERROR_SIGNATURE_INVALID;
    uint8_t given[RSA_MAX] = {0};
    km_copy(given, sizeof(given), signature, signatureLen);
    if (op->alg->scheme == KM_RT_EDDSA)
        return km_rt_eddsa_verify(op, digest, digestLen, given);
    uint8_t own[RSA_MAX] = {0};
    size_t own_len = 0;
    take_digest(op, digest, digestLen, own, &own_len);
    return verify(op, KM_SLICE(own, own_len), KM_SLICE(given, signatureLen));
}
