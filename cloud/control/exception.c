/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/exception.h"

static const struct km_exception_form forms[KM_N_EXCEPTIONS] = {
    [KM_X_NONE] = {"InternalFailureException", NULL, 500},
    [KM_X_ACCESS_DENIED] = {"AccessDeniedException", "AccessDenied", 403},
    [KM_X_CERTIFICATE_CONFLICT] = {"CertificateConflictException", NULL, 409},
    [KM_X_CERTIFICATE_STATE] = {"CertificateStateException", NULL, 406},
    [KM_X_CERTIFICATE_VALIDATION] = {"CertificateValidationException", NULL, 400},
    [KM_X_CONFLICT] = {"ConflictException", NULL, 409},
    [KM_X_DELETE_CONFLICT] = {"DeleteConflictException", NULL, 409},
    [KM_X_EXPIRED_TOKEN] = {"ExpiredTokenException", "ExpiredToken", 403},
    [KM_X_FORBIDDEN] = {"ForbiddenException", NULL, 403},
    [KM_X_INCOMPLETE_SIGNATURE] = {"IncompleteSignatureException", "IncompleteSignature", 400},
    [KM_X_INTERNAL_FAILURE] = {"InternalFailureException", "InternalFailure", 500},
    [KM_X_INVALID_PARAMETER_VALUE] = {"InvalidParameterValueException", NULL, 400},
    [KM_X_INVALID_REQUEST] = {"InvalidRequestException", "ValidationError", 400},
    [KM_X_INVALID_REQUEST_CONTENT] = {"InvalidRequestContentException", NULL, 400},
    [KM_X_INVALID_SIGNATURE] = {"InvalidSignatureException", "SignatureDoesNotMatch", 403},
    [KM_X_INVALID_STATE_TRANSITION] = {"InvalidStateTransitionException", NULL, 409},
    [KM_X_LIMIT_EXCEEDED] = {"LimitExceededException", NULL, 410},
    [KM_X_MALFORMED_POLICY] = {"MalformedPolicyException", NULL, 400},
    [KM_X_METHOD_NOT_ALLOWED] = {"MethodNotAllowedException", NULL, 405},
    [KM_X_MISSING_TOKEN] = {"MissingAuthenticationTokenException", "MissingAuthenticationToken",
                            403},
    [KM_X_NOT_CONFIGURED] = {"NotConfiguredException", NULL, 404},
    [KM_X_POLICY_LENGTH] = {"PolicyLengthExceededException", NULL, 400},
    [KM_X_PRECONDITION_FAILED] = {"PreconditionFailedException", NULL, 412},
    [KM_X_REGISTRATION_CODE] = {"RegistrationCodeValidationException", NULL, 400},
    [KM_X_REQUEST_ENTITY_TOO_LARGE] = {"RequestEntityTooLargeException", NULL, 413},
    [KM_X_REQUEST_TOO_LARGE] = {"RequestTooLargeException", NULL, 413},
    [KM_X_RESOURCE_ALREADY_EXISTS] = {"ResourceAlreadyExistsException", NULL, 409},
    [KM_X_RESOURCE_CONFLICT] = {"ResourceConflictException", NULL, 409},
    [KM_X_RESOURCE_NOT_FOUND] = {"ResourceNotFoundException", NULL, 404},
    [KM_X_RESOURCE_REGISTRATION] = {"ResourceRegistrationFailureException", NULL, 400},
    [KM_X_SERVICE] = {"ServiceException", NULL, 500},
    [KM_X_SERVICE_UNAVAILABLE] = {"ServiceUnavailableException", "ServiceUnavailable", 503},
    [KM_X_SQL_PARSE] = {"SqlParseException", NULL, 400},
    [KM_X_TERMINAL_STATE] = {"TerminalStateException", NULL, 410},
    [KM_X_THROTTLING] = {"ThrottlingException", NULL, 429},
    [KM_X_TOO_MANY_REQUESTS] = {"TooManyRequestsException", NULL, 429},
    [KM_X_TRANSFER_COMPLETED] = {"TransferAlreadyCompletedException", NULL, 410},
    [KM_X_TRANSFER_CONFLICT] = {"TransferConflictException", NULL, 409},
    [KM_X_UNAUTHORIZED] = {"UnauthorizedException", NULL, 401},
    [KM_X_UNKNOWN_OPERATION] = {"UnknownOperationException", "InvalidAction", 404},
    [KM_X_UNRECOGNIZED_CLIENT] = {"UnrecognizedClientException", "InvalidClientTokenId", 403},
    [KM_X_UNSUPPORTED_ENCODING] = {"UnsupportedDocumentEncodingException", NULL, 415},
    [KM_X_VERSION_CONFLICT] = {"VersionConflictException", NULL, 409},
    [KM_X_VERSIONS_LIMIT] = {"VersionsLimitExceededException", NULL, 409},
};

const struct km_exception_form *km_exception_form(enum km_exception exception)
{
    return &forms[exception];
}

/* One that botocore tries again by itself: never for what the caller did. */
static enum km_exception ours(enum km_service service, bool is_passing)
{
    if (is_passing)
        return KM_X_SERVICE_UNAVAILABLE;
    return service == KM_SERVICE_LAMBDA ? KM_X_SERVICE : KM_X_INTERNAL_FAILURE;
}

static enum km_exception of_caller(enum km_service service, km_status status)
{
    bool is_lambda = service == KM_SERVICE_LAMBDA;
    bool is_data = service == KM_SERVICE_DATA;
    if (status == KM_E_LIMIT && !is_lambda)
        return is_data ? KM_X_REQUEST_ENTITY_TOO_LARGE : KM_X_LIMIT_EXCEEDED;
    return is_lambda ? KM_X_INVALID_PARAMETER_VALUE : KM_X_INVALID_REQUEST;
}

static enum km_exception of_clash(enum km_service service, enum km_exception in_iot)
{
    if (service == KM_SERVICE_LAMBDA)
        return KM_X_RESOURCE_CONFLICT;
    return service == KM_SERVICE_DATA ? KM_X_CONFLICT : in_iot;
}

enum km_exception km_exception_of(enum km_service service, km_status status)
{
    switch (status) {
    case KM_OK:
        return KM_X_NONE;
    case KM_E_ARG:
    case KM_E_MALFORMED:
    case KM_E_UNSUPPORTED:
    case KM_E_LIMIT:
    case KM_E_STATE:
        return of_caller(service, status);
    case KM_E_NOTFOUND:
        return KM_X_RESOURCE_NOT_FOUND;
    case KM_E_EXISTS:
        return of_clash(service, KM_X_RESOURCE_ALREADY_EXISTS);
    case KM_E_BUSY: /* in the registry: something still refers to it */
        return of_clash(service, KM_X_DELETE_CONFLICT);
    case KM_E_STALE:
        return service == KM_SERVICE_LAMBDA ? KM_X_PRECONDITION_FAILED
                                            : of_clash(service, KM_X_VERSION_CONFLICT);
    case KM_E_AUTH:
    case KM_E_DENIED:
        return KM_X_UNAUTHORIZED;
    case KM_E_NOSPACE:
    case KM_E_TIMEOUT:
    case KM_E_CANCELLED:
    case KM_E_DEAD:
        return ours(service, true);
    case KM_E_NOMEM:
    case KM_E_CORRUPT:
    case KM_E_IO:
    case KM_E_INTERNAL:
        return ours(service, false);
    }
    return ours(service, false);
}

enum km_exception km_exception_of_shadow(unsigned code)
{
    switch (code) {
    case 401:
        return KM_X_UNAUTHORIZED;
    case 403:
        return KM_X_FORBIDDEN;
    case 404:
        return KM_X_RESOURCE_NOT_FOUND;
    case 409:
        return KM_X_CONFLICT;
    case 413:
        return KM_X_REQUEST_ENTITY_TOO_LARGE;
    case 415:
        return KM_X_UNSUPPORTED_ENCODING;
    case 429:
        return KM_X_THROTTLING;
    case 500:
        return KM_X_INTERNAL_FAILURE;
    default:
        return KM_X_INVALID_REQUEST;
    }
}
