/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/trust.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

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
