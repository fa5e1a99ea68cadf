/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/functions/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cloud/common/json.h"
#include "cloud/functions/job.h"
#include "common/km_file.h"
#include "common/km_secret.h"
#include "common/km_uuid.h"

#define HOST_PATH_CAP 4096
#define CREDENTIALS_SPARE_S 60u

struct km_runner {
    struct km_loop *loop;
    struct km_runner_calls calls;
    struct km_run_place place;
    struct km_code_cache cache;
    struct km_spool *spool;
    const char *region;
    unsigned parallel, retry_ms;
    char code_dir[HOST_PATH_CAP], log_dir[HOST_PATH_CAP];
    struct km_job *waiting, **waiting_end; /* somebody waits for these */
    struct km_job *running;
    bool slot_is_used[KM_RUNNER_PARALLEL_MAX];
    bool events_next; /* so that neither kind waits for the other for ever */
    bool is_starting; /* who is called back meanwhile starts nothing itself */
    uint64_t next_ticket;
    struct km_runner_count count;
};

static int64_t now_ms(const struct km_runner *runner)
{
    return runner->calls.now_ms(runner->calls.ctx);
}

/* ---- lists ---- */

static void push(struct km_runner *runner, struct km_job *job)
{
    job->next = NULL;
    *runner->waiting_end = job;
    runner->waiting_end = &job->next;
    runner->count.waiting++;
}

static struct km_job *unlink_at(struct km_job **at)
{
    struct km_job *job = *at;
    *at = job->next;
    job->next = NULL;
    return job;
}

static struct km_job *take_waiting(struct km_runner *runner, struct km_job **at)
{
    if (runner->waiting_end == &(*at)->next)
        runner->waiting_end = at;
    runner->count.waiting--;
    return unlink_at(at);
}

static void take_running(struct km_runner *runner, const struct km_job *job)
{
    struct km_job **at = &runner->running;
    while (*at != job)
        at = &(*at)->next;
    (void)unlink_at(at);
    runner->slot_is_used[job->slot] = false;
    runner->count.running--;
}

static bool code_is_used(void *ctx, const char *path)
{
    const struct km_runner *runner = ctx;
    for (const struct km_job *job = runner->running; job != NULL; job = job->next)
        if (strcmp(job->code.path, path) == 0)
            return true;
    return false;
}

/* ---- the end of a job ---- */

/* What may be otherwise in a while, whatever the function is like: the registry or the machine. */
static bool is_passing(km_status status)
{
    /* SQLite calls some of what it had no memory for a logic error. */
    static const km_status passing[] = {KM_E_NOMEM, KM_E_NOSPACE, KM_E_BUSY,        KM_E_TIMEOUT,
                                        KM_E_DEAD,  KM_E_IO,      KM_E_UNSUPPORTED, KM_E_INTERNAL};
    for (size_t i = 0; i < KM_ARRAY_LEN(passing); i++)
        if (passing[i] == status)
            return true;
    return false;
}

static void conclude_event(struct km_runner *runner, struct km_job *job,
                           const struct km_err *failure, bool is_function_error)
{
    struct km_spool_entry *entry = job->entry;
    int64_t now = now_ms(runner);
    bool is_bad = failure != NULL || is_function_error;
    bool is_hopeless = failure != NULL && failure->status == KM_E_NOTFOUND;
    bool is_old = now - entry->received_ms > (int64_t)KM_RUNNER_EVENT_AGE_MAX_S * 1000;
    job->entry = NULL;
    struct km_err given_up = {.status = KM_OK}, unwell = {.status = KM_OK};
    if (failure == NULL && is_function_error)
        (void)KM_FAIL(&unwell, KM_E_CANCELLED, "the function failed: see its log");
    else if (failure != NULL)
        unwell = *failure;
    runner->calls.ended(runner->calls.ctx, &job->name, job->strings.request_id,
                        is_bad ? &unwell : NULL);
    if (failure != NULL && is_passing(failure->status) && !is_old) {
        km_spool_postpone(runner->spool, entry, now + runner->retry_ms);
        return;
    }
    if (is_bad && !is_hopeless && !is_old && entry->attempts + 1 < KM_RUNNER_ATTEMPTS) {
        runner->count.n_retries++;
        km_spool_retry(runner->spool, entry, now + ((int64_t)runner->retry_ms << entry->attempts));
        return;
    }
    if (is_bad) {
        runner->count.n_given_up++;
        (void)KM_FAIL(&given_up, KM_E_CANCELLED, "event %s is given up after %u attempts",
                      job->strings.request_id, entry->attempts + 1);
        runner->calls.note(runner->calls.ctx, &given_up, job->name.name);
    }
    km_spool_remove(runner->spool, entry);
}

/* conclude: tells whoever waits, and ends the job. */
static void conclude(struct km_runner *runner, struct km_job *job, const struct km_err *failure,
                     const struct km_invoke_answer *answer)
{
    if (job->entry != NULL)
        conclude_event(runner, job, failure, answer != NULL && answer->is_function_error);
    else if (job->done != NULL)
        job->done(job->ctx, failure, answer);
    km_job_free(job);
}

static void keep_tail(const char *log, size_t len, struct km_invoke_answer *answer)
{
    size_t tail = len > KM_INVOKE_LOG_MAX ? KM_INVOKE_LOG_MAX : len;
    km_copy(answer->log, sizeof answer->log - 1, log + len - tail, tail);
    answer->log[tail] = '\0';
    answer->log_len = tail;
}

/* The log is kept as far as that is possible; the run counts all the same. */
static void keep_log(struct km_runner *runner, struct km_job *job, struct km_invoke_answer *answer)
{
    struct km_err err = {.status = KM_OK};
    size_t len = 0;
    char *log = km_run_log(&job->report, &len);
    if (log == NULL)
        return;
    if (km_run_log_keep(&err, runner->log_dir, job->name.account, job->name.name,
                        KM_RUNNER_LOG_FILE_MAX, KM_SLICE(log, len)) != KM_OK)
        runner->calls.note(runner->calls.ctx, &err, job->name.name);
    if (job->invoke.wants_log)
        keep_tail(log, len, answer);
    free(log);
}

static void begin_answer(const struct km_job *job, struct km_invoke_answer *answer)
{
    snprintf(answer->request_id, sizeof answer->request_id, "%s", job->strings.request_id);
    snprintf(answer->version, sizeof answer->version, "%s", job->version);
}

static km_status take_outcome(struct km_err *err, struct km_runner *runner, struct km_job *job,
                              struct km_invoke_answer *answer)
{
    struct km_host_outcome outcome = {.end = KM_HOST_NO_WALL};
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    KM_TRY(km_run_finish(err, &job->run, &bytes, &outcome));
    job->report.outcome = &outcome;
    job->report.now_ms = now_ms(runner);
    begin_answer(job, answer);
    km_status status = km_run_answer(err, &job->report, answer);
    if (status == KM_OK)
        keep_log(runner, job, answer);
    runner->count.n_function_errors += answer->is_function_error ? 1 : 0;
    runner->count.n_timeouts += outcome.end == KM_HOST_TIMEOUT ? 1 : 0;
    job->report.outcome = NULL;
    return status;
}

static void kick(struct km_runner *runner);

static void run_has_ended(struct km_watch *watch, uint32_t events)
{
    struct km_job *job = (struct km_job *)(void *)((char *)watch - offsetof(struct km_job, watch));
    struct km_runner *runner = job->runner;
    struct km_err err = {.status = KM_OK};
    struct km_invoke_answer answer = {.payload = NULL};
    (void)events;
    km_loop_remove(runner->loop, watch);
    take_running(runner, job);
    km_status status = take_outcome(&err, runner, job, &answer);
    conclude(runner, job, status == KM_OK ? NULL : &err, status == KM_OK ? &answer : NULL);
    km_invoke_answer_clear(&answer);
    kick(runner);
}

/* ---- the start of a job ---- */

static km_status find_code(struct km_err *err, struct km_runner *runner, struct km_job *job,
                           struct km_function *function, void *handle)
{
    if (km_code_find(NULL, &runner->cache, function->code_id, &job->code) == KM_OK)
        return KM_OK;
    KM_TRY(runner->calls.code(runner->calls.ctx, err, handle, &function->code));
    return km_code_unpack(err, &runner->cache, function, &job->code);
}

static km_status start_loaded(struct km_err *err, struct km_runner *runner, struct km_job *job,
                              struct km_function *function, void *handle)
{
    struct km_runner_credentials credentials = {.key_id = ""};
    const char *region = job->strings.region[0] != '\0' ? job->strings.region : runner->region;
    unsigned lifetime_s = function->timeout_s + KM_HOST_INIT_MAX_S + CREDENTIALS_SPARE_S;
    KM_TRY(find_code(err, runner, job, function, handle));
    KM_TRY(runner->calls.mint(runner->calls.ctx, err, function, lifetime_s, &credentials));
    const struct km_run_task task = {.function = function,
                                     .code = &job->code,
                                     .invoke = &job->invoke,
                                     .region = region,
                                     .credentials = &credentials,
                                     .slot = job->slot,
                                     .now_ms = now_ms(runner)};
    km_status status = km_job_remember(err, job, function, &credentials);
    if (status == KM_OK)
        status = km_run_start(err, &runner->place, &task, &job->run);
    km_wipe(&credentials, sizeof credentials);
    return status;
}

static km_status start(struct km_err *err, struct km_runner *runner, struct km_job *job)
{
    struct km_function function = {.name = NULL};
    void *handle = NULL;
    KM_TRY(runner->calls.load(runner->calls.ctx, err, &job->name, &function, &handle));
    km_status status = start_loaded(err, runner, job, &function, handle);
    runner->calls.unload(runner->calls.ctx, handle);
    KM_TRY(status);
    status = km_loop_add(err, runner->loop, &job->watch, job->run.pidfd, run_has_ended);
    if (status != KM_OK) {
        km_fd_closep(&job->run.pidfd);
        km_run_kill(&job->run);
    }
    return status;
}

static void begin(struct km_runner *runner, struct km_job *job)
{
    struct km_err err = {.status = KM_OK};
    job->runner = runner;
    for (job->slot = 0; runner->slot_is_used[job->slot];)
        job->slot++;
    runner->slot_is_used[job->slot] = true;
    job->next = runner->running;
    runner->running = job;
    runner->count.running++;
    runner->count.n_runs++;
    if (start(&err, runner, job) == KM_OK)
        return;
    take_running(runner, job);
    conclude(runner, job, &err, NULL);
}

/* An event from the spool as a job; NULL when none is due. One that can't be read is set aside. */
static struct km_job *event_job(struct km_runner *runner)
{
    for (;;) {
        struct km_spool_entry *entry = km_spool_take(runner->spool, now_ms(runner));
        struct km_invoke_strings strings = {.account = ""};
        struct km_invoke invoke = {.kind = KM_INVOKE_EVENT};
        struct km_err err = {.status = KM_OK};
        KM_AUTO(km_freep) uint8_t *bytes = NULL;
        if (entry == NULL)
            return NULL;
        km_status status = km_spool_read(&err, runner->spool, entry, &bytes, &strings, &invoke);
        struct km_job *job = status == KM_OK ? km_job_new(&invoke) : NULL;
        if (status == KM_E_NOMEM || status == KM_E_IO || (status == KM_OK && job == NULL)) {
            /* Due at once it would be read again without end. */
            km_spool_postpone(runner->spool, entry, now_ms(runner) + runner->retry_ms);
            return NULL;
        }
        if (job != NULL && km_job_name(&err, job) == KM_OK) {
            job->entry = entry;
            return job;
        }
        km_job_free(job);
        runner->calls.note(runner->calls.ctx, &err, "event that can't be read");
        km_spool_set_aside(runner->spool, entry);
    }
}

static struct km_job *next_job(struct km_runner *runner)
{
    struct km_job *job = NULL;
    runner->events_next = !runner->events_next;
    if (runner->events_next || runner->waiting == NULL)
        job = event_job(runner);
    if (job == NULL && runner->waiting != NULL)
        job = take_waiting(runner, &runner->waiting);
    return job;
}

static void kick(struct km_runner *runner)
{
    if (runner->is_starting)
        return;
    runner->is_starting = true;
    while (runner->count.running < runner->parallel) {
        struct km_job *job = next_job(runner);
        if (job == NULL)
            break;
        begin(runner, job);
    }
    runner->is_starting = false;
}

/* ---- requests ---- */

static km_status check_payload(struct km_err *err, const struct km_invoke *invoke)
{
    size_t max = invoke->kind == KM_INVOKE_EVENT ? KM_FUNCTION_EVENT_MAX : KM_FUNCTION_PAYLOAD_MAX;
    if (invoke->payload.len > max)
        return KM_FAIL(err, KM_E_LIMIT, "payload of %zu octets, at most %zu", invoke->payload.len,
                       max);
    if (invoke->payload.len == 0)
        return KM_OK;
    KM_AUTO(km_json_unref) json_t *json = NULL;
    return km_json_value(err, invoke->payload, KM_INVOKE_DEPTH_MAX, &json);
}

static km_status new_request_id(struct km_err *err, const struct km_runner *runner, char ret[37])
{
    struct km_uuid uuid = {{0}};
    if (ret[0] != '\0')
        return KM_OK;
    KM_TRY(runner->calls.random(runner->calls.ctx, err, uuid.octet, sizeof uuid.octet));
    uuid.octet[6] = (uint8_t)((uuid.octet[6] & 0x0f) | 0x40);
    uuid.octet[8] = (uint8_t)((uuid.octet[8] & 0x3f) | 0x80);
    km_uuid_format(&uuid, ret);
    return KM_OK;
}

/* Whether the function is there, and which version that is. */
static km_status find_version(struct km_err *err, struct km_runner *runner, struct km_job *job)
{
    struct km_function function = {.name = NULL};
    void *handle = NULL;
    KM_TRY(runner->calls.load(runner->calls.ctx, err, &job->name, &function, &handle));
    snprintf(job->version, sizeof job->version, "%s", function.version);
    runner->calls.unload(runner->calls.ctx, handle);
    return KM_OK;
}

static km_status accept_job(struct km_err *err, struct km_runner *runner, struct km_job *job)
{
    KM_TRY(km_job_name(err, job));
    KM_TRY(check_payload(err, &job->invoke));
    KM_TRY(new_request_id(err, runner, job->strings.request_id));
    KM_TRY(find_version(err, runner, job));
    if (job->invoke.kind == KM_INVOKE_EVENT)
        return km_spool_add(err, runner->spool, &job->invoke, now_ms(runner));
    if (job->invoke.kind == KM_INVOKE_WAIT && runner->count.waiting >= KM_RUNNER_WAITING_MAX)
        return KM_FAIL(err, KM_E_BUSY, "%u runs wait already", runner->count.waiting);
    return KM_OK;
}

static bool has_ticket(const struct km_job *job, uint64_t ticket)
{
    while (job != NULL && job->ticket != ticket)
        job = job->next;
    return job != NULL;
}

static bool is_on_its_way(const struct km_runner *runner, uint64_t ticket)
{
    return has_ticket(runner->waiting, ticket) || has_ticket(runner->running, ticket);
}

uint64_t km_runner_invoke(struct km_runner *runner, const struct km_invoke *invoke,
                          km_runner_done *done, void *ctx)
{
    struct km_err err = {.status = KM_OK};
    struct km_invoke_answer answer = {.payload = NULL};
    KM_AUTO(km_job_freep) struct km_job *job = km_job_new(invoke);
    km_status status = job == NULL ? KM_FAIL(&err, KM_E_NOMEM, "no memory for a request for a run")
                                   : accept_job(&err, runner, job);
    if (status != KM_OK) {
        done(ctx, &err, NULL);
        return 0;
    }
    if (invoke->kind != KM_INVOKE_WAIT) {
        begin_answer(job, &answer);
        done(ctx, NULL, &answer);
        kick(runner);
        return 0;
    }
    uint64_t ticket = ++runner->next_ticket;
    job->ticket = ticket;
    job->done = done;
    job->ctx = ctx;
    push(runner, km_steal(&job));
    kick(runner);
    return is_on_its_way(runner, ticket) ? ticket : 0;
}

static void end_running(struct km_runner *runner, struct km_job *job)
{
    take_running(runner, job);
    km_loop_remove(runner->loop, &job->watch);
    km_run_kill(&job->run);
    if (job->entry != NULL)
        km_spool_untake(runner->spool, job->entry);
    km_job_free(job);
}

void km_runner_forget(struct km_runner *runner, uint64_t ticket)
{
    for (struct km_job **at = &runner->waiting; *at != NULL; at = &(*at)->next)
        if ((*at)->ticket == ticket) {
            km_job_free(take_waiting(runner, at));
            return;
        }
    for (struct km_job *job = runner->running; job != NULL; job = job->next)
        if (job->ticket == ticket) {
            end_running(runner, job);
            kick(runner);
            return;
        }
}

int km_runner_next_ms(const struct km_runner *runner)
{
    int64_t due = km_spool_next_ms(runner->spool);
    if (due == INT64_MAX || runner->count.running >= runner->parallel)
        return -1;
    int64_t left = due - now_ms(runner);
    return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

void km_runner_tick(struct km_runner *runner)
{
    kick(runner);
}

struct km_runner_count km_runner_count(const struct km_runner *runner)
{
    struct km_runner_count count = runner->count;
    count.spooled = km_spool_count(runner->spool);
    return count;
}

/* ---- life ---- */

static km_status make_dir(struct km_err *err, const char *state_dir, const char *name, char *ret,
                          size_t cap)
{
    int len = snprintf(ret, cap, "%s%s%s", state_dir, name[0] != '\0' ? "/" : "", name);
    if (len < 0 || (size_t)len >= cap)
        return KM_FAIL(err, KM_E_LIMIT, "the path of the state is too long");
    if (mkdir(ret, 0700) != 0 && errno != EEXIST)
        return KM_FAIL_ERRNO(err, "can't make %.128s", ret);
    return KM_OK;
}

static km_status open_state(struct km_err *err, struct km_runner *runner, const char *state_dir)
{
    char path[HOST_PATH_CAP] = {0};
    KM_TRY(make_dir(err, state_dir, "", path, sizeof path));
    KM_TRY(make_dir(err, state_dir, "code", runner->code_dir, sizeof runner->code_dir));
    KM_TRY(make_dir(err, state_dir, "log", runner->log_dir, sizeof runner->log_dir));
    KM_TRY(make_dir(err, state_dir, "spool", path, sizeof path));
    runner->cache = (struct km_code_cache){runner->code_dir, code_is_used, runner};
    km_code_sweep(&runner->cache);
    return km_spool_open(err, path, KM_RUNNER_SPOOL_MAX, &runner->spool);
}

km_status km_runner_new(struct km_err *err, struct km_loop *loop,
                        const struct km_runner_config *config, const struct km_runner_calls *calls,
                        struct km_runner **ret)
{
    KM_AUTO(km_runner_freep) struct km_runner *runner = calloc(1, sizeof *runner);
    if (runner == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the runner of functions");
    runner->loop = loop;
    runner->calls = *calls;
    runner->region = config->region;
    runner->parallel = config->parallel;
    runner->retry_ms = config->retry_ms;
    runner->waiting_end = &runner->waiting;
    if (config->parallel < 1 || config->parallel > KM_RUNNER_PARALLEL_MAX)
        return KM_FAIL(err, KM_E_ARG, "%u runs at a time is not within 1 to %u", config->parallel,
                       KM_RUNNER_PARALLEL_MAX);
    KM_TRY(km_run_place_init(err, config, &runner->place));
    KM_TRY(km_run_check(err, &runner->place));
    KM_TRY(open_state(err, runner, config->state_dir));
    *ret = km_steal(&runner);
    return KM_OK;
}

void km_runner_free(struct km_runner *runner)
{
    if (runner == NULL)
        return;
    while (runner->running != NULL)
        end_running(runner, runner->running);
    while (runner->waiting != NULL)
        km_job_free(take_waiting(runner, &runner->waiting));
    km_spool_freep(&runner->spool);
    km_run_place_clear(&runner->place);
    free(runner);
}

void km_runner_freep(struct km_runner **runner)
{
    km_runner_free(*runner);
}
