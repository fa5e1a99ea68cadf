/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4 in the Authorization header, or in the query: who sent a request, or why that is not known. Pure: the request, the
 * time and the secrets come from the caller.
 *
 * Demanded beyond a signature that fits: one each of Authorization, Host and X-Amz-Date, and a signature over Host and over
 * every header that starts with X-Amz (but X-Amzn-Trace-Id, which proxies add), so that nothing a request means can be
 * changed on its way. X-Amz-Content-Sha256 has to be the body's digest: unsigned bodies are refused.
 */
#ifndef KM_SIGV4_H
#define KM_SIGV4_H

#include "cloud/control/crypto.h"

#define KM_SIGV4_SKEW_S 900           /* how far the two clocks may be apart */
#define KM_SIGV4_EXPIRES_MAX_S 604800 /* for how long a signature in a query may count */
#define KM_SIGV4_KEY_ID_MAX 128       /* of an access key's id */
#define KM_SIGV4_SECRET_MAX 128       /* of an access key's secret */
#define KM_SIGV4_SCOPE_MAX 64         /* of the region, and of the service */
#define KM_SIGV4_HEADERS_MAX 64       /* of a request */
#define KM_SIGV4_PARAMETERS_MAX 64    /* of its query */

struct km_sigv4_header {
    struct km_slice name; /* in any case */
    struct km_slice value;
};

/* Everything borrowed. */
struct km_sigv4_request {
    struct km_slice method;
    struct km_slice
        path; /* as it came, still percent-encoded, but without . and .. and double slashes */
    struct km_slice query; /* as it came, without the question mark */
    const struct km_sigv4_header *headers;
    size_t n_headers;
    uint8_t body_sha256[KM_SHA256_LEN];
    int64_t now_s; /* seconds since 1970 */
};

/* Where secrets come from. */
struct km_sigv4_keys {
    /*
     * secret: the secret of this access key into ret, KM_SIGV4_SECRET_MAX octets at most. token is X-Amz-Security-Token, of no
     * octets when there is none. KM_E_NOTFOUND: no such key, or not with this token; KM_E_STALE: it has expired.
     */
    km_status (*secret)(void *arg, struct km_err *err, struct km_slice key_id,
                        struct km_slice token, struct km_span ret, size_t *ret_len);
    void *arg;
};

struct km_sigv4_who {
    char key_id[KM_SIGV4_KEY_ID_MAX + 1];
    char region[KM_SIGV4_SCOPE_MAX + 1];
    char service[KM_SIGV4_SCOPE_MAX + 1];
};

enum km_sigv4_verdict {
    KM_SIGV4_OK,
    KM_SIGV4_MISSING,    /* there is no signature */
    KM_SIGV4_INCOMPLETE, /* it is not whole, or leaves something open */
    KM_SIGV4_UNKNOWN,    /* nobody has this access key */
    KM_SIGV4_EXPIRED,    /* it was temporary */
    KM_SIGV4_SKEWED,     /* the clocks are too far apart */
    KM_SIGV4_WRONG,      /* the signature does not fit */
    KM_SIGV4_FAILED,     /* could not be found out */
};

/*
 * km_sigv4_verify: fills *ret only for KM_SIGV4_OK; every other verdict has its sentence in err, for the caller to read (no
 * part of a signature or secret is in it).
 */
KM_MUST_USE enum km_sigv4_verdict km_sigv4_verify(struct km_err *err,
                                                  const struct km_crypto *crypto,
                                                  const struct km_sigv4_request *request,
                                                  const struct km_sigv4_keys *keys,
                                                  struct km_sigv4_who *ret);

/*
 * km_sigv4_verify_query: the same for a request without a body that is signed in its query, as URLs are that are given away, and as
 * MQTT over WebSockets begins. It counts for X-Amz-Expires seconds, KM_SIGV4_SKEW_S if it says nothing, as often as it comes; nothing of
 * the API should be asked in this way. Clients differ in what they sign, so X-Amz-Security-Token may be under the signature or not (it is
 * checked by itself), and Host with its port or without.
 */
KM_MUST_USE enum km_sigv4_verdict km_sigv4_verify_query(struct km_err *err,
                                                        const struct km_crypto *crypto,
                                                        const struct km_sigv4_request *request,
                                                        const struct km_sigv4_keys *keys,
                                                        struct km_sigv4_who *ret);
/* km_sigv4_is_in_query: whether a query, as it came, has a signature at all. */
bool km_sigv4_is_in_query(struct km_slice query);

/* km_sigv4_time: YYYYMMDDTHHMMSSZ to seconds since 1970; false for anything else. */
KM_MUST_USE bool km_sigv4_time(struct km_slice text, int64_t *ret_s);

#endif
