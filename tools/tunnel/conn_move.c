/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tunnel/conn_move.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS 4 /* of TUNNEL_BUF_LEN octets each way, before others get their turn */

static bool wants(ClrcResult result)
{
    return result == CLRTLS_ERROR_WANT_READ || result == CLRTLS_ERROR_WANT_WRITE;
}

void conn_end_tls(struct conn *conn, ClrcResult result)
{
    const char *text = clrtlsLastError();
    conn_end(conn, true, "%s", text);
    if (result == CLRC_ERROR_SERVICE_DIED || result == CLRC_ERROR_NO_SERVICE)
        tunnel_context_died(conn->tunnel, conn->context);
}

/* ---- what an end did not take ---- */

static km_status rest_keep(struct km_err *err, struct conn_rest *rest, struct km_slice bytes)
{
    if (bytes.len == 0)
        return KM_OK;
    rest->bytes = malloc(bytes.len);
    if (rest->bytes == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for %zu octets", bytes.len);
    km_copy(rest->bytes, bytes.len, bytes.ptr, bytes.len);
    rest->at = 0;
    rest->len = bytes.len;
    return KM_OK;
}

static void rest_taken(struct conn_rest *rest, size_t n)
{
    rest->at += n;
    rest->len -= n;
    if (rest->len > 0)
        return;
    free(rest->bytes);
    *rest = (struct conn_rest){0};
}

static void keep_or_end(struct conn *conn, struct conn_rest *rest, struct km_slice bytes)
{
    struct km_err err = {0};
    if (rest_keep(&err, rest, bytes) != KM_OK)
        conn_end(conn, true, "%s", err.text);
}

km_status conn_owe_plain(struct km_err *err, struct conn *conn, struct km_slice bytes)
{
    return rest_keep(err, &conn->to_plain, bytes);
}

/* ---- from the plain end to the peer ---- */

/* Returns how many were taken. */
static size_t write_cipher(struct conn *conn, const uint8_t *bytes, size_t len)
{
    uint32_t n = (uint32_t)len;
    ClrcResult result = clrtlsWrite(conn->tls, bytes, &n);
    if (result == CLRC_SUCCESS) {
        conn->n_out += n;
        return n;
    }
    if (!wants(result))
        conn_end_tls(conn, result);
    return 0;
}

/* Whether the library has sent all that it kept. */
static bool flushed(struct conn *conn)
{
    if ((clrtlsEvents(conn->tls) & POLLOUT) == 0)
        return true;
    ClrcResult result =
        clrtlsHandshake(conn->tls); /* it was made long ago: what is left of it is sending */
    if (result != CLRC_SUCCESS && !wants(result))
        conn_end_tls(conn, result);
    return result == CLRC_SUCCESS;
}

static bool tell_end(struct conn *conn)
{
    ClrcResult result = clrtlsShutdown(conn->tls);
    conn->told_end = result == CLRC_SUCCESS;
    if (!conn->told_end && !wants(result))
        conn_end_tls(conn, result);
    return conn->told_end;
}

static bool move_out(struct conn *conn)
{
    struct conn_rest *rest = &conn->to_cipher;
    uint8_t *buf = conn->tunnel->buf;
    if (conn->told_end || !flushed(conn))
        return false;
    if (rest->len > 0) {
        size_t n = write_cipher(conn, rest->bytes + rest->at, rest->len);
        rest_taken(rest, n);
        return n > 0;
    }
    if (conn->plain_ended)
        return tell_end(conn);
    ssize_t got = read(conn->plain.fd, buf, TUNNEL_BUF_LEN);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got < 0) {
        conn_end(conn, true, "the plain end failed: %s", strerror(errno));
        return false;
    }
    conn->plain_ended = got == 0;
    if (got == 0)
        return true;
    size_t taken = write_cipher(conn, buf, (size_t)got);
    if (conn->phase == CONN_OPEN)
        keep_or_end(conn, rest, KM_SLICE(buf + taken, (size_t)got - taken));
    return true;
}

/* ---- from the peer to the plain end ---- */

static int out_fd(const struct conn *conn)
{
    return conn->plain_out.fd >= 0 ? conn->plain_out.fd : conn->plain.fd;
}

/* Returns how many were taken. */
static size_t write_plain(struct conn *conn, const uint8_t *bytes, size_t len)
{
    ssize_t n = write(out_fd(conn), bytes, len);
    if (n >= 0)
        return (size_t)n;
    if (errno == EPIPE || errno == ECONNRESET)
        conn_end(conn, false, "the plain end went away");
    else if (errno != EAGAIN && errno != EINTR)
        conn_end(conn, true, "the plain end failed: %s", strerror(errno));
    return 0;
}

/* Its peer has closed: so does the tunnel, towards the plain end, and goes on reading there. */
static void end_plain(struct conn *conn)
{
    conn->cipher_ended = true;
    if (shutdown(out_fd(conn), SHUT_WR) != 0 && errno == ENOTSOCK && conn->plain_out.fd >= 0)
        km_loop_remove(&conn->tunnel->loop, &conn->plain_out);
}

static bool move_in(struct conn *conn)
{
    struct conn_rest *rest = &conn->to_plain;
    uint8_t *buf = conn->tunnel->buf;
    if (rest->len > 0) {
        size_t n = write_plain(conn, rest->bytes + rest->at, rest->len);
        rest_taken(rest, n);
        return n > 0;
    }
    if (conn->cipher_ended)
        return false;
    uint32_t got = TUNNEL_BUF_LEN;
    ClrcResult result = clrtlsRead(conn->tls, buf, &got);
    if (result == CLRTLS_ERROR_CLOSED) {
        end_plain(conn);
        return true;
    }
    if (result != CLRC_SUCCESS) {
        if (!wants(result))
            conn_end_tls(conn, result);
        return false;
    }
    conn->n_in += got;
    size_t taken = write_plain(conn, buf, got);
    if (conn->phase == CONN_OPEN)
        keep_or_end(conn, rest, KM_SLICE(buf + taken, got - taken));
    return true;
}

void conn_move(struct conn *conn)
{
    bool moved = true, ever = false;
    for (unsigned round = 0; moved && round < ROUNDS && conn->phase == CONN_OPEN; round++) {
        moved = move_out(conn);
        if (conn->phase == CONN_OPEN && move_in(conn))
            moved = true;
        ever = ever || moved;
    }
    if (ever)
        conn->moved_ms = km_loop_now_ms();
    if (conn->phase != CONN_OPEN)
        return;
    if (conn->told_end && conn->cipher_ended && conn->to_plain.len == 0)
        conn_end(conn, false, "closed");
    else if (moved)
        tunnel_again(conn->tunnel, conn);
}

/* ---- what is waited for ---- */

static uint32_t cipher_events(const struct conn *conn)
{
    short events = clrtlsEvents(conn->tls);
    uint32_t wanted = (events & POLLOUT) != 0 ? EPOLLOUT : 0;
    bool reads = conn->phase == CONN_HANDSHAKE || (!conn->cipher_ended && conn->to_plain.len == 0);
    if ((events & POLLIN) != 0 && reads)
        wanted |= EPOLLIN;
    return wanted;
}

static void want(struct conn *conn, struct km_watch *watch, uint32_t events)
{
    struct km_err err = {0};
    if (watch->fd >= 0 && km_loop_want(&err, &conn->tunnel->loop, watch, events) != KM_OK)
        conn_end(conn, true, "%s", err.text);
}

void conn_watch(struct conn *conn)
{
    uint32_t plain = 0, out = 0, cipher = 0;
    if (conn->phase == CONN_DIAL && conn->tunnel->options->is_server)
        plain = EPOLLOUT;
    else if (conn->phase == CONN_DIAL)
        cipher = EPOLLOUT;
    else if (conn->phase == CONN_HANDSHAKE)
        cipher = cipher_events(conn);
    if (conn->phase == CONN_OPEN) {
        cipher = cipher_events(conn);
        /* What the peer's window has no room for is not asked for. */
        bool reads = !conn->plain_ended && conn->to_cipher.len == 0 && (cipher & EPOLLOUT) == 0;
        plain = reads ? EPOLLIN : 0;
        out = conn->to_plain.len > 0 ? EPOLLOUT : 0;
        if (reads && conn->plain_is_file)
            tunnel_again(conn->tunnel, conn);
    }
    bool is_one = conn->plain_out.fd < 0;
    if (!conn->plain_is_file)
        want(conn, &conn->plain, is_one ? plain | out : plain);
    want(conn, &conn->plain_out, out);
    want(conn, &conn->cipher, cipher);
}
