/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/km_loop.h"

#define STATEMENTS_MAX 256 /* more than there are texts */
#define CACHE_KIB 16384
#define LOG_KEPT 67108864 /* octets of the log that stay for the next time */
#define WAL_RETRY_NS 5000000
#define LOOK_EVERY 1000 /* steps of a query, between looks at the clock */
#define NS_PER_MS 1000000

struct statement {
    const char *sql;
    sqlite3_stmt *stmt;
};
struct sqlite_db {
    struct km_db base;
    sqlite3 *handle;
    unsigned timeout_ms;
    sqlite3_stmt *rollback; /* made at the start: when it is needed memory may be short */
    bool is_stuck; /* a transaction could not be taken back yet, and others wait for its lock */
    struct statement statements[STATEMENTS_MAX];
};

static struct sqlite_db *sqlite_of(struct km_db *db)
{
    return (struct sqlite_db *)db;
}

static sqlite3_stmt *stmt_of(const struct km_query *query)
{
    return query->handle;
}

static km_status io_status(int native)
{
    if (native == ENOSPC || native == EFBIG || native == EDQUOT)
        return KM_E_NOSPACE;
    return KM_E_IO;
}

static km_status status_of(int code, int native)
{
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
        return KM_E_EXISTS;
    if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
        return KM_E_NOTFOUND;
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT: /* by is_over */
        return KM_E_TIMEOUT;
    case SQLITE_FULL:
        return KM_E_NOSPACE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return KM_E_CORRUPT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return KM_E_DENIED;
    case SQLITE_NOMEM:
        return KM_E_NOMEM;
    case SQLITE_TOOBIG:
        return KM_E_LIMIT;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return io_status(native);
    default:
        return KM_E_INTERNAL;
    }
}

/* SQLite's own sentence may name a value, so it stays out. Where it does not say why a write failed, errno still does. */
static km_status fail(struct sqlite_db *db, struct km_err *err, const char *what)
{
    int last_errno = errno;
    int code = sqlite3_extended_errcode(db->handle);
    int native = sqlite3_system_errno(db->handle);
    if (native == 0)
        native = last_errno;
    if (sqlite3_get_autocommit(db->handle) != 0)
        db->base.is_lost = true;
    return KM_FAIL_NATIVE(err, status_of(code, native), KM_LAYER_SQLITE, code, "%s: %s, errno %d",
                          what, sqlite3_errstr(code), native);
}

static void sqlite_close(struct km_db *base)
{
    struct sqlite_db *db = sqlite_of(base);
    for (size_t i = 0; i < STATEMENTS_MAX; i++)
        sqlite3_finalize(db->statements[i].stmt);
    sqlite3_finalize(db->rollback);
    sqlite3_close(db->handle);
    free(db);
}

static km_status prepared(struct sqlite_db *db, struct km_err *err, const char *sql,
                          sqlite3_stmt **ret)
{
    struct statement *entry = NULL;
    size_t first = ((uintptr_t)sql >> 3) % STATEMENTS_MAX;
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        entry = &db->statements[(first + i) % STATEMENTS_MAX];
        if (entry->sql == sql || entry->sql == NULL)
            break;
        entry = NULL;
    }
    if (entry == NULL)
        return KM_FAIL(err, KM_E_INTERNAL, "more than %d statements", STATEMENTS_MAX);
    if (entry->sql == NULL) {
        if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &entry->stmt,
                               NULL) != SQLITE_OK)
            return fail(db, err, "the database does not take a statement");
        entry->sql = sql;
    }
    *ret = entry->stmt;
    return KM_OK;
}

static int bind(sqlite3_stmt *stmt, int at, const struct km_value *value)
{
    const char *bytes = (const char *)value->bytes.ptr;
    if (value->is_null)
        return sqlite3_bind_null(stmt, at);
    switch (value->kind) {
    case KM_VALUE_NUMBER:
        return sqlite3_bind_int64(stmt, at, value->number);
    case KM_VALUE_TEXT:
        return sqlite3_bind_text64(stmt, at, bytes, value->bytes.len, SQLITE_STATIC, SQLITE_UTF8);
    case KM_VALUE_BLOB:
        return sqlite3_bind_blob64(stmt, at, bytes, value->bytes.len, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static void reset(sqlite3_stmt *stmt)
{
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
}

static void take_back(struct sqlite_db *db)
{
    (void)sqlite3_step(db->rollback);
    (void)sqlite3_reset(db->rollback);
    db->is_stuck = sqlite3_get_autocommit(db->handle) == 0;
}

static km_status sqlite_start(struct km_query *query, const char *sql, struct km_values values)
{
    struct sqlite_db *db = sqlite_of(query->db);
    sqlite3_stmt *stmt = NULL;
    if (db->is_stuck)
        take_back(db);
    KM_TRY(prepared(db, query->err, sql, &stmt));
    size_t n_used = (size_t)sqlite3_bind_parameter_count(stmt);
    for (size_t i = 0; i < values.n_items && i < n_used; i++) {
        if (bind(stmt, (int)i + 1, &values.items[i]) != SQLITE_OK) {
            km_status status = fail(db, query->err, "the database does not take a parameter");
            reset(stmt);
            return status;
        }
    }
    errno = 0;
    int code = sqlite3_step(stmt);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        km_status status = fail(db, query->err, "the database refuses a statement");
        reset(stmt);
        return status;
    }
    query->handle = stmt;
    query->is_first = code == SQLITE_ROW;
    query->at = code == SQLITE_DONE;
    return KM_OK;
}

static km_status sqlite_next(struct km_query *query, bool *ret_has_row)
{
    *ret_has_row = query->is_first;
    if (query->is_first || query->at != 0) {
        query->is_first = false;
        return KM_OK;
    }
    errno = 0;
    int code = sqlite3_step(stmt_of(query));
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return fail(sqlite_of(query->db), query->err, "the database stopped in a query");
    query->at = code == SQLITE_DONE;
    *ret_has_row = code == SQLITE_ROW;
    return KM_OK;
}

static void sqlite_end(struct km_query *query)
{
    reset(stmt_of(query));
}

static bool sqlite_is_null(const struct km_query *query, int column)
{
    return sqlite3_column_type(stmt_of(query), column) == SQLITE_NULL;
}

static int64_t sqlite_number(const struct km_query *query, int column)
{
    return sqlite3_column_int64(stmt_of(query), column);
}

static struct km_slice sqlite_bytes(const struct km_query *query, int column)
{
    const void *bytes = sqlite3_column_blob(stmt_of(query), column);
    return KM_SLICE(bytes, (size_t)sqlite3_column_bytes(stmt_of(query), column));
}

static int64_t sqlite_n_changed(const struct km_query *query)
{
    return sqlite3_changes64(sqlite_of(query->db)->handle);
}

static km_status simple(struct km_db *db, struct km_err *err, const char *sql)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_query_start(db, err, sql, KM_NO_VALUES, &query));
    return km_query_finish(&query);
}

/* SQLite has one writer, so both locks are the same. */
static km_status sqlite_begin(struct km_db *db, struct km_err *err, enum km_db_lock lock)
{
    (void)lock;
    db->is_lost = false;
    return simple(db, err, "BEGIN IMMEDIATE");
}

static km_status sqlite_commit(struct km_db *db, struct km_err *err, bool has_changes)
{
    (void)has_changes;
    return simple(db, err, "COMMIT");
}

static void sqlite_rollback(struct km_db *base)
{
    struct sqlite_db *db = sqlite_of(base);
    if (sqlite3_get_autocommit(db->handle) == 0)
        take_back(db);
}

static km_status sqlite_script(struct km_db *base, struct km_err *err, const char *sql)
{
    struct sqlite_db *db = sqlite_of(base);
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return fail(db, err, "the database does not take its schema");
    return KM_OK;
}

static km_status sqlite_version(struct km_db *db, struct km_err *err, int64_t *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_query_start(db, err, "PRAGMA user_version", KM_NO_VALUES, &query));
    int64_t version = km_query_next(&query) ? km_query_number(&query, 0) : 0;
    KM_TRY(km_query_finish(&query));
    *ret = version;
    return KM_OK;
}

static km_status sqlite_set_version(struct km_db *db, struct km_err *err, int64_t version)
{
    char sql[64] = {0};
    (void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %lld", (long long)version);
    return sqlite_script(db, err, sql);
}

static int sqlite_hint_fd(struct km_db *db)
{
    (void)db;
    return -1;
}

static bool sqlite_hint(struct km_db *db)
{
    (void)db;
    return true;
}

/* Somebody else has a lock. SQLite's own way to wait begins to count anew at each. */
static int wait_for_lock(void *arg, int n_before)
{
    static const int64_t pauses_ms[] = {1, 2, 5, 10, 25};
    const struct sqlite_db *db = arg;
    int64_t left_ms = db->base.budget_end_ms - km_loop_now_ms();
    size_t at =
        (size_t)n_before < KM_ARRAY_LEN(pauses_ms) ? (size_t)n_before : KM_ARRAY_LEN(pauses_ms) - 1;
    if (left_ms <= 0)
        return 0;
    int64_t pause_ms = pauses_ms[at] < left_ms ? pauses_ms[at] : left_ms;
    const struct timespec pause = {.tv_nsec = (long)(pause_ms * NS_PER_MS)};
    (void)nanosleep(&pause, NULL);
    return 1;
}

static int is_over(void *arg)
{
    const struct sqlite_db *db = arg;
    return km_db_is_over(&db->base);
}

static void sqlite_budget(struct km_db *base)
{
    struct sqlite_db *db = sqlite_of(base);
    bool has_budget = base->budget_end_ms != 0;
    if (has_budget)
        (void)sqlite3_busy_handler(db->handle, wait_for_lock, db);
    else
        (void)sqlite3_busy_timeout(db->handle, (int)db->timeout_ms);
    sqlite3_progress_handler(db->handle, has_budget ? LOOK_EVERY : 0, is_over, db);
}

static const char *const sqlite_words[] = {
    "{text}", "TEXT", "{blob}", "BLOB", "{number}", "INTEGER", "{clustered}", "WITHOUT ROWID", NULL,
};

static const struct km_db_ops sqlite_ops = {
    .close = sqlite_close,
    .start = sqlite_start,
    .next = sqlite_next,
    .end = sqlite_end,
    .is_null = sqlite_is_null,
    .number = sqlite_number,
    .bytes = sqlite_bytes,
    .n_changed = sqlite_n_changed,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .script = sqlite_script,
    .version = sqlite_version,
    .set_version = sqlite_set_version,
    .hint_fd = sqlite_hint_fd,
    .hint = sqlite_hint,
    .budget = sqlite_budget,
    .words = sqlite_words,
};

/* SQLite would make the file as the umask says; what stands beside it gets the file's mode. */
static km_status make_file(struct km_err *err, const char *path)
{
    KM_AUTO(km_fd_closep)
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return KM_FAIL_ERRNO(err, "registry %s can't be made", path);
    return KM_OK;
}

/*
 * Where several processes open a new file at once each of them wants it alone for a moment, and SQLite answers that it is busy without
 * asking the handler that waits.
 */
static km_status write_ahead(struct sqlite_db *db, struct km_err *err)
{
    const struct timespec pause = {.tv_nsec = WAL_RETRY_NS};
    int64_t end_ms = km_loop_now_ms() + db->timeout_ms;
    km_status status = sqlite_script(&db->base, err, "PRAGMA journal_mode = WAL");
    while (status == KM_E_TIMEOUT && km_loop_now_ms() < end_ms) {
        (void)nanosleep(&pause, NULL);
        km_err_clear(err);
        status = sqlite_script(&db->base, err, "PRAGMA journal_mode = WAL");
    }
    return status;
}

/*
 * A commit is on the disk when it returns (synchronous), whatever then happens. Nothing that a damaged or foreign file says
 * of itself is run (trusted_schema).
 */
static km_status settle(struct sqlite_db *db, struct km_err *err,
                        const struct km_registry_config *config)
{
    db->timeout_ms = config->timeout_ms != 0 ? config->timeout_ms : KM_REGISTRY_TIMEOUT_MS;
    (void)sqlite3_extended_result_codes(db->handle, 1);
    (void)sqlite3_busy_timeout(db->handle, (int)db->timeout_ms);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    if (!config->is_read_only)
        KM_TRY(write_ahead(db, err));
    char sql[128] = {0};
    (void)snprintf(
        sql, sizeof(sql),
        "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON; PRAGMA cache_size = -%d",
        CACHE_KIB);
    KM_TRY(sqlite_script(&db->base, err, sql));
    if (sqlite3_prepare_v3(db->handle, "ROLLBACK", -1, SQLITE_PREPARE_PERSISTENT, &db->rollback,
                           NULL) != SQLITE_OK)
        return fail(db, err, "the database does not take a statement");
    return KM_OK;
}

static km_status connect_file(struct sqlite_db *db, struct km_err *err, const char *path,
                              const struct km_registry_config *config)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    flags |= config->is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (config->may_create)
        KM_TRY(make_file(err, path));
    else if (access(path, F_OK) != 0)
        return KM_FAIL_ERRNO(err, "registry %s", path);
    if (sqlite3_open_v2(path, &db->handle, flags, NULL) != SQLITE_OK)
        return db->handle == NULL ? KM_FAIL(err, KM_E_NOMEM, "registry %s", path)
                                  : fail(db, err, "the registry's file can't be opened");
    return settle(db, err, config);
}

km_status km_db_sqlite_open(struct km_err *err, const char *path,
                            const struct km_registry_config *config, struct km_db **ret)
{
    struct sqlite_db *db = calloc(1, sizeof(*db));
    if (db == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "a database handle of %zu bytes", sizeof(*db));
    db->base.ops = &sqlite_ops;
    km_status status = connect_file(db, err, path, config);
    if (status != KM_OK) {
        sqlite_close(&db->base);
        return status;
    }
    *ret = &db->base;
    return KM_OK;
}
