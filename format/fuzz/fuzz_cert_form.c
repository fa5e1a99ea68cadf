/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever passes as a certificate or request: cutting its end or adding to it must not pass. */
#include <stdlib.h>

#include "format/cert_form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(enum km_cert_form form, const uint8_t *data, size_t size)
{
    if (!km_cert_form_is(form, KM_SLICE(data, size)))
        return;
    if (size == 0 || km_cert_form_is(form, KM_SLICE(data, size - 1)))
        abort();
    if (km_cert_form_is(form, KM_SLICE(data + 1, size - 1)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 16384)
        return 0;
    check(KM_CERT_CERTIFICATE, data, size);
    check(KM_CERT_REQUEST, data, size);
    if (km_cert_form_is(KM_CERT_CERTIFICATE, KM_SLICE(data, size)) &&
        km_cert_form_is(KM_CERT_REQUEST, KM_SLICE(data, size)))
        abort();
    return 0;
}
