/* SPDX-License-Identifier: Apache-2.0 */
/* The structures of storage_protocol.h: octets to structures and back. Pure. */
#ifndef KM_STORAGE_WIRE_H
#define KM_STORAGE_WIRE_H

#include "common/km_bytes.h"
#include "ta/storage/storage_protocol.h"

struct km_storage_name {
    size_t len;
    char at[KM_STORAGE_NAME_MAX + 1]; /* ends with a NUL */
};

struct km_storage_grant {
    uint32_t kind;   /* enum km_storage_grant_kind */
    uint32_t rights; /* KM_STORAGE_READ, or that and KM_STORAGE_WRITE */
    uint32_t id;
};

struct km_storage_grants {
    uint32_t n;
    struct km_storage_grant at[KM_STORAGE_GRANTS_MAX];
};

struct km_storage_wish {
    uint32_t flags;
    uint32_t owner_uid;
    struct km_storage_name name;
    struct km_storage_grants grants;
};

struct km_storage_info {
    uint32_t flags;
    uint64_t size;
    uint64_t made;
    struct km_storage_name name;
    struct km_storage_grants grants;
};

struct km_storage_usage {
    uint32_t n, n_max;
    uint64_t octets, octets_max;
};

/* km_storage_name_set: false unless it is 1 to KM_STORAGE_NAME_MAX octets of UTF-8. */
KM_MUST_USE bool km_storage_name_set(struct km_slice text, struct km_storage_name *ret);

/* km_storage_grants_read, _write: a number and as many grants. */
KM_MUST_USE bool km_storage_grants_read(struct km_rd *rd, struct km_storage_grants *ret);
void km_storage_grants_write(struct km_wr *wr, const struct km_storage_grants *grants);

/*
 * km_storage_wish_parse: the whole input or false. *ret_bad_name tells a name that is none from other mistakes. What flags
 * go together is not looked at.
 */
KM_MUST_USE bool km_storage_wish_parse(struct km_slice in, struct km_storage_wish *ret,
                                       bool *ret_bad_name);
void km_storage_wish_write(struct km_wr *wr, const struct km_storage_wish *wish);

KM_MUST_USE bool km_storage_info_parse(struct km_slice in, struct km_storage_info *ret);
void km_storage_info_write(struct km_wr *wr, const struct km_storage_info *info);

KM_MUST_USE bool km_storage_usage_parse(struct km_slice in, struct km_storage_usage *ret);
void km_storage_usage_write(struct km_wr *wr, const struct km_storage_usage *usage);

#endif
