/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server: libmicrohttpd on the daemon's poll loop. It gathers a request whole, hands it over, and sends the answer, which
 * may come later. One thread.
 *
 * Bounded: connections, the time until a request is there whole (and idle connections), headers, one body and all bodies
 * together. What is too large is read to its end without being kept, so that the client gets to see the answer.
 */
#ifndef KM_HTTP_H
#define KM_HTTP_H

#include "cloud/control/sigv4.h"
#include "common/km_loop.h"

#define KM_HTTP_CONNECTIONS_MAX 256
#define KM_HTTP_HEADERS_MAX KM_SIGV4_HEADERS_MAX
#define KM_HTTP_MEMORY_MAX 65536u              /* of one connection: request line and headers */
#define KM_HTTP_BODIES_MAX ((size_t)160 << 20) /* of all requests that are being read or served */
#define KM_HTTP_DRAIN_MAX                                                                          \
    ((size_t)256 << 20) /* of a body that is too large, before the connection is closed */
#define KM_HTTP_REQUEST_MS 30000
#define KM_HTTP_REPLY_HEADERS_MAX 8
#define KM_HTTP_ADDRESS_MAX 64

/* What went wrong before a request could be handed over whole. */
enum km_http_fault {
    KM_HTTP_OK = 0,
    KM_HTTP_TOO_LARGE, /* its body */
    KM_HTTP_TOO_MANY,  /* its headers */
    KM_HTTP_BUSY,      /* no room for its body just now */
};

/* Views, valid until it is answered. */
struct km_http_request {
    struct km_slice method;
    struct km_slice target; /* as it came */
    const struct km_sigv4_header *headers;
    size_t n_headers;
    struct km_slice body; /* empty with a fault */
    enum km_http_fault fault;
    const char *address; /* of the client */
    struct km_slice
        peer_der; /* the certificate that it showed, whatever that is worth; empty: none */
};

/* km_http_header: the first header of that name, case not minded. */
KM_MUST_USE bool km_http_header(const struct km_http_request *request, const char *name,
                                struct km_slice *ret);

struct km_http_reply_header {
    const char *name;
    const char *value;
};

struct km_http_reply {
    unsigned status;
    const char *content_type; /* NULL: no body */
    struct km_http_reply_header headers[KM_HTTP_REPLY_HEADERS_MAX];
    size_t n_headers;
    char *body; /* owned; malloc'ed */
    size_t body_len;
};

struct km_http;
struct km_http_exchange;

/* Who takes a connection over that will no longer speak HTTP. One of both is called, once, now or later. */
struct km_http_taker {
    /* take: fd does not block, and is the taker's to close; first has come already, a view for the call. The exchange stays until km_http_release. */
    void (*take)(void *arg, struct km_http_exchange *exchange, int fd, struct km_slice first);
    /* drop: it never came to that. */
    void (*drop)(void *arg);
    void *arg;
};

/* Who serves. */
struct km_http_service {
    /* body_max: how long the body of a request with this method and target may be. */
    size_t (*body_max)(void *arg, struct km_slice method, struct km_slice target);
    /* serve: has to call km_http_answer for it, once, now or later. */
    void (*serve)(void *arg, struct km_http_exchange *exchange,
                  const struct km_http_request *request);
    void *arg;
};

struct km_http_config {
    const char *address;          /* numeric */
    unsigned port;                /* 0: a free one */
    const char *certificate_file; /* PEM, with its chain; NULL: no TLS */
    const char *key_file;         /* PEM */
    bool asks_for_certificate;    /* clients may show one; any is let in */
    unsigned request_ms;          /* 0: KM_HTTP_REQUEST_MS */
    unsigned n_taken_max;         /* connections that may be taken over, beside the others */
};

/*
 * km_http_new: listens from now on. KM_E_BUSY: somebody listens there; KM_E_ARG: the address is none; KM_E_AUTH: certificate or key
 * are of no use; KM_E_UNSUPPORTED: TLS, which this libmicrohttpd does not have. config is borrowed for the call, service
 * copied, loop borrowed until km_http_free. Returns owned.
 */
km_status km_http_new(struct km_err *err, struct km_loop *loop, const struct km_http_config *config,
                      const struct km_http_service *service, struct km_http **ret);
/* km_http_free: what was not answered is dropped; NULL is allowed. */
void km_http_free(struct km_http *http);
/* km_http_port: where it listens. */
unsigned km_http_port(const struct km_http *http);
/* km_http_next_ms: how long the loop may wait at most. */
int km_http_next_ms(const struct km_http *http);
/* km_http_tick: what is due by the clock; to be called once a round of the loop. */
void km_http_tick(struct km_http *http);
/* km_http_answer: takes the reply's body in any case; what the names and values view is copied. */
void km_http_answer(struct km_http_exchange *exchange, const struct km_http_reply *reply);
/*
 * km_http_hand_over: answers it, while it is served, with 101 and the reply's headers, and gives the connection to the taker. With TLS
 * libmicrohttpd goes on to do that, and the taker has the plain octets.
 */
void km_http_hand_over(struct km_http_exchange *exchange, const struct km_http_reply *reply,
                       const struct km_http_taker *taker);
/* km_http_release: a connection that was taken over ends; what was written to it before still gets there. Before km_http_free. */
void km_http_release(struct km_http_exchange *exchange);

#endif
