/* SPDX-License-Identifier: Apache-2.0 */
/* RSA signatures: PKCS#1 v1.5 and PSS. The service offers no raw RSA, so other paddings are refused. */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "interop/provider/rsa_ids.h"
#include "interop/provider/signature.h"

#define SALT_TEXT_MAX 15

/* Octets of salt that the choice means for this key and digest; negative when none fit. */
static long salt_octets(const struct sig_ctx *ctx)
{
    long digest_len = (long)sig_digest_size(ctx);
    long bits = (long)km_door_key_public(ctx->key->key)->bits;
    long most = (bits - 1 + 7) / 8 - digest_len - 2; /* RFC 8017, section 9.1.1, step 3 */
    long least = rsa_pss_bounds(ctx->key->pss)->digest_len;
    long wanted = ctx->salt;
    if (ctx->salt == RSA_PSS_SALTLEN_DIGEST)
        wanted = digest_len;
    if (ctx->salt == RSA_PSS_SALTLEN_AUTO || ctx->salt == RSA_PSS_SALTLEN_MAX)
        wanted = most;
    return wanted >= least && wanted <= most ? wanted : -1;
}

static km_status sign_digest(struct km_err *err, struct sig_ctx *ctx, struct km_slice digest,
                             struct km_span ret, size_t *ret_len)
{
    struct km_door_signing how = {0};
    if (ctx->md == NULL)
        return KM_FAIL(err, KM_E_UNSUPPORTED,
                       "RSA signs digests only: name the digest (raw RSA is not offered)");
    if (ctx->padding == RSA_PKCS1_PSS_PADDING) {
        long salt_len = salt_octets(ctx);
        if (salt_len < 0)
            return KM_FAIL(err, KM_E_ARG, "this PSS salt does not fit the key and digest");
        how.algorithm = km_door_algorithm(KM_DOOR_PSS, digest.len);
        how.has_salt = true;
        how.salt_len = (uint32_t)salt_len;
    } else {
        how.algorithm = km_door_algorithm(KM_DOOR_PKCS1, digest.len);
    }
    return km_door_key_sign(err, ctx->key->key, &how, digest, ret, ret_len);
}

static bool prepare_verify(struct sig_ctx *ctx, EVP_PKEY_CTX *local)
{
    if (EVP_PKEY_CTX_set_rsa_padding(local, ctx->padding) != 1)
        return false;
    return ctx->padding != RSA_PKCS1_PSS_PADDING ||
           EVP_PKEY_CTX_set_rsa_pss_saltlen(local, ctx->salt) == 1;
}

/* ---- parameters ---- */

static const struct {
    int padding;
    const char *name;
} paddings[] = {
    {RSA_PKCS1_PADDING, OSSL_PKEY_RSA_PAD_MODE_PKCSV15},
    {RSA_PKCS1_PSS_PADDING, OSSL_PKEY_RSA_PAD_MODE_PSS},
};

static bool set_padding(struct sig_ctx *ctx, const OSSL_PARAM *p)
{
    int number = 0;
    const char *text = NULL;
    bool is_text = p->data_type == OSSL_PARAM_UTF8_STRING;
    if (is_text ? !OSSL_PARAM_get_utf8_string_ptr(p, &text) : !OSSL_PARAM_get_int(p, &number))
        return false;
    for (size_t i = 0; i < KM_ARRAY_LEN(paddings); i++) {
        if (is_text ? strcmp(text, paddings[i].name) != 0 : number != paddings[i].padding)
            continue;
        if (ctx->key != NULL && ctx->key->kind == PROV_RSA_PSS &&
            paddings[i].padding != RSA_PKCS1_PSS_PADDING)
            return PROV_FAIL(ctx->prov, KM_E_ARG, "this key is for PSS alone");
        ctx->padding = paddings[i].padding;
        return true;
    }
    return PROV_FAIL(ctx->prov, KM_E_UNSUPPORTED,
                     "RSA signatures are PKCS#1 v1.5 or PSS: other paddings and raw RSA are not "
                     "offered");
}

static const struct {
    int salt;
    const char *name;
} salts[] = {
    {RSA_PSS_SALTLEN_DIGEST, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST},
    {RSA_PSS_SALTLEN_MAX, OSSL_PKEY_RSA_PSS_SALT_LEN_MAX},
    {RSA_PSS_SALTLEN_AUTO, OSSL_PKEY_RSA_PSS_SALT_LEN_AUTO},
};

static bool salt_of_text(const char *text, int *ret)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(salts); i++) {
        if (strcmp(text, salts[i].name) == 0) {
            *ret = salts[i].salt;
            return true;
        }
    }
    char *end = NULL;
    long number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || number < RSA_PSS_SALTLEN_MAX ||
        number > (long)KM_DOOR_SIGNATURE_MAX)
        return false;
    *ret = (int)number;
    return true;
}

static bool set_salt(struct sig_ctx *ctx, const OSSL_PARAM *p)
{
    int salt = 0;
    const char *text = NULL;
    bool fits = p->data_type == OSSL_PARAM_UTF8_STRING
                    ? OSSL_PARAM_get_utf8_string_ptr(p, &text) && salt_of_text(text, &salt)
                    : OSSL_PARAM_get_int(p, &salt) && salt >= RSA_PSS_SALTLEN_MAX &&
                          salt <= (int)KM_DOOR_SIGNATURE_MAX;
    if (!fits)
        return PROV_FAIL(ctx->prov, KM_E_ARG, "a PSS salt length that is none");
    ctx->salt = salt;
    return true;
}

/* The service uses the message's digest for MGF1 too. */
static bool set_mgf1(struct sig_ctx *ctx, const OSSL_PARAM *p)
{
    const char *name = NULL;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &name))
        return false;
    if (ctx->md != NULL && EVP_MD_is_a(ctx->md, name))
        return true;
    return PROV_FAIL(ctx->prov, KM_E_UNSUPPORTED, "MGF1 goes with the digest of the message only");
}

static bool set_params(struct sig_ctx *ctx, const OSSL_PARAM params[])
{
    static const struct {
        const char *name;
        bool (*set)(struct sig_ctx *ctx, const OSSL_PARAM *p);
    } known[] = {
        {OSSL_SIGNATURE_PARAM_PAD_MODE, set_padding},
        {OSSL_SIGNATURE_PARAM_PSS_SALTLEN, set_salt},
        {OSSL_SIGNATURE_PARAM_MGF1_DIGEST, set_mgf1},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(known); i++) {
        const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, known[i].name);
        if (p != NULL && !known[i].set(ctx, p))
            return false;
    }
    return true;
}

/* ---- algorithm identifier ---- */

static bool write_algorithm(const struct sig_ctx *ctx, struct km_wr *wr)
{
    if (ctx->padding != RSA_PKCS1_PSS_PADDING)
        return rsa_ids_put_pkcs1(wr, sig_digest_size(ctx));
    long salt_len = salt_octets(ctx);
    return salt_len >= 0 && rsa_ids_put_pss(wr, sig_digest_size(ctx), (uint64_t)salt_len);
}

/* A key for PSS alone, and perhaps for one digest. */
static bool begin(struct sig_ctx *ctx)
{
    const struct rsa_pss_bounds *bounds = rsa_pss_bounds(ctx->key->pss);
    if (ctx->key->kind != PROV_RSA_PSS)
        return true;
    ctx->padding = RSA_PKCS1_PSS_PADDING;
    if (bounds->digest == NULL)
        return true;
    ctx->salt = bounds->digest_len;
    return sig_set_digest(ctx, bounds->digest, ctx->properties);
}

static const struct sig_scheme rsa = {
    .family = KM_DOOR_RSA,
    .begin = begin,
    .sign = sign_digest,
    .prepare_verify = prepare_verify,
    .set_params = set_params,
    .write_algorithm = write_algorithm,
};

static void *new_ctx(void *provctx, const char *properties)
{
    return sig_new(&rsa, provctx, properties);
}

static bool get_padding(const struct sig_ctx *ctx, OSSL_PARAM *p)
{
    if (p->data_type != OSSL_PARAM_UTF8_STRING)
        return OSSL_PARAM_set_int(p, ctx->padding);
    const char *name = paddings[ctx->padding == RSA_PKCS1_PSS_PADDING ? 1 : 0].name;
    return OSSL_PARAM_set_utf8_string(p, name);
}

static bool get_salt(const struct sig_ctx *ctx, OSSL_PARAM *p)
{
    char text[SALT_TEXT_MAX + 1] = {0};
    if (p->data_type != OSSL_PARAM_UTF8_STRING)
        return OSSL_PARAM_set_int(p, ctx->salt);
    for (size_t i = 0; i < KM_ARRAY_LEN(salts); i++)
        if (salts[i].salt == ctx->salt)
            return OSSL_PARAM_set_utf8_string(p, salts[i].name);
    snprintf(text, sizeof(text), "%d", ctx->salt);
    return OSSL_PARAM_set_utf8_string(p, text);
}

static int get_params(void *sig_ctx, OSSL_PARAM params[])
{
    struct sig_ctx *ctx = sig_ctx;
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    if (p != NULL && !get_padding(ctx, p))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
    if (p != NULL && !get_salt(ctx, p))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_MGF1_DIGEST);
    if (p != NULL &&
        !OSSL_PARAM_set_utf8_string(p, ctx->md == NULL ? "" : EVP_MD_get0_name(ctx->md)))
        return 0;
    return sig_get_common(ctx, params);
}

static const OSSL_PARAM *gettable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
        OSSL_PARAM_size_t(OSSL_SIGNATURE_PARAM_DIGEST_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

static const OSSL_PARAM *settable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PROPERTIES, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

const OSSL_DISPATCH sig_rsa_functions[] = {
    {OSSL_FUNC_SIGNATURE_NEWCTX, PROV_FN(new_ctx)},
    SIG_FUNCTIONS,
    {OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, PROV_FN(get_params)},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, PROV_FN(gettable)},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, PROV_FN(settable)},
    {0, NULL},
};
