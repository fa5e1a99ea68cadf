/* SPDX-License-Identifier: Apache-2.0 */
/* The credential provider: a device with a certificate gets keys for signed requests. */
#include <string.h>
#include <time.h>

#include "cloud/control/operations.h"
#include "cloud/registry/registry_thing.h"

#define MS_PER_S 1000
#define TIME_CAP 32
#define THING_HEADER "x-amzn-iot-thingname"

/* A thing need not be named, but one that is has to be the certificate's. */
static km_status check_thing(struct km_call *call)
{
    const char *thing = km_call_header(call, THING_HEADER);
    bool is_attached = false;
    if (thing == NULL)
        return KM_OK;
    km_status status = km_registry_thing_is_attached(call->reg, call->account, thing,
                                                     call->identity->certificate, &is_attached);
    if (status != KM_OK && status != KM_E_ARG) /* it can't be a thing's name */
        return km_call_registry(call, status);
    if (!is_attached)
        return km_call_hide(call, KM_X_ACCESS_DENIED, "Invalid thing name passed",
                            km_call_printf(call, "thing %s is not attached to it", thing));
    return KM_OK;
}

static json_t *text_of(const struct km_secret *secret)
{
    struct km_slice bytes = km_secret_expose(secret);
    return json_stringn((const char *)bytes.ptr, bytes.len);
}

static km_status reply_key(struct km_call *call, const struct km_registry_new_key *key)
{
    time_t end = (time_t)(key->expires_ms / MS_PER_S);
    struct tm tm = {0};
    char text[TIME_CAP] = "";
    if (gmtime_r(&end, &tm) == NULL || strftime(text, sizeof(text), "%FT%TZ", &tm) == 0)
        return KM_FAIL(&call->err, KM_E_INTERNAL, "time of credentials");
    return km_call_reply(call, json_pack("{s:{s:s, s:o, s:o, s:s}}", "credentials", "accessKeyId",
                                         key->id, "secretAccessKey", text_of(key->secret),
                                         "sessionToken", text_of(key->token), "expiration", text));
}

static km_status assume_role(struct km_call *call)
{
    KM_AUTO(km_registry_new_key_clear) struct km_registry_new_key key = {0};
    KM_TRY(check_thing(call));
    km_status status = km_registry_credential_new(
        call->reg, call->account, call->identity->certificate, call->parts[0], &key);
    if (status == KM_E_NOTFOUND)
        return km_call_fail(call, KM_X_RESOURCE_NOT_FOUND, "role alias does not exist");
    if (status == KM_E_STATE) /* since it was let in */
        return km_call_forbid(call, km_registry_err(call->reg)->text);
    KM_TRY(km_call_registry(call, status));
    return reply_key(call, &key);
}

static const struct km_operation rows[] = {
    {"AssumeRoleWithCertificate", KM_SERVICE_CREDENTIALS, "GET",
     "/role-aliases/{roleAlias}/credentials", NULL, THING_HEADER ":s", NULL, KM_OP_CHANGES,
     assume_role},
};

const struct km_operations km_iot_credentials = {rows, KM_ARRAY_LEN(rows)};
