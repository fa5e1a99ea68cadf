/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519 and X25519 (RFC 8032, RFC 7748): keys are 32 octets as those documents encode them. */
#include "tee/runtime/key.h"

#include "common/km_secret.h"

#define KEY_LEN 32

static bool is_edwards(const struct km_rt_object *object)
{
    return object->type->rules[0].id == TEE_ATTR_ED25519_PUBLIC_VALUE;
}

static const char *name_of(const struct km_rt_object *object)
{
    return is_edwards(object) ? "ED25519" : "X25519";
}

static const struct km_rt_attr *half(const struct km_rt_object *object, size_t which)
{
    return km_rt_attr_get(object, object->type->rules[which].id);
}

EVP_PKEY *km_rt_ecx_build(const struct km_rt_object *object)
{
    const struct km_rt_attr *attr = half(object, object->type->has_private ? 1 : 0);
    if (attr == NULL || attr->len != KEY_LEN)
        return NULL;
    return object->type->has_private
               ? EVP_PKEY_new_raw_private_key_ex(km_rt_libctx(), name_of(object), NULL, attr->bytes,
                                                 attr->len)
               : EVP_PKEY_new_raw_public_key_ex(km_rt_libctx(), name_of(object), NULL, attr->bytes,
                                                attr->len);
}

/*
 * A public value of low order gives the secret zero with every private value, which libcrypto refuses; so a throw-away one
 * finds them all. TEE_DeriveKey could only panic on them.
 */
static bool gives_secret(EVP_PKEY *peer)
{
    static const uint8_t any[KEY_LEN] = {8, [31] = 64};
    uint8_t secret[KEY_LEN] = {0};
    size_t len = sizeof(secret);
    KM_AUTO(km_rt_pkey_freep)
    EVP_PKEY *own =
        EVP_PKEY_new_raw_private_key_ex(km_rt_libctx(), "X25519", NULL, any, sizeof(any));
    KM_AUTO(km_rt_ctx_freep) EVP_PKEY_CTX *ctx = NULL;
    if (own != NULL)
        ctx = EVP_PKEY_CTX_new_from_pkey(km_rt_libctx(), own, NULL);
    return ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
           EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) == 1 &&
           EVP_PKEY_derive(ctx, secret, &len) == 1;
}

/* libcrypto makes the public value of a private key itself: a foreign one beside it would only mislead. */
bool km_rt_ecx_consistent(const struct km_rt_object *object)
{
    if (!object->type->has_private)
        return is_edwards(object) || gives_secret(object->pkey);
    uint8_t own[KEY_LEN] = {0};
    size_t len = sizeof(own);
    const struct km_rt_attr *given = half(object, 0);
    return given != NULL && given->len == KEY_LEN &&
           EVP_PKEY_get_raw_public_key(object->pkey, own, &len) == 1 &&
           km_ct_equal(own, given->bytes, KEY_LEN);
}

static bool extract(struct km_rt_object *object)
{
    size_t len = KEY_LEN;
    uint8_t *open = km_rt_attr_put(object, object->type->rules[0].id, len);
    if (open == NULL || EVP_PKEY_get_raw_public_key(object->pkey, open, &len) != 1)
        return false;
    uint8_t *secret = km_rt_attr_put(object, object->type->rules[1].id, len);
    return secret != NULL && EVP_PKEY_get_raw_private_key(object->pkey, secret, &len) == 1;
}

bool km_rt_ecx_generate(struct km_rt_object *object)
{
    KM_AUTO(km_rt_ctx_freep)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(km_rt_libctx(), name_of(object), NULL);
    return ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
           EVP_PKEY_generate(ctx, &object->pkey) == 1 && extract(object);
}
