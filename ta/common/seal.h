/* SPDX-License-Identifier: Apache-2.0 */
/* Derivation and sealing for what is stored, on the Core API's operations. */
#ifndef KM_TA_SEAL_H
#define KM_TA_SEAL_H

#include "ta/common/ta_util.h"

#define KM_SEAL_SALT_LEN 16u
#define KM_SEAL_NONCE_LEN 12u
#define KM_SEAL_TAG_LEN 16u

/* km_seal_stretch: PBKDF2-HMAC-SHA256 (RFC 8018) to 32 octets. Takes long on purpose. */
TEE_Result km_seal_stretch(struct km_slice password, const uint8_t salt[KM_SEAL_SALT_LEN],
                           uint32_t iterations, uint8_t ret[32]);
/* km_seal_derive: HKDF-SHA256 (RFC 5869) to len octets. */
TEE_Result km_seal_derive(const uint8_t secret[32], struct km_slice salt, struct km_slice info,
                          uint8_t ret[32]);

struct km_seal {
    const uint8_t *key; /* 32 octets: AES-256-GCM */
    const uint8_t *nonce;
    struct km_slice aad;
};
/* km_seal_shut: in.len octets to out and the tag. */
TEE_Result km_seal_shut(const struct km_seal *seal, struct km_slice in, uint8_t *out,
                        uint8_t ret_tag[KM_SEAL_TAG_LEN]);
/* km_seal_open: TEE_ERROR_MAC_INVALID leaves nothing of use in out. */
TEE_Result km_seal_open(const struct km_seal *seal, struct km_slice in,
                        const uint8_t tag[KM_SEAL_TAG_LEN], uint8_t *out);

#endif
