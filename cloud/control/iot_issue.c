/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates that are made here. */
#include <string.h>

#include "cloud/control/certificate.h"
#include "cloud/control/issuer.h"
#include "cloud/control/operations.h"
#include "common/km_file.h"

static km_status issuer_of(struct km_call *call, const struct km_issuer **ret)
{
    *ret = km_control_config(call->control)->issuer;
    if (*ret == NULL)
        return KM_FAIL(&call->err, KM_E_DEAD, "no issuing CA is configured");
    return KM_OK;
}

static km_status store(struct km_call *call, const struct km_x509 *device,
                       char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    const struct km_registry_certificate_new new = {
        .mode = KM_CA_SNI_ONLY, /* our own CA is no account's */
        .status =
            km_call_query_is(call, "setAsActive") ? KM_CERTIFICATE_ACTIVE : KM_CERTIFICATE_INACTIVE,
    };
    return km_certificate_store(call, device, &new, ret_id);
}

static km_status create_keys(struct km_call *call)
{
    const struct km_issuer *issuer = NULL;
    KM_AUTO(km_x509_clear) struct km_x509 device = {0};
    KM_AUTO(km_issuer_keys_clear) struct km_issuer_keys keys = {0};
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    KM_TRY(issuer_of(call, &issuer));
    KM_TRY(km_issuer_make(&call->err, issuer, call->now_ms, &device, &keys));
    KM_TRY(store(call, &device, id));
    KM_AUTO(km_freep) char *pem = km_x509_pem(device.der);
    return km_call_reply(call, json_pack("{s:s*, s:s, s:s, s:{s:s, s:s}}", "certificateArn",
                                         km_call_arn(call, "cert", id), "certificateId", id,
                                         "certificatePem", pem, "keyPair", "PublicKey",
                                         keys.public_pem, "PrivateKey", keys.private_pem));
}

static km_status create_from_csr(struct km_call *call)
{
    const struct km_issuer *issuer = NULL;
    KM_AUTO(km_x509_clear) struct km_x509 device = {0};
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    const char *request = km_call_text(call, "certificateSigningRequest");
    KM_TRY(issuer_of(call, &issuer));
    KM_TRY(km_issuer_sign(&call->err, issuer, KM_SLICE_STR(request), call->now_ms, &device));
    KM_TRY(km_x509_check_key(&call->err, &device));
    KM_TRY(store(call, &device, id));
    KM_AUTO(km_freep) char *pem = km_x509_pem(device.der);
    return km_call_reply(call, json_pack("{s:s*, s:s, s:s}", "certificateArn",
                                         km_call_arn(call, "cert", id), "certificateId", id,
                                         "certificatePem", pem));
}

static const struct km_operation rows[] = {
    {"CreateKeysAndCertificate", KM_SERVICE_IOT, "POST", "/keys-and-certificate", "setAsActive:b",
     NULL, NULL, KM_OP_CHANGES, create_keys},
    {"CreateCertificateFromCsr", KM_SERVICE_IOT, "POST", "/certificates", "setAsActive:b", NULL,
     "certificateSigningRequest!:s", KM_OP_CHANGES, create_from_csr},
};

const struct km_operations km_iot_issue = {rows, KM_ARRAY_LEN(rows)};
