/* SPDX-License-Identifier: Apache-2.0 */
/* libcrypto's answers in this process, for the tests to compare the service's with, and what both are given to work on. */
#ifndef KM_CLRC_REFERENCE_H
#define KM_CLRC_REFERENCE_H

#include "tests/integration/clrc_crypto_test.h"

#define MIB ((size_t)1 << 20)
#define BIG (5 * MIB)

extern uint8_t *big, *big_out, *big_back; /* BIG + 64 octets each; big has the same in each run */

/* Group setup and teardown: these, and the service. */
int reference_up(void **state);
int reference_down(void **state);

/* The hashes of FIPS 180-4 and what is made of each. */
#define N_HASHES 5
struct hash {
    const char *name;
    ClrcAlgorithm digest, hmac, pkcs1, pss, oaep, hkdf;
};
extern const struct hash hashes[N_HASHES];

/* Each answers the length of what it wrote to out. */
size_t ref_digest(const char *name, const void *data, size_t len, uint8_t *out);
size_t ref_mac(const char *mac, const char *sub, const uint8_t *key, size_t key_len,
               const uint8_t *data, size_t len, uint8_t *out, size_t room);
size_t ref_hmac(const char *hash, const uint8_t *key, size_t key_len, const uint8_t *data,
                size_t len, uint8_t *out);
/* ref_cipher, ref_gcm: len octets, without padding. */
void ref_cipher(const char *name, bool encrypt, const uint8_t *key, const uint8_t *iv,
                const uint8_t *in, size_t len, uint8_t *out);
void ref_gcm(const char *name, const uint8_t *key, const ClrcAead *aead, const uint8_t *in,
             size_t len, uint8_t *out, uint8_t tag[16]);

struct pkey_use {
    const char *hash;
    int padding; /* RSA; 0 for EC */
    int salt;
};

bool ref_verifies(EVP_PKEY *pkey, const struct pkey_use *use, const uint8_t *digest,
                  size_t digest_len, const uint8_t *signature, size_t len);
size_t ref_sign(EVP_PKEY *pkey, const struct pkey_use *use, const uint8_t *digest,
                size_t digest_len, uint8_t *out, size_t room);

#endif
