/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cloud's one storage: who has an account, which CAs and certificates are known, what they may do, things, rules,
 * functions, shadows, and what happened. SQLite or PostgreSQL behind one contract; the headers registry_*.h hold the entities.
 *
 * Threads: one handle, one thread; any number of handles and processes on one database. A handle does not cross a fork.
 * Calls block on the disk or the server, at most about config.timeout_ms; on PostgreSQL 2 s more when it falls silent, and as long again to connect.
 *
 * Names of accounts, things, ... are NUL-terminated text and borrowed for the call. Every entity belongs to an account and is
 * found only under it. A registry serves one region. What a call returns are views into the caller's arena, valid
 * until that is reset; a NULL text is one that is not set. Times are milliseconds since 1970 in UTC.
 *
 * Each call is one transaction, unless km_registry_begin opened a longer one. After an error nothing of the call is stored.
 *
 * What every call can answer beside what stands at it:
 *   KM_E_ARG       a name or value outside the bounds that stand beside it
 *   KM_E_TIMEOUT   somebody else held the database for longer than timeout_ms: nothing was done, try again
 *   KM_E_DEAD      the database server can't be reached or went away: nothing was done, or (during a commit) it is not known
 *                  whether it was; the next call connects again
 *   KM_E_NOSPACE   the disk is full: nothing was done; reading still works
 *   KM_E_LIMIT     the arena is full
 *   KM_E_NOMEM, KM_E_IO, KM_E_CORRUPT
 * And with one meaning throughout:
 *   KM_E_NOTFOUND  what was named does not exist (in this account)
 *   KM_E_EXISTS    there is one already
 *   KM_E_BUSY      something still refers to it: detach that first
 *   KM_E_STATE     its state forbids it
 *   KM_E_STALE     its version is not the expected one
 */
#ifndef KM_REGISTRY_H
#define KM_REGISTRY_H

#include "cloud/common/arena.h"
#include "cloud/common/limits.h"
#include "common/km_secret.h"

#define KM_ACCOUNT_LEN 12 /* decimal digits */
#define KM_REGISTRY_UUID_LEN 36
#define KM_REGISTRY_KEY_LEN 32 /* octets of the key that seals access keys */
#define KM_REGISTRY_MARKER_MAX 1024
#define KM_REGISTRY_PAGE_MAX 250 /* entries of one page */
#define KM_REGISTRY_TIMEOUT_MS 5000
#define KM_CHANGES_KEPT 100000
#define KM_EVENTS_KEPT 1000000

struct km_registry;

/* Time and chance come from here; NULL functions mean the system's. Tests give their own. */
struct km_registry_source {
    int64_t (*now_ms)(void *arg);
    void (*random)(void *arg, struct km_span out);
    void *arg;
};

struct km_registry_config {
    /*
     * "sqlite:PATH" (mode 0600, PATH-wal and PATH-shm beside it) or "postgresql:CONNINFO" with libpq's keywords, e.g.
     * "postgresql:host=/run/postgresql dbname=keymoor". Passwords belong in libpq's password file. Borrowed for the open.
     */
    const char *url;
    bool may_create;     /* make the file or the schema, and bring an older schema up to date */
    bool is_read_only;   /* every write answers KM_E_DENIED */
    unsigned timeout_ms; /* how long a call may wait for others; 0 means KM_REGISTRY_TIMEOUT_MS */
    const struct km_secret *
        key; /* KM_REGISTRY_KEY_LEN octets; borrowed until close; NULL: access keys can't be read or made */
    /*
     * How many of the newest changes and events stay, 0 means KM_CHANGES_KEPT and KM_EVENTS_KEPT. Writes see to it, now and then,
     * and to tombstones of shadows: nobody has to.
     */
    int64_t changes_kept;
    int64_t events_kept;
    struct km_registry_source source;
};

/*
 * km_registry_open: connects and checks the schema. KM_E_UNSUPPORTED: the schema is newer than this program, or older (or
 * missing) and may_create is false. KM_E_NOTFOUND: no such file and may_create is false. Returns owned.
 */
km_status km_registry_open(struct km_err *err, const struct km_registry_config *config,
                           struct km_registry **ret);
void km_registry_close(struct km_registry *reg);
void km_registry_closep(struct km_registry **reg);

/*
 * km_registry_budget: all calls from now on together wait for others, for the server and for a new connection to it, no longer than ms, and
 * one that comes later than that answers KM_E_TIMEOUT at once. 0: each may wait for its own timeout_ms again. For calls that read.
 */
void km_registry_budget(struct km_registry *reg, unsigned ms);

/* km_registry_err: why the last call failed; a view, valid until the next call on reg. */
const struct km_err *km_registry_err(const struct km_registry *reg);

/*
 * km_registry_key_load: the sealing key from a file of exactly that many octets. may_create makes one (mode 0600) when it is missing.
 * KM_E_DENIED: others than its owner may read it. Returns owned.
 */
km_status km_registry_key_load(struct km_err *err, const char *path, bool may_create,
                               struct km_secret **ret);

/*
 * km_registry_begin, _commit, _rollback: calls between are one transaction.
 * KM_E_STATE for a begin within one and for the others outside. A call that failed inside has undone itself alone and the transaction
 * goes on, but after KM_E_DEAD, KM_E_NOSPACE, KM_E_IO or KM_E_TIMEOUT writing and commit answer KM_E_DEAD and nothing is stored.
 * Others that want to write wait while it is open: keep it short.
 */
km_status km_registry_begin(struct km_registry *reg);
km_status km_registry_commit(struct km_registry *reg);
km_status km_registry_rollback(struct km_registry *reg);
/*
 * km_registry_part_begin, _keep, _undo: some calls of an open transaction that count all together or not at all, whatever becomes of the
 * rest. KM_E_STATE without a transaction. Parts don't nest.
 */
km_status km_registry_part_begin(struct km_registry *reg);
km_status km_registry_part_keep(struct km_registry *reg);
km_status km_registry_part_undo(struct km_registry *reg);

/*
 * A page of a list. marker is what the page before gave as next (NULL: from the start); it is base64 text that says where the
 * page ended, so entries made or deleted meanwhile neither shift nor repeat the rest. KM_E_MALFORMED: no marker of this list.
 */
struct km_registry_page {
    const char *marker;
    unsigned limit;     /* entries at most, 1 to KM_REGISTRY_PAGE_MAX; 0 means that */
    bool is_descending; /* the newest, or last by name, first */
};

/* A list of names, where nothing else of an entity is asked for. */
struct km_registry_names {
    const char *const *names;
    size_t n_names;
    const char *next; /* the marker of the next page; NULL at the end */
};

/* Which events are published, as the API has it: {"JOB": {"Enabled": true}, ...}; what is not there is off. */
#define KM_SETTING_EVENTS "eventConfigurations"
/*
 * km_registry_setting_get, _set: small texts of an account that belong to no entity, such as which events are published.
 * value NULL takes it away. Name 1 to 64, value at most 65536 octets.
 */
km_status km_registry_setting_get(struct km_registry *reg, struct km_arena *arena,
                                  const char *account, const char *name, const char **ret_value);
km_status km_registry_setting_set(struct km_registry *reg, const char *account, const char *name,
                                  const char *value);

#endif
