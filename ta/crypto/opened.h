/* SPDX-License-Identifier: Apache-2.0 */
/* What packages need of this application: digests, signatures checked, seals opened, keys taken out. */
#ifndef KM_CRYPTO_OPENED_H
#define KM_CRYPTO_OPENED_H

#include "format/envelope.h"
#include "format/sealed.h"
#include "ta/crypto/session.h"

/* km_sha256: of the octets. */
TEE_Result km_sha256(struct km_slice octets, uint8_t ret[32]);
/* km_key_spki: SubjectPublicKeyInfo of a key's public part in buf; *ret views it. NOT_SUPPORTED: a symmetric key. */
TEE_Result km_key_spki(const struct km_key *key, struct km_span buf, struct km_slice *ret);
/*
 * km_package_verify: that the signature of a package is by the holder of this SubjectPublicKeyInfo. BAD_FORMAT: not a key.
 * NOT_SUPPORTED: an algorithm below SHA-256, or one that does not go with the key. SIGNATURE_INVALID.
 */
TEE_Result km_package_verify(struct km_slice spki, const struct km_envelope *envelope);
/*
 * km_sealed_open: what was sealed to this EC key pair, whatever the key's usage is; out has at least the ciphertext's
 * length, and *ret views it. OTHER_DEVICE: sealed to another key. MAC_INVALID, BAD_FORMAT, NOT_SUPPORTED.
 */
TEE_Result km_sealed_open(const struct km_key *key, const struct km_sealed *sealed,
                          struct km_span out, struct km_slice *ret);
/* km_opened_key: the key of an OpaqueKey, the caller's, not saved yet, and the name it is to have. Returns owned. BAD_FORMAT. */
TEE_Result km_opened_key(struct km_session *session, struct km_slice opaque,
                         struct km_crypto_name *ret_name, struct km_key **ret_key);

#endif
