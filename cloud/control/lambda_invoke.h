/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of functions that the control plane waits for. */
#ifndef KM_LAMBDA_INVOKE_H
#define KM_LAMBDA_INVOKE_H

#include "cloud/control/control.h"

/* All that wait, in a list that the control plane holds. */
struct km_invocation;

/* km_invocations_drop: the control plane ends. */
void km_invocations_drop(struct km_invocation **list);

#endif
