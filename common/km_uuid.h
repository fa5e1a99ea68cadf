/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs as RFC 4122 lays them out: 16 octets in network order. */
#ifndef KM_UUID_H
#define KM_UUID_H

#include "common/km_bytes.h"

struct km_uuid {
    uint8_t octet[16];
};

#define KM_UUID_TEXT_LEN 37 /* canonical 8-4-4-4-12 form with its NUL */

/* km_uuid_parse: takes 8-4-4-4-12 and the 8-4-4-16 form that some packages are named with. */
KM_MUST_USE bool km_uuid_parse(const char *text, struct km_uuid *ret);
void km_uuid_format(const struct km_uuid *uuid, char ret[KM_UUID_TEXT_LEN]);
bool km_uuid_equal(const struct km_uuid *a, const struct km_uuid *b);

#endif
