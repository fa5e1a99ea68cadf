/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs of the cloud as devices see them over MQTT: their requests, notifications of what has changed, executions whose time is over.
 *
 * Notifications follow the registry's feed: whoever changed something, and wherever, each broker tells its own devices.
 */
#include <string.h>

#include "cloud/broker-plugin/scribe_private.h"
#include "cloud/jobstore/job_store.h"
#include "cloud/registry/registry_change.h"

#define EXPIRE_EVERY_MS 1000
#define MESSAGE_MAX KM_PAYLOAD_OCTETS_MAX

void scribe_publish_json(struct scribe *scribe, const struct letter *job, const char *topic,
                         json_t *message)
{
    struct letter letter = {.kind = job != NULL ? LETTER_ANSWER : LETTER_PUBLISH,
                            .topic = KM_SLICE_STR(topic),
                            .qos = 1,
                            .hops = job != NULL ? job->hops : 0,
                            .number = job != NULL ? job->number : 0,
                            .program = job != NULL ? job->program : 0};
    struct km_err err = {0};
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    km_status status = message == NULL ? KM_FAIL(&err, KM_E_NOMEM, "message about a job")
                                       : km_json_print(&err, message, MESSAGE_MAX, &text);
    letter.payload = KM_SLICE(text.ptr, text.len);
    if (status == KM_OK)
        scribe_send(scribe, &letter);
    else
        scribe_warn(scribe, "can't tell of a job", err.text);
    json_decref(message);
}

/* ---- requests ---- */

static void answer(struct scribe *scribe, const struct letter *job,
                   const struct km_job_request *request, struct km_job_answer *said, int64_t now_ms)
{
    char topic[KM_JOB_TOPIC_CAP] = "";
    bool is_good = said->code == KM_JOB_OK;
    (void)km_job_topic_write(&request->id, request->kind,
                             is_good ? KM_JOB_ACCEPTED : KM_JOB_REJECTED, topic);
    scribe_publish_json(
        scribe, job, topic,
        is_good ? km_job_accepted(km_steal(&said->reply), request, now_ms)
                : km_job_rejected(request, said->code, said->why, km_steal(&said->state), now_ms));
}

static void serve(struct scribe *scribe, const struct letter *job,
                  const struct km_job_request *request)
{
    struct km_err err = {0};
    KM_AUTO(km_job_answer_clear) struct km_job_answer said = {0};
    int64_t now_ms = scribe_now_ms();
    if (km_job_store_serve(&err, scribe->reader.registry, scribe->settings->account, request,
                           now_ms, KM_JOB_DOCUMENT_OBJECT, &said) != KM_OK) {
        scribe_warn(scribe, "can't serve a job", err.text);
        said = (struct km_job_answer){.code = KM_JOB_INTERNAL, .why = "the request failed"};
    }
    answer(scribe, job, request, &said, now_ms);
    /* What it has changed is told now and not at the next look. */
    atomic_store(&scribe->is_hinted, true);
}

void execution_take(struct scribe *scribe, const struct letter *job)
{
    struct km_err err = {0};
    struct km_job_id id = {0};
    enum km_job_kind kind = KM_JOB_GET;
    KM_AUTO(km_job_request_clear) struct km_job_request request = {0};
    if (km_job_topic_parse(job->topic, &id, &kind)) {
        if (km_job_request_parse(&err, &id, kind, job->payload, &request) == KM_OK)
            serve(scribe, job, &request);
        else
            scribe_warn(scribe, "can't read a request to jobs", err.text);
    }
    scribe_send(scribe, &(struct letter){.kind = LETTER_ANSWERED, .topic = job->topic});
}

/* ---- notifications ---- */

static void notify(struct scribe *scribe, const char *thing, bool is_next)
{
    struct km_err err = {0};
    json_t *list = NULL;
    json_t *next = NULL;
    char topic[KM_JOB_TOPIC_CAP] = "";
    if (km_job_store_notice(&err, scribe->reader.registry, scribe->settings->account, thing,
                            scribe_now_ms(), &list, is_next ? &next : NULL) != KM_OK) {
        scribe_warn(scribe, "can't tell of a job", err.text);
        return;
    }
    (void)km_job_topic_notify(thing, false, topic);
    scribe_publish_json(scribe, NULL, topic, list);
    if (next == NULL)
        return;
    (void)km_job_topic_notify(thing, true, topic);
    scribe_publish_json(scribe, NULL, topic, next);
}

static bool is_ours(const struct scribe *scribe, const struct km_registry_change *change)
{
    return (change->kind == KM_CHANGE_EXECUTIONS || change->kind == KM_CHANGE_NEXT_EXECUTION) &&
           strcmp(change->account, scribe->settings->account) == 0;
}

/* What is told is how things are now, so several changes in a row are told once: with the last of them. */
static bool is_last(const struct scribe *scribe, const struct km_registry_change_list *list,
                    size_t at, bool *ret_is_next)
{
    *ret_is_next = false;
    for (size_t i = 0; i < list->n_items; i++) {
        const struct km_registry_change *change = &list->items[i];
        if (!is_ours(scribe, change) || strcmp(change->id, list->items[at].id) != 0)
            continue;
        if (i > at)
            return false;
        *ret_is_next = *ret_is_next || change->kind == KM_CHANGE_NEXT_EXECUTION;
    }
    return true;
}

bool execution_changes(struct scribe *scribe, const struct km_registry_change_list *list)
{
    bool is_next = false;
    bool has_told = false;
    for (size_t i = 0; i < list->n_items; i++) {
        scribe->has_job_events |= list->items[i].kind == KM_CHANGE_JOB_EVENT;
        if (!is_ours(scribe, &list->items[i]) || !is_last(scribe, list, i, &is_next))
            continue;
        notify(scribe, list->items[i].id, is_next);
        has_told = true;
    }
    return has_told;
}

/* ---- timers ---- */

void execution_tick(struct scribe *scribe, int64_t now_ms)
{
    bool more = false;
    int64_t age_ms = now_ms - scribe->expired_ms;
    if (scribe->has_job_events) {
        scribe->has_job_events = false;
        job_events_publish(scribe);
    }
    if (age_ms >= 0 && age_ms < EXPIRE_EVERY_MS)
        return;
    if (km_registry_job_tick(scribe->reader.registry, &more) != KM_OK)
        scribe_warn(scribe, "can't look after the time of jobs",
                    km_registry_err(scribe->reader.registry)->text);
    scribe->expired_ms = more ? 0 : now_ms;
    scribe->has_job_events = true; /* also those that a broker left behind that has ended */
}
