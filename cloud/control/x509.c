/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/x509.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "common/km_file.h"

#define CERTIFICATE "CERTIFICATE"

static void bio_freep(BIO **bio)
{
    BIO_free(*bio);
    *bio = NULL;
}

static void openssl_freep(void *p)
{
    OPENSSL_free(*(void **)p);
    *(void **)p = NULL;
}

void km_x509_clear(struct km_x509 *x509)
{
    X509_free(x509->x509);
    free(x509->octets);
    *x509 = (struct km_x509){0};
}

/* fail: what it means that libcrypto did not do something, unless memory was short. Empties its queue. */
static km_status fail(struct km_err *err, km_status status, const char *meaning)
{
    if (km_crypto_was_short())
        return km_crypto_fail(err, KM_E_NOMEM, "certificate");
    ERR_clear_error();
    return KM_FAIL(err, status, "%s", meaning);
}

/* ---- reading ---- */

static bool time_ms(const ASN1_TIME *time, int64_t *ret)
{
    struct tm tm = {0};
    if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
        return false;
    *ret = (int64_t)timegm(&tm) * 1000;
    return true;
}

static bool name_der(const X509_NAME *name, struct km_slice *ret)
{
    const unsigned char *der = NULL;
    size_t len = 0;
    if (X509_NAME_get0_der((X509_NAME *)(uintptr_t)name, &der, &len) != 1)
        return false;
    *ret = KM_SLICE(der, len);
    return true;
}

/* What is kept is what came: a form that libcrypto would write otherwise has another digest at the broker. */
static bool is_written_so(X509 *x509, struct km_slice der)
{
    KM_AUTO(openssl_freep) unsigned char *again = NULL;
    int len = i2d_X509(x509, &again);
    return len > 0 && km_slice_equal(KM_SLICE(again, (size_t)len), der);
}

km_status km_x509_read_der(struct km_err *err, const struct km_crypto *crypto, struct km_slice der,
                           struct km_x509 *ret)
{
    struct km_x509 read = {.x509 = X509_new_ex(crypto->lib, NULL)};
    const unsigned char *at = der.ptr;
    bool is_good = read.x509 != NULL && der.len <= KM_X509_PEM_MAX &&
                   d2i_X509(&read.x509, &at, (long)der.len) != NULL && at == der.ptr + der.len &&
                   is_written_so(read.x509, der) &&
                   name_der(X509_get_subject_name(read.x509), &read.subject) &&
                   name_der(X509_get_issuer_name(read.x509), &read.issuer) &&
                   time_ms(X509_get0_notBefore(read.x509), &read.not_before_ms) &&
                   time_ms(X509_get0_notAfter(read.x509), &read.not_after_ms);
    if (!is_good) {
        km_x509_clear(&read);
        return fail(err, KM_E_MALFORMED, "the certificate can't be read");
    }
    read.octets = malloc(der.len);
    if (read.octets == NULL) {
        km_x509_clear(&read);
        return KM_FAIL(err, KM_E_NOMEM, "certificate of %zu bytes", der.len);
    }
    km_copy(read.octets, der.len, der.ptr, der.len);
    read.der = KM_SLICE(read.octets, der.len);
    *ret = read;
    return KM_OK;
}

/* The octets of the one PEM block, for OPENSSL_free. */
static bool pem_to_der(struct km_slice pem, unsigned char **ret, long *ret_len)
{
    KM_AUTO(bio_freep) BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    KM_AUTO(openssl_freep) char *name = NULL;
    KM_AUTO(openssl_freep) char *header = NULL;
    KM_AUTO(openssl_freep) unsigned char *der = NULL;
    KM_AUTO(openssl_freep) char *more_name = NULL;
    KM_AUTO(openssl_freep) char *more_header = NULL;
    KM_AUTO(openssl_freep) unsigned char *more = NULL;
    long len = 0;
    long more_len = 0;
    if (bio == NULL || PEM_read_bio(bio, &name, &header, &der, &len) != 1 ||
        strcmp(name, CERTIFICATE) != 0 || header[0] != '\0' ||
        PEM_read_bio(bio, &more_name, &more_header, &more, &more_len) == 1)
        return false;
    *ret = km_steal(&der);
    *ret_len = len;
    return true;
}

km_status km_x509_read(struct km_err *err, const struct km_crypto *crypto, struct km_slice pem,
                       struct km_x509 *ret)
{
    KM_AUTO(openssl_freep) unsigned char *der = NULL;
    long len = 0;
    if (pem.len > KM_X509_PEM_MAX || !pem_to_der(pem, &der, &len))
        return fail(err, KM_E_MALFORMED, "the text is not one certificate in PEM");
    ERR_clear_error(); /* that there is no second */
    return km_x509_read_der(err, crypto, KM_SLICE(der, (size_t)len), ret);
}

/* ---- what is asked of it ---- */

km_status km_x509_check_ca(struct km_err *err, const struct km_x509 *x509)
{
    uint32_t flags = X509_get_extension_flags(x509->x509);
    uint32_t usage = X509_get_key_usage(x509->x509); /* all bits without the extension */
    if ((flags & EXFLAG_INVALID) != 0 || (flags & EXFLAG_CA) == 0)
        return KM_FAIL(err, KM_E_MALFORMED,
                       "the certificate is no CA: its basicConstraints do not say CA:TRUE");
    if ((usage & KU_KEY_CERT_SIGN) == 0)
        return KM_FAIL(err, KM_E_MALFORMED,
                       "the CA may not sign certificates: its keyUsage does not say keyCertSign");
    return KM_OK;
}

static bool is_good_curve(EVP_PKEY *key)
{
    static const char *const curves[] = {"prime256v1", "secp384r1", "secp521r1"};
    char name[64] = {0};
    size_t len = 0;
    if (EVP_PKEY_get_group_name(key, name, sizeof(name), &len) != 1)
        return false;
    for (size_t i = 0; i < KM_ARRAY_LEN(curves); i++) {
        if (strcmp(curves[i], name) == 0)
            return true;
    }
    return false;
}

km_status km_x509_check_key(struct km_err *err, const struct km_x509 *x509)
{
    EVP_PKEY *key = X509_get0_pubkey(x509->x509);
    bool is_good =
        key != NULL &&
        ((EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= KM_X509_RSA_MIN_BITS) ||
         (EVP_PKEY_is_a(key, "EC") == 1 && is_good_curve(key)));
    ERR_clear_error();
    if (!is_good)
        return KM_FAIL(
            err, KM_E_MALFORMED,
            "the certificate's key is not RSA of at least %d bits, P-256, P-384 or P-521",
            KM_X509_RSA_MIN_BITS);
    return KM_OK;
}

km_status km_x509_check_time(struct km_err *err, const struct km_x509 *x509, int64_t now_ms)
{
    if (now_ms > x509->not_after_ms)
        return KM_FAIL(err, KM_E_MALFORMED, "the certificate has expired");
    if (now_ms < x509->not_before_ms)
        return KM_FAIL(err, KM_E_MALFORMED, "the certificate is not valid yet");
    return KM_OK;
}

static bool digest_is_good(X509 *x509)
{
    int digest = NID_undef;
    return X509_get_signature_info(x509, &digest, NULL, NULL, NULL) == 1 &&
           (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512);
}

km_status km_x509_check_issuer(struct km_err *err, const struct km_x509 *x509,
                               const struct km_x509 *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer->x509);
    if (!km_slice_equal(x509->issuer, issuer->subject))
        return KM_FAIL(err, KM_E_AUTH, "the certificate names another issuer than this CA");
    if (!digest_is_good(x509->x509))
        return KM_FAIL(err, KM_E_AUTH,
                       "the certificate is not signed with SHA-256, SHA-384 or SHA-512");
    bool is_good = key != NULL && X509_verify(x509->x509, key) == 1;
    if (!is_good)
        return fail(err, KM_E_AUTH, "the certificate was not signed by this CA's key");
    return KM_OK;
}

bool km_x509_common_name(const struct km_x509 *x509, char ret[KM_X509_NAME_MAX + 1])
{
    const X509_NAME *subject = X509_get_subject_name(x509->x509);
    KM_AUTO(openssl_freep) unsigned char *text = NULL;
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
        return false;
    int len =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    ERR_clear_error();
    if (len < 0 || len > KM_X509_NAME_MAX || memchr(text, 0, (size_t)len) != NULL)
        return false;
    km_copy(ret, KM_X509_NAME_MAX, text, (size_t)len);
    ret[len] = '\0';
    return true;
}

char *km_x509_pem(struct km_slice der)
{
    KM_AUTO(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
    char *at = NULL;
    if (bio == NULL || PEM_write_bio(bio, CERTIFICATE, "", der.ptr, (long)der.len) <= 0) {
        ERR_clear_error();
        return NULL;
    }
    long len = BIO_get_mem_data(bio, &at);
    char *text = len < 0 ? NULL : calloc(1, (size_t)len + 1);
    if (text != NULL)
        km_copy(text, (size_t)len, at, (size_t)len);
    return text;
}
