/* SPDX-License-Identifier: Apache-2.0 */
/* Small arithmetic that sources of TAs use. Arguments may be evaluated twice. */
#ifndef KM_TA_UTIL_H
#define KM_TA_UTIL_H

#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#endif
#ifndef MAX
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))
#endif
#ifndef BIT32
#define BIT32(n) (UINT32_C(1) << (n))
#endif
#ifndef BIT64
#define BIT64(n) (UINT64_C(1) << (n))
#endif
#ifndef BIT
#define BIT(n) BIT32(n)
#endif
/* To a multiple of size, a power of two. */
#ifndef ROUNDUP
#define ROUNDUP(x, size) (((x) + (size)-1) & ~((size)-1))
#endif
#ifndef ROUNDDOWN
#define ROUNDDOWN(x, size) ((x) & ~((size)-1))
#endif
#ifndef IS_POWER_OF_TWO
#define IS_POWER_OF_TWO(x) ((x) != 0 && ((x) & ((x)-1)) == 0)
#endif

#endif
