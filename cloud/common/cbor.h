/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR (RFC 8949) as far as it says what JSON can say: maps with texts as keys, arrays, texts, numbers, true, false and null. libcbor
 * takes one item's head after the other off the octets; what becomes of it, and how much of it there may be, is decided here.
 * Nothing is allocated by a length that is only promised.
 */
#ifndef KM_CLOUD_CBOR_H
#define KM_CLOUD_CBOR_H

#include "cloud/common/json.h"

#define KM_CBOR_DEPTH_MAX 16u /* of containers, whatever callers allow */

/*
 * km_cbor_object: octets that must be one map. Containers of definite and indefinite length may nest max_depth deep (the map itself is
 * level 1). Refused are: keys given twice, texts that are not UTF-8 or have a NUL, texts in parts, octets, tags, undefined,
 * integers beyond 64 bits with a sign, numbers that are not finite, and anything behind the map. KM_E_MALFORMED, KM_E_LIMIT for the depth,
 * KM_E_NOMEM. *ret is returned owned.
 */
km_status km_cbor_object(struct km_err *err, struct km_slice octets, unsigned max_depth,
                         json_t **ret);

/* km_cbor_print: in the order of insertion, of definite lengths. KM_E_NOMEM, or KM_E_LIMIT when it is longer than max or too deep. Returned owned. */
km_status km_cbor_print(struct km_err *err, const json_t *value, size_t max,
                        struct km_json_text *ret);

#endif
