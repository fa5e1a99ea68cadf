/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor-tunnel: plain connections of programs that know nothing of the service, over TLS whose keys stay in it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/km_log.h"
#include "tools/tunnel/conn.h"
#include "tools/tunnel/listen.h"

#ifndef KEYMOOR_VERSION
#define KEYMOOR_VERSION "unknown"
#endif

#define FDS_BESIDE 32 /* that are no connection's */
#define PAUSE_MS 1000 /* without descriptors, until accepting is tried again */
#define LOOK_MAX_MS 60000

static struct tunnel_options options;
static struct tunnel tunnel = {
    .options = &options,
    .loop = {.epoll_fd = -1},
    .listener = {.fd = -1},
    .listen_watch = {.fd = -1},
    .signal_watch = {.fd = -1},
    .pool = {.options = &options},
    .resolver = {.watch = {.fd = -1}},
    .again_end = &tunnel.again,
    .look_ms = INT64_MAX,
};

/* ---- what connections ask of the tunnel ---- */

void tunnel_again(struct tunnel *self, struct conn *conn)
{
    if (conn->is_again)
        return;
    conn->is_again = true;
    conn->next_again = NULL;
    *self->again_end = conn;
    self->again_end = &conn->next_again;
}

void tunnel_context_died(struct tunnel *self, struct pool_context *context)
{
    km_log(KM_LOG_WARNING, "an instance of the TLS application is gone with its connections");
    /* Counted as one more, so that it is not freed before whoever found out lets go of it. */
    context->n++;
    pool_retire(&self->pool, context);
    for (struct conn *conn = self->conns; conn != NULL; conn = conn->next)
        if (conn->context == context)
            conn_end(conn, true, "the instance of the TLS application is gone");
    pool_drop(&self->pool, context);
}

void tunnel_deadline(struct tunnel *self, int64_t at_ms)
{
    if (at_ms < self->look_ms)
        self->look_ms = at_ms;
}

static void unlink_again(struct tunnel *self, struct conn *conn)
{
    struct conn **at = &self->again;
    while (*at != conn)
        at = &(*at)->next_again;
    *at = conn->next_again;
    if (*at == NULL)
        self->again_end = at;
    conn->is_again = false;
}

void tunnel_forget(struct tunnel *self, struct conn *conn)
{
    if (conn->is_again)
        unlink_again(self, conn);
    if (conn->previous != NULL)
        conn->previous->next = conn->next;
    else
        self->conns = conn->next;
    if (conn->next != NULL)
        conn->next->previous = conn->previous;
    self->n_conns--;
}

/* ---- accepting ---- */

/* More than may be open wait in the listener's queue, as do those for whom there is no descriptor. */
static void accept_when_possible(int64_t now)
{
    bool accepts = tunnel.drain_end_ms == 0 && tunnel.n_conns < options.max_connections &&
                   now >= tunnel.accept_again_ms;
    struct km_err err = {0};
    if (tunnel.listen_watch.fd >= 0 &&
        km_loop_want(&err, &tunnel.loop, &tunnel.listen_watch, accepts ? EPOLLIN : 0) != KM_OK)
        km_log_err(KM_LOG_ERROR, &err, "accepting");
}

static void listener_ready(struct km_watch *watch, uint32_t events)
{
    (void)events;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        conn_accepted(&tunnel, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        km_log(KM_LOG_WARNING, "can't accept a connection now: %s", strerror(errno));
        tunnel.accept_again_ms = km_loop_now_ms() + PAUSE_MS;
        tunnel_deadline(&tunnel, tunnel.accept_again_ms);
    }
}

/* ---- time ---- */

static void end_all(const char *why)
{
    for (struct conn *conn = tunnel.conns; conn != NULL; conn = conn->next)
        conn_end(conn, true, "%s", why);
    while (tunnel.conns != NULL)
        conn_turn(tunnel.conns);
}

static void look_at_deadlines(int64_t now)
{
    tunnel.look_ms = INT64_MAX;
    for (struct conn *conn = tunnel.conns, *next = NULL; conn != NULL; conn = next) {
        next = conn->next;
        int64_t deadline = conn_deadline_ms(conn);
        if (deadline <= now)
            conn_expire(conn);
        else
            tunnel_deadline(&tunnel, deadline);
    }
    if (tunnel.accept_again_ms > now)
        tunnel_deadline(&tunnel, tunnel.accept_again_ms);
    if (tunnel.drain_end_ms > now)
        tunnel_deadline(&tunnel, tunnel.drain_end_ms);
}

static int timeout_ms(int64_t now)
{
    if (tunnel.again != NULL || tunnel.look_ms <= now)
        return 0;
    if (tunnel.look_ms == INT64_MAX)
        return -1;
    int64_t left = tunnel.look_ms - now;
    return left < LOOK_MAX_MS ? (int)left : LOOK_MAX_MS;
}

static void turn_of_next(void)
{
    struct conn *conn = tunnel.again;
    if (conn == NULL)
        return;
    unlink_again(&tunnel, conn);
    conn_turn(conn);
}

static void resolved(void *arg)
{
    (void)arg;
    for (struct conn *conn = tunnel.conns, *next = NULL; conn != NULL; conn = next) {
        next = conn->next;
        if (conn->phase == CONN_RESOLVE)
            conn_resolved(conn);
    }
}

/* ---- signals ---- */

static void drain(void)
{
    tunnel.listen_watch.fd = -1; /* the same descriptor */
    km_listen_close(&tunnel.listener);
    if (tunnel.drain_end_ms != 0 || options.drain_s == 0 || tunnel.n_conns == 0) {
        tunnel.stop = true;
        return;
    }
    km_log(KM_LOG_INFO, "no new connections; %zu may finish within %u s", tunnel.n_conns,
           options.drain_s);
    km_notify("STOPPING=1");
    tunnel.drain_end_ms = km_loop_now_ms() + (int64_t)options.drain_s * 1000;
    tunnel_deadline(&tunnel, tunnel.drain_end_ms);
}

static void signal_ready(struct km_watch *watch, uint32_t events)
{
    struct signalfd_siginfo info = {0};
    (void)events;
    if (read(watch->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (info.ssi_signo == SIGHUP)
        pool_retire(&tunnel.pool, NULL);
    else
        drain();
}

static km_status watch_signals(struct km_err *err)
{
    sigset_t set = {0};
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return KM_FAIL_ERRNO(err, "can't block signals");
    KM_AUTO(km_fd_closep) int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "can't watch signals");
    KM_TRY(km_loop_add(err, &tunnel.loop, &tunnel.signal_watch, fd, signal_ready));
    (void)km_fd_steal(&fd);
    return KM_OK;
}

/* ---- starting ---- */

/* Two for each connection; where there can't be as many, those beyond wait in the listener's queue. */
static void raise_limits(void)
{
    struct rlimit files = {0};
    rlim_t wanted = (rlim_t)2 * options.max_connections + FDS_BESIDE;
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return;
    files.rlim_cur = files.rlim_max < wanted ? files.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == wanted)
        return;
    options.max_connections =
        files.rlim_cur > FDS_BESIDE + 2 ? (unsigned)(files.rlim_cur - FDS_BESIDE) / 2 : 1;
    km_log(KM_LOG_WARNING, "%llu descriptors allow %u connections at once",
           (unsigned long long)files.rlim_cur, options.max_connections);
}

/*
 * Before anybody connects, so that a wrong name is told at once: an instance takes its settings with its first
 * connection, so it gets one that leads nowhere.
 */
static km_status try_context(struct km_err *err)
{
    struct pool_context *context = NULL;
    ClrtlsConnection *connection = NULL;
    if (options.service != NULL && clrtlsSetSocket(options.service) != CLRC_SUCCESS)
        return KM_FAIL(err, KM_E_ARG, "--socket: %s", clrtlsLastError());
    KM_TRY(pool_take(err, &tunnel.pool, &context));
    const char *name = options.is_server ? NULL : options.server_name;
    int nowhere = tunnel.signal_watch.fd;
    ClrcResult result = clrtlsConnectionNew(context->tls, nowhere, nowhere, name, &connection);
    if (result != CLRC_SUCCESS)
        return KM_FAIL_NATIVE(err, KM_E_IO, KM_LAYER_TEE, result, "%s", clrtlsLastError());
    clrtlsConnectionFree(connection);
    pool_drop(&tunnel.pool, context);
    return KM_OK;
}

static km_status start(struct km_err *err)
{
    raise_limits();
    KM_TRY(km_loop_init(err, &tunnel.loop));
    KM_TRY(watch_signals(err));
    KM_TRY(try_context(err));
    resolver_init(&tunnel.resolver, &tunnel.loop, &options.connect, resolved, NULL);
    if (options.listen.kind == PLACE_STDIO)
        return conn_stdio(err, &tunnel);
    KM_TRY(tunnel_listen(err, &options, &tunnel.listener));
    KM_TRY(
        km_loop_add(err, &tunnel.loop, &tunnel.listen_watch, tunnel.listener.fd, listener_ready));
    km_notify("READY=1\nSTATUS=serving");
    return KM_OK;
}

static km_status run(struct km_err *err)
{
    bool is_one = options.listen.kind == PLACE_STDIO;
    while (!tunnel.stop) {
        int64_t now = km_loop_now_ms();
        if (now >= tunnel.look_ms)
            look_at_deadlines(now);
        accept_when_possible(now);
        bool is_over = tunnel.n_conns == 0 && (is_one || tunnel.drain_end_ms != 0);
        if (is_over || (tunnel.drain_end_ms != 0 && now >= tunnel.drain_end_ms))
            break;
        KM_TRY(km_loop_once(err, &tunnel.loop, timeout_ms(now)));
        turn_of_next();
    }
    return KM_OK;
}

static void stop(void)
{
    end_all("the tunnel was stopped");
    tunnel.listen_watch.fd = -1;
    km_listen_close(&tunnel.listener);
    resolver_clear(&tunnel.resolver);
    pool_clear(&tunnel.pool);
    km_loop_remove(&tunnel.loop, &tunnel.signal_watch);
    km_loop_clear(&tunnel.loop);
}

int main(int argc, char **argv)
{
    struct km_err err = {0};
    bool journal = getenv("JOURNAL_STREAM") != NULL;
    km_log_init("keymoor-tunnel", journal, KM_LOG_INFO);
    if (tunnel_options_parse(&err, argc, argv, &options) != KM_OK) {
        km_log(KM_LOG_ERROR, "%s", err.text);
        return 2;
    }
    if (options.help) {
        tunnel_options_usage(stdout);
        return 0;
    }
    if (options.version) {
        puts("keymoor-tunnel " KEYMOOR_VERSION);
        return 0;
    }
    /* One that stands in for a connection says only what went wrong: what it says is somebody else's. */
    if (options.quiet || options.listen.kind == PLACE_STDIO)
        km_log_init("keymoor-tunnel", journal, KM_LOG_WARNING);
    km_status status = start(&err);
    if (status == KM_OK)
        status = run(&err);
    stop();
    if (status != KM_OK)
        km_log_err(KM_LOG_ERROR, &err, "can't run");
    return status != KM_OK || (options.listen.kind == PLACE_STDIO && tunnel.failed) ? 1 : 0;
}
