/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ASYM_CIPHER: RSA decryption by OAEP and PKCS#1 v1.5 in the service; encryption needs no secret and is
 * done here.
 *
 * PKCS#1 v1.5 never fails for what a ciphertext holds: the service answers one that is none with a text
 * that looks like any other (implicit rejection), so no caller can become an oracle by reporting errors.
 * For the key exchange of TLS 1.2, 48 octets come back whatever happens, as RFC 5246, 7.4.7.1 wants it.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/prov_ssl.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "common/km_secret.h"
#include "interop/provider/provider.h"

#define LABEL_MAX 256u

struct cipher {
    struct prov *prov;
    struct prov_key *key;
    int padding;
    EVP_MD *md;   /* of OAEP; NULL means SHA-1, as the standard's default has it */
    EVP_MD *mgf1; /* NULL means the same as md */
    uint8_t label[LABEL_MAX];
    size_t label_len;
    unsigned client_version;     /* of TLS, as the client offered it */
    unsigned negotiated_version; /* of TLS, 0 unless it may stand there instead */
};

static void *cipher_new(void *provctx)
{
    struct cipher *ctx = calloc(1, sizeof(*ctx));
    if (ctx == NULL)
        return NULL;
    ctx->prov = provctx;
    ctx->padding = RSA_PKCS1_PADDING;
    return ctx;
}

static void cipher_free(void *cipher)
{
    struct cipher *ctx = cipher;
    if (ctx == NULL)
        return;
    prov_key_unref(ctx->key);
    EVP_MD_free(ctx->md);
    EVP_MD_free(ctx->mgf1);
    free(ctx);
}

static void *cipher_dup(void *cipher)
{
    const struct cipher *from = cipher;
    struct cipher *to = malloc(sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    if (from->key != NULL)
        (void)prov_key_ref(from->key);
    to->md = from->md != NULL && EVP_MD_up_ref(from->md) ? from->md : NULL;
    to->mgf1 = from->mgf1 != NULL && EVP_MD_up_ref(from->mgf1) ? from->mgf1 : NULL;
    return to;
}

/* ---- parameters ---- */

static const struct {
    int padding;
    const char *name;
} paddings[] = {
    {RSA_PKCS1_PADDING, OSSL_PKEY_RSA_PAD_MODE_PKCSV15},
    {RSA_PKCS1_OAEP_PADDING, OSSL_PKEY_RSA_PAD_MODE_OAEP},
    {RSA_NO_PADDING, OSSL_PKEY_RSA_PAD_MODE_NONE},
    {RSA_PKCS1_WITH_TLS_PADDING, ""}, /* has no name, only its number */
};

static bool set_padding(struct cipher *ctx, const OSSL_PARAM *p)
{
    int number = 0;
    const char *text = NULL;
    bool is_text = p->data_type == OSSL_PARAM_UTF8_STRING;
    if (is_text ? !OSSL_PARAM_get_utf8_string_ptr(p, &text) : !OSSL_PARAM_get_int(p, &number))
        return false;
    for (size_t i = 0; i < KM_ARRAY_LEN(paddings); i++) {
        if (is_text ? strcmp(text, paddings[i].name) == 0 : number == paddings[i].padding) {
            ctx->padding = paddings[i].padding;
            return true;
        }
    }
    return PROV_FAIL(ctx->prov, KM_E_UNSUPPORTED,
                     "this RSA padding is not offered (oaep and pkcs1 are)");
}

static bool set_md_at(struct cipher *ctx, const OSSL_PARAM *p, EVP_MD **place)
{
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &name))
        return false;
    EVP_MD *md = prov_digest(ctx->prov, name, NULL);
    if (md == NULL)
        return false;
    EVP_MD_free(*place);
    *place = md;
    return true;
}

static bool set_md(struct cipher *ctx, const OSSL_PARAM *p)
{
    return set_md_at(ctx, p, &ctx->md);
}

static bool set_mgf1(struct cipher *ctx, const OSSL_PARAM *p)
{
    return set_md_at(ctx, p, &ctx->mgf1);
}

static bool set_label(struct cipher *ctx, const OSSL_PARAM *p)
{
    const void *octets = NULL;
    size_t len = 0;
    if (!OSSL_PARAM_get_octet_string_ptr(p, &octets, &len) || len > sizeof(ctx->label))
        return PROV_FAIL(ctx->prov, KM_E_LIMIT, "an OAEP label has at most %u octets", LABEL_MAX);
    km_copy(ctx->label, sizeof(ctx->label), octets, len);
    ctx->label_len = len;
    return true;
}

static bool set_client_version(struct cipher *ctx, const OSSL_PARAM *p)
{
    return OSSL_PARAM_get_uint(p, &ctx->client_version);
}

static bool set_negotiated_version(struct cipher *ctx, const OSSL_PARAM *p)
{
    return OSSL_PARAM_get_uint(p, &ctx->negotiated_version);
}

static int cipher_set_params(void *cipher, const OSSL_PARAM params[])
{
    static const struct {
        const char *name;
        bool (*set)(struct cipher *ctx, const OSSL_PARAM *p);
    } known[] = {
        {OSSL_ASYM_CIPHER_PARAM_PAD_MODE, set_padding},
        {OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, set_md},
        {OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, set_mgf1},
        {OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, set_label},
        {OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, set_client_version},
        {OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, set_negotiated_version},
    };
    for (size_t i = 0; params != NULL && i < KM_ARRAY_LEN(known); i++) {
        const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, known[i].name);
        if (p != NULL && !known[i].set(cipher, p))
            return 0;
    }
    return 1;
}

static const char *md_name(const struct cipher *ctx)
{
    return ctx->md == NULL ? "SHA1" : EVP_MD_get0_name(ctx->md);
}

static const char *mgf1_name(const struct cipher *ctx)
{
    return ctx->mgf1 == NULL ? md_name(ctx) : EVP_MD_get0_name(ctx->mgf1);
}

static bool get_padding(const struct cipher *ctx, OSSL_PARAM *p)
{
    if (p->data_type != OSSL_PARAM_UTF8_STRING)
        return OSSL_PARAM_set_int(p, ctx->padding);
    for (size_t i = 0; i < KM_ARRAY_LEN(paddings); i++)
        if (paddings[i].padding == ctx->padding)
            return OSSL_PARAM_set_utf8_string(p, paddings[i].name);
    return false;
}

static int cipher_get_params(void *cipher, OSSL_PARAM params[])
{
    struct cipher *ctx = cipher;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_ASYM_CIPHER_PARAM_PAD_MODE);
    if (p != NULL && !get_padding(ctx, p))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST);
    if (p != NULL && !OSSL_PARAM_set_utf8_string(p, md_name(ctx)))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST);
    if (p != NULL && !OSSL_PARAM_set_utf8_string(p, mgf1_name(ctx)))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL);
    return p == NULL || OSSL_PARAM_set_octet_ptr(p, ctx->label, ctx->label_len);
}

static const OSSL_PARAM *cipher_settable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, NULL, 0),
        OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, NULL),
        OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, NULL),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

static const OSSL_PARAM *cipher_gettable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_octet_ptr(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

/* ---- use ---- */

static int take_key(struct cipher *ctx, struct prov_key *key, const OSSL_PARAM params[])
{
    if (key == NULL || key->key == NULL || key->kind != PROV_RSA)
        return PROV_FAIL(ctx->prov, KM_E_ARG, "no RSA key for encryption was given");
    prov_key_unref(ctx->key);
    ctx->key = prov_key_ref(key);
    return cipher_set_params(ctx, params);
}

static int encrypt_init(void *ctx, void *key, const OSSL_PARAM params[])
{
    return take_key(ctx, key, params);
}

static int decrypt_init(void *cipher, void *keydata, const OSSL_PARAM params[])
{
    struct cipher *ctx = cipher;
    if (!take_key(ctx, keydata, params))
        return 0;
    if (km_door_key_has_private(ctx->key->key))
        return 1;
    struct km_err err = {0};
    (void)km_door_no_private(&err, "decryption");
    return prov_raise(ctx->prov, &err, __func__);
}

static int prepare_oaep(struct cipher *ctx, EVP_PKEY_CTX *local)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST,
                                         (char *)(uintptr_t)md_name(ctx), 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST,
                                         (char *)(uintptr_t)mgf1_name(ctx), 0),
        OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, ctx->label,
                                          ctx->label_len),
        OSSL_PARAM_construct_end(),
    };
    return EVP_PKEY_CTX_set_params(local, params);
}

static int cipher_encrypt(void *cipher, unsigned char *out, size_t *out_len, size_t room,
                          const unsigned char *in, size_t in_len)
{
    struct cipher *ctx = cipher;
    EVP_PKEY *public = prov_key_local(ctx->key);
    if (public == NULL)
        return 0;
    EVP_PKEY_CTX *local = EVP_PKEY_CTX_new_from_pkey(ctx->prov->libctx, public, PROV_NOT_OURS);
    bool done = local != NULL && EVP_PKEY_encrypt_init(local) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(local, ctx->padding) == 1 &&
                (ctx->padding != RSA_PKCS1_OAEP_PADDING || prepare_oaep(ctx, local) == 1);
    size_t len = room;
    done = done && EVP_PKEY_encrypt(local, out, &len, in, in_len) == 1;
    EVP_PKEY_CTX_free(local);
    if (done)
        *out_len = len;
    return done;
}

/* What the service is asked for; CLRC_ALG_NONE after raising. */
static ClrcAlgorithm algorithm_of(const struct cipher *ctx)
{
    if (ctx->padding == RSA_PKCS1_PADDING || ctx->padding == RSA_PKCS1_WITH_TLS_PADDING)
        return CLRC_RSAES_PKCS1_V1_5;
    size_t digest_len = ctx->md == NULL ? 20 : (size_t)EVP_MD_get_size(ctx->md);
    ClrcAlgorithm algorithm = km_door_algorithm(KM_DOOR_OAEP, digest_len);
    if (ctx->padding != RSA_PKCS1_OAEP_PADDING || algorithm == CLRC_ALG_NONE)
        PROV_FAIL(ctx->prov, KM_E_UNSUPPORTED,
                  "RSA decryption is OAEP with SHA-1 or SHA-2, or PKCS#1 v1.5");
    else if (ctx->mgf1 != NULL && !EVP_MD_is_a(ctx->mgf1, md_name(ctx)))
        PROV_FAIL(ctx->prov, KM_E_UNSUPPORTED, "MGF1 goes with OAEP's digest only");
    else
        return algorithm;
    return CLRC_ALG_NONE;
}

/* Into text, which has KM_DOOR_SIGNATURE_MAX octets; false after raising. */
static bool decrypt_in_service(struct cipher *ctx, struct km_slice in, uint8_t *text,
                               size_t *ret_len)
{
    struct km_err err = {0};
    ClrcAlgorithm algorithm = algorithm_of(ctx);
    bool is_oaep = algorithm != CLRC_RSAES_PKCS1_V1_5;
    if (algorithm == CLRC_ALG_NONE)
        return false;
    struct km_slice label = KM_SLICE(ctx->label, is_oaep ? ctx->label_len : 0);
    return km_door_key_decrypt(&err, ctx->key->key, algorithm, label, in,
                               KM_SPAN(text, KM_DOOR_SIGNATURE_MAX), ret_len) == KM_OK ||
           prov_raise(ctx->prov, &err, __func__);
}

/* 0xff when a and b are equal, 0 otherwise, without a branch. */
static uint8_t same(unsigned a, unsigned b)
{
    unsigned differs = a ^ b;
    return (uint8_t)(((differs - 1u) & ~differs) >> (8 * sizeof(unsigned) - 1u)) * 0xffu;
}

/*
 * The premaster secret, or a random one when the ciphertext held none of this version: which of them
 * it is shows neither in time nor in the answer.
 */
static int give_premaster(struct cipher *ctx, const uint8_t *text, size_t len, uint8_t *out)
{
    uint8_t random[SSL_MAX_MASTER_KEY_LENGTH] = {0};
    if (RAND_priv_bytes_ex(ctx->prov->libctx, random, sizeof(random), 0) != 1)
        return PROV_FAIL(ctx->prov, KM_E_INTERNAL, "no random octets");
    unsigned version = (unsigned)text[0] << 8 | text[1];
    uint8_t fits = same(version, ctx->client_version);
    if (ctx->negotiated_version != 0)
        fits |= same(version, ctx->negotiated_version);
    fits &= same((unsigned)len, sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++)
        out[i] = (uint8_t)((text[i] & fits) | (random[i] & (uint8_t)~fits));
    km_wipe(random, sizeof(random));
    return 1;
}

static int give_text(struct cipher *ctx, struct km_slice text, struct km_span out, size_t *ret_len)
{
    if (text.len > out.len)
        return PROV_FAIL(ctx->prov, KM_E_LIMIT, "room for %zu octets, the text has %zu", out.len,
                         text.len);
    km_copy(out.ptr, out.len, text.ptr, text.len);
    *ret_len = text.len;
    return 1;
}

static int cipher_decrypt(void *cipher, unsigned char *out, size_t *out_len, size_t room,
                          const unsigned char *in, size_t in_len)
{
    struct cipher *ctx = cipher;
    bool is_tls = ctx->padding == RSA_PKCS1_WITH_TLS_PADDING;
    size_t most = is_tls ? SSL_MAX_MASTER_KEY_LENGTH : km_door_key_public(ctx->key->key)->n.len;
    if (out == NULL) {
        *out_len = most;
        return 1;
    }
    if (is_tls && room < most)
        return PROV_FAIL(ctx->prov, KM_E_LIMIT, "room for %zu octets, %zu are needed", room, most);
    /* Whatever the service writes must be wiped when it does not fit the caller's room. */
    uint8_t text[KM_DOOR_SIGNATURE_MAX] = {0};
    size_t len = 0;
    int answer = decrypt_in_service(ctx, KM_SLICE(in, in_len), text, &len);
    if (answer == 1 && is_tls) {
        *out_len = most;
        answer = give_premaster(ctx, text, len, out);
    } else if (answer == 1) {
        answer = give_text(ctx, KM_SLICE(text, len), KM_SPAN(out, room), out_len);
    }
    km_wipe(text, sizeof(text));
    return answer;
}

static const OSSL_DISPATCH rsa_functions[] = {
    {OSSL_FUNC_ASYM_CIPHER_NEWCTX, PROV_FN(cipher_new)},
    {OSSL_FUNC_ASYM_CIPHER_FREECTX, PROV_FN(cipher_free)},
    {OSSL_FUNC_ASYM_CIPHER_DUPCTX, PROV_FN(cipher_dup)},
    {OSSL_FUNC_ASYM_CIPHER_ENCRYPT_INIT, PROV_FN(encrypt_init)},
    {OSSL_FUNC_ASYM_CIPHER_ENCRYPT, PROV_FN(cipher_encrypt)},
    {OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, PROV_FN(decrypt_init)},
    {OSSL_FUNC_ASYM_CIPHER_DECRYPT, PROV_FN(cipher_decrypt)},
    {OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, PROV_FN(cipher_set_params)},
    {OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, PROV_FN(cipher_settable)},
    {OSSL_FUNC_ASYM_CIPHER_GET_CTX_PARAMS, PROV_FN(cipher_get_params)},
    {OSSL_FUNC_ASYM_CIPHER_GETTABLE_CTX_PARAMS, PROV_FN(cipher_gettable)},
    {0, NULL},
};

const OSSL_ALGORITHM prov_asym_cipher[] = {
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROV_PROPERTIES, rsa_functions,
     "RSA decryption in the trusted service"},
    {NULL, NULL, NULL, NULL},
};
