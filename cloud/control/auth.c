/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/auth.h"

#include <string.h>

/* ---- whose key it is ---- */

static bool has_expired(const struct km_call *call, int64_t expires_ms)
{
    return expires_ms != 0 && expires_ms <= call->now_ms;
}

static km_status refuse_expired(struct km_call *call)
{
    return KM_FAIL(&call->err, KM_E_STALE, "The security token included in the request is expired");
}

static km_status refuse_token(struct km_call *call)
{
    return KM_FAIL(&call->err, KM_E_NOTFOUND,
                   "The security token included in the request is invalid");
}

static km_status check_key(struct km_call *call, const struct km_registry_access_key *key,
                           struct km_slice token)
{
    if (!key->is_active || key->is_session != (token.len > 0))
        return refuse_token(call);
    if (has_expired(call, key->expires_ms))
        return refuse_expired(call);
    km_status status =
        key->is_session ? km_registry_session_check(call->reg, key->id, token) : KM_OK;
    if (status == KM_E_AUTH || status == KM_E_NOTFOUND)
        return refuse_token(call);
    return km_call_registry(call, status);
}

static void set_caller(struct km_call *call, const char *account, const char *principal)
{
    km_copy(call->account, KM_ACCOUNT_LEN, account, strlen(account));
    km_copy(call->principal, KM_PRINCIPAL_NAME_MAX, principal, strlen(principal));
}

/* A device's. What it may do with them is asked once it is known what that is. */
static km_status find_credential(struct km_call *call, const char *id, struct km_slice token,
                                 struct km_secret **ret)
{
    KM_AUTO(km_secret_freep) struct km_secret *secret = NULL;
    struct km_registry_credential *credential = km_arena_alloc(call->arena, sizeof(*credential));
    if (credential == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "credentials");
    km_status status =
        km_registry_credential_find(call->reg, call->arena, id, token, credential, &secret);
    if (status == KM_E_AUTH || status == KM_E_NOTFOUND)
        return refuse_token(call);
    KM_TRY(km_call_registry(call, status));
    if (has_expired(call, credential->expires_ms))
        return refuse_expired(call);
    const char *principal = km_call_printf(call, "device/%s", credential->certificate);
    if (principal == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "credentials");
    call->credential = credential;
    set_caller(call, credential->account, principal);
    *ret = km_steal(&secret);
    return KM_OK;
}

static km_status find_key(struct km_call *call, const char *id, struct km_slice token,
                          struct km_secret **ret)
{
    struct km_registry_access_key key = {0};
    KM_AUTO(km_secret_freep) struct km_secret *secret = NULL;
    km_status status = km_registry_access_key_find(call->reg, call->arena, id, &key, &secret);
    if (status == KM_E_NOTFOUND || status == KM_E_ARG)
        return find_credential(call, id, token, ret);
    KM_TRY(km_call_registry(call, status));
    KM_TRY(check_key(call, &key, token));
    set_caller(call, key.account, key.principal);
    km_copy(call->key_id, KM_ACCESS_KEY_ID_LEN, key.id, strlen(key.id));
    call->key_expires_ms = key.expires_ms;
    *ret = km_steal(&secret);
    return KM_OK;
}

static km_status secret_of(void *arg, struct km_err *err, struct km_slice key_id,
                           struct km_slice token, struct km_span ret, size_t *ret_len)
{
    struct km_call *call = arg;
    KM_AUTO(km_secret_freep) struct km_secret *secret = NULL;
    (void)err; /* is the call's own */
    const char *id = km_arena_text(call->arena, key_id);
    if (id == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "access key");
    KM_TRY(find_key(call, id, token, &secret));
    struct km_slice bytes = km_secret_expose(secret);
    if (bytes.len > ret.len)
        return KM_FAIL(&call->err, KM_E_CORRUPT, "secret of %zu bytes", bytes.len);
    km_copy(ret.ptr, ret.len, bytes.ptr, bytes.len);
    *ret_len = bytes.len;
    return KM_OK;
}

/* ---- what AWS calls it ---- */

static enum km_exception exception_of(enum km_sigv4_verdict verdict)
{
    switch (verdict) {
    case KM_SIGV4_OK:
        return KM_X_NONE;
    case KM_SIGV4_MISSING:
        return KM_X_MISSING_TOKEN;
    case KM_SIGV4_INCOMPLETE:
        return KM_X_INCOMPLETE_SIGNATURE;
    case KM_SIGV4_UNKNOWN:
        return KM_X_UNRECOGNIZED_CLIENT;
    case KM_SIGV4_EXPIRED:
        return KM_X_EXPIRED_TOKEN;
    case KM_SIGV4_SKEWED:
    case KM_SIGV4_WRONG:
        return KM_X_INVALID_SIGNATURE;
    case KM_SIGV4_FAILED:
        return KM_X_NONE; /* by what failed */
    }
    return KM_X_NONE;
}

static bool is_signed_in_query(const struct km_call *call)
{
    return call->op != NULL && (call->op->flags & KM_OP_QUERY_SIGNED) != 0 &&
           km_sigv4_is_in_query(call->target.query);
}

km_status km_auth_check(struct km_call *call, struct km_sigv4_who *ret)
{
    const struct km_crypto *crypto = km_control_crypto(call->control);
    const struct km_sigv4_keys keys = {.secret = secret_of, .arg = call};
    struct km_sigv4_request request = {
        .method = call->request->method,
        .path = call->target.path,
        .query = call->target.query,
        .headers = call->request->headers,
        .n_headers = call->request->n_headers,
        .now_s = call->now_ms / 1000,
    };
    KM_TRY(km_crypto_sha256(&call->err, crypto, call->request->body, request.body_sha256));
    enum km_sigv4_verdict verdict =
        is_signed_in_query(call) ? km_sigv4_verify_query(&call->err, crypto, &request, &keys, ret)
                                 : km_sigv4_verify(&call->err, crypto, &request, &keys, ret);
    if (verdict == KM_SIGV4_OK)
        return KM_OK;
    /* Only who proved it is somebody. */
    call->account[0] = '\0';
    call->principal[0] = '\0';
    call->credential = NULL;
    call->exception = exception_of(verdict);
    return call->err.status;
}

/* ---- what it was signed for ---- */

static const char *const scopes[][3] = {
    [KM_SERVICE_IOT] = {"execute-api", "iot", NULL},
    [KM_SERVICE_DATA] = {"iotdata", "iotdevicegateway", NULL},
    [KM_SERVICE_LAMBDA] = {"lambda", NULL, NULL},
    [KM_SERVICE_STS] = {"sts", NULL, NULL},
    [KM_SERVICE_JOBS] = {"iot-jobs-data", NULL, NULL},
    [KM_SERVICE_CREDENTIALS] = {NULL, NULL, NULL},
};

bool km_auth_is_signed_for(enum km_service service, const struct km_sigv4_who *who)
{
    const char *const *names = scopes[service];
    bool is_service = false;
    for (size_t i = 0; names[i] != NULL; i++)
        is_service = is_service || strcmp(names[i], who->service) == 0;
    return is_service;
}

km_status km_auth_check_scope(struct km_call *call, const struct km_sigv4_who *who)
{
    if (scopes[call->op->service][0] == NULL)
        return km_call_fail(call, KM_X_UNKNOWN_OPERATION,
                            "there is no operation with this method and path");
    if (!km_auth_is_signed_for(call->op->service, who))
        return km_call_fail(call, KM_X_INVALID_SIGNATURE,
                            "Credential should be scoped to correct service: '%s'",
                            scopes[call->op->service][0]);
    /* STS has an endpoint for the whole world, in us-east-1. */
    if (strcmp(who->region, call->region) != 0 && call->op->service != KM_SERVICE_STS)
        return km_call_fail(call, KM_X_INVALID_SIGNATURE,
                            "Credential should be scoped to a valid region: '%s'", call->region);
    return KM_OK;
}
