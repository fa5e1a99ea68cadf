/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/operation.h"

#include "common/km_des.h"
#include "common/km_secret.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#define SHARED_MAX 66
#define DH_MAX 512
#define DERIVED_MAX 8192 /* octets, the largest secret a type can hold */
#define INFO_MAX 4096
#define PARAMS_MAX 8

static bool use_pkey(struct km_rt_operation *op, EVP_PKEY *pkey)
{
    if (pkey == NULL || EVP_PKEY_up_ref(pkey) != 1)
        return false;
    op->pkey = pkey;
    op->pctx = EVP_PKEY_CTX_new_from_pkey(km_rt_libctx(), pkey, NULL);
    return op->pctx != NULL && EVP_PKEY_derive_init(op->pctx) == 1;
}

static bool agrees(const struct km_rt_operation *op)
{
    return op->alg->scheme == KM_RT_ECDH || op->alg->scheme == KM_RT_ECX ||
           op->alg->scheme == KM_RT_DH;
}

static bool set_key(struct km_rt_operation *op, struct km_rt_object *key)
{
    return agrees(op) ? use_pkey(op, km_rt_key(key)) : km_rt_keep_secret(op, km_rt_secret(key));
}

static void drop_key(struct km_rt_operation *op)
{
    EVP_PKEY_CTX_free(op->pctx);
    EVP_PKEY_free(op->pkey);
    km_rt_forget_secret(op);
    op->pctx = NULL;
    op->pkey = NULL;
}

static bool copy(struct km_rt_operation *dst, const struct km_rt_operation *src)
{
    if (src->pkey != NULL)
        return use_pkey(dst, src->pkey);
    return src->secret == NULL || km_rt_keep_secret(dst, KM_SLICE(src->secret, src->secret_len));
}

const struct km_rt_class km_rt_class_derive = {
    .set_key = set_key, .drop_key = drop_key, .copy = copy};

/* ---- parameters ---- */

static void check_known(const TEE_Attribute *params, uint32_t count, const uint32_t *known,
                        size_t n_known)
{
    for (uint32_t i = 0; i < count; i++) {
        bool ok = false;
        for (size_t k = 0; k < n_known; k++)
            ok = ok || params[i].attributeID == known[k];
        km_rt_need(ok, "a parameter that this derivation does not know");
        km_rt_need(km_rt_param(params, i, params[i].attributeID) == NULL,
                   "an attribute given twice");
    }
}

/* One buffer parameter, under either of two identifiers; empty when it is not there. */
static struct km_slice buffer_param(const TEE_Attribute *params, uint32_t count, uint32_t id,
                                    uint32_t other)
{
    const TEE_Attribute *attr = km_rt_param(params, count, id);
    if (attr == NULL && other != 0)
        attr = km_rt_param(params, count, other);
    if (attr == NULL)
        return KM_SLICE(NULL, 0);
    km_rt_readable(attr->content.ref.buffer, attr->content.ref.length);
    km_rt_need(attr->content.ref.length <= INFO_MAX, "a parameter that is too long");
    return KM_SLICE(attr->content.ref.buffer, attr->content.ref.length);
}

static uint32_t value_param(const TEE_Attribute *params, uint32_t count, uint32_t id)
{
    const TEE_Attribute *attr = km_rt_param(params, count, id);
    km_rt_need(attr != NULL, "a derivation without a parameter that it needs");
    return attr->content.value.a;
}

/* ---- ECDH ---- */

/* To the right of width octets that are zero. */
static bool pad(struct km_slice number, size_t width, uint8_t *out)
{
    if (number.ptr == NULL || number.len == 0)
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

static size_t derive_ecdh(struct km_rt_operation *op, const TEE_Attribute *params, uint32_t count,
                          uint8_t out[DERIVED_MAX])
{
    static const uint32_t known[] = {TEE_ATTR_ECC_PUBLIC_VALUE_X, TEE_ATTR_ECC_PUBLIC_VALUE_Y};
    check_known(params, count, known, KM_ARRAY_LEN(known));
    const struct km_rt_curve *curve = km_rt_curve_by_bits(op->bits);
    size_t width = km_rt_bytes(op->bits);
    uint8_t x[SHARED_MAX] = {0};
    uint8_t y[SHARED_MAX] = {0};
    bool ok = pad(buffer_param(params, count, TEE_ATTR_ECC_PUBLIC_VALUE_X, 0), width, x) &&
              pad(buffer_param(params, count, TEE_ATTR_ECC_PUBLIC_VALUE_Y, 0), width, y);
    EVP_PKEY *peer = ok ? km_rt_key_point(curve, KM_SLICE(x, width), KM_SLICE(y, width)) : NULL;
    km_rt_need(peer != NULL, "a peer's point that is not on the curve");
    /* These curves have cofactor 1: a point on the curve is in the group. */
    size_t len = SHARED_MAX;
    ok = EVP_PKEY_derive_set_peer_ex(op->pctx, peer, 0) == 1 &&
         EVP_PKEY_derive(op->pctx, out, &len) == 1;
    EVP_PKEY_free(peer);
    km_rt_ssl_need(ok && len == width, "the key agreement failed");
    return len;
}

/* The peer is not to blame when memory is short. */
static void need_memory(bool ok)
{
    km_rt_ssl_need(ok || !km_rt_ssl_short(), "no memory for the key agreement");
}

/* ---- X25519, X448 ---- */

static size_t derive_ecx(struct km_rt_operation *op, const TEE_Attribute *params, uint32_t count,
                         uint8_t out[DERIVED_MAX])
{
    bool is_25519 = op->alg->alg == TEE_ALG_X25519;
    const uint32_t known[] = {is_25519 ? TEE_ATTR_X25519_PUBLIC_VALUE : TEE_ATTR_X448_PUBLIC_VALUE};
    check_known(params, count, known, KM_ARRAY_LEN(known));
    struct km_slice given = buffer_param(params, count, known[0], 0);
    size_t len = km_rt_bytes(op->bits);
    km_rt_need(given.len == len, "a peer's public value of the wrong length");
    uint8_t own[KM_RT_RAW_KEY_MAX] = {0};
    km_copy(own, sizeof(own), given.ptr, given.len);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key_ex(km_rt_libctx(), is_25519 ? "X25519" : "X448",
                                                    NULL, own, len);
    bool ok = peer != NULL && EVP_PKEY_derive_set_peer_ex(op->pctx, peer, 0) == 1 &&
              EVP_PKEY_derive(op->pctx, out, &len) == 1;
    EVP_PKEY_free(peer);
    need_memory(ok);
    km_rt_need(ok, "a peer's public value that gives no secret");
    return len;
}

/* ---- DH ---- */

static EVP_PKEY *dh_peer(const struct km_rt_operation *op, struct km_slice value)
{
    uint8_t own[DH_MAX] = {0};
    EVP_PKEY *peer = EVP_PKEY_new();
    km_copy(own, sizeof(own), value.ptr, value.len);
    bool ok = peer != NULL && EVP_PKEY_copy_parameters(peer, op->pkey) == 1 &&
              EVP_PKEY_set1_encoded_public_key(peer, own, value.len) == 1;
    if (ok)
        return peer;
    EVP_PKEY_free(peer);
    return NULL;
}

/* The secret is as wide as the prime (SP 800-56A, 5.7.1.1). */
static size_t derive_dh(struct km_rt_operation *op, const TEE_Attribute *params, uint32_t count,
                        uint8_t out[DERIVED_MAX])
{
    static const uint32_t known[] = {TEE_ATTR_DH_PUBLIC_VALUE};
    check_known(params, count, known, KM_ARRAY_LEN(known));
    struct km_slice given = buffer_param(params, count, known[0], 0);
    size_t width = km_rt_bytes(op->bits);
    uint8_t value[DH_MAX] = {0};
    km_rt_need(pad(given, width, value), "a peer's public value outside the group");
    EVP_PKEY *peer = dh_peer(op, KM_SLICE(value, width));
    size_t len = DERIVED_MAX;
    unsigned padded = 1;
    OSSL_PARAM with[] = {OSSL_PARAM_construct_uint(OSSL_EXCHANGE_PARAM_PAD, &padded),
                         OSSL_PARAM_construct_end()};
    bool ok = peer != NULL && EVP_PKEY_CTX_set_params(op->pctx, with) == 1 &&
              EVP_PKEY_derive_set_peer_ex(op->pctx, peer, 1) == 1 &&
              EVP_PKEY_derive(op->pctx, out, &len) == 1;
    EVP_PKEY_free(peer);
    need_memory(ok);
    km_rt_need(ok && len == width, "a peer's public value outside the group");
    return len;
}

/* ---- key derivation functions ---- */

static size_t run_kdf(const struct km_rt_operation *op, const OSSL_PARAM *params, uint8_t *out,
                      size_t len)
{
    km_rt_need(len != 0 && len <= DERIVED_MAX, "a derived key of an impossible length");
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(km_rt_kdf(op->alg->scheme));
    bool ok = ctx != NULL && EVP_KDF_derive(ctx, out, len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    km_rt_ssl_need(ok, "the key derivation failed");
    return len;
}

static OSSL_PARAM octets(const char *name, struct km_slice bytes)
{
    static uint8_t nothing;
    void *at = bytes.len != 0 ? (void *)(uintptr_t)bytes.ptr : &nothing;
    return OSSL_PARAM_construct_octet_string(name, at, bytes.len);
}

static OSSL_PARAM hash_name(const struct km_rt_hash_row *hash)
{
    km_rt_need(hash != NULL && hash->name != NULL, "a hash that this derivation does not know");
    return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)hash->name,
                                            0);
}

static size_t derive_hkdf(struct km_rt_operation *op, const TEE_Attribute *params, uint32_t count,
                          uint8_t out[DERIVED_MAX])
{
    static const uint32_t of_gp[] = {TEE_ATTR_HKDF_SALT, TEE_ATTR_HKDF_INFO,
                                     TEE_ATTR_HKDF_HASH_ALGORITHM, TEE_ATTR_KDF_KEY_SIZE};
    static const uint32_t of_optee[] = {__OPTEE_TEE_ATTR_HKDF_SALT, __OPTEE_ATTR_HKDF_INFO,
                                        TEE_ATTR_HKDF_SALT, TEE_ATTR_HKDF_INFO,
                                        TEE_ATTR_HKDF_OKM_LENGTH};
    bool is_gp = op->alg->alg == TEE_ALG_HKDF;
    if (is_gp)
        check_known(params, count, of_gp, KM_ARRAY_LEN(of_gp));
    else
        check_known(params, count, of_optee, KM_ARRAY_LEN(of_optee));
    struct km_slice salt =
        buffer_param(params, count, TEE_ATTR_HKDF_SALT, __OPTEE_TEE_ATTR_HKDF_SALT);
    struct km_slice info = buffer_param(params, count, TEE_ATTR_HKDF_INFO, __OPTEE_ATTR_HKDF_INFO);
    const struct km_rt_hash_row *hash =
        is_gp ? km_rt_hash_by_alg(value_param(params, count, TEE_ATTR_HKDF_HASH_ALGORITHM))
              : km_rt_hash(op->alg->hash);
    uint32_t len =
        value_param(params, count, is_gp ? TEE_ATTR_KDF_KEY_SIZE : TEE_ATTR_HKDF_OKM_LENGTH);
    OSSL_PARAM with[] = {hash_name(hash),
                         octets(OSSL_KDF_PARAM_KEY, KM_SLICE(op->secret, op->secret_len)),
                         octets(OSSL_KDF_PARAM_SALT, salt), octets(OSSL_KDF_PARAM_INFO, info),
                         OSSL_PARAM_construct_end()};
    return run_kdf(op, with, out, len);
}

static size_t derive_concat(struct km_rt_operation *op, const TEE_Attribute *params, uint32_t count,
                            uint8_t out[DERIVED_MAX])
{
    static const uint32_t known[] = {TEE_ATTR_CONCAT_KDF_OTHER_INFO,
                                     TEE_ATTR_CONCAT_KDF_DKM_LENGTH};
    check_known(params, count, known, KM_ARRAY_LEN(known));
    struct km_slice info = buffer_param(params, count, TEE_ATTR_CONCAT_KDF_OTHER_INFO, 0);
    uint32_t len = value_param(params, count, TEE_ATTR_CONCAT_KDF_DKM_LENGTH);
    OSSL_PARAM with[] = {hash_name(km_rt_hash(op->alg->hash)),
                         octets(OSSL_KDF_PARAM_KEY, KM_SLICE(op->secret, op->secret_len)),
                         octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
    return run_kdf(op, with, out, len);
}

static size_t derive_pbkdf2(struct km_rt_operation *op, const TEE_Attribute *params, uint32_t count,
                            uint8_t out[DERIVED_MAX])
{
    static const uint32_t known[] = {TEE_ATTR_PBKDF2_SALT, TEE_ATTR_PBKDF2_ITERATION_COUNT,
                                     TEE_ATTR_PBKDF2_DKM_LENGTH};
    check_known(params, count, known, KM_ARRAY_LEN(known));
    km_rt_need(km_rt_param(params, count, TEE_ATTR_PBKDF2_SALT) != NULL, "PBKDF2 without a salt");
    struct km_slice salt = buffer_param(params, count, TEE_ATTR_PBKDF2_SALT, 0);
    uint64_t rounds = value_param(params, count, TEE_ATTR_PBKDF2_ITERATION_COUNT);
    uint32_t len = value_param(params, count, TEE_ATTR_PBKDF2_DKM_LENGTH);
    km_rt_need(rounds != 0, "PBKDF2 without iterations");
    int any_length = 1; /* which salts and counts are enough is the TA's to say */
    OSSL_PARAM with[] = {hash_name(km_rt_hash(op->alg->hash)),
                         octets(OSSL_KDF_PARAM_PASSWORD, KM_SLICE(op->secret, op->secret_len)),
                         octets(OSSL_KDF_PARAM_SALT, salt),
                         OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_ITER, &rounds),
                         OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &any_length),
                         OSSL_PARAM_construct_end()};
    return run_kdf(op, with, out, len);
}

static size_t derive(struct km_rt_operation *op, const TEE_Attribute *params, uint32_t count,
                     uint8_t out[DERIVED_MAX])
{
    switch (op->alg->scheme) {
    case KM_RT_ECDH:
        return derive_ecdh(op, params, count, out);
    case KM_RT_ECX:
        return derive_ecx(op, params, count, out);
    case KM_RT_DH:
        return derive_dh(op, params, count, out);
    case KM_RT_HKDF:
        return derive_hkdf(op, params, count, out);
    case KM_RT_CONCAT_KDF:
        return derive_concat(op, params, count, out);
    default:
        return derive_pbkdf2(op, params, count, out);
    }
}

void TEE_DeriveKey(TEE_OperationHandle operation, const TEE_Attribute *params, uint32_t paramCount,
                   TEE_ObjectHandle derivedKey)
{
    struct km_rt_operation *op = km_rt_operation_keyed(operation, TEE_OPERATION_KEY_DERIVATION);
    struct km_rt_object *key = km_rt_object_get(derivedKey);
    km_rt_need_state(!km_rt_is_stored(key) && !km_rt_is_initialized(key),
                     "derive into an object that is persistent or initialized");
    km_rt_need(key->type->family == KM_RT_SECRET, "derive into an object that holds no secret");
    km_rt_need(paramCount <= PARAMS_MAX, "more parameters than any derivation has");
    km_rt_own(params, paramCount * sizeof(*params), "attributes outside the TA's own memory");
    uint8_t out[DERIVED_MAX] = {0};
    size_t len = derive(op, params, paramCount, out);
    bool fits = len * 8 <= key->max_bits && km_rt_type_size_ok(key->type, (uint32_t)len * 8);
    if (km_rt_type_is_des(key->type))
        km_des_set_parity(KM_SPAN(out, len));
    bool kept = fits && km_rt_secret_put(key, KM_SLICE(out, len));
    km_wipe(out, len);
    km_rt_need(fits, "a derived key that the object can't hold");
    km_rt_ssl_need(kept, "no memory for the derived key");
}
