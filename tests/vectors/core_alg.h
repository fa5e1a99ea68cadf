/* SPDX-License-Identifier: Apache-2.0 */
/* Names of algorithms and what the Internal Core API calls them; keys made of a line's parts. */
#ifndef KM_VECTOR_CORE_ALG_H
#define KM_VECTOR_CORE_ALG_H

#include "include/tee_internal_api_extensions.h"
#include "tests/vectors/vector_ops.h"

enum core_family {
    CORE_SECRET, /* one secret value */
    CORE_TWO_KEYS,
    CORE_RSA,
    CORE_DSA,
    CORE_DH,
    CORE_EC,
    CORE_ED25519,
    CORE_X25519,
    CORE_ED448,
    CORE_X448,
    CORE_KEYLESS
};

struct core_alg {
    const char *name;
    uint32_t id;
    enum core_family family;
    uint32_t key_type;    /* secrets and key pairs */
    uint32_t public_type; /* 0: there is none */
    uint32_t secret_attr; /* of CORE_SECRET */
};

/* core_alg_find: NULL when no algorithm has this name; it may still not be offered. */
const struct core_alg *core_alg_find(const char *name);

/* core_element: what TEE_IsAlgorithmSupported wants to hear with it. */
uint32_t core_element(const struct core_alg *alg);
/* core_curve: the curve of a size in bits, 0 for none. */
uint32_t core_curve(uint32_t bits);

/*
 * core_key_new: a transient object of the line's parts, a key pair when there is a private one. Returns owned;
 * *ret_bits is its size. The result is what refused it.
 */
TEE_Result core_key_new(const struct core_alg *alg, const struct vec_request *request,
                        TEE_ObjectHandle *ret_key, uint32_t *ret_bits);
/* core_secret_new: an object that holds a secret of any of the types with one attribute. */
TEE_Result core_secret_new(const struct core_alg *alg, struct km_slice secret,
                           TEE_ObjectHandle *ret_key);

extern const struct vec_api core_api;

#endif
