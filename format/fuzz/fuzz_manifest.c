/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest outside and inside the seal: what is parsed prints to the same octets. */
#include "fuzz/km_fuzz.h"

#include "format/manifest.h"

#define OUT_MAX (KM_MANIFEST_MAX + 64u)

static uint8_t out[OUT_MAX];

static void check_printed(const struct km_wr *wr, const uint8_t *data, size_t size)
{
    struct km_slice printed = {0};
    KM_FUZZ_CHECK(km_wr_finish(wr, &printed));
    KM_FUZZ_CHECK(km_slice_equal(printed, KM_SLICE(data, size)));
}

static void check_outside(const uint8_t *data, size_t size)
{
    struct km_envelope envelope = {0};
    struct km_manifest manifest = {0};
    if (!km_envelope_parse(KM_SLICE(data, size), KM_MANIFEST_KIND, &envelope) ||
        envelope.version != KM_ENVELOPE_VERSION || envelope.alg == NULL ||
        !km_manifest_parse(envelope.body, &manifest))
        return;
    static uint8_t content[OUT_MAX];
    struct km_wr inner = km_wr_init(content, sizeof(content));
    size_t mark = km_envelope_begin(&inner, KM_MANIFEST_KIND, envelope.alg);
    km_manifest_put(&inner, &manifest);
    km_der_end(&inner, mark);
    struct km_slice whole = {0};
    KM_FUZZ_CHECK(km_wr_finish(&inner, &whole));
    struct km_wr wr = km_wr_init(out, sizeof(out));
    km_envelope_put(&wr, envelope.signature, whole);
    check_printed(&wr, data, size);
}

static void check_inside(const uint8_t *data, size_t size)
{
    static struct km_manifest_body body;
    if (!km_manifest_body_parse(KM_SLICE(data, size), &body))
        return;
    struct km_wr wr = km_wr_init(out, sizeof(out));
    km_manifest_body_put(&wr, &body);
    check_printed(&wr, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > KM_MANIFEST_MAX)
        return 0;
    check_outside(data, size);
    check_inside(data, size);
    return 0;
}
