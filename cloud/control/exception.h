/* SPDX-License-Identifier: Apache-2.0 */
/* What the REST API calls its errors, and which of them an outcome is. */
#ifndef KM_EXCEPTION_H
#define KM_EXCEPTION_H

#include "common/km_status.h"

enum km_service {
    KM_SERVICE_IOT = 0,
    KM_SERVICE_DATA,
    KM_SERVICE_LAMBDA,
    KM_SERVICE_STS,
    KM_SERVICE_JOBS,
    KM_SERVICE_CREDENTIALS, /* of certificates: nobody signs for it */
};

enum km_exception {
    KM_X_NONE = 0, /* by the outcome */
    KM_X_ACCESS_DENIED,
    KM_X_CERTIFICATE_CONFLICT,
    KM_X_CERTIFICATE_STATE,
    KM_X_CERTIFICATE_VALIDATION,
    KM_X_CONFLICT,
    KM_X_DELETE_CONFLICT,
    KM_X_EXPIRED_TOKEN,
    KM_X_FORBIDDEN,
    KM_X_INCOMPLETE_SIGNATURE,
    KM_X_INTERNAL_FAILURE,
    KM_X_INVALID_PARAMETER_VALUE,
    KM_X_INVALID_REQUEST,
    KM_X_INVALID_REQUEST_CONTENT,
    KM_X_INVALID_SIGNATURE,
    KM_X_INVALID_STATE_TRANSITION,
    KM_X_LIMIT_EXCEEDED,
    KM_X_MALFORMED_POLICY,
    KM_X_METHOD_NOT_ALLOWED,
    KM_X_MISSING_TOKEN,
    KM_X_NOT_CONFIGURED,
    KM_X_POLICY_LENGTH,
    KM_X_PRECONDITION_FAILED,
    KM_X_REGISTRATION_CODE,
    KM_X_REQUEST_ENTITY_TOO_LARGE,
    KM_X_REQUEST_TOO_LARGE,
    KM_X_RESOURCE_ALREADY_EXISTS,
    KM_X_RESOURCE_CONFLICT,
    KM_X_RESOURCE_NOT_FOUND,
    KM_X_RESOURCE_REGISTRATION,
    KM_X_SERVICE,
    KM_X_SERVICE_UNAVAILABLE,
    KM_X_SQL_PARSE,
    KM_X_TERMINAL_STATE,
    KM_X_THROTTLING,
    KM_X_TOO_MANY_REQUESTS,
    KM_X_TRANSFER_COMPLETED,
    KM_X_TRANSFER_CONFLICT,
    KM_X_UNAUTHORIZED,
    KM_X_UNKNOWN_OPERATION,
    KM_X_UNRECOGNIZED_CLIENT,
    KM_X_UNSUPPORTED_ENCODING,
    KM_X_VERSION_CONFLICT,
    KM_X_VERSIONS_LIMIT,
    KM_N_EXCEPTIONS,
};

struct km_exception_form {
    const char *name;     /* in x-amzn-ErrorType */
    const char *sts_code; /* as STS spells it; NULL: the name */
    unsigned status;
};

/* km_exception_form: static storage. */
const struct km_exception_form *km_exception_form(enum km_exception exception);
/* km_exception_of: what a failure is called there, where an operation does not say otherwise. */
enum km_exception km_exception_of(enum km_service service, km_status status);
/* km_exception_of_shadow: what the code of a shadow's rejection is called by the data endpoint. */
enum km_exception km_exception_of_shadow(unsigned code);

#endif
