/* SPDX-License-Identifier: Apache-2.0 */
/* Who may connect. */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cloud/admission/trust.h"
#include "cloud/broker-plugin/bind.h"
#include "cloud/broker-plugin/broker.h"
#include "cloud/common/topic.h"

#define SHUT_MS 1000 /* how long a registry that does not answer is left alone */
#define MQTT5 5
#define MS_PER_S 1000
#define UUID_VERSION_4 0x40u
#define UUID_VARIANT 0x80u

/* Closed without an answer, as the cloud does it; MOSQ_ERR_AUTH would send CONNACK 5. */
#define CLOSE MOSQ_ERR_UNKNOWN

/* Who comes. */
struct visitor {
    struct mosquitto *client;
    const char *id;
    const char *address;
    X509 *x509;
    unsigned char *der; /* libcrypto's */
    size_t der_len;
    char certificate[CONN_CERTIFICATE_LEN + 1];
    const char *key; /* NULL: it comes without an access key */
};

static void visitor_clear(struct visitor *visitor)
{
    OPENSSL_free(visitor->der);
    X509_free(visitor->x509);
}

static int refuse(struct broker *broker, const struct visitor *visitor, const char *reason)
{
    bool has_key = visitor->key != NULL;
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "Keymoor: refused %s from %s (%s %.16s...): %s",
                         visitor->id, visitor->address, has_key ? "access key" : "certificate",
                         has_key ? visitor->key : visitor->certificate, reason);
    broker_record(broker, &(struct note){.kind = "Connect",
                                         .reason = reason,
                                         .client = visitor->id,
                                         .certificate = visitor->certificate,
                                         .key = visitor->key,
                                         .address = visitor->address});
    return CLOSE;
}

/* The scribe finds out about it: whether it gets registered, and what is recorded. */
static int hand_over(struct broker *broker, const struct visitor *visitor, bool is_pending)
{
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "Keymoor: refused %s from %s (certificate %.16s...): %s",
                         visitor->id, visitor->address, visitor->certificate,
                         is_pending ? "its certificate is PENDING_ACTIVATION"
                                    : "its certificate is not registered");
    (void)broker_ask(broker, &(struct letter){.kind = LETTER_CONTACT,
                                              .payload = KM_SLICE(visitor->der, visitor->der_len),
                                              .client = KM_SLICE_STR(visitor->id),
                                              .certificate = KM_SLICE_STR(visitor->certificate),
                                              .address = KM_SLICE_STR(visitor->address),
                                              .flag = is_pending,
                                              .time_ms = broker_now_ms()});
    return CLOSE;
}

static void draw_session(struct conn *conn)
{
    struct km_uuid uuid = {0};
    (void)!getentropy(uuid.octet, sizeof(uuid.octet));
    uuid.octet[6] = (uint8_t)((uuid.octet[6] & 0x0fu) | UUID_VERSION_4);
    uuid.octet[8] = (uint8_t)((uuid.octet[8] & 0x3fu) | UUID_VARIANT);
    km_uuid_format(&uuid, conn->session);
}

/* MQTT 5 has an expiry instead, which the broker does not tell; such a session is taken for one that lasts. */
static bool keeps_session(struct mosquitto *client)
{
    return mosquitto_client_protocol_version(client) == MQTT5 ||
           !mosquitto_client_clean_session(client);
}

static void publish_takeover(struct broker *broker, struct conn *before, int64_t now_ms)
{
    struct presence event = {0};
    if (before == NULL || before->state != CONN_ONLINE || before->told_end)
        return;
    before->ending = ENDING_DUPLICATE;
    before->told_end = true;
    if (presence_wanted(before) && presence_disconnected(before, now_ms, &event))
        broker_presence(broker, &event);
}

/* Takes conn. */
static int accept_conn(struct broker *broker, struct conn *conn, int64_t now_ms)
{
    struct presence event = {0};
    conn->number = now_ms > broker->last_number ? now_ms : broker->last_number + 1;
    broker->last_number = conn->number;
    draw_session(conn);
    publish_takeover(broker, conns_find_id(&broker->conns, conn->id), now_ms);
    if (!conns_add(&broker->conns, conn)) {
        conn_free(conn);
        return MOSQ_ERR_NOMEM;
    }
    if (presence_wanted(conn) && presence_connected(conn, now_ms, &event))
        broker_presence(broker, &event);
    struct note note = broker_note(conn, "Connect", NULL);
    note.is_success = true;
    if (scribe_records_info(broker->scribe) && !conn->is_local)
        broker_record(broker, &note);
    return MOSQ_ERR_SUCCESS;
}

static int accept_local(struct broker *broker, const struct visitor *visitor)
{
    struct conn *conn = conn_new(visitor->client, visitor->id, "", visitor->address);
    if (conn == NULL)
        return MOSQ_ERR_NOMEM;
    conn->is_local = true;
    conn->keeps_session = keeps_session(visitor->client);
    return accept_conn(broker, conn, broker_now_ms());
}

/* What is asked of the registry about who comes. */
struct question {
    struct broker *broker;
    const struct visitor *visitor;
    bool with_rights; /* what it may do, if its certificate lets it in */
    struct km_err *err;
    struct km_facts **facts;
    km_status status;
};

static km_status read_facts(const struct question *question)
{
    struct km_facts_reader *reader = &question->broker->reader;
    const struct visitor *visitor = question->visitor;
    if (visitor->key != NULL)
        return km_facts_read_key(question->err, reader, visitor->key, broker_now_ms(),
                                 question->facts);
    KM_TRY(km_facts_read_state(question->err, reader, visitor->certificate, question->facts));
    const struct km_facts *facts = *question->facts;
    if (!question->with_rights || !facts->is_known || facts->status != KM_CERTIFICATE_ACTIVE)
        return KM_OK;
    return km_facts_read_rights(question->err, reader, visitor->certificate, visitor->id,
                                *question->facts);
}

/* All that is asked about one device has one time limit: everybody else waits meanwhile. */
static void read_at_desk(void *arg)
{
    struct question *question = arg;
    struct km_registry *registry = question->broker->reader.registry;
    km_registry_budget(registry, question->broker->settings.read_timeout_ms);
    question->status = read_facts(question);
    km_registry_budget(registry, 0);
}

/* A registry that is slow or gone costs the broker one wait a second, not one for each device that tries. */
static km_status ask_registry(struct question *question)
{
    desk_do(question->broker->desk, read_at_desk, question);
    if (question->status == KM_E_TIMEOUT || question->status == KM_E_DEAD ||
        question->status == KM_E_IO)
        question->broker->closed_until_ms = broker_now_ms() + SHUT_MS;
    return question->status;
}

static int judge(struct broker *broker, const struct visitor *visitor, struct conn *conn)
{
    struct access_answer answer = {0};
    int64_t now_ms = broker_now_ms();
    if (access_connect(conn, now_ms, &answer))
        return accept_conn(broker, conn, now_ms);
    conn_free(conn);
    (void)refuse(broker, visitor, answer.reason);
    return broker->settings.tells_denied ? MOSQ_ERR_AUTH : CLOSE;
}

/*
 * What was found out when this device was here before still stands: whatever changes it the feed tells of. The state of its
 * certificate is read at each connect nevertheless. NULL: it has to be found out.
 */
static struct conn *recall(const struct broker *broker, const struct visitor *visitor)
{
    struct access_answer answer;
    struct conn *before = conns_find_id(&broker->conns, visitor->id);
    if (before == NULL || before->bound == NULL || before->is_barred || before->is_stale ||
        before->is_asked || before->keeps_session != keeps_session(visitor->client) ||
        (before->state != CONN_REMEMBERED && before->state != CONN_OFFLINE) ||
        strcmp(before->certificate, visitor->certificate) != 0 ||
        strcmp(before->address, visitor->address) != 0 || !scribe_is_fresh(broker->scribe) ||
        !access_connect(before, broker_now_ms(), &answer))
        return NULL;
    return before;
}

static km_status bind_rights(struct km_err *err, struct broker *broker,
                             const struct visitor *visitor, struct conn *conn,
                             struct km_facts **facts)
{
    KM_TRY(km_cert_values_of(err, visitor->x509, &(*facts)->values));
    KM_TRY(bind_facts(err, &broker->settings, conn, *facts));
    *facts = NULL; /* the connection has them */
    return KM_OK;
}

static int admit(struct broker *broker, const struct visitor *visitor, struct conn *before,
                 struct km_facts **facts)
{
    struct km_err err = {0};
    KM_AUTO(conn_freep)
    struct conn *conn =
        conn_new(visitor->client, visitor->id, visitor->certificate, visitor->address);
    if (conn == NULL)
        return MOSQ_ERR_NOMEM;
    conn->keeps_session = keeps_session(visitor->client);
    conn->der = malloc(visitor->der_len);
    if (conn->der == NULL)
        return MOSQ_ERR_NOMEM;
    km_copy(conn->der, visitor->der_len, visitor->der, visitor->der_len);
    conn->der_len = visitor->der_len;
    if (before != NULL)
        conn_inherit(conn, before);
    else if (bind_rights(&err, broker, visitor, conn, facts) != KM_OK)
        return refuse(broker, visitor, err.text);
    return judge(broker, visitor, km_steal(&conn));
}

/* Whether it comes too soon after its last connection, or too many come; the number of a connection is the time when it began. */
static bool is_hasty(struct broker *broker, const struct visitor *visitor)
{
    const struct limits *limits = &broker->settings.limits;
    int64_t now_ms = broker_now_ms();
    const struct conn *before =
        limits->client_connects_per_s == 0 ? NULL : conns_find_id(&broker->conns, visitor->id);
    if (before != NULL && now_ms - before->number < MS_PER_S / limits->client_connects_per_s)
        return true;
    return !km_rate_use(&broker->connects, limits->connects_per_s, 1, now_ms);
}

static int decide(struct broker *broker, const struct visitor *visitor)
{
    struct km_err err = {0};
    KM_AUTO(km_facts_freep) struct km_facts *facts = NULL;
    char reason[KM_ERR_TEXT_MAX] = "";
    const char *why = km_trust_look(visitor->x509);
    if (!km_client_id_check(KM_SLICE_STR(visitor->id)))
        return refuse(broker, visitor, "its client id is too long or no text");
    if (is_hasty(broker, visitor))
        return refuse(broker, visitor, "connects come too fast");
    if (why != NULL)
        return refuse(broker, visitor, why);
    if (broker_now_ms() < broker->closed_until_ms)
        return refuse(broker, visitor, "the registry does not answer");
    struct conn *before = recall(broker, visitor);
    struct question question = {.broker = broker,
                                .visitor = visitor,
                                .with_rights = before == NULL,
                                .err = &err,
                                .facts = &facts};
    if (ask_registry(&question) != KM_OK)
        return refuse(broker, visitor, err.text);
    if (!facts->is_known || facts->status == KM_CERTIFICATE_PENDING_ACTIVATION)
        return hand_over(broker, visitor, facts->is_known);
    if (facts->status != KM_CERTIFICATE_ACTIVE) {
        (void)snprintf(reason, sizeof(reason), "its certificate is %s",
                       km_certificate_status_name(facts->status));
        return refuse(broker, visitor, reason);
    }
    return admit(broker, visitor, before, &facts);
}

/* ---- who comes by an access key ---- */

static km_status bind_all(struct km_err *err, const struct broker *broker, struct conn *conn)
{
    const struct settings *settings = &broker->settings;
    const struct km_rights_place place = {
        .partition = settings->partition, .region = settings->region, .account = settings->account};
    const struct km_rights_visit visit = {
        .client_id = conn->id, .address = conn->address, .keeps_session = conn->keeps_session};
    struct km_policy_bound *bound = NULL;
    KM_TRY(km_rights_bind_all(err, &place, &visit, &bound));
    conn_bind(conn, bound);
    return KM_OK;
}

/* decide_key: whoever let it in has seen that it has the key; whether that counts is looked at here once more. */
static int decide_key(struct broker *broker, const struct visitor *visitor)
{
    struct km_err err = {0};
    KM_AUTO(km_facts_freep) struct km_facts *facts = NULL;
    struct question question = {.broker = broker, .visitor = visitor, .err = &err, .facts = &facts};
    if (!km_client_id_check(KM_SLICE_STR(visitor->id)))
        return refuse(broker, visitor, "its client id is too long or no text");
    if (broker_now_ms() < broker->closed_until_ms)
        return refuse(broker, visitor, "the registry does not answer");
    if (ask_registry(&question) != KM_OK)
        return refuse(broker, visitor, err.text);
    if (!facts->is_known || facts->status != KM_CERTIFICATE_ACTIVE)
        return refuse(broker, visitor, "its access key does not count");
    KM_AUTO(conn_freep)
    struct conn *conn = conn_new(visitor->client, visitor->id, "", visitor->address);
    if (conn == NULL)
        return MOSQ_ERR_NOMEM;
    km_copy(conn->key, KM_INTRODUCTION_KEY_MAX, visitor->key, strlen(visitor->key));
    conn->keeps_session = keeps_session(visitor->client);
    if (bind_all(&err, broker, conn) != KM_OK)
        return refuse(broker, visitor, err.text);
    return accept_conn(broker, km_steal(&conn), broker_now_ms());
}

static int take_introduced(struct broker *broker, const struct visitor *visitor)
{
    const char *name = mosquitto_client_username(visitor->client);
    struct km_introduction introduction = {0};
    struct visitor introduced = *visitor;
    if (name == NULL || !km_introduction_parse(KM_SLICE_STR(name), &introduction))
        return refuse(broker, visitor, "nobody introduces it");
    introduced.key = introduction.key;
    introduced.address = introduction.address;
    return decide_key(broker, &introduced);
}

/* ---- the visitor ---- */

static bool identify(struct visitor *visitor)
{
    int len = i2d_X509(visitor->x509, &visitor->der);
    if (len <= 0)
        return false;
    visitor->der_len = (size_t)len;
    km_registry_certificate_id(KM_SLICE(visitor->der, visitor->der_len), visitor->certificate);
    return true;
}

static bool comes_from(const char *listener, const struct visitor *visitor)
{
    return listener != NULL && strcmp(visitor->address, listener) == 0;
}

int broker_authenticate(struct broker *broker, struct mosquitto *client)
{
    KM_AUTO(visitor_clear)
    struct visitor visitor = {.client = client,
                              .id = mosquitto_client_id(client),
                              .address = mosquitto_client_address(client)};
    broker->wild = NULL;
    if (visitor.id == NULL || visitor.address == NULL)
        return CLOSE;
    (void)ERR_set_mark();
    visitor.x509 = mosquitto_client_certificate(client);
    int rc = CLOSE;
    if (visitor.x509 != NULL && identify(&visitor))
        rc = decide(broker, &visitor);
    else if (visitor.x509 == NULL && comes_from(broker->settings.local, &visitor))
        rc = accept_local(broker, &visitor);
    else if (visitor.x509 == NULL && comes_from(broker->settings.websocket, &visitor))
        rc = take_introduced(broker, &visitor);
    else
        rc = refuse(broker, &visitor, "it has no certificate");
    (void)ERR_pop_to_mark();
    return rc;
}
