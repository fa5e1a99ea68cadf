/* SPDX-License-Identifier: Apache-2.0 */
/* The ciphers by name. */
#include <openssl/evp.h>

#include "interop/provider/cipher.h"

/* OpenSSL passes no more than the provider to a constructor: one for each algorithm. */
#define CIPHER(name, ...)                                                                          \
    static const struct cipher_alg name##_alg = {__VA_ARGS__};                                     \
    static void *name##_new(void *provctx)                                                         \
    {                                                                                              \
        return cipher_new(provctx, &name##_alg);                                                   \
    }                                                                                              \
    static int name##_get_params(OSSL_PARAM params[])                                              \
    {                                                                                              \
        return cipher_get_params(&name##_alg, params);                                             \
    }                                                                                              \
    static const OSSL_DISPATCH name##_functions[] = {                                              \
        {OSSL_FUNC_CIPHER_NEWCTX, PROV_FN(name##_new)},                                            \
        {OSSL_FUNC_CIPHER_FREECTX, PROV_FN(cipher_free)},                                          \
        {OSSL_FUNC_CIPHER_DUPCTX, PROV_FN(cipher_dup)},                                            \
        {OSSL_FUNC_CIPHER_ENCRYPT_INIT, PROV_FN(cipher_encrypt_init)},                             \
        {OSSL_FUNC_CIPHER_DECRYPT_INIT, PROV_FN(cipher_decrypt_init)},                             \
        {OSSL_FUNC_CIPHER_UPDATE, PROV_FN(cipher_update)},                                         \
        {OSSL_FUNC_CIPHER_FINAL, PROV_FN(cipher_final)},                                           \
        {OSSL_FUNC_CIPHER_GET_PARAMS, PROV_FN(name##_get_params)},                                 \
        {OSSL_FUNC_CIPHER_GETTABLE_PARAMS, PROV_FN(cipher_gettable)},                              \
        {OSSL_FUNC_CIPHER_GET_CTX_PARAMS, PROV_FN(cipher_get_ctx_params)},                         \
        {OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, PROV_FN(cipher_gettable_ctx)},                      \
        {OSSL_FUNC_CIPHER_SET_CTX_PARAMS, PROV_FN(cipher_set_ctx_params)},                         \
        {OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, PROV_FN(cipher_settable_ctx)},                      \
        {0, NULL},                                                                                 \
    }

#define AES(bits)                                                                                  \
    CIPHER(aes##bits##_ecb, &cipher_block, CLRC_AES_ECB_NOPAD, KEY_AES, EVP_CIPH_ECB_MODE,         \
           (bits) / 8, 0, 16);                                                                     \
    CIPHER(aes##bits##_cbc, &cipher_block, CLRC_AES_CBC_NOPAD, KEY_AES, EVP_CIPH_CBC_MODE,         \
           (bits) / 8, 16, 16);                                                                    \
    CIPHER(aes##bits##_ctr, &cipher_stream, CLRC_AES_CTR, KEY_AES, EVP_CIPH_CTR_MODE, (bits) / 8,  \
           16, 1);                                                                                 \
    CIPHER(aes##bits##_ofb, &cipher_stream, CLRC_AES_OFB, KEY_AES, EVP_CIPH_OFB_MODE, (bits) / 8,  \
           16, 1);                                                                                 \
    CIPHER(aes##bits##_cfb, &cipher_stream, CLRC_AES_CFB_128, KEY_AES, EVP_CIPH_CFB_MODE,          \
           (bits) / 8, 16, 1);                                                                     \
    CIPHER(aes##bits##_gcm, &cipher_gcm, CLRC_AES_GCM, KEY_AES, EVP_CIPH_GCM_MODE, (bits) / 8, 12, \
           1);                                                                                     \
    CIPHER(aes##bits##_ccm, &cipher_ccm, CLRC_AES_CCM, KEY_AES, EVP_CIPH_CCM_MODE, (bits) / 8, 12, \
           1)

AES(128);
AES(192);
AES(256);
CIPHER(aes128_xts, &cipher_xts, CLRC_AES_XTS_NOPAD, KEY_AES, EVP_CIPH_XTS_MODE, 32, 16, 1);
CIPHER(aes256_xts, &cipher_xts, CLRC_AES_XTS_NOPAD, KEY_AES, EVP_CIPH_XTS_MODE, 64, 16, 1);
CIPHER(chacha, &cipher_gcm, CLRC_CHACHA20_POLY1305, KEY_CHACHA20, EVP_CIPH_STREAM_CIPHER, 32, 12,
       1);
CIPHER(des3_ecb, &cipher_block, CLRC_DES3_ECB_NOPAD, KEY_DES3, EVP_CIPH_ECB_MODE, 24, 0, 8);
CIPHER(des3_cbc, &cipher_block, CLRC_DES3_CBC_NOPAD, KEY_DES3, EVP_CIPH_CBC_MODE, 24, 8, 8);
CIPHER(des3_ofb, &cipher_stream, CLRC_DES3_OFB, KEY_DES3, EVP_CIPH_OFB_MODE, 24, 8, 1);
CIPHER(des3_cfb, &cipher_stream, CLRC_DES3_CFB_64, KEY_DES3, EVP_CIPH_CFB_MODE, 24, 8, 1);

#define ROW(names, name)                                                                           \
    {                                                                                              \
        names, PROV_PROPERTIES, name##_functions, "encryption in the trusted service"              \
    }
/* The object identifiers of NIST end in a number for the size of the key and the mode. */
#define AES_OID(last) ":2.16.840.1.101.3.4.1." #last

const OSSL_ALGORITHM prov_ciphers[] = {
    ROW("AES-128-ECB" AES_OID(1), aes128_ecb),
    ROW("AES-192-ECB" AES_OID(21), aes192_ecb),
    ROW("AES-256-ECB" AES_OID(41), aes256_ecb),
    ROW("AES-128-CBC:AES128" AES_OID(2), aes128_cbc),
    ROW("AES-192-CBC:AES192" AES_OID(22), aes192_cbc),
    ROW("AES-256-CBC:AES256" AES_OID(42), aes256_cbc),
    ROW("AES-128-CTR", aes128_ctr),
    ROW("AES-192-CTR", aes192_ctr),
    ROW("AES-256-CTR", aes256_ctr),
    ROW("AES-128-OFB" AES_OID(3), aes128_ofb),
    ROW("AES-192-OFB" AES_OID(23), aes192_ofb),
    ROW("AES-256-OFB" AES_OID(43), aes256_ofb),
    ROW("AES-128-CFB" AES_OID(4), aes128_cfb),
    ROW("AES-192-CFB" AES_OID(24), aes192_cfb),
    ROW("AES-256-CFB" AES_OID(44), aes256_cfb),
    ROW("AES-128-GCM:id-aes128-GCM" AES_OID(6), aes128_gcm),
    ROW("AES-192-GCM:id-aes192-GCM" AES_OID(26), aes192_gcm),
    ROW("AES-256-GCM:id-aes256-GCM" AES_OID(46), aes256_gcm),
    ROW("AES-128-CCM:id-aes128-CCM" AES_OID(7), aes128_ccm),
    ROW("AES-192-CCM:id-aes192-CCM" AES_OID(27), aes192_ccm),
    ROW("AES-256-CCM:id-aes256-CCM" AES_OID(47), aes256_ccm),
    ROW("AES-128-XTS:1.3.111.2.1619.0.1.1", aes128_xts),
    ROW("AES-256-XTS:1.3.111.2.1619.0.1.2", aes256_xts),
    ROW("ChaCha20-Poly1305", chacha),
    ROW("DES-EDE3-ECB:DES-EDE3", des3_ecb),
    ROW("DES-EDE3-CBC:DES3:1.2.840.113549.3.7", des3_cbc),
    ROW("DES-EDE3-OFB", des3_ofb),
    ROW("DES-EDE3-CFB", des3_cfb),
    {NULL, NULL, NULL, NULL},
};
