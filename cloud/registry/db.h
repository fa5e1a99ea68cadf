/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A database behind one small table of calls, so that every query is written once.
 *
 * SQL is what SQLite 3.40 and PostgreSQL 15 both take, with parameters ?1, ?2, ...; each text is a constant: its statement is
 * prepared once per connection and found again by the text's address. Kinds of parameters may not differ between
 * calls of one text; a text need not use all that it gets. Errors: as registry.h has them, plus KM_E_EXISTS for a unique and KM_E_NOTFOUND for a foreign key.
 */
#ifndef KM_CLOUD_DB_H
#define KM_CLOUD_DB_H

#include "cloud/registry/registry.h"

enum km_value_kind { KM_VALUE_NUMBER, KM_VALUE_TEXT, KM_VALUE_BLOB };
/* One parameter; borrowed for the call. */
struct km_value {
    enum km_value_kind kind;
    bool is_null;
    int64_t number;
    struct km_slice bytes;
};
struct km_value km_value_number(int64_t number);
struct km_value km_value_text(const char *text); /* NULL: SQL's NULL */
struct km_value km_value_blob(struct km_slice bytes);

struct km_values {
    const struct km_value *items;
    size_t n_items;
};
#define KM_VALUES(...)                                                                             \
    ((struct km_values){.items = (const struct km_value[]){__VA_ARGS__},                           \
                        .n_items = sizeof((const struct km_value[]){__VA_ARGS__}) /                \
                                   sizeof(struct km_value)})
#define KM_NO_VALUES ((struct km_values){.items = NULL, .n_items = 0})

/* Rows of a query under way; all zero when there is none. Ended by km_query_end, best by KM_AUTO. */
struct km_query {
    struct km_db *db;
    struct km_err *err;
    void *handle;     /* the driver's: a statement or a result */
    int at;           /* the driver's: the row */
    bool is_first;    /* the driver's */
    km_status status; /* of taking columns: the first that failed */
};

/* What wants the transaction's lock, so that what it reads still holds when it writes. */
enum km_db_lock {
    KM_DB_LOCK_ALL,   /* one such transaction at a time */
    KM_DB_LOCK_EVENT, /* one such transaction at a time, beside one of the other kind */
    KM_DB_LOCK_NONE,  /* one statement that compares and writes: no transaction is begun for it */
};

struct km_db_ops {
    void (*close)(struct km_db *db);
    /* Runs until the first row or the end. */
    km_status (*start)(struct km_query *query, const char *sql, struct km_values values);
    km_status (*next)(struct km_query *query, bool *ret_has_row);
    void (*end)(struct km_query *query);
    bool (*is_null)(const struct km_query *query, int column);
    int64_t (*number)(const struct km_query *query, int column);
    struct km_slice (*bytes)(const struct km_query *query, int column);
    int64_t (*n_changed)(const struct km_query *query);
    km_status (*begin)(struct km_db *db, struct km_err *err, enum km_db_lock lock);
    km_status (*commit)(struct km_db *db, struct km_err *err, bool has_changes);
    void (*rollback)(struct km_db *db);
    /* Runs a script of statements that give no rows, in the dialect. */
    km_status (*script)(struct km_db *db, struct km_err *err, const char *sql);
    /* The schema's version; 0 when there is none. */
    km_status (*version)(struct km_db *db, struct km_err *err, int64_t *ret);
    km_status (*set_version)(struct km_db *db, struct km_err *err, int64_t version);
    int (*hint_fd)(struct km_db *db);
    bool (*hint)(struct km_db *db);
    /* budget_end_ms has been set or taken away. */
    void (*budget)(struct km_db *db);
    /* How {blob} and so on read in this dialect: pairs, NULL at the end. */
    const char *const *words;
};
struct km_db {
    const struct km_db_ops *ops;
    int64_t
        budget_end_ms; /* of the monotonic clock: beyond that nothing waits any more; 0: no budget */
    bool is_lost;      /* the transaction that was open is gone, with or without its connection */
};

km_status km_db_sqlite_open(struct km_err *err, const char *path,
                            const struct km_registry_config *config, struct km_db **ret);
km_status km_db_postgres_open(struct km_err *err, const char *conninfo,
                              const struct km_registry_config *config, struct km_db **ret);
void km_db_close(struct km_db *db);
/* km_db_is_over: whether there is a budget, and nothing left of it. */
bool km_db_is_over(const struct km_db *db);
/* km_db_deadline: when what begins now and may take ms has to be over, by the monotonic clock. */
int64_t km_db_deadline(const struct km_db *db, unsigned ms);

/* km_query_start: runs it; rows come by km_query_next. err is borrowed until the query's end. */
km_status km_query_start(struct km_db *db, struct km_err *err, const char *sql,
                         struct km_values values, struct km_query *ret);
/* km_query_next: false at the end and after a failure: km_query_finish tells which. */
bool km_query_next(struct km_query *query);
/* km_query_finish: whether all rows and columns came; ends it. */
km_status km_query_finish(struct km_query *query);
void km_query_end(struct km_query *query);

/* Columns of the present row, counted from 0. Texts and blobs go into the arena; NULL stays NULL, as a number it is 0. */
int64_t km_query_number(struct km_query *query, int column);
bool km_query_flag(struct km_query *query, int column);
const char *km_query_text(struct km_query *query, struct km_arena *arena, int column);
struct km_slice km_query_blob(struct km_query *query, struct km_arena *arena, int column);
/* km_query_copy: a text into room for exactly len characters and a NUL; KM_E_CORRUPT in the query when it is longer. NULL gives "". */
void km_query_copy(struct km_query *query, int column, char *ret, size_t len);
/* km_query_view: valid until the next row. */
struct km_slice km_query_view(struct km_query *query, int column);

#endif
