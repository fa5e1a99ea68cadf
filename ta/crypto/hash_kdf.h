/* SPDX-License-Identifier: Apache-2.0 */
/* Derivations that the Core API does not have, made of its digests and HMACs. */
#ifndef KM_CRYPTO_HASH_KDF_H
#define KM_CRYPTO_HASH_KDF_H

#include "ta/crypto/key.h"

/* Salt and info, as far as the derivation takes them. */
struct km_hash_kdf {
    struct km_slice salt, info;
};

/* km_hash_kdf_is: a digest of the secret, or one step of HKDF. */
bool km_hash_kdf_is(const struct km_alg *alg);
/* km_hash_kdf_check: BAD_PARAMETERS unless it takes these inputs and makes so many octets. */
TEE_Result km_hash_kdf_check(const struct km_alg *alg, const struct km_hash_kdf *with, size_t len);
/* km_hash_kdf_run: out.len octets of a generic secret; everything was checked before. */
TEE_Result km_hash_kdf_run(const struct km_key *key, const struct km_alg *alg,
                           const struct km_hash_kdf *with, struct km_span out);

#endif
