/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ciphers with a tag. OpenSSL wants plaintext as it comes, before the tag is checked, and programs often
 * set the tag at the end; the service gives out nothing before the tag fits. GCM and ChaCha20-Poly1305
 * both add a key stream to the text, so encrypting the ciphertext under the same nonce gives the
 * plaintext, and encrypting that once more gives the tag. The program has the key, so nothing is lost by
 * it; with a stored key it takes the right to encrypt. CCM comes in one piece by OpenSSL's own rules: it
 * is decrypted as the service does it.
 */
#include <stdlib.h>

#include "common/km_secret.h"
#include "interop/provider/cipher.h"

/* ---- GCM and ChaCha20-Poly1305 ---- */

static bool begin_gcm(struct cipher_ctx *ctx)
{
    return cipher_begin(ctx, true, CIPHER_TAG_MAX, &ctx->operation) &&
           (ctx->is_encrypt || cipher_begin(ctx, true, CIPHER_TAG_MAX, &ctx->tagger));
}

/* The operation whose tag counts. */
static ClrcOperationHandle tagger_of(const struct cipher_ctx *ctx)
{
    return ctx->is_encrypt ? ctx->operation : ctx->tagger;
}

/* What the tagger gives out is the ciphertext once more, of no use. */
static bool feed_tagger(struct cipher_ctx *ctx, struct km_slice text)
{
    uint8_t *again = malloc(WORK_HELD_MAX);
    bool done = again != NULL || PROV_FAIL(ctx->prov, KM_E_NOMEM, "decryption");
    while (done && text.len != 0) {
        size_t n = text.len < WORK_HELD_MAX ? text.len : WORK_HELD_MAX;
        done = work_cipher(ctx->prov, ctx->tagger, KM_SLICE(text.ptr, n), again);
        text = KM_SLICE(text.ptr + n, text.len - n);
    }
    free(again);
    return done;
}

static bool gcm_update(struct cipher_ctx *ctx, struct km_slice in, struct km_span out,
                       size_t *ret_len)
{
    if (!begin_gcm(ctx))
        return false;
    if (in.len == 0)
        return true;
    if (out.ptr == NULL) { /* additional data */
        *ret_len = in.len;
        return work_check(ctx->prov, clrcOperationUpdateAad(tagger_of(ctx), in.ptr, in.len),
                          "add data to", clrcAlgorithmName(ctx->alg->algorithm));
    }
    *ret_len = in.len;
    return cipher_fits(ctx, out.len, in.len) &&
           work_cipher(ctx->prov, ctx->operation, in, out.ptr) &&
           (ctx->is_encrypt || feed_tagger(ctx, KM_SLICE(out.ptr, in.len)));
}

static bool gcm_final(struct cipher_ctx *ctx, struct km_span out, size_t *ret_len)
{
    uint8_t tag[CIPHER_TAG_MAX] = {0};
    uint32_t len = sizeof(tag);
    (void)out;
    (void)ret_len;
    if (!begin_gcm(ctx) ||
        !work_check(ctx->prov, clrcOperationFinal(tagger_of(ctx), NULL, NULL, tag, &len), "end",
                    clrcAlgorithmName(ctx->alg->algorithm)))
        return false;
    if (!ctx->is_encrypt)
        return (ctx->tag_len != 0 && km_ct_equal(tag, ctx->tag, ctx->tag_len)) ||
               PROV_FAIL(ctx->prov, KM_E_AUTH, "the tag does not fit");
    km_copy(ctx->tag, sizeof(ctx->tag), tag, sizeof(tag));
    ctx->tag_len = sizeof(tag);
    ctx->has_iv = false; /* not a second time */
    return true;
}

const struct cipher_class cipher_gcm = {.update = gcm_update, .final = gcm_final, .is_aead = true};

/* ---- CCM ---- */

static bool keep_aad(struct cipher_ctx *ctx, struct km_slice in)
{
    if (in.len > CIPHER_AAD_MAX - ctx->aad_len)
        return PROV_FAIL(ctx->prov, KM_E_LIMIT, "additional data have at most %u octets",
                         CIPHER_AAD_MAX);
    if (ctx->aad == NULL)
        ctx->aad = malloc(CIPHER_AAD_MAX);
    if (ctx->aad == NULL)
        return PROV_FAIL(ctx->prov, KM_E_NOMEM, "additional data");
    km_copy(ctx->aad + ctx->aad_len, CIPHER_AAD_MAX - ctx->aad_len, in.ptr, in.len);
    ctx->aad_len += in.len;
    return true;
}

static bool ccm_whole(struct cipher_ctx *ctx, struct km_slice in, uint8_t *out)
{
    const ClrcAead aead = {ctx->iv, (uint32_t)ctx->iv_len, ctx->aad, ctx->aad_len};
    ClrcKeyHandle key = work_key_handle(ctx->key);
    ClrcResult result = ctx->is_encrypt
                            ? clrcAeadEncrypt(key, ctx->alg->algorithm, &aead, in.ptr, in.len, out,
                                              ctx->tag, (uint32_t)ctx->tag_wish)
                            : clrcAeadDecrypt(key, ctx->alg->algorithm, &aead, in.ptr, in.len, out,
                                              ctx->tag, (uint32_t)ctx->tag_len);
    if (ctx->is_encrypt) {
        ctx->tag_len = ctx->tag_wish;
        ctx->has_iv = false; /* not a second time */
    }
    return work_check(ctx->prov, result, "run", clrcAlgorithmName(ctx->alg->algorithm));
}

/* Without octets it is the message's length that is told, which the service sees for itself. */
static bool ccm_update(struct cipher_ctx *ctx, struct km_slice in, struct km_span out,
                       size_t *ret_len)
{
    *ret_len = in.len;
    if (in.ptr == NULL && out.ptr == NULL)
        return true;
    if (out.ptr == NULL)
        return keep_aad(ctx, in);
    if (!ctx->is_encrypt && ctx->tag_len == 0)
        return PROV_FAIL(ctx->prov, KM_E_STATE, "CCM wants its tag before what it decrypts");
    return cipher_ready(ctx) && cipher_fits(ctx, out.len, in.len) && ccm_whole(ctx, in, out.ptr);
}

static bool ccm_final(struct cipher_ctx *ctx, struct km_span out, size_t *ret_len)
{
    (void)ctx;
    (void)out;
    (void)ret_len;
    return true;
}

const struct cipher_class cipher_ccm = {.update = ccm_update, .final = ccm_final, .is_aead = true};
