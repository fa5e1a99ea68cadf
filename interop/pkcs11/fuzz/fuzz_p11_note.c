/* SPDX-License-Identifier: Apache-2.0 */
/* A note that is taken prints as itself, and each attribute in it can be found and replaced. */
#include <string.h>

#include "fuzz/km_fuzz.h"
#include "interop/pkcs11/p11.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[4096];
    struct km_p11_note note = {0};
    size_t len = 0;
    struct km_slice parts[3] = {{0}};
    if (km_p11_certificate(KM_SLICE(data, size), &parts[0], &parts[1], &parts[2])) {
        for (size_t i = 0; i < KM_ARRAY_LEN(parts); i++)
            KM_FUZZ_CHECK(parts[i].ptr >= data && parts[i].ptr + parts[i].len <= data + size);
    }
    if (!km_p11_note_parse(KM_SLICE(data, size), &note))
        return 0;
    KM_FUZZ_CHECK(km_p11_note_put(&note, KM_SPAN(out, sizeof(out)), &len));
    KM_FUZZ_CHECK(len == size && memcmp(out, data, size) == 0);
    struct km_p11_list own = {(uint8_t *)(uintptr_t)note.own.ptr, note.own.len};
    struct km_p11_list list = {0};
    KM_FUZZ_CHECK(km_p11_list_copy(&own, &list) == CKR_OK);
    struct km_slice value = {0};
    if (km_p11_list_set(&list, CKA_LABEL, KM_SLICE_STR("label")) == CKR_OK) {
        KM_FUZZ_CHECK(km_p11_list_check(KM_SLICE(list.bytes, list.len)));
        KM_FUZZ_CHECK(km_p11_list_find(&list, CKA_LABEL, &value));
        KM_FUZZ_CHECK(km_slice_equal(value, KM_SLICE_STR("label")));
    }
    km_p11_list_clear(&list);
    return 0;
}
