/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the rarer types for the tests of the runtime, made from published numbers, and what most tests do with a key. */
#ifndef RUNTIME_KEYS_H
#define RUNTIME_KEYS_H

#include "tests/unit/runtime_fixture.h"

/* DSA: RFC 6979, A.2.1. */
#define DSA_P                                                                                      \
    "86f5ca03dcfeb225063ff830a0c769b9dd9d6153ad91d7ce27f787c43278b447e6533b86b18bed6e"             \
    "8a48b784a14c252c5be0dbf60b86d6385bd2f12fb763ed8873abfd3f5ba2e0a8c0a59082eac05693"             \
    "5e529daf7c610467899c77adedfc846c881870b7b19b2b58f9be0521a17002e3bdd6b86685ee90b3"             \
    "d9a1b02b782b1779"
#define DSA_Q "996f967f6c8e388d9e28d01e205fba957a5698b1"
#define DSA_G                                                                                      \
    "07b0f92546150b62514bb771e2a0c0ce387f03bda6c56b505209ff25fd3c133d89bbcd97e904e091"             \
    "14d9a7defdeadfc9078ea544d2e401aeecc40bb9fbbf78fd87995a10a1c27cb7789b594ba7efb5c4"             \
    "326a9fe59a070e136db77175464adca417be5dce2f40d10a46a3a3943f26ab7fd9c0398ff8c76ee0"             \
    "a56826a8a88f1dbd"
#define DSA_BITS 1024

/* DH: the group of RFC 5114, 2.1. */
#define DH_P                                                                                       \
    "b10b8f96a080e01dde92de5eae5d54ec52c99fbcfb06a3c69a6a9dca52d23b616073e28675a23d18"             \
    "9838ef1e2ee652c013ecb4aea906112324975c3cd49b83bfaccbdd7d90c4bd7098488e9c219a7372"             \
    "4effd6fae5644738faa31a4ff55bccc0a151af5f0dc8b4bd45bf37df365c1a65e68cfda76d4da708"             \
    "df1fb2bc2e4a4371"
#define DH_Q "f518aa8781a8df278aba4e7d64b7cb9d49462353"
#define DH_G                                                                                       \
    "a4d1cbd5c3fd34126765a442efb99905f8104dd258ac507fd6406cff14266d31266fea1e5c41564b"             \
    "777e690f5504f213160217b4b01b886a5e91547f9e2749f4d7fbd7d3b9a92ee1909d0d2263f80a76"             \
    "a6a24c087a091f531dbf0a0169b6a28ad662a4d18e73afa32d779d5918d08bc8858f4dcef97c2a24"             \
    "855e6eeb22b3b2e5"
#define DH_BITS 1024
#define DH_LEN (DH_BITS / 8)

/* fresh: an empty transient object. populated: one with these attributes. refuse: with these it must stay empty. */
TEE_ObjectHandle fresh(uint32_t type, uint32_t bits);
TEE_ObjectHandle populated(uint32_t type, uint32_t bits, const TEE_Attribute *attrs,
                           uint32_t count);
void refuse(uint32_t type, uint32_t bits, const TEE_Attribute *attrs, uint32_t count);

/* digest: answers its length. */
size_t digest(uint32_t alg, const void *text, size_t len, uint8_t out[64]);
/* sign_and_verify: signs with one key, verifies with the other, and refuses what was changed. */
void sign_and_verify(uint32_t alg, uint32_t bits, TEE_ObjectHandle pair, TEE_ObjectHandle open,
                     const uint8_t *hash, size_t hash_len);
/* attribute, derive: an attribute of a key; the secret with this peer. The longest is a DH group's; both answer the length. */
size_t attribute(TEE_ObjectHandle object, uint32_t id, uint8_t out[DH_LEN]);
size_t derive(TEE_OperationHandle op, TEE_Attribute peer, uint8_t out[DH_LEN]);

/* dsa_attrs: P, Q, G and a pair of them, Y and X. */
void dsa_attrs(TEE_Attribute attrs[5]);

/* dh_pair: a fresh pair in it, with the order or without; with x_bits in another group, with a private value of so many bits. */
TEE_ObjectHandle dh_pair(bool with_order, uint32_t x_bits);

/* rsa_pair: 2048 bits, of draft-irtf-cfrg-rsa-guidance, B.1. */
TEE_ObjectHandle rsa_pair(void);

#endif
