/* SPDX-License-Identifier: Apache-2.0 */
/* Spellings of the compiler's attributes and builtins that sources of TAs use. */
#ifndef KM_TA_COMPILER_H
#define KM_TA_COMPILER_H

#ifndef __unused
#define __unused __attribute__((unused))
#endif
#ifndef __maybe_unused
#define __maybe_unused __attribute__((unused))
#endif
#ifndef __used
#define __used __attribute__((used))
#endif
#ifndef __deprecated
#define __deprecated __attribute__((deprecated))
#endif
#ifndef __noreturn
#define __noreturn __attribute__((noreturn))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef __cold
#define __cold __attribute__((cold))
#endif
#ifndef __pure
#define __pure __attribute__((pure))
#endif
#ifndef __attr_const
#define __attr_const __attribute__((const))
#endif
#ifndef __must_check
#define __must_check __attribute__((warn_unused_result))
#endif
#ifndef __packed
#define __packed __attribute__((packed))
#endif
#ifndef __aligned
#define __aligned(x) __attribute__((aligned(x)))
#endif
#ifndef __weak
#define __weak __attribute__((weak))
#endif
#ifndef __alias
#define __alias(x) __attribute__((alias(x)))
#endif
#ifndef __section
#define __section(x) __attribute__((section(x)))
#endif
#ifndef __printf
#define __printf(a, b) __attribute__((format(printf, a, b)))
#endif
#ifndef __noprof
#define __noprof __attribute__((no_instrument_function))
#endif
#ifndef fallthrough
#define fallthrough __attribute__((fallthrough))
#endif

#define __compiler_bswap64(x) __builtin_bswap64(x)
#define __compiler_bswap32(x) __builtin_bswap32(x)
#define __compiler_bswap16(x) __builtin_bswap16(x)
#define __compiler_add_overflow(a, b, at) __builtin_add_overflow(a, b, at)
#define __compiler_sub_overflow(a, b, at) __builtin_sub_overflow(a, b, at)
#define __compiler_mul_overflow(a, b, at) __builtin_mul_overflow(a, b, at)
#define __compiler_compare_and_swap(at, old, next)                                                 \
    __atomic_compare_exchange_n(at, old, next, 1, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
#define __compiler_atomic_load(at) __atomic_load_n(at, __ATOMIC_RELAXED)
#define __compiler_atomic_store(at, x) __atomic_store_n(at, x, __ATOMIC_RELAXED)

#endif
