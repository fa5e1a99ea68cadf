/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/clrtls/clrtls_internal.h"
#include "ta/crypto/crypto_protocol.h"

#define LAST_ERROR_MAX 320

static __thread char last_error[LAST_ERROR_MAX];

const char *clrtlsLastError(void)
{
    return last_error;
}

static const struct {
    TEEC_Result from;
    ClrcResult to;
} results[] = {
#define RESULT(from, to) {from, to},
    KM_TLSIO_RESULTS(RESULT) KM_CRYPTO_RESULTS(RESULT)
#undef RESULT
};

ClrcResult clrtls_map(TEEC_Result result)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(results); i++) {
        if (results[i].from == result)
            return results[i].to;
    }
    return CLRC_ERROR_GENERIC;
}

ClrcResult clrtls_of_failure(uint32_t failure)
{
    static const ClrcResult failures[] = {
#define FAILURE(name, number, result) [number] = (result),
        KM_TLSIO_FAILURES(FAILURE)
#undef FAILURE
    };
    return failure < KM_ARRAY_LEN(failures) ? failures[failure] : CLRC_ERROR_GENERIC;
}

static const struct {
    ClrcResult result;
    const char *text;
} texts[] = {
    {CLRC_ERROR_BAD_PARAMETERS, "an argument is wrong"},
    {CLRC_ERROR_BAD_NAME, "a name is 1 to 63 octets of UTF-8; a host's is 1 to 255 of ASCII"},
    {CLRC_ERROR_BAD_FORMAT, "not a key or certificate in PEM, or the two do not belong together"},
    {CLRC_ERROR_SHORT_BUFFER, "the buffer is too short; its length now says how much is needed"},
    {CLRC_ERROR_TOO_LARGE, "too long, or too many connections"},
    {CLRC_ERROR_OUT_OF_MEMORY, "memory is short"},
    {CLRC_ERROR_NOT_FOUND, "there is no such key or certificate"},
    {CLRC_ERROR_NOT_SUPPORTED, "a key or certificate of this kind can't serve for TLS"},
    {CLRC_ERROR_BUSY, "somebody is changing it, or there are too many sessions; try again"},
    {CLRC_ERROR_CANCELLED, "the call was cancelled"},
    {CLRC_ERROR_STATE, "not in this state of the context or connection"},
    {CLRC_ERROR_CORRUPT, "stored data are damaged or were put back"},
    {CLRC_ERROR_ACCESS_DENIED, "this caller may not use the key, or the key may not sign"},
    {CLRC_ERROR_PASSWORD, "the key is behind a password"},
    {CLRC_ERROR_EXPIRED, "the key's last day has passed"},
    {CLRC_ERROR_USED_UP, "the key's uses are spent"},
    {CLRC_ERROR_KEY_GONE, "the key was deleted or replaced meanwhile"},
    {CLRC_ERROR_NO_SERVICE, "the key service can't be reached"},
    {CLRC_ERROR_SERVICE_DIED, "the instance with this context ended; a new context is needed"},
    {CLRTLS_ERROR_WANT_READ, "waits until the descriptor is readable"},
    {CLRTLS_ERROR_WANT_WRITE, "waits until the descriptor is writable"},
    {CLRTLS_ERROR_CLOSED, "the peer closed the connection"},
    {CLRTLS_ERROR_TRUNCATED, "the stream ended without close_notify"},
    {CLRTLS_ERROR_TIMEOUT, "it took longer than allowed"},
    {CLRTLS_ERROR_PROTOCOL, "the peer does not speak TLS as it should"},
    {CLRTLS_ERROR_ALERT, "the peer refused"},
    {CLRTLS_ERROR_NO_COMMON, "no version, suite, group or protocol in common"},
    {CLRTLS_ERROR_CERT_UNTRUSTED, "no known authority issued the peer's certificate"},
    {CLRTLS_ERROR_CERT_NAME, "the peer's certificate is for another host"},
    {CLRTLS_ERROR_CERT_EXPIRED, "the peer's certificate has expired, or the clock was set back"},
    {CLRTLS_ERROR_CERT_NOT_YET_VALID, "the peer's certificate is not yet valid"},
    {CLRTLS_ERROR_CERT_REVOKED, "the peer's certificate is revoked"},
    {CLRTLS_ERROR_CERT_PURPOSE, "the peer's certificate may not be used for this"},
    {CLRTLS_ERROR_CERT_MISSING, "the peer shows no certificate"},
    {CLRTLS_ERROR_CERT_INVALID,
     "the peer's certificate is malformed or badly signed, or a revocation list is stale"},
    {CLRTLS_ERROR_UNRESOLVED, "the host name has no address"},
    {CLRTLS_ERROR_REFUSED, "nobody listens there"},
};

static const char *text_of(ClrcResult result)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(texts); i++) {
        if (texts[i].result == result)
            return texts[i].text;
    }
    return "the service met something unforeseen";
}

ClrcResult clrtls_fail(const char *function, ClrcResult result, const char *text)
{
    (void)snprintf(last_error, sizeof(last_error), "%s: %s", function,
                   text != NULL ? text : text_of(result));
    return result;
}

ClrcResult clrtls_fail_errno(const char *function, const char *what)
{
    int native = errno;
    char reason[96] = "";
    const char *text = strerror_r(native, reason, sizeof(reason));
    (void)snprintf(last_error, sizeof(last_error), "%s: %s: %s", function, what, text);
    errno = native;
    return CLRTLS_ERROR_IO;
}

ClrcResult clrtls_fail_tls(const char *function, const ClrtlsConnection *connection)
{
    ClrcResult result = clrtls_of_failure(connection->last.failure);
    char octets[KM_TLSIO_INFO_MAX] = "";
    char detail[KM_TLSIO_DETAIL_MAX + 1] = "";
    struct km_tlsio_info info = {0};
    TEEC_Operation op = {
        .paramTypes =
            TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_TEMP_OUTPUT, TEEC_NONE, TEEC_NONE),
        .params = {{.value = {.a = connection->id}}, clrtls_memory(octets, sizeof(octets))}};
    if (clrtls_invoke(function, connection->context, KM_TLSIO_CMD_INFO, &op) == CLRC_SUCCESS &&
        op.params[1].tmpref.size <= sizeof(octets) &&
        km_tlsio_info_parse(KM_SLICE(octets, op.params[1].tmpref.size), &info))
        km_copy(detail, KM_TLSIO_DETAIL_MAX, info.detail.ptr, info.detail.len);
    (void)snprintf(last_error, sizeof(last_error), "%s: %s%s%s%s", function, text_of(result),
                   detail[0] != '\0' ? " (" : "", detail, detail[0] != '\0' ? ")" : "");
    return result;
}
