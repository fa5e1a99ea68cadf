/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/access.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cloud/common/topic.h"

#define MS_PER_S 1000
#define SHARED "$share/"

static void deny(struct access_answer *ret, enum access_verdict verdict, enum ending ending,
                 const char *fmt, ...) KM_PRINTF(4, 5);

static void deny(struct access_answer *ret, enum access_verdict verdict, enum ending ending,
                 const char *fmt, ...)
{
    va_list args;
    ret->verdict = verdict;
    ret->ending = ending;
    va_start(args, fmt);
    (void)vsnprintf(ret->reason, sizeof(ret->reason), fmt, args);
    va_end(args);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Asks the policies; what they refuse ends as the verdict says. */
static bool is_permitted(const struct conn *conn, const struct km_policy_request *request,
                         enum access_verdict verdict, struct access_answer *ret)
{
    if (km_rights_ask(conn->bound, request, ret->reason))
        return true;
    ret->verdict = verdict;
    ret->ending = ENDING_FORBIDDEN;
    return false;
}

static struct km_policy_request ask(enum km_policy_action action, enum km_policy_resource kind,
                                    const char *name, int64_t now_ms)
{
    return (struct km_policy_request){
        .action = action, .kind = kind, .name = KM_SLICE_STR(name), .now_s = now_ms / MS_PER_S};
}

bool access_connect(const struct conn *conn, int64_t now_ms, struct access_answer *ret)
{
    struct km_policy_request request = ask(KM_POLICY_CONNECT, KM_POLICY_CLIENT, conn->id, now_ms);
    ret->verdict = ACCESS_ALLOW;
    return is_permitted(conn, &request, ACCESS_CLOSE, ret);
}

/* What was allowed before and is still, whenever it is asked. */
static bool is_noted(const struct conn *conn, const struct km_policy_request *request)
{
    return memo_has(conn->memo, request->action, request->name);
}

static void note(struct conn *conn, const struct km_policy_request *request)
{
    if (km_policy_is_timeless(conn->bound))
        memo_note(&conn->memo, request->action, request->name);
}

/* What no policy can allow: by the topic, and by the rest of a message. */
static bool is_sound_topic(const char *topic, struct access_answer *ret)
{
    enum km_topic_fault fault = km_topic_name_check(KM_SLICE_STR(topic));
    if (fault != KM_TOPIC_OK)
        deny(ret, ACCESS_CLOSE, ENDING_CLIENT_ERROR, "the topic of a message is %s",
             km_topic_fault_text(fault));
    else if (!km_rights_is_open(KM_SLICE_STR(topic)))
        deny(ret, ACCESS_CLOSE, ENDING_FORBIDDEN, "the topic %s is reserved", topic);
    else
        return true;
    return false;
}

static bool is_sound_message(const struct settings *settings, const struct access_request *request,
                             struct access_answer *ret)
{
    if (request->payload_len > KM_PAYLOAD_OCTETS_MAX)
        deny(ret, ACCESS_CLOSE, ENDING_CLIENT_ERROR, "a message of %zu octets, at most %u",
             request->payload_len, KM_PAYLOAD_OCTETS_MAX);
    else if (request->qos > 1 && !settings->allows_qos2)
        deny(ret, ACCESS_CLOSE, ENDING_CLIENT_ERROR, "a message with QoS 2, which is not served");
    else if (request->topic[0] == '$' && request->retain)
        deny(ret, ACCESS_CLOSE, ENDING_FORBIDDEN, "a retained message on the reserved topic %s",
             request->topic);
    else
        return true;
    return false;
}

static bool is_within_rates(const struct limits *limits, struct conn *conn,
                            const struct access_request *request, struct access_answer *ret)
{
    if (!km_rate_use(&conn->publishes, limits->publishes_per_s, 1, request->now_ms))
        deny(ret, ACCESS_CLOSE, ENDING_THROTTLED, "more than %u messages within a second",
             limits->publishes_per_s);
    else if (!km_rate_use(&conn->octets, limits->octets_per_s, request->payload_len,
                          request->now_ms))
        deny(ret, ACCESS_CLOSE, ENDING_THROTTLED, "more than %u octets within a second",
             limits->octets_per_s);
    else
        return true;
    return false;
}

/* One filter at a time is all that the broker tells. One that it asks for again as it ends the connection is not the client's doing. */
static bool is_within_subscribes(const struct limits *limits, struct conn *conn,
                                 const struct access_request *request, struct access_answer *ret)
{
    if (conn->state != CONN_ONLINE || conn->is_kicked ||
        km_rate_use(&conn->subscribes, limits->subscribes_per_s, 1, request->now_ms))
        return true;
    deny(ret, ACCESS_CLOSE, ENDING_THROTTLED,
         "more than %u topic filters subscribed to or unsubscribed from within a second",
         limits->subscribes_per_s);
    return false;
}

/* A request to provision is answered to a device that has a certificate to show. */
static bool is_for_devices(const struct conn *conn, const char *topic, struct access_answer *ret)
{
    if (conn->key[0] == '\0' || !km_rights_is_provisioning(KM_SLICE_STR(topic)))
        return false;
    deny(ret, ACCESS_CLOSE, ENDING_FORBIDDEN, "the topic %s is for devices alone", topic);
    return true;
}

static void check_publish(const struct settings *settings, struct conn *conn,
                          const struct access_request *request, struct access_answer *ret)
{
    struct km_policy_request publish =
        ask(KM_POLICY_PUBLISH, KM_POLICY_TOPIC, request->topic, request->now_ms);
    bool is_known = is_noted(conn, &publish);
    /* A client that has gone can't be slowed down: its will is not counted. */
    if ((!is_known &&
         (!is_sound_topic(request->topic, ret) || is_for_devices(conn, request->topic, ret))) ||
        !is_sound_message(settings, request, ret) ||
        (conn->state == CONN_ONLINE && !is_within_rates(&settings->limits, conn, request, ret)) ||
        (!is_known && !is_permitted(conn, &publish, ACCESS_CLOSE, ret)))
        return;
    if (!is_known)
        note(conn, &publish);
    if (!request->retain)
        return;
    publish.action = KM_POLICY_RETAIN_PUBLISH;
    (void)is_permitted(conn, &publish, ACCESS_CLOSE, ret);
}

/* A shared subscription is one to its filter too: what denies that is not got around by sharing it. */
static void check_shared(const struct conn *conn, struct km_policy_request request,
                         struct access_answer *ret)
{
    static const size_t front = sizeof(SHARED) - 1;
    const char *topic = (const char *)request.name.ptr;
    const char *slash = begins(topic, SHARED) ? strchr(topic + front, '/') : NULL;
    struct km_policy_decision decision = {0};
    if (slash == NULL)
        return;
    request.name = KM_SLICE_STR(slash + 1);
    if (!km_policy_decide(conn->bound, &request, &decision) &&
        decision.outcome == KM_POLICY_EXPLICIT_DENY)
        (void)is_permitted(conn, &request, ACCESS_CLOSE, ret);
}

static void check_subscribe(const struct settings *settings, struct conn *conn,
                            const struct access_request *request, struct access_answer *ret)
{
    struct km_policy_request subscribe =
        ask(KM_POLICY_SUBSCRIBE, KM_POLICY_TOPIC_FILTER, request->topic, request->now_ms);
    enum km_topic_fault fault = km_topic_filter_check(KM_SLICE_STR(request->topic));
    unsigned max = settings->limits.subscriptions;
    if (!is_within_subscribes(&settings->limits, conn, request, ret))
        return;
    if (fault != KM_TOPIC_OK)
        deny(ret, ACCESS_CLOSE, ENDING_CLIENT_ERROR, "the topic filter of a subscription is %s",
             km_topic_fault_text(fault));
    else if (request->qos > 1 && !settings->allows_qos2)
        deny(ret, ACCESS_CLOSE, ENDING_CLIENT_ERROR,
             "a subscription with QoS 2, which is not served");
    else if (request->topic[0] == '$' && !begins(request->topic, "$aws/") &&
             !begins(request->topic, SHARED))
        deny(ret, ACCESS_CLOSE, ENDING_FORBIDDEN, "the topic filter %s is reserved",
             request->topic);
    else if (max != 0 && request->n_subscriptions >= max)
        deny(ret, ACCESS_CLOSE, ENDING_THROTTLED, "more than %u subscriptions of one connection",
             max);
    else if (is_permitted(conn, &subscribe, ACCESS_CLOSE, ret))
        check_shared(conn, subscribe, ret);
}

static void check_receive(struct conn *conn, const struct access_request *request,
                          struct access_answer *ret)
{
    struct km_policy_request receive =
        ask(KM_POLICY_RECEIVE, KM_POLICY_TOPIC, request->topic, request->now_ms);
    if (is_noted(conn, &receive))
        return;
    if (km_rights_is_provisioning(KM_SLICE_STR(request->topic))) {
        deny(ret, ACCESS_DROP, ENDING_UNKNOWN, "the topic %s is for who serves it alone",
             request->topic);
        return;
    }
    /* Basic Ingest goes to rules alone, and the broker's own figures are nobody's business. */
    if (request->topic[0] == '$' &&
        (begins(request->topic, KM_TOPIC_BASIC_INGEST) || !begins(request->topic, "$aws/")))
        deny(ret, ACCESS_DROP, ENDING_UNKNOWN, "the topic %s is reserved", request->topic);
    else if (is_permitted(conn, &receive, ACCESS_DROP, ret))
        note(conn, &receive);
}

bool access_needs_time(const struct settings *settings, const struct conn *conn,
                       enum access_kind kind)
{
    bool is_filter = kind == ACCESS_SUBSCRIBE || kind == ACCESS_UNSUBSCRIBE;
    bool counts = kind == ACCESS_PUBLISH && conn->state == CONN_ONLINE &&
                  (settings->limits.publishes_per_s != 0 || settings->limits.octets_per_s != 0);
    counts = counts || (is_filter && settings->limits.subscribes_per_s != 0);
    return counts || (conn->bound != NULL && !km_policy_is_timeless(conn->bound));
}

void access_check(const struct settings *settings, struct conn *conn,
                  const struct access_request *request, struct access_answer *ret)
{
    ret->verdict = ACCESS_ALLOW;
    if (conn->is_local)
        return;
    /* No policy is asked for that, not even of one that is barred. */
    if (request->kind == ACCESS_UNSUBSCRIBE) {
        (void)is_within_subscribes(&settings->limits, conn, request, ret);
        return;
    }
    if (conn->is_barred) {
        deny(ret, request->kind == ACCESS_RECEIVE ? ACCESS_DROP : ACCESS_CLOSE, ENDING_SERVER,
             conn->key[0] != '\0' ? "its access key no longer counts"
                                  : "its certificate is no longer active");
        return;
    }
    switch (request->kind) {
    case ACCESS_PUBLISH:
        check_publish(settings, conn, request, ret);
        return;
    case ACCESS_SUBSCRIBE:
        check_subscribe(settings, conn, request, ret);
        return;
    case ACCESS_RECEIVE:
        check_receive(conn, request, ret);
        return;
    case ACCESS_UNSUBSCRIBE:
        return;
    }
}
