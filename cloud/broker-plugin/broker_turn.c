/* SPDX-License-Identifier: Apache-2.0 */
/* What is done once in each turn of the broker's loop: letters of the other threads, and clients that have gone. */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <string.h>

#include "cloud/broker-plugin/bind.h"
#include "cloud/broker-plugin/broker.h"
#include "cloud/jobs/job_topic.h"
#include "cloud/shadow/shadow_topic.h"

#define MS_PER_S 1000
#define ASK_AGAIN_MS 1000

/* ---- changes of the registry ---- */

struct affected {
    struct broker *broker;
    const struct changes *changes;
};

static bool is_affected(const struct conn *conn, const struct change *change)
{
    if (conn->key[0] != '\0')
        return change->kind == CHANGE_KEY && strcmp(conn->key, change->id) == 0;
    switch (change->kind) {
    case CHANGE_KEY:
        return false;
    case CHANGE_CERTIFICATE:
        return strcmp(conn->certificate, change->id) == 0;
    case CHANGE_POLICY:
        return conn->facts != NULL && km_facts_name(conn->facts, change->id);
    case CHANGE_THING:
        return strcmp(conn->id, change->id) == 0;
    case CHANGE_GROUP:
    case CHANGE_TYPE:
        return conn->facts != NULL && conn->facts->is_attached;
    }
    return false;
}

static bool is_hit(const struct changes *changes, const struct conn *conn)
{
    for (size_t i = 0; i < changes->n; i++)
        if (is_affected(conn, &changes->items[i]))
            return true;
    return changes->is_everything;
}

static void mark_stale(void *arg, struct conn *conn)
{
    const struct affected *affected = arg;
    const struct changes *changes = affected->changes;
    if (conn->is_local || conn->is_stale || !is_hit(changes, conn))
        return;
    conn->is_stale = true;
    affected->broker->n_stale++;
}

static bool is_outdated(void *arg, const struct conn *conn)
{
    return is_hit(arg, conn);
}

static void ask_again(void *arg, struct conn *conn)
{
    struct broker *broker = arg;
    if (!conn->is_stale || conn->is_asked)
        return;
    if (broker_ask(broker, &(struct letter){.kind = LETTER_REFRESH,
                                            .client = KM_SLICE_STR(conn->id),
                                            .certificate = KM_SLICE_STR(conn->certificate),
                                            .key = KM_SLICE_STR(conn->key),
                                            .payload = KM_SLICE(conn->der, conn->der_len),
                                            .number = (uint64_t)conn->number})) {
        conn->is_stale = false;
        conn->is_asked = true;
    } else {
        broker->n_stale++; /* at the next turn */
    }
}

static void ask_about_stale(struct broker *broker)
{
    if (broker->n_stale == 0 || broker_now_ms() < broker->ask_again_ms)
        return;
    broker->n_stale = 0;
    conns_each(&broker->conns, ask_again, broker);
}

/* Its certificate or key does no longer let it in. */
static void bar(struct broker *broker, struct conn *conn, const char *reason)
{
    conn->is_barred = true;
    if (conn->state != CONN_ONLINE)
        return;
    mosquitto_log_printf(MOSQ_LOG_NOTICE, "Keymoor: %s is disconnected: %s", conn->id, reason);
    const struct note note = broker_note(conn, "Disconnect", reason);
    broker_record(broker, &note);
    broker_kick(conn, ENDING_SERVER, false);
}

static void apply_key(struct broker *broker, struct conn *conn, const struct km_facts *facts)
{
    conn->is_barred = false;
    if (!facts->is_known)
        bar(broker, conn, "its access key was deleted");
    else if (facts->status != KM_CERTIFICATE_ACTIVE)
        bar(broker, conn, "its access key no longer counts");
}

static void apply_facts(struct broker *broker, struct conn *conn, struct letter *letter)
{
    struct km_err err = {0};
    struct km_facts *facts = letter->object;
    if (conn->key[0] != '\0') {
        apply_key(broker, conn, facts);
        return;
    }
    if (!facts->is_known || facts->status != KM_CERTIFICATE_ACTIVE) {
        bar(broker, conn,
            facts->is_known ? "its certificate is no longer ACTIVE"
                            : "its certificate was deleted");
    } else if (bind_facts(&err, &broker->settings, conn, facts) == KM_OK) {
        letter->object = NULL; /* the connection has them */
        conn->is_barred = false;
    } else {
        bar(broker, conn, err.text);
    }
}

static void take_facts(struct broker *broker, struct letter *letter)
{
    struct conn *conn = conns_find_id(&broker->conns, letter_text(letter->client));
    if (conn == NULL || (uint64_t)conn->number != letter->number)
        return;
    conn->is_asked = false;
    if (letter->object == NULL && letter->flag) {
        bar(broker, conn, letter_text(letter->payload));
        return;
    }
    if (letter->object == NULL) {
        /* They could not be read: asked again, until they can. */
        conn->is_stale = true;
        broker->n_stale++;
        broker->ask_again_ms = broker_now_ms() + ASK_AGAIN_MS;
        return;
    }
    if (conn->is_stale)
        broker->n_stale++; /* it has changed again meanwhile */
    apply_facts(broker, conn, letter);
}

/* ---- what programs on the bus want ---- */

struct wanted {
    struct broker *broker;
    const char *certificate;
    struct conn *found;
};

static void find_one(void *arg, struct conn *conn)
{
    struct wanted *wanted = arg;
    if (conn->state == CONN_ONLINE && !conn->is_kicked &&
        strcmp(conn->certificate, wanted->certificate) == 0)
        wanted->found = conn;
}

static void kick(struct broker *broker, const struct letter *letter)
{
    struct wanted wanted = {.broker = broker, .certificate = letter_text(letter->certificate)};
    if (letter->client.len > 0) {
        struct conn *conn = conns_find_id(&broker->conns, letter_text(letter->client));
        if (conn != NULL)
            broker_kick(conn, ENDING_SERVER, true);
        return;
    }
    /* One at a time: ending a connection changes what is walked over. */
    do {
        wanted.found = NULL;
        conns_each(&broker->conns, find_one, &wanted);
        if (wanted.found != NULL)
            broker_kick(wanted.found, ENDING_SERVER, true);
    } while (wanted.found != NULL);
}

/* For one device: what it asked for may be a secret of its own, so nobody else gets it who has its client id by now. */
static void answer(struct broker *broker, const struct letter *letter)
{
    struct conn *conn = conns_find_id(&broker->conns, letter_text(letter->client));
    const struct outgoing message = {
        .topic = letter_text(letter->topic), .payload = letter->payload, .qos = letter->qos};
    if (conn != NULL && conn->state == CONN_ONLINE && !conn->is_kicked &&
        strcmp(conn->certificate, letter_text(letter->certificate)) == 0)
        broker_answer(broker, conn, &message);
}

static void publish(struct broker *broker, const struct letter *letter)
{
    if (letter->client.len > 0) {
        answer(broker, letter);
        return;
    }
    if (letter->hops > KM_BUS_HOPS_MAX) {
        mosquitto_log_printf(MOSQ_LOG_WARNING,
                             "Keymoor: rules feed each other, a message to %s ends",
                             letter_text(letter->topic));
        return;
    }
    broker_publish(broker, &(struct outgoing){.topic = letter_text(letter->topic),
                                              .payload = letter->payload,
                                              .qos = letter->qos,
                                              .retain = letter->retain,
                                              .is_served = letter->hops == 0,
                                              .hops = letter->hops,
                                              .number = letter->number,
                                              .program = letter->program});
}

/* Another broker has the message itself: here it has its readers, and means nothing. */
static void copy(const struct letter *letter)
{
    (void)mosquitto_broker_publish_copy(NULL, letter_text(letter->topic), (int)letter->payload.len,
                                        letter->payload.ptr, letter->qos, letter->retain, NULL);
}

static void tell_answer(struct broker *broker, const struct letter *letter)
{
    broker_tell_answer(broker, &(struct outgoing){.topic = letter_text(letter->topic),
                                                  .payload = letter->payload,
                                                  .qos = letter->qos,
                                                  .hops = letter->hops,
                                                  .number = letter->number,
                                                  .program = letter->program});
}

/* ---- the turn ---- */

static void answered(struct broker *broker, struct km_slice topic)
{
    struct km_shadow_id shadow = {0};
    enum km_shadow_kind kind = KM_SHADOW_GET;
    struct km_job_id job = {0};
    enum km_job_kind job_kind = KM_JOB_GET;
    if (km_shadow_topic_parse(topic, &shadow, &kind))
        inflight_end(&broker->inflight, shadow.thing);
    else if (km_job_topic_parse(topic, &job, &job_kind))
        inflight_end(&broker->inflight_jobs, job.thing);
}

static void take(struct broker *broker, struct letter *letter)
{
    struct affected affected = {.broker = broker, .changes = letter->object};
    switch (letter->kind) {
    case LETTER_PUBLISH:
        publish(broker, letter);
        return;
    case LETTER_COPY:
        copy(letter);
        return;
    case LETTER_ANSWER:
        tell_answer(broker, letter);
        return;
    case LETTER_KICK:
        kick(broker, letter);
        return;
    case LETTER_FACTS:
        take_facts(broker, letter);
        return;
    case LETTER_CHANGES:
        conns_each(&broker->conns, mark_stale, &affected);
        conns_forget(&broker->conns, is_outdated, letter->object);
        return;
    case LETTER_WATCHES:
        watches_free(broker->watches);
        broker->watches = letter->object;
        letter->object = NULL;
        return;
    case LETTER_ANSWERED:
        answered(broker, letter->topic);
        return;
    case LETTER_LOG:
        mosquitto_log_printf(letter->qos, "Keymoor: %s", letter_text(letter->payload));
        return;
    case LETTER_CONTACT:
    case LETTER_RECORD:
    case LETTER_SHADOW:
    case LETTER_RETAIN:
    case LETTER_EXECUTION:
    case LETTER_REFRESH:
    case LETTER_MESSAGE:
        return;
    }
}

static void gone(void *arg, struct conn *conn)
{
    struct broker *broker = arg;
    struct presence event = {0};
    if (!conn->told_end && presence_wanted(conn) && conn->session[0] != '\0' &&
        presence_disconnected(conn, broker_now_ms(), &event))
        broker_presence(broker, &event);
    conn->told_end = true;
}

void broker_turn(struct broker *broker)
{
    struct letter *letter = letterbox_take(&broker->inbox);
    broker->wild = NULL;
    while (letter != NULL) {
        struct letter *next = letter->next;
        take(broker, letter);
        letter_free(letter);
        letter = next;
    }
    ask_about_stale(broker);
    if (!conns_need_sweep(&broker->conns, broker->settings.remembered))
        return;
    const struct conns_sweep sweep = {.now_ms = broker_now_ms(),
                                      .session_ms = (int64_t)broker->settings.session_s * MS_PER_S,
                                      .n_remembered = broker->settings.remembered,
                                      .over = gone,
                                      .arg = broker};
    conns_sweep(&broker->conns, &sweep);
}
