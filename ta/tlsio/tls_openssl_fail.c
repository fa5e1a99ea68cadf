/* SPDX-License-Identifier: Apache-2.0 */
/* Why a connection failed: the first cause that is known, from what the hooks answered to what libssl says. */
#include <string.h>

#include <openssl/err.h>

#include "ta/certs/certs_protocol.h"
#include "ta/crypto/crypto_protocol.h"
#include "ta/tlsio/tls_openssl.h"

static enum km_tlsio_failure of_verdict(uint32_t verdict)
{
    switch ((enum km_certs_verdict)verdict) {
    case KM_CERTS_GOOD:
        return KM_TLSIO_FAIL_NONE;
    case KM_CERTS_UNTRUSTED:
        return KM_TLSIO_FAIL_CERT_UNTRUSTED;
    case KM_CERTS_NOT_YET_VALID:
        return KM_TLSIO_FAIL_CERT_NOT_YET_VALID;
    case KM_CERTS_EXPIRED:
    case KM_CERTS_CLOCK:
        return KM_TLSIO_FAIL_CERT_EXPIRED;
    case KM_CERTS_REVOKED:
        return KM_TLSIO_FAIL_CERT_REVOKED;
    case KM_CERTS_NOT_AUTHORITY:
    case KM_CERTS_NAME_CONSTRAINT:
    case KM_CERTS_WRONG_PURPOSE:
        return KM_TLSIO_FAIL_CERT_PURPOSE;
    case KM_CERTS_WRONG_HOST:
        return KM_TLSIO_FAIL_CERT_NAME;
    case KM_CERTS_CRL_STALE:
    case KM_CERTS_BAD_SIGNATURE:
    case KM_CERTS_MALFORMED:
        break;
    }
    return KM_TLSIO_FAIL_CERT_INVALID;
}

static enum km_tlsio_failure of_signing(TEE_Result result)
{
    switch (result) {
    case TEE_SUCCESS:
        return KM_TLSIO_FAIL_NONE;
    case TEE_ERROR_ACCESS_DENIED:
        return KM_TLSIO_FAIL_KEY_DENIED;
    case KM_CRYPTO_E_KEY_GONE:
    case TEE_ERROR_ITEM_NOT_FOUND:
        return KM_TLSIO_FAIL_KEY_GONE;
    case KM_CRYPTO_E_EXPIRED:
        return KM_TLSIO_FAIL_KEY_EXPIRED;
    case KM_CRYPTO_E_USED_UP:
        return KM_TLSIO_FAIL_KEY_USED_UP;
    case TEE_ERROR_OUT_OF_MEMORY:
        return KM_TLSIO_FAIL_NO_MEMORY;
    default:
        return KM_TLSIO_FAIL_INTERNAL;
    }
}

static enum km_tlsio_failure of_reason(int reason)
{
    static const struct {
        int reason;
        enum km_tlsio_failure failure;
    } known[] = {
        {SSL_R_NO_SHARED_CIPHER, KM_TLSIO_FAIL_NO_COMMON},
        {SSL_R_NO_CIPHERS_AVAILABLE, KM_TLSIO_FAIL_NO_COMMON},
        {SSL_R_UNSUPPORTED_PROTOCOL, KM_TLSIO_FAIL_NO_COMMON},
        {SSL_R_NO_PROTOCOLS_AVAILABLE, KM_TLSIO_FAIL_NO_COMMON},
        {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, KM_TLSIO_FAIL_NO_COMMON},
        {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, KM_TLSIO_FAIL_NO_COMMON},
        {SSL_R_NO_SUITABLE_KEY_SHARE, KM_TLSIO_FAIL_NO_COMMON},
        {SSL_R_NO_SUITABLE_GROUPS, KM_TLSIO_FAIL_NO_COMMON},
        {SSL_R_NO_APPLICATION_PROTOCOL, KM_TLSIO_FAIL_NO_COMMON},
        {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, KM_TLSIO_FAIL_CERT_MISSING},
        {SSL_R_MISSING_RSA_CERTIFICATE, KM_TLSIO_FAIL_CERT_MISSING},
        {ERR_R_MALLOC_FAILURE, KM_TLSIO_FAIL_NO_MEMORY},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(known); i++) {
        if (known[i].reason == reason)
            return known[i].failure;
    }
    return KM_TLSIO_FAIL_PROTOCOL;
}

void tls_fail_with(struct km_tls_conn *conn, enum km_tlsio_failure failure, const char *detail)
{
    if ((conn->state & KM_TLSIO_FAILED) != 0)
        return;
    conn->state |= KM_TLSIO_FAILED;
    conn->failure = failure;
    if (conn->peer_alert != 0)
        conn->alert = conn->peer_alert;
    size_t len = detail == NULL ? 0 : strnlen(detail, KM_TLSIO_DETAIL_MAX);
    km_copy(conn->detail, KM_TLSIO_DETAIL_MAX, detail, len);
}

void tls_fail(struct km_tls_conn *conn)
{
    unsigned long error = ERR_peek_error();
    enum km_tlsio_failure failure = of_signing(conn->tls->sign_result);
    const char *detail = ERR_reason_error_string(error);
    if (failure == KM_TLSIO_FAIL_NONE)
        failure = of_verdict(conn->verdict);
    if (conn->verify_result != TEE_SUCCESS) {
        failure = KM_TLSIO_FAIL_INTERNAL;
        detail = "the certificate application gave no verdict";
    }
    if (failure == KM_TLSIO_FAIL_NONE && conn->peer_alert != 0) {
        failure = KM_TLSIO_FAIL_ALERT;
        detail = SSL_alert_desc_string_long((int)conn->peer_alert);
    }
    if (failure == KM_TLSIO_FAIL_NONE)
        failure = of_reason(ERR_GET_REASON(error));
    tls_fail_with(conn, failure, detail);
    ERR_clear_error();
}
