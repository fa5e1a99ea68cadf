/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to shadows that devices make over MQTT: the registry keeps, cloud/shadow decides. */
#include <string.h>

#include "cloud/broker-plugin/scribe_private.h"
#include "cloud/registry/registry_shadow.h"
#include "cloud/shadow/shadow.h"

#define TRIES_MAX 8 /* against other writers of one shadow */
#define MS_PER_S 1000

static void answer(struct scribe *scribe, const struct km_shadow_id *id,
                   const struct km_shadow_result *result)
{
    for (size_t i = 0; i < result->n_outputs; i++) {
        const struct km_shadow_output *output = &result->outputs[i];
        char topic[KM_SHADOW_TOPIC_CAP] = "";
        size_t len = km_shadow_topic_write(id, output->kind, topic);
        scribe_send(scribe,
                    &(struct letter){.kind = LETTER_PUBLISH,
                                     .topic = KM_SLICE(topic, len),
                                     .payload = KM_SLICE(output->json.ptr, output->json.len),
                                     .qos = 1});
    }
}

static struct km_slice text_or_none(const char *text)
{
    return text == NULL ? (struct km_slice){0} : KM_SLICE_STR(text);
}

static km_status load(struct scribe *scribe, const struct km_shadow_id *id,
                      struct km_shadow_row *ret)
{
    struct km_registry_shadow stored = {0};
    km_arena_reset(scribe->reader.arena);
    KM_TRY(km_registry_shadow_get(scribe->reader.registry, scribe->reader.arena,
                                  scribe->settings->account, id->thing, id->name, &stored));
    *ret = (struct km_shadow_row){.state = text_or_none(stored.state),
                                  .metadata = text_or_none(stored.metadata),
                                  .version = (uint64_t)stored.version,
                                  .updated_at_s = stored.modified_ms / MS_PER_S,
                                  .deleted = stored.version > 0 && stored.state == NULL};
    return KM_OK;
}

static km_status store(struct scribe *scribe, const struct km_shadow_id *id,
                       const struct km_shadow_result *result)
{
    const struct km_registry_shadow_put put = {.thing = id->thing,
                                               .name = id->name,
                                               .state = result->state.ptr,
                                               .metadata = result->metadata.ptr,
                                               .version = (int64_t)result->old_version};
    switch (result->store) {
    case KM_SHADOW_KEEP:
        return KM_OK;
    case KM_SHADOW_WRITE:
        return km_registry_shadow_put(scribe->reader.registry, scribe->settings->account, &put);
    case KM_SHADOW_BURY:
        return km_registry_shadow_delete(scribe->reader.registry, scribe->settings->account,
                                         id->thing, id->name, put.version);
    }
    return KM_E_INTERNAL;
}

/* One try: KM_E_STALE when another writer was there in between. */
static km_status try_once(struct scribe *scribe, const struct km_shadow_request *request,
                          struct km_err *err)
{
    struct km_shadow_row row = {0};
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
    km_status status = load(scribe, request->id, &row);
    if (status != KM_OK)
        return KM_FAIL(err, status, "%s", km_registry_err(scribe->reader.registry)->text);
    KM_TRY(km_shadow_apply(err, request, &row, &result));
    status = store(scribe, request->id, &result);
    if (status == KM_E_STALE || (status == KM_E_NOTFOUND && result.store == KM_SHADOW_BURY))
        return KM_E_STALE;
    if (status != KM_OK)
        return KM_FAIL(err, status, "%s", km_registry_err(scribe->reader.registry)->text);
    answer(scribe, request->id, &result);
    return KM_OK;
}

static void refuse(struct scribe *scribe, const struct km_shadow_request *request)
{
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
    if (km_shadow_refuse(NULL, request, KM_SHADOW_INTERNAL, &result) == KM_OK)
        answer(scribe, request->id, &result);
}

void shadow_take(struct scribe *scribe, const struct letter *job)
{
    struct km_err err = {0};
    struct km_shadow_id id = {0};
    struct km_shadow_request request = {
        .id = &id, .payload = job->payload, .now_s = scribe_now_ms() / MS_PER_S};
    if (km_shadow_topic_parse(job->topic, &id, &request.kind)) {
        km_status status = KM_E_STALE;
        for (unsigned i = 0; status == KM_E_STALE && i < TRIES_MAX; i++)
            status = try_once(scribe, &request, &err);
        if (status != KM_OK) {
            scribe_warn(scribe, "can't serve a shadow",
                        status == KM_E_STALE ? "too many writers at a time" : err.text);
            refuse(scribe, &request);
        }
    }
    scribe_send(scribe, &(struct letter){.kind = LETTER_ANSWERED, .topic = job->topic});
}
