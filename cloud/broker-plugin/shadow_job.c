/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to shadows that devices make over MQTT: the registry keeps, cloud/shadow decides. */
#include "cloud/broker-plugin/scribe_private.h"
#include "cloud/shadowstore/shadow_store.h"

#define MS_PER_S 1000

static void answer(struct scribe *scribe, const struct letter *job, const struct km_shadow_id *id,
                   const struct km_shadow_result *result)
{
    for (size_t i = 0; i < result->n_outputs; i++) {
        const struct km_shadow_output *output = &result->outputs[i];
        char topic[KM_SHADOW_TOPIC_CAP] = "";
        size_t len = km_shadow_topic_write(id, output->kind, topic);
        scribe_send(scribe,
                    &(struct letter){.kind = LETTER_ANSWER,
                                     .topic = KM_SLICE(topic, len),
                                     .payload = KM_SLICE(output->json.ptr, output->json.len),
                                     .qos = 1,
                                     .hops = job->hops,
                                     .number = job->number,
                                     .program = job->program});
    }
}

static void refuse(struct scribe *scribe, const struct letter *job,
                   const struct km_shadow_request *request)
{
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
    if (km_shadow_refuse(NULL, request, KM_SHADOW_INTERNAL, &result) == KM_OK)
        answer(scribe, job, request->id, &result);
}

void shadow_take(struct scribe *scribe, const struct letter *job)
{
    struct km_err err = {0};
    struct km_shadow_id id = {0};
    struct km_shadow_request request = {
        .id = &id, .payload = job->payload, .now_s = scribe_now_ms() / MS_PER_S};
    if (km_shadow_topic_parse(job->topic, &id, &request.kind)) {
        KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
        if (km_shadow_store_apply(&err, scribe->reader.registry, scribe->settings->account,
                                  &request, &result) == KM_OK) {
            answer(scribe, job, &id, &result);
        } else {
            scribe_warn(scribe, "can't serve a shadow", err.text);
            refuse(scribe, job, &request);
        }
    }
    scribe_send(scribe, &(struct letter){.kind = LETTER_ANSWERED, .topic = job->topic});
}
