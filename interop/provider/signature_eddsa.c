/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ed25519 (RFC 8032). It hashes the message twice, the first time with a part of the private key, so
 * the whole message goes to the service, in one piece.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "common/km_der.h"
#include "interop/provider/signature.h"

#define MESSAGE_MAX 1048576u

/* RFC 8410, section 3: no parameters. */
static bool write_algorithm(const struct sig_ctx *ctx, struct km_wr *wr)
{
    static const uint8_t oid_ed25519[] = {0x2b, 0x65, 0x70};
    (void)ctx;
    size_t seq = km_der_begin(wr, KM_DER_SEQUENCE);
    km_der_put(wr, KM_DER_OID, KM_SLICE(oid_ed25519, sizeof(oid_ed25519)));
    km_der_end(wr, seq);
    return true;
}

static const struct sig_scheme ed25519 = {
    .family = KM_DOOR_ED25519,
    .write_algorithm = write_algorithm,
};

static void *new_ctx(void *provctx, const char *properties)
{
    return sig_new(&ed25519, provctx, properties);
}

static int init(struct sig_ctx *ctx, const char *md, struct prov_key *key,
                const OSSL_PARAM params[], int operation)
{
    if (md != NULL && md[0] != '\0')
        return PROV_FAIL(ctx->prov, KM_E_ARG, "Ed25519 takes no digest, it has one of its own");
    return sig_start(ctx, key, params, operation);
}

static int sign_init(void *ctx, const char *md, void *key, const OSSL_PARAM params[])
{
    return init(ctx, md, key, params, EVP_PKEY_OP_SIGN);
}

static int verify_init(void *ctx, const char *md, void *key, const OSSL_PARAM params[])
{
    return init(ctx, md, key, params, EVP_PKEY_OP_VERIFY);
}

static int sign(void *sig_ctx, unsigned char *sig, size_t *sig_len, size_t room,
                const unsigned char *message, size_t len)
{
    struct sig_ctx *ctx = sig_ctx;
    struct km_err err = {0};
    size_t longest = km_door_key_signature_max(ctx->key->key);
    *sig_len = longest;
    if (sig == NULL)
        return 1;
    if (room < longest || len > MESSAGE_MAX)
        return PROV_FAIL(ctx->prov, KM_E_LIMIT,
                         "room for %zu octets, a signature takes %zu; a message has at most %u",
                         room, longest, MESSAGE_MAX);
    if (km_door_key_sign_message(&err, ctx->key->key, KM_SLICE(message, len), KM_SPAN(sig, room),
                                 sig_len) != KM_OK)
        return prov_raise(ctx->prov, &err, __func__);
    return 1;
}

static int verify(void *sig_ctx, const unsigned char *sig, size_t sig_len,
                  const unsigned char *message, size_t len)
{
    struct sig_ctx *ctx = sig_ctx;
    EVP_PKEY *public = prov_key_local(ctx->key);
    if (public == NULL)
        return 0;
    EVP_MD_CTX *local = EVP_MD_CTX_new();
    ERR_set_mark();
    bool ready = local != NULL && EVP_DigestVerifyInit_ex(local, NULL, NULL, ctx->prov->libctx,
                                                          PROV_NOT_OURS, public, NULL) == 1;
    int answer = ready ? EVP_DigestVerify(local, sig, sig_len, message, len) : 0;
    ERR_pop_to_mark();
    EVP_MD_CTX_free(local);
    if (!ready)
        return PROV_FAIL(ctx->prov, KM_E_UNSUPPORTED, "the other providers can't verify this");
    return answer == 1;
}

static int get_params(void *ctx, OSSL_PARAM params[])
{
    return sig_get_common(ctx, params);
}

static const OSSL_PARAM *gettable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

const OSSL_DISPATCH sig_ed25519_functions[] = {
    {OSSL_FUNC_SIGNATURE_NEWCTX, PROV_FN(new_ctx)},
    {OSSL_FUNC_SIGNATURE_FREECTX, PROV_FN(sig_free)},
    {OSSL_FUNC_SIGNATURE_DUPCTX, PROV_FN(sig_dup)},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, PROV_FN(sign_init)},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN, PROV_FN(sign)},
    {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, PROV_FN(verify_init)},
    {OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, PROV_FN(verify)},
    {OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, PROV_FN(get_params)},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, PROV_FN(gettable)},
    {0, NULL},
};
