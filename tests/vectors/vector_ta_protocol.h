/* SPDX-License-Identifier: Apache-2.0 */
/* One command: a line (memref in) to its answer (memref out). */
#ifndef KM_VECTOR_TA_PROTOCOL_H
#define KM_VECTOR_TA_PROTOCOL_H

/* a5f4e2d0-3c1b-4d7e-8a96-0f1e2d3c4b5a */
#define VECTOR_TA_UUID                                                                             \
    {                                                                                              \
        0xa5f4e2d0, 0x3c1b, 0x4d7e,                                                                \
        {                                                                                          \
            0x8a, 0x96, 0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a                                         \
        }                                                                                          \
    }
#define VECTOR_TA_LINE 0u

#endif
