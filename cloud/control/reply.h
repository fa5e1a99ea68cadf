/* SPDX-License-Identifier: Apache-2.0 */
/* From how a call ended to what is sent: JSON, or STS's XML. */
#ifndef KM_REPLY_H
#define KM_REPLY_H

#include "cloud/control/call.h"

/* km_reply_exception: what a failed call is called. km_reply_status: the HTTP status of a call that ended so. */
enum km_exception km_reply_exception(const struct km_call *call, km_status status);
unsigned km_reply_status(const struct km_call *call, km_status status);
/* km_reply_send: answers the call's exchange. */
void km_reply_send(struct km_call *call, km_status status);
/* km_reply_xml: text as XML has it, in the arena; NULL when memory is short. */
const char *km_reply_xml(struct km_call *call, const char *text);

#endif
