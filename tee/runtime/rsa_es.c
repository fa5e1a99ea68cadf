/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decryption by RSAES-PKCS1-v1_5 without an error for a padding that is wrong: whoever can tell the two apart can decrypt
 * and sign with the key (Bleichenbacher, 1998). This libcrypto answers an error, so it does the bare exponentiation here
 * and the padding is taken off as draft-irtf-cfrg-rsa-guidance has it: from a wrong one a text comes out that depends on key and
 * ciphertext, the same each time, of a length that any right one could have. Nothing branches on the block, and
 * no address depends on it before the place of the text, which whoever sees the answer's length knows anyway.
 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#define WIDTH_MAX 512
#define SECRET_LEN 32
#define N_TRIES 128 /* one of them fits but for a chance below 2^-128 */
#define PAD_MIN 8
#define HEAD 2

static bool hmac(struct km_slice key, struct km_slice const parts[], size_t n_parts,
                 uint8_t out[SECRET_LEN])
{
    static char sha256[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(km_rt_mac(KM_RT_HMAC));
    bool ok = ctx != NULL && EVP_MAC_init(ctx, key.ptr, key.len, params) == 1;
    for (size_t i = 0; i < n_parts && ok; i++)
        ok = EVP_MAC_update(ctx, parts[i].ptr, parts[i].len) == 1;
    size_t len = 0;
    ok = ok && EVP_MAC_final(ctx, out, &len, SECRET_LEN) == 1 && len == SECRET_LEN;
    EVP_MAC_CTX_free(ctx);
    return ok;
}

bool km_rt_rsa_es_secret(struct km_rt_operation *op, struct km_rt_object *key)
{
    const struct km_rt_attr *attr = km_rt_attr_get(key, TEE_ATTR_RSA_PRIVATE_EXPONENT);
    size_t width = km_rt_bytes(op->bits);
    if (attr == NULL || attr->len > width)
        return false;
    uint8_t exponent[WIDTH_MAX] = {0};
    uint8_t secret[SECRET_LEN] = {0};
    km_copy(exponent + (width - attr->len), attr->len, attr->bytes, attr->len);
    bool ok = EVP_Digest(exponent, width, secret, NULL, km_rt_hash(KM_RT_SHA256)->md, NULL) == 1 &&
              km_rt_keep_secret(op, KM_SLICE(secret, sizeof(secret)));
    km_wipe(exponent, sizeof(exponent));
    km_wipe(secret, sizeof(secret));
    return ok;
}

/* len octets of the draft's function: HMAC over a counter, the label and the bits wanted. */
static bool expand(const uint8_t kdk[SECRET_LEN], struct km_slice label, uint8_t *out, size_t len)
{
    const uint8_t bits[2] = {(uint8_t)(len * 8 >> 8), (uint8_t)(len * 8)};
    uint8_t piece[SECRET_LEN] = {0};
    bool ok = true;
    for (size_t at = 0; at < len && ok; at += SECRET_LEN) {
        size_t round = at / SECRET_LEN;
        const uint8_t number[2] = {(uint8_t)(round >> 8), (uint8_t)round};
        const struct km_slice parts[] = {KM_SLICE(number, 2), label, KM_SLICE(bits, 2)};
        ok = hmac(KM_SLICE(kdk, SECRET_LEN), parts, KM_ARRAY_LEN(parts), piece);
        size_t n = len - at < SECRET_LEN ? len - at : SECRET_LEN;
        km_copy(out + at, n, piece, n);
    }
    km_wipe(piece, sizeof(piece));
    return ok;
}

/* ---- words of all ones or none; what they are made of is below 2^31. The barrier keeps the compiler from branching. ---- */

static uint32_t opaque(uint32_t x)
{
    __asm__("" : "+r"(x));
    return x;
}
static uint32_t is_less(uint32_t a, uint32_t b)
{
    return 0u - (opaque(a - b) >> 31);
}
static uint32_t is_zero(uint32_t a)
{
    return is_less(a, 1);
}
static uint32_t choose(uint32_t mask, uint32_t yes, uint32_t no)
{
    return (opaque(mask) & yes) | (~opaque(mask) & no);
}

/* Of the candidates, cut to the bits that limit needs, the last that is below it. */
static uint32_t made_up_len(const uint8_t candidates[2 * N_TRIES], uint32_t limit)
{
    uint32_t bits = limit;
    for (unsigned shift = 1; shift <= 8; shift *= 2)
        bits |= bits >> shift;
    uint32_t len = 0;
    for (size_t i = 0; i < N_TRIES; i++) {
        uint32_t candidate = ((uint32_t)candidates[2 * i] << 8 | candidates[2 * i + 1]) & bits;
        len = choose(is_less(candidate, limit), candidate, len);
    }
    return len;
}

/* Where the text starts, and whether there is a padding of 00 02, PAD_MIN octets that are not 0, and 00. */
static uint32_t look(const uint8_t *block, uint32_t width, uint32_t *ret_good)
{
    uint32_t good = is_zero(block[0]) & is_zero(block[1] ^ 2u);
    uint32_t found = 0;
    uint32_t zero_at = 0;
    for (uint32_t i = HEAD; i < width; i++) {
        uint32_t zero = is_zero(block[i]);
        zero_at = choose(~found & zero, i, zero_at);
        found |= zero;
    }
    *ret_good = good & found & ~is_less(zero_at, HEAD + PAD_MIN);
    return zero_at + 1;
}

bool km_rt_rsa_es_open(const struct km_rt_operation *op, struct km_slice ciphertext, uint8_t *block,
                       size_t *ret_at, size_t *ret_len)
{
    static const struct km_slice length = {(const uint8_t *)"length", 6};
    static const struct km_slice message = {(const uint8_t *)"message", 7};
    uint32_t width = (uint32_t)ciphertext.len;
    uint8_t kdk[SECRET_LEN] = {0};
    uint8_t candidates[2 * N_TRIES] = {0};
    uint8_t made_up[WIDTH_MAX] = {0};
    bool ok = hmac(KM_SLICE(op->secret, op->secret_len), &ciphertext, 1, kdk) &&
              expand(kdk, length, candidates, sizeof(candidates)) &&
              expand(kdk, message, made_up, width);
    uint32_t good = 0;
    uint32_t at = look(block, width, &good);
    uint32_t len = made_up_len(candidates, width - HEAD - PAD_MIN);
    at = choose(good, at, width - len);
    for (uint32_t i = 0; i < width; i++)
        block[i] = (uint8_t)choose(good, block[i], made_up[i]);
    km_wipe(kdk, sizeof(kdk));
    km_wipe(candidates, sizeof(candidates));
    km_wipe(made_up, sizeof(made_up));
    *ret_at = at;
    *ret_len = width - at;
    return ok;
}
