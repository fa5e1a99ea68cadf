/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sources written for other kits count on without including it; keymoor_add_ta(... HEADER_DEFINES DIR) puts it before
 * each of them.
 */
#ifndef KM_TA_PRELUDE_H
#define KM_TA_PRELUDE_H

#include "compiler.h"
#include "trace.h"

/*
 * Where other kits load a TA. Sources that hand handles to the client as distances from it get the handles themselves:
 * nothing here has the name, so its address is 0.
 */
extern const void *ta_head __attribute__((weak));

#endif
