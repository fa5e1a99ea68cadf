/* SPDX-License-Identifier: Apache-2.0 */
/* What is read is printed and read again: the same, and the same octets from then on. */
#include "cloud/common/cbor.h"
#include "fuzz/km_fuzz.h"

#define MAX ((size_t)1 << 20)

static void check_again(const json_t *value)
{
    struct km_err err = {0};
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    KM_AUTO(km_json_text_clear) struct km_json_text last = {0};
    KM_AUTO(km_json_unref) json_t *again = NULL;
    KM_FUZZ_CHECK(km_cbor_print(&err, value, MAX, &text) == KM_OK);
    KM_FUZZ_CHECK(km_cbor_object(&err, KM_SLICE(text.ptr, text.len), KM_CBOR_DEPTH_MAX, &again) ==
                  KM_OK);
    KM_FUZZ_CHECK(json_equal(value, again));
    KM_FUZZ_CHECK(km_cbor_print(&err, again, MAX, &last) == KM_OK);
    KM_FUZZ_CHECK(km_slice_equal(KM_SLICE(text.ptr, text.len), KM_SLICE(last.ptr, last.len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (unsigned depth = 0; depth <= KM_CBOR_DEPTH_MAX; depth += 4) {
        struct km_err err = {0};
        KM_AUTO(km_json_unref) json_t *value = NULL;
        km_status status = km_cbor_object(&err, KM_SLICE(data, size), depth, &value);
        KM_FUZZ_CHECK((status == KM_OK) == (value != NULL));
        KM_FUZZ_CHECK((status == KM_OK) == (err.text[0] == '\0'));
        if (status != KM_OK)
            continue;
        KM_FUZZ_CHECK(json_is_object(value) && km_json_depth(value) <= depth);
        check_again(value);
    }
    return 0;
}
