/* SPDX-License-Identifier: Apache-2.0 */
/* As the other kits want it, next to the TA's sources. */
#ifndef USER_TA_HEADER_DEFINES_H
#define USER_TA_HEADER_DEFINES_H

#include <stdbool.h>
#include <stdint.h>
#include <ta_kit.h>
#include <user_ta_header.h>

#define TA_UUID TA_KIT_UUID
#define TA_FLAGS                                                                                   \
    (TA_FLAG_USER_MODE | TA_FLAG_EXEC_DDR | TA_FLAG_SINGLE_INSTANCE | TA_FLAG_MULTI_SESSION)
#define TA_STACK_SIZE (64 * 1024)
#define TA_DATA_SIZE (900 * 1024)
#define TA_DESCRIPTION "written for several kits; of course"
#define TA_CURRENT_TA_EXT_PROPERTIES                                                               \
    {"kit.true", USER_TA_PROP_TYPE_BOOL, &(const bool){true}},                                     \
        {"kit.42", USER_TA_PROP_TYPE_U32, &(const uint32_t){42}},                                  \
        {"kit.uuid", USER_TA_PROP_TYPE_UUID, &(const TEE_UUID){1, 2, 3, {4}}},                     \
        {"kit.identity", USER_TA_PROP_TYPE_IDENTITY, &(const TEE_Identity){1, {2, 3, 4, {5}}}},    \
        {"kit.text", USER_TA_PROP_TYPE_STRING, "a text; with 'quotes' and $signs"},                \
        {"kit.block", USER_TA_PROP_TYPE_BINARY_BLOCK, "SGVsbG8gd29ybGQh"},

#endif
