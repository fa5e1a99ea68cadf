/* SPDX-License-Identifier: Apache-2.0 */
/* Signed commands: handed in, and made. */
#include <stdlib.h>
#include <string.h>

#include "format/cert_command.h"
#include "lib/clrsc/clrsc_internal.h"

#define NO_COMMAND                                                                                 \
    "not a certificate command (docs/formats.md), or what it brings is not what it should be"

_Static_assert(CLRSC_COMMAND_MAX == KM_CERT_COMMAND_MAX, "both sides agree on the limit");
_Static_assert(CLRSC_SIGNATURE_MAX == KM_ENVELOPE_SIGNATURE_MAX, "both sides agree on the limit");
_Static_assert(CLRSC_DIGEST_LENGTH == KM_CERT_COMMAND_DEVICE_LEN, "both sides agree on the limit");
_Static_assert((int)CLRSC_ADD_AUTHORITY == KM_CERT_ADD_AUTHORITY &&
                   (int)CLRSC_UPDATE_AUTHORITY == KM_CERT_UPDATE_AUTHORITY &&
                   (int)CLRSC_DELETE_AUTHORITY == KM_CERT_DELETE_AUTHORITY &&
                   (int)CLRSC_ADD_REVOCATION == KM_CERT_ADD_REVOCATION &&
                   (int)CLRSC_ADD_CRL == KM_CERT_ADD_CRL &&
                   (int)CLRSC_UPDATE_NAMED == KM_CERT_UPDATE_NAMED &&
                   (int)CLRSC_NUMBERS_ONLY == KM_CERT_NUMBERS_ONLY &&
                   (int)CLRSC_SET_TIME == KM_CERT_SET_TIME,
               "both sides agree on the numbers");

/* ---- handed in ---- */

/* Which operation, so that the right function gets the command. What is said about it is the service's to judge. */
static ClrcResult look_at(const struct clrsc_call *call, struct km_slice package,
                          ClrscOperation *ret)
{
    struct km_envelope envelope = {0};
    struct km_cert_command command = {0};
    if (package.ptr == NULL)
        return clrsc_fail(call->function, CLRC_ERROR_BAD_PARAMETERS, NULL, CLRSC_NULL_POINTER);
    if (package.len > CLRSC_COMMAND_MAX)
        return clrsc_fail(call->function, CLRC_ERROR_TOO_LARGE, NULL, call->too_large);
    if (!km_envelope_parse(package, KM_CERT_COMMAND_KIND, &envelope))
        return clrsc_fail(call->function, CLRC_ERROR_BAD_FORMAT, NULL, call->bad_format);
    if (envelope.version != KM_ENVELOPE_VERSION)
        return clrsc_fail(call->function, CLRC_ERROR_NOT_SUPPORTED, NULL, NULL);
    if (!km_cert_command_parse(envelope.body, &command))
        return clrsc_fail(call->function, CLRC_ERROR_BAD_FORMAT, NULL, call->bad_format);
    *ret = (ClrscOperation)command.operation;
    return CLRC_SUCCESS;
}

/* wanted NULL: any operation. */
static ClrcResult hand_in(const char *function, const uint8_t *package, uint32_t length,
                          const ClrscOperation *wanted, ClrscOperation *ret_operation)
{
    struct clrsc_call call = {.function = function,
                              .sent.command = KM_CERTS_CMD_COMMAND,
                              .is_once = true,
                              .bad_format = NO_COMMAND,
                              .bad_state = "this device has no command certificate, or a manifest "
                                           "is installed in part",
                              .too_large = "a command is at most 67584 octets, a certificate in "
                                           "it 8192"};
    ClrscOperation operation = CLRSC_ADD_AUTHORITY;
    ClrcResult result = look_at(&call, KM_SLICE(package, length), &operation);
    if (result != CLRC_SUCCESS)
        return result;
    if (wanted != NULL && operation != *wanted)
        return clrsc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL,
                          "the command has another operation");
    km_call_in(&call.sent, 0, package, length);
    km_call_value_out(&call.sent, 1);
    result = clrsc_run(&call);
    if (result == CLRC_SUCCESS)
        *ret_operation = operation;
    return result;
}

static ClrcResult hand_in_one(const char *function, const uint8_t *package, uint32_t length,
                              ClrscOperation wanted)
{
    ClrscOperation operation = wanted;
    return hand_in(function, package, length, &wanted, &operation);
}

ClrcResult clrscAddCertificateAuthority(const uint8_t *command, uint32_t length)
{
    return hand_in_one("clrscAddCertificateAuthority", command, length, CLRSC_ADD_AUTHORITY);
}

ClrcResult clrscUpdateCertificateAuthority(const uint8_t *command, uint32_t length)
{
    return hand_in_one("clrscUpdateCertificateAuthority", command, length, CLRSC_UPDATE_AUTHORITY);
}

ClrcResult clrscDeleteCertificateAuthority(const uint8_t *command, uint32_t length)
{
    return hand_in_one("clrscDeleteCertificateAuthority", command, length, CLRSC_DELETE_AUTHORITY);
}

ClrcResult clrscAddCertificateRevocation(const uint8_t *command, uint32_t length)
{
    return hand_in_one("clrscAddCertificateRevocation", command, length, CLRSC_ADD_REVOCATION);
}

ClrcResult clrscUpdateNamedCertificate(const uint8_t *command, uint32_t length)
{
    return hand_in_one("clrscUpdateNamedCertificate", command, length, CLRSC_UPDATE_NAMED);
}

ClrcResult clrscRunCommand(const uint8_t *command, uint32_t length, ClrscOperation *operation)
{
    ClrscOperation found = CLRSC_ADD_AUTHORITY;
    ClrcResult result = hand_in("clrscRunCommand", command, length, NULL, &found);
    if (result == CLRC_SUCCESS && operation != NULL)
        *operation = found;
    return result;
}

ClrcResult clrscAddCrl(const uint8_t *crl, uint32_t length)
{
    struct clrsc_call call = {.function = "clrscAddCrl",
                              .sent.command = KM_CERTS_CMD_CRL,
                              .bad_format = "not a revocation list in strict DER",
                              .too_large = "a revocation list is at most 65536 octets"};
    if (crl == NULL)
        return clrsc_fail(call.function, CLRC_ERROR_BAD_PARAMETERS, NULL, CLRSC_NULL_POINTER);
    if (length > CLRSC_CRL_MAX)
        return clrsc_fail(call.function, CLRC_ERROR_TOO_LARGE, NULL, call.too_large);
    km_call_in(&call.sent, 0, crl, length);
    return clrsc_run(&call);
}

ClrcResult clrscCommandState(uint64_t *sequence, int *unnumbered)
{
    struct clrsc_call call = {.function = "clrscCommandState",
                              .sent.command = KM_CERTS_CMD_SEQUENCE};
    km_call_value_out(&call.sent, 0);
    km_call_value_out(&call.sent, 1);
    ClrcResult result = clrsc_run(&call);
    if (result != CLRC_SUCCESS)
        return result;
    const TEEC_Value *last = &call.sent.op.params[0].value;
    if (sequence != NULL)
        *sequence = (uint64_t)last->b << 32 | last->a;
    if (unnumbered != NULL)
        *unnumbered = call.sent.op.params[1].value.a != 0 ? 1 : 0;
    return CLRC_SUCCESS;
}

/* ---- made ---- */

static const struct km_sign_alg *alg_of(ClrscSignature signature)
{
    static const struct {
        ClrscSignature signature;
        enum km_sign_family family;
        enum km_sign_digest digest;
    } algs[] = {
        {CLRSC_ECDSA_SHA256, KM_SIGN_EC, KM_SIGN_SHA256},
        {CLRSC_ECDSA_SHA384, KM_SIGN_EC, KM_SIGN_SHA384},
        {CLRSC_ECDSA_SHA512, KM_SIGN_EC, KM_SIGN_SHA512},
        {CLRSC_RSA_SHA256, KM_SIGN_RSA, KM_SIGN_SHA256},
        {CLRSC_RSA_SHA384, KM_SIGN_RSA, KM_SIGN_SHA384},
        {CLRSC_RSA_SHA512, KM_SIGN_RSA, KM_SIGN_SHA512},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(algs); i++) {
        if (algs[i].signature == signature)
            return km_sign_alg_find(algs[i].family, algs[i].digest);
    }
    return NULL;
}

/* What is written goes to the caller, or how much it is. */
static ClrcResult give(const char *function, const struct km_wr *wr, uint8_t *out, uint32_t *length)
{
    struct km_slice whole = {0};
    if (!km_wr_finish(wr, &whole))
        return clrsc_fail(function, CLRC_ERROR_TOO_LARGE, NULL,
                          "a command is at most 67584 octets");
    uint32_t room = *length;
    *length = (uint32_t)whole.len;
    if (room < whole.len)
        return clrsc_fail(function, CLRC_ERROR_SHORT_BUFFER, NULL, NULL);
    km_copy(out, room, whole.ptr, whole.len);
    return CLRC_SUCCESS;
}

ClrcResult clrscCommandPrepare(const ClrscCommand *command, uint8_t *content, uint32_t *length)
{
    static const char function[] = "clrscCommandPrepare";
    if (command == NULL || length == NULL || (content == NULL && *length != 0) ||
        (command->body == NULL && command->body_length != 0))
        return clrsc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL, CLRSC_NULL_POINTER);
    const struct km_sign_alg *alg = alg_of(command->signature);
    struct km_cert_command fields = {
        .operation = (enum km_cert_operation)command->operation,
        .sequence = command->sequence,
        .device = KM_SLICE(command->device, command->device == NULL ? 0 : CLRSC_DIGEST_LENGTH),
        .name = KM_SLICE(command->name, command->name == NULL ? 0 : strlen(command->name)),
        .time = command->time,
        .body = KM_SLICE(command->body, command->body_length)};
    if (alg == NULL)
        return clrsc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL,
                          "there is no such signature algorithm");
    if (!km_cert_command_fits(&fields))
        return clrsc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL,
                          "a field that the operation does not have or lacks, or too long a one");
    uint8_t *octets = malloc(CLRSC_COMMAND_MAX);
    if (octets == NULL)
        return clrsc_fail(function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    struct km_wr wr = km_wr_init(octets, CLRSC_COMMAND_MAX);
    km_cert_command_content(&wr, alg, &fields);
    ClrcResult result = give(function, &wr, content, length);
    free(octets);
    return result;
}

ClrcResult clrscCommandFinish(const uint8_t *content, uint32_t content_length,
                              const uint8_t *signature, uint32_t signature_length, uint8_t *package,
                              uint32_t *length)
{
    struct clrsc_call as_if = {.function = "clrscCommandFinish",
                               .bad_format = "the content is not from clrscCommandPrepare, or the "
                                             "signature is longer than 1024 octets",
                               .too_large = "a command is at most 67584 octets"};
    ClrscOperation operation = CLRSC_ADD_AUTHORITY;
    struct km_slice whole = {0};
    if (content == NULL || signature == NULL || length == NULL || (package == NULL && *length != 0))
        return clrsc_fail(as_if.function, CLRC_ERROR_BAD_PARAMETERS, NULL, CLRSC_NULL_POINTER);
    uint8_t *octets = malloc(CLRSC_COMMAND_MAX);
    if (octets == NULL)
        return clrsc_fail(as_if.function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    struct km_wr wr = km_wr_init(octets, CLRSC_COMMAND_MAX);
    km_envelope_put(&wr, KM_SLICE(signature, signature_length), KM_SLICE(content, content_length));
    ClrcResult result = km_wr_finish(&wr, &whole) ? look_at(&as_if, whole, &operation)
                                                  : clrsc_fail(as_if.function, CLRC_ERROR_TOO_LARGE,
                                                               NULL, as_if.too_large);
    if (result == CLRC_SUCCESS)
        result = give(as_if.function, &wr, package, length);
    free(octets);
    return result;
}
