/* SPDX-License-Identifier: Apache-2.0 */
/* KEYEXCH: ECDH and X25519 in the service, and X9.63's KDF, which CMS wants with ECDH, here. */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "interop/provider/keymgmt.h"

#define UKM_MAX 1024u    /* octets of user keying material */
#define KDF_OUT_MAX 256u /* octets that X9.63's KDF is asked for: keys that wrap keys */

struct exchange {
    struct prov *prov;
    enum km_door_family family;
    struct prov_key *key;
    struct prov_key *peer;
    bool has_kdf;
    EVP_MD *kdf_md;
    size_t kdf_len;
    uint8_t ukm[UKM_MAX];
    size_t ukm_len;
};

static void *exchange_new(struct prov *prov, enum km_door_family family)
{
    struct exchange *ctx = calloc(1, sizeof(*ctx));
    if (ctx == NULL)
        return NULL;
    ctx->prov = prov;
    ctx->family = family;
    return ctx;
}

static void *new_ecdh(void *provctx)
{
    return exchange_new(provctx, KM_DOOR_EC);
}

static void *new_x25519(void *provctx)
{
    return exchange_new(provctx, KM_DOOR_X25519);
}

static void exchange_free(void *exchange)
{
    struct exchange *ctx = exchange;
    if (ctx == NULL)
        return;
    prov_key_unref(ctx->key);
    prov_key_unref(ctx->peer);
    EVP_MD_free(ctx->kdf_md);
    free(ctx);
}

static void *exchange_dup(void *exchange)
{
    const struct exchange *from = exchange;
    struct exchange *to = malloc(sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    to->kdf_md = NULL;
    if (from->key != NULL)
        (void)prov_key_ref(from->key);
    if (from->peer != NULL)
        (void)prov_key_ref(from->peer);
    if (from->kdf_md != NULL && EVP_MD_up_ref(from->kdf_md))
        to->kdf_md = from->kdf_md;
    return to;
}

/* ---- parameters ---- */

static bool set_kdf_type(struct exchange *ctx, const OSSL_PARAM *p)
{
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &name))
        return false;
    ctx->has_kdf = name[0] != '\0';
    return !ctx->has_kdf || strcmp(name, OSSL_KDF_NAME_X963KDF) == 0 ||
           PROV_FAIL(ctx->prov, KM_E_UNSUPPORTED, "the only KDF here is X963KDF");
}

static bool set_kdf_digest(struct exchange *ctx, const OSSL_PARAM *p)
{
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &name))
        return false;
    EVP_MD *md = prov_digest(ctx->prov, name, NULL);
    if (md == NULL)
        return false;
    EVP_MD_free(ctx->kdf_md);
    ctx->kdf_md = md;
    return true;
}

static bool set_kdf_len(struct exchange *ctx, const OSSL_PARAM *p)
{
    size_t len = 0;
    if (!OSSL_PARAM_get_size_t(p, &len) || len == 0 || len > KDF_OUT_MAX)
        return PROV_FAIL(ctx->prov, KM_E_LIMIT, "the KDF gives 1 to %u octets", KDF_OUT_MAX);
    ctx->kdf_len = len;
    return true;
}

static bool set_kdf_ukm(struct exchange *ctx, const OSSL_PARAM *p)
{
    const void *octets = NULL;
    size_t len = 0;
    if (!OSSL_PARAM_get_octet_string_ptr(p, &octets, &len) || len > sizeof(ctx->ukm))
        return PROV_FAIL(ctx->prov, KM_E_LIMIT, "user keying material has at most %u octets",
                         UKM_MAX);
    km_copy(ctx->ukm, sizeof(ctx->ukm), octets, len);
    ctx->ukm_len = len;
    return true;
}

static bool set_cofactor_mode(struct exchange *ctx, const OSSL_PARAM *p)
{
    int mode = 0; /* -1 default, 0 off, 1 on: all the same, the curves have cofactor 1 */
    return (OSSL_PARAM_get_int(p, &mode) && mode >= -1 && mode <= 1) ||
           PROV_FAIL(ctx->prov, KM_E_ARG, "a cofactor mode that is none");
}

static int exchange_set_params(void *exchange, const OSSL_PARAM params[])
{
    static const struct {
        const char *name;
        bool (*set)(struct exchange *ctx, const OSSL_PARAM *p);
    } known[] = {
        {OSSL_EXCHANGE_PARAM_KDF_TYPE, set_kdf_type},
        {OSSL_EXCHANGE_PARAM_KDF_DIGEST, set_kdf_digest},
        {OSSL_EXCHANGE_PARAM_KDF_OUTLEN, set_kdf_len},
        {OSSL_EXCHANGE_PARAM_KDF_UKM, set_kdf_ukm},
        {OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, set_cofactor_mode},
    };
    for (size_t i = 0; params != NULL && i < KM_ARRAY_LEN(known); i++) {
        const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, known[i].name);
        if (p != NULL && !known[i].set(exchange, p))
            return 0;
    }
    return 1;
}

static const OSSL_PARAM *exchange_settable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, NULL, 0),
        OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, NULL),
        OSSL_PARAM_octet_string(OSSL_EXCHANGE_PARAM_KDF_UKM, NULL, 0),
        OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, NULL),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

static int exchange_get_params(void *exchange, OSSL_PARAM params[])
{
    const struct exchange *ctx = exchange;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_EXCHANGE_PARAM_KDF_TYPE);
    if (p != NULL && !OSSL_PARAM_set_utf8_string(p, ctx->has_kdf ? OSSL_KDF_NAME_X963KDF : ""))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_EXCHANGE_PARAM_KDF_DIGEST);
    const char *md = ctx->kdf_md == NULL ? "" : EVP_MD_get0_name(ctx->kdf_md);
    if (p != NULL && !OSSL_PARAM_set_utf8_string(p, md))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_EXCHANGE_PARAM_KDF_OUTLEN);
    if (p != NULL && !OSSL_PARAM_set_size_t(p, ctx->kdf_len))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE);
    return p == NULL || OSSL_PARAM_set_int(p, 0);
}

static const OSSL_PARAM *exchange_gettable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_EXCHANGE_PARAM_KDF_DIGEST, NULL, 0),
        OSSL_PARAM_size_t(OSSL_EXCHANGE_PARAM_KDF_OUTLEN, NULL),
        OSSL_PARAM_int(OSSL_EXCHANGE_PARAM_EC_ECDH_COFACTOR_MODE, NULL),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

/* ---- the agreement ---- */

static int exchange_init(void *exchange, void *keydata, const OSSL_PARAM params[])
{
    struct exchange *ctx = exchange;
    struct prov_key *key = keydata;
    if (key == NULL || key->key == NULL || prov_kind_family(key->kind) != ctx->family)
        return PROV_FAIL(ctx->prov, KM_E_ARG, "no key was given, or one that agrees on nothing");
    if (!km_door_key_has_private(key->key)) {
        struct km_err err = {0};
        (void)km_door_no_private(&err, "key agreement");
        return prov_raise(ctx->prov, &err, __func__);
    }
    prov_key_unref(ctx->key);
    ctx->key = prov_key_ref(key);
    ctx->has_kdf = false;
    return exchange_set_params(ctx, params);
}

static int exchange_set_peer(void *exchange, void *keydata)
{
    struct exchange *ctx = exchange;
    struct prov_key *peer = keydata;
    if (ctx->key == NULL || peer == NULL || peer->key == NULL || peer->kind != ctx->key->kind ||
        keymgmt_curve(peer) != keymgmt_curve(ctx->key))
        return PROV_FAIL(ctx->prov, KM_E_ARG, "the peer's key is on another curve");
    prov_key_unref(ctx->peer);
    ctx->peer = prov_key_ref(peer);
    return 1;
}

static bool run_kdf(struct exchange *ctx, struct km_slice shared, struct km_span out)
{
    EVP_KDF *kdf = EVP_KDF_fetch(ctx->prov->libctx, OSSL_KDF_NAME_X963KDF, PROV_NOT_OURS);
    EVP_KDF_CTX *run = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                         (char *)(uintptr_t)EVP_MD_get0_name(ctx->kdf_md), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)shared.ptr,
                                          shared.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, ctx->ukm, ctx->ukm_len),
        OSSL_PARAM_construct_end(),
    };
    bool done = run != NULL && EVP_KDF_derive(run, out.ptr, out.len, params) == 1;
    EVP_KDF_CTX_free(run);
    EVP_KDF_free(kdf);
    return done;
}

static size_t secret_len_of(const struct exchange *ctx)
{
    return ctx->family == KM_DOOR_EC ? keymgmt_curve(ctx->key)->coord_len : KM_DOOR_POINT_25519;
}

static int exchange_derive(void *exchange, unsigned char *secret, size_t *secret_len, size_t room)
{
    struct exchange *ctx = exchange;
    struct km_err err = {0};
    uint8_t shared[KM_DOOR_COORDINATE_MAX] = {0};
    size_t shared_len = 0;
    if (ctx->key == NULL || ctx->peer == NULL)
        return PROV_FAIL(ctx->prov, KM_E_STATE, "key or peer is missing");
    if (ctx->has_kdf && (ctx->kdf_md == NULL || ctx->kdf_len == 0))
        return PROV_FAIL(ctx->prov, KM_E_STATE, "the KDF's digest or length is missing");
    size_t len = ctx->has_kdf ? ctx->kdf_len : secret_len_of(ctx);
    *secret_len = len;
    if (secret == NULL)
        return 1;
    if (room < len)
        return PROV_FAIL(ctx->prov, KM_E_LIMIT, "room for %zu octets, %zu are needed", room, len);
    struct km_slice peer = km_door_key_public(ctx->peer->key)->point;
    if (km_door_key_agree(&err, ctx->key->key, peer, KM_SPAN(shared, sizeof(shared)),
                          &shared_len) != KM_OK)
        return prov_raise(ctx->prov, &err, __func__);
    bool done = true;
    if (ctx->has_kdf)
        done = run_kdf(ctx, KM_SLICE(shared, shared_len), KM_SPAN(secret, len));
    else
        km_copy(secret, room, shared, shared_len);
    OPENSSL_cleanse(shared, sizeof(shared));
    return done;
}

#define EXCHANGE_FUNCTIONS                                                                         \
    {OSSL_FUNC_KEYEXCH_FREECTX, PROV_FN(exchange_free)},                                           \
        {OSSL_FUNC_KEYEXCH_DUPCTX, PROV_FN(exchange_dup)},                                         \
        {OSSL_FUNC_KEYEXCH_INIT, PROV_FN(exchange_init)},                                          \
        {OSSL_FUNC_KEYEXCH_SET_PEER, PROV_FN(exchange_set_peer)},                                  \
    {                                                                                              \
        OSSL_FUNC_KEYEXCH_DERIVE, PROV_FN(exchange_derive)                                         \
    }

static const OSSL_DISPATCH ecdh_functions[] = {
    {OSSL_FUNC_KEYEXCH_NEWCTX, PROV_FN(new_ecdh)},
    EXCHANGE_FUNCTIONS,
    {OSSL_FUNC_KEYEXCH_SET_CTX_PARAMS, PROV_FN(exchange_set_params)},
    {OSSL_FUNC_KEYEXCH_SETTABLE_CTX_PARAMS, PROV_FN(exchange_settable)},
    {OSSL_FUNC_KEYEXCH_GET_CTX_PARAMS, PROV_FN(exchange_get_params)},
    {OSSL_FUNC_KEYEXCH_GETTABLE_CTX_PARAMS, PROV_FN(exchange_gettable)},
    {0, NULL},
};

/* Nothing to set: OpenSSL has no KDF for X25519. */
static const OSSL_DISPATCH x25519_functions[] = {
    {OSSL_FUNC_KEYEXCH_NEWCTX, PROV_FN(new_x25519)},
    EXCHANGE_FUNCTIONS,
    {0, NULL},
};

const OSSL_ALGORITHM prov_keyexch[] = {
    {"ECDH", PROV_PROPERTIES, ecdh_functions, "ECDH in the trusted service"},
    {"X25519:1.3.101.110", PROV_PROPERTIES, x25519_functions, "X25519 in the trusted service"},
    {NULL, NULL, NULL, NULL},
};
