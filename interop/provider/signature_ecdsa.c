/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "common/km_der.h"
#include "interop/provider/signature.h"

static km_status sign_digest(struct km_err *err, struct sig_ctx *ctx, struct km_slice digest,
                             struct km_span ret, size_t *ret_len)
{
    const struct km_door_signing how = {.algorithm = CLRC_ECDSA};
    return km_door_key_sign(err, ctx->key->key, &how, digest, ret, ret_len);
}

static bool prepare_verify(struct sig_ctx *ctx, EVP_PKEY_CTX *local)
{
    (void)ctx;
    (void)local;
    return true;
}

/* ANSI X9.62 ecdsa-with-SHA1 and RFC 5758, section 3.2: no parameters. */
static bool write_algorithm(const struct sig_ctx *ctx, struct km_wr *wr)
{
    static const uint8_t sha1[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01};
    static const uint8_t sha2[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03};
    size_t seq = km_der_begin(wr, KM_DER_SEQUENCE);
    size_t oid = km_der_begin(wr, KM_DER_OID);
    switch (sig_digest_size(ctx)) {
    case 20:
        km_wr_bytes(wr, KM_SLICE(sha1, sizeof(sha1)));
        break;
    case 28:
    case 32:
    case 48:
    case 64:
        km_wr_bytes(wr, KM_SLICE(sha2, sizeof(sha2)));
        km_wr_u8(wr, (uint8_t)(sig_digest_size(ctx) / 16));
        break;
    default:
        return false;
    }
    km_der_end(wr, oid);
    km_der_end(wr, seq);
    return true;
}

static const struct sig_scheme ecdsa = {
    .family = KM_DOOR_EC,
    .sign = sign_digest,
    .prepare_verify = prepare_verify,
    .write_algorithm = write_algorithm,
};

static void *new_ctx(void *provctx, const char *properties)
{
    return sig_new(&ecdsa, provctx, properties);
}

static int get_params(void *ctx, OSSL_PARAM params[])
{
    return sig_get_common(ctx, params);
}

static const OSSL_PARAM *gettable(void *ctx, void *provctx)
{
    static const OSSL_PARAM known[] = {
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
        OSSL_PARAM_size_t(OSSL_SIGNATURE_PARAM_DIGEST_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, NULL, 0),
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
        OSSL_PARAM_END,
    };
    (void)ctx;
    (void)provctx;
    return known;
}

const OSSL_DISPATCH sig_ecdsa_functions[] = {
    {OSSL_FUNC_SIGNATURE_NEWCTX, PROV_FN(new_ctx)},
    SIG_FUNCTIONS,
    {OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, PROV_FN(get_params)},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, PROV_FN(gettable)},
    {OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, PROV_FN(settable)},
    {0, NULL},
};
