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

ClrcResult clrcOperationUpdateAad(ClrcOperationHandle hOperation, const uint8_t *aad, size_t length)
{
    UNUSED(hOperation), UNUSED(aad), UNUSED(length);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcOperationCopy(ClrcOperationHandle hOperation, ClrcOperationHandle *hCopy)
{
    UNUSED(hOperation), UNUSED(hCopy);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcImportKeyRaw(const ClrcKeyTemplate *wish, const uint8_t *key, uint32_t length,
                            ClrcKeyHandle *hKey)
{
    UNUSED(wish), UNUSED(key), UNUSED(length), UNUSED(hKey);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcDigest(ClrcAlgorithm algorithm, const uint8_t *data, size_t length, uint8_t *digest,
                      uint32_t *digest_length)
{
    UNUSED(algorithm), UNUSED(data), UNUSED(length), UNUSED(digest), UNUSED(digest_length);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcMac(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const uint8_t *data, size_t length,
                   uint8_t *mac, uint32_t *mac_length)
{
    UNUSED(hKey), UNUSED(algorithm), UNUSED(data), UNUSED(length), UNUSED(mac);
    UNUSED(mac_length);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcCipher(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, ClrcMode mode, const uint8_t *iv,
                      uint32_t iv_length, const uint8_t *in, size_t length, uint8_t *out,
                      size_t *out_length)
{
    UNUSED(hKey), UNUSED(algorithm), UNUSED(mode), UNUSED(iv), UNUSED(iv_length);
    UNUSED(in), UNUSED(length), UNUSED(out), UNUSED(out_length);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcAeadEncrypt(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const ClrcAead *aead,
                           const uint8_t *in, size_t length, uint8_t *out, uint8_t *tag,
                           uint32_t tag_length)
{
    UNUSED(hKey), UNUSED(algorithm), UNUSED(aead), UNUSED(in), UNUSED(length);
    UNUSED(out), UNUSED(tag), UNUSED(tag_length);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcAeadDecrypt(ClrcKeyHandle hKey, ClrcAlgorithm algorithm, const ClrcAead *aead,
                           const uint8_t *in, size_t length, uint8_t *out, const uint8_t *tag,
                           uint32_t tag_length)
{
    UNUSED(hKey), UNUSED(algorithm), UNUSED(aead), UNUSED(in), UNUSED(length);
    UNUSED(out), UNUSED(tag), UNUSED(tag_length);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcDerive(ClrcKeyHandle hSecret, ClrcAlgorithm algorithm, const uint8_t *salt,
                      uint32_t salt_length, const uint8_t *info, uint32_t info_length,
                      const ClrcKeyTemplate *wish, ClrcKeyHandle *hKey)
{
    UNUSED(hSecret), UNUSED(algorithm), UNUSED(salt), UNUSED(salt_length), UNUSED(info);
    UNUSED(info_length), UNUSED(wish), UNUSED(hKey);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcDerivePassword(ClrcKeyHandle hSecret, ClrcAlgorithm algorithm, const uint8_t *salt,
                              uint32_t salt_length, uint32_t iterations,
                              const ClrcKeyTemplate *wish, ClrcKeyHandle *hKey)
{
    UNUSED(hSecret), UNUSED(algorithm), UNUSED(salt), UNUSED(salt_length), UNUSED(iterations);
    UNUSED(wish), UNUSED(hKey);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcExportKey(ClrcKeyHandle hKey, uint8_t *data, uint32_t *length)
{
    UNUSED(hKey), UNUSED(data), UNUSED(length);
    return CLRC_ERROR_NOT_SUPPORTED;
}

ClrcResult clrcRandom(uint8_t *out, uint32_t length)
{
    UNUSED(out), UNUSED(length);
    return CLRC_ERROR_NOT_SUPPORTED;
}

const char *clrcAlgorithmName(ClrcAlgorithm algorithm)
{
    UNUSED(algorithm);
    return "an algorithm";
}

const char *clrcKeyTypeName(ClrcKeyType type)
{
    UNUSED(type);
    return "a type";
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
