/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates as the API takes and shows them: PEM in, what the registry wants to know of them out. Over libcrypto; no I/O. */
#ifndef KM_CONTROL_X509_H
#define KM_CONTROL_X509_H

#include <openssl/x509.h>

#include "cloud/control/crypto.h"

#define KM_X509_PEM_MAX 65536u /* octets of a text that holds one certificate or request */
#define KM_X509_NAME_MAX 256   /* octets of a common name */
#define KM_X509_RSA_MIN_BITS 2048

struct km_x509 {
    X509 *x509;
    uint8_t *octets;         /* owned */
    struct km_slice der;     /* as it came; a view of octets */
    struct km_slice subject; /* its DER; a view of x509 */
    struct km_slice issuer;  /* the same */
    int64_t not_before_ms;
    int64_t not_after_ms;
};

/*
 * km_x509_read: exactly one certificate in PEM, strictly DER inside. KM_E_MALFORMED: anything else. *ret is to be cleared.
 * km_x509_read_der: the same for bare DER.
 */
km_status km_x509_read(struct km_err *err, const struct km_crypto *crypto, struct km_slice pem,
                       struct km_x509 *ret);
km_status km_x509_read_der(struct km_err *err, const struct km_crypto *crypto, struct km_slice der,
                           struct km_x509 *ret);
/* km_x509_clear: all zero is allowed; for KM_AUTO. */
void km_x509_clear(struct km_x509 *x509);

/* km_x509_check_ca: KM_E_MALFORMED unless basicConstraints say that it is a CA, and keyUsage, if there, that it signs certificates. */
km_status km_x509_check_ca(struct km_err *err, const struct km_x509 *x509);
/* km_x509_check_key: KM_E_MALFORMED for keys that AWS does not take: RSA below 2048 bits, curves beside P-256, P-384 and P-521, others. */
km_status km_x509_check_key(struct km_err *err, const struct km_x509 *x509);
/* km_x509_check_time: KM_E_MALFORMED when it has expired, or is not valid yet. */
km_status km_x509_check_time(struct km_err *err, const struct km_x509 *x509, int64_t now_ms);
/*
 * km_x509_check_issuer: KM_E_AUTH unless issuer's name stands in it and issuer's key made its signature, with SHA-256, -384 or -512.
 */
km_status km_x509_check_issuer(struct km_err *err, const struct km_x509 *x509,
                               const struct km_x509 *issuer);
/* km_x509_common_name: the one CN of its subject as UTF-8; false when there is none, or are several, or it is too long. */
KM_MUST_USE bool km_x509_common_name(const struct km_x509 *x509, char ret[KM_X509_NAME_MAX + 1]);
/* km_x509_pem: DER as PEM text. Returns owned (free with free()); NULL when memory is short. */
char *km_x509_pem(struct km_slice der);

#endif
