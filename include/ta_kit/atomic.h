/* SPDX-License-Identifier: Apache-2.0 */
/* What several sessions or threads may do to a number at a time. */
#ifndef KM_TA_ATOMIC_H
#define KM_TA_ATOMIC_H

#include "compiler.h"
#include "types_ext.h"

/* They return the number as it is afterwards. */
static inline uint32_t __unused atomic_inc32(volatile uint32_t *at)
{
    return __atomic_add_fetch(at, 1, __ATOMIC_SEQ_CST);
}

static inline uint32_t __unused atomic_dec32(volatile uint32_t *at)
{
    return __atomic_sub_fetch(at, 1, __ATOMIC_SEQ_CST);
}

/* True: it was *old and is next now. False: *old becomes what it is. It may fail for no reason: call it in a loop. */
static inline bool __unused atomic_cas_uint(unsigned int *at, unsigned int *old, unsigned int next)
{
    return __compiler_compare_and_swap(at, old, next);
}

static inline bool __unused atomic_cas_u32(uint32_t *at, uint32_t *old, uint32_t next)
{
    return __compiler_compare_and_swap(at, old, next);
}

#define KM_TA_ATOMIC(name, type)                                                                   \
    static inline type __unused atomic_load_##name(const type *at)                                 \
    {                                                                                              \
        return __compiler_atomic_load(at);                                                         \
    }                                                                                              \
    static inline void __unused atomic_store_##name(type *at, type x)                              \
    {                                                                                              \
        __compiler_atomic_store(at, x);                                                            \
    }

KM_TA_ATOMIC(short, short)
KM_TA_ATOMIC(int, int)
KM_TA_ATOMIC(uint, unsigned int)
KM_TA_ATOMIC(u32, uint32_t)

#endif
