/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/package_sign.h"

#include "ta/crypto/key_der.h"
#include "ta/crypto/payload_wire.h"
#include "ta/crypto/session.h"

static TEE_Result hash(const struct km_alg *alg, struct km_slice in, struct km_span out)
{
    KM_AUTO(km_ta_operationp) TEE_OperationHandle op = TEE_HANDLE_NULL;
    size_t len = out.len;
    KM_TRY_TEE(TEE_AllocateOperation(&op, alg->tee, TEE_MODE_DIGEST, 0));
    return TEE_DigestDoFinal(op, in.ptr, in.len, out.ptr, &len);
}

TEE_Result km_package_verify(struct km_key *key, const struct km_envelope *envelope)
{
    uint8_t digest[KM_CRYPTO_DIGEST_MAX] = {0};
    if (envelope->version != KM_ENVELOPE_VERSION || envelope->alg == NULL)
        return TEE_ERROR_NOT_SUPPORTED;
    /* What this application calls the hash and the signature; NULL when it does not offer one of them. */
    const struct km_crypto_signing signing = km_crypto_signing_of(envelope->alg);
    const struct km_alg *hash_alg = km_alg_find(signing.digest);
    const struct km_alg *sign_alg = km_alg_find(signing.algorithm);
    if (hash_alg == NULL || sign_alg == NULL || !km_alg_supported(sign_alg, 0))
        return TEE_ERROR_NOT_SUPPORTED;
    if ((key->type->family & sign_alg->family) == 0)
        return TEE_ERROR_SIGNATURE_INVALID;
    struct km_signing with = {.alg = sign_alg, .key = key};
    KM_TRY_TEE(km_key_permits(key, KM_CRYPTO_USAGE_VERIFY));
    KM_TRY_TEE(km_key_operation(key, sign_alg, TEE_MODE_VERIFY, &with.op));
    KM_TRY_TEE(km_key_charge(key, KM_CRYPTO_USAGE_VERIFY));
    KM_TRY_TEE(hash(hash_alg, envelope->content, KM_SPAN(digest, sizeof(digest))));
    return km_verify(&with, KM_SLICE(digest, envelope->alg->digest_len), envelope->signature);
}

TEE_Result km_key_fingerprint(const struct km_key *key, uint8_t ret[32])
{
    uint8_t spki[KM_CRYPTO_DER_KEY_MAX] = {0};
    struct km_crypto_attrs attrs = {0};
    size_t len = 0;
    if ((key->type->family & KM_FAMILY_SYMMETRIC) != 0)
        return TEE_ERROR_NOT_SUPPORTED;
    km_key_attrs(key, &attrs);
    if (!km_der_key_put_spki(&attrs, KM_SPAN(spki, sizeof(spki)), &len))
        return TEE_ERROR_NOT_SUPPORTED;
    return hash(km_alg_find(KM_CRYPTO_SHA256), KM_SLICE(spki, len), KM_SPAN(ret, 32));
}
