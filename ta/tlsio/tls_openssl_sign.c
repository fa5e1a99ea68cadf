/* SPDX-License-Identifier: Apache-2.0 */
/* SIGNATURE: what is to be signed is hashed here, the digest goes to the hook. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "ta/tlsio/tls_openssl.h"

struct signing {
    const struct tls_key *key; /* libcrypto keeps it while this lives */
    EVP_MD *md;
    bool is_pss;
};

static void *signing_new(void *provctx, const char *properties)
{
    (void)provctx;
    (void)properties;
    return OPENSSL_zalloc(sizeof(struct signing));
}

static void signing_free(void *ctx)
{
    struct signing *signing = ctx;
    if (signing == NULL)
        return;
    EVP_MD_free(signing->md);
    OPENSSL_free(signing);
}

/* PSS in TLS has a salt as long as the digest and MGF1 with the same digest (RFC 8446, 4.2.3): nothing else is asked for. */
static int set_params(void *ctx, const OSSL_PARAM params[])
{
    struct signing *signing = ctx;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    int number = 0;
    if (p == NULL)
        return 1;
    if (p->data_type == OSSL_PARAM_UTF8_STRING)
        number = strcmp(p->data, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0 ? RSA_PKCS1_PSS_PADDING
                                                                  : RSA_PKCS1_PADDING;
    else if (!OSSL_PARAM_get_int(p, &number))
        return 0;
    signing->is_pss = number == RSA_PKCS1_PSS_PADDING;
    return signing->is_pss || number == RSA_PKCS1_PADDING;
}

static const OSSL_PARAM *settable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

static int digest_sign_init(void *ctx, const char *digest, void *keydata, const OSSL_PARAM params[])
{
    struct signing *signing = ctx;
    const struct tls_key *key = keydata;
    if (key == NULL || key->tls == NULL || digest == NULL)
        return 0;
    EVP_MD_free(signing->md);
    signing->md = EVP_MD_fetch(key->tls->libctx, digest, NULL);
    signing->key = key;
    return signing->md != NULL && (params == NULL || set_params(ctx, params));
}

static enum km_tls_scheme scheme_of(const struct signing *signing)
{
    if (EVP_PKEY_is_a(signing->key->public_part, "EC"))
        return KM_TLS_ECDSA;
    return signing->is_pss ? KM_TLS_RSA_PSS : KM_TLS_RSA_PKCS1;
}

static int digest_sign(void *ctx, unsigned char *sig, size_t *sig_len, size_t room,
                       const unsigned char *data, size_t len)
{
    const struct signing *signing = ctx;
    struct km_tls *tls = signing->key->tls;
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    unsigned digest_len = 0;
    size_t longest = (size_t)EVP_PKEY_get_size(signing->key->public_part);
    if (sig == NULL || room < longest) {
        *sig_len = longest;
        return sig == NULL;
    }
    if (EVP_Digest(data, len, digest, &digest_len, signing->md, NULL) != 1)
        return 0;
    tls->sign_result = tls->hooks.sign(tls->hooks.arg, scheme_of(signing),
                                       KM_SLICE(digest, digest_len), KM_SPAN(sig, room), sig_len);
    return tls->sign_result == TEE_SUCCESS;
}

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_SIGNATURE_NEWCTX, TLS_PROVIDER_FN(signing_new)},
    {OSSL_FUNC_SIGNATURE_FREECTX, TLS_PROVIDER_FN(signing_free)},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, TLS_PROVIDER_FN(digest_sign_init)},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, TLS_PROVIDER_FN(digest_sign)},
    {OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, TLS_PROVIDER_FN(set_params)},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, TLS_PROVIDER_FN(settable)},
    {0, NULL},
};

const OSSL_ALGORITHM tls_signature_algorithms[] = {
    {"ECDSA", TLS_PROPERTIES, functions, "ECDSA by the crypto application"},
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", TLS_PROPERTIES, functions,
     "RSA by the crypto application"},
    {NULL, NULL, NULL, NULL},
};
