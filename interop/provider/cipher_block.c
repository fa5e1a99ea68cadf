/* SPDX-License-Identifier: Apache-2.0 */
/* Ciphers without a tag: those that work on blocks, with padding or without, those that work on octets, and XTS. */
#include <string.h>

#include "common/km_secret.h"
#include "interop/provider/cipher.h"

/* ---- blocks: what does not fill one is held, and the last one of a padded decryption ---- */

static size_t whole_blocks(const struct cipher_ctx *ctx, size_t total)
{
    size_t block = ctx->alg->block;
    size_t whole = total - total % block;
    bool holds_last = !ctx->is_encrypt && ctx->is_padded && whole == total && whole != 0;
    return holds_last ? whole - block : whole;
}

static bool run(struct cipher_ctx *ctx, struct km_slice in, struct km_span out, size_t *ret_len)
{
    if (!cipher_begin(ctx, ctx->is_encrypt, 0, &ctx->operation) ||
        !work_cipher(ctx->prov, ctx->operation, in, out.ptr))
        return false;
    *ret_len += in.len;
    return true;
}

static struct km_slice fill_held(struct cipher_ctx *ctx, struct km_slice in, size_t up_to)
{
    size_t n = up_to - ctx->held_len;
    km_copy(ctx->held + ctx->held_len, sizeof(ctx->held) - ctx->held_len, in.ptr, n);
    ctx->held_len += n;
    return KM_SLICE(in.ptr + n, in.len - n);
}

static bool block_update(struct cipher_ctx *ctx, struct km_slice in, struct km_span out,
                         size_t *ret_len)
{
    size_t block = ctx->alg->block;
    size_t whole = whole_blocks(ctx, ctx->held_len + in.len);
    if (!cipher_fits(ctx, out.len, whole))
        return false;
    if (whole != 0 && ctx->held_len != 0) {
        in = fill_held(ctx, in, block);
        if (!run(ctx, KM_SLICE(ctx->held, block), out, ret_len))
            return false;
        ctx->held_len = 0;
        out = KM_SPAN(out.ptr + block, out.len - block);
        whole -= block;
    }
    if (whole != 0 && !run(ctx, KM_SLICE(in.ptr, whole), out, ret_len))
        return false;
    in = KM_SLICE(in.ptr + whole, in.len - whole);
    (void)fill_held(ctx, in, ctx->held_len + in.len);
    return true;
}

/* Every octet of the last block is looked at, whatever it says. */
static bool strip(struct cipher_ctx *ctx, const uint8_t *text, struct km_span out, size_t *ret_len)
{
    size_t block = ctx->alg->block;
    size_t padding = text[block - 1];
    unsigned wrong = (padding == 0) | (padding > block);
    for (size_t i = 0; i < block; i++) {
        unsigned counts = i < padding;
        wrong |= counts & (unsigned)(text[block - 1 - i] != padding);
    }
    if (wrong != 0)
        return PROV_FAIL(ctx->prov, KM_E_ARG, "the padding is wrong");
    if (!cipher_fits(ctx, out.len, block - padding))
        return false;
    km_copy(out.ptr, out.len, text, block - padding);
    *ret_len = block - padding;
    return true;
}

static bool block_final(struct cipher_ctx *ctx, struct km_span out, size_t *ret_len)
{
    size_t block = ctx->alg->block;
    uint8_t text[CIPHER_BLOCK_MAX] = {0};
    size_t len = 0;
    if (!ctx->is_padded)
        return ctx->held_len == 0 ||
               PROV_FAIL(ctx->prov, KM_E_ARG, "%zu octets are no whole block", ctx->held_len);
    if (ctx->is_encrypt) {
        size_t padding = block - ctx->held_len;
        if (!cipher_fits(ctx, out.len, block))
            return false;
        memset(ctx->held + ctx->held_len, (int)padding, padding);
        return run(ctx, KM_SLICE(ctx->held, block), out, ret_len);
    }
    if (ctx->held_len != block)
        return PROV_FAIL(ctx->prov, KM_E_ARG, "the ciphertext is cut off");
    bool done = run(ctx, KM_SLICE(ctx->held, block), KM_SPAN(text, block), &len) &&
                strip(ctx, text, out, ret_len);
    km_wipe(text, sizeof(text));
    return done;
}

const struct cipher_class cipher_block = {.update = block_update, .final = block_final};

/* ---- octets ---- */

static bool stream_update(struct cipher_ctx *ctx, struct km_slice in, struct km_span out,
                          size_t *ret_len)
{
    return in.len == 0 || (cipher_fits(ctx, out.len, in.len) && run(ctx, in, out, ret_len));
}

static bool stream_final(struct cipher_ctx *ctx, struct km_span out, size_t *ret_len)
{
    (void)ctx;
    (void)out;
    (void)ret_len;
    return true;
}

const struct cipher_class cipher_stream = {.update = stream_update, .final = stream_final};

/* ---- XTS: each update is a unit of its own, as OpenSSL has it ---- */

static bool xts_update(struct cipher_ctx *ctx, struct km_slice in, struct km_span out,
                       size_t *ret_len)
{
    size_t len = out.len;
    if (in.len == 0)
        return true;
    if (!cipher_ready(ctx) || !cipher_fits(ctx, out.len, in.len))
        return false;
    ClrcResult result = clrcCipher(work_key_handle(ctx->key), ctx->alg->algorithm,
                                   ctx->is_encrypt ? CLRC_MODE_ENCRYPT : CLRC_MODE_DECRYPT, ctx->iv,
                                   (uint32_t)ctx->iv_len, in.ptr, in.len, out.ptr, &len);
    *ret_len = len;
    return work_check(ctx->prov, result, "run", clrcAlgorithmName(ctx->alg->algorithm));
}

const struct cipher_class cipher_xts = {.update = xts_update, .final = stream_final};
