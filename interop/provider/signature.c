/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGNATURE: messages are hashed in the program, the digest alone goes to the service. Verification
 * needs no secret and is done by the program's other providers.
 */
#include "interop/provider/signature.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include "interop/provider/rsa_ids.h"

#define ALGORITHM_MAX 128 /* octets of the longest AlgorithmIdentifier, that of PSS */

void *sig_new(const struct sig_scheme *scheme, void *provctx, const char *properties)
{
    struct sig_ctx *ctx = calloc(1, sizeof(*ctx));
    if (ctx == NULL)
        return NULL;
    ctx->prov = provctx;
    ctx->scheme = scheme;
    ctx->padding = RSA_PKCS1_PADDING;
    ctx->salt = RSA_PSS_SALTLEN_AUTO;
    if (properties != NULL) {
        ctx->properties = strdup(properties);
        if (ctx->properties == NULL) {
            free(ctx);
            return NULL;
        }
    }
    return ctx;
}

void sig_free(void *sig_ctx)
{
    struct sig_ctx *ctx = sig_ctx;
    if (ctx == NULL)
        return;
    prov_key_unref(ctx->key);
    EVP_MD_CTX_free(ctx->hash);
    EVP_MD_free(ctx->md);
    free(ctx->properties);
    free(ctx);
}

void *sig_dup(void *sig_ctx)
{
    const struct sig_ctx *from = sig_ctx;
    struct sig_ctx *to = sig_new(from->scheme, from->prov, from->properties);
    if (to == NULL)
        return NULL;
    to->operation = from->operation;
    to->padding = from->padding;
    to->salt = from->salt;
    to->hash_ended = from->hash_ended;
    if (from->key != NULL)
        to->key = prov_key_ref(from->key);
    if (from->md != NULL && EVP_MD_up_ref(from->md))
        to->md = from->md;
    if (from->hash != NULL)
        to->hash = EVP_MD_CTX_new();
    if (from->hash != NULL && (to->hash == NULL || !EVP_MD_CTX_copy_ex(to->hash, from->hash))) {
        sig_free(to);
        return NULL;
    }
    return to;
}

size_t sig_digest_size(const struct sig_ctx *ctx)
{
    return ctx->md == NULL ? 0 : (size_t)EVP_MD_get_size(ctx->md);
}

/* SHA-1 and SHA-2 by their sizes is what the service's algorithms know. */
bool sig_set_digest(struct sig_ctx *ctx, const char *name, const char *properties)
{
    static const char *const offered[] = {"SHA1", "SHA2-224", "SHA2-256", "SHA2-384", "SHA2-512"};
    EVP_MD *md = prov_digest(ctx->prov, name, properties);
    if (md == NULL)
        return false;
    bool fits = false;
    for (size_t i = 0; i < KM_ARRAY_LEN(offered); i++)
        fits = fits || EVP_MD_is_a(md, offered[i]);
    const char *bound_to = ctx->key == NULL ? NULL : rsa_pss_bounds(ctx->key->pss)->digest;
    if (fits && bound_to != NULL && !EVP_MD_is_a(md, bound_to)) {
        EVP_MD_free(md);
        return PROV_FAIL(ctx->prov, KM_E_ARG, "this key is bound to %s, not to '%.40s'", bound_to,
                         name);
    }
    if (!fits) {
        EVP_MD_free(md);
        return PROV_FAIL(ctx->prov, KM_E_UNSUPPORTED,
                         "signatures with digest '%.40s' are not offered (SHA-1 and SHA-2 are)",
                         name);
    }
    EVP_MD_free(ctx->md);
    ctx->md = md;
    return true;
}

int sig_start(struct sig_ctx *ctx, struct prov_key *key, const OSSL_PARAM params[], int operation)
{
    if (key == NULL && ctx->key == NULL)
        return PROV_FAIL(ctx->prov, KM_E_ARG, "no key was given");
    if (key != NULL) {
        if (key->key == NULL || km_door_key_public(key->key)->family != ctx->scheme->family)
            return PROV_FAIL(ctx->prov, KM_E_ARG, "the key does not fit the signature algorithm");
        prov_key_unref(ctx->key);
        ctx->key = prov_key_ref(key);
    }
    ctx->operation = operation;
    if (operation == EVP_PKEY_OP_SIGN && !km_door_key_has_private(ctx->key->key)) {
        struct km_err err = {0};
        (void)km_door_no_private(&err, "signing");
        return prov_raise(ctx->prov, &err, __func__);
    }
    return (ctx->scheme->begin == NULL || ctx->scheme->begin(ctx)) && sig_set_params(ctx, params);
}

int sig_sign_init(void *ctx, void *key, const OSSL_PARAM params[])
{
    return sig_start(ctx, key, params, EVP_PKEY_OP_SIGN);
}

int sig_verify_init(void *ctx, void *key, const OSSL_PARAM params[])
{
    return sig_start(ctx, key, params, EVP_PKEY_OP_VERIFY);
}

int sig_sign(void *sig_ctx, unsigned char *sig, size_t *sig_len, size_t room,
             const unsigned char *digest, size_t digest_len)
{
    struct sig_ctx *ctx = sig_ctx;
    size_t longest = km_door_key_signature_max(ctx->key->key);
    if (sig == NULL) {
        *sig_len = longest;
        return 1;
    }
    if (ctx->md != NULL && digest_len != sig_digest_size(ctx))
        return PROV_FAIL(ctx->prov, KM_E_ARG, "a digest of %zu octets, %zu were expected",
                         digest_len, sig_digest_size(ctx));
    if (room < longest)
        return PROV_FAIL(ctx->prov, KM_E_LIMIT, "room for %zu octets, a signature takes %zu", room,
                         longest);
    struct km_err err = {0};
    size_t len = 0;
    if (ctx->scheme->sign(&err, ctx, KM_SLICE(digest, digest_len), KM_SPAN(sig, room), &len) !=
        KM_OK)
        return prov_raise(ctx->prov, &err, __func__);
    *sig_len = len;
    return 1;
}

int sig_verify(void *sig_ctx, const unsigned char *sig, size_t sig_len, const unsigned char *digest,
               size_t digest_len)
{
    struct sig_ctx *ctx = sig_ctx;
    EVP_PKEY *public = prov_key_local(ctx->key);
    if (public == NULL)
        return 0;
    EVP_PKEY_CTX *local = EVP_PKEY_CTX_new_from_pkey(ctx->prov->libctx, public, PROV_NOT_OURS);
    ERR_set_mark();
    bool ready = local != NULL && EVP_PKEY_verify_init(local) == 1 &&
                 (ctx->md == NULL || EVP_PKEY_CTX_set_signature_md(local, ctx->md) == 1) &&
                 ctx->scheme->prepare_verify(ctx, local);
    int answer = ready ? EVP_PKEY_verify(local, sig, sig_len, digest, digest_len) : 0;
    ERR_pop_to_mark();
    EVP_PKEY_CTX_free(local);
    if (!ready)
        return PROV_FAIL(ctx->prov, KM_E_UNSUPPORTED, "the other providers can't verify this");
    return answer == 1;
}

static int start_digest(struct sig_ctx *ctx, const char *md, struct prov_key *key,
                        const OSSL_PARAM params[], int operation)
{
    if (!sig_start(ctx, key, params, operation))
        return 0;
    if (md == NULL || md[0] == '\0')
        md = ctx->md == NULL ? "SHA2-256" : NULL;
    if (md != NULL && !sig_set_digest(ctx, md, ctx->properties))
        return 0;
    if (ctx->hash == NULL)
        ctx->hash = EVP_MD_CTX_new();
    ctx->hash_ended = false;
    if (ctx->hash == NULL || !EVP_DigestInit_ex2(ctx->hash, ctx->md, NULL))
        return PROV_FAIL(ctx->prov, KM_E_NOMEM, "digest of the message");
    return 1;
}

int sig_digest_sign_init(void *ctx, const char *md, void *key, const OSSL_PARAM params[])
{
    return start_digest(ctx, md, key, params, EVP_PKEY_OP_SIGN);
}

int sig_digest_verify_init(void *ctx, const char *md, void *key, const OSSL_PARAM params[])
{
    return start_digest(ctx, md, key, params, EVP_PKEY_OP_VERIFY);
}

int sig_digest_update(void *sig_ctx, const unsigned char *data, size_t len)
{
    struct sig_ctx *ctx = sig_ctx;
    return ctx->hash != NULL && !ctx->hash_ended && EVP_DigestUpdate(ctx->hash, data, len);
}

static bool take_digest(struct sig_ctx *ctx, uint8_t digest[EVP_MAX_MD_SIZE], unsigned *ret_len)
{
    if (ctx->hash == NULL || ctx->hash_ended)
        return PROV_FAIL(ctx->prov, KM_E_STATE, "the message has ended or was never begun");
    ctx->hash_ended = true;
    return EVP_DigestFinal_ex(ctx->hash, digest, ret_len);
}

int sig_digest_sign_final(void *sig_ctx, unsigned char *sig, size_t *sig_len, size_t room)
{
    struct sig_ctx *ctx = sig_ctx;
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    unsigned len = 0;
    if (sig == NULL)
        return sig_sign(ctx, NULL, sig_len, 0, NULL, 0);
    return take_digest(ctx, digest, &len) && sig_sign(ctx, sig, sig_len, room, digest, len);
}

int sig_digest_verify_final(void *sig_ctx, const unsigned char *sig, size_t sig_len)
{
    struct sig_ctx *ctx = sig_ctx;
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    unsigned len = 0;
    return take_digest(ctx, digest, &len) && sig_verify(ctx, sig, sig_len, digest, len);
}

int sig_digest_sign(void *ctx, unsigned char *sig, size_t *sig_len, size_t room,
                    const unsigned char *data, size_t len)
{
    return (sig == NULL || sig_digest_update(ctx, data, len)) &&
           sig_digest_sign_final(ctx, sig, sig_len, room);
}

int sig_digest_verify(void *ctx, const unsigned char *sig, size_t sig_len,
                      const unsigned char *data, size_t len)
{
    return sig_digest_update(ctx, data, len) && sig_digest_verify_final(ctx, sig, sig_len);
}

static bool set_digest_param(struct sig_ctx *ctx, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DIGEST);
    const OSSL_PARAM *q = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PROPERTIES);
    const char *name = NULL;
    const char *properties = ctx->properties;
    if (p == NULL)
        return true;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &name) ||
        (q != NULL && !OSSL_PARAM_get_utf8_string_ptr(q, &properties)))
        return false;
    /* Once the message is being hashed, its digest is settled. */
    if (ctx->hash != NULL && !ctx->hash_ended)
        return EVP_MD_is_a(ctx->md, name) ||
               PROV_FAIL(ctx->prov, KM_E_STATE, "the digest is settled already");
    return sig_set_digest(ctx, name, properties);
}

int sig_set_params(void *sig_ctx, const OSSL_PARAM params[])
{
    struct sig_ctx *ctx = sig_ctx;
    if (params == NULL)
        return 1;
    return set_digest_param(ctx, params) &&
           (ctx->scheme->set_params == NULL || ctx->scheme->set_params(ctx, params));
}

bool sig_get_common(struct sig_ctx *ctx, OSSL_PARAM params[])
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST);
    const char *name = ctx->md == NULL ? "" : EVP_MD_get0_name(ctx->md);
    if (p != NULL && !OSSL_PARAM_set_utf8_string(p, name))
        return false;
    p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_DIGEST_SIZE);
    if (p != NULL && !OSSL_PARAM_set_size_t(p, sig_digest_size(ctx)))
        return false;
    p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
    if (p == NULL)
        return true;
    uint8_t buf[ALGORITHM_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_slice der = {0};
    return ctx->scheme->write_algorithm(ctx, &wr) && km_wr_finish(&wr, &der) &&
           OSSL_PARAM_set_octet_string(p, der.ptr, der.len);
}

const OSSL_ALGORITHM prov_signature[] = {
    {"ECDSA", PROV_PROPERTIES, sig_ecdsa_functions, "ECDSA in the trusted service"},
    {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROV_PROPERTIES, sig_rsa_functions,
     "RSA signatures in the trusted service"},
    {"ED25519:1.3.101.112", PROV_PROPERTIES, sig_ed25519_functions,
     "Ed25519 in the trusted service"},
    {NULL, NULL, NULL, NULL},
};
