/* SPDX-License-Identifier: Apache-2.0 */
/* The CA of the control plane itself, for certificates that it makes: with a key pair, or from a request. */
#ifndef KM_ISSUER_H
#define KM_ISSUER_H

#include "cloud/control/x509.h"

#define KM_ISSUER_KEY_BITS 2048

struct km_issuer;

/*
 * km_issuer_open: from a PEM file that holds its certificate and its key (mode 0600). One that is missing is made, for P-256 and twenty years.
 * KM_E_DENIED: others than its owner may read it; KM_E_CORRUPT: it is something else. crypto is borrowed. Returns owned.
 */
km_status km_issuer_open(struct km_err *err, const struct km_crypto *crypto, const char *path,
                         int64_t now_ms, struct km_issuer **ret);
void km_issuer_free(struct km_issuer *issuer);
void km_issuer_freep(struct km_issuer **issuer);

/* A key pair as PEM. Both owned; the private one is wiped. */
struct km_issuer_keys {
    char *public_pem;
    char *private_pem;
};
void km_issuer_keys_clear(struct km_issuer_keys *keys);

/* km_issuer_make: a new RSA key and its certificate, subject CN "AWS IoT Certificate", valid as long as AWS's or until then (0: as AWS's). ret_certificate is to be cleared. */
km_status km_issuer_make(struct km_err *err, const struct km_issuer *issuer, int64_t now_ms,
                         int64_t until_ms, struct km_x509 *ret_certificate,
                         struct km_issuer_keys *ret_keys);
/* km_issuer_sign: a certificate from a PEM request, with its subject and key. KM_E_MALFORMED: it is none, or its signature does not fit. */
km_status km_issuer_sign(struct km_err *err, const struct km_issuer *issuer,
                         struct km_slice request, int64_t now_ms, struct km_x509 *ret_certificate);

#endif
