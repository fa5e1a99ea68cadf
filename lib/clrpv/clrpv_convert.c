/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures, there and back. */
#include "lib/clrpv/clrpv_internal.h"

#define COORDINATE_MAX 66u /* P-521 */
#define DER_MAX 144u

ClrpvResult clrpvSignatureToRaw(const uint8_t *der, size_t der_length, size_t coordinate_length,
                                uint8_t *raw, size_t *raw_length)
{
    static const char function[] = "clrpvSignatureToRaw";
    uint8_t out[2 * COORDINATE_MAX] = {0};
    if (der == NULL || raw_length == NULL || (raw == NULL && *raw_length != 0) ||
        coordinate_length == 0 || coordinate_length > COORDINATE_MAX)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, NULL);
    if (!km_der_ecdsa_to_raw(KM_SLICE(der, der_length), coordinate_length, out))
        return clrpv_fail(function, CLRPV_ERROR_BAD_FORMAT,
                          "not r and s of this size in strict DER");
    size_t room = *raw_length;
    *raw_length = 2 * coordinate_length;
    if (room < *raw_length)
        return clrpv_fail(function, CLRPV_ERROR_SHORT_BUFFER, NULL);
    km_copy(raw, room, out, *raw_length);
    return CLRPV_SUCCESS;
}

ClrpvResult clrpvSignatureToDer(const uint8_t *raw, size_t raw_length, uint8_t *der,
                                size_t *der_length)
{
    static const char function[] = "clrpvSignatureToDer";
    uint8_t out[DER_MAX] = {0};
    size_t len = 0;
    if (raw == NULL || der_length == NULL || (der == NULL && *der_length != 0) ||
        raw_length > (size_t)2 * COORDINATE_MAX)
        return clrpv_fail(function, CLRPV_ERROR_BAD_PARAMETERS, NULL);
    if (!km_der_ecdsa_from_raw(KM_SLICE(raw, raw_length), KM_SPAN(out, sizeof(out)), &len))
        return clrpv_fail(function, CLRPV_ERROR_BAD_FORMAT, "r and s have the same length");
    size_t room = *der_length;
    *der_length = len;
    if (room < len)
        return clrpv_fail(function, CLRPV_ERROR_SHORT_BUFFER, NULL);
    km_copy(der, room, out, len);
    return CLRPV_SUCCESS;
}
