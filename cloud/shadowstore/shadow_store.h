/* SPDX-License-Identifier: Apache-2.0 */
/* One request to a shadow, over the registry: read, decide, store where nobody else did meanwhile, and again if somebody did. */
#ifndef KM_SHADOW_STORE_H
#define KM_SHADOW_STORE_H

#include "cloud/registry/registry.h"
#include "cloud/shadow/shadow.h"

#define KM_SHADOW_STORE_TRIES 8 /* against other writers */

/*
 * km_shadow_store_apply: km_shadow_apply over the account's row, and what it says is stored. A rejection is no failure; *ret, for
 * km_shadow_result_clear, is written on success alone. KM_E_TIMEOUT also when others wrote each time. Blocks as the registry does.
 */
km_status km_shadow_store_apply(struct km_err *err, struct km_registry *reg, const char *account,
                                const struct km_shadow_request *request,
                                struct km_shadow_result *ret);

#endif
