/* SPDX-License-Identifier: Apache-2.0 */
/* A call's queries, and how it becomes a transaction or a part of one. */
#include "cloud/registry/internal.h"

km_status km_reg_query(struct km_registry *reg, const char *sql, struct km_values values,
                       struct km_query *ret)
{
    return km_query_start(reg->db, &reg->err, sql, values, ret);
}

km_status km_reg_run(struct km_registry *reg, const char *sql, struct km_values values,
                     int64_t *ret_n_changed)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg, sql, values, &query));
    if (ret_n_changed != NULL)
        *ret_n_changed = reg->db->ops->n_changed(&query);
    return km_query_finish(&query);
}

km_status km_reg_run_one(struct km_registry *reg, const char *sql, struct km_values values)
{
    int64_t n_changed = 0;
    KM_TRY(km_reg_run(reg, sql, values, &n_changed));
    return n_changed > 0 ? KM_OK : KM_E_NOTFOUND;
}

km_status km_reg_number(struct km_registry *reg, const char *sql, struct km_values values,
                        int64_t *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg, sql, values, &query));
    bool has_row = km_query_next(&query);
    int64_t number = has_row ? km_query_number(&query, 0) : 0;
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return KM_E_NOTFOUND;
    *ret = number;
    return KM_OK;
}

km_status km_reg_exists(struct km_registry *reg, const char *sql, struct km_values values,
                        bool *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg, sql, values, &query));
    bool has_row = km_query_next(&query);
    KM_TRY(km_query_finish(&query));
    *ret = has_row;
    return KM_OK;
}

/* After these nobody knows how far the transaction got; the others are answers. */
static bool spoils(km_status status)
{
    return status == KM_E_DEAD || status == KM_E_NOSPACE || status == KM_E_IO ||
           status == KM_E_TIMEOUT || status == KM_E_CORRUPT || status == KM_E_INTERNAL;
}

static km_status begin(struct km_registry *reg, enum km_db_lock lock)
{
    if (reg->is_read_only)
        return KM_REG_FAIL(reg, KM_E_DENIED, "the registry was opened for reading");
    reg->has_changes = false;
    reg->is_single = lock == KM_DB_LOCK_NONE;
    if (reg->is_single)
        return KM_OK;
    return reg->db->ops->begin(reg->db, &reg->err, lock);
}

static km_status commit(struct km_registry *reg)
{
    km_status status = reg->db->ops->commit(reg->db, &reg->err, reg->has_changes);
    if (status != KM_OK)
        reg->db->ops->rollback(reg->db);
    return status;
}

km_status km_registry_begin(struct km_registry *reg)
{
    km_reg_enter(reg);
    if (reg->is_in_txn)
        return KM_REG_FAIL(reg, KM_E_STATE, "a transaction is open already");
    KM_TRY(begin(reg, KM_DB_LOCK_ALL));
    reg->is_in_txn = true;
    reg->is_spoiled = false;
    return KM_OK;
}

km_status km_registry_commit(struct km_registry *reg)
{
    km_reg_enter(reg);
    if (!reg->is_in_txn)
        return KM_REG_FAIL(reg, KM_E_STATE, "no transaction is open");
    reg->is_in_txn = false;
    if (!reg->is_spoiled && !reg->db->is_lost)
        return commit(reg);
    reg->db->ops->rollback(reg->db);
    return KM_REG_FAIL(reg, KM_E_DEAD, "the transaction was lost on the way");
}

km_status km_registry_rollback(struct km_registry *reg)
{
    km_reg_enter(reg);
    if (!reg->is_in_txn)
        return KM_REG_FAIL(reg, KM_E_STATE, "no transaction is open");
    reg->is_in_txn = false;
    reg->db->ops->rollback(reg->db);
    return KM_OK;
}

static km_status usable(struct km_registry *reg)
{
    if (!reg->is_in_txn)
        return KM_REG_FAIL(reg, KM_E_STATE, "no transaction is open");
    if (reg->is_spoiled || reg->db->is_lost)
        return KM_REG_FAIL(reg, KM_E_DEAD, "the transaction was lost on the way");
    return KM_OK;
}

/* Where a part could not be ended as its caller wants, the transaction holds something else than it should. */
static km_status part_step(struct km_registry *reg, const char *sql)
{
    km_status status = km_reg_run(reg, sql, KM_NO_VALUES, NULL);
    if (status != KM_OK)
        reg->is_spoiled = true;
    return status;
}

km_status km_registry_part_begin(struct km_registry *reg)
{
    km_reg_enter(reg);
    KM_TRY(usable(reg));
    return part_step(reg, "SAVEPOINT km_part");
}

km_status km_registry_part_keep(struct km_registry *reg)
{
    km_reg_enter(reg);
    KM_TRY(usable(reg));
    return part_step(reg, "RELEASE SAVEPOINT km_part");
}

km_status km_registry_part_undo(struct km_registry *reg)
{
    km_reg_enter(reg);
    KM_TRY(usable(reg));
    KM_TRY(part_step(reg, "ROLLBACK TO SAVEPOINT km_part"));
    return part_step(reg, "RELEASE SAVEPOINT km_part");
}

km_status km_reg_write_begin(struct km_registry *reg, enum km_db_lock lock)
{
    if (!reg->is_in_txn)
        return begin(reg, lock);
    KM_TRY(usable(reg));
    return km_reg_run(reg, "SAVEPOINT km_call", KM_NO_VALUES, NULL);
}

static km_status undo_call(struct km_registry *reg, km_status status)
{
    struct km_err first = reg->err;
    if (spoils(status) || reg->db->is_lost ||
        km_reg_run(reg, "ROLLBACK TO SAVEPOINT km_call", KM_NO_VALUES, NULL) != KM_OK ||
        km_reg_run(reg, "RELEASE SAVEPOINT km_call", KM_NO_VALUES, NULL) != KM_OK)
        reg->is_spoiled = true;
    reg->err = first;
    return status;
}

km_status km_reg_write_end(struct km_registry *reg, km_status status)
{
    if (reg->is_in_txn) {
        if (status == KM_OK)
            status = km_reg_run(reg, "RELEASE SAVEPOINT km_call", KM_NO_VALUES, NULL);
        return status == KM_OK ? KM_OK : undo_call(reg, status);
    }
    if (reg->is_single)
        return status;
    if (status == KM_OK)
        return commit(reg);
    reg->db->ops->rollback(reg->db);
    return status;
}
