/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of a service that other kits have inside their kernel. It is not here: TEE_OpenTASession answers
 * TEE_ERROR_ITEM_NOT_FOUND. With the numbers, sources that can also do without it build unchanged.
 */
#ifndef KM_TA_PTA_SYSTEM_H
#define KM_TA_PTA_SYSTEM_H

#include "util.h"

#define PTA_SYSTEM_UUID                                                                            \
    {                                                                                              \
        0x3a2f8978, 0x5dc0, 0x11e8,                                                                \
        {                                                                                          \
            0x9c, 0x2d, 0xfa, 0x7a, 0xe0, 0x1b, 0xbe, 0xbc                                         \
        }                                                                                          \
    }

/* Commands. */
#define PTA_SYSTEM_ADD_RNG_ENTROPY 0
#define PTA_SYSTEM_DERIVE_TA_UNIQUE_KEY 1

/* Of PTA_SYSTEM_DERIVE_TA_UNIQUE_KEY, in octets. */
#define TA_DERIVED_KEY_MIN_SIZE 16
#define TA_DERIVED_KEY_MAX_SIZE 32
#define TA_DERIVED_EXTRA_DATA_MAX_SIZE 1024

#endif
