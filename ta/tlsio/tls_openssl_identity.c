/* SPDX-License-Identifier: Apache-2.0 */
/* Our own key and certificates. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "ta/common/ta_util.h"
#include "ta/tlsio/tls_openssl.h"

#define CHAIN_MAX 10
#define DER_MAX 8192u

static void bio_freep(BIO **bio)
{
    BIO_free(*bio);
}

static void x509_freep(X509 **cert)
{
    X509_free(*cert);
}

static void key_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

/* Nobody can be asked here, so a key that needs a password is none. */
static int no_password(char *buf, int size, int is_to_write, void *arg)
{
    (void)buf;
    (void)size;
    (void)is_to_write;
    (void)arg;
    return -1;
}

static TEE_Result use_key(struct km_tls *tls, EVP_PKEY *key)
{
    if (SSL_CTX_use_PrivateKey(tls->ctx, key) == 1)
        return TEE_SUCCESS;
    /* With a certificate in place the check is part of it. */
    return ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH
               ? KM_TLSIO_E_MISMATCH
               : TEE_ERROR_NOT_SUPPORTED;
}

static TEE_Result key_from_pem(struct km_tls *tls, struct km_slice pem)
{
    KM_AUTO(bio_freep) BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    if (bio == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    KM_AUTO(key_freep)
    EVP_PKEY *key =
        PEM_read_bio_PrivateKey_ex(bio, NULL, no_password, NULL, tls->libctx, TLS_PREFER_DEFAULT);
    return key != NULL ? use_key(tls, key) : TEE_ERROR_BAD_FORMAT;
}

static TEE_Result set_key(struct km_tls *tls, const struct km_tls_identity *identity)
{
    if (identity->key_pem.len != 0)
        return key_from_pem(tls, identity->key_pem);
    KM_AUTO(key_freep) EVP_PKEY *key = tls_key_new(tls, identity->spki);
    return key != NULL ? use_key(tls, key) : TEE_ERROR_NOT_SUPPORTED;
}

static X509 *cert_from_pem(struct km_tls *tls, BIO *bio)
{
    X509 *cert = X509_new_ex(tls->libctx, TLS_PREFER_DEFAULT);
    if (cert != NULL && PEM_read_bio_X509(bio, &cert, no_password, NULL) != NULL)
        return cert;
    X509_free(cert);
    return NULL;
}

static X509 *cert_from_der(struct km_tls *tls, struct km_slice der)
{
    const unsigned char *at = der.ptr;
    X509 *cert = X509_new_ex(tls->libctx, TLS_PREFER_DEFAULT);
    if (cert != NULL && d2i_X509(&cert, &at, (long)der.len) != NULL && at == der.ptr + der.len)
        return cert;
    X509_free(cert);
    return NULL;
}

/* A certificate that the library finds too weak is not one for TLS. */
static TEE_Result use_first(struct km_tls *tls, X509 *cert)
{
    return SSL_CTX_use_certificate(tls->ctx, cert) == 1 ? TEE_SUCCESS : TEE_ERROR_NOT_SUPPORTED;
}

static TEE_Result certs_from_pem(struct km_tls *tls, struct km_slice pem)
{
    KM_AUTO(bio_freep) BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    if (bio == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    for (int n = 0; n < CHAIN_MAX; n++) {
        KM_AUTO(x509_freep) X509 *cert = cert_from_pem(tls, bio);
        if (cert == NULL)
            return n > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
                       ? TEE_SUCCESS
                       : TEE_ERROR_BAD_FORMAT;
        if (n == 0)
            KM_TRY_TEE(use_first(tls, cert));
        else if (SSL_CTX_add1_chain_cert(tls->ctx, cert) != 1)
            return TEE_ERROR_NOT_SUPPORTED;
    }
    return TEE_ERROR_BAD_FORMAT;
}

static bool is_self_issued(X509 *cert)
{
    return X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;
}

static bool issued(X509 *issuer, X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    return X509_check_issued(issuer, cert) == X509_V_OK && key != NULL &&
           X509_verify(cert, key) == 1;
}

/* Peers have roots of their own, so what issued itself is not sent. */
static X509 *issuer_of(struct km_tls *tls, X509 *cert, struct km_slice candidates)
{
    struct km_rd rd = km_rd_init(candidates);
    struct km_slice der = {0};
    while (km_rd_blob32le(&rd, DER_MAX, &der)) {
        X509 *candidate = cert_from_der(tls, der);
        if (candidate != NULL && !is_self_issued(candidate) && issued(candidate, cert))
            return candidate;
        X509_free(candidate);
    }
    return NULL;
}

static TEE_Result certs_from_der(struct km_tls *tls, const struct km_tls_identity *identity)
{
    KM_AUTO(x509_freep) X509 *cert = cert_from_der(tls, identity->cert_der);
    if (cert == NULL)
        return TEE_ERROR_BAD_FORMAT;
    KM_TRY_TEE(use_first(tls, cert));
    for (int n = 1; n < CHAIN_MAX && !is_self_issued(cert); n++) {
        X509 *issuer = issuer_of(tls, cert, identity->issuers);
        if (issuer == NULL)
            break;
        X509_free(cert);
        cert = issuer;
        if (SSL_CTX_add1_chain_cert(tls->ctx, cert) != 1)
            return TEE_ERROR_NOT_SUPPORTED;
    }
    return TEE_SUCCESS;
}

TEE_Result tls_identity_set(struct km_tls *tls, const struct km_tls_identity *identity)
{
    if (identity->spki.len == 0 && identity->key_pem.len == 0)
        return TEE_SUCCESS;
    KM_TRY_TEE(identity->cert_pem.len != 0 ? certs_from_pem(tls, identity->cert_pem)
                                           : certs_from_der(tls, identity));
    KM_TRY_TEE(set_key(tls, identity));
    return SSL_CTX_check_private_key(tls->ctx) == 1 ? TEE_SUCCESS : KM_TLSIO_E_MISMATCH;
}
