/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/certs/x509_openssl.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/x509v3.h>

#include "common/km_der.h"
#include "format/cert_form.h"

#define RSA_MIN_BITS 2048

static OSSL_LIB_CTX *libctx;
static EVP_MD *sha256;

OSSL_LIB_CTX *km_x509_libctx(void)
{
    if (libctx != NULL)
        return libctx;
    OSSL_LIB_CTX *made = OSSL_LIB_CTX_new();
    if (made != NULL && OSSL_PROVIDER_load(made, "default") == NULL) {
        OSSL_LIB_CTX_free(made);
        made = NULL;
    }
    libctx = made;
    ERR_clear_error();
    return libctx;
}

/*
 * Where the program is loaded, which is before instances are forked: building the context takes longer than a verification,
 * and so all of them have it. It holds no secret.
 */
__attribute__((constructor)) static void warm(void)
{
    if (km_x509_libctx() != NULL)
        sha256 = EVP_MD_fetch(libctx, "SHA2-256", NULL);
    ERR_clear_error();
}

void km_x509_freep(X509 **x509)
{
    X509_free(*x509);
    *x509 = NULL;
}

static void key_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
    *key = NULL;
}

static void md_ctx_freep(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
    *ctx = NULL;
}

X509 *km_x509_parse(struct km_slice der)
{
    const uint8_t *at = der.ptr;
    if (der.len > KM_CERTS_DER_MAX || !km_cert_form_is(KM_CERT_CERTIFICATE, der))
        return NULL;
    KM_AUTO(km_x509_freep) X509 *x509 = X509_new_ex(km_x509_libctx(), NULL);
    if (x509 == NULL || d2i_X509(&x509, &at, (long)der.len) == NULL || at != der.ptr + der.len)
        return NULL;
    /* Its extensions are taken apart here, all of them, so that nobody later trusts one that could not be. */
    if (X509_check_purpose(x509, -1, 0) != 1 || (X509_get_extension_flags(x509) & EXFLAG_INVALID))
        return NULL;
    return km_steal(&x509);
}

void km_x509_name_text(const X509_NAME *name, char ret[KM_CERTS_SUBJECT_MAX + 1u])
{
    BIO *text = BIO_new(BIO_s_mem());
    char *at = NULL;
    ret[0] = 0;
    if (text == NULL)
        return;
    if (X509_NAME_print_ex(text, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        long got = BIO_get_mem_data(text, &at);
        size_t len = got > 0 ? (size_t)got : 0;
        if (len > KM_CERTS_SUBJECT_MAX)
            len = KM_CERTS_SUBJECT_MAX;
        while (len > 0 && !km_utf8_valid(KM_SLICE(at, len)))
            len--;
        km_copy(ret, KM_CERTS_SUBJECT_MAX, at, len);
        ret[len] = 0;
    }
    BIO_free(text);
}

/* ---- what it says ---- */

static uint64_t seconds_of(const ASN1_TIME *time)
{
    struct tm parts = {0};
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return 0;
    time_t seconds = timegm(&parts);
    return seconds > 0 ? (uint64_t)seconds : 0;
}

static bool digest_of(const struct km_slice *parts, size_t n, uint8_t ret[KM_X509_ID_LEN])
{
    KM_AUTO(md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && sha256 != NULL && EVP_DigestInit_ex2(ctx, sha256, NULL) == 1;
    for (size_t i = 0; ok && i < n; i++)
        ok = EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len) == 1;
    return ok && EVP_DigestFinal_ex(ctx, ret, NULL) == 1;
}

static bool identity_of(const X509 *x509, struct km_slice der, uint8_t ret[KM_X509_ID_LEN])
{
    const unsigned char *name = NULL;
    struct km_slice parts[2] = {{0}};
    /* Subject and key are DER elements: each says itself where it ends. */
    if (X509_NAME_get0_der(X509_get_subject_name(x509), &name, &parts[0].len) != 1 ||
        !km_cert_form_key(der, &parts[1]))
        return false;
    parts[0].ptr = name;
    return digest_of(parts, KM_ARRAY_LEN(parts), ret);
}

bool km_x509_content(struct km_slice der, uint8_t ret[KM_X509_ID_LEN])
{
    struct km_rd rd = km_rd_init(der);
    struct km_rd inner = {0};
    struct km_slice contents = {0};
    struct km_slice whole = {0};
    uint8_t tag = 0;
    return km_der_enter(&rd, KM_DER_SEQUENCE, &inner) &&
           km_der_any(&inner, &tag, &contents, &whole) && digest_of(&whole, 1, ret);
}

bool km_x509_key_is_usual(EVP_PKEY *key)
{
    char group[32] = {0};
    size_t len = 0;
    if (key == NULL)
        return false;
    if (EVP_PKEY_is_a(key, "RSA"))
        return EVP_PKEY_get_bits(key) >= RSA_MIN_BITS;
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, group, sizeof(group), &len) != 1)
        return false;
    return strcmp(group, SN_X9_62_prime256v1) == 0 || strcmp(group, SN_secp384r1) == 0 ||
           strcmp(group, SN_secp521r1) == 0;
}

bool km_x509_hash_is_usual(int nid)
{
    return nid == NID_sha224 || nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512;
}

bool km_x509_read(struct km_slice der, struct km_x509_facts *ret)
{
    KM_AUTO(km_x509_freep) X509 *x509 = km_x509_parse(der);
    struct km_x509_facts facts = {0};
    bool ok = x509 != NULL && identity_of(x509, der, facts.identity) &&
              km_x509_content(der, facts.content);
    if (ok) {
        uint32_t usage = X509_get_key_usage(x509); /* all bits where there is none */
        facts.is_authority = X509_check_ca(x509) == 1;
        facts.may_sign = (usage & KU_DIGITAL_SIGNATURE) != 0;
        facts.may_sign_commands = km_x509_key_is_usual(X509_get0_pubkey(x509));
        facts.not_before = seconds_of(X509_get0_notBefore(x509));
        facts.not_after = seconds_of(X509_get0_notAfter(x509));
        km_x509_name_text(X509_get_subject_name(x509), facts.subject);
        *ret = facts;
    }
    ERR_clear_error();
    return ok;
}

/* ---- its key ---- */

static const char *hash_of(enum km_sign_digest digest)
{
    switch (digest) {
    case KM_SIGN_SHA256:
        return "SHA2-256";
    case KM_SIGN_SHA384:
        return "SHA2-384";
    case KM_SIGN_SHA512:
        return "SHA2-512";
    case KM_SIGN_MD5:
    case KM_SIGN_SHA1:
    case KM_SIGN_SHA224:
        break;
    }
    return NULL;
}

bool km_x509_signed(struct km_slice der, const struct km_sign_alg *alg, struct km_slice content,
                    struct km_slice signature)
{
    KM_AUTO(km_x509_freep) X509 *x509 = km_x509_parse(der);
    KM_AUTO(md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const char *hash = hash_of(alg->digest);
    const char *family = alg->family == KM_SIGN_RSA ? "RSA" : "EC";
    bool ok = x509 != NULL && ctx != NULL && hash != NULL && alg->family != KM_SIGN_DSA &&
              km_x509_key_is_usual(X509_get0_pubkey(x509)) &&
              EVP_PKEY_is_a(X509_get0_pubkey(x509), family) &&
              EVP_DigestVerifyInit_ex(ctx, NULL, hash, km_x509_libctx(), NULL,
                                      X509_get0_pubkey(x509), NULL) == 1 &&
              EVP_DigestVerify(ctx, signature.ptr, signature.len, content.ptr, content.len) == 1;
    ERR_clear_error();
    return ok;
}

bool km_x509_has_key(struct km_slice der, struct km_slice spki)
{
    KM_AUTO(km_x509_freep) X509 *x509 = km_x509_parse(der);
    const uint8_t *at = spki.ptr;
    KM_AUTO(key_freep)
    EVP_PKEY *key = d2i_PUBKEY_ex(NULL, &at, (long)spki.len, km_x509_libctx(), NULL);
    bool ok = x509 != NULL && key != NULL && at == spki.ptr + spki.len &&
              X509_get0_pubkey(x509) != NULL && EVP_PKEY_eq(X509_get0_pubkey(x509), key) == 1;
    ERR_clear_error();
    return ok;
}
