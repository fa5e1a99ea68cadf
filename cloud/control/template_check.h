/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KM_TEMPLATE_CHECK_H
#define KM_TEMPLATE_CHECK_H

#include "cloud/control/call.h"

/* km_template_check: whether a template of provisioning is one that can be carried out, whatever values a device brings. */
km_status km_template_check(struct km_call *call, const char *body);

#endif
