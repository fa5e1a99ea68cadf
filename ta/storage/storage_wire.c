/* SPDX-License-Identifier: Apache-2.0 */
#include "ta/storage/storage_wire.h"

#include <string.h>

#define INFO_FLAGS (KM_STORAGE_SHARED | KM_STORAGE_HAS_PASSWORD)
#define RIGHTS (KM_STORAGE_READ | KM_STORAGE_WRITE)

bool km_storage_name_set(struct km_slice text, struct km_storage_name *ret)
{
    if (text.len == 0 || text.len > KM_STORAGE_NAME_MAX || !km_utf8_valid(text))
        return false;
    *ret = (struct km_storage_name){.len = text.len};
    km_copy(ret->at, KM_STORAGE_NAME_MAX, text.ptr, text.len);
    return true;
}

static bool grant_read(struct km_rd *rd, struct km_storage_grant *ret)
{
    return km_rd_u32le(rd, &ret->kind) && km_rd_u32le(rd, &ret->rights) &&
           km_rd_u32le(rd, &ret->id) &&
           (ret->kind == KM_STORAGE_GRANT_UID || ret->kind == KM_STORAGE_GRANT_GID) &&
           (ret->rights == KM_STORAGE_READ || ret->rights == RIGHTS);
}

bool km_storage_grants_read(struct km_rd *rd, struct km_storage_grants *ret)
{
    struct km_storage_grants grants = {0};
    bool good = km_rd_u32le(rd, &grants.n) && grants.n <= KM_STORAGE_GRANTS_MAX;
    for (uint32_t i = 0; good && i < grants.n; i++)
        good = grant_read(rd, &grants.at[i]);
    if (good)
        *ret = grants;
    return good;
}

void km_storage_grants_write(struct km_wr *wr, const struct km_storage_grants *grants)
{
    km_wr_u32le(wr, grants->n);
    for (uint32_t i = 0; i < grants->n; i++) {
        km_wr_u32le(wr, grants->at[i].kind);
        km_wr_u32le(wr, grants->at[i].rights);
        km_wr_u32le(wr, grants->at[i].id);
    }
}

static bool name_read(struct km_rd *rd, struct km_slice *ret)
{
    return km_rd_blob32le(rd, SIZE_MAX, ret);
}

static void name_write(struct km_wr *wr, const struct km_storage_name *name)
{
    km_wr_blob32le(wr, KM_SLICE(name->at, name->len));
}

bool km_storage_wish_parse(struct km_slice in, struct km_storage_wish *ret, bool *ret_bad_name)
{
    struct km_rd rd = km_rd_init(in);
    struct km_storage_wish wish = {0};
    struct km_slice name = {0};
    *ret_bad_name = false;
    if (!km_rd_u32le(&rd, &wish.flags) || !km_rd_u32le(&rd, &wish.owner_uid) ||
        !name_read(&rd, &name) || !km_storage_grants_read(&rd, &wish.grants) || !km_rd_done(&rd))
        return false;
    if ((wish.flags & ~KM_STORAGE_OPEN_FLAGS) != 0 ||
        ((wish.flags & KM_STORAGE_OF_OWNER) == 0 && wish.owner_uid != 0))
        return false;
    *ret_bad_name = !km_storage_name_set(name, &wish.name);
    if (*ret_bad_name)
        return false;
    *ret = wish;
    return true;
}

void km_storage_wish_write(struct km_wr *wr, const struct km_storage_wish *wish)
{
    km_wr_u32le(wr, wish->flags);
    km_wr_u32le(wr, wish->owner_uid);
    name_write(wr, &wish->name);
    km_storage_grants_write(wr, &wish->grants);
}

bool km_storage_info_parse(struct km_slice in, struct km_storage_info *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_storage_info info = {0};
    struct km_slice name = {0};
    if (!km_rd_u32le(&rd, &info.flags) || (info.flags & ~INFO_FLAGS) != 0 ||
        !km_rd_u64le(&rd, &info.size) || !km_rd_u64le(&rd, &info.made) || !name_read(&rd, &name) ||
        !km_storage_name_set(name, &info.name) || !km_storage_grants_read(&rd, &info.grants) ||
        !km_rd_done(&rd))
        return false;
    *ret = info;
    return true;
}

void km_storage_info_write(struct km_wr *wr, const struct km_storage_info *info)
{
    km_wr_u32le(wr, info->flags);
    km_wr_u64le(wr, info->size);
    km_wr_u64le(wr, info->made);
    name_write(wr, &info->name);
    km_storage_grants_write(wr, &info->grants);
}

bool km_storage_usage_parse(struct km_slice in, struct km_storage_usage *ret)
{
    struct km_rd rd = km_rd_init(in);
    struct km_storage_usage usage = {0};
    if (!km_rd_u32le(&rd, &usage.n) || !km_rd_u32le(&rd, &usage.n_max) ||
        !km_rd_u64le(&rd, &usage.octets) || !km_rd_u64le(&rd, &usage.octets_max) ||
        !km_rd_done(&rd))
        return false;
    *ret = usage;
    return true;
}

void km_storage_usage_write(struct km_wr *wr, const struct km_storage_usage *usage)
{
    km_wr_u32le(wr, usage->n);
    km_wr_u32le(wr, usage->n_max);
    km_wr_u64le(wr, usage->octets);
    km_wr_u64le(wr, usage->octets_max);
}
