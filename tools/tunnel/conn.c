/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tunnel/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/km_log.h"
#include "tools/tunnel/conn_move.h"
#include "tools/tunnel/proxy2.h"

/* ---- beginning and end ---- */

static struct conn *conn_new(struct tunnel *tunnel)
{
    struct conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL)
        return NULL;
    int64_t now = km_loop_now_ms();
    *conn = (struct conn){.plain = {.fd = -1},
                          .plain_out = {.fd = -1},
                          .cipher = {.fd = -1},
                          .tunnel = tunnel,
                          .number = ++tunnel->last_number,
                          .started_ms = now,
                          .moved_ms = now,
                          .stdio_flags = {-1, -1},
                          .next = tunnel->conns};
    if (tunnel->conns != NULL)
        tunnel->conns->previous = conn;
    tunnel->conns = conn;
    tunnel->n_conns++;
    return conn;
}

void conn_end(struct conn *conn, bool failed, const char *fmt, ...)
{
    va_list args;
    if (conn->phase == CONN_OVER)
        return;
    va_start(args, fmt);
    (void)vsnprintf(conn->reason, sizeof(conn->reason), fmt, args);
    va_end(args);
    conn->failed = failed;
    conn->phase = CONN_OVER;
    tunnel_again(conn->tunnel, conn);
}

static void log_end(const struct conn *conn)
{
    double seconds = (double)(km_loop_now_ms() - conn->started_ms) / 1000;
    km_log(conn->failed ? KM_LOG_WARNING : KM_LOG_INFO,
           "connection %llu from %s: %llu octets out, %llu in, %.1f s: %s",
           (unsigned long long)conn->number, conn->who.text, (unsigned long long)conn->n_out,
           (unsigned long long)conn->n_in, seconds, conn->reason);
}

/* So that the plain end does not take what it has for the whole. */
static void break_off(const struct conn *conn)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (conn->failed && conn->plain.fd >= 0)
        (void)setsockopt(conn->plain.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void restore_stdio(const struct conn *conn)
{
    for (int fd = 0; fd < 2; fd++)
        if (conn->stdio_flags[fd] >= 0)
            (void)fcntl(fd, F_SETFL, conn->stdio_flags[fd]);
}

static void conn_free(struct conn *conn)
{
    struct tunnel *tunnel = conn->tunnel;
    log_end(conn);
    tunnel->failed = conn->failed;
    tunnel_forget(tunnel, conn);
    clrtlsConnectionFree(conn->tls);
    pool_drop(&tunnel->pool, conn->context);
    restore_stdio(conn);
    break_off(conn);
    km_loop_remove(&tunnel->loop, &conn->plain);
    km_loop_remove(&tunnel->loop, &conn->plain_out);
    km_loop_remove(&tunnel->loop, &conn->cipher);
    free(conn->to_cipher.bytes);
    free(conn->to_plain.bytes);
    free(conn);
}

/* ---- phases ---- */

static void plain_ready(struct km_watch *watch, uint32_t events)
{
    (void)events;
    conn_turn((struct conn *)watch);
}

static void plain_out_ready(struct km_watch *watch, uint32_t events)
{
    (void)events;
    conn_turn((struct conn *)(void *)((uint8_t *)watch - offsetof(struct conn, plain_out)));
}

static void cipher_ready(struct km_watch *watch, uint32_t events)
{
    (void)events;
    conn_turn((struct conn *)(void *)((uint8_t *)watch - offsetof(struct conn, cipher)));
}

static km_status new_tls(struct km_err *err, struct conn *conn)
{
    struct tunnel *tunnel = conn->tunnel;
    KM_TRY(pool_take(err, &tunnel->pool, &conn->context));
    int fd = conn->cipher.fd;
    const char *name = tunnel->options->is_server ? NULL : tunnel->options->server_name;
    ClrcResult result = clrtlsConnectionNew(conn->context->tls, fd, fd, name, &conn->tls);
    if (result == CLRC_SUCCESS)
        return KM_OK;
    struct pool_context *context = conn->context;
    conn->context = NULL;
    bool is_dead = result == CLRC_ERROR_SERVICE_DIED;
    km_status status = KM_FAIL_NATIVE(err, is_dead ? KM_E_DEAD : KM_E_IO, KM_LAYER_TEE, result,
                                      "%s", clrtlsLastError());
    if (is_dead)
        tunnel_context_died(tunnel, context);
    pool_drop(&tunnel->pool, context);
    return status;
}

static void begin_handshake(struct conn *conn)
{
    struct km_err err = {0};
    km_status status = new_tls(&err, conn);
    if (status == KM_E_DEAD) {
        /* That the instance is gone shows at its next use, which this may be. */
        km_err_clear(&err);
        status = new_tls(&err, conn);
    }
    if (status != KM_OK)
        conn_end(conn, true, "no TLS connection: %s", err.text);
    else
        conn->phase = CONN_HANDSHAKE;
}

static void dial_next(struct conn *conn, int native)
{
    struct tunnel *tunnel = conn->tunnel;
    const struct place *to = &tunnel->options->connect;
    const struct resolve_answer *answer = &tunnel->resolver.answer;
    struct km_watch *watch = tunnel->options->is_server ? &conn->plain : &conn->cipher;
    while (conn->n_tried < answer->n) {
        struct km_err err = {0};
        KM_AUTO(km_fd_closep) int fd = -1;
        km_status status = resolve_dial(&err, &answer->list[conn->n_tried++], &fd);
        if (status == KM_OK)
            status = km_loop_add(&err, &tunnel->loop, watch, fd,
                                 tunnel->options->is_server ? plain_ready : cipher_ready);
        if (status == KM_OK) {
            (void)km_fd_steal(&fd);
            conn->phase = CONN_DIAL;
            return;
        }
        native = (int)err.native;
    }
    if (to->kind == PLACE_UNIX)
        conn_end(conn, true, "can't connect to %.100s: %s", to->path, strerror(native));
    else
        conn_end(conn, true, "can't connect to %.100s port %s: %s", to->host, to->port,
                 strerror(native));
}

static void begin_dial(struct conn *conn)
{
    struct km_err err = {0};
    struct resolver *resolver = &conn->tunnel->resolver;
    bool is_there = false;
    if (resolver_ask(&err, resolver, &is_there) != KM_OK)
        conn_end(conn, true, "%s", err.text);
    else if (!is_there)
        conn->phase = CONN_RESOLVE;
    else if (resolver->answer.n == 0)
        conn_end(conn, true, "%.100s has no address: %s", resolver->place->host,
                 gai_strerror(resolver->answer.gai_error));
    else
        dial_next(conn, 0);
}

void conn_resolved(struct conn *conn)
{
    if (conn->phase == CONN_RESOLVE)
        begin_dial(conn);
    conn_turn(conn);
}

static void tell_service(struct conn *conn)
{
    struct km_err err = {0};
    struct ClrtlsInfo info = {0};
    uint8_t buf[PROXY2_MAX] = {0};
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    struct km_slice header = {0};
    uint32_t none = 0;
    ClrcResult result = clrtlsInfo(conn->tls, &info);
    if (result != CLRC_SUCCESS) {
        conn_end_tls(conn, result);
        return;
    }
    const struct proxy2 about = {
        .from = conn->who.from,
        .to = conn->who.to,
        .alpn = info.alpn,
        .version = info.version == CLRTLS_VERSION_1_3 ? "TLSv1.3" : "TLSv1.2",
        .suite = info.suite,
        .peer_name = info.peer_name,
        .has_certificate = clrtlsPeerCertificate(conn->tls, NULL, &none) == CLRC_ERROR_SHORT_BUFFER,
        .is_resumed = info.is_resumed != 0,
    };
    proxy2_put(&wr, &about);
    if (!km_wr_finish(&wr, &header))
        conn_end(conn, true, "what the service is told of the client is too long");
    else if (conn_owe_plain(&err, conn, header) != KM_OK)
        conn_end(conn, true, "%s", err.text);
}

static void dialled(struct conn *conn)
{
    if (!conn->tunnel->options->is_server) {
        begin_handshake(conn);
        return;
    }
    conn->phase = CONN_OPEN;
    if (conn->tunnel->options->proxy_protocol)
        tell_service(conn);
}

static void check_dialled(struct conn *conn)
{
    bool is_server = conn->tunnel->options->is_server;
    struct km_watch *watch = is_server ? &conn->plain : &conn->cipher;
    struct sockaddr_storage peer = {0};
    int native = 0;
    socklen_t len = sizeof(native), peer_len = sizeof(peer);
    if (getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &native, &len) != 0)
        native = errno;
    if (native == 0 && getpeername(watch->fd, (struct sockaddr *)&peer, &peer_len) == 0) {
        dialled(conn);
    } else if (native != 0) {
        km_loop_remove(&conn->tunnel->loop, watch);
        dial_next(conn, native);
    }
}

/* So that the line about its end tells which device it was. */
static void note_client(struct conn *conn)
{
    struct ClrtlsInfo info = {0};
    size_t len = strlen(conn->who.text);
    if (clrtlsInfo(conn->tls, &info) == CLRC_SUCCESS && info.peer_name[0] != '\0')
        (void)snprintf(conn->who.text + len, sizeof(conn->who.text) - len, " (%s)", info.peer_name);
}

static void shake(struct conn *conn)
{
    ClrcResult result = clrtlsHandshake(conn->tls);
    if (result == CLRTLS_ERROR_WANT_READ || result == CLRTLS_ERROR_WANT_WRITE)
        return;
    if (result != CLRC_SUCCESS) {
        conn_end_tls(conn, result);
    } else if (conn->tunnel->options->is_server) {
        note_client(conn);
        begin_dial(conn);
    } else {
        conn->phase = CONN_OPEN;
    }
}

void conn_turn(struct conn *conn)
{
    if (conn->phase == CONN_DIAL)
        check_dialled(conn);
    if (conn->phase == CONN_HANDSHAKE)
        shake(conn);
    if (conn->phase == CONN_OPEN)
        conn_move(conn);
    if (conn->phase != CONN_OVER)
        conn_watch(conn);
    if (conn->phase == CONN_OVER)
        conn_free(conn);
    else
        tunnel_deadline(conn->tunnel, conn_deadline_ms(conn));
}

/* ---- time ---- */

int64_t conn_deadline_ms(const struct conn *conn)
{
    const struct tunnel_options *opt = conn->tunnel->options;
    if (conn->phase == CONN_OVER)
        return 0;
    if (conn->phase != CONN_OPEN)
        return opt->connect_s == 0 ? INT64_MAX : conn->started_ms + (int64_t)opt->connect_s * 1000;
    unsigned limit_s = opt->idle_s;
    bool is_half = conn->plain_ended || conn->cipher_ended;
    if (is_half && opt->close_s != 0 && (limit_s == 0 || opt->close_s < limit_s))
        limit_s = opt->close_s;
    return limit_s == 0 ? INT64_MAX : conn->moved_ms + (int64_t)limit_s * 1000;
}

void conn_expire(struct conn *conn)
{
    static const char *const doing[] = {"looking up the address", "connecting", "shaking hands"};
    if (conn->phase < CONN_OPEN)
        conn_end(conn, true, "took too long: %s", doing[conn->phase]);
    else if (conn->plain_ended || conn->cipher_ended)
        conn_end(conn, false, "silent after one end had finished");
    else
        conn_end(conn, false, "silent for too long");
    conn_turn(conn);
}

/* ---- where connections come from ---- */

static void begin(struct conn *conn)
{
    if (conn->phase == CONN_OVER)
        return;
    if (conn->tunnel->options->is_server)
        begin_handshake(conn);
    else
        begin_dial(conn);
}

void conn_accepted(struct tunnel *tunnel, int fd)
{
    struct km_err err = {0};
    const int on = 1;
    bool is_server = tunnel->options->is_server;
    struct conn *conn = conn_new(tunnel);
    if (conn == NULL) {
        close(fd);
        return;
    }
    (void)snprintf(conn->who.text, sizeof(conn->who.text), "somebody");
    km_status status = who_ask(&err, fd, &conn->who);
    if (status == KM_OK)
        status = km_loop_add(&err, &tunnel->loop, is_server ? &conn->cipher : &conn->plain, fd,
                             is_server ? cipher_ready : plain_ready);
    if (status != KM_OK) {
        close(fd);
        conn_end(conn, true, "%s", err.text);
    } else if (!who_may(tunnel->options, &conn->who)) {
        conn_end(conn, true, "may not use this tunnel");
    } else if (conn->who.to.ss_family != AF_UNIX) {
        (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    begin(conn);
    conn_turn(conn);
}

static km_status watch_stdio(struct km_err *err, struct conn *conn)
{
    struct km_loop *loop = &conn->tunnel->loop;
    struct km_err inner = {0};
    for (int fd = 0; fd < 2; fd++) {
        conn->stdio_flags[fd] = fcntl(fd, F_GETFL);
        if (conn->stdio_flags[fd] < 0 ||
            fcntl(fd, F_SETFL, conn->stdio_flags[fd] | O_NONBLOCK) != 0)
            return KM_FAIL_ERRNO(err, "can't use standard input and output");
    }
    if (km_loop_add(&inner, loop, &conn->plain, STDIN_FILENO, plain_ready) != KM_OK) {
        /* A file is never waited for. */
        if (inner.native != EPERM)
            return KM_FAIL(err, inner.status, "standard input: %s", inner.text);
        conn->plain_is_file = true;
        conn->plain.fd = STDIN_FILENO;
    }
    km_err_clear(&inner);
    if (km_loop_add(&inner, loop, &conn->plain_out, STDOUT_FILENO, plain_out_ready) == KM_OK)
        return KM_OK;
    conn->plain_out.fd = STDOUT_FILENO;
    return inner.native == EPERM ? KM_OK
                                 : KM_FAIL(err, inner.status, "standard output: %s", inner.text);
}

km_status conn_stdio(struct km_err *err, struct tunnel *tunnel)
{
    struct conn *conn = conn_new(tunnel);
    if (conn == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for a connection");
    (void)snprintf(conn->who.text, sizeof(conn->who.text), "standard input");
    KM_TRY(watch_stdio(err, conn));
    begin(conn);
    conn_turn(conn);
    return KM_OK;
}
