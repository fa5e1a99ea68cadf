/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/common/owner.h"

#include <string.h>

bool km_owner_equal(const struct km_owner *a, const struct km_owner *b)
{
    return a->kind == b->kind && a->uid == b->uid && memcmp(a->ta, b->ta, sizeof(a->ta)) == 0;
}

bool km_owner_read(struct km_rd *rd, struct km_owner *ret)
{
    return km_rd_u32le(rd, &ret->kind) && km_rd_u32le(rd, &ret->uid) &&
           km_rd_copy(rd, ret->ta, sizeof(ret->ta)) && ret->kind <= KM_OWNER_TA;
}

void km_owner_write(struct km_wr *wr, const struct km_owner *owner)
{
    km_wr_u32le(wr, owner->kind);
    km_wr_u32le(wr, owner->uid);
    km_wr_bytes(wr, KM_SLICE(owner->ta, sizeof(owner->ta)));
}
