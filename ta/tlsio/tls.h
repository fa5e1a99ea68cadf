/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS as the application needs it: settings and connections whose ciphertext somebody else moves. Behind it stands a TLS library
 * (tls_openssl*.c: libssl); before it, nothing of that library shows.
 *
 * One thread. No call waits for a peer; hooks are called from within km_tls_new, km_tls_conn_new and km_tls_step.
 */
#ifndef KM_TLSIO_TLS_H
#define KM_TLSIO_TLS_H

#include "include/tee_internal_api.h"
#include "ta/tlsio/tlsio_wire.h"

struct km_tls;      /* settings, what was resumed from, and the library's own */
struct km_tls_conn; /* one connection */

enum km_tls_scheme {
    KM_TLS_ECDSA,
    KM_TLS_RSA_PKCS1,
    KM_TLS_RSA_PSS /* salt as long as the digest */
};

/* A certificate to be judged. */
struct km_tls_question {
    struct km_slice chain; /* blob after blob: DER, the peer's own first */
    bool is_server;        /* whether it is to be good for a server */
    struct km_slice host;  /* empty: any */
};

struct km_tls_hooks {
    /* sign: with the named key, a digest of SHA-2; the octets of the signature (ECDSA in DER) to ret. */
    TEE_Result (*sign)(void *arg, enum km_tls_scheme scheme, struct km_slice digest,
                       struct km_span ret, size_t *ret_len);
    /* verify: *ret_verdict is enum km_certs_verdict. */
    TEE_Result (*verify)(void *arg, const struct km_tls_question *question, uint32_t *ret_verdict);
    void *arg;
};

/* Who we are; all empty: nobody. Borrowed for km_tls_new. */
struct km_tls_identity {
    struct km_slice spki;     /* public part of the key that hooks.sign has, or */
    struct km_slice key_pem;  /* a private key */
    struct km_slice cert_der; /* its certificate, or */
    struct km_slice cert_pem; /* it and those that go with it */
    struct km_slice issuers; /* blob after blob: DER; those that issued cert_der are sent with it */
};

/* Octets in and out of one step; the lens are results. None overlaps another; each octet of an input is read once. */
struct km_tls_io {
    uint32_t flags; /* KM_TLSIO_READ, KM_TLSIO_CLOSE */
    struct km_slice cipher_in, plain_in;
    struct km_span cipher_out, plain_out;
    size_t cipher_len, plain_len;
};

/* km_tls_new: copies settings. Returns owned. BAD_FORMAT NOT_SUPPORTED KM_TLSIO_E_MISMATCH OUT_OF_MEMORY. */
TEE_Result km_tls_new(const struct km_tlsio_settings *settings,
                      const struct km_tls_identity *identity, const struct km_tls_hooks *hooks,
                      struct km_tls **ret_tls);
/* km_tls_free: after all its connections. NULL is allowed; here and below. */
void km_tls_free(struct km_tls *tls);

/* km_tls_conn_new: host: name or address that the peer's certificate must have; empty for a server. Returns owned. */
TEE_Result km_tls_conn_new(struct km_tls *tls, struct km_slice host, struct km_tls_conn **ret_conn);
void km_tls_conn_free(struct km_tls_conn *conn);
/* km_tls_step: as KM_TLSIO_CMD_STEP. */
void km_tls_step(struct km_tls_conn *conn, struct km_tls_io *io, struct km_tlsio_step_out *ret);
/* km_tls_info_put: INFO, at most KM_TLSIO_INFO_MAX octets. */
void km_tls_info_put(struct km_tls_conn *conn, struct km_wr *wr);
/* km_tls_peer: DER of the peer's certificate, by TEE_Malloc, owned. ITEM_NOT_FOUND OUT_OF_MEMORY. */
TEE_Result km_tls_peer(struct km_tls_conn *conn, uint8_t **ret_der, size_t *ret_len);

#endif
