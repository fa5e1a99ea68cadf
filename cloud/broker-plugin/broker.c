/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/broker-plugin/broker.h"

#include <errno.h>
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cloud/jobs/job_message.h"
#include "cloud/shadow/shadow.h"

#define ARENA_MAX (8u * 1024 * 1024)
#define JOBS_IN_FLIGHT_MAX 10 /* unanswered requests of one thing to its jobs */
#define INBOX_MAX 65536
#define INBOX_OCTETS_MAX (64u * 1024 * 1024)
#define WARN_EVERY_MS 10000
#define MS_PER_S 1000
#define NS_PER_MS 1000000

int64_t broker_now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

/*
 * The broker waits for its sockets up to 100 ms and gives plugins no way to add one. A signal ends that wait; by default SIGURG
 * does nothing, and nobody else here uses it. One that comes just before the wait is lost, which costs those 100 ms.
 */
static void wake(void *arg)
{
    const struct broker *broker = arg;
    (void)pthread_kill(broker->thread, SIGURG);
}

static void woken(int signal)
{
    (void)signal;
}

static void changed(void *arg)
{
    const struct broker *broker = arg;
    scribe_hint(broker->scribe);
}

static km_status start_bus(struct km_err *err, struct broker *broker)
{
    const struct hub_config config = {.path = broker->settings.bus,
                                      .group = broker->settings.bus_group,
                                      .bell = desk_bell(broker->desk, DESK_BELL_HUB),
                                      .inbox = &broker->inbox,
                                      .changed = changed,
                                      .arg = broker};
    if (broker->settings.bus == NULL)
        return KM_OK;
    return hub_new(err, &config, &broker->hub);
}

static km_status start_all(struct km_err *err, struct broker *broker)
{
    const struct km_registry_config config = {.url = broker->settings.registry,
                                              .is_read_only = true,
                                              .timeout_ms = broker->settings.read_timeout_ms};
    broker->reader.account = broker->settings.account;
    broker->reader.arena = km_arena_new(ARENA_MAX);
    if (broker->reader.arena == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "the broker's plugin");
    /* The scribe first: what changes after this moment it tells, what was there before is read. */
    KM_TRY(scribe_new(err, &broker->settings, desk_bell(broker->desk, DESK_BELL_SCRIBE),
                      &broker->inbox, &broker->scribe));
    KM_TRY(km_registry_open(err, &config, &broker->reader.registry));
    return start_bus(err, broker);
}

struct beginning {
    struct broker *broker;
    struct km_err *err;
    km_status status;
};

static void start_at_desk(void *arg)
{
    struct beginning *beginning = arg;
    beginning->status = start_all(beginning->err, beginning->broker);
}

static void stop_at_desk(void *arg)
{
    struct broker *broker = arg;
    hub_free(broker->hub); /* it gives the scribe hints */
    scribe_free(broker->scribe);
    km_registry_close(broker->reader.registry);
}

static km_status start(struct km_err *err, struct broker *broker)
{
    const struct sigaction action = {.sa_handler = woken, .sa_flags = SA_RESTART};
    struct beginning beginning = {.broker = broker, .err = err};
    if (sigaction(SIGURG, &action, NULL) != 0)
        return KM_FAIL_ERRNO(err, "can't handle a signal");
    KM_TRY(desk_new(err, &broker->desk));
    desk_do(broker->desk, start_at_desk, &beginning);
    return beginning.status;
}

km_status broker_new(struct km_err *err, const struct settings *settings, struct broker **ret)
{
    struct broker *broker = calloc(1, sizeof(*broker));
    if (broker == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "the broker's plugin");
    broker->settings = *settings;
    broker->thread = pthread_self();
    letterbox_init(&broker->inbox, INBOX_MAX, INBOX_OCTETS_MAX, wake, broker);
    km_status status = start(err, broker);
    if (status != KM_OK) {
        broker_free(broker);
        return status;
    }
    *ret = broker;
    return KM_OK;
}

void broker_free(struct broker *broker)
{
    if (broker == NULL)
        return;
    if (broker->desk != NULL)
        desk_do(broker->desk, stop_at_desk, broker);
    desk_free(broker->desk);
    letterbox_clear(&broker->inbox);
    conns_clear(&broker->conns);
    inflight_clear(&broker->inflight);
    inflight_clear(&broker->inflight_jobs);
    watches_free(broker->watches);
    km_shelf_clear(&broker->reader.shelf);
    km_arena_free(broker->reader.arena);
    free(broker);
}

bool broker_ask(struct broker *broker, const struct letter *job)
{
    struct letter *letter = letter_new(job);
    if (letter != NULL && scribe_ask(broker->scribe, letter))
        return true;
    int64_t now_ms = broker_now_ms();
    broker->n_dropped++;
    if (broker->warned_ms == 0 || now_ms - broker->warned_ms > WARN_EVERY_MS) {
        broker->warned_ms = now_ms;
        mosquitto_log_printf(MOSQ_LOG_WARNING,
                             "Keymoor: the registry does not keep up, %llu records were dropped",
                             (unsigned long long)broker->n_dropped);
    }
    return false;
}

static struct km_slice slice_of(const char *text)
{
    return text == NULL ? (struct km_slice){0} : KM_SLICE_STR(text);
}

struct note broker_note(const struct conn *conn, const char *kind, const char *reason)
{
    return (struct note){.kind = kind,
                         .reason = reason,
                         .client = conn->id,
                         .certificate = conn->certificate,
                         .key = conn->key,
                         .address = conn->address};
}

void broker_record(struct broker *broker, const struct note *note)
{
    (void)broker_ask(broker, &(struct letter){.kind = LETTER_RECORD,
                                              .topic = slice_of(note->kind),
                                              .payload = slice_of(note->reason),
                                              .client = slice_of(note->client),
                                              .certificate = slice_of(note->certificate),
                                              .key = slice_of(note->key),
                                              .address = slice_of(note->address),
                                              .flag = note->is_success,
                                              .time_ms = broker_now_ms()});
}

static void refuse_shadow(struct broker *broker, const struct letter *message,
                          const struct km_shadow_request *request)
{
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
    char topic[KM_SHADOW_TOPIC_CAP] = "";
    if (km_shadow_refuse(NULL, request, KM_SHADOW_TOO_MANY, &result) != KM_OK ||
        result.n_outputs == 0)
        return;
    (void)km_shadow_topic_write(request->id, result.outputs[0].kind, topic);
    broker_tell_answer(broker, &(struct outgoing){.topic = topic,
                                                  .payload = KM_SLICE(result.outputs[0].json.ptr,
                                                                      result.outputs[0].json.len),
                                                  .qos = 1,
                                                  .hops = message->hops,
                                                  .number = message->number,
                                                  .program = message->program});
}

static void ask_shadow(struct broker *broker, const struct letter *message)
{
    struct km_shadow_id id = {0};
    struct km_shadow_request request = {
        .id = &id, .payload = message->payload, .now_s = broker_now_ms() / MS_PER_S};
    if (!km_shadow_topic_parse(message->topic, &id, &request.kind) ||
        !km_shadow_is_request(request.kind))
        return;
    struct letter job = *message;
    job.kind = LETTER_SHADOW;
    if (!inflight_begin(&broker->inflight, id.thing, KM_SHADOW_IN_FLIGHT_MAX)) {
        refuse_shadow(broker, message, &request);
    } else if (!broker_ask(broker, &job)) {
        inflight_end(&broker->inflight, id.thing);
        refuse_shadow(broker, message, &request);
    }
}

static void refuse_job(struct broker *broker, const struct km_job_id *id, enum km_job_kind kind,
                       const struct letter *asked)
{
    char topic[KM_JOB_TOPIC_CAP] = "";
    KM_AUTO(km_job_request_clear) struct km_job_request request = {0};
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    if (km_job_request_parse(NULL, id, kind, asked->payload, &request) != KM_OK)
        return;
    KM_AUTO(km_json_unref)
    json_t *message = km_job_rejected(
        &request, KM_JOB_THROTTLED, "too many requests of this thing wait", NULL, broker_now_ms());
    if (message == NULL || km_json_print(NULL, message, KM_PAYLOAD_OCTETS_MAX, &text) != KM_OK)
        return;
    (void)km_job_topic_write(id, kind, KM_JOB_REJECTED, topic);
    broker_tell_answer(broker, &(struct outgoing){.topic = topic,
                                                  .payload = KM_SLICE(text.ptr, text.len),
                                                  .qos = 1,
                                                  .hops = asked->hops,
                                                  .number = asked->number,
                                                  .program = asked->program});
}

static void ask_job(struct broker *broker, const struct letter *message)
{
    struct km_job_id id = {0};
    enum km_job_kind kind = KM_JOB_GET;
    if (!km_job_topic_parse(message->topic, &id, &kind))
        return;
    struct letter job = *message;
    job.kind = LETTER_EXECUTION;
    if (!inflight_begin(&broker->inflight_jobs, id.thing, JOBS_IN_FLIGHT_MAX)) {
        refuse_job(broker, &id, kind, message);
    } else if (!broker_ask(broker, &job)) {
        inflight_end(&broker->inflight_jobs, id.thing);
        refuse_job(broker, &id, kind, message);
    }
}

/* Nobody may retain anything on topics that begin with $. */
static void keep_retained(struct broker *broker, const struct letter *message)
{
    if (!message->retain || message->topic.len == 0 || message->topic.ptr[0] == '$')
        return;
    (void)broker_ask(broker, &(struct letter){.kind = LETTER_RETAIN,
                                              .topic = message->topic,
                                              .payload = message->payload,
                                              .qos = message->qos,
                                              .time_ms = message->time_ms});
}

bool broker_hears(const struct broker *broker, struct km_slice topic, bool retain)
{
    return retain || (topic.len > 0 && topic.ptr[0] == '$') ||
           watches_match(broker->watches, topic);
}

void broker_spread(struct broker *broker, const struct letter *message)
{
    keep_retained(broker, message);
    if (message->topic.len > 0 && message->topic.ptr[0] == '$' && !message->flag) {
        ask_shadow(broker, message);
        ask_job(broker, message);
    }
    if (!watches_match(broker->watches, message->topic))
        return;
    struct letter *letter = letter_new(message);
    if (letter != NULL)
        hub_tell(broker->hub, letter);
}

void broker_publish(struct broker *broker, const struct outgoing *message)
{
    (void)mosquitto_broker_publish_copy(NULL, message->topic, (int)message->payload.len,
                                        message->payload.ptr, message->qos, message->retain, NULL);
    broker_spread(broker, &(struct letter){.kind = LETTER_MESSAGE,
                                           .topic = KM_SLICE_STR(message->topic),
                                           .payload = message->payload,
                                           .qos = (uint8_t)message->qos,
                                           .retain = message->retain,
                                           .flag = message->is_served,
                                           .hops = message->hops,
                                           .number = message->number,
                                           .program = message->program,
                                           .time_ms = broker_now_ms()});
}

void broker_tell_answer(struct broker *broker, const struct outgoing *message)
{
    broker_publish(broker, message);
    if (message->program == 0 || broker->hub == NULL)
        return;
    struct letter *letter = letter_new(&(struct letter){.kind = LETTER_ANSWER,
                                                        .topic = KM_SLICE_STR(message->topic),
                                                        .payload = message->payload,
                                                        .qos = (uint8_t)message->qos,
                                                        .program = message->program});
    if (letter != NULL)
        hub_tell(broker->hub, letter);
}

void broker_presence(struct broker *broker, struct presence *event)
{
    broker_publish(broker, &(struct outgoing){.topic = event->topic,
                                              .payload = KM_SLICE_STR(event->payload),
                                              .qos = 1});
    presence_clear(event);
}

void broker_kick(struct conn *conn, enum ending ending, bool with_will)
{
    conn->ending = ending;
    conn->is_kicked = true;
    if (conn->state == CONN_ONLINE)
        (void)mosquitto_kick_client_by_clientid(conn->id, with_will);
}
