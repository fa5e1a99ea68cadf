/* SPDX-License-Identifier: Apache-2.0 */
/* Agreement with a peer, and keys derived from secrets. */
#include "ta/crypto/hash_kdf.h"
#include "ta/crypto/session.h"

#define SHARED_MAX 512u
#define X25519_LEN 32u
#define X448_LEN 56u

/* ---- agreement ---- */

/* The Core API panics on a point off the curve, so it is asked in a way that answers. */
static TEE_Result check_point(const struct km_key *key, struct km_slice x, struct km_slice y)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle peer = TEE_HANDLE_NULL;
    TEE_Attribute attrs[3] = {0};
    TEE_InitRefAttribute(&attrs[0], TEE_ATTR_ECC_PUBLIC_VALUE_X, x.ptr, x.len);
    TEE_InitRefAttribute(&attrs[1], TEE_ATTR_ECC_PUBLIC_VALUE_Y, y.ptr, y.len);
    TEE_InitValueAttribute(&attrs[2], TEE_ATTR_ECC_CURVE, km_curve_of(key->meta.bits), 0);
    TEE_Result result = km_object_new(TEE_TYPE_ECDH_PUBLIC_KEY, key->meta.bits, attrs, 3, 0, &peer);
    return result == TEE_ERROR_BAD_PARAMETERS ? TEE_ERROR_BAD_FORMAT : result;
}

static TEE_Result peer_point(const struct km_key *key, struct km_slice peer, TEE_Attribute ret[2])
{
    size_t n = km_curve_len(key->meta.bits);
    if (peer.len != 1 + 2 * n || peer.ptr[0] != 0x04)
        return TEE_ERROR_BAD_FORMAT;
    struct km_slice x = KM_SLICE(peer.ptr + 1, n);
    struct km_slice y = KM_SLICE(peer.ptr + 1 + n, n);
    KM_TRY_TEE(check_point(key, x, y));
    TEE_InitRefAttribute(&ret[0], TEE_ATTR_ECC_PUBLIC_VALUE_X, x.ptr, x.len);
    TEE_InitRefAttribute(&ret[1], TEE_ATTR_ECC_PUBLIC_VALUE_Y, y.ptr, y.len);
    return TEE_SUCCESS;
}

static TEE_Result peer_number(const struct km_key *key, struct km_slice peer, TEE_Attribute *ret)
{
    struct km_dh_group group = {0};
    while (peer.len > 1 && peer.ptr[0] == 0) {
        peer.ptr++;
        peer.len--;
    }
    km_key_group(key, &group);
    KM_TRY_TEE(km_dh_group_check_public(&group, peer));
    TEE_InitRefAttribute(ret, TEE_ATTR_DH_PUBLIC_VALUE, peer.ptr, peer.len);
    return TEE_SUCCESS;
}

/* The u-coordinates of small order, of curve and twist: each private key makes zero of them (RFC 7748, 6). */
static const uint8_t SMALL_ORDER_25519[][X25519_LEN] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
     0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
     0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
     0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
     0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

/* 0, 1, p - 1, and 0 and 1 spelled as p and p + 1. */
#define FF9 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define FF27 FF9, FF9, FF9
static const uint8_t SMALL_ORDER_448[][X448_LEN] = {
    {0}, {1}, {0xfe, FF27, 0xfe, FF27}, {0xff, FF27, 0xfe, FF27}, {[28] = 0xff, FF27},
};

static TEE_Result peer_x25519(struct km_slice peer, TEE_Attribute *ret)
{
    uint8_t masked[X25519_LEN] = {0};
    if (peer.len != X25519_LEN)
        return TEE_ERROR_BAD_FORMAT;
    km_copy(masked, sizeof(masked), peer.ptr, peer.len);
    masked[X25519_LEN - 1] &= 0x7f; /* the last bit does not count */
    for (size_t i = 0; i < KM_ARRAY_LEN(SMALL_ORDER_25519); i++) {
        if (km_slice_equal(KM_SLICE(masked, X25519_LEN),
                           KM_SLICE(SMALL_ORDER_25519[i], X25519_LEN)))
            return TEE_ERROR_BAD_FORMAT;
    }
    TEE_InitRefAttribute(ret, TEE_ATTR_X25519_PUBLIC_VALUE, peer.ptr, peer.len);
    return TEE_SUCCESS;
}

static TEE_Result peer_x448(struct km_slice peer, TEE_Attribute *ret)
{
    if (peer.len != X448_LEN)
        return TEE_ERROR_BAD_FORMAT;
    for (size_t i = 0; i < KM_ARRAY_LEN(SMALL_ORDER_448); i++) {
        if (km_slice_equal(peer, KM_SLICE(SMALL_ORDER_448[i], X448_LEN)))
            return TEE_ERROR_BAD_FORMAT;
    }
    TEE_InitRefAttribute(ret, TEE_ATTR_X448_PUBLIC_VALUE, peer.ptr, peer.len);
    return TEE_SUCCESS;
}

/* Octets of what two parties share. */
static size_t shared_len(const struct km_use *use)
{
    switch (use->alg->class == KM_ALG_AGREE ? use->alg->family : 0) {
    case KM_FAMILY_X25519:
        return X25519_LEN;
    case KM_FAMILY_X448:
        return X448_LEN;
    case KM_FAMILY_DH:
        return use->key->meta.bits / 8u;
    default:
        return km_curve_len(use->key->meta.bits);
    }
}

static TEE_Result peer_params(const struct km_use *use, struct km_slice peer, TEE_Attribute ret[2],
                              uint32_t *ret_n)
{
    *ret_n = 1;
    switch (use->alg->family) {
    case KM_FAMILY_X25519:
        return peer_x25519(peer, ret);
    case KM_FAMILY_X448:
        return peer_x448(peer, ret);
    case KM_FAMILY_DH:
        return peer_number(use->key, peer, ret);
    default:
        *ret_n = 2;
        return peer_point(use->key, peer, ret);
    }
}

/* The shared value at its full length (a number with zeros in front). */
static TEE_Result agree(const struct km_use *use, struct km_slice peer, struct km_span out)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle shared = TEE_HANDLE_NULL;
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    TEE_Attribute attrs[2] = {0};
    uint8_t value[SHARED_MAX] = {0};
    uint32_t n = 0;
    size_t len = sizeof(value);
    KM_TRY_TEE(peer_params(use, peer, attrs, &n));
    KM_TRY_TEE(km_key_operation(use->key, use->alg, TEE_MODE_DERIVE, &op));
    KM_TRY_TEE(
        TEE_AllocateTransientObject(TEE_TYPE_GENERIC_SECRET, (uint32_t)out.len * 8u, &shared));
    KM_TRY_TEE(km_key_charge(use->key, use->usage));
    TEE_DeriveKey(op, attrs, n, shared);
    TEE_Result result = TEE_GetObjectBufferAttribute(shared, TEE_ATTR_SECRET_VALUE, value, &len);
    if (result == TEE_SUCCESS && len <= out.len) {
        TEE_MemFill(out.ptr, 0, out.len);
        km_copy(out.ptr + (out.len - len), len, value, len);
    }
    TEE_MemFill(value, 0, sizeof(value));
    return result == TEE_SUCCESS && len > out.len ? TEE_ERROR_GENERIC : result;
}

TEE_Result km_agree_point(struct km_key *key, struct km_slice point, struct km_span out)
{
    struct km_use use = {
        .key = key, .alg = km_alg_find(KM_CRYPTO_ECDH), .usage = KM_CRYPTO_USAGE_DERIVE};
    if (!key->type->is_pair || (key->type->family & KM_FAMILY_ECDH) == 0)
        return TEE_ERROR_NOT_SUPPORTED;
    if (out.len != km_curve_len(key->meta.bits))
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_key_permits(key, use.usage));
    return agree(&use, point, out);
}

static TEE_Result agree_find(struct km_session *session, uint32_t key_id, struct km_use *use)
{
    const struct km_key *key = km_slots_find(&session->keys, key_id);
    uint32_t algorithm = KM_CRYPTO_ECDH;
    if (key != NULL && key->type->family == KM_FAMILY_DH)
        algorithm = KM_CRYPTO_DH_DERIVE_SHARED_SECRET;
    if (key != NULL && key->type->family == KM_FAMILY_X25519)
        algorithm = KM_CRYPTO_X25519;
    if (key != NULL && key->type->family == KM_FAMILY_X448)
        algorithm = KM_CRYPTO_X448;
    return km_use_find(session, key_id, algorithm, KM_ALG_AGREE, 0, use);
}

/*
 * What is sealed to a provisioned key opens with its shared value, which therefore stays inside, whoever asks; a key derived from
 * it serves the same purpose.
 */
static TEE_Result check_leaves(const struct km_key *key)
{
    return (key->meta.flags & KM_CRYPTO_INFO_PROVISIONED) != 0 ? KM_CRYPTO_E_NOT_EXPORTABLE
                                                               : TEE_SUCCESS;
}

TEE_Result km_cmd_agree(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    KM_AUTO(km_key_freep) struct km_key *shared = NULL;
    struct km_crypto_template wish = {0};
    struct km_use use = {0};
    uint8_t secret[SHARED_MAX] = {0};
    KM_TRY_TEE(km_template_in(&params[0], &wish));
    KM_TRY_TEE(agree_find(session, params[1].value.a, &use));
    if ((wish.attributes & KM_CRYPTO_ATTR_EXPORT_AS_PLAIN) != 0)
        KM_TRY_TEE(check_leaves(use.key));
    size_t n = shared_len(&use);
    if (wish.type != KM_CRYPTO_KEY_GENERIC_SECRET || (wish.bits != 0 && wish.bits != n * 8u))
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(km_key_new(&wish, &session->caller, &shared));
    TEE_Result result = agree(&use, km_in(&params[2]), KM_SPAN(secret, n));
    if (result == TEE_SUCCESS)
        result = km_key_set_secret(shared, KM_SLICE(secret, n));
    TEE_MemFill(secret, 0, sizeof(secret));
    KM_TRY_TEE(result);
    params[3].value.b = 0;
    return km_session_add_key(session, &shared, &params[3].value.a);
}

TEE_Result km_cmd_agree_raw(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_use use = {0};
    uint8_t secret[SHARED_MAX] = {0};
    KM_TRY_TEE(agree_find(session, params[0].value.a, &use));
    KM_TRY_TEE(check_leaves(use.key));
    size_t n = shared_len(&use);
    KM_TRY_TEE(km_ta_room(&params[2], n));
    TEE_Result result = agree(&use, km_in(&params[1]), KM_SPAN(secret, n));
    if (result == TEE_SUCCESS)
        result = km_ta_give(&params[2], KM_SLICE(secret, n));
    TEE_MemFill(secret, 0, sizeof(secret));
    return result;
}

/* ---- derivation ---- */

#define PARAMS_MAX 3u

struct derivation {
    TEE_Attribute at[PARAMS_MAX];
    uint32_t n;
    struct km_hash_kdf hashed; /* for what the Core API does not have */
};

static TEE_Result run(const struct km_use *use, const struct derivation *with, struct km_span out)
{
    KM_AUTO(km_ta_objectp) TEE_ObjectHandle derived = TEE_HANDLE_NULL;
    TEE_OperationHandle op = TEE_HANDLE_NULL;
    size_t len = out.len;
    if (km_hash_kdf_is(use->alg)) {
        KM_TRY_TEE(km_key_charge(use->key, use->usage));
        return km_hash_kdf_run(use->key, use->alg, &with->hashed, out);
    }
    KM_TRY_TEE(km_key_operation(use->key, use->alg, TEE_MODE_DERIVE, &op));
    KM_TRY_TEE(
        TEE_AllocateTransientObject(TEE_TYPE_GENERIC_SECRET, (uint32_t)out.len * 8u, &derived));
    KM_TRY_TEE(km_key_charge(use->key, use->usage));
    TEE_DeriveKey(op, with->at, with->n, derived);
    KM_TRY_TEE(TEE_GetObjectBufferAttribute(derived, TEE_ATTR_SECRET_VALUE, out.ptr, &len));
    return len == out.len ? TEE_SUCCESS : TEE_ERROR_GENERIC;
}

static void add_octets(struct derivation *with, uint32_t attribute, struct km_slice octets)
{
    if (octets.len != 0)
        TEE_InitRefAttribute(&with->at[with->n++], attribute, octets.ptr, octets.len);
}

static void add_number(struct derivation *with, uint32_t attribute, uint32_t number)
{
    TEE_InitValueAttribute(&with->at[with->n++], attribute, number, 0);
}

/*
 * What comes out begins alike whatever its length, and the caller chooses the length: of keys of 8, 16, 24, ... bits each would
 * give the next octet away to 256 trials. So nothing that can be searched for comes out of a secret that stays inside: no short
 * key, and no triple DES, whose strength is 112 bits at most.
 */
#define SHUT_DERIVED_BITS_MIN 128u

static TEE_Result check_derive(const struct km_use *use, const struct km_crypto_template *wish)
{
    const struct km_key_type *type = km_key_type_find(wish->type);
    if (type == NULL || (type->family & KM_FAMILY_SYMMETRIC) == 0 || wish->bits == 0)
        return TEE_ERROR_BAD_PARAMETERS;
    bool is_open = km_key_is_open(use->key);
    bool wants_open = (wish->attributes & KM_CRYPTO_ATTR_EXPORT_AS_PLAIN) != 0;
    if (wants_open && !is_open)
        return KM_CRYPTO_E_NOT_EXPORTABLE;
    bool is_weak = wish->bits < SHUT_DERIVED_BITS_MIN || type->family == KM_FAMILY_DES3;
    return !is_open && is_weak ? TEE_ERROR_NOT_SUPPORTED : TEE_SUCCESS;
}

static TEE_Result derive_key(struct km_session *session, const struct km_use *use,
                             const struct km_crypto_template *wish, const struct derivation *with,
                             TEE_Param *out)
{
    KM_AUTO(km_key_freep) struct km_key *key = NULL;
    uint8_t secret[SHARED_MAX] = {0};
    KM_TRY_TEE(km_key_new(wish, &session->caller, &key));
    size_t len = wish->bits / 8u;
    TEE_Result result = run(use, with, KM_SPAN(secret, len));
    if (result == TEE_SUCCESS)
        result = km_key_set_made(key, KM_SPAN(secret, len));
    TEE_MemFill(secret, 0, sizeof(secret));
    KM_TRY_TEE(result);
    out->value.b = 0;
    return km_session_add_key(session, &key, &out->value.a);
}

/* A digest is a derivation of a secret that is meant for that, and of nothing else. */
static TEE_Result find_kdf(struct km_session *session, const TEE_Param *which, struct km_use *ret)
{
    struct km_use use = {.key = km_slots_find(&session->keys, which->value.a),
                         .alg = km_alg_find(which->value.b),
                         .usage = KM_CRYPTO_USAGE_DERIVE};
    if (use.alg == NULL || use.alg->class != KM_ALG_DIGEST)
        return km_use_find(session, which->value.a, which->value.b, KM_ALG_KDF, 0, ret);
    if (use.key == NULL)
        return KM_CRYPTO_E_STALE_ID;
    if (use.key->type->family != KM_FAMILY_SECRET || !km_hash_kdf_is(use.alg))
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(km_key_permits(use.key, use.usage));
    *ret = use;
    return TEE_SUCCESS;
}

TEE_Result km_cmd_derive(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_template wish = {0};
    struct km_crypto_hkdf given = {0};
    struct km_use use = {0};
    struct derivation with = {0};
    KM_TRY_TEE(km_template_in(&params[0], &wish));
    if (!km_crypto_hkdf_parse(km_in(&params[2]), &given))
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(find_kdf(session, &params[1], &use));
    if (km_alg_is_pbkdf2(use.alg))
        return TEE_ERROR_NOT_SUPPORTED;
    if (km_hash_kdf_is(use.alg)) {
        with.hashed = (struct km_hash_kdf){given.salt, given.info};
        KM_TRY_TEE(check_derive(&use, &wish));
        KM_TRY_TEE(km_hash_kdf_check(use.alg, &with.hashed, wish.bits / 8u));
        return derive_key(session, &use, &wish, &with, &params[3]);
    }
    bool is_concat = km_alg_is_concat(use.alg);
    if (is_concat && given.salt.len != 0)
        return TEE_ERROR_BAD_PARAMETERS;
    KM_TRY_TEE(check_derive(&use, &wish));
    add_octets(&with, __OPTEE_TEE_ATTR_HKDF_SALT, given.salt);
    add_octets(&with, is_concat ? TEE_ATTR_CONCAT_KDF_OTHER_INFO : __OPTEE_ATTR_HKDF_INFO,
               given.info);
    add_number(&with, is_concat ? TEE_ATTR_CONCAT_KDF_DKM_LENGTH : TEE_ATTR_HKDF_OKM_LENGTH,
               wish.bits / 8u);
    return derive_key(session, &use, &wish, &with, &params[3]);
}

/*
 * The iterations are paid by the instance: all blocks together stay below what a password costs. With few of them a password
 * could be tried fast by means of what its key does; who has the secret in the clear loses nothing by that.
 */
static TEE_Result check_iterations(const struct km_use *use, uint32_t iterations, uint32_t bits)
{
    uint32_t least = km_key_is_open(use->key) ? 1u : KM_CRYPTO_PBKDF2_SHUT_MIN;
    uint32_t blocks = (bits / 8u + use->alg->digest_len - 1u) / use->alg->digest_len;
    if (iterations < least)
        return TEE_ERROR_BAD_PARAMETERS;
    return iterations > KM_CRYPTO_PBKDF2_MAX / blocks ? KM_CRYPTO_E_TOO_LARGE : TEE_SUCCESS;
}

TEE_Result km_cmd_derive_password(struct km_session *session, TEE_Param params[TEE_NUM_PARAMS])
{
    struct km_crypto_template wish = {0};
    struct km_crypto_pbkdf2 given = {0};
    struct km_use use = {0};
    struct derivation with = {0};
    KM_TRY_TEE(km_template_in(&params[0], &wish));
    if (!km_crypto_pbkdf2_parse(km_in(&params[2]), &given))
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(km_use_find(session, params[1].value.a, params[1].value.b, KM_ALG_KDF, 0, &use));
    if (!km_alg_is_pbkdf2(use.alg))
        return TEE_ERROR_NOT_SUPPORTED;
    KM_TRY_TEE(check_derive(&use, &wish));
    KM_TRY_TEE(check_iterations(&use, given.iterations, wish.bits));
    add_octets(&with, TEE_ATTR_PBKDF2_SALT, given.salt);
    add_number(&with, TEE_ATTR_PBKDF2_ITERATION_COUNT, given.iterations);
    add_number(&with, TEE_ATTR_PBKDF2_DKM_LENGTH, wish.bits / 8u);
    return derive_key(session, &use, &wish, &with, &params[3]);
}
