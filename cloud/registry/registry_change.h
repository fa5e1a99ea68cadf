/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The change feed: who keeps a copy of something learns here what to read again.
 *
 * Each write leaves (generation, kind, account, id), committed together with it. Generations grow by one in the order of commits, on
 * both databases: who has read up to one misses nothing that is below it.
 */
#ifndef KM_REGISTRY_CHANGE_H
#define KM_REGISTRY_CHANGE_H

#include "cloud/registry/registry.h"

/* Stored as these numbers. id is the name or certificate id of what changed. */
enum km_change_kind {
    KM_CHANGE_ACCOUNT = 1, /* also its settings, registration code and logging options */
    KM_CHANGE_ACCESS_KEY = 2,
    KM_CHANGE_CA = 3,
    KM_CHANGE_CERTIFICATE =
        4, /* made, deleted, another status, policies or things attached or detached */
    KM_CHANGE_POLICY = 5, /* made, deleted, another default version */
    KM_CHANGE_THING = 6,  /* also its groups */
    KM_CHANGE_THING_TYPE = 7,
    KM_CHANGE_GROUP = 8, /* also its policies */
    KM_CHANGE_RULE = 9,
    KM_CHANGE_TEMPLATE = 10,
    KM_CHANGE_FUNCTION = 11,       /* also versions, aliases and permissions */
    KM_CHANGE_EXECUTIONS = 20,     /* of jobs, that this thing has to carry out */
    KM_CHANGE_NEXT_EXECUTION = 21, /* the same, and the first of them is another one now */
    KM_CHANGE_JOB_EVENT = 22,      /* of this job: there is something to tell */
};

struct km_registry_change {
    int64_t generation;
    enum km_change_kind kind;
    const char *account;
    const char *id;
};
struct km_registry_change_list {
    const struct km_registry_change *items; /* the oldest first */
    size_t n_items;
    int64_t generation; /* the registry's: there is more when the last item is below it */
};

/* km_registry_generation: of the last committed change; 0 in a new registry. One row is read. */
km_status km_registry_generation(struct km_registry *reg, int64_t *ret);
/*
 * km_registry_changes: at most limit (1 to 10000) changes after that generation. KM_E_STALE: some of them were compacted away, or the registry is
 * younger than that (restored from a backup): read everything again, from km_registry_generation on.
 */
km_status km_registry_changes(struct km_registry *reg, struct km_arena *arena, int64_t after,
                              unsigned limit, struct km_registry_change_list *ret);
/* km_registry_changes_compact: forgets all but the newest `keep`. */
km_status km_registry_changes_compact(struct km_registry *reg, int64_t keep);

/*
 * km_registry_hint_fd: readable when the feed may have moved, for a poll loop; -1 on SQLite, where asking for the generation every 100 ms is
 * cheap, and while there is no connection, which the next call on reg makes. It changes with the connection: ask again before each poll, and
 * for km_registry_hint too, as what came during another call is in the descriptor no longer. Only a hint: it can come late, for
 * nothing or, across a lost connection, not at all.
 */
int km_registry_hint_fd(struct km_registry *reg);
/* km_registry_hint: true when the feed may have moved since the last time; always on SQLite. Never waits. */
bool km_registry_hint(struct km_registry *reg);

#endif
