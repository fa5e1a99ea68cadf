/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, certificates and revocation lists from files, PEM or DER. */
#include "factory/fleet/fleet.h"

#include <fcntl.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/km_file.h"
#include "common/km_secret.h"

#define FILE_MAX 131072u /* a revocation list in PEM is the longest */

/* A file's octets, wiped when they go: they may be a key. */
struct octets {
    uint8_t *at;
    size_t len;
};

static void octets_clear(struct octets *octets)
{
    if (octets->at != NULL)
        km_wipe(octets->at, octets->len);
    free(octets->at);
}

/* One object of libcrypto from a BIO, in PEM or in DER. */
typedef void *(*reader)(BIO *in, bool is_pem);

static void *public_key(BIO *in, bool is_pem)
{
    return is_pem ? PEM_read_bio_PUBKEY(in, NULL, NULL, NULL) : d2i_PUBKEY_bio(in, NULL);
}

static void *private_key(BIO *in, bool is_pem)
{
    return is_pem ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : d2i_PrivateKey_bio(in, NULL);
}

static void *certificate(BIO *in, bool is_pem)
{
    return is_pem ? (void *)PEM_read_bio_X509(in, NULL, NULL, NULL)
                  : (void *)d2i_X509_bio(in, NULL);
}

static void *crl(BIO *in, bool is_pem)
{
    return is_pem ? (void *)PEM_read_bio_X509_CRL(in, NULL, NULL, NULL)
                  : (void *)d2i_X509_CRL_bio(in, NULL);
}

static km_status read_object(struct km_err *err, const char *path, reader read, const char *what,
                             void **ret)
{
    KM_AUTO(octets_clear) struct octets octets = {0};
    KM_TRY(km_file_read(err, AT_FDCWD, path, FILE_MAX, &octets.at, &octets.len));
    void *object = NULL;
    for (int is_pem = 1; object == NULL && is_pem >= 0; is_pem--) {
        BIO *in = BIO_new_mem_buf(octets.at, (int)octets.len);
        if (in != NULL)
            object = read(in, is_pem == 1);
        BIO_free(in);
    }
    ERR_clear_error();
    if (object == NULL)
        return KM_FAIL(err, KM_E_MALFORMED, "'%s' holds no %s in PEM or DER", path, what);
    *ret = object;
    return KM_OK;
}

km_status km_fleet_public_key(struct km_err *err, const char *path, EVP_PKEY **ret)
{
    void *object = NULL;
    KM_TRY(read_object(err, path, public_key, "public key", &object));
    *ret = object;
    return KM_OK;
}

km_status km_fleet_private_key(struct km_err *err, const char *path, EVP_PKEY **ret)
{
    void *object = NULL;
    KM_TRY(read_object(err, path, private_key, "private key", &object));
    *ret = object;
    return KM_OK;
}

/* Octets from libcrypto's encoder: *der and what it answered. */
static km_status take_der(struct km_err *err, const char *path, unsigned char *der, int len,
                          uint8_t **ret_der, size_t *ret_len)
{
    if (len <= 0)
        return KM_FAIL(err, KM_E_MALFORMED, "'%s' can't be written in DER", path);
    *ret_der = der;
    *ret_len = (size_t)len;
    return KM_OK;
}

km_status km_fleet_certificate(struct km_err *err, const char *path, uint8_t **ret_der,
                               size_t *ret_len)
{
    void *object = NULL;
    unsigned char *der = NULL;
    KM_TRY(read_object(err, path, certificate, "certificate", &object));
    int len = i2d_X509(object, &der);
    X509_free(object);
    return take_der(err, path, der, len, ret_der, ret_len);
}

km_status km_fleet_crl(struct km_err *err, const char *path, uint8_t **ret_der, size_t *ret_len)
{
    void *object = NULL;
    unsigned char *der = NULL;
    KM_TRY(read_object(err, path, crl, "revocation list", &object));
    int len = i2d_X509_CRL(object, &der);
    X509_CRL_free(object);
    return take_der(err, path, der, len, ret_der, ret_len);
}

km_status km_fleet_spki(struct km_err *err, EVP_PKEY *key, struct km_span buf, struct km_slice *ret)
{
    unsigned char *der = NULL;
    if (EVP_PKEY_is_a(key, "EC"))
        (void)EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                             "uncompressed");
    int len = i2d_PUBKEY(key, &der);
    ERR_clear_error();
    if (len <= 0 || (size_t)len > buf.len) {
        OPENSSL_free(der);
        return KM_FAIL(err, KM_E_LIMIT, "a public key has more than %zu octets", buf.len);
    }
    km_copy(buf.ptr, buf.len, der, (size_t)len);
    OPENSSL_free(der);
    *ret = KM_SLICE(buf.ptr, (size_t)len);
    return KM_OK;
}
