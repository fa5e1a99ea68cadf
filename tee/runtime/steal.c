/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modes in which the last block and what is left over depend on each other. libcrypto runs each of them over a whole
 * text at once, so the end is kept back here: all but the last 17 to 32 octets go out as they come.
 *
 * CTS: what comes before the end is plain CBC. XTS: libcrypto starts at any block when its tweak is given in the form
 * that the second key makes of it, so that a text can be cut anywhere between blocks.
 */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#define BLOCK KM_RT_BLOCK_MAX
/* More than so many octets libcrypto refuses in one call (IEEE 1619: 2^20 blocks). */
#define XTS_WHOLE_MAX 16777216u

enum { CTS_END = 0, TWEAK_FORTH = 0, TWEAK_BACK = 1 };

static bool cts_key(struct km_rt_operation *op, struct km_slice key)
{
    const struct km_rt_alg *cbc = km_rt_alg_find(TEE_ALG_AES_CBC_NOPAD);
    uint32_t bits = (uint32_t)key.len * 8;
    bool encrypt = op->mode == TEE_MODE_ENCRYPT;
    op->cipher = km_rt_cipher_ctx(km_rt_alg_cipher(cbc, bits), key, encrypt);
    op->aside[CTS_END] = km_rt_cipher_ctx(km_rt_alg_cipher(op->alg, bits), key, encrypt);
    static char kind[] = "CS3"; /* the last two blocks change places always (RFC 3962) */
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("cts_mode", kind, 0),
                           OSSL_PARAM_construct_end()};
    return op->cipher != NULL && op->aside[CTS_END] != NULL &&
           EVP_CIPHER_CTX_set_params(op->aside[CTS_END], params) == 1;
}

static bool xts_key(struct km_rt_operation *op, struct km_slice key1, struct km_slice key2)
{
    const struct km_rt_alg *ecb = km_rt_alg_find(TEE_ALG_AES_ECB_NOPAD);
    uint32_t bits = (uint32_t)key1.len * 8;
    uint8_t both[64] = {0};
    km_copy(both, sizeof(both), key1.ptr, key1.len);
    km_copy(both + key1.len, sizeof(both) - key1.len, key2.ptr, key2.len);
    op->cipher =
        km_rt_cipher_ctx(km_rt_alg_cipher(op->alg, bits), KM_SLICE(both, key1.len + key2.len),
                         op->mode == TEE_MODE_ENCRYPT);
    km_wipe(both, sizeof(both));
    op->aside[TWEAK_FORTH] = km_rt_cipher_ctx(km_rt_alg_cipher(ecb, bits), key2, true);
    op->aside[TWEAK_BACK] = km_rt_cipher_ctx(km_rt_alg_cipher(ecb, bits), key2, false);
    return op->cipher != NULL && op->aside[TWEAK_FORTH] != NULL && op->aside[TWEAK_BACK] != NULL;
}

bool km_rt_steal_key(struct km_rt_operation *op, struct km_slice key1, struct km_slice key2)
{
    return op->alg->scheme == KM_RT_CTS ? cts_key(op, key1) : xts_key(op, key1, key2);
}

static void once(EVP_CIPHER_CTX *ctx, const uint8_t *src, size_t len, uint8_t *dst)
{
    int written = 0;
    bool ok = EVP_CipherUpdate(ctx, dst, &written, src, (int)len) == 1 && (size_t)written == len;
    km_rt_ssl_need(ok, "the cipher failed");
}

static void restart(EVP_CIPHER_CTX *ctx, const uint8_t iv[BLOCK])
{
    km_rt_ssl_need(EVP_CipherInit_ex2(ctx, NULL, NULL, iv, -1, NULL) == 1,
                   "the cipher can't start");
}

void km_rt_steal_start(struct km_rt_operation *op, const uint8_t iv[BLOCK])
{
    if (op->alg->scheme == KM_RT_CTS)
        restart(op->cipher, iv);
    else
        once(op->aside[TWEAK_FORTH], iv, BLOCK, op->chain);
}

/* The tweak n blocks on: times x each, in the field of IEEE 1619, 5.2; no branch on it. */
static void move_tweak(uint8_t tweak[BLOCK], size_t n)
{
    struct km_rd rd = km_rd_init(KM_SLICE(tweak, BLOCK));
    struct km_wr wr = km_wr_init(tweak, BLOCK);
    struct km_slice moved = {0};
    uint64_t low = 0;
    uint64_t high = 0;
    bool ok = km_rd_u64le(&rd, &low) && km_rd_u64le(&rd, &high);
    for (size_t i = 0; i < n; i++) {
        uint64_t carry = high >> 63;
        high = high << 1 | low >> 63;
        low = low << 1 ^ (0x87u & (0u - carry));
    }
    km_wr_u64le(&wr, low);
    km_wr_u64le(&wr, high);
    km_rt_ssl_need(ok && km_wr_finish(&wr, &moved), "a tweak of the wrong length");
}

static void xts_once(struct km_rt_operation *op, const uint8_t *src, size_t len, uint8_t *dst)
{
    uint8_t tweak[BLOCK] = {0};
    once(op->aside[TWEAK_BACK], op->chain, BLOCK, tweak);
    restart(op->cipher, tweak);
    once(op->cipher, src, len, dst);
    km_wipe(tweak, sizeof(tweak));
}

static void xts_run(struct km_rt_operation *op, const uint8_t *src, size_t len, uint8_t *dst)
{
    xts_once(op, src, len, dst);
    move_tweak(op->chain, len / BLOCK);
}

bool km_rt_steal_whole(struct km_rt_operation *op, const uint8_t *src, size_t len, uint8_t *dst)
{
    if (op->alg->scheme != KM_RT_XTS || op->pending != 0 || len > XTS_WHOLE_MAX)
        return false;
    xts_once(op, src, len, dst);
    return true;
}

size_t km_rt_steal_ready(size_t total)
{
    return total <= KM_RT_TAIL_MAX ? 0 : (total - 1) / BLOCK * BLOCK - BLOCK;
}

size_t km_rt_steal_run(struct km_rt_operation *op, const uint8_t *src, size_t len, uint8_t *dst)
{
    uint8_t all[KM_RT_TAIL_MAX + KM_RT_STEAL_PIECE] = {0};
    size_t total = op->pending + len;
    size_t ready = km_rt_steal_ready(total);
    km_copy(all, sizeof(all), op->held, op->pending);
    km_copy(all + op->pending, sizeof(all) - op->pending, src, len);
    if (ready != 0 && op->alg->scheme == KM_RT_CTS)
        once(op->cipher, all, ready, dst);
    else if (ready != 0)
        xts_run(op, all, ready, dst);
    op->pending = total - ready;
    km_copy(op->held, sizeof(op->held), all + ready, op->pending);
    km_wipe(all, sizeof(all));
    return ready;
}

size_t km_rt_steal_final(struct km_rt_operation *op, uint8_t *dst)
{
    size_t len = op->pending;
    if (op->alg->scheme == KM_RT_XTS) {
        xts_run(op, op->held, len, dst);
        return len;
    }
    uint8_t iv[BLOCK] = {0};
    km_rt_ssl_need(EVP_CIPHER_CTX_get_updated_iv(op->cipher, iv, sizeof(iv)) == 1,
                   "the cipher failed");
    restart(op->aside[CTS_END], iv);
    once(op->aside[CTS_END], op->held, len, dst);
    return len;
}
