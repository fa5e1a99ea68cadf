/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the registry share: a call's begin and end, its queries, checks of names, pages of lists. */
#ifndef KM_CLOUD_REGISTRY_INTERNAL_H
#define KM_CLOUD_REGISTRY_INTERNAL_H

#include "cloud/registry/db.h"
#include "cloud/registry/marker.h"
#include "cloud/registry/registry_certificate.h"
#include "cloud/registry/registry_change.h"
#include "cloud/registry/registry_policy.h"
#include "cloud/registry/registry_tag.h"

struct km_registry {
    struct km_db *db;
    struct km_err err;
    struct km_registry_source source;
    const struct km_secret *key;
    bool is_read_only;
    int64_t changes_kept;
    int64_t events_kept;
    bool is_in_txn;   /* between km_registry_begin and its end */
    bool is_spoiled;  /* that transaction can't be committed any more */
    bool is_single;   /* the write under way is one statement, which is a transaction of its own */
    bool has_changes; /* the transaction wrote to the change feed */
};

#define KM_REG_FAIL(reg, status, ...) KM_FAIL(&(reg)->err, (status), __VA_ARGS__)

/* ---- calls and queries ---- */

/* km_reg_enter: a new call begins: the last one's failure is forgotten. */
void km_reg_enter(struct km_registry *reg);
int64_t km_reg_now(const struct km_registry *reg);
void km_reg_random(const struct km_registry *reg, struct km_span out);
void km_reg_uuid(const struct km_registry *reg, char ret[KM_REGISTRY_UUID_LEN + 1]);

km_status km_reg_query(struct km_registry *reg, const char *sql, struct km_values values,
                       struct km_query *ret);
/* km_reg_run: without rows; ret_n_changed may be NULL. */
km_status km_reg_run(struct km_registry *reg, const char *sql, struct km_values values,
                     int64_t *ret_n_changed);
/* km_reg_run_one: KM_E_NOTFOUND, without a sentence, when no row was changed. */
km_status km_reg_run_one(struct km_registry *reg, const char *sql, struct km_values values);
/* km_reg_number: the one number of the first row; KM_E_NOTFOUND, without a sentence, when there is no row. */
km_status km_reg_number(struct km_registry *reg, const char *sql, struct km_values values,
                        int64_t *ret);
/* km_reg_exists: whether there is a row. */
km_status km_reg_exists(struct km_registry *reg, const char *sql, struct km_values values,
                        bool *ret);

/*
 * km_reg_write_begin, km_reg_write_end: around what must happen as a whole. end takes the outcome so far, stores or
 * undoes, and gives the outcome of the call. Only after a begin that succeeded.
 */
km_status km_reg_write_begin(struct km_registry *reg, enum km_db_lock lock);
km_status km_reg_write_end(struct km_registry *reg, km_status status);
/* km_reg_change: into the change feed; within a write with KM_DB_LOCK_ALL. */
km_status km_reg_change(struct km_registry *reg, enum km_change_kind kind, const char *account,
                        const char *id);

/* km_reg_change_many: by a statement that inserts into the feed, counting on from its last generation; within such a write too. */
km_status km_reg_change_many(struct km_registry *reg, const char *sql, struct km_values values);

/* km_reg_is_sweep_due: whether the write that got this number is the one that sweeps. */
bool km_reg_is_sweep_due(int64_t number);
/* km_reg_certificate_insert: a new certificate in this state, whatever its callers may ask for; within a write. KM_E_EXISTS. */
km_status km_reg_certificate_insert(struct km_registry *reg, const char *account,
                                    const struct km_registry_certificate_new *certificate,
                                    enum km_certificate_status status,
                                    char ret_id[KM_CERTIFICATE_ID_LEN + 1]);
/* km_reg_certificate_remove: with its policies' attachments, whatever its state; within a write. KM_E_BUSY while it is attached to a thing. */
km_status km_reg_certificate_remove(struct km_registry *reg, const char *account, const char *id);
/* km_reg_credentials_end: those of a certificate that is no longer ACTIVE; within a write. */
km_status km_reg_credentials_end(struct km_registry *reg, const char *account,
                                 const char *certificate);
/* km_reg_shadow_forget: tombstones whose time is over; within a write. */
km_status km_reg_shadow_forget(struct km_registry *reg);

/* km_reg_tags_forget: with the entity of that name, which is deleted in the same write. */
km_status km_reg_tags_forget(struct km_registry *reg, const char *account, enum km_tagged kind,
                             const char *name);

/* km_reg_template_version_add, _set_default: a body under its number; which one counts, KM_E_NOTFOUND when there is none such. Within a write. */
km_status km_reg_template_version_add(struct km_registry *reg, const char *account,
                                      const char *name, int64_t version, const char *body);
km_status km_reg_template_set_default(struct km_registry *reg, const char *account,
                                      const char *name, int64_t version);

/* The schema's steps, in order; its version is their number. */
struct km_reg_steps {
    const char *const *items;
    size_t n_items;
};
/* km_reg_steps: this program's. Tests put steps of a later one behind them. */
struct km_reg_steps km_reg_steps(void);
/* km_reg_schema: brings it up to date with these steps, all missing ones in one transaction, or only looks. */
km_status km_reg_schema(struct km_registry *reg, struct km_reg_steps own, bool may_create);

/* ---- checks: KM_E_ARG with a sentence ---- */

km_status km_reg_check_account(struct km_registry *reg, const char *account);
km_status km_reg_check_id(struct km_registry *reg, const char *what, const char *id);
/* km_reg_check_name: 1 to max letters, digits and characters of `more`; also the account. */
km_status km_reg_check_name(struct km_registry *reg, const char *account, const char *what,
                            const char *name, size_t max, const char *more);
/* km_reg_check_text: UTF-8 of min to max octets; NULL is allowed when min is 0. */
km_status km_reg_check_text(struct km_registry *reg, const char *what, const char *text, size_t min,
                            size_t max);
#define KM_CHARS_POLICY "_+=,.@-"
#define KM_CHARS_THING ":_-"
#define KM_CHARS_RULE "_"
#define KM_CHARS_FUNCTION "_-"

/* ---- lists ---- */

/*
 * One list: its texts, and which columns say where a page ended. Parameters: ?1 account, ?2 the number and ?3 the text to go on
 * from, ?4 how many, ?5 and on are filters.
 */
struct km_list_sql {
    const char *ascending;
    const char *descending;
    uint8_t tag;       /* which list a marker belongs to */
    int number_column; /* -1: none */
    int text_column;   /* -1: none */
};
#define KM_LIST_BY_TEXT(tag_, head, key, column)                                                   \
    {                                                                                              \
        .ascending = head " AND " key " > ?3 ORDER BY " key " LIMIT ?4",                           \
        .descending = head " AND " key " < ?3 ORDER BY " key " DESC LIMIT ?4", .tag = (tag_),      \
        .number_column = -1, .text_column = (column)                                               \
    }
#define KM_LIST_BY_NUMBER(tag_, head, key, column)                                                 \
    {                                                                                              \
        .ascending = head " AND " key " > ?2 ORDER BY " key " LIMIT ?4",                           \
        .descending = head " AND " key " < ?2 ORDER BY " key " DESC LIMIT ?4", .tag = (tag_),      \
        .number_column = (column), .text_column = -1                                               \
    }
#define KM_LIST_BY_BOTH(tag_, head, number, text, at_number, at_text)                              \
    {                                                                                              \
        .ascending =                                                                               \
            head " AND (" number ", " text ") > (?2, ?3) ORDER BY " number ", " text " LIMIT ?4",  \
        .descending = head " AND (" number ", " text ") < (?2, ?3) ORDER BY " number               \
                           " DESC, " text " DESC LIMIT ?4",                                        \
        .tag = (tag_), .number_column = (at_number), .text_column = (at_text)                      \
    }
/* The names of the group ?5 of account ?1 and of all below it, for behind IN. */
#define KM_SQL_GROUPS_INSIDE                                                                       \
    "(WITH RECURSIVE inside (name) AS (SELECT name FROM thing_group WHERE account = ?1"            \
    " AND name = ?5 UNION SELECT g.name FROM thing_group g JOIN inside ON g.parent = inside.name"  \
    " WHERE g.account = ?1) SELECT name FROM inside)"
enum {
    KM_LIST_TAG_ACCOUNT = 1,
    KM_LIST_TAG_ACCESS_KEY,
    KM_LIST_TAG_CA,
    KM_LIST_TAG_CERTIFICATE,
    KM_LIST_TAG_POLICY,
    KM_LIST_TAG_TARGET,
    KM_LIST_TAG_THING,
    KM_LIST_TAG_PRINCIPAL,
    KM_LIST_TAG_THING_TYPE,
    KM_LIST_TAG_GROUP,
    KM_LIST_TAG_MEMBER,
    KM_LIST_TAG_RULE,
    KM_LIST_TAG_TEMPLATE,
    KM_LIST_TAG_FUNCTION,
    KM_LIST_TAG_VERSION,
    KM_LIST_TAG_ALIAS,
    KM_LIST_TAG_SHADOW,
    KM_LIST_TAG_EVENT,
    KM_LIST_TAG_ROLE_ALIAS,
    KM_LIST_TAG_LOG_LEVEL,
    KM_LIST_TAG_RETAINED,
    KM_LIST_TAG_TEMPLATE_VERSION,
    KM_LIST_TAG_JOB = 40,
    KM_LIST_TAG_EXECUTION,
    KM_LIST_TAG_JOB_TEMPLATE = 43,
};

#define KM_LIST_FILTERS_MAX 8
struct km_list {
    struct km_registry *reg;
    struct km_arena *arena;
    const struct km_list_sql *sql;
    struct km_query query;
    bool has_more;
    unsigned limit;
    size_t n_rows;
    struct km_marker at; /* where the page begins, then its last row */
};
/* km_list_start: items of item_size each for the whole page in *ret_items. Ended by km_list_end, best by KM_AUTO. */
km_status km_list_start(struct km_list *list, const struct km_list_sql *sql,
                        const struct km_registry_page *page, const char *account,
                        struct km_values filters);
void *km_list_items(struct km_list *list, size_t item_size);
/* km_list_next: whether list->query stands on a row of the page, which is counted. */
bool km_list_next(struct km_list *list);
km_status km_list_finish(struct km_list *list, const char **ret_next);
void km_list_end(struct km_list *list);
/* km_list_names: a whole list whose rows are names in column 0. */
km_status km_list_names(struct km_registry *reg, struct km_arena *arena,
                        const struct km_list_sql *sql, const struct km_registry_page *page,
                        const char *account, struct km_values filters,
                        struct km_registry_names *ret);

#endif
