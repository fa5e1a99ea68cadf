/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "common/km_des.h"

static void params_freep(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

EVP_PKEY *km_rt_key_from(const char *name, OSSL_PARAM_BLD *bld, int selection)
{
    KM_AUTO(params_freep) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    KM_AUTO(km_rt_ctx_freep)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(km_rt_libctx(), name, NULL);
    EVP_PKEY *pkey = NULL;
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1)
        return NULL;
    return pkey;
}

BIGNUM *km_rt_number(const struct km_rt_attr *attr)
{
    BIGNUM *bn = (attr->id & TEE_ATTR_FLAG_PUBLIC) ? BN_new() : BN_secure_new();
    if (bn == NULL || BN_bin2bn(attr->bytes, (int)attr->len, bn) == NULL) {
        BN_clear_free(bn);
        return NULL;
    }
    return bn;
}

/* bn must live until the parameters are built: the builder borrows it. */
static bool push(OSSL_PARAM_BLD *bld, const struct km_rt_object *object,
                 const struct km_rt_attr_rule *rule, BIGNUM **ret_bn)
{
    const struct km_rt_attr *attr = km_rt_attr_get(object, rule->id);
    if (attr == NULL || rule->param == NULL)
        return true;
    *ret_bn = km_rt_number(attr);
    return *ret_bn != NULL && OSSL_PARAM_BLD_push_BN(bld, rule->param, *ret_bn) == 1;
}

EVP_PKEY *km_rt_key_from_numbers(const struct km_rt_object *object, const char *name, int selection)
{
    KM_AUTO(km_rt_bld_freep) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *numbers[KM_RT_ATTRS_MAX] = {NULL};
    bool ok = bld != NULL;
    for (size_t i = 0; i < object->type->n_rules && ok; i++)
        ok = push(bld, object, &object->type->rules[i], &numbers[i]);
    EVP_PKEY *pkey = ok ? km_rt_key_from(name, bld, selection) : NULL;
    for (size_t i = 0; i < KM_ARRAY_LEN(numbers); i++)
        BN_clear_free(numbers[i]);
    return pkey;
}

static EVP_PKEY *build_rsa(const struct km_rt_object *object)
{
    int selection = object->type->has_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    return km_rt_key_from_numbers(object, "RSA", selection);
}

#define POINT_MAX (1 + 2 * 66)

static bool push_point(OSSL_PARAM_BLD *bld, const struct km_rt_curve *curve, struct km_slice x,
                       struct km_slice y, uint8_t point[POINT_MAX])
{
    size_t width = km_rt_bytes(curve->bits);
    if (x.len != width || y.len != width)
        return false;
    point[0] = 0x04;
    km_copy(point + 1, width, x.ptr, width);
    km_copy(point + 1 + width, width, y.ptr, width);
    return OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0) == 1 &&
           OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * width) ==
               1;
}

static struct km_slice attr_slice(const struct km_rt_object *object, uint32_t id)
{
    const struct km_rt_attr *attr = km_rt_attr_get(object, id);
    return attr != NULL ? KM_SLICE(attr->bytes, attr->len) : KM_SLICE(NULL, 0);
}

EVP_PKEY *km_rt_key_point(const struct km_rt_curve *curve, struct km_slice x, struct km_slice y)
{
    KM_AUTO(km_rt_bld_freep) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    uint8_t point[POINT_MAX] = {0};
    if (bld == NULL || !push_point(bld, curve, x, y, point))
        return NULL;
    return km_rt_key_from("EC", bld, EVP_PKEY_PUBLIC_KEY);
}

static EVP_PKEY *build_ec(const struct km_rt_object *object)
{
    const struct km_rt_attr *id = km_rt_attr_get(object, TEE_ATTR_ECC_CURVE);
    const struct km_rt_curve *curve = id != NULL ? km_rt_curve_by_id(id->a) : NULL;
    if (curve == NULL)
        return NULL;
    struct km_slice x = attr_slice(object, TEE_ATTR_ECC_PUBLIC_VALUE_X);
    struct km_slice y = attr_slice(object, TEE_ATTR_ECC_PUBLIC_VALUE_Y);
    if (!object->type->has_private)
        return km_rt_key_point(curve, x, y);
    KM_AUTO(km_rt_bld_freep) OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    uint8_t point[POINT_MAX] = {0};
    KM_AUTO(km_rt_bn_freep) BIGNUM *private_value = NULL;
    const struct km_rt_attr *attr = km_rt_attr_get(object, TEE_ATTR_ECC_PRIVATE_VALUE);
    if (bld == NULL || attr == NULL || !push_point(bld, curve, x, y, point))
        return NULL;
    private_value = km_rt_number(attr);
    if (private_value == NULL ||
        OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, private_value,
                                   km_rt_bytes(curve->bits)) != 1)
        return NULL;
    return km_rt_key_from("EC", bld, EVP_PKEY_KEYPAIR);
}

static EVP_PKEY *build(const struct km_rt_object *object)
{
    switch (object->type->family) {
    case KM_RT_RSA:
        return build_rsa(object);
    case KM_RT_EC:
        return build_ec(object);
    case KM_RT_RAW:
        return km_rt_raw_build(object);
    default:
        return km_rt_ffc_build(object);
    }
}

EVP_PKEY *km_rt_key(struct km_rt_object *object)
{
    if (object->pkey == NULL)
        object->pkey = build(object);
    return object->pkey;
}

/* ---- does the private part belong to the public one ---- */

struct rsa_numbers {
    BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qi;
};

static bool crt_fits(const struct rsa_numbers *k, BIGNUM *a, BIGNUM *b, BN_CTX *ctx)
{
    bool ok = BN_mul(a, k->p, k->q, ctx) == 1 && BN_cmp(a, k->n) == 0;
    ok = ok && BN_sub(b, k->p, BN_value_one()) == 1 && BN_mod(a, k->d, b, ctx) == 1 &&
         BN_cmp(a, k->dp) == 0;
    ok = ok && BN_sub(b, k->q, BN_value_one()) == 1 && BN_mod(a, k->d, b, ctx) == 1 &&
         BN_cmp(a, k->dq) == 0;
    return ok && BN_mod_mul(a, k->qi, k->q, k->p, ctx) == 1 && BN_is_one(a);
}

/* 2^(e*d) = 2 mod n holds for the right d, and for practically no other. */
static bool exponents_fit(const struct rsa_numbers *k, BIGNUM *a, BIGNUM *b, BN_CTX *ctx)
{
    BN_set_flags(k->d, BN_FLG_CONSTTIME);
    return BN_set_word(a, 2) == 1 && BN_mod_exp(b, a, k->e, k->n, ctx) == 1 &&
           BN_mod_exp(a, b, k->d, k->n, ctx) == 1 && BN_is_word(a, 2);
}

/* SP 800-56B ends at 256 bits; above 3072 bits of modulus libcrypto refuses to work with more than 64. */
bool km_rt_rsa_exponent_ok(uint32_t bits, uint32_t e_bits)
{
    return e_bits <= (bits > OPENSSL_RSA_SMALL_MODULUS_BITS ? OPENSSL_RSA_MAX_PUBEXP_BITS : 256u);
}

static bool rsa_sound(const struct km_rt_object *object, const struct rsa_numbers *k, BN_CTX *ctx)
{
    BN_CTX_start(ctx);
    BIGNUM *a = BN_CTX_get(ctx);
    BIGNUM *b = BN_CTX_get(ctx);
    bool ok = b != NULL && k->n != NULL && k->e != NULL && BN_is_odd(k->n) && BN_is_odd(k->e) &&
              !BN_is_one(k->e) && BN_cmp(k->e, k->n) < 0 &&
              km_rt_rsa_exponent_ok((uint32_t)BN_num_bits(k->n), (uint32_t)BN_num_bits(k->e));
    if (ok && object->type->has_private)
        ok = k->d != NULL && BN_cmp(k->d, k->n) < 0 && exponents_fit(k, a, b, ctx);
    if (ok && km_rt_attr_get(object, TEE_ATTR_RSA_PRIME1) != NULL)
        ok = k->qi != NULL && !BN_is_one(k->p) && !BN_is_one(k->q) && crt_fits(k, a, b, ctx);
    BN_CTX_end(ctx);
    return ok;
}

static bool rsa_consistent(const struct km_rt_object *object)
{
    KM_AUTO(km_rt_bn_ctx_freep) BN_CTX *ctx = BN_CTX_secure_new_ex(km_rt_libctx());
    struct rsa_numbers k = {0};
    BIGNUM **at[] = {&k.n, &k.e, &k.d, &k.p, &k.q, &k.dp, &k.dq, &k.qi};
    for (size_t i = 0; i < object->type->n_rules; i++) {
        const struct km_rt_attr *attr = km_rt_attr_get(object, object->type->rules[i].id);
        if (attr != NULL)
            *at[i] = km_rt_number(attr);
    }
    bool ok = ctx != NULL && rsa_sound(object, &k, ctx);
    for (size_t i = 0; i < KM_ARRAY_LEN(at); i++)
        BN_clear_free(*at[i]);
    return ok;
}

/* In an agreement the pair's own public value has no part. */
bool km_rt_key_may_be_mixed(const struct km_rt_object *object)
{
    uint32_t type = object->type->type;
    return (type == TEE_TYPE_ECDH_KEYPAIR || type == TEE_TYPE_DH_KEYPAIR) && km_rt_is_lenient();
}

static bool ec_consistent(const struct km_rt_object *object)
{
    if (!object->type->has_private)
        return true; /* that the point is on the curve was seen when the key was built */
    KM_AUTO(km_rt_ctx_freep)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(km_rt_libctx(), object->pkey, NULL);
    return ctx != NULL && EVP_PKEY_private_check(ctx) == 1 &&
           (km_rt_key_may_be_mixed(object) || EVP_PKEY_pairwise_check(ctx) == 1);
}

bool km_rt_key_consistent(struct km_rt_object *object)
{
    switch (object->type->family) {
    case KM_RT_RSA:
        return rsa_consistent(object);
    case KM_RT_EC:
        return ec_consistent(object);
    case KM_RT_RAW:
        return km_rt_raw_consistent(object);
    default:
        return km_rt_ffc_consistent(object);
    }
}

/* ---- generation ---- */

static bool extract(struct km_rt_object *object, const struct km_rt_attr_rule *rule)
{
    if (rule->param == NULL || rule->need == KM_RT_MAY || km_rt_attr_get(object, rule->id) != NULL)
        return true;
    /* A number from the locked heap is kept there by libcrypto when it fills it. */
    KM_AUTO(km_rt_bn_freep)
    BIGNUM *bn = (rule->id & TEE_ATTR_FLAG_PUBLIC) ? BN_new() : BN_secure_new();
    if (bn == NULL || EVP_PKEY_get_bn_param(object->pkey, rule->param, &bn) != 1)
        return false;
    size_t width =
        object->type->family == KM_RT_EC ? km_rt_bytes(object->bits) : (size_t)BN_num_bytes(bn);
    uint8_t *bytes = km_rt_attr_put(object, rule->id, width);
    return bytes != NULL && BN_bn2binpad(bn, bytes, (int)width) == (int)width;
}

bool km_rt_key_extract(struct km_rt_object *object)
{
    bool ok = true;
    for (size_t i = 0; i < object->type->n_rules && ok; i++)
        ok = extract(object, &object->type->rules[i]);
    return ok;
}

static bool generate_rsa(struct km_rt_object *object, uint32_t bits, struct km_slice exponent)
{
    KM_AUTO(km_rt_ctx_freep)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(km_rt_libctx(), "RSA", NULL);
    KM_AUTO(km_rt_bn_freep) BIGNUM *e = BN_new();
    bool ok = ctx != NULL && e != NULL && EVP_PKEY_keygen_init(ctx) == 1;
    ok = ok && (exponent.len != 0 ? BN_bin2bn(exponent.ptr, (int)exponent.len, e) != NULL
                                  : BN_set_word(e, 65537) == 1);
    ok = ok && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) == 1 &&
         EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e) == 1;
    ok = ok && EVP_PKEY_generate(ctx, &object->pkey) == 1;
    return ok && km_rt_key_extract(object);
}

/* Both coordinates at once: libcrypto works each out of the point anew. */
static bool extract_point(struct km_rt_object *object)
{
    uint8_t encoded[POINT_MAX] = {0};
    size_t width = km_rt_bytes(object->bits);
    size_t len = 0;
    if (EVP_PKEY_get_octet_string_param(object->pkey, OSSL_PKEY_PARAM_PUB_KEY, encoded,
                                        sizeof(encoded), &len) != 1 ||
        len != 1 + 2 * width || encoded[0] != POINT_CONVERSION_UNCOMPRESSED)
        return false;
    uint8_t *x = km_rt_attr_put(object, TEE_ATTR_ECC_PUBLIC_VALUE_X, width);
    uint8_t *y = km_rt_attr_put(object, TEE_ATTR_ECC_PUBLIC_VALUE_Y, width);
    if (x == NULL || y == NULL)
        return false;
    km_copy(x, width, encoded + 1, width);
    km_copy(y, width, encoded + 1 + width, width);
    return true;
}

static bool generate_ec(struct km_rt_object *object, uint32_t bits)
{
    const struct km_rt_curve *curve = km_rt_curve_by_bits(bits);
    KM_AUTO(km_rt_ctx_freep)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(km_rt_libctx(), "EC", NULL);
    bool ok = ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_group_name(ctx, curve->group) == 1 &&
              EVP_PKEY_generate(ctx, &object->pkey) == 1;
    if (ok)
        km_rt_attr_put_value(object, TEE_ATTR_ECC_CURVE, curve->id, 0);
    return ok && extract_point(object) && km_rt_key_extract(object);
}

static bool generate_secret(struct km_rt_object *object, uint32_t bits)
{
    uint8_t *bytes = km_rt_attr_put(object, object->type->rules[0].id, bits / 8);
    if (bytes == NULL || RAND_priv_bytes_ex(km_rt_libctx(), bytes, bits / 8, 256) != 1)
        return false;
    if (km_rt_type_is_des(object->type))
        km_des_set_parity(KM_SPAN(bytes, bits / 8));
    return true;
}

static bool generate(struct km_rt_object *object, uint32_t bits, struct km_slice exponent)
{
    switch (object->type->family) {
    case KM_RT_RSA:
        return generate_rsa(object, bits, exponent);
    case KM_RT_EC:
        return generate_ec(object, bits);
    case KM_RT_RAW:
        return km_rt_raw_generate(object);
    case KM_RT_FFC_DSA:
    case KM_RT_FFC_DH:
        return km_rt_ffc_generate(object);
    default:
        return generate_secret(object, bits);
    }
}

bool km_rt_key_generate(struct km_rt_object *object, uint32_t bits, struct km_slice exponent)
{
    object->bits = bits;
    bool ok = generate(object, bits, exponent);
    if (ok)
        object->handle_flags |= TEE_HANDLE_FLAG_INITIALIZED;
    return ok;
}
