/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain parameters of DH and DSA: which are taken, and whether public values belong to them. Whether p is prime is not asked,
 * because that takes seconds: who brings parameters of his own answers for them, as he does for a key of his own. What is asked
 * keeps others from learning something of a private value by public values of small order.
 */
#ifndef KM_CRYPTO_DH_GROUP_H
#define KM_CRYPTO_DH_GROUP_H

#include "ta/crypto/ta.h"

#define KM_SUBPRIME_BITS_MIN 160u
#define KM_SUBPRIME_BITS_MAX 512u

struct km_dh_group {
    struct km_slice prime;    /* without leading zeros */
    struct km_slice subprime; /* empty: not known */
    struct km_slice base;
};

/* km_dh_group_of: the group of RFC 7919 with a prime of so many bits; its generator is 2. Static storage. */
bool km_dh_group_of(uint32_t bits, struct km_slice *ret_prime);
/*
 * km_dh_group_check: a group of RFC 7919 or RFC 3526 with generator 2, or one with a prime subprime of 160 to 512 bits that is the
 * order of its base. BAD_FORMAT.
 */
TEE_Result km_dh_group_check(const struct km_dh_group *group);
/* km_dh_group_check_public: 2 to p - 2 and in the subgroup (SP 800-56A, 5.6.2.3.1). BAD_FORMAT. */
TEE_Result km_dh_group_check_public(const struct km_dh_group *group, struct km_slice value);
/* km_dh_group_public_of: the public value of a private one, padded to out.len. BAD_FORMAT: not 1 to q - 1 (p - 1). */
TEE_Result km_dh_group_public_of(const struct km_dh_group *group, struct km_slice private_value,
                                 struct km_span out);

#endif
