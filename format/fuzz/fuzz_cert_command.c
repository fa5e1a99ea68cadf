/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate command that is taken prints back to the same octets. */
#include "fuzz/km_fuzz.h"

#include "format/cert_command.h"

#define OUT_MAX (KM_CERT_COMMAND_MAX + 64u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t content[OUT_MAX], out[OUT_MAX];
    struct km_envelope envelope = {0};
    struct km_cert_command command = {0};
    struct km_slice whole = {0};
    struct km_slice printed = {0};
    if (size > KM_CERT_COMMAND_MAX ||
        !km_envelope_parse(KM_SLICE(data, size), KM_CERT_COMMAND_KIND, &envelope) ||
        envelope.version != KM_ENVELOPE_VERSION || envelope.alg == NULL ||
        !km_cert_command_parse(envelope.body, &command))
        return 0;
    struct km_wr inner = km_wr_init(content, sizeof(content));
    km_cert_command_content(&inner, envelope.alg, &command);
    KM_FUZZ_CHECK(km_wr_finish(&inner, &whole));
    KM_FUZZ_CHECK(km_slice_equal(whole, envelope.content));
    struct km_wr wr = km_wr_init(out, sizeof(out));
    km_envelope_put(&wr, envelope.signature, whole);
    KM_FUZZ_CHECK(km_wr_finish(&wr, &printed));
    KM_FUZZ_CHECK(km_slice_equal(printed, KM_SLICE(data, size)));
    return 0;
}
