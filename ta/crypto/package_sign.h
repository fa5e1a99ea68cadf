/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a package was signed by the holder of a key. */
#ifndef KM_CRYPTO_PACKAGE_SIGN_H
#define KM_CRYPTO_PACKAGE_SIGN_H

#include "format/envelope.h"
#include "ta/crypto/key.h"

/*
 * km_package_verify: checks the signature over the envelope's content with the key; counts a use of it. NOT_SUPPORTED: another
 * version of the format, or an algorithm that no package has or this service does not offer; SIGNATURE_INVALID, also when
 * the key is of another kind than the one that signed; and what km_key_permits answers. The envelope lies in memory
 * of this application.
 */
TEE_Result km_package_verify(struct km_key *key, const struct km_envelope *envelope);
/* km_key_fingerprint: SHA-256 of the key's SubjectPublicKeyInfo. NOT_SUPPORTED: a symmetric key. */
TEE_Result km_key_fingerprint(const struct km_key *key, uint8_t ret[32]);

#endif
