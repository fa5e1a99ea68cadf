/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates from one account to another. */
#include "cloud/control/certificate.h"
#include "cloud/control/operations.h"

static km_status transfer(struct km_call *call)
{
    const char *to = km_call_query(call, "targetAwsAccount");
    km_status status = km_registry_certificate_transfer(call->reg, call->account, call->parts[0],
                                                        to, km_call_text(call, "transferMessage"));
    if (status == KM_E_BUSY)
        return km_call_as(call, status, KM_E_BUSY, KM_X_TRANSFER_CONFLICT);
    KM_TRY(km_call_as(call, status, KM_E_STATE, KM_X_CERTIFICATE_STATE));
    return km_call_reply(call, json_pack("{s:s*}", "transferredCertificateArn",
                                         km_call_printf(call, "arn:aws:iot:%s:%s:cert/%s",
                                                        call->region, to, call->parts[0])));
}

static km_status end(struct km_call *call, km_status status)
{
    return km_call_as(call, status, KM_E_STATE, KM_X_TRANSFER_COMPLETED);
}

static km_status accept_transfer(struct km_call *call)
{
    return end(call,
               km_registry_certificate_transfer_accept(call->reg, call->account, call->parts[0],
                                                       km_call_query_is(call, "setAsActive")));
}

static km_status reject_transfer(struct km_call *call)
{
    return end(call,
               km_registry_certificate_transfer_reject(call->reg, call->account, call->parts[0],
                                                       km_call_text(call, "rejectReason")));
}

static km_status cancel_transfer(struct km_call *call)
{
    return end(call,
               km_registry_certificate_transfer_cancel(call->reg, call->account, call->parts[0]));
}

static km_status list_outgoing(struct km_call *call)
{
    const struct km_registry_certificate_filter filter = {.status =
                                                              KM_CERTIFICATE_PENDING_TRANSFER};
    struct km_registry_page page = {0};
    struct km_registry_certificate_list list = {0};
    KM_TRY(km_call_page(call, "marker", "pageSize", &page));
    KM_REG(call, km_registry_certificate_list(call->reg, call->arena, call->account, &filter, &page,
                                              &list));
    json_t *items = json_array();
    for (size_t i = 0; i < list.n_items; i++) {
        const struct km_registry_certificate *it = &list.items[i];
        (void)json_array_append_new(
            items,
            json_pack("{s:s*, s:s, s:s*, s:s*, s:o, s:o}", "certificateArn",
                      km_call_arn(call, "cert", it->id), "certificateId", it->id, "transferredTo",
                      it->transfer.to, "transferMessage", it->transfer.message, "transferDate",
                      km_call_time(it->transfer.transfer_ms), "creationDate",
                      km_call_time(it->created_ms)));
    }
    return km_call_reply(
        call, json_pack("{s:o, s:s*}", "outgoingCertificates", items, "nextMarker", list.next));
}

static const struct km_operation rows[] = {
    {"ListOutgoingCertificates", KM_SERVICE_IOT, "GET", "/certificates-out-going",
     "pageSize:i marker:s isAscendingOrder:b", NULL, NULL, 0, list_outgoing},
    {"TransferCertificate", KM_SERVICE_IOT, "PATCH", "/transfer-certificate/{certificateId}",
     "targetAwsAccount!:s", NULL, "transferMessage:s", KM_OP_CHANGES, transfer},
    {"AcceptCertificateTransfer", KM_SERVICE_IOT, "PATCH",
     "/accept-certificate-transfer/{certificateId}", "setAsActive:b", NULL, NULL, KM_OP_CHANGES,
     accept_transfer},
    {"RejectCertificateTransfer", KM_SERVICE_IOT, "PATCH",
     "/reject-certificate-transfer/{certificateId}", NULL, NULL, "rejectReason:s", KM_OP_CHANGES,
     reject_transfer},
    {"CancelCertificateTransfer", KM_SERVICE_IOT, "PATCH",
     "/cancel-certificate-transfer/{certificateId}", NULL, NULL, NULL, KM_OP_CHANGES,
     cancel_transfer},
};

const struct km_operations km_iot_transfer = {rows, KM_ARRAY_LEN(rows)};
