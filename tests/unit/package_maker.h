/* SPDX-License-Identifier: Apache-2.0 */
/* The factory's side of packages, on libcrypto alone: what the application opens was not made by its own code. */
#ifndef PACKAGE_MAKER_H
#define PACKAGE_MAKER_H

#include <openssl/evp.h>

#include "format/envelope.h"
#include "format/opaque_key.h"
#include "format/opaque_object.h"

#define MAKER_MAX 16384u

struct maker_bytes {
    uint8_t at[MAKER_MAX];
    size_t len;
};

/* maker_key: "P-256", ..., "RSA" (2048 bits), "DSA", "DH", "ED25519", "X25519". Returns owned. */
EVP_PKEY *maker_key(const char *kind);
void maker_spki(const EVP_PKEY *key, struct maker_bytes *ret);
void maker_pkcs8(const EVP_PKEY *key, struct maker_bytes *ret);
/* maker_fingerprint: SHA-256 of the SubjectPublicKeyInfo. */
void maker_fingerprint(const EVP_PKEY *key, uint8_t ret[32]);

struct maker_seal {
    EVP_PKEY *to;
    enum km_pack_cipher cipher; /* 0: CTR */
    enum km_pack_mac mac;       /* 0: HMAC-SHA256 */
    uint8_t bad_padding;        /* CBC: instead of the last octet, when not 0 */
};
/* maker_seal: appends a Sealed element. */
void maker_seal(struct km_wr *wr, const struct maker_seal *with, struct km_slice plain);
/* maker_sign: the package around a whole content element. */
void maker_sign(EVP_PKEY *signer, const struct km_sign_alg *alg, struct km_slice content,
                struct maker_bytes *ret);
/* maker_alg: the usual one of a key. */
const struct km_sign_alg *maker_alg(const EVP_PKEY *signer);

/* maker_opaque_key: content and package of a key. */
void maker_opaque_key(EVP_PKEY *signer, const struct maker_seal *seal, struct km_slice plain,
                      struct maker_bytes *ret);
void maker_object_id(EVP_PKEY *signer, const struct maker_seal *seal, struct km_slice object_id,
                     struct km_slice plain, struct maker_bytes *ret);
/* maker_encrypt: an object's ciphertext. */
void maker_encrypt(enum km_pack_cipher cipher, const uint8_t key[32], const uint8_t iv[16],
                   struct km_slice clear, uint8_t *out, size_t *ret_len);

#endif
