/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/device_rights.h"

#include <string.h>

#include <openssl/err.h>

#include "cloud/admission/trust.h"
#include "cloud/control/certificate.h"

#define MS_PER_S 1000
#define PARTITION "aws"

/* ---- who ---- */

km_status km_device_look(struct km_call *call, struct km_slice der)
{
    (void)ERR_set_mark();
    KM_AUTO(km_trust_freep) X509 *x509 = km_trust_parse(der);
    const char *why = x509 != NULL ? km_trust_look(x509) : "its certificate can't be read";
    (void)ERR_pop_to_mark();
    return why != NULL ? km_call_forbid(call, why) : KM_OK;
}

km_status km_device_check_active(struct km_call *call, const struct km_facts *facts)
{
    if (facts->status == KM_CERTIFICATE_ACTIVE)
        return KM_OK;
    return km_call_forbid(call, km_call_printf(call, "its certificate is %s",
                                               km_certificate_status_name(facts->status)));
}

km_status km_device_bind(struct km_call *call, const struct km_device_who *who,
                         struct km_facts *facts, struct km_policy_bound **ret)
{
    const struct km_rights_place place = {
        .partition = PARTITION, .region = call->region, .account = who->reader->account};
    const struct km_rights_visit how = {.address = call->request->address};
    struct km_err err = {0};
    km_status status = km_facts_read_rights(&err, who->reader, who->certificate, NULL, facts);
    if (status == KM_OK)
        status = km_cert_values_read(&err, who->der, &facts->values);
    if (status == KM_OK)
        status = km_rights_bind(&err, &place, facts, &how, ret);
    if (status == KM_E_MALFORMED || status == KM_E_LIMIT)
        return km_call_forbid(call, err.text);
    return status == KM_OK ? KM_OK : KM_FAIL(&call->err, status, "%s", err.text);
}

/* ---- what ---- */

/* What is open to devices, and as what their policies have it. */
static const struct open {
    const char *operation;
    enum km_policy_action action;
    enum km_policy_resource kind; /* KM_POLICY_WHOLE: of everything there is */
    bool has_shadow;              /* a named one is a resource below its thing */
} opens[] = {
    {"Publish", KM_POLICY_PUBLISH, KM_POLICY_TOPIC, false},
    {"GetThingShadow", KM_POLICY_GET_THING_SHADOW, KM_POLICY_THING, true},
    {"UpdateThingShadow", KM_POLICY_UPDATE_THING_SHADOW, KM_POLICY_THING, true},
    {"DeleteThingShadow", KM_POLICY_DELETE_THING_SHADOW, KM_POLICY_THING, true},
    {"ListNamedShadowsForThing", KM_POLICY_LIST_NAMED_SHADOWS_FOR_THING, KM_POLICY_THING, false},
    {"GetRetainedMessage", KM_POLICY_GET_RETAINED_MESSAGE, KM_POLICY_TOPIC, false},
    {"ListRetainedMessages", KM_POLICY_LIST_RETAINED_MESSAGES, KM_POLICY_WHOLE, false},
    {"DescribeJobExecution", KM_POLICY_DESCRIBE_JOB_EXECUTION, KM_POLICY_THING, false},
    {"GetPendingJobExecutions", KM_POLICY_GET_PENDING_JOB_EXECUTIONS, KM_POLICY_THING, false},
    {"StartNextPendingJobExecution", KM_POLICY_START_NEXT_PENDING_JOB_EXECUTION, KM_POLICY_THING,
     false},
    {"UpdateJobExecution", KM_POLICY_UPDATE_JOB_EXECUTION, KM_POLICY_THING, false},
    {"AssumeRoleWithCertificate", KM_POLICY_ASSUME_ROLE_WITH_CERTIFICATE, KM_POLICY_ROLE_ALIAS,
     false},
};

static km_status ask(struct km_call *call, const struct km_policy_bound *bound,
                     enum km_policy_action action, enum km_policy_resource kind, const char *name)
{
    char reason[KM_RIGHTS_REASON_CAP] = "";
    const struct km_policy_request request = {.action = action,
                                              .kind = kind,
                                              .name = KM_SLICE_STR(name),
                                              .now_s = call->now_ms / MS_PER_S};
    if (km_rights_ask(bound, &request, reason))
        return KM_OK;
    return kind == KM_POLICY_ROLE_ALIAS
               ? km_call_hide(call, KM_X_ACCESS_DENIED, "Access Denied", reason)
               : km_call_forbid(call, reason);
}

/* What no policy can allow, and a retained message. */
static km_status permit_publish(struct km_call *call, const struct km_policy_bound *bound,
                                const char *topic)
{
    bool is_retained = km_call_query_is(call, "retain");
    if (!km_rights_is_open(KM_SLICE_STR(topic)) || (topic[0] == '$' && is_retained))
        return km_call_forbid(call, km_call_printf(call, "the topic %s is reserved", topic));
    return is_retained ? ask(call, bound, KM_POLICY_RETAIN_PUBLISH, KM_POLICY_TOPIC, topic) : KM_OK;
}

static const char *name_of(struct km_call *call, const struct open *open)
{
    const char *shadow = open->has_shadow ? km_call_query(call, "name") : NULL;
    if (open->kind == KM_POLICY_WHOLE)
        return "*";
    return shadow != NULL ? km_call_printf(call, "%s/%s", call->parts[0], shadow) : call->parts[0];
}

km_status km_device_permit(struct km_call *call, const struct km_policy_bound *bound)
{
    bool is_served = (KM_DEVICE_SERVICES & 1u << call->op->service) != 0;
    for (size_t i = 0; is_served && i < KM_ARRAY_LEN(opens); i++) {
        if (strcmp(opens[i].operation, call->op->name) != 0)
            continue;
        const char *name = name_of(call, &opens[i]);
        if (name == NULL)
            return KM_FAIL(&call->err, KM_E_NOMEM, "name of a resource");
        KM_TRY(ask(call, bound, opens[i].action, opens[i].kind, name));
        return opens[i].action == KM_POLICY_PUBLISH ? permit_publish(call, bound, name) : KM_OK;
    }
    return km_call_fail(call, KM_X_ACCESS_DENIED, "%s is not open to devices", call->op->name);
}

/* ---- by a signature ---- */

struct signed_call {
    struct km_facts *facts;
    struct km_policy_bound *bound;
};

static void signed_call_clear(struct signed_call *of)
{
    km_policy_bound_free(of->bound);
    km_facts_free(of->facts);
}

static km_status bind_signed(struct km_call *call, struct signed_call *of)
{
    struct km_registry_certificate certificate = {0};
    struct km_device_who who = {.reader = km_control_reader(call->control, call->account),
                                .certificate = call->credential->certificate};
    KM_TRY(km_facts_read_state(&call->err, who.reader, who.certificate, &of->facts));
    if (!of->facts->is_known)
        return km_call_forbid(call, "its certificate is not registered");
    KM_TRY(km_device_check_active(call, of->facts));
    KM_TRY(km_certificate_get(call, who.certificate, &certificate));
    who.der = certificate.der;
    KM_TRY(km_device_look(call, who.der));
    return km_device_bind(call, &who, of->facts, &of->bound);
}

km_status km_device_permit_signed(struct km_call *call)
{
    KM_AUTO(signed_call_clear) struct signed_call of = {0};
    KM_TRY(bind_signed(call, &of));
    KM_TRY(ask(call, of.bound, KM_POLICY_ASSUME_ROLE_WITH_CERTIFICATE, KM_POLICY_ROLE_ALIAS,
               call->credential->role_alias));
    return call->op->service == KM_SERVICE_STS ? KM_OK : km_device_permit(call, of.bound);
}
