/* SPDX-License-Identifier: Apache-2.0 */
/* The peer's certificates go to the hook; its verdict becomes an alert that says why. */
#include <openssl/x509.h>

#include "ta/certs/certs_protocol.h"
#include "ta/tlsio/tls_openssl.h"

/* What libssl makes an alert of: unknown_ca, certificate_expired, certificate_revoked, ... */
static int error_of(uint32_t verdict)
{
    switch ((enum km_certs_verdict)verdict) {
    case KM_CERTS_GOOD:
        return X509_V_OK;
    case KM_CERTS_UNTRUSTED:
        return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
    case KM_CERTS_BAD_SIGNATURE:
        return X509_V_ERR_CERT_SIGNATURE_FAILURE;
    case KM_CERTS_NOT_YET_VALID:
        return X509_V_ERR_CERT_NOT_YET_VALID;
    case KM_CERTS_EXPIRED:
    case KM_CERTS_CLOCK:
        return X509_V_ERR_CERT_HAS_EXPIRED;
    case KM_CERTS_REVOKED:
        return X509_V_ERR_CERT_REVOKED;
    case KM_CERTS_CRL_STALE:
        return X509_V_ERR_CRL_HAS_EXPIRED;
    case KM_CERTS_NOT_AUTHORITY:
        return X509_V_ERR_INVALID_CA;
    case KM_CERTS_NAME_CONSTRAINT:
        return X509_V_ERR_PERMITTED_VIOLATION;
    case KM_CERTS_WRONG_PURPOSE:
        return X509_V_ERR_INVALID_PURPOSE;
    case KM_CERTS_WRONG_HOST:
        return X509_V_ERR_HOSTNAME_MISMATCH;
    case KM_CERTS_MALFORMED:
        break;
    }
    return X509_V_ERR_CERT_REJECTED;
}

static bool put_cert(struct km_wr *wr, X509 *cert)
{
    int len = i2d_X509(cert, NULL);
    if (len <= 0 || wr->overflow || wr->cap - wr->len < 4u + (size_t)len)
        return false;
    km_wr_u32le(wr, (uint32_t)len);
    unsigned char *at = wr->buf + wr->len;
    wr->len += (size_t)len;
    return i2d_X509(cert, &at) == len;
}

/* More than the limits is refused here, so that the answer is a verdict and no failure. */
static bool put_chain(struct km_wr *wr, X509 *first, const STACK_OF(X509) * chain)
{
    unsigned n = 1;
    if (!put_cert(wr, first))
        return false;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        X509 *cert = sk_X509_value(chain, i);
        if (cert == first) /* libssl has it in both places */
            continue;
        if (n++ == KM_CERTS_CHAIN_MAX || !put_cert(wr, cert))
            return false;
    }
    return true;
}

/* Room for all of them; a chain beyond the limit gets too little. */
static size_t length_of(X509 *first, const STACK_OF(X509) * chain)
{
    size_t len = 4u + (size_t)i2d_X509(first, NULL);
    for (int i = 0; i < sk_X509_num(chain) && len < KM_CERTS_CHAIN_LEN_MAX; i++)
        len += 4u + (size_t)i2d_X509(sk_X509_value(chain, i), NULL);
    return len < KM_CERTS_CHAIN_LEN_MAX ? len : KM_CERTS_CHAIN_LEN_MAX;
}

static TEE_Result ask(const struct km_tls_conn *conn, X509 *first, const STACK_OF(X509) * chain,
                      uint32_t *ret_verdict)
{
    const struct km_tls *tls = conn->tls;
    struct km_tls_question question = {.is_server = tls->role == KM_TLSIO_CLIENT,
                                       .host = KM_SLICE_STR(conn->host)};
    size_t len = length_of(first, chain);
    KM_AUTO(km_ta_freep) uint8_t *octets = TEE_Malloc(len, TEE_MALLOC_FILL_ZERO);
    if (octets == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    struct km_wr wr = km_wr_init(octets, len);
    if (!put_chain(&wr, first, chain)) {
        *ret_verdict = KM_CERTS_MALFORMED;
        return TEE_SUCCESS;
    }
    question.chain = KM_SLICE(octets, wr.len);
    return tls->hooks.verify(tls->hooks.arg, &question, ret_verdict);
}

static int on_verify(X509_STORE_CTX *store, void *arg)
{
    (void)arg;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct km_tls_conn *conn = SSL_get_app_data(ssl);
    X509 *first = X509_STORE_CTX_get0_cert(store);
    uint32_t verdict = KM_CERTS_MALFORMED;
    conn->verify_result = ask(conn, first, X509_STORE_CTX_get0_untrusted(store), &verdict);
    conn->verdict = verdict;
    int error = conn->verify_result == TEE_SUCCESS ? error_of(verdict) : X509_V_ERR_UNSPECIFIED;
    X509_STORE_CTX_set_error(store, error);
    return error == X509_V_OK ? 1 : 0;
}

bool tls_verify_again(struct km_tls_conn *conn, X509 *first, STACK_OF(X509) * chain)
{
    uint32_t verdict = KM_CERTS_MALFORMED;
    return ask(conn, first, chain, &verdict) == TEE_SUCCESS && verdict == KM_CERTS_GOOD;
}

static int mode_of(const struct km_tls *tls)
{
    if (tls->verify == KM_TLSIO_VERIFY_NONE)
        return SSL_VERIFY_NONE;
    if (tls->verify == KM_TLSIO_VERIFY_OPTIONAL)
        return SSL_VERIFY_PEER;
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

void tls_verify_install(struct km_tls *tls)
{
    SSL_CTX_set_verify(tls->ctx, mode_of(tls), NULL);
    SSL_CTX_set_cert_verify_callback(tls->ctx, on_verify, NULL);
}
