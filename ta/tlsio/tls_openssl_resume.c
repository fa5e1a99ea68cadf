/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resumption. A client keeps sessions here by server; a server hands them out as tickets under a key of this instance. A session does
 * not outlive the trust that it began with: the peer's certificates are judged again each time.
 */
#include <string.h>

#include "ta/tlsio/tls_openssl.h"

static void forget(struct km_tls *tls, unsigned i)
{
    SSL_SESSION_free(tls->resumable[i].session);
    tls->n_resumable--;
    for (; i < tls->n_resumable; i++)
        tls->resumable[i] = tls->resumable[i + 1];
    tls->resumable[tls->n_resumable] = (struct tls_resumable){0};
}

void tls_resume_clear(struct km_tls *tls)
{
    while (tls->n_resumable > 0)
        forget(tls, tls->n_resumable - 1);
}

static void forget_host(struct km_tls *tls, const char *host)
{
    for (unsigned i = tls->n_resumable; i-- > 0;) {
        if (strcmp(tls->resumable[i].host, host) == 0)
            forget(tls, i);
    }
}

/* The newest of a server is kept, and the oldest of all gives way. */
static int on_new(SSL *ssl, SSL_SESSION *session)
{
    struct km_tls_conn *conn = SSL_get_app_data(ssl);
    struct km_tls *tls = conn->tls;
    if (!SSL_SESSION_is_resumable(session))
        return 0;
    forget_host(tls, conn->host);
    if (tls->n_resumable == TLS_RESUMED_MAX)
        forget(tls, 0);
    struct tls_resumable *at = &tls->resumable[tls->n_resumable++];
    km_copy(at->host, sizeof(at->host), conn->host, sizeof(conn->host));
    at->session = session;
    return 1; /* the reference is ours */
}

static bool is_still_good(struct km_tls_conn *conn, SSL_SESSION *session)
{
    X509 *first = SSL_SESSION_get0_peer(session);
    if (first == NULL)
        return conn->tls->psk_len != 0;
    return tls_verify_again(conn, first, SSL_get_peer_cert_chain(conn->ssl));
}

void tls_resume_offer(struct km_tls_conn *conn)
{
    struct km_tls *tls = conn->tls;
    SSL_SESSION *session = NULL;
    for (unsigned i = 0; i < tls->n_resumable; i++) {
        if (strcmp(tls->resumable[i].host, conn->host) == 0)
            session = tls->resumable[i].session;
    }
    if (session == NULL)
        return;
    /* Who watches the line must not tell that it was the same client: a ticket is used once (RFC 8446, C.4). */
    SSL_SESSION_up_ref(session);
    bool is_1_3 = SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION;
    if (SSL_set_session(conn->ssl, session) != 1 || !is_still_good(conn, session)) {
        SSL_set_session(conn->ssl, NULL);
        forget_host(tls, conn->host);
    } else if (is_1_3) {
        forget_host(tls, conn->host);
    }
    SSL_SESSION_free(session);
}

static int on_ticket_made(SSL *ssl, void *arg)
{
    (void)ssl;
    (void)arg;
    return 1;
}

/* The ticket holds the client's own certificate and none of its issuers: where these are not known here a whole handshake follows. */
static SSL_TICKET_RETURN on_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *key_name,
                                   size_t key_name_len, SSL_TICKET_STATUS status, void *arg)
{
    (void)key_name;
    (void)key_name_len;
    (void)arg;
    struct km_tls_conn *conn = SSL_get_app_data(ssl);
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    X509 *first = SSL_SESSION_get0_peer(session);
    if (first != NULL && !tls_verify_again(conn, first, NULL))
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

void tls_resume_install(struct km_tls *tls)
{
    static const unsigned char context[] = "keymoor";
    if ((tls->flags & KM_TLSIO_RESUME) == 0) {
        SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(tls->ctx, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(tls->ctx, 0);
        return;
    }
    if (tls->role == KM_TLSIO_CLIENT) {
        SSL_CTX_set_session_cache_mode(tls->ctx,
                                       SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(tls->ctx, on_new);
        return;
    }
    SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(tls->ctx, context, sizeof(context) - 1);
    SSL_CTX_set_session_ticket_cb(tls->ctx, on_ticket_made, on_ticket, NULL);
}
