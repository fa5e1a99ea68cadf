/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648, 4) as blobs travel in JSON and headers. */
#ifndef KM_CONTROL_BASE64_H
#define KM_CONTROL_BASE64_H

#include "cloud/common/arena.h"

/* km_base64_encode: text in the arena; NULL when memory is short. */
const char *km_base64_encode(struct km_arena *arena, struct km_slice bytes);
/*
 * km_base64_decode: octets in the arena. KM_E_MALFORMED: another character, no padding, bits behind the last octet. KM_E_NOMEM, KM_E_LIMIT:
 * the arena's.
 */
km_status km_base64_decode(struct km_err *err, struct km_arena *arena, struct km_slice text,
                           struct km_slice *ret);

#endif
