/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this seam share. */
#ifndef KM_TLS_OPENSSL_H
#define KM_TLS_OPENSSL_H

#include <openssl/provider.h>
#include <openssl/ssl.h>

#include "ta/common/ta_util.h"
#include "ta/tlsio/tls.h"

#define TLS_PROVIDER "keymoor-tls"
/* Everything but the named key comes from libcrypto's own provider. */
#define TLS_PROPERTIES "provider=" TLS_PROVIDER
#define TLS_PROVIDER_FN(f) ((void (*)(void))(f))
#define TLS_PREFER_DEFAULT NULL

#define TLS_RESUMED_MAX 32u

/* A session that may be resumed, by the name of its server. */
struct tls_resumable {
    char host[KM_TLSIO_HOST_MAX + 1];
    SSL_SESSION *session;
};

struct km_tls {
    struct km_tls_hooks hooks;
    uint32_t role, verify, flags;
    uint8_t alpn[KM_TLSIO_ALPN_MAX];
    unsigned alpn_len;
    char psk_identity[KM_TLSIO_PSK_IDENTITY_MAX + 1];
    uint8_t psk[KM_TLSIO_PSK_MAX];
    unsigned psk_len;
    OSSL_LIB_CTX *libctx;
    OSSL_PROVIDER *standard, *ours;
    SSL_CTX *ctx;
    BIO_METHOD *bio;
    struct tls_resumable resumable[TLS_RESUMED_MAX];
    unsigned n_resumable;
    TEE_Result sign_result; /* of the last signature */
};

struct km_tls_conn {
    struct km_tls *tls;
    SSL *ssl;
    char host[KM_TLSIO_HOST_MAX + 1];
    struct km_rd in; /* what there is of this step */
    struct km_wr out;
    uint32_t state;
    uint32_t failure; /* enum km_tlsio_failure */
    uint32_t alert, peer_alert;
    uint32_t verdict; /* enum km_certs_verdict */
    TEE_Result verify_result;
    uint32_t barren; /* octets from the peer since there was plaintext */
    char detail[KM_TLSIO_DETAIL_MAX + 1];
};

/* ---- tls_openssl_key.c: the named key as a key of a provider of ours ---- */

extern OSSL_provider_init_fn tls_provider_init;
/* tls_key_new: the key whose public part spki is, signing through tls->hooks. NULL: not a key that can sign for TLS. */
EVP_PKEY *tls_key_new(struct km_tls *tls, struct km_slice spki);

/* ---- tls_openssl_sign.c ---- */

struct tls_key {
    OSSL_LIB_CTX *libctx;
    struct km_tls *tls;    /* NULL: only the public part is here */
    EVP_PKEY *public_part; /* of the standard provider */
};
extern const OSSL_ALGORITHM tls_signature_algorithms[];

/* ---- tls_openssl_identity.c ---- */

TEE_Result tls_identity_set(struct km_tls *tls, const struct km_tls_identity *identity);

/* ---- tls_openssl_suites.c ---- */

/* tls_suites_set: suites, groups and signatures that may be negotiated. */
bool tls_suites_set(SSL_CTX *ctx, bool has_psk);

/* ---- tls_openssl_verify.c ---- */

/* tls_verify_install: from here on the hook judges the peer's certificates. */
void tls_verify_install(struct km_tls *tls);
/* tls_verify_again: whether a chain that was good once still is. */
bool tls_verify_again(struct km_tls_conn *conn, X509 *first, STACK_OF(X509) * chain);

/* ---- tls_openssl_resume.c ---- */

void tls_resume_install(struct km_tls *tls);
/* tls_resume_offer: has a new connection offer what is known of its server. */
void tls_resume_offer(struct km_tls_conn *conn);
void tls_resume_clear(struct km_tls *tls);

/* ---- tls_openssl_fail.c ---- */

/* tls_fail: the connection has failed; takes libssl's error queue. */
void tls_fail(struct km_tls_conn *conn);
/* tls_fail_with: for what is found here. */
void tls_fail_with(struct km_tls_conn *conn, enum km_tlsio_failure failure, const char *detail);

/* ---- tls_openssl_bio.c ---- */

/* tls_bio_method: reads conn->in and writes conn->out. */
BIO_METHOD *tls_bio_method(void);
BIO *tls_bio_new(struct km_tls_conn *conn);

#endif
