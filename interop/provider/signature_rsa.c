/* SPDX-License-Identifier: Apache-2.0 */
/* RSA signatures: PKCS#1 v1.5 and PSS. The service offers no raw RSA, so other paddings are refused. */
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "common/km_der.h"
#include "interop/provider/signature.h"

#define SALT_TEXT_MAX 15

/* Octets of salt that the choice means for this key and digest; negative when none fit. */
static long salt_octets(const struct sig_ctx *ctx)
{
    long digest_len = (long)sig_digest_size(ctx);
    long bits = (long)km_door_key_public(ctx->key->key)->bits;
    long most = (bits - 1 + 7) / 8 - digest_len - 2; /* RFC 8017, section 9.1.1, step 3 */
    if (ctx->salt == RSA_PSS_SALTLEN_DIGEST)
        return digest_len <= most ? digest_len : -1;
    if (ctx->salt == RSA_PSS_SALTLEN_AUTO || ctx->salt == RSA_PSS_SALTLEN_MAX)
        return most;
    return ctx->salt <= most ? ctx->salt : -1;
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
        if (is_text ? strcmp(text, paddings[i].name) == 0 : number == paddings[i].padding) {
            ctx->padding = paddings[i].padding;
            return true;
        }
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

/* ---- algorithm identifiers: RFC 8017, appendix A.2 ---- */

struct digest_ids {
    size_t digest_len;
    uint8_t pkcs1;          /* last arc of pkcs-1 {1 2 840 113549 1 1 x} */
    struct km_slice digest; /* OID contents */
};

static const uint8_t oid_sha1[] = {0x2b, 0x0e, 0x03, 0x02, 0x1a};
static const uint8_t oid_sha224[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04};
static const uint8_t oid_sha256[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
static const uint8_t oid_sha384[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02};
static const uint8_t oid_sha512[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03};

static const struct digest_ids digests[] = {
    {20, 5, {oid_sha1, sizeof(oid_sha1)}},      {28, 14, {oid_sha224, sizeof(oid_sha224)}},
    {32, 11, {oid_sha256, sizeof(oid_sha256)}}, {48, 12, {oid_sha384, sizeof(oid_sha384)}},
    {64, 13, {oid_sha512, sizeof(oid_sha512)}},
};

#define ARC_MGF1 8
#define ARC_PSS 10

static void put_pkcs1(struct km_wr *wr, uint8_t arc)
{
    static const uint8_t pkcs1[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01};
    size_t oid = km_der_begin(wr, KM_DER_OID);
    km_wr_bytes(wr, KM_SLICE(pkcs1, sizeof(pkcs1)));
    km_wr_u8(wr, arc);
    km_der_end(wr, oid);
}

static void put_digest(struct km_wr *wr, const struct digest_ids *ids)
{
    size_t seq = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OID, ids->digest);
    km_der_put_null(wr);
    km_der_end(wr, seq);
}

static void put_pss(struct km_wr *wr, const struct digest_ids *ids, uint64_t salt_len)
{
    size_t params = km_der_begin(wr, KM_DER_SEQUENCE);
    /* DER leaves out what equals the default: SHA-1, MGF1 with SHA-1, 20 octets of salt. */
    if (ids->digest_len != 20) {
        size_t hash = km_der_begin(wr, KM_DER_CONTEXT(0));
        put_digest(wr, ids);
        km_der_end(wr, hash);
        size_t mgf = km_der_begin(wr, KM_DER_CONTEXT(1));
        size_t seq = km_der_begin(wr, KM_DER_SEQUENCE);
        put_pkcs1(wr, ARC_MGF1);
        put_digest(wr, ids);
        km_der_end(wr, seq);
        km_der_end(wr, mgf);
    }
    if (salt_len != 20) {
        size_t salt = km_der_begin(wr, KM_DER_CONTEXT(2));
        km_der_put_u64(wr, KM_DER_INTEGER, salt_len);
        km_der_end(wr, salt);
    }
    km_der_end(wr, params);
}

static bool write_algorithm(const struct sig_ctx *ctx, struct km_wr *wr)
{
    const struct digest_ids *ids = NULL;
    for (size_t i = 0; i < KM_ARRAY_LEN(digests); i++)
        if (digests[i].digest_len == sig_digest_size(ctx))
            ids = &digests[i];
    if (ids == NULL)
        return false;
    size_t seq = km_der_begin(wr, KM_DER_SEQUENCE);
    if (ctx->padding == RSA_PKCS1_PSS_PADDING) {
        long salt_len = salt_octets(ctx);
        if (salt_len < 0)
            return false;
        put_pkcs1(wr, ARC_PSS);
        put_pss(wr, ids, (uint64_t)salt_len);
    } else {
        put_pkcs1(wr, ids->pkcs1);
        km_der_put_null(wr);
    }
    km_der_end(wr, seq);
    return true;
}

static const struct sig_scheme rsa = {
    .family = KM_DOOR_RSA,
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
