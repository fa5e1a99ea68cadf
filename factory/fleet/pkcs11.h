/* SPDX-License-Identifier: Apache-2.0 */
/* One private key in a PKCS#11 token, found by its URI (RFC 7512). */
#ifndef KM_FLEET_PKCS11_H
#define KM_FLEET_PKCS11_H

#include "common/km_bytes.h"

struct km_fleet_token;

/*
 * km_fleet_token_open: loads the URI's module-path (else what p11-kit has for the token), logs in with the PIN in the URI's
 * pin-source file, and finds the key. Returns owned.
 */
km_status km_fleet_token_open(struct km_err *err, const char *uri, struct km_fleet_token **ret);
void km_fleet_token_free(struct km_fleet_token *token);
/* km_fleet_token_spki: the public half of the key, from the public key object beside it. */
km_status km_fleet_token_spki(struct km_err *err, struct km_fleet_token *token, struct km_span buf,
                              struct km_slice *ret);
/* km_fleet_token_sign: EC: r and s side by side over the digest; RSA: PKCS#1 v1.5 over a DigestInfo. */
km_status km_fleet_token_sign(struct km_err *err, struct km_fleet_token *token,
                              struct km_slice input, struct km_span out, size_t *ret_len);

#endif
