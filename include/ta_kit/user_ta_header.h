/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TA's own user_ta_header_defines.h is written with: TA_UUID, TA_FLAGS, TA_STACK_SIZE, TA_DATA_SIZE and, when it wants,
 * TA_DESCRIPTION and TA_CURRENT_TA_EXT_PROPERTIES. keymoor_add_ta(... HEADER_DEFINES DIR) reads them when the TA is packed.
 */
#ifndef KM_TA_USER_TA_HEADER_H
#define KM_TA_USER_TA_HEADER_H

#include <tee_internal_api.h>

#include "util.h"

/* Kept apart by the service as the specification has it (gpd.ta.singleInstance and so on). */
#define TA_FLAG_SINGLE_INSTANCE (1 << 2)
#define TA_FLAG_MULTI_SESSION (1 << 3)
#define TA_FLAG_INSTANCE_KEEP_ALIVE (1 << 4)
/* Without a meaning here. */
#define TA_FLAG_USER_MODE 0
#define TA_FLAG_EXEC_DDR 0
#define TA_FLAG_REMAP_SUPPORT 0
#define TA_FLAG_SECURE_DATA_PATH (1 << 5)
#define TA_FLAG_CACHE_MAINTENANCE (1 << 7)
#define TA_FLAG_CONCURRENT (1 << 8)
#define TA_FLAG_DEVICE_ENUM (1 << 9)
#define TA_FLAG_DEVICE_ENUM_SUPP (1 << 10)
#define TA_FLAGS_MASK GENMASK_32(10, 0)

#define TA_PROP_STR_SINGLE_INSTANCE "gpd.ta.singleInstance"
#define TA_PROP_STR_MULTI_SESSION "gpd.ta.multiSession"
#define TA_PROP_STR_KEEP_ALIVE "gpd.ta.instanceKeepAlive"
#define TA_PROP_STR_DATA_SIZE "gpd.ta.dataSize"
#define TA_PROP_STR_STACK_SIZE "gpd.ta.stackSize"
#define TA_PROP_STR_VERSION "gpd.ta.version"
#define TA_PROP_STR_DESCRIPTION "gpd.ta.description"
#define TA_PROP_STR_UNSAFE_PARAM "op-tee.unsafe_param"
#define TA_PROP_STR_REMAP "op-tee.remap"
#define TA_PROP_STR_CACHE_SYNC "op-tee.cache_sync"

/* What value points to. */
enum user_ta_prop_type {
    USER_TA_PROP_TYPE_BOOL,         /* bool */
    USER_TA_PROP_TYPE_U32,          /* uint32_t */
    USER_TA_PROP_TYPE_UUID,         /* TEE_UUID */
    USER_TA_PROP_TYPE_IDENTITY,     /* TEE_Identity */
    USER_TA_PROP_TYPE_STRING,       /* text */
    USER_TA_PROP_TYPE_BINARY_BLOCK, /* text in base64 */
    USER_TA_PROP_TYPE_U64,          /* uint64_t */
    USER_TA_PROP_TYPE_INVALID,
};

struct user_ta_property {
    const char *name;
    enum user_ta_prop_type type;
    const void *value;
};

#endif
