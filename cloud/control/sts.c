/* SPDX-License-Identifier: Apache-2.0 */
/* STS: a form goes in, XML comes out. */
#include <string.h>

#include "cloud/control/operations.h"
#include "cloud/control/reply.h"

static km_status get_caller_identity(struct km_call *call)
{
    const char *principal = km_reply_xml(call, call->principal);
    const char *body =
        principal == NULL
            ? NULL
            : km_call_printf(call,
                             "<GetCallerIdentityResponse "
                             "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                             "<GetCallerIdentityResult><Arn>arn:aws:iam::%s:%s</Arn>"
                             "<UserId>%s</UserId><Account>%s</Account></GetCallerIdentityResult>"
                             "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>"
                             "</GetCallerIdentityResponse>",
                             call->account, principal, principal, call->account, call->request_id);
    if (body == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "answer");
    call->raw = KM_SLICE_STR(body);
    return KM_OK;
}

static km_status by_action(struct km_call *call)
{
    struct km_slice action = {0};
    if (!km_target_parameter(call->request->body, "Action", &action) ||
        !km_slice_equal(action, KM_SLICE_STR("GetCallerIdentity")))
        return km_call_fail(call, KM_X_UNKNOWN_OPERATION, "there is no such action");
    return get_caller_identity(call);
}

static const struct km_operation rows[] = {
    {"GetCallerIdentity", KM_SERVICE_STS, "POST", "/", NULL, NULL, NULL, 0, by_action},
};

const struct km_operations km_sts = {rows, KM_ARRAY_LEN(rows)};
