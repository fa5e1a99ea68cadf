/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_change.h"

#include "cloud/registry/job.h"

#define CHANGES_MAX 10000

#define SWEEP_EVERY 1024

bool km_reg_is_sweep_due(int64_t number)
{
    return number % SWEEP_EVERY == 0;
}

static km_status compact(struct km_registry *reg, int64_t keep)
{
    return km_reg_run(reg,
                      "DELETE FROM change WHERE generation <="
                      " (SELECT coalesce(max(generation), 0) FROM change) - ?1",
                      KM_VALUES(km_value_number(keep)), NULL);
}

/* Writers come one by one (KM_DB_LOCK_ALL), so the next number is nobody else's and is committed before any higher one. */
km_status km_reg_change(struct km_registry *reg, enum km_change_kind kind, const char *account,
                        const char *id)
{
    static const char sql[] = "INSERT INTO change (generation, kind, account, id)"
                              " SELECT coalesce(max(generation), 0) + 1, ?1, ?2, ?3 FROM change"
                              " RETURNING generation";
    int64_t generation = 0;
    reg->has_changes = true;
    KM_TRY(km_reg_number(
        reg, sql, KM_VALUES(km_value_number(kind), km_value_text(account), km_value_text(id)),
        &generation));
    if (!km_reg_is_sweep_due(generation))
        return KM_OK;
    KM_TRY(km_reg_shadow_forget(reg));
    KM_TRY(km_reg_job_events_forget(reg));
    return compact(reg, reg->changes_kept);
}

/* Where it passes over the number of a sweep, a later write sweeps. */
km_status km_reg_change_many(struct km_registry *reg, const char *sql, struct km_values values)
{
    reg->has_changes = true;
    return km_reg_run(reg, sql, values, NULL);
}

km_status km_registry_generation(struct km_registry *reg, int64_t *ret)
{
    km_reg_enter(reg);
    return km_reg_number(reg, "SELECT coalesce(max(generation), 0) FROM change", KM_NO_VALUES, ret);
}

/* Whether all that came after `after` is there still, by one look at both ends. */
static km_status check_reach(struct km_registry *reg, int64_t after, int64_t *ret_generation)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg,
                        "SELECT (SELECT coalesce(min(generation), 1) FROM change),"
                        " (SELECT coalesce(max(generation), 0) FROM change)",
                        KM_NO_VALUES, &query));
    bool has_row = km_query_next(&query);
    int64_t oldest = has_row ? km_query_number(&query, 0) : 1;
    int64_t newest = has_row ? km_query_number(&query, 1) : 0;
    KM_TRY(km_query_finish(&query));
    if (after < oldest - 1 || after > newest)
        return KM_REG_FAIL(reg, KM_E_STALE, "changes %lld to %lld are kept, not those after %lld",
                           (long long)oldest, (long long)newest, (long long)after);
    *ret_generation = newest;
    return KM_OK;
}

static km_status read_changes(struct km_registry *reg, struct km_arena *arena, int64_t after,
                              unsigned limit, struct km_registry_change_list *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_change *items = km_arena_array(arena, limit, sizeof(*items));
    if (items == NULL)
        return KM_REG_FAIL(reg, km_arena_status(arena), "the arena has no room for %u changes",
                           limit);
    KM_TRY(km_reg_query(reg,
                        "SELECT generation, kind, account, id FROM change WHERE generation > ?1"
                        " ORDER BY generation LIMIT ?2",
                        KM_VALUES(km_value_number(after), km_value_number(limit)), &query));
    size_t n_items = 0;
    while (n_items < limit && km_query_next(&query)) {
        items[n_items++] = (struct km_registry_change){
            .generation = km_query_number(&query, 0),
            .kind = (enum km_change_kind)km_query_number(&query, 1),
            .account = km_query_text(&query, arena, 2),
            .id = km_query_text(&query, arena, 3),
        };
    }
    KM_TRY(km_query_finish(&query));
    ret->items = items;
    ret->n_items = n_items;
    return KM_OK;
}

/*
 * Rows first: what is compacted between the two looks is missed by neither, and the generation told may only be newer than
 * the rows.
 */
km_status km_registry_changes(struct km_registry *reg, struct km_arena *arena, int64_t after,
                              unsigned limit, struct km_registry_change_list *ret)
{
    struct km_registry_change_list list = {0};
    km_reg_enter(reg);
    if (limit < 1 || limit > CHANGES_MAX)
        return KM_REG_FAIL(reg, KM_E_ARG, "1 to %d changes at once", CHANGES_MAX);
    KM_TRY(check_reach(reg, after, &list.generation));
    /* Most of the time nothing has happened, and many ask often. */
    if (after == list.generation)
        limit = 1;
    else if (list.generation - after < limit)
        limit = (unsigned)(list.generation - after);
    KM_TRY(read_changes(reg, arena, after, limit, &list));
    if (list.n_items > 0 && list.items[0].generation != after + 1)
        return KM_REG_FAIL(reg, KM_E_STALE, "the changes after %lld went meanwhile",
                           (long long)after);
    *ret = list;
    return KM_OK;
}

/* One always stays: the next number is counted from it. */
km_status km_registry_changes_compact(struct km_registry *reg, int64_t keep)
{
    km_reg_enter(reg);
    if (keep < 0)
        return KM_REG_FAIL(reg, KM_E_ARG, "keep is a number of changes");
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, compact(reg, keep > 0 ? keep : 1));
}

int km_registry_hint_fd(struct km_registry *reg)
{
    return reg->db->ops->hint_fd(reg->db);
}

bool km_registry_hint(struct km_registry *reg)
{
    return reg->db->ops->hint(reg->db);
}
