/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns an object. */
#ifndef KM_TA_OWNER_H
#define KM_TA_OWNER_H

#include "common/km_bytes.h"

enum km_owner_kind {
    KM_OWNER_ANYONE = 0, /* this system does not tell callers apart */
    KM_OWNER_UID = 1,
    KM_OWNER_TA = 2, /* another trusted application, by its UUID */
};

#define KM_OWNER_LEN 24u /* octets of one as it stands in records */
#define KM_NO_UID UINT32_MAX

struct km_owner {
    uint32_t kind;
    uint32_t uid; /* KM_NO_UID unless kind is KM_OWNER_UID */
    uint8_t ta[16];
};

bool km_owner_equal(const struct km_owner *a, const struct km_owner *b);
/* km_owner_read, _write: KM_OWNER_LEN octets. */
KM_MUST_USE bool km_owner_read(struct km_rd *rd, struct km_owner *ret);
void km_owner_write(struct km_wr *wr, const struct km_owner *owner);

#endif
