/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519, Ed448, X25519 and X448 (RFC 8032, RFC 7748): keys are octets as those documents encode them. */
#include "tee/runtime/alg_table.h"
#include "tee/runtime/key.h"

#include "common/km_secret.h"

#define KEY_MAX KM_RT_RAW_KEY_MAX

struct row {
    const char *name;
    size_t len;
    uint32_t id; /* of the public value */
    uint32_t alg;
    bool agrees;
};

static const struct row *row_of(const struct km_rt_type *type)
{
    static const struct row rows[] = {
        {"ED25519", 32, TEE_ATTR_ED25519_PUBLIC_VALUE, TEE_ALG_ED25519, false},
        {"X25519", 32, TEE_ATTR_X25519_PUBLIC_VALUE, TEE_ALG_X25519, true},
        {"ED448", 57, TEE_ATTR_ED448_PUBLIC_VALUE, TEE_ALG_ED448, false},
        {"X448", 56, TEE_ATTR_X448_PUBLIC_VALUE, TEE_ALG_X448, true},
    };
    size_t i = 0;
    while (i + 1 < KM_ARRAY_LEN(rows) && rows[i].id != type->rules[0].id)
        i++;
    return &rows[i];
}

size_t km_rt_raw_len(const struct km_rt_type *type)
{
    return row_of(type)->len;
}

static const struct km_rt_attr *half(const struct km_rt_object *object, size_t which)
{
    return km_rt_attr_get(object, object->type->rules[which].id);
}

TEE_Result TEE_KmRawPublicValue(uint32_t type, const void *privateValue, void *publicValue,
                                size_t len)
{
    uint8_t own[KEY_MAX] = {0};
    size_t own_len = sizeof(own);
    const struct km_rt_type *found = km_rt_type_find(type);
    if (found == NULL || found->family != KM_RT_RAW || !found->has_private ||
        km_rt_raw_len(found) != len || !km_rt_alg_allowed(row_of(found)->alg, 0))
        return TEE_ERROR_NOT_SUPPORTED;
    km_rt_own(privateValue, len, "a private value outside the TA's own memory");
    km_rt_readable(publicValue, len);
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key_ex(km_rt_libctx(), row_of(found)->name, NULL,
                                                     privateValue, len);
    bool ok =
        pair != NULL && EVP_PKEY_get_raw_public_key(pair, own, &own_len) == 1 && own_len == len;
    EVP_PKEY_free(pair);
    km_rt_ssl_quiet();
    if (!ok)
        return TEE_ERROR_OUT_OF_MEMORY;
    km_copy(publicValue, len, own, own_len);
    return TEE_SUCCESS;
}

EVP_PKEY *km_rt_raw_build(const struct km_rt_object *object)
{
    const struct km_rt_attr *attr = half(object, object->type->has_private ? 1 : 0);
    const char *name = row_of(object->type)->name;
    if (attr == NULL || attr->len != km_rt_raw_len(object->type))
        return NULL;
    return object->type->has_private
               ? EVP_PKEY_new_raw_private_key_ex(km_rt_libctx(), name, NULL, attr->bytes, attr->len)
               : EVP_PKEY_new_raw_public_key_ex(km_rt_libctx(), name, NULL, attr->bytes, attr->len);
}

/*
 * A public value of low order gives the secret zero with every private value, which libcrypto refuses; so a throw-away one
 * finds them all. TEE_DeriveKey could only panic on them.
 */
static bool gives_secret(EVP_PKEY *peer, const struct row *row)
{
    static const uint8_t any[KEY_MAX] = {8, [31] = 64, [55] = 128};
    uint8_t secret[KEY_MAX] = {0};
    size_t len = sizeof(secret);
    KM_AUTO(km_rt_pkey_freep)
    EVP_PKEY *own = EVP_PKEY_new_raw_private_key_ex(km_rt_libctx(), row->name, NULL, any, row->len);
    KM_AUTO(km_rt_ctx_freep) EVP_PKEY_CTX *ctx = NULL;
    if (own != NULL)
        ctx = EVP_PKEY_CTX_new_from_pkey(km_rt_libctx(), own, NULL);
    return ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
           EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
           EVP_PKEY_derive(ctx, secret, &len) == 1;
}

/* libcrypto makes the public value of a private key itself: a foreign one beside it would only mislead. */
bool km_rt_raw_consistent(const struct km_rt_object *object)
{
    const struct row *row = row_of(object->type);
    if (!object->type->has_private)
        return !row->agrees || gives_secret(object->pkey, row);
    uint8_t own[KEY_MAX] = {0};
    size_t len = sizeof(own);
    const struct km_rt_attr *given = half(object, 0);
    return given != NULL && given->len == row->len &&
           EVP_PKEY_get_raw_public_key(object->pkey, own, &len) == 1 &&
           km_ct_equal(own, given->bytes, row->len);
}

static bool extract(struct km_rt_object *object)
{
    size_t len = km_rt_raw_len(object->type);
    uint8_t *open = km_rt_attr_put(object, object->type->rules[0].id, len);
    if (open == NULL || EVP_PKEY_get_raw_public_key(object->pkey, open, &len) != 1)
        return false;
    uint8_t *secret = km_rt_attr_put(object, object->type->rules[1].id, len);
    return secret != NULL && EVP_PKEY_get_raw_private_key(object->pkey, secret, &len) == 1;
}

bool km_rt_raw_generate(struct km_rt_object *object)
{
    KM_AUTO(km_rt_ctx_freep)
    EVP_PKEY_CTX *ctx =
        EVP_PKEY_CTX_new_from_name(km_rt_libctx(), row_of(object->type)->name, NULL);
    return ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
           EVP_PKEY_generate(ctx, &object->pkey) == 1 && extract(object);
}
