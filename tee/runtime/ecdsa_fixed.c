/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA whose nonce comes from key and digest (RFC 6979). libcrypto 3.0 can't choose it by itself, but signs with a
 * nonce that it is given; its HMAC is all that the RFC needs to make one. Secrets are wiped or in the locked heap.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* a given nonce is taken by EC_KEY alone */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>

#define HALF_MAX KM_RT_RS_HALF_MAX

/* The state of the generator in 3.2; x and h1 are as wide as the order. */
struct generator {
    const struct km_rt_hash_row *hash;
    uint8_t key[KM_RT_DIGEST_MAX], value[KM_RT_DIGEST_MAX];
};

struct work {
    EC_GROUP *group;
    EC_KEY *key;
    EC_POINT *point;
    BN_CTX *ctx;
    BN_MONT_CTX *mont;
    BIGNUM *x, *k, *inverse, *exponent, *r;
    const BIGNUM *order;
};

static bool hmac(const struct generator *gen, const struct km_slice *parts, size_t n_parts,
                 uint8_t *out)
{
    char *name = (char *)(uintptr_t)gen->hash->name;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(km_rt_mac(KM_RT_HMAC));
    bool ok = ctx != NULL && EVP_MAC_init(ctx, gen->key, gen->hash->len, params) == 1;
    for (size_t i = 0; i < n_parts && ok; i++)
        ok = EVP_MAC_update(ctx, parts[i].ptr, parts[i].len) == 1;
    size_t len = 0;
    ok = ok && EVP_MAC_final(ctx, out, &len, KM_RT_DIGEST_MAX) == 1 && len == gen->hash->len;
    EVP_MAC_CTX_free(ctx);
    return ok;
}

/* K = HMAC_K(V || mark || seed), V = HMAC_K(V). */
static bool stir(struct generator *gen, uint8_t mark, struct km_slice x, struct km_slice h1)
{
    uint8_t next[KM_RT_DIGEST_MAX] = {0};
    const struct km_slice parts[] = {KM_SLICE(gen->value, gen->hash->len), KM_SLICE(&mark, 1), x,
                                     h1};
    bool ok = hmac(gen, parts, KM_ARRAY_LEN(parts), next);
    km_copy(gen->key, sizeof(gen->key), next, sizeof(next));
    ok = ok && hmac(gen, parts, 1, next);
    km_copy(gen->value, sizeof(gen->value), next, sizeof(next));
    km_wipe(next, sizeof(next));
    return ok;
}

static bool generator_init(struct generator *gen, const struct km_rt_hash_row *hash,
                           struct km_slice x, struct km_slice h1)
{
    *gen = (struct generator){.hash = hash};
    for (size_t i = 0; i < hash->len; i++)
        gen->value[i] = 1;
    return stir(gen, 0, x, h1) && stir(gen, 1, x, h1);
}

/* bits2int (2.3.2) of at most HALF_MAX octets. */
static bool to_number(struct km_slice bits, const BIGNUM *order, BIGNUM *ret)
{
    int extra = (int)bits.len * 8 - BN_num_bits(order);
    return BN_bin2bn(bits.ptr, (int)bits.len, ret) != NULL &&
           (extra <= 0 || BN_rshift(ret, ret, extra) == 1);
}

static bool next_nonce(struct generator *gen, struct work *w, size_t width)
{
    const struct km_slice none = {0};
    uint8_t bytes[HALF_MAX + KM_RT_DIGEST_MAX] = {0};
    bool ok = true;
    for (size_t at = 0; at < width && ok; at += gen->hash->len) {
        const struct km_slice value = KM_SLICE(gen->value, gen->hash->len);
        uint8_t next[KM_RT_DIGEST_MAX] = {0};
        ok = hmac(gen, &value, 1, next);
        km_copy(gen->value, sizeof(gen->value), next, sizeof(next));
        km_copy(bytes + at, sizeof(bytes) - at, next, gen->hash->len);
        km_wipe(next, sizeof(next));
    }
    ok = ok && to_number(KM_SLICE(bytes, width), w->order, w->k);
    km_wipe(bytes, sizeof(bytes));
    return ok && stir(gen, 0, none, none);
}

static bool work_init(struct work *w, const struct km_rt_curve *curve, struct km_slice x)
{
    w->group = EC_GROUP_new_by_curve_name_ex(km_rt_libctx(), NULL, curve->nid);
    w->key = EC_KEY_new_by_curve_name_ex(km_rt_libctx(), NULL, curve->nid);
    w->point = w->group != NULL ? EC_POINT_new(w->group) : NULL;
    w->ctx = BN_CTX_secure_new_ex(km_rt_libctx());
    w->mont = BN_MONT_CTX_new();
    w->x = BN_secure_new();
    w->k = BN_secure_new();
    w->inverse = BN_secure_new();
    w->exponent = BN_new();
    w->r = BN_new();
    if (w->key == NULL || w->point == NULL || w->ctx == NULL || w->mont == NULL || w->x == NULL ||
        w->k == NULL || w->inverse == NULL || w->exponent == NULL || w->r == NULL)
        return false;
    w->order = EC_GROUP_get0_order(w->group);
    return BN_bin2bn(x.ptr, (int)x.len, w->x) != NULL &&
           EC_KEY_set_private_key(w->key, w->x) == 1 &&
           BN_MONT_CTX_set(w->mont, w->order, w->ctx) == 1;
}

static void work_clear(struct work *w)
{
    EC_POINT_free(w->point);
    EC_KEY_free(w->key);
    EC_GROUP_free(w->group);
    BN_clear_free(w->x);
    BN_clear_free(w->k);
    BN_clear_free(w->inverse);
    BN_free(w->exponent);
    BN_free(w->r);
    BN_MONT_CTX_free(w->mont);
    BN_CTX_free(w->ctx);
}

/* r of the nonce, and the nonce's inverse as its power by order - 2: the order is prime, and no step depends on the nonce. */
static bool prepare(struct work *w)
{
    BN_set_flags(w->k, BN_FLG_CONSTTIME);
    return EC_POINT_mul(w->group, w->point, w->k, NULL, NULL, w->ctx) == 1 &&
           EC_POINT_get_affine_coordinates(w->group, w->point, w->r, NULL, w->ctx) == 1 &&
           BN_nnmod(w->r, w->r, w->order, w->ctx) == 1 && BN_copy(w->exponent, w->order) != NULL &&
           BN_sub_word(w->exponent, 2) == 1 &&
           BN_mod_exp_mont_consttime(w->inverse, w->k, w->exponent, w->order, w->ctx, w->mont) == 1;
}

/* An s or r of 0, which asks for another nonce, has never been met; libcrypto fails on it then. */
static bool sign(struct work *w, struct km_slice digest, size_t width, uint8_t *out)
{
    ECDSA_SIG *sig = ECDSA_do_sign_ex(digest.ptr, (int)digest.len, w->inverse, w->r, w->key);
    bool ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)width) == (int)width &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + width, (int)width) == (int)width;
    ECDSA_SIG_free(sig);
    return ok;
}

/* bits2octets (2.3.4): the digest cut to the order's bits and reduced. */
static bool reduce(struct work *w, struct km_slice digest, size_t width, uint8_t out[HALF_MAX])
{
    return to_number(digest, w->order, w->r) && BN_nnmod(w->r, w->r, w->order, w->ctx) == 1 &&
           BN_bn2binpad(w->r, out, (int)width) == (int)width;
}

bool km_rt_ecdsa_fixed(const struct km_rt_operation *op, struct km_slice digest,
                       uint8_t out[2 * HALF_MAX])
{
    struct work w = {0};
    struct generator gen = {0};
    size_t width = op->width;
    uint8_t h1[HALF_MAX] = {0};
    struct km_slice x = KM_SLICE(op->secret, op->secret_len);
    bool ok = work_init(&w, km_rt_curve_by_bits(op->bits), x) && reduce(&w, digest, width, h1) &&
              generator_init(&gen, km_rt_hash(op->alg->hash), x, KM_SLICE(h1, width));
    bool in_range = false;
    while (ok && !in_range) {
        ok = next_nonce(&gen, &w, width);
        in_range = ok && !BN_is_zero(w.k) && BN_cmp(w.k, w.order) < 0;
    }
    ok = ok && prepare(&w) && sign(&w, digest, width, out);
    km_wipe(&gen, sizeof(gen));
    work_clear(&w);
    return ok;
}
