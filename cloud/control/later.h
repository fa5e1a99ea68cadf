/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that are answered later, from the loop: what their answer and their audit event need of them. */
#ifndef KM_LATER_H
#define KM_LATER_H

#include "cloud/control/call.h"

struct km_later;

/* km_later_new: the call's operation returns KM_OK next, and km_later_finish is called once. Returns owned. */
km_status km_later_new(struct km_call *call, struct km_later **ret);
/* km_later_finish: fill sets the answer as an operation does; then it is sent, and later is freed. */
void km_later_finish(struct km_later *later, km_status (*fill)(struct km_call *call, void *arg),
                     void *arg);
/* km_later_drop: the server is gone: nothing is sent. NULL is allowed. */
void km_later_drop(struct km_later *later);

#endif
