/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that are made here. */
#include <string.h>

#include "cloud/control/certificate.h"
#include "cloud/control/issuer.h"
#include "cloud/control/operations.h"
#include "cloud/registry/registry_claim.h"
#include "cloud/registry/registry_policy.h"
#include "cloud/registry/registry_rule.h"
#include "common/km_file.h"

static km_status issuer_of(struct km_call *call, const struct km_issuer **ret)
{
    *ret = km_control_config(call->control)->issuer;
    if (*ret == NULL)
        return KM_FAIL(&call->err, KM_E_DEAD, "no issuing CA is configured");
    return KM_OK;
}

/* Our own CA is no account's. */
static km_status store(struct km_call *call, const struct km_x509 *device,
                       enum km_certificate_status status, char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    const struct km_registry_certificate_new new = {.mode = KM_CA_SNI_ONLY, .status = status};
    return km_certificate_store(call, device, &new, ret_id);
}

static enum km_certificate_status wanted_status(const struct km_call *call)
{
    return km_call_query_is(call, "setAsActive") ? KM_CERTIFICATE_ACTIVE : KM_CERTIFICATE_INACTIVE;
}

static km_status create_keys(struct km_call *call)
{
    const struct km_issuer *issuer = NULL;
    KM_AUTO(km_x509_clear) struct km_x509 device = {0};
    KM_AUTO(km_issuer_keys_clear) struct km_issuer_keys keys = {0};
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    KM_TRY(issuer_of(call, &issuer));
    KM_TRY(km_issuer_make(&call->err, issuer, call->now_ms, 0, &device, &keys));
    KM_TRY(store(call, &device, wanted_status(call), id));
    KM_AUTO(km_freep) char *pem = km_x509_pem(device.der);
    return km_call_reply(call, json_pack("{s:s*, s:s, s:s, s:{s:s, s:s}}", "certificateArn",
                                         km_call_arn(call, "cert", id), "certificateId", id,
                                         "certificatePem", pem, "keyPair", "PublicKey",
                                         keys.public_pem, "PrivateKey", keys.private_pem));
}

km_status km_certificate_issue(struct km_call *call, const char *request,
                               enum km_certificate_status status, struct km_x509 *device,
                               char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    const struct km_issuer *issuer = NULL;
    KM_TRY(issuer_of(call, &issuer));
    KM_TRY(km_issuer_sign(&call->err, issuer, KM_SLICE_STR(request), call->now_ms, device));
    KM_TRY(km_x509_check_key(&call->err, device));
    return store(call, device, status, ret_id);
}

static km_status create_from_csr(struct km_call *call)
{
    KM_AUTO(km_x509_clear) struct km_x509 device = {0};
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    KM_TRY(km_certificate_issue(call, km_call_text(call, "certificateSigningRequest"),
                                wanted_status(call), &device, id));
    KM_AUTO(km_freep) char *pem = km_x509_pem(device.der);
    return km_call_reply(call, json_pack("{s:s*, s:s, s:s}", "certificateArn",
                                         km_call_arn(call, "cert", id), "certificateId", id,
                                         "certificatePem", pem));
}

/* ---- for devices that ask for theirs ---- */

/* What a temporary certificate may do: come, ask, be provisioned by this template, and hear the answers. */
static const char *claim_policy(struct km_call *call, const char *template)
{
    static const char *const actions[][2] = {{"Publish\",\"iot:Receive", "topic"},
                                             {"Subscribe", "topicfilter"}};
    const char *statements = "";
    for (size_t i = 0; i < KM_ARRAY_LEN(actions) && statements != NULL; i++) {
        const char *arn = km_call_printf(call, "arn:aws:iot:%s:%s:%s/$aws/", call->region,
                                         call->account, actions[i][1]);
        statements = arn == NULL
                         ? NULL
                         : km_call_printf(call,
                                          "%s,{\"Effect\":\"Allow\",\"Action\":[\"iot:%s\"],"
                                          "\"Resource\":[\"%scertificates/create/*\","
                                          "\"%scertificates/create-from-csr/*\","
                                          "\"%sprovisioning-templates/%s/provision/*\"]}",
                                          statements, actions[i][0], arn, arn, arn, template);
    }
    return statements == NULL
               ? NULL
               : km_call_printf(call,
                                "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":"
                                "\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"*\"}%s]}",
                                statements);
}

/* One policy for all of a template's; who has made or changed it himself has decided about it. */
static km_status attach_claim_policy(struct km_call *call, const char *template, const char *id)
{
    const struct km_policy_target target = {.kind = KM_TARGET_CERTIFICATE, .id = id};
    const char *name = km_call_printf(call, "ProvisioningClaim-%s", template);
    const char *document = claim_policy(call, template);
    if (name == NULL || document == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "policy of a claim");
    km_status status = km_registry_policy_create(call->reg, call->account, name, document);
    if (status != KM_E_EXISTS)
        KM_REG(call, status);
    return km_call_registry(call,
                            km_registry_policy_attach(call->reg, call->account, name, &target));
}

static km_status create_claim(struct km_call *call)
{
    const struct km_issuer *issuer = NULL;
    struct km_registry_template template = {0};
    KM_AUTO(km_x509_clear) struct km_x509 device = {0};
    KM_AUTO(km_issuer_keys_clear) struct km_issuer_keys keys = {0};
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    KM_TRY(issuer_of(call, &issuer));
    KM_REG(call, km_registry_template_get(call->reg, call->arena, call->account, call->parts[0],
                                          &template));
    if (template.type != KM_TEMPLATE_FLEET || !template.is_enabled)
        return km_call_fail(call, KM_X_NONE, "template %s is not enabled, or of another type",
                            call->parts[0]);
    KM_TRY(km_issuer_make(&call->err, issuer, call->now_ms, call->now_ms + KM_CLAIM_TEMPORARY_MS,
                          &device, &keys));
    const struct km_registry_certificate_new new = {.der = device.der,
                                                    .mode = KM_CA_SNI_ONLY,
                                                    .not_before_ms = device.not_before_ms,
                                                    .not_after_ms = device.not_after_ms};
    KM_REG(call, km_registry_claim_temporary(call->reg, call->account, &new, id));
    KM_TRY(attach_claim_policy(call, call->parts[0], id));
    KM_AUTO(km_freep) char *pem = km_x509_pem(device.der);
    return km_call_reply(call, json_pack("{s:s, s:s*, s:{s:s, s:s}, s:o}", "certificateId", id,
                                         "certificatePem", pem, "keyPair", "PublicKey",
                                         keys.public_pem, "PrivateKey", keys.private_pem,
                                         "expiration", km_call_time(device.not_after_ms)));
}

static const struct km_operation rows[] = {
    {"CreateProvisioningClaim", KM_SERVICE_IOT, "POST",
     "/provisioning-templates/{templateName}/provisioning-claim", NULL, NULL, NULL, KM_OP_CHANGES,
     create_claim},
    {"CreateKeysAndCertificate", KM_SERVICE_IOT, "POST", "/keys-and-certificate", "setAsActive:b",
     NULL, NULL, KM_OP_CHANGES, create_keys},
    {"CreateCertificateFromCsr", KM_SERVICE_IOT, "POST", "/certificates", "setAsActive:b", NULL,
     "certificateSigningRequest!:s", KM_OP_CHANGES, create_from_csr},
};

const struct km_operations km_iot_issue = {rows, KM_ARRAY_LEN(rows)};
