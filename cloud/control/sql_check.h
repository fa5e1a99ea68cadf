/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a text is a rule's SQL. */
#ifndef KM_SQL_CHECK_H
#define KM_SQL_CHECK_H

#include "cloud/control/call.h"

/* km_sql_check: *ret_filter is the topic filter, in the arena. SQL that is none is a SqlParseException that names the place. */
km_status km_sql_check(struct km_call *call, const char *sql, const char *version,
                       const char **ret_filter);
/* km_sql_check_topic: whether text is one with ${...} for a republish action's topic. */
km_status km_sql_check_topic(struct km_call *call, const char *text);

#endif
