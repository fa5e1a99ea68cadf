/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packing. The signature stands before the payload and may differ in length each time it is made, so the payload is read
 * twice: once to be signed, once to be written; both readings must have the same digest.
 */
#include <errno.h>
#include <string.h>

#include "lib/clrpv/clrpv_stream.h"

/* A package on its way. */
struct making {
    const char *function;
    struct km_payload payload;
    uint8_t content_head[KM_PAYLOAD_HEAD_MAX];
    uint8_t head[KM_PAYLOAD_HEAD_MAX];
    uint8_t signature[CLRPV_SIGNATURE_ROOM];
};

static ClrpvResult check_wish(const char *function, const ClrpvCreateWish *wish,
                              enum km_sign_digest *ret_digest)
{
    if (wish == NULL)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, "a pointer is NULL");
    if ((wish->flags & ~CLRPV_ALLOW_WEAK_HASH) != 0)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, "there is no such flag");
    if (!clrpv_hash_digest(wish->hash, ret_digest))
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, "there is no such hash");
    if (clrpvHashIsWeak(wish->hash) && (wish->flags & CLRPV_ALLOW_WEAK_HASH) == 0)
        return clrpv_fail(function, CLRPV_ERROR_WEAK_HASH, NULL);
    if (wish->target != NULL &&
        (wish->target[0] == '\0' || strlen(wish->target) > CLRPV_TARGET_MAX ||
         !km_utf8_valid(KM_SLICE_STR(wish->target))))
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS,
                          "a target is 1 to 128 octets of UTF-8");
    return clrpv_key_check(function, &wish->key);
}

static ClrpvResult plan(struct making *making, const ClrpvCreateWish *wish,
                        const struct clrpv_crypto *crypto, enum km_sign_digest digest,
                        uint64_t payload_len)
{
    struct km_payload *payload = &making->payload;
    payload->alg = km_sign_alg_find((enum km_sign_family)clrpv_crypto_family(crypto), digest);
    if (payload->alg == NULL)
        return clrpv_fail(making->function, CLRPV_ERROR_ALGORITHM,
                          "keys of this kind do not sign with this hash");
    payload->has_version = wish->has_version != 0;
    payload->version = wish->version;
    if (wish->target != NULL)
        payload->target = KM_SLICE_STR(wish->target);
    payload->payload_len = payload_len;
    struct km_wr wr = km_wr_init(making->content_head, sizeof(making->content_head));
    km_payload_put_content(&wr, payload);
    if (!km_wr_finish(&wr, &payload->content_head))
        return clrpv_fail(making->function, CLRPV_ERROR_TOO_LARGE, NULL);
    return CLRPV_SUCCESS;
}

/* One reading: into the digest, and to the sink. */
static ClrpvResult read_payload(struct making *making, struct clrpv_crypto *crypto,
                                struct clrpv_source *source, struct clrpv_sink *sink,
                                uint8_t digest[CLRPV_DIGEST_MAX])
{
    KM_AUTO(clrpv_piece_freep) uint8_t *piece = clrpv_piece_new();
    uint64_t total = 0;
    size_t len = CLRPV_PIECE;
    if (piece == NULL)
        return clrpv_fail(making->function, CLRPV_ERROR_OUT_OF_MEMORY, NULL);
    CLRPV_TRY(clrpv_source_rewind(source));
    CLRPV_TRY(clrpv_digest_begin(crypto, making->payload.alg));
    CLRPV_TRY(clrpv_update(crypto, making->payload.content_head));
    while (len == CLRPV_PIECE && total <= making->payload.payload_len) {
        CLRPV_TRY(clrpv_source_read(source, KM_SPAN(piece, CLRPV_PIECE), &len));
        total += len;
        CLRPV_TRY(clrpv_update(crypto, KM_SLICE(piece, len)));
        if (sink != NULL && total <= making->payload.payload_len)
            CLRPV_TRY(clrpv_sink_write(sink, KM_SLICE(piece, len)));
    }
    if (total != making->payload.payload_len)
        return clrpv_fail(making->function, CLRPV_ERROR_CHANGED, NULL);
    return clrpv_digest_end(crypto, digest);
}

static ClrpvResult sign(struct making *making, struct clrpv_crypto *crypto,
                        const uint8_t digest[CLRPV_DIGEST_MAX], struct km_slice *ret_head)
{
    size_t len = 0;
    CLRPV_TRY(clrpv_sign(crypto, making->payload.alg, digest, making->signature, &len));
    making->payload.signature = KM_SLICE(making->signature, len);
    struct km_wr wr = km_wr_init(making->head, sizeof(making->head));
    km_payload_put_head(&wr, &making->payload);
    if (!km_wr_finish(&wr, ret_head))
        return clrpv_fail(making->function, CLRPV_ERROR_TOO_LARGE, NULL);
    return CLRPV_SUCCESS;
}

static ClrpvResult make(struct making *making, const ClrpvCreateWish *wish,
                        struct clrpv_source *source, struct clrpv_sink *sink)
{
    enum km_sign_digest hash = KM_SIGN_SHA256;
    uint8_t first[CLRPV_DIGEST_MAX] = {0};
    uint8_t second[CLRPV_DIGEST_MAX] = {0};
    struct km_slice head = {0};
    int64_t size = 0;
    KM_AUTO(clrpv_crypto_freep) struct clrpv_crypto *crypto = NULL;
    CLRPV_TRY(clrpv_source_size(source, &size));
    if (size < 0)
        return clrpv_fail_errno(making->function, source->path, ESPIPE);
    CLRPV_TRY(check_wish(making->function, wish, &hash));
    CLRPV_TRY(clrpv_crypto_open(making->function, &wish->key, true, &crypto));
    CLRPV_TRY(plan(making, wish, crypto, hash, (uint64_t)size));
    CLRPV_TRY(read_payload(making, crypto, source, NULL, first));
    CLRPV_TRY(sign(making, crypto, first, &head));
    CLRPV_TRY(clrpv_sink_write(sink, head));
    CLRPV_TRY(read_payload(making, crypto, source, sink, second));
    if (memcmp(first, second, sizeof(first)) != 0)
        return clrpv_fail(making->function, CLRPV_ERROR_CHANGED, NULL);
    return clrpv_sink_commit(sink);
}

ClrpvResult clrpvCreatePackage(const ClrpvCreateWish *wish, const char *payload_path,
                               const char *package_path)
{
    struct making making = {.function = "clrpvCreatePackage"};
    KM_AUTO(clrpv_source_clear) struct clrpv_source source = CLRPV_SOURCE_NONE;
    KM_AUTO(clrpv_sink_clear) struct clrpv_sink sink = {0};
    if (wish == NULL || payload_path == NULL || package_path == NULL)
        return clrpv_fail(making.function, CLRPV_ERROR_BAD_PARAMETERS, "a pointer is NULL");
    CLRPV_TRY(clrpv_source_open(making.function, payload_path, &source));
    CLRPV_TRY(clrpv_sink_open(making.function, package_path, &sink));
    return make(&making, wish, &source, &sink);
}

ClrpvResult clrpvCreatePackageBuffer(const ClrpvCreateWish *wish, const uint8_t *payload,
                                     size_t payload_length, uint8_t *package,
                                     size_t *package_length)
{
    struct making making = {.function = "clrpvCreatePackageBuffer"};
    struct clrpv_source source = CLRPV_SOURCE_NONE;
    struct clrpv_sink sink = {0};
    if (wish == NULL || (payload == NULL && payload_length != 0) || package_length == NULL ||
        (package == NULL && *package_length != 0))
        return clrpv_fail(making.function, CLRPV_ERROR_BAD_PARAMETERS, "a pointer is NULL");
    if (payload_length > SIZE_MAX / 2)
        return clrpv_fail(making.function, CLRPV_ERROR_TOO_LARGE, NULL);
    if (*package_length < payload_length + CLRPV_OVERHEAD_MAX) {
        *package_length = payload_length + CLRPV_OVERHEAD_MAX;
        return clrpv_fail(making.function, CLRPV_ERROR_SHORT_BUFFER, NULL);
    }
    clrpv_source_memory(making.function, KM_SLICE(payload, payload_length), &source);
    clrpv_sink_memory(making.function, KM_SPAN(package, *package_length), &sink);
    CLRPV_TRY(make(&making, wish, &source, &sink));
    *package_length = sink.len;
    return CLRPV_SUCCESS;
}
