/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stand-in does not do: it answers as a service that does not offer it, and has no certificates but those that are files.
 * The scenarios that are about these run over the real service alone.
 */
#include "clrc.h"
#include "clrsc.h"

#define UNUSED(x) ((void)(x))

ClrcResult clrcImportKeyAttributes(const ClrcKeyTemplate *wish, const ClrcAttributeValue *values,
                                   uint32_t n_values, ClrcKeyHandle *hKey)
{
    UNUSED(wish), UNUSED(values), UNUSED(n_values), UNUSED(hKey);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcOperationNew(ClrcKeyHandle hKey, const ClrcOperationWish *wish,
                            ClrcOperationHandle *hOperation)
{
    UNUSED(hKey), UNUSED(wish), UNUSED(hOperation);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcOperationUpdate(ClrcOperationHandle hOperation, const uint8_t *in, size_t length,
                               uint8_t *out, size_t *out_length)
{
    UNUSED(hOperation), UNUSED(in), UNUSED(length), UNUSED(out), UNUSED(out_length);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcOperationFinal(ClrcOperationHandle hOperation, uint8_t *out, size_t *out_length,
                              uint8_t *result, uint32_t *result_length)
{
    UNUSED(hOperation), UNUSED(out), UNUSED(out_length), UNUSED(result), UNUSED(result_length);
    return CLRC_ERROR_NOT_SUPPORTED;
}

void clrcOperationFree(ClrcOperationHandle hOperation)
{
    UNUSED(hOperation);
}

ClrcResult clrscListNamedCertificates(int (*seen)(void *arg, const char *name, uint32_t length),
                                      void *arg)
{
    UNUSED(seen), UNUSED(arg);
    return CLRC_SUCCESS;
}

ClrcResult clrscListCertificates(int (*seen)(void *arg, const ClrscEntry *entry), void *arg)
{
    UNUSED(seen), UNUSED(arg);
    return CLRC_SUCCESS;
}

ClrcResult clrscGetCertificate(const uint8_t digest[CLRSC_DIGEST_LENGTH], uint8_t *der,
                               uint32_t *length)
{
    UNUSED(digest), UNUSED(der), UNUSED(length);
    return CLRC_ERROR_NOT_FOUND;
}
