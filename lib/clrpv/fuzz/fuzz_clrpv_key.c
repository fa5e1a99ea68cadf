/* SPDX-License-Identifier: Apache-2.0 */
/* Key files as they come: PEM or DER. What a form is told for is DER as a whole, and PEM never grows. */
#include "fuzz/km_fuzz.h"
#include "lib/clrpv/clrpv_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_slice in = KM_SLICE(data, size);
    struct clrpv_key_form form = {0};
    uint8_t *der = malloc(size != 0 ? size : 1);
    KM_FUZZ_CHECK(der != NULL);
    size_t len = clrpv_pem_decode(in, der, size);
    KM_FUZZ_CHECK(len <= size);
    (void)clrpv_key_form_parse(KM_SLICE(der, len), &form);
    if (clrpv_key_form_parse(in, &form)) {
        struct km_rd rd = km_rd_init(in);
        struct km_rd inner = {0};
        KM_FUZZ_CHECK(km_der_enter(&rd, KM_DER_SEQUENCE, &inner) && km_rd_done(&rd));
        /* One octet less is no key. */
        KM_FUZZ_CHECK(!clrpv_key_form_parse(KM_SLICE(data, size - 1), &form));
    }
    free(der);
    return 0;
}
