/* SPDX-License-Identifier: Apache-2.0 */
/* Logging for programs. Libraries never log. */
#ifndef KM_LOG_H
#define KM_LOG_H

#include "common/km_status.h"

enum km_log_level { KM_LOG_ERROR = 3, KM_LOG_WARNING = 4, KM_LOG_INFO = 6, KM_LOG_DEBUG = 7 };

/*
 * km_log_init: name stands before each line (borrowed, must stay). With journal true lines start
 * with "<level>" as journald reads it from stderr, otherwise with the name.
 */
void km_log_init(const char *name, bool journal, enum km_log_level up_to);
/* km_log: one line on stderr, written in one write(2); control characters are replaced. */
void km_log(enum km_log_level level, const char *fmt, ...) KM_PRINTF(2, 3);
/* km_log_err: the failure as one sentence: WHAT: text (status, native). */
void km_log_err(enum km_log_level level, const struct km_err *err, const char *what);

#endif
