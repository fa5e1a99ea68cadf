/* SPDX-License-Identifier: Apache-2.0 */
#include "common/km_say.h"

#include <stdarg.h>
#include <stdio.h>

int km_say(int ret, const char *program, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)fprintf(stderr, "%s: ", program);
    (void)vfprintf(stderr, fmt, args);
    (void)fputc('\n', stderr);
    va_end(args);
    return ret;
}
