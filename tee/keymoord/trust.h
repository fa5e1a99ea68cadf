/* SPDX-License-Identifier: Apache-2.0 */
/* The public keys whose owners may sign trusted applications for this machine. */
#ifndef KM_TRUST_H
#define KM_TRUST_H

#include "tee/keymoord/ta_package.h"

#define KM_TRUST_KEYS_MAX 64

struct km_trust;

/* km_trust_new: no keys yet; NULL when memory is short. Returns owned. */
struct km_trust *km_trust_new(void);
void km_trust_free(struct km_trust *trust);
void km_trust_freep(struct km_trust **trust);
/*
 * km_trust_add: a PEM file with one public key, or a directory of such files (*.pem). KM_E_DENIED when somebody but
 * the owner can write it, KM_E_UNSUPPORTED for a key that is neither EC on P-256/384/521 nor RSA of 2048 to
 * 8192 bits.
 */
km_status km_trust_add(struct km_err *err, struct km_trust *trust, const char *path);
size_t km_trust_count(const struct km_trust *trust);
/* km_trust_verify: KM_E_AUTH when no trusted key made this package's signature. */
km_status km_trust_verify(struct km_err *err, const struct km_trust *trust,
                          const struct km_ta_package *package);
/*
 * km_trust_digest: digest "SHA1" or "SHA256" of bytes with the same private library context; len is
 * the digest's length.
 */
km_status km_trust_digest(struct km_err *err, const struct km_trust *trust, const char *name,
                          struct km_slice in, uint8_t *ret, size_t len);

#endif
