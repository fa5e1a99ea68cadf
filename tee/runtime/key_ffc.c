/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DSA and DH over a prime field. The domain comes from the TA, so it is looked at as far as that is quick: the order is
 * prime and divides p - 1, the base is of that order. That p is prime is taken on trust: proving it takes longer than all else
 * that is done with a key.
 */
#include "tee/runtime/key.h"

#include <openssl/core_names.h>

struct ffc {
    BIGNUM *p, *q, *g, *y, *x; /* q may be NULL for DH */
};

static bool is_dsa(const struct km_rt_object *object)
{
    return object->type->family == KM_RT_FFC_DSA;
}

static void ffc_clear(struct ffc *k)
{
    BN_clear_free(k->p);
    BN_clear_free(k->q);
    BN_clear_free(k->g);
    BN_clear_free(k->y);
    BN_clear_free(k->x);
}

static bool take(const struct km_rt_object *object, uint32_t id, BIGNUM **ret)
{
    const struct km_rt_attr *attr = km_rt_attr_get(object, id);
    if (attr == NULL)
        return true;
    *ret = km_rt_number(attr);
    return *ret != NULL;
}

static bool ffc_init(struct ffc *k, const struct km_rt_object *object)
{
    bool dsa = is_dsa(object);
    return take(object, dsa ? TEE_ATTR_DSA_PRIME : TEE_ATTR_DH_PRIME, &k->p) &&
           take(object, dsa ? TEE_ATTR_DSA_SUBPRIME : TEE_ATTR_DH_SUBPRIME, &k->q) &&
           take(object, dsa ? TEE_ATTR_DSA_BASE : TEE_ATTR_DH_BASE, &k->g) &&
           take(object, dsa ? TEE_ATTR_DSA_PUBLIC_VALUE : TEE_ATTR_DH_PUBLIC_VALUE, &k->y) &&
           take(object, dsa ? TEE_ATTR_DSA_PRIVATE_VALUE : TEE_ATTR_DH_PRIVATE_VALUE, &k->x);
}

/* 1 < number < p - 1: neither of the elements of order 1 and 2, nor 0. */
static bool in_field(const BIGNUM *number, const BIGNUM *p, BIGNUM *scratch)
{
    return number != NULL && BN_cmp(number, BN_value_one()) > 0 &&
           BN_sub(scratch, p, BN_value_one()) == 1 && BN_cmp(number, scratch) < 0;
}

static bool has_order(const BIGNUM *number, const struct ffc *k, BIGNUM *scratch, BN_CTX *ctx)
{
    return k->q == NULL ||
           (BN_mod_exp(scratch, number, k->q, k->p, ctx) == 1 && BN_is_one(scratch));
}

/* The order of a safe prime's group is as long as the prime; proving it prime is left out for the same reason. */
#define ORDER_PROVEN_BITS 512

static bool order_fits(const struct ffc *k, BIGNUM *a, BIGNUM *b, BN_CTX *ctx)
{
    if (k->q == NULL)
        return true;
    if (BN_num_bits(k->q) < 160 || !BN_is_odd(k->q) || BN_cmp(k->q, k->p) >= 0)
        return false;
    if (BN_sub(a, k->p, BN_value_one()) != 1 || BN_mod(b, a, k->q, ctx) != 1 || !BN_is_zero(b))
        return false;
    return BN_num_bits(k->q) > ORDER_PROVEN_BITS || BN_check_prime(k->q, ctx, NULL) == 1;
}

static bool domain_sound(const struct ffc *k, BIGNUM *a, BIGNUM *b, BN_CTX *ctx)
{
    return k->p != NULL && BN_is_odd(k->p) && in_field(k->g, k->p, a) && order_fits(k, a, b, ctx) &&
           has_order(k->g, k, a, ctx);
}

static bool private_fits(const struct ffc *k, BIGNUM *a, BN_CTX *ctx, bool may_be_mixed)
{
    if (k->x == NULL || BN_is_zero(k->x) || BN_cmp(k->x, k->q != NULL ? k->q : k->p) >= 0)
        return false;
    if (may_be_mixed)
        return true;
    BN_set_flags(k->x, BN_FLG_CONSTTIME);
    return BN_mod_exp(a, k->g, k->x, k->p, ctx) == 1 && BN_cmp(a, k->y) == 0;
}

static bool check(const struct km_rt_object *object, bool domain_only)
{
    KM_AUTO(km_rt_bn_ctx_freep) BN_CTX *ctx = BN_CTX_secure_new_ex(km_rt_libctx());
    if (ctx == NULL)
        return false;
    struct ffc k = {0};
    BN_CTX_start(ctx);
    BIGNUM *a = BN_CTX_get(ctx);
    BIGNUM *b = BN_CTX_get(ctx);
    bool ok = b != NULL && ffc_init(&k, object) && domain_sound(&k, a, b, ctx);
    if (ok && !domain_only)
        ok = in_field(k.y, k.p, a) && has_order(k.y, &k, a, ctx) &&
             (!object->type->has_private ||
              private_fits(&k, a, ctx, km_rt_key_may_be_mixed(object)));
    BN_CTX_end(ctx);
    ffc_clear(&k);
    return ok;
}

bool km_rt_ffc_domain_ok(const struct km_rt_object *object)
{
    return check(object, true);
}

bool km_rt_ffc_consistent(const struct km_rt_object *object)
{
    return check(object, false);
}

static const char *name_of(const struct km_rt_object *object)
{
    return is_dsa(object) ? "DSA" : "DH";
}

EVP_PKEY *km_rt_ffc_build(const struct km_rt_object *object)
{
    int selection = object->type->has_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    return km_rt_key_from_numbers(object, name_of(object), selection);
}

static bool set_private_bits(EVP_PKEY_CTX *ctx, const struct km_rt_object *object)
{
    const struct km_rt_attr *attr = km_rt_attr_get(object, TEE_ATTR_DH_X_BITS);
    if (attr == NULL || attr->a == 0)
        return true;
    int bits = (int)attr->a;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_DH_PRIV_LEN, &bits),
                           OSSL_PARAM_construct_end()};
    return EVP_PKEY_CTX_set_params(ctx, params) == 1;
}

bool km_rt_ffc_generate(struct km_rt_object *object)
{
    KM_AUTO(km_rt_pkey_freep)
    EVP_PKEY *domain = km_rt_key_from_numbers(object, name_of(object), EVP_PKEY_KEY_PARAMETERS);
    KM_AUTO(km_rt_ctx_freep) EVP_PKEY_CTX *ctx = NULL;
    if (domain != NULL)
        ctx = EVP_PKEY_CTX_new_from_pkey(km_rt_libctx(), domain, NULL);
    return ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 && set_private_bits(ctx, object) &&
           EVP_PKEY_generate(ctx, &object->pkey) == 1 && km_rt_key_extract(object);
}
