/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/crypto/payload_wire.h"

#define ANY_TARGET 0x1u

bool km_payload_wish_parse(struct km_slice in, struct km_payload_wish *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_payload_wish wish = {0};
    uint32_t flags = 0;
    if (!km_rd_u32le(&rd, &flags) || (flags & ~ANY_TARGET) != 0 ||
        !km_rd_u64le(&rd, &wish.lowest) ||
        !km_rd_blob32le(&rd, KM_PAYLOAD_TARGET_MAX, &wish.target) || !km_rd_done(&rd))
        return false;
    wish.any_target = (flags & ANY_TARGET) != 0;
    /* One wish has one form. */
    if (wish.any_target && wish.target.len != 0)
        return false;
    *ret = wish;
    return true;
}

bool km_payload_wish_put(const struct km_payload_wish *wish, struct km_span out, size_t *ret_len)
{
    struct km_wr wr = km_wr_init(out.ptr, out.len);
    struct km_slice done = {0};
    if (wish->target.len > KM_PAYLOAD_TARGET_MAX || (wish->any_target && wish->target.len != 0))
        return false;
    km_wr_u32le(&wr, wish->any_target ? ANY_TARGET : 0);
    km_wr_u64le(&wr, wish->lowest);
    km_wr_blob32le(&wr, wish->target);
    if (!km_wr_finish(&wr, &done))
        return false;
    *ret_len = done.len;
    return true;
}

static const struct {
    enum km_sign_digest digest;
    uint32_t hash, rsa, dsa;
} DIGESTS[] = {
    {KM_SIGN_MD5, KM_CRYPTO_MD5, KM_CRYPTO_RSASSA_PKCS1_V1_5_MD5, 0},
    {KM_SIGN_SHA1, KM_CRYPTO_SHA1, KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA1, KM_CRYPTO_DSA_SHA1},
    {KM_SIGN_SHA224, KM_CRYPTO_SHA224, KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA224, KM_CRYPTO_DSA_SHA224},
    {KM_SIGN_SHA256, KM_CRYPTO_SHA256, KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA256, KM_CRYPTO_DSA_SHA256},
    {KM_SIGN_SHA384, KM_CRYPTO_SHA384, KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA384, 0},
    {KM_SIGN_SHA512, KM_CRYPTO_SHA512, KM_CRYPTO_RSASSA_PKCS1_V1_5_SHA512, 0},
};

struct km_crypto_signing km_crypto_signing_of(const struct km_sign_alg *alg)
{
    struct km_crypto_signing signing = {0};
    for (size_t i = 0; i < KM_ARRAY_LEN(DIGESTS); i++) {
        if (DIGESTS[i].digest != alg->digest)
            continue;
        signing.digest = DIGESTS[i].hash;
        signing.algorithm = alg->family == KM_SIGN_RSA   ? DIGESTS[i].rsa
                            : alg->family == KM_SIGN_DSA ? DIGESTS[i].dsa
                                                         : KM_CRYPTO_ECDSA;
        signing.op_digest = alg->family == KM_SIGN_EC ? DIGESTS[i].hash : 0;
    }
    return signing;
}
