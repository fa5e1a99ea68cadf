/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of sli_test tell the person before it, and the clock that they wait by. */
#ifndef SAY_H
#define SAY_H

#include <stdint.h>

/* say_error: one line on standard error, behind the program's name. Answers -1, so that a caller can return it. */
__attribute__((format(printf, 1, 2))) int say_error(const char *format, ...);

/* now_ms: of a clock that nobody sets. */
int64_t now_ms(void);

#endif
