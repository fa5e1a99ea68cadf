/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes and signatures in libcrypto: the build for servers, where there is no trusted service. */
#include <stdlib.h>

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "lib/clrpv/clrpv_internal.h"

/* As the trusted service has it: a device would not take what is made with less. */
#define RSA_BITS_MIN 2048
#define DSA_BITS_MIN 1024

struct clrpv_crypto {
    const char *function;
    OSSL_LIB_CTX *lib; /* of our own, without configuration */
    EVP_PKEY *key;
    enum clrpv_family family;
    EVP_MD *md;
    EVP_MD_CTX *digest;
    const struct km_sign_alg *alg;
    enum km_payload_answer answer;
};

const char *clrpv_service_text(ClrpvResult result)
{
    (void)result;
    return "not a result of this library";
}

/* Nothing of ours stays in the caller's error queue. */
static ClrpvResult crypto_failed(const char *function, const char *text)
{
    ERR_clear_error();
    return clrpv_fail(function, CLRPV_ERROR_CRYPTO, text);
}

static ClrpvResult decode(struct clrpv_crypto *crypto, struct km_slice der)
{
    const unsigned char *at = der.ptr;
    size_t left = der.len;
    OSSL_DECODER_CTX *decoder =
        OSSL_DECODER_CTX_new_for_pkey(&crypto->key, "DER", NULL, NULL, 0, crypto->lib, NULL);
    int done = decoder != NULL && OSSL_DECODER_from_data(decoder, &at, &left);
    OSSL_DECODER_CTX_free(decoder);
    ERR_clear_error();
    if (!done || left != 0)
        return clrpv_fail(crypto->function, CLRPV_ERROR_KEY_FILE, "not a key that libcrypto takes");
    int bits = EVP_PKEY_get_bits(crypto->key);
    if ((crypto->family == CLRPV_FAMILY_RSA && bits < RSA_BITS_MIN) ||
        (crypto->family == CLRPV_FAMILY_DSA && bits < DSA_BITS_MIN))
        return clrpv_fail(crypto->function, CLRPV_ERROR_KEY_TYPE,
                          "the key is too short: RSA has 2048 bits and more, DSA 1024");
    return CLRPV_SUCCESS;
}

ClrpvResult clrpv_crypto_open(const char *function, const ClrpvKey *key, bool signs,
                              struct clrpv_crypto **ret)
{
    KM_AUTO(clrpv_key_data_clear) struct clrpv_key_data data = {0};
    KM_AUTO(clrpv_crypto_freep) struct clrpv_crypto *crypto = NULL;
    if (key->name != NULL || key->handle != NULL)
        return clrpv_fail(function, CLRPV_ERROR_NOT_SUPPORTED,
                          "this build has no key store: give the key as a file");
    CLRPV_TRY(clrpv_key_data_get(function, key, false, &data));
    CLRPV_TRY(clrpv_family_check(function, data.form.family));
    if (signs && !data.form.is_private)
        return clrpv_fail(function, CLRPV_ERROR_KEY_PUBLIC, NULL);
    crypto = calloc(1, sizeof(*crypto));
    if (crypto == NULL)
        return clrpv_fail(function, CLRPV_ERROR_OUT_OF_MEMORY, NULL);
    crypto->function = function;
    crypto->family = data.form.family;
    crypto->lib = OSSL_LIB_CTX_new();
    crypto->digest = EVP_MD_CTX_new();
    if (crypto->lib == NULL || crypto->digest == NULL)
        return crypto_failed(function, "libcrypto could not be set up");
    CLRPV_TRY(decode(crypto, data.der));
    *ret = km_steal(&crypto);
    return CLRPV_SUCCESS;
}

void clrpv_crypto_free(struct clrpv_crypto *crypto)
{
    if (crypto == NULL)
        return;
    EVP_MD_CTX_free(crypto->digest);
    EVP_MD_free(crypto->md);
    EVP_PKEY_free(crypto->key);
    OSSL_LIB_CTX_free(crypto->lib);
    free(crypto);
}

void clrpv_crypto_freep(struct clrpv_crypto **crypto)
{
    clrpv_crypto_free(*crypto);
    *crypto = NULL;
}

enum clrpv_family clrpv_crypto_family(const struct clrpv_crypto *crypto)
{
    return crypto->family;
}

ClrpvResult clrpv_digest_begin(struct clrpv_crypto *crypto, const struct km_sign_alg *alg)
{
    EVP_MD_free(crypto->md);
    crypto->md = EVP_MD_fetch(crypto->lib, km_payload_hash_name(alg->digest), NULL);
    crypto->alg = alg;
    if (crypto->md == NULL || !EVP_DigestInit_ex(crypto->digest, crypto->md, NULL))
        return crypto_failed(crypto->function, "libcrypto does not offer this hash");
    return CLRPV_SUCCESS;
}

ClrpvResult clrpv_digest_end(struct clrpv_crypto *crypto, uint8_t digest[CLRPV_DIGEST_MAX])
{
    unsigned len = 0;
    if (!EVP_DigestFinal_ex(crypto->digest, digest, &len) || len != crypto->alg->digest_len)
        return crypto_failed(crypto->function, "libcrypto could not hash");
    return CLRPV_SUCCESS;
}

ClrpvResult clrpv_update(struct clrpv_crypto *crypto, struct km_slice octets)
{
    if (octets.len != 0 && !EVP_DigestUpdate(crypto->digest, octets.ptr, octets.len))
        return crypto_failed(crypto->function, "libcrypto could not hash");
    return CLRPV_SUCCESS;
}

/* A context for digests of crypto->md; RSA pads as PKCS#1 v1.5 by default. */
static EVP_PKEY_CTX *signing_context(struct clrpv_crypto *crypto, bool signs)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(crypto->lib, crypto->key, NULL);
    int begun = ctx != NULL && (signs ? EVP_PKEY_sign_init(ctx) : EVP_PKEY_verify_init(ctx)) > 0;
    if (begun && EVP_PKEY_CTX_set_signature_md(ctx, crypto->md) > 0)
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

ClrpvResult clrpv_sign(struct clrpv_crypto *crypto, const struct km_sign_alg *alg,
                       const uint8_t *digest, uint8_t signature[CLRPV_SIGNATURE_ROOM],
                       size_t *ret_len)
{
    size_t len = CLRPV_SIGNATURE_ROOM;
    EVP_PKEY_CTX *ctx = signing_context(crypto, true);
    int done = ctx != NULL && EVP_PKEY_sign(ctx, signature, &len, digest, alg->digest_len) > 0;
    EVP_PKEY_CTX_free(ctx);
    if (!done)
        return crypto_failed(crypto->function, "libcrypto could not sign with this key");
    *ret_len = len;
    return CLRPV_SUCCESS;
}

ClrpvResult clrpv_verify_begin(struct clrpv_crypto *crypto, const struct km_payload *payload,
                               const struct km_payload_wish *wish)
{
    crypto->answer = km_payload_fits(payload, wish);
    CLRPV_TRY(clrpv_digest_begin(crypto, payload->alg));
    return clrpv_update(crypto, payload->content_head);
}

ClrpvResult clrpv_verify_end(struct clrpv_crypto *crypto, struct km_slice signature)
{
    uint8_t digest[CLRPV_DIGEST_MAX] = {0};
    CLRPV_TRY(clrpv_digest_end(crypto, digest));
    EVP_PKEY_CTX *ctx = signing_context(crypto, false);
    if (ctx == NULL)
        return crypto_failed(crypto->function, "libcrypto can't verify with this key");
    int holds = EVP_PKEY_verify(ctx, signature.ptr, signature.len, digest, crypto->alg->digest_len);
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    if (holds != 1)
        return clrpv_fail(crypto->function, CLRPV_ERROR_SIGNATURE, NULL);
    if (crypto->answer == KM_PAYLOAD_NOT_FOR_US)
        return clrpv_fail(crypto->function, CLRPV_ERROR_TARGET, NULL);
    if (crypto->answer == KM_PAYLOAD_TOO_OLD)
        return clrpv_fail(crypto->function, CLRPV_ERROR_DOWNGRADE, NULL);
    return CLRPV_SUCCESS;
}

uint8_t *clrpv_piece_new(void)
{
    return malloc(CLRPV_PIECE);
}

void clrpv_piece_freep(uint8_t **piece)
{
    free(*piece);
    *piece = NULL;
}
