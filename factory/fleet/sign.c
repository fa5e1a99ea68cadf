/* SPDX-License-Identifier: Apache-2.0 */
/* Who signs packages: one key, wherever it lives. */
#include "factory/fleet/fleet.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/x509.h>

#include "common/km_der.h"
#include "factory/fleet/pkcs11.h"

#define RAW_MAX 1024u

struct km_fleet_signer {
    EVP_PKEY *key; /* the public half alone when the token signs */
    EVP_MD *digest;
    EVP_MD_CTX *ctx;
    OSSL_PROVIDER *provider;
    struct km_fleet_token *token;
    const struct km_sign_alg *alg;
    uint8_t spki_buf[KM_FLEET_SPKI_MAX];
    struct km_slice spki;
};

static const struct {
    const char *name;
    enum km_sign_digest digest;
    const char *oid; /* contents octets, for RSA in a token */
    size_t oid_len;
} DIGESTS[] = {
    {"sha1", KM_SIGN_SHA1, "\x2b\x0e\x03\x02\x1a", 5},
    {"sha224", KM_SIGN_SHA224, "\x60\x86\x48\x01\x65\x03\x04\x02\x04", 9},
    {"sha256", KM_SIGN_SHA256, "\x60\x86\x48\x01\x65\x03\x04\x02\x01", 9},
    {"sha384", KM_SIGN_SHA384, "\x60\x86\x48\x01\x65\x03\x04\x02\x02", 9},
    {"sha512", KM_SIGN_SHA512, "\x60\x86\x48\x01\x65\x03\x04\x02\x03", 9},
};

void km_fleet_signer_free(struct km_fleet_signer *signer)
{
    if (signer == NULL)
        return;
    EVP_MD_CTX_free(signer->ctx);
    EVP_MD_free(signer->digest);
    EVP_PKEY_free(signer->key);
    km_fleet_token_free(signer->token);
    if (signer->provider != NULL)
        (void)OSSL_PROVIDER_unload(signer->provider);
    free(signer);
}

static void signer_freep(struct km_fleet_signer **signer)
{
    km_fleet_signer_free(*signer);
}

/* ---- where the key is ---- */

static km_status from_token(struct km_err *err, const char *uri, struct km_fleet_signer *signer)
{
    struct km_slice spki = {0};
    KM_TRY(km_fleet_token_open(err, uri, &signer->token));
    KM_TRY(km_fleet_token_spki(err, signer->token,
                               KM_SPAN(signer->spki_buf, sizeof(signer->spki_buf)), &spki));
    const unsigned char *at = spki.ptr;
    signer->key = d2i_PUBKEY(NULL, &at, (long)spki.len);
    return signer->key != NULL
               ? KM_OK
               : KM_FAIL(err, KM_E_MALFORMED, "the public key in the PKCS#11 token is not one");
}

static EVP_PKEY *load_from_store(const char *uri)
{
    OSSL_STORE_CTX *store = OSSL_STORE_open(uri, NULL, NULL, NULL, NULL);
    EVP_PKEY *key = NULL;
    while (store != NULL && key == NULL && !OSSL_STORE_eof(store)) {
        OSSL_STORE_INFO *info = OSSL_STORE_load(store);
        if (info != NULL && OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
            key = OSSL_STORE_INFO_get1_PKEY(info);
        OSSL_STORE_INFO_free(info);
    }
    (void)OSSL_STORE_close(store);
    return key;
}

static km_status from_keymoor(struct km_err *err, const char *uri, const char *modules,
                              struct km_fleet_signer *signer)
{
    if (modules != NULL)
        (void)OSSL_PROVIDER_set_default_search_path(NULL, modules);
    signer->provider = OSSL_PROVIDER_try_load(NULL, "clrc", 1);
    if (signer->provider == NULL)
        return KM_FAIL(err, KM_E_NOTFOUND,
                       "OpenSSL finds no provider 'clrc'; --provider-path says where it lies");
    signer->key = load_from_store(uri);
    ERR_clear_error();
    return signer->key != NULL ? KM_OK
                               : KM_FAIL(err, KM_E_NOTFOUND, "'%s' is no key in Keymoor", uri);
}

/* ---- what it signs ---- */

static km_status choose_digest(struct km_err *err, const char *wanted,
                               struct km_fleet_signer *signer)
{
    enum km_sign_family family = EVP_PKEY_is_a(signer->key, "EC")    ? KM_SIGN_EC
                                 : EVP_PKEY_is_a(signer->key, "RSA") ? KM_SIGN_RSA
                                                                     : KM_SIGN_DSA;
    int bits = EVP_PKEY_get_bits(signer->key);
    if (wanted == NULL)
        wanted = family != KM_SIGN_EC || bits <= 256 ? "sha256" : bits <= 384 ? "sha384" : "sha512";
    for (size_t i = 0; i < KM_ARRAY_LEN(DIGESTS); i++) {
        if (strcmp(wanted, DIGESTS[i].name) == 0)
            signer->alg = km_sign_alg_find(family, DIGESTS[i].digest);
    }
    if (signer->alg == NULL)
        return KM_FAIL(err, KM_E_ARG, "the signing key does not go with the digest '%s'", wanted);
    signer->digest = EVP_MD_fetch(NULL, wanted, NULL);
    signer->ctx = EVP_MD_CTX_new();
    if (signer->digest == NULL || signer->ctx == NULL)
        return KM_FAIL(err, KM_E_UNSUPPORTED, "libcrypto lacks the digest '%s'", wanted);
    return KM_OK;
}

km_status km_fleet_signer_open(struct km_err *err, const char *where, const char *digest,
                               const char *modules, struct km_fleet_signer **ret)
{
    KM_AUTO(signer_freep) struct km_fleet_signer *signer = calloc(1, sizeof(*signer));
    if (signer == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "memory for a signer");
    if (strncmp(where, "pkcs11:", 7) == 0)
        KM_TRY(from_token(err, where, signer));
    else if (strncmp(where, "clrc:", 5) == 0)
        KM_TRY(from_keymoor(err, where, modules, signer));
    else
        KM_TRY(km_fleet_private_key(err, where, &signer->key));
    KM_TRY(choose_digest(err, digest, signer));
    KM_TRY(km_fleet_spki(err, signer->key, KM_SPAN(signer->spki_buf, sizeof(signer->spki_buf)),
                         &signer->spki));
    *ret = km_steal(&signer);
    return KM_OK;
}

const struct km_sign_alg *km_fleet_signer_alg(const struct km_fleet_signer *signer)
{
    return signer->alg;
}

struct km_slice km_fleet_signer_spki(const struct km_fleet_signer *signer)
{
    return signer->spki;
}

/* ---- signing ---- */

/* RFC 8017, 9.2: what a token's bare RSA mechanism signs. */
static bool digest_info(const struct km_fleet_signer *signer, struct km_slice digest,
                        struct km_wr *wr)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(DIGESTS); i++) {
        if (DIGESTS[i].digest != signer->alg->digest)
            continue;
        size_t whole = km_der_begin(wr, KM_DER_SEQUENCE);
        size_t algorithm = km_der_begin(wr, KM_DER_SEQUENCE);
        km_der_put(wr, KM_DER_OID, KM_SLICE(DIGESTS[i].oid, DIGESTS[i].oid_len));
        km_der_put_null(wr);
        km_der_end(wr, algorithm);
        km_der_put(wr, KM_DER_OCTET_STRING, digest);
        km_der_end(wr, whole);
        return true;
    }
    return false;
}

static km_status sign_in_token(struct km_err *err, struct km_fleet_signer *signer,
                               struct km_slice content, uint8_t ret[KM_ENVELOPE_SIGNATURE_MAX],
                               size_t *ret_len)
{
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    uint8_t info[128] = {0};
    uint8_t raw[RAW_MAX] = {0};
    unsigned digest_len = 0;
    struct km_slice input = {0};
    if (EVP_Digest(content.ptr, content.len, digest, &digest_len, signer->digest, NULL) != 1)
        return KM_FAIL(err, KM_E_INTERNAL, "libcrypto could not hash");
    input = KM_SLICE(digest, digest_len);
    if (signer->alg->family == KM_SIGN_RSA) {
        struct km_wr wr = km_wr_init(info, sizeof(info));
        if (!digest_info(signer, input, &wr) || !km_wr_finish(&wr, &input))
            return KM_FAIL(err, KM_E_UNSUPPORTED, "a token's RSA key can't sign this digest");
        return km_fleet_token_sign(err, signer->token, input,
                                   KM_SPAN(ret, KM_ENVELOPE_SIGNATURE_MAX), ret_len);
    }
    size_t raw_len = 0;
    KM_TRY(km_fleet_token_sign(err, signer->token, input, KM_SPAN(raw, sizeof(raw)), &raw_len));
    return km_der_ecdsa_from_raw(KM_SLICE(raw, raw_len), KM_SPAN(ret, KM_ENVELOPE_SIGNATURE_MAX),
                                 ret_len)
               ? KM_OK
               : KM_FAIL(err, KM_E_MALFORMED, "the PKCS#11 token's signature is not one");
}

km_status km_fleet_sign(struct km_err *err, struct km_fleet_signer *signer, struct km_slice content,
                        uint8_t ret[KM_ENVELOPE_SIGNATURE_MAX], size_t *ret_len)
{
    if (signer->token != NULL)
        return sign_in_token(err, signer, content, ret, ret_len);
    *ret_len = KM_ENVELOPE_SIGNATURE_MAX;
    bool ok = EVP_DigestSignInit_ex(signer->ctx, NULL, EVP_MD_get0_name(signer->digest), NULL, NULL,
                                    signer->key, NULL) == 1 &&
              EVP_DigestSign(signer->ctx, ret, ret_len, content.ptr, content.len) == 1;
    unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    return ok ? KM_OK
              : KM_FAIL_NATIVE(err, KM_E_IO, KM_LAYER_OPENSSL, code, "the key could not sign");
}
