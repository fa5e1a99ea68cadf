/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets as a certificate: what comes out is text within its bounds. */
#include "cloud/policy/cert_values.h"
#include "fuzz/km_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_cert_values *values = NULL;
    struct km_policy_context context = {0};
    km_status status = km_cert_values_read(NULL, KM_SLICE(data, size), &values);
    KM_FUZZ_CHECK((status == KM_OK) == (values != NULL));
    if (values == NULL)
        return 0;
    km_cert_values_put(values, &context);
    for (unsigned key = 0; key < KM_POLICY_N_KEYS; key++) {
        for (size_t i = 0; i < context.values[key].n; i++)
            KM_FUZZ_CHECK(km_utf8_valid(context.values[key].at[i]));
        KM_FUZZ_CHECK(key == KM_POLICY_CERT_KEYS ||
                      context.values[key].n <= KM_CERT_VALUES_EACH_MAX);
    }
    km_cert_values_free(values);
    return 0;
}
