/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a client may do what it asks for, with AWS's outcomes. Pure but for the counters of the connection. */
#ifndef BROKER_ACCESS_H
#define BROKER_ACCESS_H

#include "cloud/admission/rights.h"
#include "cloud/broker-plugin/conn.h"
#include "cloud/broker-plugin/settings.h"

enum access_verdict {
    ACCESS_ALLOW = 0,
    ACCESS_DROP,  /* nothing happens, nobody is told */
    ACCESS_CLOSE, /* the connection ends */
};

enum access_kind { ACCESS_PUBLISH, ACCESS_SUBSCRIBE, ACCESS_RECEIVE, ACCESS_UNSUBSCRIBE };

struct access_request {
    enum access_kind kind;
    const char *topic; /* or filter */
    size_t payload_len;
    unsigned qos;
    bool retain;
    unsigned n_subscriptions; /* that the client has */
    int64_t now_ms;           /* needed only if access_needs_time */
};

struct access_answer {
    enum access_verdict verdict;
    enum ending ending;                /* with ACCESS_CLOSE */
    char reason[KM_RIGHTS_REASON_CAP]; /* one sentence, unless it is allowed */
};

/* access_needs_time: whether it matters when such a thing is asked: it counts towards a rate, or policies mind the time. */
bool access_needs_time(const struct settings *settings, const struct conn *conn,
                       enum access_kind kind);
void access_check(const struct settings *settings, struct conn *conn,
                  const struct access_request *request, struct access_answer *ret);
/* access_connect: iot:Connect with this client id. */
KM_MUST_USE bool access_connect(const struct conn *conn, int64_t now_ms, struct access_answer *ret);

#endif
