/* SPDX-License-Identifier: Apache-2.0 */
/* The first octet picks the size of a coordinate; the rest is tried as DER and as r and s. */
#include "common/km_der.h"
#include "fuzz/km_fuzz.h"

#define COORD_MAX 255

static void check_der(struct km_slice der, size_t coord_len)
{
    uint8_t raw[2 * COORD_MAX] = {0};
    if (!km_der_ecdsa_to_raw(der, coord_len, raw))
        return;
    uint8_t *again = malloc(der.len);
    size_t len = 0;
    KM_FUZZ_CHECK(again != NULL);
    KM_FUZZ_CHECK(
        km_der_ecdsa_from_raw(KM_SLICE(raw, 2 * coord_len), KM_SPAN(again, der.len), &len));
    KM_FUZZ_CHECK(km_slice_equal(der, KM_SLICE(again, len)));
    free(again);
}

static void check_raw(struct km_slice raw)
{
    uint8_t der[2 * COORD_MAX + 16] = {0};
    uint8_t again[2 * COORD_MAX] = {0};
    size_t len = 0;
    if (raw.len > sizeof(again))
        return;
    bool ok = km_der_ecdsa_from_raw(raw, KM_SPAN(der, sizeof(der)), &len);
    KM_FUZZ_CHECK(ok == (raw.len > 0 && raw.len % 2 == 0));
    if (!ok)
        return;
    KM_FUZZ_CHECK(km_der_ecdsa_to_raw(KM_SLICE(der, len), raw.len / 2, again));
    KM_FUZZ_CHECK(km_slice_equal(raw, KM_SLICE(again, raw.len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct km_slice rest = KM_SLICE(data + 1, size - 1);
    check_der(rest, data[0]);
    check_raw(rest);
    return 0;
}
