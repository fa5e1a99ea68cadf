/* SPDX-License-Identifier: Apache-2.0 */
/* Verification of a certificate against what the service trusts. */
#include <stdlib.h>
#include <string.h>

#include "lib/clrsc/clrsc_internal.h"

#define WISH_MAX (16u + CLRSC_HOST_MAX + CLRC_NAME_MAX)

_Static_assert(CLRSC_CHAIN_MAX == KM_CERTS_CHAIN_MAX, "both sides agree on the limit");
_Static_assert(CLRSC_CHAIN_LENGTH_MAX == KM_CERTS_CHAIN_LEN_MAX, "both sides agree on the limit");
_Static_assert(CLRSC_HOST_MAX == KM_CERTS_HOST_MAX, "both sides agree on the limit");
_Static_assert((int)CLRSC_PURPOSE_TLS_CLIENT == KM_CERTS_PURPOSE_TLS_CLIENT,
               "both sides agree on the numbers");

/* Every verdict of the service, under the same number here. */
#define VERDICTS(X)                                                                                \
    X(GOOD, "the certificate is good")                                                             \
    X(MALFORMED, "not a certificate, or with something critical that is not understood")           \
    X(UNTRUSTED, "no path leads to a known authority")                                             \
    X(BAD_SIGNATURE, "a signature does not fit, or a key is too weak")                             \
    X(NOT_YET_VALID, "its first day has not come")                                                 \
    X(EXPIRED, "its last day has passed")                                                          \
    X(REVOKED, "it is revoked")                                                                    \
    X(CRL_STALE, "its issuer's revocation list is past its day, or can't be used")                 \
    X(NOT_AUTHORITY, "an issuer is no authority, or may not issue so deep")                        \
    X(NAME_CONSTRAINT, "an issuer may not issue for that name")                                    \
    X(WRONG_PURPOSE, "it is not for this purpose")                                                 \
    X(WRONG_HOST, "it is for another host")                                                        \
    X(CLOCK, "the device's clock was set back; nothing is trusted until it is right again")

#define SAME(name, text)                                                                           \
    _Static_assert((int)CLRSC_##name == KM_CERTS_##name, "both sides agree on the numbers");
VERDICTS(SAME)
#undef SAME

static const struct {
    ClrscVerdict verdict;
    const char *text;
} texts[] = {
#define TEXT(name, text) {CLRSC_##name, text},
    VERDICTS(TEXT)
#undef TEXT
};

const char *clrscVerdictText(ClrscVerdict verdict)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(texts); i++) {
        if (texts[i].verdict == verdict)
            return texts[i].text;
    }
    return "not a verdict of this library";
}

static ClrcResult put_chain(const char *function, const ClrscCertificate *chain, uint32_t n,
                            struct km_wr *wr)
{
    if (chain == NULL || n == 0)
        return clrsc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL, "there is no certificate");
    if (n > CLRSC_CHAIN_MAX)
        return clrsc_fail(function, CLRC_ERROR_TOO_LARGE, NULL, "more than 10 certificates");
    for (uint32_t i = 0; i < n; i++) {
        if (chain[i].der == NULL)
            return clrsc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL, CLRSC_NULL_POINTER);
        km_wr_blob32le(wr, KM_SLICE(chain[i].der, chain[i].length));
    }
    return CLRC_SUCCESS;
}

static ClrcResult put_wish(const char *function, const ClrscVerifyWish *wish, struct km_wr *wr)
{
    static const ClrscVerifyWish anything = {.purpose = CLRSC_PURPOSE_ANY};
    if (wish == NULL)
        wish = &anything;
    const char *host = wish->host == NULL ? "" : wish->host;
    /* An empty host or name is a mistake, not the wish for any. */
    if (wish->host != NULL && (*host == '\0' || strlen(host) > CLRSC_HOST_MAX))
        return clrsc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL,
                          "a host name has 1 to 255 octets");
    if (wish->anchor != NULL && !clrsc_name_is(wish->anchor))
        return clrsc_fail(function, CLRC_ERROR_BAD_NAME, NULL, NULL);
    if ((uint32_t)wish->purpose > CLRSC_PURPOSE_TLS_CLIENT)
        return clrsc_fail(function, CLRC_ERROR_BAD_PARAMETERS, NULL, "there is no such purpose");
    km_wr_u32le(wr, (uint32_t)wish->purpose);
    km_wr_u32le(wr, 0);
    km_wr_blob32le(wr, KM_SLICE_STR(host));
    km_wr_blob32le(wr, wish->anchor == NULL ? KM_SLICE("", 0) : KM_SLICE_STR(wish->anchor));
    return CLRC_SUCCESS;
}

static ClrcResult ask(struct clrsc_call *call, ClrscVerdict *verdict, uint32_t *depth)
{
    km_call_value_out(&call->sent, 2);
    ClrcResult result = clrsc_run(call);
    if (result != CLRC_SUCCESS)
        return result;
    uint32_t found = call->sent.op.params[2].value.a;
    if (found > CLRSC_CLOCK)
        return clrsc_fail(call->function, CLRC_ERROR_GENERIC, NULL,
                          "the service's verdict is not known to this library");
    *verdict = (ClrscVerdict)found;
    if (depth != NULL)
        *depth = call->sent.op.params[2].value.b;
    return CLRC_SUCCESS;
}

ClrcResult clrscVerifyCertificate(const ClrscCertificate *chain, uint32_t n,
                                  const ClrscVerifyWish *wish, ClrscVerdict *verdict,
                                  uint32_t *depth)
{
    struct clrsc_call call = {.function = "clrscVerifyCertificate",
                              .subject = wish == NULL ? NULL : wish->anchor,
                              .sent.command = KM_CERTS_CMD_VERIFY,
                              .bad_format = "the service can't read the chain"};
    if (verdict == NULL)
        return clrsc_fail(call.function, CLRC_ERROR_BAD_PARAMETERS, NULL, CLRSC_NULL_POINTER);
    *verdict = CLRSC_UNTRUSTED;
    uint8_t wish_octets[WISH_MAX] = {0};
    uint8_t *octets = malloc(CLRSC_CHAIN_LENGTH_MAX);
    if (octets == NULL)
        return clrsc_fail(call.function, CLRC_ERROR_OUT_OF_MEMORY, NULL, NULL);
    struct km_wr chain_wr = km_wr_init(octets, CLRSC_CHAIN_LENGTH_MAX);
    struct km_wr wish_wr = km_wr_init(wish_octets, sizeof(wish_octets));
    struct km_slice whole = {0};
    struct km_slice wished = {0};
    ClrcResult result = put_chain(call.function, chain, n, &chain_wr);
    if (result == CLRC_SUCCESS)
        result = put_wish(call.function, wish, &wish_wr);
    if (result == CLRC_SUCCESS &&
        (!km_wr_finish(&chain_wr, &whole) || !km_wr_finish(&wish_wr, &wished)))
        result = clrsc_fail(call.function, CLRC_ERROR_TOO_LARGE, NULL,
                            "the certificates take more than 65536 octets");
    if (result == CLRC_SUCCESS) {
        km_call_in(&call.sent, 0, whole.ptr, whole.len);
        km_call_in(&call.sent, 1, wished.ptr, wished.len);
        result = ask(&call, verdict, depth);
    }
    free(octets);
    return result;
}
