/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of keys, between OpenSSL's form and the service's. */
#ifndef KM_ENGINE_NUMBER_H
#define KM_ENGINE_NUMBER_H

#include <openssl/bn.h>

#include "interop/engine/engine_key.h"

#define ENGINE_NUMBERS_MAX 8u

/* A list of numbers on its way to the service. */
struct engine_numbers {
    ClrcAttributeValue values[ENGINE_NUMBERS_MAX];
    uint8_t octets[ENGINE_NUMBERS_MAX][ENGINE_COMPONENT_MAX];
    uint32_t n;
    bool overflow;
};

/* engine_numbers_add: a NULL number is left out; len 0: as many octets as it has. */
void engine_numbers_add(struct engine_numbers *numbers, ClrcAttribute attribute,
                        const BIGNUM *number, size_t len);
/* engine_numbers_import: a key with these numbers. Returns owned; NULL after raising. */
struct engine_key *engine_numbers_import(const struct engine_numbers *numbers, ClrcKeyType type,
                                         unsigned bits);
/* engine_numbers_create: a new key in the group that they are. The same. */
struct engine_key *engine_numbers_create(const struct engine_numbers *numbers, ClrcKeyType type,
                                         unsigned bits);
/* engine_numbers_wipe: when done with secret ones. */
void engine_numbers_wipe(struct engine_numbers *numbers);

/* engine_number_of: a component of a key. Returns owned; NULL when it does not come out or memory is short. */
BIGNUM *engine_number_of(const struct engine_key *key, ClrcAttribute attribute);

#endif
