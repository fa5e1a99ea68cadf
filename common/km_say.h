/* SPDX-License-Identifier: Apache-2.0 */
/* What a command says when it can't go on. */
#ifndef KM_SAY_H
#define KM_SAY_H

#include "common/km_status.h"

/* km_say: "PROGRAM: sentence" and a newline on stderr. Returns ret, the status to exit with. */
int km_say(int ret, const char *program, const char *fmt, ...) KM_PRINTF(3, 4);

#endif
