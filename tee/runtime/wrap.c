/* SPDX-License-Identifier: Apache-2.0 */
/* AES key wrap (RFC 3394, RFC 5649). libcrypto takes a text at once, so it is collected until the end. */
#include "tee/runtime/operation.h"

#include "common/km_secret.h"

#define UNIT 8
#define TEXT_MAX 65536
#define KW_MIN (2 * UNIT) /* a wrapped text has one unit more */

static bool is_padded(const struct km_rt_operation *op)
{
    return op->alg->scheme == KM_RT_WRAP_PAD;
}

void km_rt_wrap_start(struct km_rt_operation *op, const void *iv, size_t iv_len)
{
    static const uint8_t kw[] = {0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6, 0xA6};
    static const uint8_t kwp[] = {0xA6, 0x59, 0x59, 0xA6};
    size_t wanted = is_padded(op) ? sizeof(kwp) : sizeof(kw);
    km_rt_need(iv_len == 0 || iv_len == wanted, "an initialization vector of the wrong length");
    km_rt_readable(iv, iv_len);
    const void *from = is_padded(op) ? kwp : kw;
    km_copy(op->chain, sizeof(op->chain), iv_len != 0 ? iv : from, wanted);
    km_rt_collect_clear(&op->collected);
}

static bool can_unwrap(const struct km_rt_operation *op, size_t len)
{
    return len % UNIT == 0 && len >= (is_padded(op) ? 2 * UNIT : KW_MIN + UNIT);
}

/* The octets that come out at most. */
static size_t room_for(const struct km_rt_operation *op, size_t len)
{
    if (op->mode == TEE_MODE_ENCRYPT)
        return (len + UNIT - 1) / UNIT * UNIT + UNIT;
    return can_unwrap(op, len) ? len - UNIT : 0;
}

static bool run(struct km_rt_operation *op, uint8_t *out, size_t *ret_len)
{
    int len = 0;
    bool ok =
        EVP_CipherInit_ex2(op->cipher, NULL, NULL, op->chain, -1, NULL) == 1 &&
        EVP_CipherUpdate(op->cipher, out, &len, op->collected.bytes, (int)op->collected.len) == 1 &&
        len > 0;
    *ret_len = ok ? (size_t)len : 0;
    return ok;
}

static TEE_Result run_all(struct km_rt_operation *op, void *dst, size_t *dst_len)
{
    bool wraps = op->mode == TEE_MODE_ENCRYPT;
    if (!wraps && !can_unwrap(op, op->collected.len))
        return TEE_ERROR_CIPHERTEXT_INVALID;
    /* libcrypto writes a unit more than what it answers while it unwraps */
    size_t room = room_for(op, op->collected.len) + 2 * UNIT;
    uint8_t *out = km_rt_secret_new(room);
    if (out == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    size_t len = 0;
    TEE_Result result = TEE_ERROR_CIPHERTEXT_INVALID;
    if (run(op, out, &len))
        result = km_rt_give(dst, dst_len, out, len);
    else if (wraps)
        result = TEE_ERROR_OUT_OF_MEMORY;
    km_rt_ssl_quiet();
    km_rt_secret_free(out, room);
    return result;
}

TEE_Result km_rt_wrap_collect(struct km_rt_operation *op, const void *src, size_t len)
{
    km_rt_readable(src, len);
    size_t most = op->mode == TEE_MODE_ENCRYPT ? TEXT_MAX : TEXT_MAX + UNIT;
    bool fits = len <= most && op->collected.len <= most - len;
    return fits && km_rt_collect(&op->collected, src, len) ? TEE_SUCCESS : TEE_ERROR_OUT_OF_MEMORY;
}

TEE_Result km_rt_wrap_final(struct km_rt_operation *op, const void *src, size_t len, void *dst,
                            size_t *dst_len)
{
    km_rt_need(dst_len != NULL, "no destination for what comes out");
    km_rt_need(len <= TEXT_MAX + UNIT, "a key too long to be wrapped");
    size_t total = op->collected.len + len;
    bool can_wrap = is_padded(op) ? total != 0 : total % UNIT == 0 && total >= KW_MIN;
    km_rt_need(op->mode == TEE_MODE_DECRYPT || can_wrap, "a length that can't be wrapped");
    if (*dst_len < room_for(op, total)) {
        *dst_len = room_for(op, total);
        return TEE_ERROR_SHORT_BUFFER;
    }
    TEE_Result result = km_rt_wrap_collect(op, src, len);
    if (result == TEE_SUCCESS)
        result = run_all(op, dst, dst_len);
    km_rt_collect_clear(&op->collected);
    km_rt_operation_finish(op);
    return result;
}
