/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/db_postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PostgreSQL's object identifiers of these types, as its catalog has them for good. */
#define OID_BYTEA 17u
#define OID_INT8 20u
#define OID_TEXT 25u
#define BINARY 1
#define VALUES_MAX 32
#define SQL_MAX 4096
#define NAME_ROOM 16

static struct km_pg *pg_of(struct km_db *db)
{
    return (struct km_pg *)db;
}

static const PGresult *result_of(const struct km_query *query)
{
    return query->handle;
}

/* ---- one statement ---- */

/* Parameters in the form that libpq wants. */
struct bound {
    Oid types[VALUES_MAX];
    const char *values[VALUES_MAX];
    int lengths[VALUES_MAX];
    int formats[VALUES_MAX];
    uint8_t numbers[VALUES_MAX][8];
};

static Oid type_of(enum km_value_kind kind)
{
    switch (kind) {
    case KM_VALUE_NUMBER:
        return OID_INT8;
    case KM_VALUE_TEXT:
        return OID_TEXT;
    case KM_VALUE_BLOB:
        return OID_BYTEA;
    }
    return OID_TEXT;
}

static void bind_one(struct bound *bound, size_t at, const struct km_value *value)
{
    bound->types[at] = type_of(value->kind);
    bound->formats[at] = BINARY;
    bound->lengths[at] = (int)value->bytes.len;
    bound->values[at] = (const char *)value->bytes.ptr;
    if (value->is_null) {
        bound->values[at] = NULL;
    } else if (value->kind == KM_VALUE_NUMBER) {
        struct km_wr wr = km_wr_init(bound->numbers[at], sizeof(bound->numbers[at]));
        km_wr_u64be(&wr, (uint64_t)value->number);
        bound->values[at] = (const char *)bound->numbers[at];
        bound->lengths[at] = (int)sizeof(bound->numbers[at]);
    }
}

/* ?1 becomes $1; no text has a question mark elsewhere. */
static bool translate(const char *sql, char room[SQL_MAX])
{
    size_t len = strlen(sql);
    if (len >= SQL_MAX)
        return false;
    for (size_t i = 0; i <= len; i++)
        room[i] = sql[i] == '?' ? '$' : sql[i];
    return true;
}

static km_status prepare(struct km_pg *pg, struct km_err *err, const char *sql,
                         const struct bound *bound, size_t n_values, char name[NAME_ROOM])
{
    char text[SQL_MAX] = {0};
    size_t at = 0;
    while (at < pg->n_statements && pg->statements[at] != sql)
        at++;
    (void)snprintf(name, NAME_ROOM, "km%zu", at);
    if (at < pg->n_statements)
        return KM_OK;
    if (at == KM_PG_STATEMENTS_MAX || !translate(sql, text))
        return KM_FAIL(err, KM_E_INTERNAL, "a statement too many or too long");
    KM_TRY(km_pg_answer(
        pg, err, PQsendPrepare(pg->conn, name, text, (int)n_values, bound->types) == 1, NULL));
    pg->statements[pg->n_statements++] = sql;
    return KM_OK;
}

static km_status run(struct km_pg *pg, struct km_err *err, const char *sql, struct km_values values,
                     PGresult **ret)
{
    struct bound bound = {.types = {0}};
    char name[NAME_ROOM] = {0};
    if (values.n_items > VALUES_MAX)
        return KM_FAIL(err, KM_E_INTERNAL, "%zu parameters", values.n_items);
    for (size_t i = 0; i < values.n_items; i++)
        bind_one(&bound, i, &values.items[i]);
    KM_TRY(km_pg_link(pg, err));
    KM_TRY(prepare(pg, err, sql, &bound, values.n_items, name));
    return km_pg_answer(pg, err,
                        PQsendQueryPrepared(pg->conn, name, (int)values.n_items, bound.values,
                                            bound.lengths, bound.formats, BINARY) == 1,
                        ret);
}

static bool only_reads(const char *sql)
{
    return strncmp(sql, "SELECT", 6) == 0 || strncmp(sql, "WITH", 4) == 0;
}

/*
 * A server that was started anew has ended connections that lay idle, which shows at the next statement: what only reads
 * is asked again, once. What writes is not: it may have been done.
 */
static km_status postgres_start(struct km_query *query, const char *sql, struct km_values values)
{
    struct km_pg *pg = pg_of(query->db);
    struct km_err first = {0};
    PGresult *result = NULL;
    bool may_repeat = pg->conn != NULL && !pg->is_in_txn && only_reads(sql);
    km_status status = run(pg, &first, sql, values, &result);
    if (status == KM_E_DEAD && may_repeat && !pg->was_silent) {
        km_err_clear(&first);
        status = run(pg, &first, sql, values, &result);
    }
    if (status != KM_OK)
        return KM_FAIL(query->err, status, "%s", first.text);
    query->handle = result;
    query->at = -1;
    return KM_OK;
}

static km_status postgres_next(struct km_query *query, bool *ret_has_row)
{
    if (query->at + 1 < PQntuples(result_of(query)))
        query->at++;
    else
        query->at = PQntuples(result_of(query));
    *ret_has_row = query->at < PQntuples(result_of(query));
    return KM_OK;
}

static void postgres_end(struct km_query *query)
{
    PQclear(query->handle);
}

static bool postgres_is_null(const struct km_query *query, int column)
{
    return PQgetisnull(result_of(query), query->at, column) != 0;
}

static struct km_slice postgres_bytes(const struct km_query *query, int column)
{
    return KM_SLICE(PQgetvalue(result_of(query), query->at, column),
                    (size_t)PQgetlength(result_of(query), query->at, column));
}

/* Counts and literals come as numbers of 4 or 8 octets. */
static int64_t postgres_number(const struct km_query *query, int column)
{
    struct km_slice bytes = postgres_bytes(query, column);
    struct km_rd rd = km_rd_init(bytes);
    uint64_t large = 0;
    uint32_t small = 0;
    if (bytes.len == 8 && km_rd_u64be(&rd, &large))
        return (int64_t)large;
    return bytes.len == 4 && km_rd_u32be(&rd, &small) ? (int32_t)small : 0;
}

static int64_t postgres_n_changed(const struct km_query *query)
{
    const char *count = PQcmdTuples(query->handle);
    int64_t number = 0;
    for (; *count >= '0' && *count <= '9'; count++)
        number = number * 10 + (*count - '0');
    return number;
}

/* ---- transactions ---- */

static void postgres_rollback(struct km_db *db)
{
    struct km_pg *pg = pg_of(db);
    struct km_err err = {0};
    if (pg->conn != NULL && pg->is_in_txn)
        (void)km_pg_simple(pg, &err, "ROLLBACK", NULL);
    pg->is_in_txn = false;
}

/* Locks of this database's own kind, so that "one at a time" holds for all processes as it does on SQLite. */
static const char *begin_sql(enum km_db_lock lock)
{
    return lock == KM_DB_LOCK_EVENT ? "BEGIN; SELECT pg_advisory_xact_lock(27501, 2)"
                                    : "BEGIN; SELECT pg_advisory_xact_lock(27501, 1)";
}

static km_status begin_once(struct km_pg *pg, struct km_err *err, enum km_db_lock lock)
{
    KM_TRY(km_pg_link(pg, err));
    pg->is_in_txn = true;
    km_status status = km_pg_simple(pg, err, begin_sql(lock), NULL);
    if (status != KM_OK)
        postgres_rollback(&pg->base);
    return status;
}

static km_status postgres_begin(struct km_db *db, struct km_err *err, enum km_db_lock lock)
{
    struct km_pg *pg = pg_of(db);
    struct km_err first = {0};
    bool was_linked = pg->conn != NULL;
    km_status status = begin_once(pg, &first, lock);
    if (status == KM_E_DEAD && was_linked && !pg->was_silent) {
        km_err_clear(&first);
        status = begin_once(pg, &first, lock);
    }
    if (status != KM_OK)
        return KM_FAIL(err, status, "%s", first.text);
    db->is_lost = false;
    return KM_OK;
}

static km_status postgres_commit(struct km_db *db, struct km_err *err, bool has_changes)
{
    struct km_pg *pg = pg_of(db);
    PGresult *result = NULL;
    KM_TRY(km_pg_link(pg, err));
    KM_TRY(
        km_pg_simple(pg, err, has_changes ? "NOTIFY keymoor_change; COMMIT" : "COMMIT", &result));
    /* A transaction in which a statement failed is ended the other way, without an error. */
    bool is_committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
    PQclear(result);
    pg->is_in_txn = false;
    return is_committed ? KM_OK : KM_FAIL(err, KM_E_INTERNAL, "the transaction was undone");
}

/* ---- the schema ---- */

static km_status postgres_script(struct km_db *db, struct km_err *err, const char *sql)
{
    KM_TRY(km_pg_link(pg_of(db), err));
    return km_pg_simple(pg_of(db), err, sql, NULL);
}

static km_status one_number(struct km_db *db, struct km_err *err, const char *sql, int64_t *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_query_start(db, err, sql, KM_NO_VALUES, &query));
    *ret = km_query_next(&query) ? km_query_number(&query, 0) : 0;
    return km_query_finish(&query);
}

static km_status postgres_version(struct km_db *db, struct km_err *err, int64_t *ret)
{
    int64_t has_table = 0;
    int64_t version = 0;
    KM_TRY(one_number(db, err,
                      "SELECT CASE WHEN to_regclass('keymoor_schema') IS NULL THEN 0 ELSE 1 END",
                      &has_table));
    if (has_table != 0)
        KM_TRY(one_number(db, err, "SELECT version FROM keymoor_schema", &version));
    *ret = version;
    return KM_OK;
}

static km_status postgres_set_version(struct km_db *db, struct km_err *err, int64_t version)
{
    char sql[256] = {0};
    (void)snprintf(sql, sizeof(sql),
                   "CREATE TABLE IF NOT EXISTS keymoor_schema (version BIGINT NOT NULL);"
                   " DELETE FROM keymoor_schema; INSERT INTO keymoor_schema VALUES (%lld)",
                   (long long)version);
    return postgres_script(db, err, sql);
}

/* ---- hints ---- */

static int postgres_hint_fd(struct km_db *db)
{
    struct km_pg *pg = pg_of(db);
    struct km_err err = {0};
    if (pg->conn == NULL)
        return -1;
    if (!pg->is_listening && !pg->is_in_txn) {
        if (km_pg_simple(pg, &err, "LISTEN keymoor_change", NULL) != KM_OK)
            return -1;
        pg->is_listening = true;
    }
    return PQsocket(pg->conn);
}

static bool postgres_hint(struct km_db *db)
{
    struct km_pg *pg = pg_of(db);
    bool has_moved = false;
    if (pg->conn == NULL || !pg->is_listening)
        return true;
    if (PQconsumeInput(pg->conn) == 0) {
        km_pg_unlink(pg);
        return true;
    }
    for (PGnotify *notify = PQnotifies(pg->conn); notify != NULL; notify = PQnotifies(pg->conn)) {
        PQfreemem(notify);
        has_moved = true;
    }
    return has_moved;
}

/* Waits look at the deadline themselves. */
static void postgres_budget(struct km_db *db)
{
    (void)db;
}

/* ---- opening ---- */

static void postgres_close(struct km_db *db)
{
    struct km_pg *pg = pg_of(db);
    km_pg_unlink(pg);
    /* A password does not belong there, but may stand there. */
    if (pg->conninfo != NULL)
        km_wipe(pg->conninfo, strlen(pg->conninfo));
    free(pg->conninfo);
    free(pg);
}

/* Order is by octets, as on SQLite and in markers of pages. */
static const char *const postgres_words[] = {
    "{text}", "TEXT COLLATE \"C\"", "{blob}", "BYTEA", "{number}",
    "BIGINT", "{clustered}",        "",       NULL,
};

static const struct km_db_ops postgres_ops = {
    .close = postgres_close,
    .start = postgres_start,
    .next = postgres_next,
    .end = postgres_end,
    .is_null = postgres_is_null,
    .number = postgres_number,
    .bytes = postgres_bytes,
    .n_changed = postgres_n_changed,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .script = postgres_script,
    .version = postgres_version,
    .set_version = postgres_set_version,
    .hint_fd = postgres_hint_fd,
    .hint = postgres_hint,
    .budget = postgres_budget,
    .words = postgres_words,
};

km_status km_db_postgres_open(struct km_err *err, const char *conninfo,
                              const struct km_registry_config *config, struct km_db **ret)
{
    struct km_pg *pg = calloc(1, sizeof(*pg));
    if (pg == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "a database handle of %zu bytes", sizeof(*pg));
    pg->base.ops = &postgres_ops;
    pg->timeout_ms = config->timeout_ms != 0 ? config->timeout_ms : KM_REGISTRY_TIMEOUT_MS;
    pg->is_read_only = config->is_read_only;
    pg->conninfo = strdup(conninfo);
    km_status status = pg->conninfo == NULL ? KM_FAIL(err, KM_E_NOMEM, "a database's address")
                                            : km_pg_link(pg, err);
    if (status != KM_OK) {
        postgres_close(&pg->base);
        return status;
    }
    *ret = &pg->base;
    return KM_OK;
}
