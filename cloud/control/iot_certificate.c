/* SPDX-License-Identifier: Apache-2.0 */
/* Device certificates: register, describe, list, update, delete. */
#include <string.h>

#include "cloud/control/certificate.h"
#include "cloud/control/inputs.h"
#include "cloud/control/operations.h"
#include "common/km_file.h"

km_status km_certificate_invalid(struct km_call *call, km_status status)
{
    if (status == KM_E_MALFORMED || status == KM_E_AUTH)
        call->exception = KM_X_CERTIFICATE_VALIDATION;
    return status;
}

km_status km_certificate_get(struct km_call *call, const char *id,
                             struct km_registry_certificate *ret)
{
    return km_call_registry(
        call, km_registry_certificate_get(call->reg, call->arena, call->account, id, ret));
}

km_status km_certificate_principal(struct km_call *call, const char *arn, const char **ret_id)
{
    const char *id = km_call_arn_name(call, arn, "cert");
    if (id == NULL || !km_inputs_name_is("certificateId", id))
        return km_call_fail(call, KM_X_NONE,
                            "the principal is not the ARN of a certificate of this account");
    *ret_id = id;
    return KM_OK;
}

/* ---- register ---- */

/* The status that is asked for: by the body, or by setAsActive; INACTIVE without either. */
static km_status wanted_status(struct km_call *call, enum km_certificate_status *ret)
{
    const char *text = km_call_text(call, "status");
    *ret = km_call_query_is(call, "setAsActive") ? KM_CERTIFICATE_ACTIVE : KM_CERTIFICATE_INACTIVE;
    if (text == NULL)
        return KM_OK;
    if (!km_certificate_status_parse(text, ret) ||
        (*ret != KM_CERTIFICATE_ACTIVE && *ret != KM_CERTIFICATE_INACTIVE &&
         *ret != KM_CERTIFICATE_REVOKED))
        return km_call_fail(call, KM_X_NONE, "status must be ACTIVE, INACTIVE or REVOKED");
    return KM_OK;
}

static km_status read_certificate(struct km_call *call, const char *pem, struct km_x509 *ret)
{
    return km_certificate_invalid(
        call, km_x509_read(&call->err, km_control_crypto(call->control), KM_SLICE_STR(pem), ret));
}

/* given_ca: the CA that the caller names as the issuer; it has to be registered. */
static km_status given_ca(struct km_call *call, const struct km_x509 *device, const char *ca_pem,
                          const char **ret)
{
    KM_AUTO(km_x509_clear) struct km_x509 ca = {0};
    struct km_registry_ca found = {0};
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    KM_TRY(read_certificate(call, ca_pem, &ca));
    km_registry_certificate_id(ca.der, id);
    KM_TRY(km_call_as(call, km_registry_ca_get(call->reg, call->arena, call->account, id, &found),
                      KM_E_NOTFOUND, KM_X_CERTIFICATE_VALIDATION));
    KM_TRY(km_certificate_invalid(call, km_x509_check_issuer(&call->err, device, &ca)));
    *ret = found.id;
    return KM_OK;
}

/* found_ca: the registered CA whose key made the signature. Several that could have: the caller has to say which. */
static km_status found_ca(struct km_call *call, const struct km_x509 *device, const char **ret)
{
    struct km_registry_ca_list list = {0};
    size_t n = 0;
    KM_REG(call,
           km_registry_ca_by_subject(call->reg, call->arena, call->account, device->issuer, &list));
    for (size_t i = 0; i < list.n_items; i++) {
        KM_AUTO(km_x509_clear) struct km_x509 ca = {0};
        KM_TRY(
            km_x509_read_der(&call->err, km_control_crypto(call->control), list.items[i].der, &ca));
        if (km_x509_check_issuer(NULL, device, &ca) != KM_OK)
            continue;
        *ret = list.items[i].id;
        n++;
    }
    if (n == 0)
        return km_call_fail(call, KM_X_CERTIFICATE_VALIDATION,
                            "no registered CA has issued this certificate");
    if (n > 1)
        return km_call_fail(call, KM_X_CERTIFICATE_CONFLICT,
                            "several registered CAs have issued this certificate: give "
                            "caCertificatePem");
    return KM_OK;
}

km_status km_certificate_store(struct km_call *call, const struct km_x509 *device,
                               const struct km_registry_certificate_new *new,
                               char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    struct km_registry_certificate_new whole = *new;
    whole.der = device->der;
    whole.not_before_ms = device->not_before_ms;
    whole.not_after_ms = device->not_after_ms;
    km_status status = km_registry_certificate_register(call->reg, call->account, &whole, ret_id);
    if (status != KM_E_EXISTS)
        return km_call_registry(call, status);
    km_call_tell_more(call, json_pack("{s:s, s:s*}", "resourceId", ret_id, "resourceArn",
                                      km_call_arn(call, "cert", ret_id)));
    return km_call_fail(call, KM_X_RESOURCE_ALREADY_EXISTS,
                        "the certificate is already registered");
}

km_status km_certificate_register(struct km_call *call, const char *pem, const char *ca_pem,
                                  enum km_certificate_status status,
                                  char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    KM_AUTO(km_x509_clear) struct km_x509 device = {0};
    struct km_registry_certificate_new new = {.mode = KM_CA_DEFAULT, .status = status};
    KM_TRY(read_certificate(call, pem, &device));
    KM_TRY(km_certificate_invalid(call, km_x509_check_key(&call->err, &device)));
    KM_TRY(ca_pem != NULL ? given_ca(call, &device, ca_pem, &new.ca_id)
                          : found_ca(call, &device, &new.ca_id));
    return km_certificate_store(call, &device, &new, ret_id);
}

static km_status register_certificate(struct km_call *call)
{
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    enum km_certificate_status status = KM_CERTIFICATE_INACTIVE;
    KM_TRY(wanted_status(call, &status));
    KM_TRY(km_certificate_register(call, km_call_text(call, "certificatePem"),
                                   km_call_text(call, "caCertificatePem"), status, id));
    return km_call_reply(call, json_pack("{s:s*, s:s}", "certificateArn",
                                         km_call_arn(call, "cert", id), "certificateId", id));
}

static km_status register_without_ca(struct km_call *call)
{
    KM_AUTO(km_x509_clear) struct km_x509 device = {0};
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct km_registry_certificate_new new = {.mode = KM_CA_SNI_ONLY};
    KM_TRY(wanted_status(call, &new.status));
    KM_TRY(read_certificate(call, km_call_text(call, "certificatePem"), &device));
    KM_TRY(km_certificate_invalid(call, km_x509_check_key(&call->err, &device)));
    KM_TRY(km_certificate_store(call, &device, &new, id));
    return km_call_reply(call, json_pack("{s:s*, s:s}", "certificateArn",
                                         km_call_arn(call, "cert", id), "certificateId", id));
}

/* ---- describe, list ---- */

static const char *mode_text(enum km_ca_mode mode)
{
    return mode == KM_CA_SNI_ONLY ? "SNI_ONLY" : "DEFAULT";
}

static json_t *time_or_none(int64_t ms)
{
    return ms == 0 ? NULL : km_call_time(ms);
}

static json_t *transfer_json(const struct km_registry_transfer *transfer)
{
    return json_pack(
        "{s:s*, s:s*, s:o*, s:o*, s:o*}", "transferMessage", transfer->message, "rejectReason",
        transfer->reject_reason, "transferDate", time_or_none(transfer->transfer_ms), "acceptDate",
        time_or_none(transfer->accept_ms), "rejectDate", time_or_none(transfer->reject_ms));
}

static km_status describe_certificate(struct km_call *call)
{
    struct km_registry_certificate it = {0};
    KM_TRY(km_certificate_get(call, call->parts[0], &it));
    KM_AUTO(km_freep) char *pem = km_x509_pem(it.der);
    json_t *description = json_pack(
        "{s:s*, s:s, s:s*, s:s, s:s*, s:s, s:s*, s:o, s:o, s:I, s:o, s:s, s:{s:o, s:o}, s:s}",
        "certificateArn", km_call_arn(call, "cert", it.id), "certificateId", it.id,
        "caCertificateId", it.ca_id, "status", km_certificate_status_name(it.status),
        "certificatePem", pem, "ownedBy", it.account, "previousOwnedBy", it.previous_account,
        "creationDate", km_call_time(it.created_ms), "lastModifiedDate",
        km_call_time(it.modified_ms), "customerVersion", (json_int_t)it.customer_version,
        "transferData", transfer_json(&it.transfer), "generationId", it.generation_id, "validity",
        "notBefore", km_call_time(it.not_before_ms), "notAfter", km_call_time(it.not_after_ms),
        "certificateMode", mode_text(it.mode));
    return km_call_reply(call, json_pack("{s:o}", "certificateDescription", description));
}

static km_status list(struct km_call *call, const struct km_registry_certificate_filter *filter)
{
    struct km_registry_page page = {0};
    struct km_registry_certificate_list found = {0};
    KM_TRY(km_call_page(call, "marker", "pageSize", &page));
    KM_REG(call, km_registry_certificate_list(call->reg, call->arena, call->account, filter, &page,
                                              &found));
    json_t *items = json_array();
    for (size_t i = 0; i < found.n_items; i++) {
        const struct km_registry_certificate *it = &found.items[i];
        (void)json_array_append_new(
            items, json_pack("{s:s*, s:s, s:s, s:s, s:o}", "certificateArn",
                             km_call_arn(call, "cert", it->id), "certificateId", it->id, "status",
                             km_certificate_status_name(it->status), "certificateMode",
                             mode_text(it->mode), "creationDate", km_call_time(it->created_ms)));
    }
    return km_call_reply(call,
                         json_pack("{s:o, s:s*}", "certificates", items, "nextMarker", found.next));
}

static km_status list_certificates(struct km_call *call)
{
    const struct km_registry_certificate_filter any = {0};
    return list(call, &any);
}

static km_status list_by_ca(struct km_call *call)
{
    const struct km_registry_certificate_filter of_ca = {.ca_id = call->parts[0]};
    return list(call, &of_ca);
}

/* ---- update, delete ---- */

static km_status update_certificate(struct km_call *call)
{
    const char *text = km_call_query(call, "newStatus");
    enum km_certificate_status status = KM_CERTIFICATE_INACTIVE;
    if (!km_certificate_status_parse(text, &status) || status == KM_CERTIFICATE_PENDING_TRANSFER ||
        status == KM_CERTIFICATE_PENDING_ACTIVATION)
        return km_call_fail(call, KM_X_NONE, "newStatus must be ACTIVE, INACTIVE or REVOKED");
    return km_call_as(
        call, km_registry_certificate_set_status(call->reg, call->account, call->parts[0], status),
        KM_E_STATE, KM_X_CERTIFICATE_STATE);
}

static km_status delete_certificate(struct km_call *call)
{
    return km_call_as(call,
                      km_registry_certificate_delete(call->reg, call->account, call->parts[0],
                                                     km_call_query_is(call, "forceDelete")),
                      KM_E_STATE, KM_X_CERTIFICATE_STATE);
}

#define CERTIFICATE_ID "/certificates/{certificateId}"

static const struct km_operation rows[] = {
    {"RegisterCertificate", KM_SERVICE_IOT, "POST", "/certificate/register", "setAsActive:b", NULL,
     "certificatePem!:s caCertificatePem:s status:s", KM_OP_CHANGES, register_certificate},
    {"RegisterCertificateWithoutCA", KM_SERVICE_IOT, "POST", "/certificate/register-no-ca", NULL,
     NULL, "certificatePem!:s status:s", KM_OP_CHANGES, register_without_ca},
    {"DescribeCertificate", KM_SERVICE_IOT, "GET", CERTIFICATE_ID, NULL, NULL, NULL, 0,
     describe_certificate},
    {"UpdateCertificate", KM_SERVICE_IOT, "PUT", CERTIFICATE_ID, "newStatus!:s", NULL, NULL,
     KM_OP_CHANGES, update_certificate},
    {"ListCertificates", KM_SERVICE_IOT, "GET", "/certificates",
     "pageSize:i marker:s isAscendingOrder:b", NULL, NULL, 0, list_certificates},
    {"ListCertificatesByCA", KM_SERVICE_IOT, "GET", "/certificates-by-ca/{caCertificateId}",
     "pageSize:i marker:s isAscendingOrder:b", NULL, NULL, 0, list_by_ca},
    {"DeleteCertificate", KM_SERVICE_IOT, "DELETE", CERTIFICATE_ID, "forceDelete:b", NULL, NULL,
     KM_OP_CHANGES, delete_certificate},
};

const struct km_operations km_iot_certificate = {rows, KM_ARRAY_LEN(rows)};
