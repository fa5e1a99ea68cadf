/* SPDX-License-Identifier: Apache-2.0 */
/* The registry's use of libcrypto: SHA-256, and seals of access keys. */
#ifndef KM_CLOUD_REGISTRY_CRYPTO_H
#define KM_CLOUD_REGISTRY_CRYPTO_H

#include "cloud/common/limits.h"
#include "common/km_secret.h"

#define KM_SEAL_MORE 28 /* nonce and tag */
#define KM_SEAL_SECRET_MAX 128

/* km_registry_crypto_load: what seals need, once for the process, so that it is there when memory is short. KM_E_NOMEM. */
km_status km_registry_crypto_load(struct km_err *err);
/* km_registry_sha256: never fails, and allocates nothing. */
void km_registry_sha256(struct km_slice bytes, uint8_t ret[KM_SHA256_LEN]);

/*
 * km_registry_seal: AES-256-GCM over secret, bound to name: nonce, ciphertext, tag. out has secret's length and
 * KM_SEAL_MORE. nonce: 12 octets that never come twice under one key.
 */
km_status km_registry_seal(struct km_err *err, const struct km_secret *key, const char *name,
                           const uint8_t nonce[12], struct km_slice secret, struct km_span out);
/* km_registry_unseal: KM_E_AUTH when key, name or octets are not the ones that were sealed. Returns owned. */
km_status km_registry_unseal(struct km_err *err, const struct km_secret *key, const char *name,
                             struct km_slice sealed, struct km_secret **ret);

#endif
