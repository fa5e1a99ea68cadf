/* SPDX-License-Identifier: Apache-2.0 */
/* STS: a form goes in, XML comes out. */
#include <string.h>

#include "cloud/control/operations.h"
#include "cloud/control/reply.h"

/* Who has signed: what stands in the ARN behind arn:aws: and the account, and the id. */
struct caller {
    const char *service;
    const char *name;
    const char *id;
};

/* The role goes by its last name, as it does there. */
static struct caller caller_of(struct km_call *call)
{
    const struct km_registry_credential *credential = call->credential;
    if (credential == NULL)
        return (struct caller){"iam", call->principal, call->principal};
    const char *slash = strrchr(credential->role, '/');
    return (struct caller){
        "sts",
        km_call_printf(call, "assumed-role/%s/%s", slash != NULL ? slash + 1 : credential->role,
                       credential->certificate),
        km_call_printf(call, "%s:%s", credential->role_alias, credential->certificate)};
}

static km_status get_caller_identity(struct km_call *call)
{
    const struct caller caller = caller_of(call);
    const char *name = caller.name != NULL ? km_reply_xml(call, caller.name) : NULL;
    const char *id = caller.id != NULL ? km_reply_xml(call, caller.id) : NULL;
    const char *body =
        name == NULL || id == NULL
            ? NULL
            : km_call_printf(call,
                             "<GetCallerIdentityResponse "
                             "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
                             "<GetCallerIdentityResult><Arn>arn:aws:%s::%s:%s</Arn>"
                             "<UserId>%s</UserId><Account>%s</Account></GetCallerIdentityResult>"
                             "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>"
                             "</GetCallerIdentityResponse>",
                             caller.service, call->account, name, id, call->account,
                             call->request_id);
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
