/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/jobstore/job_store.h"

#include <stdio.h>
#include <string.h>

#include "cloud/jobs/job_decide.h"

#define ARENA_MAX (1024u * 1024) /* an execution's texts, or a list of summaries */

struct place {
    struct km_err *err;
    struct km_registry *reg;
    const char *account;
    struct km_arena *arena;
    int64_t now_ms;
    enum km_job_document form;
};

void km_job_answer_clear(struct km_job_answer *answer)
{
    json_decref(answer->reply);
    json_decref(answer->state);
    *answer = (struct km_job_answer){0};
}

/* What the registry answered, its sentence taken along. */
static km_status outcome(const struct place *place, km_status status)
{
    const struct km_err *said = km_registry_err(place->reg);
    if (status == KM_OK)
        return KM_OK;
    return KM_FAIL_NATIVE(place->err, status, said->layer, said->native, "%s",
                          said->text[0] != '\0' ? said->text : km_status_name(status));
}

static km_status refuse(struct km_job_answer *answer, enum km_job_code code, const char *why)
{
    answer->code = code;
    (void)snprintf(answer->why, sizeof(answer->why), "%s", why);
    return KM_OK;
}

static km_status reply(const struct place *place, struct km_job_answer *answer, json_t *json)
{
    if (json == NULL)
        return KM_FAIL(place->err, KM_E_NOMEM, "answer about a job");
    answer->reply = json;
    return KM_OK;
}

/* ---- reading ---- */

/* KM_E_NOTFOUND, not recorded as a failure: there is none. */
static km_status read_one(const struct place *place, const struct km_execution_key *key,
                          struct km_execution *ret)
{
    km_status status =
        km_registry_execution_get(place->reg, place->arena, place->account, key, ret);
    return status == KM_E_NOTFOUND ? status : outcome(place, status);
}

static km_status read_first(const struct place *place, const char *thing, struct km_execution *ret)
{
    struct km_execution_list list = {0};
    KM_TRY(outcome(place, km_registry_execution_pending(place->reg, place->arena, place->account,
                                                        thing, 1, &list)));
    if (list.n_items == 0)
        return KM_E_NOTFOUND;
    const struct km_execution_key key = {
        .thing = thing, .job = list.items[0].job, .number = list.items[0].number};
    return read_one(place, &key, ret);
}

static km_status read_wanted(const struct place *place, const struct km_job_request *request,
                             struct km_execution *ret)
{
    const struct km_execution_key key = {
        .thing = request->id.thing, .job = request->id.job, .number = request->number};
    if (request->kind == KM_JOB_START_NEXT || strcmp(request->id.job, KM_JOB_NEXT) == 0)
        return read_first(place, request->id.thing, ret);
    return read_one(place, &key, ret);
}

/* One whose time is over is so for everybody, also where nobody has looked yet. */
static km_status find(const struct place *place, const struct km_job_request *request,
                      struct km_execution *ret)
{
    bool more = false;
    km_arena_reset(place->arena);
    km_status status = read_wanted(place, request, ret);
    if (status != KM_OK || km_job_seconds_left(ret, place->now_ms) != 0)
        return status;
    KM_TRY(outcome(place, km_registry_job_tick(place->reg, &more)));
    return read_wanted(place, request, ret);
}

/* ---- the four requests ---- */

static km_status get_pending(const struct place *place, const struct km_job_request *request,
                             struct km_job_answer *answer)
{
    struct km_execution_list list = {0};
    KM_TRY(outcome(place,
                   km_registry_execution_pending(place->reg, place->arena, place->account,
                                                 request->id.thing, KM_JOB_PENDING_MAX, &list)));
    return reply(place, answer, km_job_pending_json(list.items, list.n_items));
}

static km_status reply_execution(const struct place *place, const struct km_job_request *request,
                                 const struct km_execution *execution, struct km_job_answer *answer)
{
    enum km_job_document form = request->wants_document ? place->form : KM_JOB_DOCUMENT_NONE;
    return reply(
        place, answer,
        json_pack("{s:o}", "execution", km_job_execution_json(execution, form, place->now_ms)));
}

static km_status describe(const struct place *place, const struct km_job_request *request,
                          struct km_job_answer *answer)
{
    struct km_execution execution = {0};
    bool is_next = strcmp(request->id.job, KM_JOB_NEXT) == 0;
    km_status status = find(place, request, &execution);
    if (status == KM_E_NOTFOUND && is_next)
        return reply(place, answer, json_object());
    if (status == KM_E_NOTFOUND)
        return refuse(answer, KM_JOB_NOT_FOUND, "the thing has no such job execution");
    KM_TRY(status);
    if (km_execution_is_over(execution.status))
        return refuse(answer, KM_JOB_TERMINAL, "the job execution is over");
    return reply_execution(place, request, &execution, answer);
}

/* KM_E_STALE, not recorded as a failure: another writer was there. */
static km_status store(const struct place *place, const struct km_execution *execution,
                       const struct km_execution_change *change)
{
    const struct km_execution_key key = {
        .thing = execution->thing, .job = execution->job, .number = execution->number};
    km_status status = km_registry_execution_put(place->reg, place->account, &key, change);
    if (status == KM_E_STALE || status == KM_E_NOTFOUND)
        return KM_E_STALE;
    return outcome(place, status);
}

static km_status start_next(const struct place *place, const struct km_job_request *request,
                            struct km_job_answer *answer)
{
    struct km_execution execution = {0};
    struct km_execution_change change = {0};
    km_status status = find(place, request, &execution);
    if (status == KM_E_NOTFOUND)
        return reply(place, answer, json_object());
    KM_TRY(status);
    if (km_job_start(&execution, request, place->now_ms, &change)) {
        KM_TRY(store(place, &execution, &change));
        execution = km_job_changed(&execution, &change, place->now_ms);
    }
    return reply_execution(place, request, &execution, answer);
}

static km_status reply_update(const struct place *place, const struct km_job_request *request,
                              const struct km_execution *execution, struct km_job_answer *answer)
{
    json_t *json = json_object();
    if (request->wants_state)
        (void)json_object_set_new(json, "executionState", km_job_state_json(execution));
    if (request->wants_document)
        (void)json_object_set_new(json, "jobDocument",
                                  km_job_document_json(execution, place->form));
    return reply(place, answer, json);
}

static km_status update(const struct place *place, const struct km_job_request *request,
                        struct km_job_answer *answer)
{
    struct km_execution execution = {0};
    struct km_execution_change change = {0};
    km_status status = find(place, request, &execution);
    if (status == KM_E_NOTFOUND)
        return refuse(answer, KM_JOB_NOT_FOUND, "the thing has no such job execution");
    KM_TRY(status);
    enum km_job_code code = km_job_update(&execution, request, place->now_ms, &change);
    if (code != KM_JOB_OK) {
        answer->state = km_job_state_json(&execution);
        return refuse(answer, code,
                      code == KM_JOB_VERSION_MISMATCH
                          ? "the job execution is not at the expected version"
                          : "the job execution is over");
    }
    KM_TRY(store(place, &execution, &change));
    execution = km_job_changed(&execution, &change, place->now_ms);
    return reply_update(place, request, &execution, answer);
}

static km_status serve_once(const struct place *place, const struct km_job_request *request,
                            struct km_job_answer *answer)
{
    switch (request->kind) {
    case KM_JOB_GET:
        return get_pending(place, request, answer);
    case KM_JOB_START_NEXT:
        return start_next(place, request, answer);
    case KM_JOB_DESCRIBE:
        return describe(place, request, answer);
    case KM_JOB_UPDATE:
        return update(place, request, answer);
    }
    return KM_FAIL(place->err, KM_E_INTERNAL, "a request of no kind");
}

km_status km_job_store_serve(struct km_err *err, struct km_registry *reg, const char *account,
                             const struct km_job_request *request, int64_t now_ms,
                             enum km_job_document form, struct km_job_answer *ret)
{
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(ARENA_MAX);
    const struct place place = {
        .err = err, .reg = reg, .account = account, .arena = arena, .now_ms = now_ms, .form = form};
    if (arena == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "room for a job");
    for (int i = 0; i < KM_JOB_STORE_TRIES; i++) {
        KM_AUTO(km_job_answer_clear) struct km_job_answer answer = {0};
        km_status status = request->code == KM_JOB_OK
                               ? serve_once(&place, request, &answer)
                               : refuse(&answer, request->code, request->why);
        if (status == KM_E_STALE)
            continue;
        KM_TRY(status);
        *ret = answer;
        answer = (struct km_job_answer){0};
        return KM_OK;
    }
    return KM_FAIL(err, KM_E_TIMEOUT, "too many writers of one job execution at a time");
}

/* ---- notifications ---- */

static json_t *next_of(const struct place *place, const char *thing)
{
    struct km_execution execution = {0};
    km_status status = read_first(place, thing, &execution);
    if (status != KM_OK && status != KM_E_NOTFOUND)
        return NULL;
    return km_job_notify_next(status == KM_OK ? &execution : NULL, place->now_ms);
}

km_status km_job_store_notice(struct km_err *err, struct km_registry *reg, const char *account,
                              const char *thing, int64_t now_ms, json_t **ret_list,
                              json_t **ret_next)
{
    KM_AUTO(km_arena_freep) struct km_arena *arena = km_arena_new(ARENA_MAX);
    const struct place place = {
        .err = err, .reg = reg, .account = account, .arena = arena, .now_ms = now_ms};
    struct km_execution_list list = {0};
    if (arena == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "room for a notification");
    KM_TRY(outcome(&place, km_registry_execution_pending(reg, arena, account, thing,
                                                         KM_JOB_NOTIFIED_MAX, &list)));
    KM_AUTO(km_json_unref) json_t *jobs = km_job_notify(list.items, list.n_items, now_ms);
    KM_AUTO(km_json_unref) json_t *next = ret_next != NULL ? next_of(&place, thing) : NULL;
    if (jobs == NULL || (ret_next != NULL && next == NULL))
        return KM_FAIL(err, KM_E_NOMEM, "notification of %s", thing);
    *ret_list = km_steal(&jobs);
    if (ret_next != NULL)
        *ret_next = km_steal(&next);
    return KM_OK;
}
