/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of a TA for whoever develops it: they go to standard error, which is closed to TAs unless keymoord runs with
 * --ta-stderr. Never for secrets. CFG_TRACE_LEVEL (TRACE_...) decides which are compiled in.
 */
#ifndef KM_TA_TRACE_H
#define KM_TA_TRACE_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "compiler.h"
#include "trace_levels.h"

#ifndef CFG_TRACE_LEVEL
#define CFG_TRACE_LEVEL TRACE_DEBUG
#endif

/* km_ta_trace: one line "D/TA: function:line text"; func may be NULL for the text alone. */
static inline void __unused __printf(4, 5)
    km_ta_trace(const char *func, int line, int level, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) >= 0) {
        if (func != NULL)
            (void)fprintf(stderr, "%c/TA: %s:%d %s\n", "?EIDF"[level], func, line, text);
        else
            (void)fprintf(stderr, "%s\n", text);
    }
    va_end(args);
}

/* km_ta_dump: octets in hex, 16 a line. */
static inline void __unused km_ta_dump(const char *func, int line, const void *bytes, size_t len)
{
    char text[3 * 16 + 1];
    const unsigned char *at = (const unsigned char *)bytes;
    for (size_t i = 0; i < len; i += 16) {
        for (size_t k = 0; k < 16 && i + k < len; k++)
            (void)snprintf(text + 3 * k, 4, " %02x", at[i + k]);
        km_ta_trace(func, line, TRACE_DEBUG, "%s", text);
    }
}

#define KM_TA_TRACE_AT(func, level, ...)                                                           \
    do {                                                                                           \
        if ((level) <= CFG_TRACE_LEVEL)                                                            \
            km_ta_trace(func, __LINE__, level, __VA_ARGS__);                                       \
    } while (0)

#define EMSG(...) KM_TA_TRACE_AT(__func__, TRACE_ERROR, __VA_ARGS__)
#define IMSG(...) KM_TA_TRACE_AT(__func__, TRACE_INFO, __VA_ARGS__)
#define DMSG(...) KM_TA_TRACE_AT(__func__, TRACE_DEBUG, __VA_ARGS__)
#define FMSG(...) KM_TA_TRACE_AT(__func__, TRACE_FLOW, __VA_ARGS__)
#define MSG(...) IMSG(__VA_ARGS__)
#define SMSG(...) EMSG(__VA_ARGS__)
#define INMSG(...) FMSG("> " __VA_ARGS__)
#define OUTMSG(...) FMSG("< " __VA_ARGS__)
#define OUTRMSG(r)                                                                                 \
    do {                                                                                           \
        OUTMSG("r=[%x]", r);                                                                       \
        return r;                                                                                  \
    } while (0)
#define EMSG_RAW(...) KM_TA_TRACE_AT(NULL, TRACE_ERROR, __VA_ARGS__)
#define IMSG_RAW(...) KM_TA_TRACE_AT(NULL, TRACE_INFO, __VA_ARGS__)
#define DMSG_RAW(...) KM_TA_TRACE_AT(NULL, TRACE_DEBUG, __VA_ARGS__)
#define FMSG_RAW(...) KM_TA_TRACE_AT(NULL, TRACE_FLOW, __VA_ARGS__)
#define DHEXDUMP(bytes, len)                                                                       \
    do {                                                                                           \
        if (TRACE_DEBUG <= CFG_TRACE_LEVEL)                                                        \
            km_ta_dump(__func__, __LINE__, bytes, len);                                            \
    } while (0)

#endif
