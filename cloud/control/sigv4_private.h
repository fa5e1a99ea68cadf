/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the signature share: what a request claims of it, wherever it stands. */
#ifndef KM_SIGV4_PRIVATE_H
#define KM_SIGV4_PRIVATE_H

#include "cloud/control/sigv4.h"

#define SIGV4_ALGORITHM "AWS4-HMAC-SHA256"
#define SIGV4_QUERY_SIGNATURE "X-Amz-Signature"
#define SIGV4_QUERY_TOKEN "X-Amz-Security-Token"
#define SIGV4_DECODED_MAX 4096u /* octets of all that a query says of its signature, decoded */

/* What the request says of its signature. */
struct sigv4_claim {
    struct km_slice key_id;
    struct km_slice date;
    struct km_slice region;
    struct km_slice service;
    struct km_slice scope; /* from date to terminator */
    struct km_slice signed_headers;
    struct km_slice signature;
    struct km_slice time;
    struct km_slice token;
    int64_t time_s;
    bool is_in_query;
    uint8_t decoded[SIGV4_DECODED_MAX]; /* what stands in a query is encoded; views are of this */
};

bool sigv4_is(struct km_slice slice, const char *text);
/* sigv4_take: what stands before the octet (all of it when there is none); *rest begins behind it. */
struct km_slice sigv4_take(struct km_slice *rest, char octet);
/* sigv4_find_one: the value of the request's header; *ret_n says how many there are. */
struct km_slice sigv4_find_one(const struct km_sigv4_request *request, const char *name,
                               size_t *ret_n);
/* sigv4_check_claim: takes the credential apart, and looks at the form of the rest. */
enum km_sigv4_verdict sigv4_check_claim(struct km_err *err, struct km_slice credential,
                                        struct sigv4_claim *claim);
/* sigv4_check_coverage: every header that carries meaning has to be under the signature. */
enum km_sigv4_verdict sigv4_check_coverage(struct km_err *err,
                                           const struct km_sigv4_request *request,
                                           const struct sigv4_claim *claim);
/* sigv4_check_time: it was signed at most KM_SIGV4_SKEW_S after now, and at most valid_s before. */
enum km_sigv4_verdict sigv4_check_time(struct km_err *err, const struct km_sigv4_request *request,
                                       int64_t valid_s, struct sigv4_claim *claim);
/* sigv4_read_query: the claim of a request that is signed in its query. */
enum km_sigv4_verdict sigv4_read_query(struct km_err *err, const struct km_sigv4_request *request,
                                       struct sigv4_claim *claim);

#endif
