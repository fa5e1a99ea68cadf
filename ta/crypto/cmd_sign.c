/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures: the hot path. */
#include "common/km_der.h"
#include "ta/crypto/session.h"

TEE_Result km_use_find(struct km_session *session, uint32_t key_id, uint32_t algorithm,
                       enum km_alg_class class, uint32_t mode, struct km_use *ret)
{
    struct km_use use = {.key = km_slots_find(&session->keys, key_id),
                         .alg = km_alg_find(algorithm)};
    if (use.key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    if (use.alg == NULL || use.alg->class != class ||
        (use.alg->family & use.key->type->family) == 0 ||
        !km_alg_key_fits(use.alg, use.key->meta.bits))
        return TEE_ERROR_NOT_SUPPORTED;
    bool derives = class == KM_ALG_AGREE || class == KM_ALG_KDF;
    use.usage = derives ? KM_CRYPTO_USAGE_DERIVE : km_alg_usage(use.alg, mode);
    if (use.usage == 0)
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_key_permits(use.key, use.usage));
    *ret = use;
    return TEE_SUCCESS;
}

#define ED25519_LEN 64u
#define ED448_LEN 114u

/* Octets of each of the two numbers of an ECDSA or DSA signature. */
static size_t number_len(const struct km_key *key)
{
    struct km_dh_group group = {0};
    if (key->type->family != KM_FAMILY_DSA)
        return km_curve_len(key->meta.bits);
    km_key_group(key, &group);
    return group.subprime.len;
}

/* SEQUENCE of two INTEGERs, each with a sign octet where the order fills its octets. */
static size_t two_numbers_len(const struct km_key *key)
{
    bool is_full = key->type->family == KM_FAMILY_DSA || key->meta.bits % 8u == 0;
    size_t body = 2u * (2u + number_len(key) + (is_full ? 1u : 0u));
    return body + (body < 128u ? 2u : 3u);
}

size_t km_sign_len(const struct km_alg *alg, const struct km_key *key)
{
    if ((alg->flags & KM_ALG_TWO_NUMBERS) != 0)
        return two_numbers_len(key);
    if (alg->family == KM_FAMILY_RSA)
        return key->meta.bits / 8u;
    return alg->family == KM_FAMILY_ED448 ? ED448_LEN : ED25519_LEN;
}

bool km_sign_digest_fits(const struct km_alg *alg, size_t len)
{
    if ((alg->flags & KM_ALG_MESSAGE) != 0)
        return true;
    if (alg->id == KM_CRYPTO_ECDSA)
        return len >= 1 && len <= KM_CRYPTO_DIGEST_MAX;
    return len == alg->digest_len;
}

#define SHA1_LEN 20u

/* ECDSA's name here is its curve's: whether SHA-1 may be signed is asked by another name. */
static bool hash_is_allowed(const struct km_alg *alg, size_t digest_len)
{
    if (alg->family != KM_FAMILY_ECDSA || digest_len != SHA1_LEN)
        return true;
    return TEE_IsAlgorithmSupported(TEE_ALG_RSASSA_PKCS1_V1_5_SHA1, TEE_CRYPTO_ELEMENT_NONE) ==
           TEE_SUCCESS;
}

TEE_Result km_sign_alg(const struct km_alg **alg, uint32_t mode, size_t digest_len)
{
    if (!hash_is_allowed(*alg, digest_len))
        return TEE_ERROR_NOT_SUPPORTED;
    if ((*alg)->id != KM_CRYPTO_ECDSA_DETERMINISTIC)
        return TEE_SUCCESS;
    const struct km_alg *row = km_alg_deterministic(digest_len);
    if (row == NULL)
        return TEE_ERROR_BAD_PARAMETERS;
    *alg = mode == KM_CRYPTO_MODE_SIGN ? row : km_alg_find(KM_CRYPTO_ECDSA);
    return TEE_SUCCESS;
}

static bool is_pss(const struct km_alg *alg)
{
    return (alg->id >= KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA1 &&
            alg->id <= KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA512) ||
           (alg->id >= KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA3_224 &&
            alg->id <= KM_CRYPTO_RSASSA_PKCS1_PSS_MGF1_SHA3_512);
}

static TEE_Result check_digest(const struct km_signing *with, struct km_slice digest)
{
    if (!km_sign_digest_fits(with->alg, digest.len))
        return TEE_ERROR_BAD_PARAMETERS;
    if (with->salt == NULL)
        return TEE_SUCCESS;
    /* RFC 8017, 9.1.1: the encoded message holds digest, salt and two octets. */
    size_t room = (with->key->meta.bits - 1u + 7u) / 8u - with->alg->digest_len - 2u;
    return is_pss(with->alg) && *with->salt <= room ? TEE_SUCCESS : TEE_ERROR_BAD_PARAMETERS;
}

static uint32_t salt_param(const struct km_signing *with, TEE_Attribute *ret)
{
    if (with->salt == NULL)
        return 0;
    TEE_InitValueAttribute(ret, TEE_ATTR_RSA_PSS_SALT_LENGTH, *with->salt, 0);
    return 1;
}

TEE_Result km_sign(const struct km_signing *with, struct km_slice digest, TEE_Param *out)
{
    uint8_t raw[KM_CRYPTO_SIGNATURE_MAX];
    uint8_t der[2 * 66 + 16];
    size_t raw_len = sizeof(raw);
    size_t der_len = 0;
    TEE_Attribute salt = {0};
    uint32_t n = salt_param(with, &salt);
    KM_TRY_TEE(TEE_AsymmetricSignDigest(with->op, n != 0 ? &salt : NULL, n, digest.ptr, digest.len,
                                        raw, &raw_len));
    if ((with->alg->flags & KM_ALG_TWO_NUMBERS) == 0)
        return km_ta_give(out, KM_SLICE(raw, raw_len));
    if (!km_der_ecdsa_from_raw(KM_SLICE(raw, raw_len), KM_SPAN(der, sizeof(der)), &der_len))
        km_ta_unreached();
    return km_ta_give(out, KM_SLICE(der, der_len));
}

TEE_Result km_verify(const struct km_signing *with, struct km_slice digest,
                     struct km_slice signature)
{
    uint8_t raw[2 * 66] = {0}; /* DSA's numbers are shorter: subprime of 256 bits */
    TEE_Attribute salt = {0};
    uint32_t n = salt_param(with, &salt);
    if ((with->alg->flags & KM_ALG_TWO_NUMBERS) != 0) {
        size_t len = number_len(with->key);
        if (!km_der_ecdsa_to_raw(signature, len, raw))
            return TEE_ERROR_SIGNATURE_INVALID;
        signature = KM_SLICE(raw, 2 * len);
    } else if (signature.len != km_sign_len(with->alg, with->key)) {
        return TEE_ERROR_SIGNATURE_INVALID;
    }
    return TEE_AsymmetricVerifyDigest(with->op, n != 0 ? &salt : NULL, n, digest.ptr, digest.len,
                                      signature.ptr, signature.len);
}

static TEE_Result sign_digest(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS],
                              const uint32_t *salt)
{
    struct km_use use = {0};
    struct km_slice digest = km_in(&params[1]);
    KM_TRY_TEE(km_use_find(session, params[0].value.a, params[0].value.b, KM_ALG_SIGN,
                           KM_CRYPTO_MODE_SIGN, &use));
    KM_TRY_TEE(km_sign_alg(&use.alg, KM_CRYPTO_MODE_SIGN, digest.len));
    struct km_signing with = {.alg = use.alg, .key = use.key, .salt = salt};
    KM_TRY_TEE(check_digest(&with, digest));
    KM_TRY_TEE(km_ta_room(&params[2], km_sign_len(use.alg, use.key)));
    KM_TRY_TEE(km_key_operation(use.key, use.alg, TEE_MODE_SIGN, &with.op));
    KM_TRY_TEE(km_key_charge(use.key, use.usage));
    return km_sign(&with, digest, &params[2]);
}

static TEE_Result verify_digest(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS],
                                const uint32_t *salt)
{
    struct km_use use = {0};
    struct km_slice digest = km_in(&params[1]);
    KM_TRY_TEE(km_use_find(session, params[0].value.a, params[0].value.b, KM_ALG_SIGN,
                           KM_CRYPTO_MODE_VERIFY, &use));
    KM_TRY_TEE(km_sign_alg(&use.alg, KM_CRYPTO_MODE_VERIFY, digest.len));
    struct km_signing with = {.alg = use.alg, .key = use.key, .salt = salt};
    KM_TRY_TEE(check_digest(&with, digest));
    KM_TRY_TEE(km_key_operation(use.key, use.alg, TEE_MODE_VERIFY, &with.op));
    KM_TRY_TEE(km_key_charge(use.key, use.usage));
    return km_verify(&with, digest, km_in(&params[2]));
}

TEE_Result km_cmd_sign_digest(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return sign_digest(session, params, NULL);
}

TEE_Result km_cmd_verify_digest(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return verify_digest(session, params, NULL);
}

TEE_Result km_cmd_sign_digest_pss(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return sign_digest(session, params, &params[3].value.a);
}

TEE_Result km_cmd_verify_digest_pss(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    return verify_digest(session, params, &params[3].value.a);
}
