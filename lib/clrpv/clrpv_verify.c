/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying. Each octet is read once and goes from the same buffer into the hash and into the new file, which takes its
 * place only after the signature held.
 */
#include <string.h>

#include "lib/clrpv/clrpv_stream.h"

/* A package that is being read. */
struct reading {
    const char *function;
    struct clrpv_source *source;
    struct clrpv_sink *sink;
    struct km_payload payload;
    uint8_t head[KM_PAYLOAD_HEAD_MAX];
    size_t head_len; /* octets in head, the payload's first ones among them */
};

static ClrpvResult fault(const char *function, enum km_payload_fault found)
{
    switch (found) {
    case KM_PAYLOAD_OK:
        return CLRPV_SUCCESS;
    case KM_PAYLOAD_TRUNCATED:
        return clrpv_fail(function, CLRPV_ERROR_TRUNCATED, NULL);
    case KM_PAYLOAD_TRAILING:
        return clrpv_fail(function, CLRPV_ERROR_TRAILING, NULL);
    case KM_PAYLOAD_OTHER_KIND:
        return clrpv_fail(function, CLRPV_ERROR_OTHER_KIND, NULL);
    case KM_PAYLOAD_UNSUPPORTED:
        return clrpv_fail(function, CLRPV_ERROR_ALGORITHM, NULL);
    case KM_PAYLOAD_MALFORMED:
    default:
        return clrpv_fail(function, CLRPV_ERROR_BAD_FORMAT, NULL);
    }
}

static ClrpvResult check_wish(const char *function, const ClrpvVerifyWish *wish)
{
    if ((wish->flags & ~(CLRPV_ALLOW_WEAK_HASH | CLRPV_ANY_TARGET)) != 0)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, "there is no such flag");
    bool has_target = wish->target != NULL;
    if (has_target && ((wish->flags & CLRPV_ANY_TARGET) != 0 || wish->target[0] == '\0' ||
                       strlen(wish->target) > CLRPV_TARGET_MAX))
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS,
                          "a target is 1 to 128 octets, and none goes with any target");
    return clrpv_key_check(function, &wish->key);
}

/* A file that is known to be too short or too long is refused before it is read. */
static ClrpvResult check_size(struct reading *reading)
{
    int64_t size = 0;
    CLRPV_TRY(clrpv_source_size(reading->source, &size));
    if (size < 0)
        return CLRPV_SUCCESS;
    if ((uint64_t)size < reading->payload.package_len)
        return fault(reading->function, KM_PAYLOAD_TRUNCATED);
    if ((uint64_t)size > reading->payload.package_len)
        return fault(reading->function, KM_PAYLOAD_TRAILING);
    return CLRPV_SUCCESS;
}

static ClrpvResult read_head(struct reading *reading, const ClrpvVerifyWish *wish)
{
    CLRPV_TRY(clrpv_source_read(reading->source, KM_SPAN(reading->head, sizeof(reading->head)),
                                &reading->head_len));
    CLRPV_TRY(fault(reading->function, km_payload_parse(KM_SLICE(reading->head, reading->head_len),
                                                        &reading->payload)));
    CLRPV_TRY(check_size(reading));
    if (wish->max_length != 0 && reading->payload.payload_len > wish->max_length)
        return clrpv_fail(reading->function, CLRPV_ERROR_TOO_LARGE,
                          "the payload is longer than allowed here");
    ClrpvHash hash = clrpv_hash_of(reading->payload.alg->digest);
    if (clrpvHashIsWeak(hash) && (wish->flags & CLRPV_ALLOW_WEAK_HASH) == 0)
        return clrpv_fail(reading->function, CLRPV_ERROR_WEAK_HASH, NULL);
    return CLRPV_SUCCESS;
}

static ClrpvResult take(struct reading *reading, struct clrpv_crypto *crypto,
                        struct km_slice octets)
{
    if (octets.len == 0)
        return CLRPV_SUCCESS;
    CLRPV_TRY(clrpv_update(crypto, octets));
    return clrpv_sink_write(reading->sink, octets);
}

static ClrpvResult read_payload(struct reading *reading, struct clrpv_crypto *crypto)
{
    KM_AUTO(clrpv_piece_freep) uint8_t *piece = clrpv_piece_new();
    size_t begun = reading->head_len - reading->payload.head_len;
    uint64_t left = reading->payload.payload_len - begun;
    size_t len = 0;
    if (piece == NULL)
        return clrpv_fail(reading->function, CLRPV_ERROR_OUT_OF_MEMORY, NULL);
    CLRPV_TRY(take(reading, crypto, KM_SLICE(reading->head + reading->payload.head_len, begun)));
    while (left > 0) {
        size_t wanted = left < CLRPV_PIECE ? (size_t)left : CLRPV_PIECE;
        CLRPV_TRY(clrpv_source_read(reading->source, KM_SPAN(piece, wanted), &len));
        if (len < wanted)
            return fault(reading->function, KM_PAYLOAD_TRUNCATED);
        CLRPV_TRY(take(reading, crypto, KM_SLICE(piece, len)));
        left -= len;
    }
    CLRPV_TRY(clrpv_source_read(reading->source, KM_SPAN(piece, 1), &len));
    return len == 0 ? CLRPV_SUCCESS : fault(reading->function, KM_PAYLOAD_TRAILING);
}

static void tell(const struct km_payload *payload, ClrpvPackageInfo *info)
{
    *info = (ClrpvPackageInfo){.hash = clrpv_hash_of(payload->alg->digest),
                               .has_version = payload->has_version,
                               .version = payload->version,
                               .length = payload->payload_len};
    if (payload->target.len != 0)
        km_copy(info->target, sizeof(info->target) - 1, payload->target.ptr, payload->target.len);
}

static ClrpvResult verify(struct reading *reading, const ClrpvVerifyWish *wish,
                          const char *payload_path)
{
    KM_AUTO(clrpv_crypto_freep) struct clrpv_crypto *crypto = NULL;
    const struct km_payload_wish asked = {
        .any_target = (wish->flags & CLRPV_ANY_TARGET) != 0,
        .target = wish->target == NULL ? (struct km_slice){0} : KM_SLICE_STR(wish->target),
        .lowest = wish->lowest_version};
    CLRPV_TRY(read_head(reading, wish));
    CLRPV_TRY(clrpv_crypto_open(reading->function, &wish->key, false, &crypto));
    if ((int)clrpv_crypto_family(crypto) != (int)reading->payload.alg->family)
        return clrpv_fail(reading->function, CLRPV_ERROR_KEY_MISMATCH, NULL);
    if (payload_path != NULL)
        CLRPV_TRY(clrpv_sink_open(reading->function, payload_path, reading->sink));
    CLRPV_TRY(clrpv_verify_begin(crypto, &reading->payload, &asked));
    CLRPV_TRY(read_payload(reading, crypto));
    CLRPV_TRY(clrpv_verify_end(crypto, reading->payload.signature));
    return clrpv_sink_commit(reading->sink);
}

ClrpvResult clrpvVerifyPackage(const ClrpvVerifyWish *wish, const char *package_path,
                               const char *payload_path, ClrpvPackageInfo *info)
{
    KM_AUTO(clrpv_source_clear) struct clrpv_source source = CLRPV_SOURCE_NONE;
    KM_AUTO(clrpv_sink_clear) struct clrpv_sink sink = {0};
    struct reading reading = {.function = "clrpvVerifyPackage", .source = &source, .sink = &sink};
    if (wish == NULL || package_path == NULL)
        return clrpv_fail(reading.function, CLRPV_ERROR_BAD_PARAMETERS, "a pointer is NULL");
    CLRPV_TRY(check_wish(reading.function, wish));
    CLRPV_TRY(clrpv_source_open(reading.function, package_path, &source));
    CLRPV_TRY(verify(&reading, wish, payload_path));
    if (info != NULL)
        tell(&reading.payload, info);
    return CLRPV_SUCCESS;
}

ClrpvResult clrpvVerifyPackageBuffer(const ClrpvVerifyWish *wish, const uint8_t *package,
                                     size_t package_length, const uint8_t **payload,
                                     size_t *payload_length, ClrpvPackageInfo *info)
{
    struct clrpv_source source = CLRPV_SOURCE_NONE;
    struct clrpv_sink sink = {0};
    struct reading reading = {
        .function = "clrpvVerifyPackageBuffer", .source = &source, .sink = &sink};
    if (wish == NULL || package == NULL || payload == NULL || payload_length == NULL)
        return clrpv_fail(reading.function, CLRPV_ERROR_BAD_PARAMETERS, "a pointer is NULL");
    CLRPV_TRY(check_wish(reading.function, wish));
    clrpv_source_memory(reading.function, KM_SLICE(package, package_length), &source);
    CLRPV_TRY(verify(&reading, wish, NULL));
    *payload = package + reading.payload.head_len;
    *payload_length = (size_t)reading.payload.payload_len;
    if (info != NULL)
        tell(&reading.payload, info);
    return CLRPV_SUCCESS;
}
