/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XAES-256-GCM (C2SP): AES-256-GCM under a key of its own for each 192-bit nonce. The key comes
 * from the nonce's first half by CMAC in NIST SP 800-108's counter mode; the second half is GCM's
 * nonce. All of it is calls of libcrypto's AES-256.
 */
#ifndef KM_STORE_XAES_H
#define KM_STORE_XAES_H

#include <openssl/evp.h>

#include "common/km_bytes.h"

#define KM_XAES_KEY_LEN 32
#define KM_XAES_NONCE_LEN 24
#define KM_XAES_TAG_LEN 16

struct km_xaes {
    EVP_CIPHER_CTX *ecb; /* keyed with the long-lived key */
    EVP_CIPHER_CTX *gcm; /* keyed anew for each nonce */
    uint8_t k1[16];      /* CMAC's subkey of the long-lived key */
};

/* All answer false when libcrypto does, and leave its error queue to the caller. */

/* km_xaes_init: ecb and gcm are fetched AES-256-ECB and AES-256-GCM, kept by reference count. */
KM_MUST_USE bool km_xaes_init(struct km_xaes *xaes, EVP_CIPHER *ecb, EVP_CIPHER *gcm,
                              const uint8_t key[KM_XAES_KEY_LEN]);
void km_xaes_clear(struct km_xaes *xaes);
/* km_xaes_encrypt: plain, then zeros up to padded_len, to out; then the tag behind it. */
KM_MUST_USE bool km_xaes_encrypt(struct km_xaes *xaes, const uint8_t nonce[KM_XAES_NONCE_LEN],
                                 struct km_slice aad, struct km_slice plain, size_t padded_len,
                                 uint8_t *out);
/* km_xaes_decrypt: cipher is followed by its tag; on false out holds what must be wiped. */
KM_MUST_USE bool km_xaes_decrypt(struct km_xaes *xaes, const uint8_t nonce[KM_XAES_NONCE_LEN],
                                 struct km_slice aad, struct km_slice cipher, uint8_t *out);

#endif
