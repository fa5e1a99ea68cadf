/* SPDX-License-Identifier: Apache-2.0 */
/* A policy file: whatever is read of it, the host reads the same of what it is told. */
#include "fuzz/km_fuzz.h"
#include "tee/host/crypto_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct km_crypto_policy policy = {0};
    struct km_crypto_policy again = {0};
    char text[KM_CRYPTO_POLICY_TEXT_MAX] = {0};
    struct km_err err = {0};
    if (km_crypto_policy_parse(&err, KM_SLICE(data, size), &policy) == KM_OK) {
        km_crypto_policy_text(&policy, text);
        KM_FUZZ_CHECK(km_crypto_policy_from_text(text, &again));
        KM_FUZZ_CHECK(again.forbidden == policy.forbidden);
    }
    km_err_clear(&err);
    return 0;
}
