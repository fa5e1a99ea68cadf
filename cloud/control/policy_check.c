/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/policy_check.h"

#include <string.h>

#include "cloud/policy/policy.h"

km_status km_policy_check(struct km_call *call, const char *document)
{
    KM_AUTO(km_policy_freep) struct km_policy *policy = NULL;
    km_status status = km_policy_compile(&call->err, KM_SLICE_STR(document), &policy);
    if (status == KM_E_MALFORMED || status == KM_E_LIMIT)
        call->exception = KM_X_MALFORMED_POLICY;
    return status;
}
