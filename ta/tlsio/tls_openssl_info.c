/* SPDX-License-Identifier: Apache-2.0 */
/* What can be told about a connection. */
#include <string.h>

#include <openssl/x509.h>

#include "ta/tlsio/tls_openssl.h"

static struct km_slice text(const char *text, size_t max)
{
    return text == NULL ? KM_SLICE(NULL, 0) : KM_SLICE(text, strnlen(text, max));
}

/* The last common name; what is no UTF-8 or too long is left out rather than cut. */
static struct km_slice common_name(const X509 *cert, unsigned char **ret_owned)
{
    const X509_NAME *name = X509_get_subject_name(cert);
    int at = -1, next = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    for (; next >= 0; next = X509_NAME_get_index_by_NID(name, NID_commonName, at))
        at = next;
    if (at < 0)
        return KM_SLICE(NULL, 0);
    const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, at);
    int len = ASN1_STRING_to_UTF8(ret_owned, X509_NAME_ENTRY_get_data(entry));
    struct km_slice made = KM_SLICE(*ret_owned, len > 0 ? (size_t)len : 0);
    bool fits = made.len <= KM_TLSIO_PEER_MAX && km_utf8_valid(made) &&
                (made.len == 0 || memchr(made.ptr, 0, made.len) == NULL);
    return fits ? made : KM_SLICE(NULL, 0);
}

static const char *group_of(SSL *ssl)
{
    int nid = (int)SSL_get_negotiated_group(ssl);
    return nid <= 0 ? NULL : SSL_group_to_name(ssl, nid);
}

void km_tls_info_put(struct km_tls_conn *conn, struct km_wr *wr)
{
    SSL *ssl = conn->ssl;
    const SSL_CIPHER *suite = SSL_get_current_cipher(ssl);
    const unsigned char *alpn = NULL;
    unsigned alpn_len = 0;
    unsigned char *owned = NULL;
    bool is_ready = (conn->state & KM_TLSIO_READY) != 0;
    const X509 *peer = SSL_get0_peer_certificate(ssl);
    SSL_get0_alpn_selected(ssl, &alpn, &alpn_len);
    struct km_tlsio_info info = {
        .version = is_ready ? (uint32_t)SSL_version(ssl) : 0,
        .is_resumed = is_ready && SSL_session_reused(ssl) ? 1 : 0,
        .alert = conn->alert,
        .failure = conn->failure,
        .suite = text(suite == NULL ? NULL : SSL_CIPHER_standard_name(suite), KM_TLSIO_SUITE_MAX),
        .group = text(is_ready ? group_of(ssl) : NULL, KM_TLSIO_GROUP_MAX),
        .alpn = KM_SLICE(alpn, alpn_len),
        .peer_name = peer == NULL ? KM_SLICE(NULL, 0) : common_name(peer, &owned),
        .detail = text(conn->detail, KM_TLSIO_DETAIL_MAX),
    };
    km_tlsio_info_put(wr, &info);
    OPENSSL_free(owned);
}

TEE_Result km_tls_peer(struct km_tls_conn *conn, uint8_t **ret_der, size_t *ret_len)
{
    X509 *peer = SSL_get0_peer_certificate(conn->ssl);
    int len = peer == NULL ? 0 : i2d_X509(peer, NULL);
    if (len <= 0)
        return TEE_ERROR_ITEM_NOT_FOUND;
    uint8_t *der = TEE_Malloc((size_t)len, TEE_MALLOC_FILL_ZERO);
    unsigned char *at = der;
    if (der == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    *ret_len = (size_t)i2d_X509(peer, &at);
    *ret_der = der;
    return TEE_SUCCESS;
}
