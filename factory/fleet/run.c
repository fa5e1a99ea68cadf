/* SPDX-License-Identifier: Apache-2.0 */
#include "factory/fleet/run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <openssl/pem.h>

#include "common/km_file.h"
#include "factory/fleet/journal.h"
#include "factory/fleet/seen.h"

#define PROGRESS_S 0.2
#define PEM_MAX 4096u
#define COLUMN_NONE UINT32_MAX

/* ---- columns ---- */

static const struct {
    const char *name;
    size_t at; /* of the string in struct km_fleet_job */
} COLUMNS[] = {
#define COLUMN(name) {#name, offsetof(struct km_fleet_job, name)},
    KM_FLEET_COLUMNS(COLUMN)
#undef COLUMN
};

#define N_COLUMNS KM_ARRAY_LEN(COLUMNS)

/* State of a run. Large: it lives on the heap. */
struct state {
    const struct km_fleet_run *run;
    struct km_csv csv;
    struct km_csv_row row;
    uint32_t at[N_COLUMNS]; /* which field of a row is the column */
    uint32_t n_fields;      /* of the head */
    uint8_t head_digest[32];
    struct km_journal *journal;
    struct km_seen outputs; /* by their names: no two rows write one file */
    struct km_fleet_made made;
    struct km_fleet_totals totals;
    double begun, shown;
    bool has_rows; /* the table has some */
};

static double now_s(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static km_status sha256_2(struct km_err *err, struct km_slice a, struct km_slice b, uint8_t ret[32])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(ctx, a.ptr, a.len) == 1 &&
              EVP_DigestUpdate(ctx, b.ptr, b.len) == 1 && EVP_DigestFinal_ex(ctx, ret, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return ok ? KM_OK : KM_FAIL(err, KM_E_INTERNAL, "libcrypto could not hash");
}

static km_status column_of(struct km_err *err, struct state *state, uint32_t field)
{
    for (size_t i = 0; i < N_COLUMNS; i++) {
        if (strcmp(state->row.fields[field], COLUMNS[i].name) != 0)
            continue;
        if (state->at[i] != COLUMN_NONE)
            return KM_FAIL(err, KM_E_MALFORMED, "the column '%s' comes twice", COLUMNS[i].name);
        state->at[i] = field;
        return KM_OK;
    }
    return KM_FAIL(err, KM_E_MALFORMED, "line %u: there is no column '%.40s'", state->row.line,
                   state->row.fields[field]);
}

static km_status read_head(struct km_err *err, struct state *state)
{
    enum km_csv_result result = km_csv_next(&state->csv, &state->row);
    if (result != KM_CSV_ROW)
        return KM_FAIL(err, KM_E_MALFORMED, "the CSV has no head with the names of its columns%s%s",
                       result == KM_CSV_BAD ? ": " : "",
                       result == KM_CSV_BAD ? state->row.fault : "");
    for (size_t i = 0; i < N_COLUMNS; i++)
        state->at[i] = COLUMN_NONE;
    for (uint32_t field = 0; field < state->row.n; field++)
        KM_TRY(column_of(err, state, field));
    state->n_fields = state->row.n;
    return sha256_2(err, state->run->recipe, state->row.raw, state->head_digest);
}

static void job_from_row(const struct state *state, struct km_fleet_job *job)
{
    *job = (struct km_fleet_job){.line = state->row.line};
    for (size_t i = 0; i < N_COLUMNS; i++) {
        const char **field = (const char **)(void *)((uint8_t *)job + COLUMNS[i].at);
        *field = state->at[i] != COLUMN_NONE && state->at[i] < state->row.n
                     ? state->row.fields[state->at[i]]
                     : "";
    }
}

/* ---- the table ---- */

/* What came of a row. */
struct outcome {
    const char *status; /* "made", "there", "failed" */
    size_t octets;
    char sha256[65];
    const char *sentence;
};

static void show_csv(struct state *state, const struct km_fleet_job *job,
                     const struct outcome *outcome)
{
    static const char head[] = "line,device,make,name,output,status,octets,sha256,message\n";
    uint8_t text[2 * KM_CSV_ROW_MAX] = {0};
    char number[2][24] = {{0}};
    struct km_wr wr = km_wr_init(text, sizeof(text));
    struct km_slice whole = {0};
    (void)snprintf(number[0], sizeof(number[0]), "%u", job->line);
    (void)snprintf(number[1], sizeof(number[1]), "%zu", outcome->octets);
    const char *fields[] = {number[0], job->device,     job->make,
                            job->name, job->output,     outcome->status,
                            number[1], outcome->sha256, outcome->sentence};
    if (!state->has_rows)
        (void)fputs(head, state->run->table);
    for (size_t i = 0; i < KM_ARRAY_LEN(fields); i++) {
        if (i != 0)
            km_wr_u8(&wr, ',');
        if (fields[i][0] != '\0')
            km_csv_put(&wr, fields[i]);
    }
    km_wr_u8(&wr, '\n');
    if (km_wr_finish(&wr, &whole))
        (void)fwrite(whole.ptr, 1, whole.len, state->run->table);
}

static void show_json(struct state *state, const struct km_fleet_job *job,
                      const struct outcome *outcome)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "line", job->line);
    cJSON_AddStringToObject(json, "device", job->device);
    cJSON_AddStringToObject(json, "make", job->make);
    cJSON_AddStringToObject(json, "name", job->name);
    cJSON_AddStringToObject(json, "output", job->output);
    cJSON_AddStringToObject(json, "status", outcome->status);
    if (outcome->octets != 0) {
        cJSON_AddNumberToObject(json, "octets", (double)outcome->octets);
        cJSON_AddStringToObject(json, "sha256", outcome->sha256);
    }
    if (outcome->sentence[0] != '\0')
        cJSON_AddStringToObject(json, "message", outcome->sentence);
    char *text = cJSON_PrintUnformatted(json);
    if (text != NULL)
        (void)fprintf(state->run->table, "%s\n%s", state->has_rows ? "," : "", text);
    cJSON_free(text);
    cJSON_Delete(json);
}

static void show_row(struct state *state, const struct km_fleet_job *job,
                     const struct outcome *outcome)
{
    if (state->run->format == KM_FLEET_CSV)
        show_csv(state, job, outcome);
    else if (state->run->format == KM_FLEET_JSON)
        show_json(state, job, outcome);
    state->has_rows = true;
}

static void show_progress(struct state *state, bool is_last)
{
    double now = now_s();
    if (!state->run->shows_progress || (!is_last && now - state->shown < PROGRESS_S))
        return;
    double seconds = now - state->begun;
    uint32_t n = state->totals.made + state->totals.there + state->totals.failed;
    size_t done = state->run->csv.len - state->csv.rest.len;
    (void)fprintf(stderr, "\r%3.0f %%  %u made, %u there, %u failed  %.0f a second ",
                  state->run->csv.len == 0 ? 100.0
                                           : 100.0 * (double)done / (double)state->run->csv.len,
                  state->totals.made, state->totals.there, state->totals.failed,
                  seconds > 0 ? (double)n / seconds : 0.0);
    if (is_last)
        (void)fputc('\n', stderr);
    state->shown = now;
}

/* ---- rows ---- */

/* A public key that was generated on the way, as PEM. */
static km_status write_public(struct km_err *err, struct state *state, const char *path)
{
    struct km_slice spki = state->made.public_spki;
    char *text = NULL;
    if (spki.len == 0)
        return KM_FAIL(err, KM_E_ARG,
                       "the column 'public_out' is for key pairs that are generated");
    BIO *out = BIO_new(BIO_s_mem());
    long len = 0;
    if (out != NULL && PEM_write_bio(out, "PUBLIC KEY", "", spki.ptr, (long)spki.len) > 0)
        len = BIO_get_mem_data(out, &text);
    km_status status =
        len > 0 ? km_journal_write(err, state->journal, path, KM_SLICE(text, (size_t)len), 0644)
                : KM_FAIL(err, KM_E_INTERNAL, "libcrypto could not write PEM");
    BIO_free(out);
    return status;
}

/* Two rows with one output would undo each other. */
static km_status claim_output(struct km_err *err, struct state *state,
                              const struct km_fleet_job *job)
{
    uint8_t digest[32] = {0};
    KM_TRY(sha256_2(err, KM_SLICE_STR(job->output), KM_SLICE(digest, 0), digest));
    const struct km_seen_entry *other = km_seen_find(&state->outputs, digest);
    if (other != NULL)
        return KM_FAIL(err, KM_E_EXISTS, "line %u writes the same output", other->number);
    return km_seen_add(err, &state->outputs, digest, job->line);
}

static km_status make_row(struct km_err *err, struct state *state, const struct km_fleet_job *job)
{
    if (state->row.n != state->n_fields)
        return KM_FAIL(err, KM_E_MALFORMED, "it has %u fields and the head %u", state->row.n,
                       state->n_fields);
    KM_TRY(claim_output(err, state, job));
    KM_TRY(km_fleet_make(err, state->run->fleet, job, &state->made));
    if (job->public_out[0] != '\0')
        KM_TRY(write_public(err, state, job->public_out));
    return km_journal_write(err, state->journal, job->output, state->made.package, 0644);
}

static bool is_there(const struct state *state, const struct km_fleet_job *job)
{
    return km_journal_has(state->journal, job->digest) && access(job->output, F_OK) == 0;
}

static void failed(struct state *state, const struct km_fleet_job *job, const char *sentence)
{
    struct outcome outcome = {.status = "failed", .sentence = sentence};
    state->totals.failed++;
    show_row(state, job, &outcome);
}

/* What concerns the run and not this row alone: nothing else could be written either. */
static bool ends_the_run(km_status status)
{
    return status == KM_E_NOSPACE || status == KM_E_NOMEM || status == KM_E_INTERNAL;
}

static km_status one_row(struct km_err *err, struct state *state)
{
    struct km_fleet_job job = {0};
    struct km_err why = {0};
    uint8_t digest[32] = {0};
    struct outcome outcome = {.status = "made", .sentence = ""};
    job_from_row(state, &job);
    KM_TRY(sha256_2(err, KM_SLICE(state->head_digest, 32), state->row.raw, job.digest));
    if (is_there(state, &job)) {
        outcome.status = "there";
        state->totals.there++;
        (void)claim_output(&why, state, &job);
        show_row(state, &job, &outcome);
        return KM_OK;
    }
    km_status status = make_row(&why, state, &job);
    if (status == KM_OK)
        status = km_journal_note(&why, state->journal, job.digest);
    if (ends_the_run(status))
        return KM_FAIL(err, status, "line %u: %s", job.line, why.text);
    if (status != KM_OK) {
        failed(state, &job, why.text);
        return KM_OK;
    }
    state->totals.made++;
    outcome.octets = state->made.package.len;
    KM_TRY(sha256_2(err, state->made.package, KM_SLICE(digest, 0), digest));
    km_hex(KM_SLICE(digest, 32), outcome.sha256, sizeof(outcome.sha256));
    show_row(state, &job, &outcome);
    return KM_OK;
}

static km_status all_rows(struct km_err *err, struct state *state)
{
    for (;;) {
        enum km_csv_result result = km_csv_next(&state->csv, &state->row);
        if (result == KM_CSV_END)
            return KM_OK;
        if (result == KM_CSV_BAD) {
            struct km_fleet_job job = {0};
            state->row.n = 0;
            job_from_row(state, &job);
            failed(state, &job, state->row.fault);
        } else {
            KM_TRY(one_row(err, state));
        }
        show_progress(state, false);
    }
}

static void show_end(struct state *state)
{
    state->totals.seconds = now_s() - state->begun;
    show_progress(state, true);
    if (state->run->format == KM_FLEET_JSON)
        (void)fprintf(state->run->table,
                      "\n], \"made\": %u, \"there\": %u, \"failed\": %u, \"seconds\": %.3f}\n",
                      state->totals.made, state->totals.there, state->totals.failed,
                      state->totals.seconds);
}

km_status km_fleet_run(struct km_err *err, const struct km_fleet_run *run,
                       struct km_fleet_totals *ret)
{
    KM_AUTO(km_freep) struct state *state = calloc(1, sizeof(*state));
    if (state == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "memory for a run");
    state->run = run;
    state->csv = km_csv_begin(run->csv);
    state->begun = state->shown = now_s();
    KM_TRY(read_head(err, state));
    KM_TRY(km_journal_open(err, run->journal, &state->journal));
    if (run->format == KM_FLEET_JSON)
        (void)fputs("{\"rows\": [", run->table);
    km_status status = all_rows(err, state);
    /* What was made before something ended the run is noted all the same. */
    km_status closed = km_journal_close(err, state->journal);
    km_seen_clear(&state->outputs);
    show_end(state);
    *ret = state->totals;
    if (status == KM_OK && (fflush(run->table) != 0 || ferror(run->table) != 0))
        status = KM_FAIL(err, KM_E_IO, "the table can't be written");
    return status != KM_OK ? status : closed;
}
