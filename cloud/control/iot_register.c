/* SPDX-License-Identifier: Apache-2.0 */
/* A thing with all that belongs to it, as a template says. */
#include "cloud/control/certificate.h"
#include "cloud/control/operations.h"
#include "cloud/control/x509.h"
#include "cloud/provision/carry_out.h"
#include "common/km_file.h"

static km_status read_parameters(struct km_call *call, struct km_template_pair **ret, size_t *ret_n)
{
    json_t *given = km_call_member(call, "parameters");
    const char *name = NULL;
    json_t *value = NULL;
    size_t n = 0;
    struct km_template_pair *pairs =
        km_arena_array(call->arena, json_object_size(given) + 1, sizeof(*pairs));
    if (pairs == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "parameters of a template");
    json_object_foreach(given, name, value)
    {
        if (!json_is_string(value))
            return km_call_fail(call, KM_X_NONE, "parameter %s is no text", name);
        pairs[n++] = (struct km_template_pair){.name = name, .value = json_string_value(value)};
    }
    *ret = pairs;
    *ret_n = n;
    return KM_OK;
}

static km_status read_plan(struct km_call *call, struct km_template_plan *ret)
{
    struct km_template_pair *pairs = NULL;
    size_t n = 0;
    KM_TRY(read_parameters(call, &pairs, &n));
    km_status status = km_template_resolve(
        &call->err, call->arena, KM_SLICE_STR(km_call_text(call, "templateBody")), pairs, n, ret);
    if (status == KM_E_NOTFOUND || status == KM_E_LIMIT) /* of something in it */
        call->exception = KM_X_INVALID_REQUEST;
    return status;
}

static km_status carry_out(struct km_call *call, const struct km_template_plan *plan)
{
    km_status status = km_provision_carry_out(&call->err, call->reg, call->account, plan);
    if (status != KM_OK && km_exception_form(km_exception_of(KM_SERVICE_IOT, status))->status < 500)
        call->exception = KM_X_RESOURCE_REGISTRATION;
    return status;
}

/* By what the resources are called in the template. */
static json_t *arns_of(struct km_call *call, const struct km_template_plan *plan)
{
    json_t *arns = json_pack("{s:s}", plan->certificate_resource,
                             km_call_arn(call, "cert", plan->certificate_id));
    if (plan->thing != NULL)
        (void)json_object_set_new(arns, plan->thing_resource,
                                  json_string(km_call_arn(call, "thing", plan->thing)));
    for (size_t i = 0; i < plan->n_policies; i++) {
        char room[KM_CERTIFICATE_ID_LEN + 1] = "";
        const char *name = km_provision_policy_name(&plan->policies[i], room);
        (void)json_object_set_new(arns, plan->policies[i].resource,
                                  json_string(km_call_arn(call, "policy", name)));
    }
    return arns;
}

/* A certificate that is not registered yet is now, in the transaction of the rest, which gives it its status. */
static km_status find_certificate(struct km_call *call, struct km_template_plan *plan,
                                  char room[KM_CERTIFICATE_ID_LEN + 1])
{
    KM_AUTO(km_x509_clear) struct km_x509 device = {0};
    if (plan->certificate_request != NULL)
        KM_TRY(km_certificate_issue(call, plan->certificate_request, KM_CERTIFICATE_INACTIVE,
                                    &device, room));
    else if (plan->certificate_pem != NULL)
        KM_TRY(km_certificate_register(call, plan->certificate_pem, plan->ca_pem,
                                       KM_CERTIFICATE_INACTIVE, room));
    if (room[0] != '\0')
        plan->certificate_id = room;
    return KM_OK;
}

static km_status register_thing(struct km_call *call)
{
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct km_template_plan plan = {0};
    struct km_registry_certificate certificate = {0};
    KM_TRY(read_plan(call, &plan));
    KM_TRY(find_certificate(call, &plan, id));
    KM_TRY(carry_out(call, &plan));
    KM_TRY(km_certificate_get(call, plan.certificate_id, &certificate));
    KM_AUTO(km_freep) char *pem = km_x509_pem(certificate.der);
    return km_call_reply(
        call, json_pack("{s:s, s:o}", "certificatePem", pem, "resourceArns", arns_of(call, &plan)));
}

static const struct km_operation rows[] = {
    {"RegisterThing", KM_SERVICE_IOT, "POST", "/things", NULL, NULL, "templateBody!:s parameters:o",
     KM_OP_CHANGES, register_thing},
};

const struct km_operations km_iot_register = {rows, KM_ARRAY_LEN(rows)};
