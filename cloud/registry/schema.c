/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema, as steps that are never changed once released: step n brings version n - 1 to n. Words in braces differ between
 * the databases (km_db_ops.words).
 */
#include "cloud/registry/internal.h"

#include <stdlib.h>
#include <string.h>

/* A certificate's row is small and read at each connect; its DER is neither, so it lies apart. */
static const char step_1[] =
    "CREATE TABLE account (id {text} PRIMARY KEY, name {text} NOT NULL,"
    " registration_code {text}, created_ms {number} NOT NULL);"
    "CREATE TABLE setting (account {text} NOT NULL REFERENCES account ON DELETE CASCADE,"
    " name {text} NOT NULL, value {text} NOT NULL, PRIMARY KEY (account, name)) {clustered};"
    "CREATE TABLE access_key (id {text} PRIMARY KEY,"
    " account {text} NOT NULL REFERENCES account ON DELETE CASCADE, principal {text} NOT NULL,"
    " sealed {blob} NOT NULL, token_hash {blob}, is_active {number} NOT NULL,"
    " created_ms {number} NOT NULL, expires_ms {number} NOT NULL);"
    "CREATE INDEX access_key_of ON access_key (account, id);"
    "CREATE INDEX access_key_end ON access_key (expires_ms);"

    "CREATE TABLE ca (id {text} NOT NULL, account {text} NOT NULL REFERENCES account,"
    " der {blob} NOT NULL, subject {blob} NOT NULL, subject_hash {blob} NOT NULL,"
    " mode {number} NOT NULL, is_active {number} NOT NULL, has_auto {number} NOT NULL,"
    " config {text}, generation_id {text} NOT NULL, customer_version {number} NOT NULL,"
    " created_ms {number} NOT NULL, modified_ms {number} NOT NULL,"
    " not_before_ms {number} NOT NULL, not_after_ms {number} NOT NULL, PRIMARY KEY (id, account));"
    "CREATE INDEX ca_in_order ON ca (account, created_ms, id);"
    "CREATE INDEX ca_by_subject ON ca (account, subject_hash);"

    "CREATE TABLE certificate (id {text} NOT NULL, account {text} NOT NULL REFERENCES account,"
    " ca_id {text}, mode {number} NOT NULL, status {number} NOT NULL,"
    " generation_id {text} NOT NULL, previous_account {text}, transfer_to {text},"
    " customer_version {number} NOT NULL, created_ms {number} NOT NULL,"
    " modified_ms {number} NOT NULL, not_before_ms {number} NOT NULL,"
    " not_after_ms {number} NOT NULL, PRIMARY KEY (id, account)) {clustered};"
    "CREATE INDEX certificate_in_order ON certificate (account, created_ms, id);"
    "CREATE INDEX certificate_of_ca ON certificate (account, ca_id, created_ms, id);"
    "CREATE TABLE certificate_der (id {text} NOT NULL, account {text} NOT NULL,"
    " der {blob} NOT NULL, PRIMARY KEY (id, account), FOREIGN KEY (id, account)"
    " REFERENCES certificate (id, account) ON DELETE CASCADE ON UPDATE CASCADE);"

    "CREATE TABLE policy (account {text} NOT NULL REFERENCES account, name {text} NOT NULL,"
    " default_version {number} NOT NULL, last_version {number} NOT NULL,"
    " generation_id {text} NOT NULL, created_ms {number} NOT NULL, modified_ms {number} NOT NULL,"
    " PRIMARY KEY (account, name));"
    "CREATE TABLE policy_version (account {text} NOT NULL, name {text} NOT NULL,"
    " version {number} NOT NULL, document {text} NOT NULL, created_ms {number} NOT NULL,"
    " PRIMARY KEY (account, name, version), FOREIGN KEY (account, name)"
    " REFERENCES policy (account, name) ON DELETE CASCADE);"
    "CREATE TABLE policy_target (account {text} NOT NULL, kind {number} NOT NULL,"
    " target {text} NOT NULL, policy {text} NOT NULL, PRIMARY KEY (account, kind, target, policy),"
    " FOREIGN KEY (account, policy) REFERENCES policy (account, name)) {clustered};"
    "CREATE INDEX policy_target_of ON policy_target (account, policy, kind, target);"

    "CREATE TABLE thing_type (account {text} NOT NULL REFERENCES account, name {text} NOT NULL,"
    " id {text} NOT NULL, description {text}, searchable {text} NOT NULL,"
    " created_ms {number} NOT NULL, deprecated_ms {number} NOT NULL, PRIMARY KEY (account, name));"
    "CREATE TABLE thing (account {text} NOT NULL REFERENCES account, name {text} NOT NULL,"
    " id {text} NOT NULL, type {text}, version {number} NOT NULL, created_ms {number} NOT NULL,"
    " PRIMARY KEY (account, name),"
    " FOREIGN KEY (account, type) REFERENCES thing_type (account, name));"
    "CREATE INDEX thing_of_type ON thing (account, type, name);"
    "CREATE TABLE thing_group (account {text} NOT NULL REFERENCES account, name {text} NOT NULL,"
    " id {text} NOT NULL, parent {text}, description {text}, version {number} NOT NULL,"
    " created_ms {number} NOT NULL, PRIMARY KEY (account, name),"
    " FOREIGN KEY (account, parent) REFERENCES thing_group (account, name));"
    "CREATE INDEX thing_group_of ON thing_group (account, parent, name);"
    "CREATE TABLE attribute (account {text} NOT NULL, kind {number} NOT NULL,"
    " owner {text} NOT NULL, name {text} NOT NULL, value {text} NOT NULL,"
    " PRIMARY KEY (account, kind, owner, name)) {clustered};"
    "CREATE INDEX attribute_by_value ON attribute (account, kind, name, value, owner);"
    "CREATE TABLE group_thing (account {text} NOT NULL, name {text} NOT NULL,"
    " thing {text} NOT NULL, PRIMARY KEY (account, name, thing),"
    " FOREIGN KEY (account, name) REFERENCES thing_group (account, name) ON DELETE CASCADE,"
    " FOREIGN KEY (account, thing) REFERENCES thing (account, name) ON DELETE CASCADE)"
    " {clustered};"
    "CREATE INDEX group_thing_of ON group_thing (account, thing, name);"
    "CREATE TABLE thing_principal (account {text} NOT NULL, thing {text} NOT NULL,"
    " certificate {text} NOT NULL, PRIMARY KEY (account, thing, certificate),"
    " FOREIGN KEY (account, thing) REFERENCES thing (account, name)) {clustered};"
    "CREATE INDEX thing_principal_of ON thing_principal (account, certificate, thing);"

    "CREATE TABLE rule (account {text} NOT NULL REFERENCES account, name {text} NOT NULL,"
    " sql {text} NOT NULL, topic_filter {text} NOT NULL, payload {text} NOT NULL,"
    " is_enabled {number} NOT NULL, created_ms {number} NOT NULL, PRIMARY KEY (account, name));"
    "CREATE TABLE template (account {text} NOT NULL REFERENCES account, name {text} NOT NULL,"
    " description {text}, body {text} NOT NULL, role {text}, type {number} NOT NULL,"
    " is_enabled {number} NOT NULL, created_ms {number} NOT NULL, modified_ms {number} NOT NULL,"
    " PRIMARY KEY (account, name));"

    "CREATE TABLE function (account {text} NOT NULL REFERENCES account, name {text} NOT NULL,"
    " last_version {number} NOT NULL, PRIMARY KEY (account, name));"
    "CREATE TABLE function_version (account {text} NOT NULL, name {text} NOT NULL,"
    " version {number} NOT NULL, config {text} NOT NULL, description {text},"
    " code_sha256 {text} NOT NULL, code_size {number} NOT NULL, revision_id {text} NOT NULL,"
    " modified_ms {number} NOT NULL, PRIMARY KEY (account, name, version),"
    " FOREIGN KEY (account, name) REFERENCES function (account, name) ON DELETE CASCADE);"
    "CREATE TABLE function_code (account {text} NOT NULL, name {text} NOT NULL,"
    " code_sha256 {text} NOT NULL, code {blob} NOT NULL, PRIMARY KEY (account, name, code_sha256),"
    " FOREIGN KEY (account, name) REFERENCES function (account, name) ON DELETE CASCADE);"
    "CREATE TABLE function_alias (account {text} NOT NULL, function {text} NOT NULL,"
    " name {text} NOT NULL, version {number} NOT NULL, description {text},"
    " revision_id {text} NOT NULL, PRIMARY KEY (account, function, name),"
    " FOREIGN KEY (account, function) REFERENCES function (account, name) ON DELETE CASCADE);"
    "CREATE TABLE function_permission (account {text} NOT NULL, function {text} NOT NULL,"
    " qualifier {text} NOT NULL, statement_id {text} NOT NULL, statement {text} NOT NULL,"
    " PRIMARY KEY (account, function, qualifier, statement_id),"
    " FOREIGN KEY (account, function) REFERENCES function (account, name) ON DELETE CASCADE);"

    "CREATE TABLE shadow (account {text} NOT NULL REFERENCES account ON DELETE CASCADE,"
    " thing {text} NOT NULL, name {text} NOT NULL, state {text}, metadata {text},"
    " version {number} NOT NULL, deleted_ms {number} NOT NULL, modified_ms {number} NOT NULL,"
    " PRIMARY KEY (account, thing, name));"
    "CREATE INDEX shadow_deleted ON shadow (deleted_ms) WHERE deleted_ms <> 0;"
    "CREATE TABLE event (id {number} PRIMARY KEY, time_ms {number} NOT NULL, account {text},"
    " kind {text} NOT NULL, is_success {number} NOT NULL, client_id {text}, certificate_id {text},"
    " principal {text}, address {text}, reason {text}, detail {text});"
    "CREATE INDEX event_by_time ON event (time_ms);"
    "CREATE INDEX event_by_client ON event (client_id, id);"
    "CREATE INDEX event_by_certificate ON event (certificate_id, id);"
    "CREATE TABLE change (generation {number} PRIMARY KEY, kind {number} NOT NULL,"
    " account {text} NOT NULL, id {text} NOT NULL);";

/* Who is logged in to the console: at all control planes. */
static const char step_console[] =
    "CREATE TABLE console_session (id {text} PRIMARY KEY,"
    " account {text} NOT NULL REFERENCES account ON DELETE CASCADE, name {text} NOT NULL,"
    " csrf {text} NOT NULL, made_ms {number} NOT NULL, used_ms {number} NOT NULL);"
    "CREATE INDEX console_session_idle ON console_session (used_ms, id);"
    "CREATE INDEX console_session_of ON console_session (account, name);";

/* What is at other entities, and small entities of the account. */
static const char step_extras[] =
    "CREATE TABLE tag (account {text} NOT NULL REFERENCES account ON DELETE CASCADE,"
    " kind {number} NOT NULL, owner {text} NOT NULL, name {text} NOT NULL, value {text} NOT NULL,"
    " PRIMARY KEY (account, kind, owner, name)) {clustered};"
    "CREATE TABLE role_alias (account {text} NOT NULL REFERENCES account, name {text} NOT NULL,"
    " role {text} NOT NULL, duration_s {number} NOT NULL, created_ms {number} NOT NULL,"
    " modified_ms {number} NOT NULL, PRIMARY KEY (account, name));"
    "CREATE TABLE logging (account {text} PRIMARY KEY REFERENCES account ON DELETE CASCADE,"
    " role {text} NOT NULL, level {number} NOT NULL, is_off {number} NOT NULL);"
    "CREATE TABLE log_level (account {text} NOT NULL REFERENCES logging ON DELETE CASCADE,"
    " target {number} NOT NULL, name {text} NOT NULL, level {number} NOT NULL,"
    " PRIMARY KEY (account, target, name)) {clustered};"
    /* The payload last: what it takes to count sizes lies before it. */
    "CREATE TABLE retained (account {text} NOT NULL REFERENCES account ON DELETE CASCADE,"
    " topic {text} NOT NULL, qos {number} NOT NULL, modified_ms {number} NOT NULL,"
    " size {number} NOT NULL, payload {blob} NOT NULL, PRIMARY KEY (account, topic));"
    "ALTER TABLE template ADD COLUMN default_version {number} NOT NULL DEFAULT 1;"
    "ALTER TABLE template ADD COLUMN last_version {number} NOT NULL DEFAULT 1;"
    "CREATE TABLE template_version (account {text} NOT NULL, name {text} NOT NULL,"
    " version {number} NOT NULL, body {text} NOT NULL, created_ms {number} NOT NULL,"
    " PRIMARY KEY (account, name, version), FOREIGN KEY (account, name)"
    " REFERENCES template (account, name) ON DELETE CASCADE);"
    "INSERT INTO template_version (account, name, version, body, created_ms)"
    " SELECT account, name, 1, body, created_ms FROM template;";

/* An execution is looked for by its thing while it is pending, and by its timers while they run. */
static const char step_jobs[] =
    "CREATE TABLE job (account {text} NOT NULL REFERENCES account, id {text} NOT NULL,"
    " document {text} NOT NULL, description {text}, is_continuous {number} NOT NULL,"
    " minutes {number} NOT NULL, status {number} NOT NULL, is_forced {number} NOT NULL,"
    " reason_code {text}, comment {text}, created_ms {number} NOT NULL,"
    " modified_ms {number} NOT NULL, completed_ms {number} NOT NULL, PRIMARY KEY (account, id));"
    "CREATE INDEX job_in_order ON job (account, created_ms, id);"
    "CREATE TABLE job_target (account {text} NOT NULL, job {text} NOT NULL,"
    " kind {number} NOT NULL, name {text} NOT NULL, PRIMARY KEY (account, job, kind, name),"
    " FOREIGN KEY (account, job) REFERENCES job (account, id) ON DELETE CASCADE) {clustered};"
    "CREATE INDEX job_target_of ON job_target (account, kind, name, job);"
    "CREATE TABLE job_execution (account {text} NOT NULL, thing {text} NOT NULL,"
    " job {text} NOT NULL, number {number} NOT NULL, status {number} NOT NULL,"
    " is_forced {number} NOT NULL, details {text}, version {number} NOT NULL,"
    " queued_ms {number} NOT NULL, started_ms {number} NOT NULL, modified_ms {number} NOT NULL,"
    " due_ms {number} NOT NULL, step_due_ms {number} NOT NULL,"
    " PRIMARY KEY (account, thing, job, number),"
    " FOREIGN KEY (account, job) REFERENCES job (account, id) ON DELETE CASCADE);"
    "CREATE INDEX job_execution_of ON job_execution (account, job, status, thing);"
    "CREATE INDEX job_execution_pending ON job_execution (account, thing, status, queued_ms, job)"
    " WHERE status < 2;"
    "CREATE INDEX job_execution_due ON job_execution (due_ms) WHERE due_ms <> 0;"
    "CREATE INDEX job_execution_step_due ON job_execution (step_due_ms) WHERE step_due_ms <> 0;";

/* What is a device's for a while: the hash of the token with which it takes a certificate for its own, or, without a holder, a certificate that goes by itself. */
static const char step_claims[] =
    "CREATE TABLE claim (token_hash {blob} PRIMARY KEY, account {text} NOT NULL REFERENCES account"
    " ON DELETE CASCADE, certificate {text} NOT NULL, holder {text}, expires_ms {number} NOT NULL);"
    "CREATE INDEX claim_end ON claim (expires_ms);";

/* Devices' own keys for signatures: apart from the account's, so that nobody who looks for one of those finds one of these. They go with their certificate and role alias. */
static const char step_credentials[] =
    "CREATE TABLE credential (id {text} PRIMARY KEY, account {text} NOT NULL,"
    " certificate {text} NOT NULL, role_alias {text} NOT NULL, sealed {blob} NOT NULL,"
    " token_hash {blob} NOT NULL, created_ms {number} NOT NULL, expires_ms {number} NOT NULL,"
    " FOREIGN KEY (certificate, account) REFERENCES certificate (id, account) ON DELETE CASCADE,"
    " FOREIGN KEY (account, role_alias) REFERENCES role_alias (account, name) ON DELETE CASCADE);"
    "CREATE INDEX credential_of ON credential (account, certificate, created_ms);"
    "CREATE INDEX credential_of_alias ON credential (account, role_alias);"
    "CREATE INDEX credential_end ON credential (expires_ms);";

/*
 * How jobs go about it. A job is looked for while something of it is due: its beginning, more things, its end. Who waits for an
 * execution waits apart, and so do events, which go with who tells of them.
 */
static const char step_job_configs[] =
    "ALTER TABLE job ADD COLUMN config {text};"
    "ALTER TABLE job ADD COLUMN template {text};"
    "ALTER TABLE job ADD COLUMN due_ms {number} NOT NULL DEFAULT 0;"
    "ALTER TABLE job ADD COLUMN is_ended {number} NOT NULL DEFAULT 0;"
    "ALTER TABLE job ADD COLUMN minute_ms {number} NOT NULL DEFAULT 0;"
    "ALTER TABLE job ADD COLUMN n_left {number} NOT NULL DEFAULT 0;"
    "ALTER TABLE job ADD COLUMN n_notified {number} NOT NULL DEFAULT 0;"
    "CREATE INDEX job_due ON job (due_ms) WHERE due_ms <> 0;"
    "CREATE TABLE job_waiting (account {text} NOT NULL, job {text} NOT NULL, thing {text} NOT NULL,"
    " PRIMARY KEY (account, job, thing), FOREIGN KEY (account, job) REFERENCES job (account, id)"
    " ON DELETE CASCADE, FOREIGN KEY (account, thing) REFERENCES thing (account, name)"
    " ON DELETE CASCADE) {clustered};"
    "CREATE INDEX job_waiting_of ON job_waiting (account, thing, job);"
    "CREATE TABLE job_template (account {text} NOT NULL REFERENCES account, id {text} NOT NULL,"
    " document {text} NOT NULL, description {text} NOT NULL, config {text},"
    " minutes {number} NOT NULL, created_ms {number} NOT NULL, PRIMARY KEY (account, id));"
    "CREATE TABLE job_event (id {number} PRIMARY KEY,"
    " account {text} NOT NULL REFERENCES account ON DELETE CASCADE, operation {text} NOT NULL,"
    " job {text} NOT NULL, time_ms {number} NOT NULL, details {text}, thing {text},"
    " status {number} NOT NULL, number {number} NOT NULL, version {number} NOT NULL);"
    "CREATE INDEX job_event_of ON job_event (account, id);";

/* What was said and when, of a certificate's last transfer to another account. It goes with the certificate. */
static const char step_transfers[] =
    "CREATE TABLE certificate_transfer (id {text} NOT NULL, account {text} NOT NULL,"
    " message {text}, reject_reason {text}, transfer_ms {number} NOT NULL,"
    " accept_ms {number} NOT NULL, reject_ms {number} NOT NULL, PRIMARY KEY (id, account),"
    " FOREIGN KEY (id, account) REFERENCES certificate (id, account)"
    " ON DELETE CASCADE ON UPDATE CASCADE);";

static const char *const steps[] = {step_1,           step_console,  step_extras,
                                    step_jobs,        step_claims,   step_credentials,
                                    step_job_configs, step_transfers};

struct km_reg_steps km_reg_steps(void)
{
    return (struct km_reg_steps){.items = steps, .n_items = KM_ARRAY_LEN(steps)};
}

/* Whether a word of the dialect begins at text; what stands for it. */
static const char *word_at(const char *const *words, const char *text, size_t *ret_len)
{
    for (size_t i = 0; words[i] != NULL; i += 2) {
        size_t len = strlen(words[i]);
        if (strncmp(text, words[i], len) == 0) {
            *ret_len = len;
            return words[i + 1];
        }
    }
    return NULL;
}

/* In two rounds: out NULL only counts. */
static size_t translate(const char *const *words, const char *sql, char *out, size_t room)
{
    size_t at = 0;
    while (*sql != '\0') {
        size_t taken = 1;
        const char *word = word_at(words, sql, &taken);
        struct km_slice part = word != NULL ? KM_SLICE_STR(word) : KM_SLICE(sql, taken);
        if (out != NULL)
            km_copy(out + at, room - at, part.ptr, part.len);
        at += part.len;
        sql += taken;
    }
    return at;
}

static km_status run_step(struct km_registry *reg, const char *sql)
{
    size_t len = translate(reg->db->ops->words, sql, NULL, 0);
    struct km_arena *own = km_arena_new(len + 1);
    char *text = own == NULL ? NULL : km_arena_alloc(own, len + 1);
    if (text == NULL) {
        km_arena_free(own);
        return KM_REG_FAIL(reg, KM_E_NOMEM, "the schema of %zu octets", len);
    }
    (void)translate(reg->db->ops->words, sql, text, len);
    km_status status = reg->db->ops->script(reg->db, &reg->err, text);
    km_arena_free(own);
    return status;
}

/* Another process may have done it while this one waited for the lock. */
static km_status upgrade(struct km_registry *reg, struct km_reg_steps own)
{
    int64_t version = 0;
    KM_TRY(reg->db->ops->version(reg->db, &reg->err, &version));
    for (; version < (int64_t)own.n_items; version++)
        KM_TRY(run_step(reg, own.items[version]));
    return reg->db->ops->set_version(reg->db, &reg->err, version);
}

km_status km_reg_schema(struct km_registry *reg, struct km_reg_steps own, bool may_create)
{
    const int64_t needed = (int64_t)own.n_items;
    int64_t version = 0;
    KM_TRY(reg->db->ops->version(reg->db, &reg->err, &version));
    if (version < needed && may_create) {
        KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
        KM_TRY(km_reg_write_end(reg, upgrade(reg, own)));
        KM_TRY(reg->db->ops->version(reg->db, &reg->err, &version));
    }
    if (version != needed)
        return KM_REG_FAIL(reg, KM_E_UNSUPPORTED,
                           "the registry's schema has version %lld, this program needs %lld",
                           (long long)version, (long long)needed);
    return KM_OK;
}
