/* SPDX-License-Identifier: Apache-2.0 */
/* What both ends know. */
#ifndef TA_KIT_H
#define TA_KIT_H

#define TA_KIT_UUID                                                                                \
    {                                                                                              \
        0x0b1d5e60, 0x8f0a, 0x4c1e,                                                                \
        {                                                                                          \
            0x9d, 0x1c, 0x5a, 0x3b, 0x7e, 0x2f, 0x4a, 0x10                                         \
        }                                                                                          \
    }

/* Each answers success, or the number of the line that went wrong in params[3].value.a and an error. */
#define TA_KIT_CMD_PROPERTIES 0
#define TA_KIT_CMD_DIGEST 1 /* [in] memref text, [out] memref SHA-256, the size of an old kit */
#define TA_KIT_CMD_CRYPT 2
#define TA_KIT_CMD_STORAGE 3
#define TA_KIT_CMD_BIG_NUMBERS 4
#define TA_KIT_CMD_OTHERS 5
#define TA_KIT_CMD_TOOLS 6
/* Handles as distances from ta_head in values. */
#define TA_KIT_CMD_HANDLE_NEW 7  /* [out] value a */
#define TA_KIT_CMD_HANDLE_FREE 8 /* [in] value a */

#endif
