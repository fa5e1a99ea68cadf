/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/trust.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define SECURITY_BITS_MIN 112 /* RSA of 2048 bits, P-224 */

static int verify(X509_STORE_CTX *context, void *arg)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx());
    (void)arg;
    if (ssl == NULL || !SSL_is_server(ssl))
        return X509_verify_cert(context);
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
}

static void context_made(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl,
                         void *argp)
{
    (void)ptr;
    (void)data;
    (void)index;
    (void)argl;
    SSL_CTX_set_cert_verify_callback(parent, verify, NULL);
    *(bool *)argp = true;
}

static void context_freep(SSL_CTX **context)
{
    SSL_CTX_free(*context);
}

km_status trust_init(struct km_err *err)
{
    /* libssl tells whoever has an index of extra data of each context that is made: the broker hands out none of its own. */
    static bool was_told;
    static int index = -1;
    if (index < 0)
        index = SSL_CTX_get_ex_new_index(0, &was_told, context_made, NULL, NULL);
    was_told = false;
    KM_AUTO(context_freep) SSL_CTX *probe = SSL_CTX_new(TLS_server_method());
    if (index < 0 || probe == NULL || !was_told)
        return KM_FAIL_NATIVE(err, KM_E_INTERNAL, KM_LAYER_OPENSSL, ERR_get_error(),
                              "can't set how clients' certificates are verified");
    return KM_OK;
}

const char *trust_look(X509 *certificate)
{
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    if (key == NULL)
        return "the key of its certificate can't be read";
    if (EVP_PKEY_get_security_bits(key) < SECURITY_BITS_MIN)
        return "the key of its certificate is too weak";
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) >= 0)
        return "its certificate is not valid yet";
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
        return "its certificate has expired";
    if (X509_check_purpose(certificate, X509_PURPOSE_SSL_CLIENT, 0) != 1)
        return "its certificate is not for clients";
    return NULL;
}

bool trust_issued(X509 *ca, X509 *certificate, const char **ret_why)
{
    *ret_why = NULL;
    if (X509_check_issued(ca, certificate) != X509_V_OK ||
        X509_verify(certificate, X509_get0_pubkey(ca)) != 1)
        return false;
    if (X509_cmp_current_time(X509_get0_notBefore(ca)) >= 0)
        *ret_why = "its CA's certificate is not valid yet";
    else if (X509_cmp_current_time(X509_get0_notAfter(ca)) <= 0)
        *ret_why = "its CA's certificate has expired";
    return true;
}
