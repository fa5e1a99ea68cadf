/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of the crypto library's algorithms, on random inputs, with libcrypto as the reference. A run is repeated with
 * KM_PROPERTY_SEED; KM_PROPERTY_ROUNDS says how many rounds each algorithm gets.
 */
#ifndef KM_VECTOR_PROPERTY_H
#define KM_VECTOR_PROPERTY_H

#include <openssl/evp.h>

#include "tests/integration/clrc_test.h"

#define PROPERTY_DATA_MAX ((size_t)100000)

struct property {
    ClrcAlgorithm alg;
    void (*holds)(const struct property *property);
    const char *ref; /* libcrypto's name; for ciphers a form with %u for the key's bits */
    unsigned unit;   /* ciphers: the length is a multiple of this */
    unsigned min;    /* ciphers: and at least this */
    unsigned iv_len; /* ciphers; for AEAD the longest nonce */
};

void property_digest(const struct property *property);
void property_xof(const struct property *property);
void property_hmac(const struct property *property);
void property_cmac(const struct property *property);
void property_cipher(const struct property *property);
void property_aead(const struct property *property);
void property_wrap(const struct property *property);

void property_rsa_pkcs1(const struct property *property);
void property_rsa_pss(const struct property *property);
void property_rsa_oaep(const struct property *property);
void property_rsa_es(const struct property *property);
void property_rsa_raw(const struct property *property);
void property_dsa(const struct property *property);
void property_ecdsa(const struct property *property);
void property_ecdsa_fixed(const struct property *property);
void property_eddsa(const struct property *property);

void property_agree(const struct property *property);
void property_hkdf(const struct property *property);
void property_hkdf_extract(const struct property *property);
void property_hkdf_expand(const struct property *property);
void property_concat(const struct property *property);
void property_pbkdf2(const struct property *property);

/* ---- random inputs, the same for the same seed ---- */

/* property_next: the next number below bound (above 0). */
size_t property_next(size_t bound);
void property_fill(uint8_t *octets, size_t len);
/* property_length: mostly short, often around what decides how memory is passed, now and then long; at most max. */
size_t property_length(size_t max);
/* property_chunk: how much of so much that is left goes next; at least 1. */
size_t property_chunk(size_t left);

/* property_buffer: one of four buffers of PROPERTY_DATA_MAX + 64 octets. */
uint8_t *property_buffer(unsigned n);

/* must: fails the test with what it takes to see it again. */
#define must(condition) property_must((condition), #condition, __FILE__, __LINE__)
void property_must(int condition, const char *text, const char *file, int line);
/* must_be: the same for a result of the library. */
#define must_be(call, expected) property_must_be((call), (expected), #call, __FILE__, __LINE__)
#define must_do(call) must_be(call, CLRC_SUCCESS)
void property_must_be(ClrcResult got, ClrcResult expected, const char *text, const char *file,
                      int line);
/* property_same: octets are equal, length and all. */
#define must_equal(got, got_len, want, want_len)                                                   \
    must((got_len) == (want_len) && memcmp((got), (want), (want_len)) == 0)

/* ---- operations of several parts ---- */

/* property_parts: all of in through an operation in random pieces; out may be NULL. Answers how much came out. */
size_t property_parts(ClrcOperationHandle op, const uint8_t *in, size_t len, uint8_t *out,
                      size_t room);
ClrcOperationHandle property_operation(ClrcKeyHandle key, const ClrcOperationWish *wish);

#endif
