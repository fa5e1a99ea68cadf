/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/functions/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/km_secret.h"

static const char *keep(const char *text, char *ret, size_t cap)
{
    snprintf(ret, cap, "%s", text != NULL ? text : "");
    return ret;
}

struct km_job *km_job_new(const struct km_invoke *invoke)
{
    KM_AUTO(km_job_freep) struct km_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return NULL;
    struct km_invoke_strings *s = &job->strings;
    job->run = (struct km_run){0, -1, -1};
    job->bytes = malloc(invoke->payload.len + 1);
    if (job->bytes == NULL)
        return NULL;
    km_copy(job->bytes, invoke->payload.len, invoke->payload.ptr, invoke->payload.len);
    job->invoke = (struct km_invoke){
        .kind = invoke->kind,
        .account = keep(invoke->account, s->account, sizeof s->account),
        .region = keep(invoke->region, s->region, sizeof s->region),
        .function = keep(invoke->function, s->function, sizeof s->function),
        .qualifier = keep(invoke->qualifier, s->qualifier, sizeof s->qualifier),
        .request_id = keep(invoke->request_id, s->request_id, sizeof s->request_id),
        .client_context = keep(invoke->client_context, s->client_context, sizeof s->client_context),
        .payload = KM_SLICE(job->bytes, invoke->payload.len),
        .wants_log = invoke->wants_log};
    return km_steal(&job);
}

km_status km_job_name(struct km_err *err, struct km_job *job)
{
    struct km_function_name *name = &job->name;
    const struct km_invoke *invoke = &job->invoke;
    KM_TRY(km_function_name_parse(err, invoke->function, name));
    if (name->account[0] != '\0' && strcmp(name->account, invoke->account) != 0)
        return KM_FAIL(err, KM_E_NOTFOUND, "function %.64s is of another account", name->name);
    if (name->qualifier[0] != '\0' && invoke->qualifier[0] != '\0' &&
        strcmp(name->qualifier, invoke->qualifier) != 0)
        return KM_FAIL(err, KM_E_ARG, "two different qualifiers of function %.64s", name->name);
    keep(invoke->account, name->account, sizeof name->account);
    if (invoke->qualifier[0] != '\0')
        keep(invoke->qualifier, name->qualifier, sizeof name->qualifier);
    else
        keep(name->qualifier, job->strings.qualifier, sizeof job->strings.qualifier);
    return KM_OK;
}

void km_job_free(struct km_job *job)
{
    if (job == NULL)
        return;
    if (job->secrets != NULL)
        km_wipe(job->secrets, job->secrets_len);
    free(job->secrets);
    free(job->bytes);
    free(job);
}

void km_job_freep(struct km_job **job)
{
    km_job_free(*job);
}

static void add_secret(struct km_job *job, struct km_wr *wr, const char *text)
{
    size_t at = wr->len;
    km_wr_bytes(wr, KM_SLICE_STR(text));
    if (!wr->overflow && wr->len - at >= KM_RUN_SECRET_MIN)
        job->report.secrets[job->report.n_secrets++] = KM_SLICE(wr->buf + at, wr->len - at);
}

km_status km_job_remember(struct km_err *err, struct km_job *job,
                          const struct km_function *function,
                          const struct km_runner_credentials *credentials)
{
    size_t cap = KM_FUNCTION_ENV_MAX + sizeof *credentials;
    job->secrets = malloc(cap);
    if (job->secrets == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for a run");
    struct km_wr wr = km_wr_init(job->secrets, cap);
    for (size_t i = 0; i < function->n_variables; i++)
        add_secret(job, &wr, function->variables[i].value);
    add_secret(job, &wr, credentials->secret);
    add_secret(job, &wr, credentials->token);
    job->secrets_len = wr.len;
    job->report.request_id = job->strings.request_id;
    job->report.version = keep(function->version, job->version, sizeof job->version);
    job->report.is_python = km_function_kind(function->runtime) == KM_FUNCTION_PYTHON;
    job->report.timeout_s = function->timeout_s;
    job->report.memory_mb = function->memory_mb;
    return KM_OK;
}
