/* SPDX-License-Identifier: Apache-2.0 */
/* base64 and hashes. */
#include "cloud/rules/rule_function.h"

#include <nettle/base64.h>
#include <nettle/nettle-meta.h>
#include <stdlib.h>
#include <string.h>

static bool is_base64(const json_t *scheme)
{
    return json_is_string(scheme) && strcmp(json_string_value(scheme), "base64") == 0;
}

static json_t *encode_bytes(struct km_rule_eval *eval, struct km_slice bytes)
{
    size_t len = BASE64_ENCODE_RAW_LENGTH(bytes.len);
    if (len > KM_RULE_PAYLOAD_MAX)
        return km_rule_string(eval, "", len); /* fails for its length */
    char *text = malloc(len + 1);
    if (text == NULL)
        return km_rule_made(eval, NULL);
    base64_encode_raw(text, bytes.len, bytes.ptr);
    json_t *value = km_rule_string(eval, text, len);
    free(text);
    return value;
}

/* encode(*, ...) takes the message's own bytes, JSON or not. */
static json_t *encode(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(km_rule_text_clear) struct km_rule_text text = {0};
    if (!is_base64(call->args[1]))
        return NULL;
    if (call->expr->args->kind == KM_EXPR_PAYLOAD)
        return encode_bytes(eval, eval->message->payload);
    if (!km_rule_text_of(eval, call->args[0], &text))
        return NULL;
    return encode_bytes(eval, KM_SLICE(text.ptr, text.len));
}

/* A JSON document becomes a value, other text stays text, and what is neither null. */
static json_t *value_of_decoded(struct km_rule_eval *eval, const uint8_t *bytes, size_t len)
{
    json_t *value = NULL;
    km_status status = km_json_value(NULL, KM_SLICE(bytes, len), KM_RULE_JSON_DEPTH_MAX, &value);
    if (status == KM_E_NOMEM)
        return km_rule_made(eval, NULL);
    if (json_is_object(value) || json_is_array(value)) {
        if (km_rule_spend_tree(eval, value))
            return value;
        json_decref(value);
        return NULL;
    }
    json_decref(value);
    if (!km_utf8_valid(KM_SLICE(bytes, len)))
        return json_null();
    return km_rule_string(eval, (const char *)bytes, len);
}

static json_t *decode(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(km_rule_text_clear) struct km_rule_text text = {0};
    if (!is_base64(call->args[1]) || !km_rule_text_of(eval, call->args[0], &text) ||
        !km_rule_spend(eval, text.len / 64))
        return NULL;
    struct base64_decode_ctx ctx = {0};
    size_t len = BASE64_DECODE_LENGTH(text.len);
    uint8_t *bytes = malloc(len + 1);
    if (bytes == NULL)
        return km_rule_made(eval, NULL);
    base64_decode_init(&ctx);
    bool whole = base64_decode_update(&ctx, &len, bytes, text.len, text.ptr) == 1 &&
                 base64_decode_final(&ctx) == 1;
    json_t *value = whole ? value_of_decoded(eval, bytes, len) : json_null();
    free(bytes);
    return value;
}

/* ---- hashes ---- */

#define DIGEST_MAX 64 /* octets, of SHA-512 */

static const struct nettle_hash *const hashes[] = {&nettle_md2,    &nettle_md5,    &nettle_sha1,
                                                   &nettle_sha224, &nettle_sha256, &nettle_sha384,
                                                   &nettle_sha512};
enum { MD2, MD5, SHA1, SHA224, SHA256, SHA384, SHA512 };

static json_t *hash(struct km_rule_eval *eval, const struct km_rule_call *call)
{
    KM_AUTO(km_rule_text_clear) struct km_rule_text text = {0};
    const struct nettle_hash *algorithm = hashes[call->variant];
    uint8_t digest[DIGEST_MAX] = {0};
    char hex[2 * DIGEST_MAX + 1] = {0};
    if (!km_rule_text_of(eval, call->args[0], &text) || !km_rule_spend(eval, text.len / 64))
        return NULL;
    void *ctx = calloc(1, algorithm->context_size);
    if (ctx == NULL)
        return km_rule_made(eval, NULL);
    algorithm->init(ctx);
    algorithm->update(ctx, text.len, (const uint8_t *)text.ptr);
    algorithm->digest(ctx, algorithm->digest_size, digest);
    free(ctx);
    km_hex(KM_SLICE(digest, algorithm->digest_size), hex, sizeof(hex));
    return km_rule_string(eval, hex, strlen(hex));
}

const struct km_rule_function km_rule_code_functions[] = {
    {"decode", 2, 2, decode, 0, false},    {"encode", 2, 2, encode, 0, true},
    {"md2", 1, 1, hash, MD2, false},       {"md5", 1, 1, hash, MD5, false},
    {"sha1", 1, 1, hash, SHA1, false},     {"sha224", 1, 1, hash, SHA224, false},
    {"sha256", 1, 1, hash, SHA256, false}, {"sha384", 1, 1, hash, SHA384, false},
    {"sha512", 1, 1, hash, SHA512, false}, {0},
};
