/* SPDX-License-Identifier: Apache-2.0 */
/* How much a TA says, see trace.h. */
#ifndef KM_TA_TRACE_LEVELS_H
#define KM_TA_TRACE_LEVELS_H

#define TRACE_MIN 1
#define TRACE_ERROR TRACE_MIN
#define TRACE_INFO 2
#define TRACE_DEBUG 3
#define TRACE_FLOW 4
#define TRACE_MAX TRACE_FLOW

#endif
