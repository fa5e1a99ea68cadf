/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of algorithms share; they have libcrypto as the other side. */
#ifndef KM_CLRC_CRYPTO_TEST_H
#define KM_CLRC_CRYPTO_TEST_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "common/km_bytes.h"
#include "tests/integration/clrc_test.h"

static inline size_t test_unhex(const char *text, uint8_t *ret)
{
    size_t len = strlen(text) / 2;
    assert_true(km_unhex(text, ret, len));
    return len;
}

static inline ClrcKeyHandle test_import_with(ClrcKeyType type, const uint8_t *octets, uint32_t len,
                                             uint32_t usage, uint32_t attributes)
{
    ClrcKeyHandle key = NULL;
    const ClrcKeyTemplate wish = {.type = type, .usage = usage, .attributes = attributes};
    ok(clrcImportKeyRaw(&wish, octets, len, &key));
    return key;
}

static inline ClrcKeyHandle test_import_pair(ClrcKeyType type, const EVP_PKEY *pkey,
                                             uint32_t attributes)
{
    uint8_t *der = NULL;
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
    int len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
    ClrcKeyHandle key = NULL;
    const ClrcKeyTemplate wish = {.type = type, .attributes = attributes};
    assert_true(len > 0);
    ok(clrcImportKeyDer(&wish, der, (uint32_t)len, &key));
    PKCS8_PRIV_KEY_INFO_free(p8);
    OPENSSL_free(der);
    return key;
}

static inline ClrcKeyHandle test_import_public(ClrcKeyType type, const EVP_PKEY *pkey)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(pkey, &der);
    ClrcKeyHandle key = NULL;
    const ClrcKeyTemplate wish = {.type = type};
    assert_true(len > 0);
    ok(clrcImportKeyDer(&wish, der, (uint32_t)len, &key));
    OPENSSL_free(der);
    return key;
}

static inline EVP_PKEY *test_public_of(ClrcKeyHandle key)
{
    uint8_t der[2048] = {0};
    uint32_t len = sizeof(der);
    ok(clrcExportPublicKey(key, der, &len));
    const uint8_t *at = der;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)len);
    assert_non_null(pkey);
    return pkey;
}

/* A digest, MAC or signature in parts of 1, 4, 13, ... octets; answers its length. */
static inline uint32_t test_in_parts(ClrcKeyHandle key, const ClrcOperationWish *wish,
                                     const uint8_t *data, size_t len, uint8_t *result,
                                     uint32_t room)
{
    ClrcOperationHandle op = NULL;
    ok(clrcOperationNew(key, wish, &op));
    for (size_t at = 0, part = 1; at < len; at += part, part = part * 3 + 1) {
        part = part < len - at ? part : len - at;
        ok(clrcOperationUpdate(op, data + at, part, NULL, NULL));
    }
    ok(clrcOperationFinal(op, NULL, NULL, result, &room));
    clrcOperationFree(op);
    return room;
}

#endif
