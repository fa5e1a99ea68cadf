/* SPDX-License-Identifier: Apache-2.0 */
/* Functions beyond those of string.h that sources of TAs use. */
#ifndef KM_TA_STRING_EXT_H
#define KM_TA_STRING_EXT_H

#include <stddef.h>
#include <string.h>

#include <tee_internal_api.h>

#include "compiler.h"

/* They keep to size, end the text where there is room for anything, and return how long it would have become. */
static inline size_t __unused km_ta_strlcpy(char *dst, const char *src, size_t size)
{
    size_t len = strlen(src);
    if (size != 0) {
        size_t kept = len < size ? len : size - 1;
        TEE_MemMove(dst, src, kept);
        dst[kept] = '\0';
    }
    return len;
}

static inline size_t __unused km_ta_strlcat(char *dst, const char *src, size_t size)
{
    const char *end = (const char *)memchr(dst, '\0', size);
    size_t len = end == NULL ? size : (size_t)(end - dst);
    return len + km_ta_strlcpy(dst + len, src, size - len);
}

/* Not every C library has them; where it does, these are used all the same. */
#define strlcpy km_ta_strlcpy
#define strlcat km_ta_strlcat

/* The time does not depend on what is there. */
static inline int __unused consttime_memcmp(const void *a, const void *b, size_t len)
{
    return TEE_MemCompare(a, b, len);
}

static inline int __unused buf_compare_ct(const void *a, const void *b, size_t len)
{
    return TEE_MemCompare(a, b, len);
}

/* Is not left out because nobody reads it again. */
static inline void __unused memzero_explicit(void *at, size_t len)
{
    memset(at, 0, len);
    __asm__ volatile("" : : "r"(at) : "memory");
}

#endif
