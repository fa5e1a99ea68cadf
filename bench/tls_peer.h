/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS 1.3 server on the loopback beside the benchmark, and OpenSSL's way to shake hands with it. Functions end the program when
 * they can't.
 */
#ifndef KM_BENCH_TLS_PEER_H
#define KM_BENCH_TLS_PEER_H

#include <stdint.h>
#include <sys/types.h>

#include <openssl/ssl.h>

/* bench_tls_certify: a certificate for an hour; issuer NULL: it signs itself. */
X509 *bench_tls_certify(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key);
/* bench_tls_context: shows this certificate, and resumes nothing. */
SSL_CTX *bench_tls_context(const SSL_METHOD *method, EVP_PKEY *key, X509 *certificate);
/* bench_tls_trust: the peer has to show a certificate of this issuer; may be called again for another. */
void bench_tls_trust(SSL_CTX *context, X509 *issuer);

/* bench_tls_serve: a process that answers one octet, BENCH_TLS_OCTET, after each handshake; bench_tls_stop ends it. */
#define BENCH_TLS_OCTET 'k'
pid_t bench_tls_serve(SSL_CTX *context);
void bench_tls_stop(pid_t server);

/* bench_tls_dial: a connection to that server. */
int bench_tls_dial(void);
/* bench_tls_dial_port: to a server of somebody else's on the loopback. */
int bench_tls_dial_port(uint16_t port);
/* bench_tls_handshake: one, until the octet has come; server_name NULL: any will do. */
void bench_tls_handshake(SSL_CTX *context, const char *server_name);
/* bench_tls_end: of a contender whose contexts outlive it. */
void bench_tls_end(void *context);

#endif
