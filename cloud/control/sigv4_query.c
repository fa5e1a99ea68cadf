/* SPDX-License-Identifier: Apache-2.0 */
/* A signature in the query. */
#include "cloud/control/sigv4_private.h"
#include "cloud/control/target.h"
#include "common/km_option.h"

/* The parameters that a signature is made of. */
enum said { ALGORITHM, CREDENTIAL, DATE, EXPIRES, SIGNED_HEADERS, SIGNATURE, TOKEN, N_SAID };

static const char *const names[N_SAID] = {
    [ALGORITHM] = "X-Amz-Algorithm",
    [CREDENTIAL] = "X-Amz-Credential",
    [DATE] = "X-Amz-Date",
    [EXPIRES] = "X-Amz-Expires",
    [SIGNED_HEADERS] = "X-Amz-SignedHeaders",
    [SIGNATURE] = SIGV4_QUERY_SIGNATURE,
    [TOKEN] = SIGV4_QUERY_TOKEN,
};

bool km_sigv4_is_in_query(struct km_slice query)
{
    struct km_slice value = {0};
    return km_target_parameter(query, SIGV4_QUERY_SIGNATURE, &value);
}

static enum km_sigv4_verdict incomplete(struct km_err *err, const char *why)
{
    (void)KM_FAIL(err, KM_E_MALFORMED, "%s", why);
    return KM_SIGV4_INCOMPLETE;
}

/* collect: each of them once, decoded into the claim. */
static bool collect(struct km_slice query, struct sigv4_claim *claim, struct km_slice said[N_SAID])
{
    struct km_span room = KM_SPAN(claim->decoded, sizeof(claim->decoded));
    struct km_slice name = {0};
    struct km_slice value = {0};
    while (km_target_next_parameter(&query, &name, &value)) {
        for (size_t i = 0; i < N_SAID; i++) {
            if (!sigv4_is(name, names[i]))
                continue;
            if (said[i].ptr != NULL || !km_target_decode(value, false, room, &said[i]))
                return false;
            room = KM_SPAN(room.ptr + said[i].len + 1, room.len - said[i].len - 1);
        }
    }
    return true;
}

/* read_expiry: for how long it counts. */
static bool read_expiry(struct km_slice text, int64_t *ret_s)
{
    unsigned long seconds = 0;
    if (text.ptr == NULL) {
        *ret_s = KM_SIGV4_SKEW_S;
        return true;
    }
    if (!km_option_digits((const char *)text.ptr, 10, KM_SIGV4_EXPIRES_MAX_S, &seconds) ||
        seconds == 0)
        return false;
    *ret_s = (int64_t)seconds;
    return true;
}

enum km_sigv4_verdict sigv4_read_query(struct km_err *err, const struct km_sigv4_request *request,
                                       struct sigv4_claim *claim)
{
    struct km_slice said[N_SAID] = {0};
    size_t n_hosts = 0;
    int64_t valid_s = 0;
    claim->is_in_query = true;
    if (!collect(request->query, claim, said))
        return incomplete(err, "a part of the signature in the query is there twice, or can't be "
                               "read");
    if (said[SIGNATURE].ptr == NULL) {
        (void)KM_FAIL(err, KM_E_AUTH, "Missing Authentication Token");
        return KM_SIGV4_MISSING;
    }
    (void)sigv4_find_one(request, "host", &n_hosts);
    if (n_hosts != 1 || request->n_headers > KM_SIGV4_HEADERS_MAX)
        return incomplete(err, "Host must be there, once, and not too many headers");
    if (!sigv4_is(said[ALGORITHM], SIGV4_ALGORITHM))
        return incomplete(err, "X-Amz-Algorithm is not " SIGV4_ALGORITHM);
    if (!read_expiry(said[EXPIRES], &valid_s))
        return incomplete(err, "X-Amz-Expires is not a number of seconds up to a week");
    claim->signed_headers = said[SIGNED_HEADERS];
    claim->signature = said[SIGNATURE];
    claim->time = said[DATE];
    claim->token = said[TOKEN];
    enum km_sigv4_verdict verdict = sigv4_check_claim(err, said[CREDENTIAL], claim);
    if (verdict == KM_SIGV4_OK)
        verdict = sigv4_check_coverage(err, request, claim);
    if (verdict == KM_SIGV4_OK)
        verdict = sigv4_check_time(err, request, valid_s, claim);
    return verdict;
}
