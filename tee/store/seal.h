/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's keys and what is done with them: sealing, naming, and the set hash.
 *
 * Sealing is XAES-256-GCM (C2SP): a 192-bit random nonce, whose first half derives a key of its
 * own and whose second half is AES-256-GCM's nonce. So nonces may be random without a limit on how
 * often a store is written, and a store put back from a copy can't make one repeat.
 */
#ifndef KM_STORE_SEAL_H
#define KM_STORE_SEAL_H

#include "tee/store/record.h"

struct km_seal;

/* Where a sealed value belongs; authenticated with it. */
struct km_seal_place {
    enum km_key_kind kind;
    uint64_t id;
    uint8_t level;
    uint32_t index;
};

/* km_seal_warm: makes the process's libcrypto context once; may stand before a fork. Any thread. */
km_status km_seal_warm(struct km_err *err);
/* km_seal_new: keys for this owner's store. Returns owned; key is borrowed for the call. */
km_status km_seal_new(struct km_err *err, const struct km_secret *key, const struct km_uuid *owner,
                      struct km_seal **ret);
void km_seal_free(struct km_seal *seal);
void km_seal_freep(struct km_seal **seal);

/* km_seal_key_id: returns a view of KM_KEY_ID_LEN octets that name the key without giving it away. */
const uint8_t *km_seal_key_id(const struct km_seal *seal);
/* km_seal_name: the key under which a name is looked up. */
km_status km_seal_name(struct km_err *err, struct km_seal *seal, struct km_slice name,
                       uint8_t ret[KM_NAME_KEY_LEN]);
/*
 * km_seal_put: seals plain, padded with zeros to padded_len, into out, which must be exactly
 * padded_len + KM_SEAL_OVERHEAD octets. The tag (never zero) goes to ret_tag, which may be NULL.
 */
km_status km_seal_put(struct km_err *err, struct km_seal *seal, const struct km_seal_place *place,
                      struct km_slice plain, size_t padded_len, struct km_span out,
                      uint8_t *ret_tag);
/* km_seal_get: opens into out, exactly sealed.len - KM_SEAL_OVERHEAD octets. KM_E_CORRUPT; then out is wiped. */
km_status km_seal_get(struct km_err *err, struct km_seal *seal, const struct km_seal_place *place,
                      struct km_slice sealed, struct km_span out);

/* km_seal_element: what a sealed record adds to the set hash. */
km_status km_seal_element(struct km_err *err, struct km_seal *seal, uint64_t id,
                          struct km_slice sealed, uint8_t ret[KM_SET_LEN]);
/* Sums of elements, modulo 2^256. */
void km_set_add(uint8_t set[KM_SET_LEN], const uint8_t element[KM_SET_LEN]);
void km_set_subtract(uint8_t set[KM_SET_LEN], const uint8_t element[KM_SET_LEN]);

#endif
