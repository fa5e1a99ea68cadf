/* SPDX-License-Identifier: Apache-2.0 */
/* Registration code and CA certificates. */
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/control/ca_check.h"
#include "cloud/control/certificate.h"
#include "cloud/control/operations.h"
#include "cloud/control/tags.h"
#include "common/km_file.h"

/* ---- registration code ---- */

static km_status get_registration_code(struct km_call *call)
{
    char code[KM_REGISTRATION_CODE_LEN + 1] = {0};
    KM_REG(call, km_registry_registration_code(call->reg, call->account, code));
    return km_call_reply(call, json_pack("{s:s}", "registrationCode", code));
}

static km_status delete_registration_code(struct km_call *call)
{
    KM_REG(call, km_registry_registration_code_delete(call->reg, call->account));
    return km_call_reply(call, json_object());
}

/* ---- register ---- */

static km_status check(struct km_call *call, struct km_ca_candidate *candidate)
{
    bool has_proof = candidate->proof_pem.ptr != NULL;
    if (has_proof)
        KM_REG(call, km_registry_registration_code(call->reg, call->account, candidate->code));
    for (size_t i = 0; i < KM_CA_CHECKS; i++) {
        const struct km_ca_check *row = &km_ca_checks[i];
        if ((row->flags & KM_CA_CHECK_PROOF) != 0 && !has_proof)
            continue;
        km_status status = km_certificate_invalid(call, row->run(&call->err, candidate));
        if (status != KM_OK && row->exception != KM_X_NONE)
            call->exception = row->exception;
        KM_TRY(status);
    }
    return KM_OK;
}

static km_status check_mode(struct km_call *call, enum km_ca_mode *ret)
{
    const char *mode = km_call_text(call, "certificateMode");
    const char *proof = km_call_text(call, "verificationCertificate");
    bool is_sni_only = mode != NULL && strcmp(mode, "SNI_ONLY") == 0;
    if (mode != NULL && !is_sni_only && strcmp(mode, "DEFAULT") != 0)
        return km_call_fail(call, KM_X_NONE, "certificateMode must be DEFAULT or SNI_ONLY");
    if (is_sni_only && proof != NULL)
        return km_call_fail(call, KM_X_NONE,
                            "verificationCertificate must be absent in mode SNI_ONLY");
    if (!is_sni_only && proof == NULL)
        return km_call_fail(call, KM_X_NONE,
                            "verificationCertificate must be there in mode DEFAULT");
    *ret = is_sni_only ? KM_CA_SNI_ONLY : KM_CA_DEFAULT;
    return KM_OK;
}

/* registrationConfig as the registry keeps it: its JSON text in the arena. *ret NULL: there is none. */
static km_status registration_config(struct km_call *call, const char **ret)
{
    const json_t *config = km_call_member(call, "registrationConfig");
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    static const char *const names[] = {"templateBody", "roleArn", "templateName"};
    *ret = NULL;
    if (config == NULL)
        return KM_OK;
    for (size_t i = 0; i < KM_ARRAY_LEN(names); i++) {
        const json_t *member = json_object_get(config, names[i]);
        if (member != NULL && !json_is_string(member))
            return km_call_fail(call, KM_X_NONE, "registrationConfig.%s must be a text", names[i]);
    }
    const char *body = json_string_value(json_object_get(config, "templateBody"));
    if (body != NULL && json_object_get(config, "templateName") != NULL)
        return km_call_fail(call, KM_X_NONE,
                            "registrationConfig has templateBody or templateName, not both");
    if (body != NULL) {
        KM_AUTO(km_json_unref) json_t *template = NULL;
        KM_TRY(km_json_object(&call->err, KM_SLICE_STR(body), KM_CALL_JSON_DEPTH_MAX, &template));
    }
    KM_TRY(km_json_print(&call->err, config, KM_REGISTRATION_CONFIG_MAX, &text));
    *ret = km_arena_text(call->arena, KM_SLICE(text.ptr, text.len));
    return *ret != NULL ? KM_OK : KM_FAIL(&call->err, KM_E_NOMEM, "registrationConfig");
}

static km_status already_there(struct km_call *call, const char *id)
{
    km_call_tell_more(call, json_pack("{s:s, s:s*}", "resourceId", id, "resourceArn",
                                      km_call_arn(call, "cacert", id)));
    return km_call_fail(call, KM_X_RESOURCE_ALREADY_EXISTS,
                        "the CA certificate is already registered");
}

static km_status register_ca(struct km_call *call)
{
    const char *proof = km_call_text(call, "verificationCertificate");
    KM_AUTO(km_ca_candidate_clear)
    struct km_ca_candidate candidate = {
        .crypto = km_control_crypto(call->control),
        .now_ms = call->now_ms,
        .ca_pem = KM_SLICE_STR(km_call_text(call, "caCertificate")),
        .proof_pem = proof != NULL ? KM_SLICE_STR(proof) : (struct km_slice){0},
    };
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct km_registry_ca_new new = {
        .is_active = km_call_query_is(call, "setAsActive"),
        .has_auto_registration = km_call_query_is(call, "allowAutoRegistration"),
    };
    KM_TRY(check_mode(call, &new.mode));
    KM_TRY(registration_config(call, &new.registration_config));
    KM_TRY(check(call, &candidate));
    new.der = candidate.ca.der;
    new.subject = candidate.ca.subject;
    new.not_before_ms = candidate.ca.not_before_ms;
    new.not_after_ms = candidate.ca.not_after_ms;
    km_status status = km_registry_ca_register(call->reg, call->account, &new, id);
    if (status == KM_E_EXISTS)
        return already_there(call, id);
    KM_REG(call, status);
    KM_TRY(km_tags_keep(call, KM_TAGGED_CA, id, km_call_query(call, "tags")));
    return km_call_reply(call, json_pack("{s:s*, s:s}", "certificateArn",
                                         km_call_arn(call, "cacert", id), "certificateId", id));
}

/* ---- describe, list ---- */

static const char *ca_status(const struct km_registry_ca *ca)
{
    return ca->is_active ? "ACTIVE" : "INACTIVE";
}

static json_t *description(struct km_call *call, const struct km_registry_ca *ca)
{
    KM_AUTO(km_freep) char *pem = km_x509_pem(ca->der);
    return json_pack(
        "{s:s*, s:s, s:s, s:s*, s:s, s:o, s:s, s:o, s:I, s:s, s:{s:o, s:o}, s:s}", "certificateArn",
        km_call_arn(call, "cacert", ca->id), "certificateId", ca->id, "status", ca_status(ca),
        "certificatePem", pem, "ownedBy", ca->account, "creationDate", km_call_time(ca->created_ms),
        "autoRegistrationStatus", ca->has_auto_registration ? "ENABLE" : "DISABLE",
        "lastModifiedDate", km_call_time(ca->modified_ms), "customerVersion",
        (json_int_t)ca->customer_version, "generationId", ca->generation_id, "validity",
        "notBefore", km_call_time(ca->not_before_ms), "notAfter", km_call_time(ca->not_after_ms),
        "certificateMode", ca->mode == KM_CA_SNI_ONLY ? "SNI_ONLY" : "DEFAULT");
}

static km_status describe_ca(struct km_call *call)
{
    struct km_registry_ca ca = {0};
    json_t *config = NULL;
    KM_REG(call, km_registry_ca_get(call->reg, call->arena, call->account, call->parts[0], &ca));
    if (ca.registration_config != NULL)
        KM_TRY(km_json_object(&call->err, KM_SLICE_STR(ca.registration_config),
                              KM_CALL_JSON_DEPTH_MAX, &config));
    return km_call_reply(call, json_pack("{s:o, s:o*}", "certificateDescription",
                                         description(call, &ca), "registrationConfig", config));
}

static km_status list_cas(struct km_call *call)
{
    struct km_registry_page page = {0};
    struct km_registry_ca_list list = {0};
    KM_TRY(km_call_page(call, "marker", "pageSize", &page));
    KM_REG(call, km_registry_ca_list(call->reg, call->arena, call->account, &page, &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++) {
        const struct km_registry_ca *ca = &list.items[i];
        (void)json_array_append_new(
            items, json_pack("{s:s*, s:s, s:s, s:o}", "certificateArn",
                             km_call_arn(call, "cacert", ca->id), "certificateId", ca->id, "status",
                             ca_status(ca), "creationDate", km_call_time(ca->created_ms)));
    }
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "certificates", items, "nextMarker", list.next));
}

/* ---- update, delete ---- */

/* pick: which of two words a parameter is; *ret_is_there false without it. */
static km_status pick(struct km_call *call, const char *name, const char *yes, const char *no,
                      bool *ret, bool *ret_is_there)
{
    const char *text = km_call_query(call, name);
    *ret_is_there = text != NULL;
    if (text == NULL)
        return KM_OK;
    *ret = strcmp(text, yes) == 0;
    if (!*ret && strcmp(text, no) != 0)
        return km_call_fail(call, KM_X_NONE, "%s must be %s or %s", name, yes, no);
    return KM_OK;
}

static km_status update_ca(struct km_call *call)
{
    bool is_active = false;
    bool sets_active = false;
    bool is_auto = false;
    bool sets_auto = false;
    struct km_registry_ca_update update = {
        .removes_registration_config = km_call_is(call, "removeAutoRegistration"),
    };
    KM_TRY(pick(call, "newStatus", "ACTIVE", "INACTIVE", &is_active, &sets_active));
    KM_TRY(pick(call, "newAutoRegistrationStatus", "ENABLE", "DISABLE", &is_auto, &sets_auto));
    KM_TRY(registration_config(call, &update.registration_config));
    update.is_active = sets_active ? &is_active : NULL;
    update.has_auto_registration = sets_auto ? &is_auto : NULL;
    KM_REG(call, km_registry_ca_update(call->reg, call->account, call->parts[0], &update));
    return KM_OK;
}

static km_status delete_ca(struct km_call *call)
{
    KM_TRY(km_call_as(call, km_registry_ca_delete(call->reg, call->account, call->parts[0]),
                      KM_E_STATE, KM_X_CERTIFICATE_STATE));
    return km_call_reply(call, json_object());
}

#define CA_ID "/cacertificate/{caCertificateId}"

static const struct km_operation rows[] = {
    /* The code is made when it is first asked for. */
    {"GetRegistrationCode", KM_SERVICE_IOT, "GET", "/registrationcode", NULL, NULL, NULL,
     KM_OP_CHANGES, get_registration_code},
    {"DeleteRegistrationCode", KM_SERVICE_IOT, "DELETE", "/registrationcode", NULL, NULL, NULL,
     KM_OP_CHANGES, delete_registration_code},
    {"RegisterCACertificate", KM_SERVICE_IOT, "POST", "/cacertificate",
     "setAsActive:b allowAutoRegistration:b tags:s", NULL,
     "caCertificate!:s verificationCertificate:s registrationConfig:o tags:a certificateMode:s",
     KM_OP_CHANGES, register_ca},
    {"DescribeCACertificate", KM_SERVICE_IOT, "GET", CA_ID, NULL, NULL, NULL, 0, describe_ca},
    {"UpdateCACertificate", KM_SERVICE_IOT, "PUT", CA_ID, "newStatus:s newAutoRegistrationStatus:s",
     NULL, "registrationConfig:o removeAutoRegistration:b", KM_OP_CHANGES, update_ca},
    {"ListCACertificates", KM_SERVICE_IOT, "GET", "/cacertificates",
     "pageSize:i marker:s isAscendingOrder:b", NULL, NULL, 0, list_cas},
    {"DeleteCACertificate", KM_SERVICE_IOT, "DELETE", CA_ID, NULL, NULL, NULL, KM_OP_CHANGES,
     delete_ca},
};

const struct km_operations km_iot_ca = {rows, KM_ARRAY_LEN(rows)};
