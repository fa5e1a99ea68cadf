/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/runtime/internal.h"

#include <stdlib.h>

static const char *reason = "";

void km_rt_panic(TEE_Result code, const char *why)
{
    reason = why;
    km_rt_ssl_quiet();
    if (km_rt.config.host.panic != NULL)
        km_rt.config.host.panic(km_rt.config.host.arg, code);
    abort();
}

const char *km_rt_panic_reason(void)
{
    return reason;
}

void TEE_Panic(TEE_Result panicCode)
{
    km_rt_panic(panicCode, "TEE_Panic was called");
}
