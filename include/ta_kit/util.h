/* SPDX-License-Identifier: Apache-2.0 */
/* Small arithmetic that sources of TAs use. Arguments may be evaluated twice. */
#ifndef KM_TA_UTIL_H
#define KM_TA_UTIL_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

#define SIZE_4K ((uintptr_t)0x1000)
#define SIZE_1M ((uintptr_t)0x100000)
#define SIZE_2M ((uintptr_t)0x200000)
#define SIZE_4M ((uintptr_t)0x400000)
#define SIZE_8M ((uintptr_t)0x800000)
#define SIZE_2G ((uintptr_t)0x80000000)

#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#endif
#ifndef MAX
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif
#define MIN_UNSAFE(a, b) ((a) < (b) ? (a) : (b))
#define MAX_UNSAFE(a, b) ((a) > (b) ? (a) : (b))
#define CMP_TRILEAN(a, b) (((a) > (b)) - ((a) < (b)))
#ifndef ARRAY_SIZE
#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))
#endif
#define MEMBER_SIZE(type, member) sizeof(((type *)0)->member)
#ifndef container_of
#define container_of(at, type, member) ((type *)((uintptr_t)(at)-offsetof(type, member)))
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
#define SHIFT_U32(x, n) ((uint32_t)(x) << (n))
#define SHIFT_U64(x, n) ((uint64_t)(x) << (n))
/* The bits from low to high, both among them. */
#define GENMASK_32(high, low) (UINT32_MAX >> (31 - (high)) & UINT32_MAX << (low))
#define GENMASK_64(high, low) (UINT64_MAX >> (63 - (high)) & UINT64_MAX << (low))

/* size is a power of two, which may be of another type than x. */
#ifndef ROUNDUP
#define ROUNDUP(x, size) (((x) + (size)-1) & ~((__typeof__(x))(size)-1))
#endif
#ifndef ROUNDDOWN
#define ROUNDDOWN(x, size) ((x) & ~((__typeof__(x))(size)-1))
#endif
#ifndef IS_POWER_OF_TWO
#define IS_POWER_OF_TWO(x) ((x) != 0 && ((x) & ((x)-1)) == 0)
#endif
#define ROUNDUP_DIV(x, y) ((x) / (y) + ((x) % (y) != 0))
#define UDIV_ROUND_NEAREST(x, y) (((x) + (y) / 2) / (y))
#ifndef IS_ALIGNED
#define IS_ALIGNED(x, size) (((x) & ((size)-1)) == 0)
#endif
#define IS_ALIGNED_WITH_TYPE(x, type) IS_ALIGNED((uintptr_t)(x), __alignof__(type))
#define ALIGNMENT_IS_OK(at, type) IS_ALIGNED_WITH_TYPE(at, type)

/* True when it does not fit *at; that is undefined then. */
#define ADD_OVERFLOW(a, b, at) __builtin_add_overflow(a, b, at)
#define SUB_OVERFLOW(a, b, at) __builtin_sub_overflow(a, b, at)
#define MUL_OVERFLOW(a, b, at) __builtin_mul_overflow(a, b, at)
#define ROUNDUP_OVERFLOW(x, size, at)                                                              \
    (ADD_OVERFLOW(x, (size)-1, at) || (*(at) = ROUNDDOWN(*(at), size), false))

#ifndef TO_STR
#define KM_TA_TO_STR(x) #x
#define TO_STR(x) KM_TA_TO_STR(x)
#endif
#ifndef CONCAT
#define KM_TA_CONCAT(x, y) x##y
#define CONCAT(x, y) KM_TA_CONCAT(x, y)
#endif

static inline uint64_t __unused reg_pair_to_64(uint32_t high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

static inline void __unused reg_pair_from_64(uint64_t both, uint32_t *high, uint32_t *low)
{
    *high = (uint32_t)(both >> 32);
    *low = (uint32_t)both;
}

#endif
