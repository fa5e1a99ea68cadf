/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the TLS library share. */
#ifndef KM_CLRTLS_INTERNAL_H
#define KM_CLRTLS_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "common/km_bytes.h"
#include "include/clrtls.h"
#include "include/tee_client_api.h"
#include "ta/tlsio/tlsio_wire.h"

/*
 * Memory that a context and its instance share, one step at a time: the head, what goes in, what comes out. There is always room for
 * the plaintext of a whole batch and of the record that was begun before it.
 */
#define CLRTLS_HEAD_AT 0u
#define CLRTLS_IN_AT 4096u
#define CLRTLS_IN_MAX 65536u
#define CLRTLS_CIPHER_AT (CLRTLS_IN_AT + CLRTLS_IN_MAX)
#define CLRTLS_CIPHER_MAX (CLRTLS_IN_MAX + 16384u + 4096u)
#define CLRTLS_PLAIN_AT (CLRTLS_CIPHER_AT + CLRTLS_CIPHER_MAX)
#define CLRTLS_PLAIN_MAX (CLRTLS_IN_MAX + 16384u + 4096u)
#define CLRTLS_SHARED_LEN (CLRTLS_PLAIN_AT + CLRTLS_PLAIN_MAX)

/* A part of the heap, or nothing. Starts as {0}. */
struct clrtls_octets {
    uint8_t *at;
    size_t len;
    size_t done; /* of what waits to go somewhere: how far it went */
};

struct ClrtlsContext {
    struct km_tlsio_settings settings; /* its slices view what follows */
    char key_name[KM_TLSIO_NAME_MAX + 1], cert_name[KM_TLSIO_NAME_MAX + 1],
        anchor[KM_TLSIO_NAME_MAX + 1];
    uint8_t alpn[KM_TLSIO_ALPN_MAX];
    char psk_identity[KM_TLSIO_PSK_IDENTITY_MAX + 1];
    uint8_t psk[KM_TLSIO_PSK_MAX];
    struct clrtls_octets key_pem, cert_pem;
    bool has_session, is_dead;
    unsigned n_forks; /* in which process it was made */
    TEEC_Session session;
    TEEC_SharedMemory shared;
    struct ClrtlsConnection *first;
};

struct ClrtlsConnection {
    ClrtlsContext *context;
    struct ClrtlsConnection *next;
    uint32_t id; /* in the instance */
    int fd_in, fd_out;
    bool owns_fd, is_blocking, in_is_socket, out_is_socket;
    int cancel_fd; /* of a blocking one, else -1 */
    atomic_bool is_cancelled;
    uint32_t timeout_ms;
    bool is_started, is_ended /* the stream */, is_end_told;
    struct km_tlsio_step_out last; /* what the last step answered */
    struct clrtls_octets plain;    /* read and not yet given out */
    struct clrtls_octets cipher;   /* made and not yet sent */
};

/* ---- clrtls_result.c ---- */

/* clrtls_fail: notes the sentence for clrtlsLastError and returns result. text NULL: the usual one. */
ClrcResult clrtls_fail(const char *function, ClrcResult result, const char *text);
/* clrtls_fail_tls: why the connection failed, with the instance's detail. */
ClrcResult clrtls_fail_tls(const char *function, const ClrtlsConnection *connection);
/* clrtls_fail_errno: CLRTLS_ERROR_IO. */
ClrcResult clrtls_fail_errno(const char *function, const char *what);
/* clrtls_map: what the service answered. */
ClrcResult clrtls_map(TEEC_Result result);
ClrcResult clrtls_of_failure(uint32_t failure);

/* ---- clrtls_context.c ---- */

/* clrtls_context_check: NULL, of another process, dead. */
ClrcResult clrtls_context_check(const char *function, const ClrtlsContext *context);
/* clrtls_context_start: the instance with its settings is there afterwards. */
ClrcResult clrtls_context_start(const char *function, ClrtlsContext *context);
/* clrtls_invoke: one command; notes when the instance died. */
ClrcResult clrtls_invoke(const char *function, ClrtlsContext *context, uint32_t command,
                         TEEC_Operation *operation);
/* clrtls_in, clrtls_out: a temporary memory reference. */
TEEC_Parameter clrtls_memory(const void *at, size_t len);
void clrtls_octets_clear(struct clrtls_octets *octets);

/* ---- clrtls_io.c: the descriptors ---- */

enum clrtls_io { CLRTLS_IO_DONE, CLRTLS_IO_AGAIN, CLRTLS_IO_END, CLRTLS_IO_FAILED };

/* clrtls_receive, clrtls_send: what can be had or sent at once; never blocks, never raises SIGPIPE. errno after FAILED. */
enum clrtls_io clrtls_receive(const ClrtlsConnection *c, uint8_t *to, size_t room, size_t *ret_len);
enum clrtls_io clrtls_send(const ClrtlsConnection *c, struct km_slice octets, size_t *ret_len);
/* clrtls_deadline: of a call that begins now; 0: none. */
uint64_t clrtls_deadline(uint32_t timeout_ms);
/*
 * clrtls_wait: until one of events happens on its descriptor: CLRC_SUCCESS, CLRTLS_ERROR_TIMEOUT, CLRC_ERROR_CANCELLED,
 * CLRTLS_ERROR_IO; on a connection that does not block CLRTLS_ERROR_WANT_... at once.
 */
ClrcResult clrtls_wait(const char *function, ClrtlsConnection *c, short events, uint64_t deadline);
/* clrtls_take_cancel: whether it was cancelled; that is over then. */
bool clrtls_take_cancel(ClrtlsConnection *c);

/* ---- clrtls_connection.c ---- */

ClrcResult clrtls_connection_make(const char *function, ClrtlsContext *context, int fd_in,
                                  int fd_out, const char *server_name,
                                  ClrtlsConnection **ret_connection);
ClrcResult clrtls_connection_check(const char *function, const ClrtlsConnection *connection);

/* ---- clrtls_transfer.c ---- */

/* clrtls_shake_hands: complete afterwards, and our part of it sent. */
ClrcResult clrtls_shake_hands(const char *function, ClrtlsConnection *c, uint64_t deadline);

#endif
