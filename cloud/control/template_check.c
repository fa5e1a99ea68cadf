/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/template_check.h"

#include <string.h>

#include "cloud/provision/template.h"

km_status km_template_check(struct km_call *call, const char *body)
{
    struct km_template_plan plan = {0};
    km_status status = km_template_try(&call->err, call->arena, KM_SLICE_STR(body), &plan);
    if (status == KM_E_NOTFOUND || status == KM_E_LIMIT) /* of something in it */
        call->exception = KM_X_INVALID_REQUEST;
    KM_TRY(status);
    if (plan.certificate_request != NULL || plan.certificate_pem != NULL)
        return km_call_fail(call, KM_X_NONE,
                            "a template for devices that bring their certificate has its "
                            "CertificateId");
    return KM_OK;
}
