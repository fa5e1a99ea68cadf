/* SPDX-License-Identifier: Apache-2.0 */
/* One connection, a step at a time. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "ta/tlsio/tls_openssl.h"

#define ALERT_CLOSE_NOTIFY 0
#define ALERT_USER_CANCELED 90

static void on_event(const SSL *ssl, int where, int value)
{
    struct km_tls_conn *conn = SSL_get_app_data(ssl);
    uint32_t level = (uint32_t)value >> 8;
    uint32_t alert = (uint32_t)value & 0xffu;
    if ((where & SSL_CB_ALERT) == 0 || alert == ALERT_CLOSE_NOTIFY || alert == ALERT_USER_CANCELED)
        return;
    if ((where & SSL_CB_WRITE) != 0)
        conn->alert = alert;
    else if (level == SSL3_AL_FATAL || SSL_version(ssl) == TLS1_3_VERSION)
        conn->peer_alert = alert;
}

/* RFC 6066, 3: an address is no name to ask for. */
static bool is_address(const char *host)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    ERR_clear_error();
    ASN1_OCTET_STRING_free(address);
    return address != NULL;
}

static TEE_Result set_up(struct km_tls_conn *conn)
{
    struct km_tls *tls = conn->tls;
    conn->ssl = SSL_new(tls->ctx);
    BIO *bio = tls_bio_new(conn);
    if (conn->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        return TEE_ERROR_OUT_OF_MEMORY;
    }
    SSL_set_bio(conn->ssl, bio, bio);
    if (SSL_set_app_data(conn->ssl, conn) != 1)
        return TEE_ERROR_OUT_OF_MEMORY;
    SSL_set_info_callback(conn->ssl, on_event);
    if (tls->role == KM_TLSIO_SERVER) {
        SSL_set_accept_state(conn->ssl);
        return TEE_SUCCESS;
    }
    SSL_set_connect_state(conn->ssl);
    if (!is_address(conn->host) && SSL_set_tlsext_host_name(conn->ssl, conn->host) != 1)
        return TEE_ERROR_OUT_OF_MEMORY;
    if ((tls->flags & KM_TLSIO_RESUME) != 0)
        tls_resume_offer(conn);
    return TEE_SUCCESS;
}

static void conn_freep(struct km_tls_conn **conn)
{
    km_tls_conn_free(*conn);
}

TEE_Result km_tls_conn_new(struct km_tls *tls, struct km_slice host, struct km_tls_conn **ret_conn)
{
    KM_AUTO(conn_freep)
    struct km_tls_conn *conn = TEE_Malloc(sizeof(*conn), TEE_MALLOC_FILL_ZERO);
    if (conn == NULL)
        return TEE_ERROR_OUT_OF_MEMORY;
    conn->tls = tls;
    km_copy(conn->host, KM_TLSIO_HOST_MAX, host.ptr, host.len);
    TEE_Result result = set_up(conn);
    ERR_clear_error();
    if (result == TEE_SUCCESS)
        *ret_conn = km_steal(&conn);
    return result;
}

void km_tls_conn_free(struct km_tls_conn *conn)
{
    if (conn == NULL)
        return;
    SSL_free(conn->ssl);
    ERR_clear_error();
    TEE_Free(conn);
}

/* ---- a step ---- */

/* Whether libssl only waits for octets or room; anything else is the end. */
static bool may_go_on(struct km_tls_conn *conn, int rc)
{
    switch (SSL_get_error(conn->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return true;
    case SSL_ERROR_WANT_WRITE:
        conn->state |= KM_TLSIO_MORE;
        return true;
    case SSL_ERROR_ZERO_RETURN:
        conn->state |= KM_TLSIO_PEER_CLOSED;
        return true;
    default:
        tls_fail(conn);
        return false;
    }
}

static bool shake_hands(struct km_tls_conn *conn)
{
    if ((conn->state & KM_TLSIO_READY) != 0)
        return true;
    int rc = SSL_do_handshake(conn->ssl);
    if (rc == 1)
        conn->state |= KM_TLSIO_READY;
    else
        (void)may_go_on(conn, rc);
    return rc == 1;
}

/* A record is begun only where there is room for all of it, so that none is stuck half-way. */
static bool encrypt(struct km_tls_conn *conn, struct km_slice plain, uint32_t *ret_taken)
{
    size_t at = 0;
    while (at < plain.len && (conn->state & KM_TLSIO_CLOSED) == 0) {
        size_t written = 0;
        size_t left = plain.len - at;
        if (conn->out.cap - conn->out.len < KM_TLSIO_RECORD_ROOM) {
            conn->state |= KM_TLSIO_MORE;
            break;
        }
        if (left > KM_TLSIO_RECORD_MAX)
            left = KM_TLSIO_RECORD_MAX;
        int rc = SSL_write_ex(conn->ssl, plain.ptr + at, left, &written);
        if (rc != 1 && !may_go_on(conn, rc))
            return false;
        if (rc != 1)
            break;
        at += written;
    }
    *ret_taken = (uint32_t)at;
    return true;
}

/* What was read before a failure is the client's all the same. */
static void decrypt(struct km_tls_conn *conn, struct km_span plain, size_t *ret_len)
{
    size_t len = 0;
    while (len < plain.len) {
        size_t got = 0;
        int rc = SSL_read_ex(conn->ssl, plain.ptr + len, plain.len - len, &got);
        len += got;
        if (rc != 1) {
            (void)may_go_on(conn, rc);
            break;
        }
    }
    if (len == plain.len && (SSL_has_pending(conn->ssl) || km_rd_left(&conn->in) > 0))
        conn->state |= KM_TLSIO_MORE;
    *ret_len = len;
}

static void work(struct km_tls_conn *conn, struct km_tls_io *io, struct km_tlsio_step_out *ret)
{
    if (!shake_hands(conn) || !encrypt(conn, io->plain_in, &ret->plain_taken))
        return;
    bool all_taken = ret->plain_taken == io->plain_in.len;
    if ((io->flags & KM_TLSIO_CLOSE) != 0 && all_taken && (conn->state & KM_TLSIO_CLOSED) == 0) {
        int rc = SSL_shutdown(conn->ssl);
        if (rc >= 0)
            conn->state |= KM_TLSIO_CLOSED;
        else if (!may_go_on(conn, rc))
            return;
    }
    if ((io->flags & KM_TLSIO_READ) != 0 && (conn->state & KM_TLSIO_PEER_CLOSED) == 0)
        decrypt(conn, io->plain_out, &io->plain_len);
}

/* Who sends and sends and never comes to the point is not listened to for ever. */
static void count_barren(struct km_tls_conn *conn, uint32_t taken, size_t plain_len)
{
    if (plain_len > 0)
        conn->barren = 0;
    else
        conn->barren += taken;
    if (conn->barren > KM_TLSIO_HANDSHAKE_MAX)
        tls_fail_with(conn, KM_TLSIO_FAIL_PROTOCOL,
                      "the peer sends handshake messages without end");
}

void km_tls_step(struct km_tls_conn *conn, struct km_tls_io *io, struct km_tlsio_step_out *ret)
{
    struct km_tlsio_step_out out = {0};
    conn->in = km_rd_init(io->cipher_in);
    conn->out = km_wr_init(io->cipher_out.ptr, io->cipher_out.len);
    conn->state &= ~KM_TLSIO_MORE;
    io->cipher_len = 0;
    io->plain_len = 0;
    ERR_clear_error();
    conn->tls->sign_result = TEE_SUCCESS;
    if ((conn->state & KM_TLSIO_FAILED) == 0)
        work(conn, io, &out);
    out.cipher_taken = (uint32_t)(io->cipher_in.len - km_rd_left(&conn->in));
    count_barren(conn, out.cipher_taken, io->plain_len);
    io->cipher_len = conn->out.len;
    out.state = conn->state;
    out.failure = conn->failure;
    out.alert = conn->alert;
    conn->in = km_rd_init(KM_SLICE(NULL, 0));
    conn->out = km_wr_init(NULL, 0);
    ERR_clear_error();
    *ret = out;
}
