/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "cloud/control/wipe.h"
#include "common/km_file.h"
#include "common/km_option.h"
#include "common/km_secret.h"

#define BACKLOG 128
#define PEM_MAX 262144
#define SWEEP_MS 1000
#define FIRST_BODY 4096u
/* TLS 1.2 and 1.3; no suite without forward secrecy. */
#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA"

/* One TCP connection, for as long as it is open. */
struct conn {
    struct conn *prev;
    struct conn *next;
    int fd;
    int64_t since_ms; /* it began, or its last request ended */
    bool is_served;   /* a request is there whole and with the service: nobody has to hurry */
};

enum state {
    READING,
    SERVING, /* inside of serve */
    WAITING, /* the connection is suspended until the answer comes */
    ANSWERED,
};

struct km_http_exchange {
    struct km_http *http;
    struct MHD_Connection *connection;
    struct conn *conn;
    struct km_http_exchange *prev; /* in the list of those that wait */
    struct km_http_exchange *next;
    enum state state;
    enum km_http_fault fault;
    bool has_begun;
    char *target;
    struct km_sigv4_header headers[KM_HTTP_HEADERS_MAX];
    size_t n_headers;
    uint8_t *body;
    size_t body_len;
    size_t body_cap;
    size_t body_max;
    size_t n_drained;
    char address[KM_HTTP_ADDRESS_MAX];
    struct MHD_Response *response;
    unsigned status;
    struct km_http_taker taker;               /* take NULL: the connection stays HTTP's */
    struct MHD_UpgradeResponseHandle *handle; /* of a connection that was taken over */
};

struct km_http {
    struct km_watch watch; /* first: ready gets at the server by it */
    struct km_loop *loop;
    struct MHD_Daemon *daemon;
    struct km_http_service service;
    struct conn *conns;
    struct km_http_exchange *waiting;
    size_t bodies_len;
    int64_t request_ms;
    bool is_due;    /* a connection goes on, which libmicrohttpd does not tell by itself */
    int64_t ran_ms; /* when libmicrohttpd had its last turn */
    unsigned port;
};

/* ---- connections ---- */

static void conn_unlink(struct km_http *http, struct conn *conn)
{
    if (conn->prev != NULL)
        conn->prev->next = conn->next;
    else
        http->conns = conn->next;
    if (conn->next != NULL)
        conn->next->prev = conn->prev;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct km_http *http = arg;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        struct conn *gone = *socket_context;
        *socket_context = NULL;
        if (gone != NULL)
            conn_unlink(http, gone);
        free(gone);
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *tls =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    /* A client may take the CAs that are named for the only ones its certificate can be of. */
    if (tls != NULL && tls->tls_session != NULL)
        gnutls_certificate_send_x509_rdn_sequence(tls->tls_session, 1);
    struct conn *conn = calloc(1, sizeof(*conn));
    if (conn == NULL || info == NULL) {
        free(conn); /* its first request is refused then */
        return;
    }
    *conn =
        (struct conn){.next = http->conns, .fd = info->connect_fd, .since_ms = km_loop_now_ms()};
    if (http->conns != NULL)
        http->conns->prev = conn;
    http->conns = conn;
    *socket_context = conn;
}

/* libmicrohttpd's own limit starts anew with each octet that comes; this one does not. */
static void sweep(struct km_http *http)
{
    int64_t now_ms = km_loop_now_ms();
    for (struct conn *conn = http->conns; conn != NULL; conn = conn->next) {
        if (!conn->is_served && now_ms - conn->since_ms > http->request_ms)
            (void)shutdown(conn->fd, SHUT_RDWR);
    }
}

/* ---- one request ---- */

static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct km_http_exchange *exchange = calloc(1, sizeof(*exchange));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (exchange == NULL || info == NULL || info->socket_context == NULL ||
        (exchange->target = strdup(target)) == NULL) {
        free(exchange);
        return NULL;
    }
    exchange->http = arg;
    exchange->connection = connection;
    exchange->conn = info->socket_context;
    return exchange;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    struct km_http_exchange *exchange = *context;
    (void)arg;
    (void)connection;
    (void)why;
    if (exchange == NULL)
        return;
    exchange->conn->since_ms = km_loop_now_ms();
    exchange->conn->is_served = false;
    if (exchange->taker.take != NULL && exchange->handle == NULL)
        exchange->taker.drop(exchange->taker.arg);
    exchange->http->bodies_len -= exchange->body_cap;
    if (exchange->response != NULL)
        MHD_destroy_response(exchange->response);
    km_wipe_and_free(exchange->body);
    free(exchange->target);
    free(exchange);
    *context = NULL;
}

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
    struct km_http_exchange *exchange = arg;
    (void)kind;
    if (exchange->n_headers == KM_HTTP_HEADERS_MAX) {
        exchange->fault = KM_HTTP_TOO_MANY;
        return MHD_NO;
    }
    exchange->headers[exchange->n_headers++] = (struct km_sigv4_header){
        .name = KM_SLICE(name, name_len), .value = KM_SLICE(value, value_len)};
    return MHD_YES;
}

static void note_address(struct km_http_exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL)
        return;
    socklen_t len = info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                             : sizeof(struct sockaddr_in);
    if (getnameinfo(info->client_addr, len, exchange->address, sizeof(exchange->address), NULL, 0,
                    NI_NUMERICHOST) != 0)
        exchange->address[0] = '\0';
}

static bool is_named(const struct km_sigv4_header *header, const char *name)
{
    return header->name.len == strlen(name) &&
           strncasecmp((const char *)header->name.ptr, name, header->name.len) == 0;
}

/* Where the body ends has to be said once: a proxy in front might take the other word for it. */
static bool is_ambiguous(const struct km_http_exchange *exchange)
{
    size_t n = 0;
    for (size_t i = 0; i < exchange->n_headers; i++) {
        const struct km_sigv4_header *header = &exchange->headers[i];
        n += is_named(header, MHD_HTTP_HEADER_CONTENT_LENGTH) ||
                     is_named(header, MHD_HTTP_HEADER_TRANSFER_ENCODING)
                 ? 1
                 : 0;
    }
    return n > 1;
}

/* begin: the headers are there. true: the answer need not wait for the body. */
static bool begin(struct km_http_exchange *exchange, const char *method)
{
    const struct km_http_service *service = &exchange->http->service;
    const char *length =
        MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Content-Length");
    const char *expect =
        MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Expect");
    unsigned long said = 0;
    exchange->has_begun = true;
    note_address(exchange);
    (void)MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, on_header, exchange);
    exchange->body_max =
        service->body_max(service->arg, KM_SLICE_STR(method), KM_SLICE_STR(exchange->target));
    if (length != NULL && exchange->fault == KM_HTTP_OK &&
        !km_option_digits(length, 10, exchange->body_max, &said))
        exchange->fault = KM_HTTP_TOO_LARGE;
    return exchange->fault != KM_HTTP_OK && expect != NULL;
}

static void drop_body(struct km_http_exchange *exchange, enum km_http_fault fault)
{
    exchange->http->bodies_len -= exchange->body_cap;
    free(exchange->body);
    exchange->body = NULL;
    exchange->body_len = 0;
    exchange->body_cap = 0;
    exchange->fault = fault;
}

/* Grows with what has come, not with what was announced. */
static bool make_room(struct km_http_exchange *exchange, size_t len)
{
    struct km_http *http = exchange->http;
    size_t cap = exchange->body_cap;
    if (len <= cap)
        return true;
    cap = cap < FIRST_BODY ? FIRST_BODY : cap * 2;
    if (cap < len)
        cap = len;
    if (http->bodies_len + (cap - exchange->body_cap) > KM_HTTP_BODIES_MAX)
        return false;
    uint8_t *grown = realloc(exchange->body, cap);
    if (grown == NULL)
        return false;
    http->bodies_len += cap - exchange->body_cap;
    exchange->body = grown;
    exchange->body_cap = cap;
    return true;
}

/* take_body: false: the connection is not worth keeping. */
static bool take_body(struct km_http_exchange *exchange, const char *bytes, size_t len)
{
    size_t whole = exchange->body_len + len;
    if (exchange->fault == KM_HTTP_OK && whole > exchange->body_max)
        drop_body(exchange, KM_HTTP_TOO_LARGE);
    if (exchange->fault == KM_HTTP_OK && !make_room(exchange, whole))
        drop_body(exchange, KM_HTTP_BUSY);
    if (exchange->fault != KM_HTTP_OK) {
        exchange->n_drained += len;
        return exchange->n_drained <= KM_HTTP_DRAIN_MAX;
    }
    km_copy(exchange->body + exchange->body_len, exchange->body_cap - exchange->body_len, bytes,
            len);
    exchange->body_len = whole;
    return true;
}

static struct km_slice peer_certificate(const struct km_http_exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    unsigned n = 0;
    if (info == NULL || info->tls_session == NULL)
        return (struct km_slice){0};
    const gnutls_datum_t *list = gnutls_certificate_get_peers(info->tls_session, &n);
    if (list == NULL || n == 0)
        return (struct km_slice){0};
    return KM_SLICE(list[0].data, list[0].size);
}

static enum MHD_Result serve(struct km_http_exchange *exchange, const char *method)
{
    const struct km_http_service *service = &exchange->http->service;
    const struct km_http_request request = {
        .method = KM_SLICE_STR(method),
        .target = KM_SLICE_STR(exchange->target),
        .headers = exchange->headers,
        .n_headers = exchange->n_headers,
        .body = KM_SLICE(exchange->body, exchange->body_len),
        .fault = exchange->fault,
        .address = exchange->address,
        .peer_der = peer_certificate(exchange),
    };
    exchange->state = SERVING;
    exchange->conn->is_served = true;
    service->serve(service->arg, exchange, &request);
    if (exchange->state == ANSWERED)
        return MHD_queue_response(exchange->connection, exchange->status, exchange->response);
    exchange->state = WAITING;
    exchange->next = exchange->http->waiting;
    if (exchange->next != NULL)
        exchange->next->prev = exchange;
    exchange->http->waiting = exchange;
    MHD_suspend_connection(exchange->connection);
    return MHD_YES;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **context)
{
    struct km_http_exchange *exchange = *context;
    (void)arg;
    (void)connection;
    (void)url;
    (void)version;
    if (exchange == NULL)
        return MHD_NO;
    if (!exchange->has_begun) {
        bool is_answered = begin(exchange, method);
        if (is_ambiguous(exchange))
            return MHD_NO;
        return is_answered ? serve(exchange, method) : MHD_YES;
    }
    if (*upload_len > 0) {
        size_t len = *upload_len;
        *upload_len = 0;
        return take_body(exchange, upload, len) ? MHD_YES : MHD_NO;
    }
    if (exchange->state == READING)
        return serve(exchange, method);
    if (exchange->state != ANSWERED)
        return MHD_YES;
    return MHD_queue_response(exchange->connection, exchange->status, exchange->response);
}

bool km_http_header(const struct km_http_request *request, const char *name, struct km_slice *ret)
{
    struct km_slice wanted = KM_SLICE_STR(name);
    for (size_t i = 0; i < request->n_headers; i++) {
        const struct km_sigv4_header *header = &request->headers[i];
        if (header->name.len != wanted.len ||
            strncasecmp((const char *)header->name.ptr, name, wanted.len) != 0)
            continue;
        *ret = header->value;
        return true;
    }
    return false;
}

/* ---- answers ---- */

static bool put_headers(struct MHD_Response *response, const struct km_http_reply *reply)
{
    bool has_all = reply->content_type == NULL ||
                   MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                           reply->content_type) == MHD_YES;
    for (size_t i = 0; i < reply->n_headers && has_all; i++)
        has_all = MHD_add_response_header(response, reply->headers[i].name,
                                          reply->headers[i].value) == MHD_YES;
    return has_all;
}

static struct MHD_Response *response_of(const struct km_http_reply *reply)
{
    struct MHD_Response *response =
        reply->body == NULL ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
                            : MHD_create_response_from_buffer_with_free_callback(
                                  reply->body_len, reply->body, km_wipe_and_free);
    if (response == NULL) {
        km_wipe_and_free(reply->body);
        return NULL;
    }
    if (put_headers(response, reply))
        return response;
    MHD_destroy_response(response);
    return NULL;
}

static void stop_waiting(struct km_http_exchange *exchange)
{
    if (exchange->prev != NULL)
        exchange->prev->next = exchange->next;
    else
        exchange->http->waiting = exchange->next;
    if (exchange->next != NULL)
        exchange->next->prev = exchange->prev;
    MHD_resume_connection(exchange->connection);
    exchange->http->is_due = true;
}

void km_http_answer(struct km_http_exchange *exchange, const struct km_http_reply *reply)
{
    const struct km_http_reply nothing = {.status = MHD_HTTP_INTERNAL_SERVER_ERROR};
    exchange->response = response_of(reply);
    exchange->status = reply->status;
    if (exchange->response == NULL) {
        exchange->response = response_of(&nothing);
        exchange->status = nothing.status;
    }
    if (exchange->state == WAITING)
        stop_waiting(exchange);
    exchange->conn->since_ms = km_loop_now_ms();
    exchange->conn->is_served = false;
    exchange->state = ANSWERED;
}

/* ---- connections that are handed over ---- */

/* The descriptor is libmicrohttpd's: the taker gets one of its own. */
static int copy_of(int fd)
{
    KM_AUTO(km_fd_closep) int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    int flags = copy < 0 ? -1 : fcntl(copy, F_GETFL);
    if (flags < 0 || fcntl(copy, F_SETFL, flags | O_NONBLOCK) != 0)
        return -1;
    return km_fd_steal(&copy);
}

static void on_upgrade(void *arg, struct MHD_Connection *connection, void *context,
                       const char *first, size_t first_len, MHD_socket fd,
                       struct MHD_UpgradeResponseHandle *handle)
{
    struct km_http_exchange *exchange = arg;
    int copy = copy_of(fd);
    (void)connection;
    (void)context;
    if (copy < 0) { /* no descriptors: the taker hears of it as the connection ends */
        (void)MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE);
        exchange->http->is_due = true;
        return;
    }
    const int on = 1;
    (void)setsockopt(exchange->conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    exchange->handle = handle;
    exchange->taker.take(exchange->taker.arg, exchange, copy, KM_SLICE(first, first_len));
}

void km_http_hand_over(struct km_http_exchange *exchange, const struct km_http_reply *reply,
                       const struct km_http_taker *taker)
{
    struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgrade, exchange);
    if (response == NULL || !put_headers(response, reply)) {
        if (response != NULL)
            MHD_destroy_response(response);
        taker->drop(taker->arg);
        km_http_answer(exchange, &(struct km_http_reply){.status = MHD_HTTP_SERVICE_UNAVAILABLE});
        return;
    }
    exchange->response = response;
    exchange->taker = *taker;
    exchange->status = MHD_HTTP_SWITCHING_PROTOCOLS;
    exchange->state = ANSWERED;
}

void km_http_release(struct km_http_exchange *exchange)
{
    exchange->http->is_due = true;
    (void)MHD_upgrade_action(exchange->handle, MHD_UPGRADE_ACTION_CLOSE);
}

/* ---- the server ---- */

/* The paths come as they are: libmicrohttpd would decode them. */
static size_t leave_encoded(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

static void addresses_freep(struct addrinfo **addresses)
{
    if (*addresses != NULL)
        freeaddrinfo(*addresses);
}

static km_status listen_there(struct km_err *err, const struct km_http_config *config,
                              unsigned *ret_port, int *ret_fd)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    KM_AUTO(addresses_freep) struct addrinfo *found = NULL;
    char port[16] = {0};
    (void)snprintf(port, sizeof(port), "%u", config->port);
    if (config->port > UINT16_MAX || getaddrinfo(config->address, port, &hints, &found) != 0)
        return KM_FAIL(err, KM_E_ARG, "'%s' port %u is no address to listen at", config->address,
                       config->port);
    KM_AUTO(km_fd_closep)
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    struct sockaddr_in6 name = {0}; /* IPv4's has its port at the same place */
    socklen_t len = sizeof(name);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
        return KM_FAIL_ERRNO(err, "socket for %s", config->address);
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        if (errno == EADDRINUSE)
            return KM_FAIL(err, KM_E_BUSY, "somebody listens at %s port %u already",
                           config->address, config->port);
        return KM_FAIL_ERRNO(err, "listen at %s port %u", config->address, config->port);
    }
    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
        return KM_FAIL_ERRNO(err, "name of the socket at %s", config->address);
    *ret_port = ntohs(name.sin6_port);
    *ret_fd = km_fd_steal(&fd);
    return KM_OK;
}

/* A PEM file as text. Its copy on the heap is wiped, since it may be the key. */
static km_status read_pem(struct km_err *err, const char *path, struct km_secret **ret)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    KM_TRY(km_file_read(err, AT_FDCWD, path, PEM_MAX, &bytes, &len));
    struct km_secret *text = km_secret_new(len + 1);
    if (text != NULL)
        km_copy(km_secret_fill(text).ptr, len, bytes, len);
    km_wipe(bytes, len);
    free(bytes);
    if (text == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "%zu bytes of %s", len, path);
    *ret = text;
    return KM_OK;
}

static void take_turn(struct km_http *http)
{
    http->is_due = false;
    http->ran_ms = km_loop_now_ms();
    (void)MHD_run(http->daemon);
}

static void on_ready(struct km_watch *watch, uint32_t events)
{
    (void)events;
    take_turn((struct km_http *)watch);
}

static km_status start_daemon(struct km_err *err, struct km_http *http,
                              const struct km_http_config *config, int listen_fd)
{
    KM_AUTO(km_secret_freep) struct km_secret *certificate = NULL;
    KM_AUTO(km_secret_freep) struct km_secret *key = NULL;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    if (config->n_taken_max > 0)
        flags |= MHD_ALLOW_UPGRADE;
    struct MHD_OptionItem tls[5] = {0};
    size_t n = 0;
    if (config->certificate_file != NULL) {
        if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
            return KM_FAIL(err, KM_E_UNSUPPORTED, "this libmicrohttpd has no TLS");
        KM_TRY(read_pem(err, config->certificate_file, &certificate));
        KM_TRY(read_pem(err, config->key_file, &key));
        void *chain = km_secret_fill(certificate).ptr;
        flags |= MHD_USE_TLS;
        tls[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, chain};
        tls[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, km_secret_fill(key).ptr};
        tls[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, TLS_PRIORITIES};
        /* That one is given makes it ask; it is neither named to the client nor looked at. */
        if (config->asks_for_certificate)
            tls[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, chain};
    }
    tls[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, http, MHD_OPTION_ARRAY, tls, MHD_OPTION_LISTEN_SOCKET,
        listen_fd, MHD_OPTION_CONNECTION_LIMIT, KM_HTTP_CONNECTIONS_MAX + config->n_taken_max,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((http->request_ms + 999) / 1000),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)KM_HTTP_MEMORY_MAX,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, http, MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded,
        NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, http, MHD_OPTION_END);
    if (http->daemon == NULL)
        return certificate != NULL ? KM_FAIL(err, KM_E_AUTH, "TLS does not start with %s and %s",
                                             config->certificate_file, config->key_file)
                                   : KM_FAIL(err, KM_E_IO, "libmicrohttpd does not start");
    return KM_OK;
}

static km_status watch_daemon(struct km_err *err, struct km_http *http)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL)
        return KM_FAIL(err, KM_E_INTERNAL, "libmicrohttpd has no epoll descriptor");
    int fd = fcntl(info->epoll_fd, F_DUPFD_CLOEXEC, 0); /* the loop closes its own */
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "copy of libmicrohttpd's epoll descriptor");
    km_status status = km_loop_add(err, http->loop, &http->watch, fd, on_ready);
    if (status != KM_OK)
        (void)close(fd);
    return status;
}

static void http_freep(struct km_http **http)
{
    km_http_free(*http);
}

km_status km_http_new(struct km_err *err, struct km_loop *loop, const struct km_http_config *config,
                      const struct km_http_service *service, struct km_http **ret)
{
    KM_AUTO(http_freep) struct km_http *http = calloc(1, sizeof(*http));
    KM_AUTO(km_fd_closep) int listen_fd = -1;
    if (http == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "HTTP server");
    http->watch.fd = -1;
    http->loop = loop;
    http->service = *service;
    http->request_ms = config->request_ms != 0 ? config->request_ms : KM_HTTP_REQUEST_MS;
    KM_TRY(listen_there(err, config, &http->port, &listen_fd));
    KM_TRY(start_daemon(err, http, config, listen_fd));
    (void)km_fd_steal(&listen_fd); /* the daemon closes it */
    KM_TRY(watch_daemon(err, http));
    *ret = km_steal(&http);
    return KM_OK;
}

void km_http_free(struct km_http *http)
{
    if (http == NULL)
        return;
    const struct km_http_reply gone = {.status = MHD_HTTP_SERVICE_UNAVAILABLE};
    while (http->waiting != NULL)
        km_http_answer(http->waiting, &gone);
    if (http->daemon != NULL) {
        (void)MHD_run(http->daemon); /* takes up again what was waiting */
        MHD_stop_daemon(http->daemon);
    }
    if (http->watch.fd >= 0)
        km_loop_remove(http->loop, &http->watch);
    free(http);
}

unsigned km_http_port(const struct km_http *http)
{
    return http->port;
}

int km_http_next_ms(const struct km_http *http)
{
    MHD_UNSIGNED_LONG_LONG timeout = 0;
    if (http->is_due)
        return 0;
    if (MHD_get_timeout(http->daemon, &timeout) != MHD_YES || timeout > SWEEP_MS)
        return SWEEP_MS;
    return (int)timeout;
}

/* Not only when it asks: once it was full it looks for new connections a turn after there is room, and tells nobody. */
void km_http_tick(struct km_http *http)
{
    MHD_UNSIGNED_LONG_LONG timeout = 0;
    bool wants = MHD_get_timeout(http->daemon, &timeout) == MHD_YES && timeout == 0;
    if (http->is_due || wants || km_loop_now_ms() - http->ran_ms >= SWEEP_MS)
        take_turn(http);
    sweep(http);
}
