/* SPDX-License-Identifier: Apache-2.0 */
/* What clients do while they are connected, and how they go. */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <stdio.h>
#include <string.h>

#include "cloud/broker-plugin/broker.h"
#include "cloud/broker-plugin/overheard.h"
#include "cloud/common/topic.h"

static const char *const kinds[] = {
    [ACCESS_PUBLISH] = "Publish-In",
    [ACCESS_SUBSCRIBE] = "Subscribe",
    [ACCESS_RECEIVE] = "Publish-Out",
    [ACCESS_UNSUBSCRIBE] = "Unsubscribe",
};

static void tell_refusal(struct broker *broker, const struct conn *conn, enum access_kind kind,
                         const struct access_answer *answer)
{
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "Keymoor: %s of %s: %s", kinds[kind], conn->id,
                         answer->reason);
    const struct note note = broker_note(conn, kinds[kind], answer->reason);
    broker_record(broker, &note);
}

static void tell_subscription(struct broker *broker, const struct conn *conn, const char *filter,
                              bool is_end)
{
    struct presence event = {0};
    const struct subscribed what = {.is_end = is_end, .filter = filter};
    if (presence_wanted(conn) && presence_subscribed(conn, &what, broker_now_ms(), &event))
        broker_presence(broker, &event);
}

/* A message that is withheld from a subscriber is recorded once a connection: there may be thousands. */
static int withhold(struct broker *broker, struct conn *conn, const struct access_answer *answer)
{
    if (!conn->told_receive)
        tell_refusal(broker, conn, ACCESS_RECEIVE, answer);
    conn->told_receive = true;
    return MOSQ_ERR_ACL_DENIED;
}

static int close_conn(struct broker *broker, struct conn *conn, enum access_kind kind,
                      const struct access_answer *answer)
{
    tell_refusal(broker, conn, kind, answer);
    conn->ending = answer->ending;
    return MOSQ_ERR_ADMINISTRATIVE_ACTION;
}

static bool kind_of(int access, enum access_kind *ret)
{
    switch (access) {
    case MOSQ_ACL_WRITE:
        *ret = ACCESS_PUBLISH;
        return true;
    case MOSQ_ACL_SUBSCRIBE:
        *ret = ACCESS_SUBSCRIBE;
        return true;
    case MOSQ_ACL_READ:
        *ret = ACCESS_RECEIVE;
        return true;
    case MOSQ_ACL_UNSUBSCRIBE:
        *ret = ACCESS_UNSUBSCRIBE;
        return true;
    default:
        return false;
    }
}

/*
 * Before it hands out a retained message mosquitto asks whether its sender, who may be long gone, could still send it; what it
 * asks about has an id and no version of the protocol, as no client has. A message that was taken stays. Whoever else is not
 * known is a session from before a restart: nobody has shown a certificate for it yet.
 */
static bool is_retained_senders(const struct mosquitto_evt_acl_check *event)
{
    return event->access == MOSQ_ACL_WRITE && event->retain &&
           mosquitto_client_protocol_version(event->client) == 0;
}

void broker_answer(struct broker *broker, struct conn *conn, const struct outgoing *message)
{
    struct access_answer verdict;
    const struct access_request request = {
        .kind = ACCESS_RECEIVE, .topic = message->topic, .now_ms = broker_now_ms()};
    access_check(&broker->settings, conn, &request, &verdict);
    if (verdict.verdict == ACCESS_ALLOW)
        (void)mosquitto_broker_publish_copy(conn->id, message->topic, (int)message->payload.len,
                                            message->payload.ptr, message->qos, false, NULL);
    else
        (void)withhold(broker, conn, &verdict);
}

#define UNSERVED "Nobody serves provisioning at present"
#define TEXT_37 "\x78\x25" /* the head of a text of that length in CBOR */
_Static_assert(sizeof(UNSERVED) - 1 == 37, "another head");

/* In the format that it was asked in. */
static struct km_slice unserved(struct km_slice topic)
{
    static const char json[] = "{\"statusCode\":503,\"errorCode\":\"ServiceUnavailable\","
                               "\"errorMessage\":\"" UNSERVED "\"}";
    static const char cbor[] = "\xa3"
                               "\x6a"
                               "statusCode"
                               "\x19\x01\xf7"
                               "\x69"
                               "errorCode"
                               "\x72"
                               "ServiceUnavailable"
                               "\x6c"
                               "errorMessage" TEXT_37 UNSERVED;
    static const char end[] = "/cbor";
    const size_t len = sizeof(end) - 1;
    bool is_cbor = topic.len > len &&
                   km_slice_equal(KM_SLICE(topic.ptr + topic.len - len, len), KM_SLICE(end, len));
    return is_cbor ? KM_SLICE(cbor, sizeof(cbor) - 1) : KM_SLICE(json, sizeof(json) - 1);
}

/* Nobody who could serve it is there: its client is told so instead of being left waiting. */
static void refuse_unserved(struct broker *broker, const struct mosquitto *client,
                            const struct letter *message)
{
    char topic[KM_TOPIC_MAX + sizeof("/rejected")] = "";
    if (!km_rights_is_provisioning(message->topic) ||
        watches_serve(broker->watches, message->topic))
        return;
    struct conn *conn = conns_find(&broker->conns, client);
    if (conn == NULL || conn->is_local)
        return;
    (void)snprintf(topic, sizeof(topic), "%s/rejected", (const char *)message->topic.ptr);
    broker_answer(
        broker, conn,
        &(struct outgoing){.topic = topic, .payload = unserved(message->topic), .qos = 1});
}

/* What a client sends, to whom it concerns beside the subscribers. */
static void pass_on(struct broker *broker, const struct mosquitto *client, struct letter *message)
{
    const struct conn *conn = conns_find(&broker->conns, client);
    message->time_ms = broker_now_ms();
    if (conn != NULL) {
        message->client = KM_SLICE_STR(conn->id);
        message->certificate = KM_SLICE_STR(conn->certificate);
        message->address = KM_SLICE_STR(conn->address);
    }
    broker_spread(broker, message);
}

/* mosquitto shows its plugins no last will as a message; that it asks for it is all there is. Services don't take one for a request. */
static void pass_on_will(struct broker *broker, const struct mosquitto_evt_acl_check *event)
{
    struct letter message = {.kind = LETTER_MESSAGE,
                             .topic = KM_SLICE_STR(event->topic),
                             .payload = KM_SLICE(event->payload, event->payloadlen),
                             .qos = event->qos,
                             .retain = event->retain};
    if (broker_hears(broker, message.topic, message.retain) &&
        !km_topic_filter_matches(KM_SLICE_STR("$aws/things/#"), message.topic) &&
        !km_rights_is_provisioning(message.topic))
        pass_on(broker, event->client, &message);
}

/* No policy is asked, and so a client may name what it likes: of a filter that nobody can subscribe to nobody is told. */
static void tell_unsubscription(struct broker *broker, const struct conn *conn, const char *filter)
{
    if (km_topic_filter_check(KM_SLICE_STR(filter)) == KM_TOPIC_OK)
        tell_subscription(broker, conn, filter, true);
}

/*
 * In the same breath as it takes a subscription mosquitto hands out what is retained. As the cloud does it, a filter with wildcards gets
 * none of that; a message with the flag that comes later is one like any other.
 */
static void note_subscriber(struct broker *broker, const struct conn *conn,
                            const struct mosquitto_evt_acl_check *event)
{
    if (event->access == MOSQ_ACL_READ || (conn == NULL && is_retained_senders(event)))
        return;
    broker->wild = event->access == MOSQ_ACL_SUBSCRIBE && conn != NULL && !conn->is_local &&
                           !broker->settings.hands_out && strpbrk(event->topic, "+#") != NULL
                       ? conn
                       : NULL;
}

static bool is_handed_out(const struct broker *broker, const struct conn *conn,
                          const struct mosquitto_evt_acl_check *event)
{
    return event->access == MOSQ_ACL_READ && event->retain && broker->wild == conn;
}

int broker_authorise(struct broker *broker, const struct mosquitto_evt_acl_check *event)
{
    struct access_answer answer;
    struct access_request request = {.topic = event->topic,
                                     .payload_len = event->payloadlen,
                                     .qos = event->qos,
                                     .retain = event->retain};
    struct conn *conn = conns_find(&broker->conns, event->client);
    note_subscriber(broker, conn, event);
    if (conn == NULL)
        return is_retained_senders(event) ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
    if (is_handed_out(broker, conn, event))
        return MOSQ_ERR_ACL_DENIED;
    if (!kind_of(event->access, &request.kind))
        return MOSQ_ERR_ACL_DENIED;
    if (conn->state == CONN_LEAVING && request.kind == ACCESS_PUBLISH &&
        conn->ending == ENDING_UNKNOWN)
        conn->ending = ENDING_LOST; /* its last will: so it did not say goodbye */
    if (request.kind == ACCESS_SUBSCRIBE && !conn->is_kicked)
        request.n_subscriptions = (unsigned)mosquitto_client_sub_count(event->client);
    if (access_needs_time(&broker->settings, conn, request.kind))
        request.now_ms = broker_now_ms();
    access_check(&broker->settings, conn, &request, &answer);
    if (answer.verdict == ACCESS_DROP)
        return withhold(broker, conn, &answer);
    if (answer.verdict == ACCESS_CLOSE)
        return close_conn(broker, conn, request.kind, &answer);
    if (request.kind == ACCESS_PUBLISH && conn->state != CONN_ONLINE)
        pass_on_will(broker, event);
    /* When the broker ends a connection it asks for its subscriptions again. */
    if (request.kind == ACCESS_SUBSCRIBE && !conn->is_kicked)
        tell_subscription(broker, conn, event->topic, false);
    if (request.kind == ACCESS_UNSUBSCRIBE)
        tell_unsubscription(broker, conn, event->topic);
    return MOSQ_ERR_SUCCESS;
}

int broker_message(struct broker *broker, const struct mosquitto_evt_message *event)
{
    struct km_slice topic = KM_SLICE_STR(event->topic);
    if (!broker_hears(broker, topic,
                      event->retain)) /* as nearly all of them; provisioning is heard */
        return MOSQ_ERR_SUCCESS;
    struct letter message = {.kind = LETTER_MESSAGE,
                             .topic = topic,
                             .payload = KM_SLICE(event->payload, event->payloadlen),
                             .qos = event->qos,
                             .retain = event->retain};
    pass_on(broker, event->client, &message);
    refuse_unserved(broker, event->client, &message);
    return MOSQ_ERR_SUCCESS;
}

void broker_disconnected(struct broker *broker, const struct mosquitto *client)
{
    struct conn *conn = conns_find(&broker->conns, client);
    if (conn == NULL)
        return;
    if (conn->ending == ENDING_UNKNOWN)
        conn->ending = overheard_ending(conn->id);
    conns_leave(&broker->conns, conn);
}
