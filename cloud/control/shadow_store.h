/* SPDX-License-Identifier: Apache-2.0 */
/* One request to a shadow, over the registry: read, decide, store where nobody else did meanwhile, and again if somebody did. */
#ifndef KM_SHADOW_STORE_H
#define KM_SHADOW_STORE_H

#include "cloud/control/call.h"
#include "cloud/shadow/shadow.h"

#define KM_SHADOW_STORE_TRIES 8 /* against other writers */

/* km_shadow_store_apply: *ret is to be cleared; a rejection is no failure. KM_E_TIMEOUT: others wrote each time. */
km_status km_shadow_store_apply(struct km_call *call, const struct km_shadow_request *request,
                                struct km_shadow_result *ret);

#endif
