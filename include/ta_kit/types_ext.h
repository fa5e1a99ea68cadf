/* SPDX-License-Identifier: Apache-2.0 */
/* Names of integer types that sources of TAs use for addresses. */
#ifndef KM_TA_TYPES_EXT_H
#define KM_TA_TYPES_EXT_H

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

typedef uintptr_t uaddr_t;
typedef uintptr_t vaddr_t;
typedef uintptr_t paddr_t;
typedef uintptr_t paddr_size_t;
#define PRIxUA PRIxPTR
#define PRIxVA PRIxPTR
#define PRIxPA PRIxPTR

#endif
