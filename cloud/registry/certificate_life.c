/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a certificate that is registered: its status, transfers, its end. */
#include "cloud/registry/internal.h"

#include <string.h>

struct life {
    enum km_certificate_status status;
    char transfer_to[KM_ACCOUNT_LEN + 1];
};

static km_status unknown(struct km_registry *reg, const char *id)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "certificate %s is not registered", id);
}

static km_status check(struct km_registry *reg, const char *account, const char *id)
{
    KM_TRY(km_reg_check_account(reg, account));
    return km_reg_check_id(reg, "a certificate's id", id);
}

static km_status read_life(struct km_registry *reg, const char *account, const char *id,
                           struct life *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct life life = {0};
    KM_TRY(km_reg_query(
        reg, "SELECT status, transfer_to FROM certificate WHERE id = ?1 AND account = ?2",
        KM_VALUES(km_value_text(id), km_value_text(account)), &query));
    bool has_row = km_query_next(&query);
    if (has_row) {
        life.status = (enum km_certificate_status)km_query_number(&query, 0);
        km_query_copy(&query, 1, life.transfer_to, KM_ACCOUNT_LEN);
    }
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, id);
    *ret = life;
    return KM_OK;
}

/* Also says, by transfer_to, whom a transfer goes to; NULL ends one. */
static km_status store_status(struct km_registry *reg, const char *account, const char *id,
                              enum km_certificate_status status, const char *transfer_to)
{
    static const char sql[] = "UPDATE certificate SET status = ?3, transfer_to = ?4,"
                              " generation_id = ?5, modified_ms = ?6,"
                              " customer_version = customer_version + 1"
                              " WHERE id = ?1 AND account = ?2";
    char generation_id[KM_REGISTRY_UUID_LEN + 1] = {0};
    km_reg_uuid(reg, generation_id);
    KM_TRY(
        km_reg_run_one(reg, sql,
                       KM_VALUES(km_value_text(id), km_value_text(account), km_value_number(status),
                                 km_value_text(transfer_to), km_value_text(generation_id),
                                 km_value_number(km_reg_now(reg)))));
    if (status != KM_CERTIFICATE_ACTIVE)
        KM_TRY(km_reg_credentials_end(reg, account, id));
    return km_reg_change(reg, KM_CHANGE_CERTIFICATE, account, id);
}

static km_status set_status(struct km_registry *reg, const char *account, const char *id,
                            enum km_certificate_status status)
{
    struct life life = {0};
    KM_TRY(read_life(reg, account, id, &life));
    if (life.status == status)
        return KM_OK;
    if (life.status == KM_CERTIFICATE_REVOKED || life.status == KM_CERTIFICATE_PENDING_TRANSFER)
        return KM_REG_FAIL(reg, KM_E_STATE, "certificate %s is %s", id,
                           km_certificate_status_name(life.status));
    return store_status(reg, account, id, status, NULL);
}

km_status km_registry_certificate_set_status(struct km_registry *reg, const char *account,
                                             const char *id, enum km_certificate_status status)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, id));
    if (status != KM_CERTIFICATE_ACTIVE && status != KM_CERTIFICATE_INACTIVE &&
        status != KM_CERTIFICATE_REVOKED)
        return KM_REG_FAIL(reg, KM_E_ARG, "status %s can't be set",
                           km_certificate_status_name(status));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, set_status(reg, account, id, status));
}

/* ---- what holds it ---- */

static km_status check_things(struct km_registry *reg, const char *account, const char *id)
{
    bool has_thing = false;
    KM_TRY(km_reg_exists(
        reg, "SELECT 1 FROM thing_principal WHERE account = ?1 AND certificate = ?2 LIMIT 1",
        KM_VALUES(km_value_text(account), km_value_text(id)), &has_thing));
    if (has_thing)
        return KM_REG_FAIL(reg, KM_E_BUSY, "certificate %s is attached to a thing", id);
    return KM_OK;
}

static km_status check_policies(struct km_registry *reg, const char *account, const char *id)
{
    bool has_policy = false;
    KM_TRY(km_reg_exists(reg,
                         "SELECT 1 FROM policy_target WHERE account = ?1 AND kind = ?2 AND"
                         " target = ?3 LIMIT 1",
                         KM_VALUES(km_value_text(account), km_value_number(KM_TARGET_CERTIFICATE),
                                   km_value_text(id)),
                         &has_policy));
    if (has_policy)
        return KM_REG_FAIL(reg, KM_E_BUSY, "certificate %s has policies attached", id);
    return KM_OK;
}

static km_status detach_policies(struct km_registry *reg, const char *account, const char *id)
{
    return km_reg_run(reg,
                      "DELETE FROM policy_target WHERE account = ?1 AND kind = ?2 AND target = ?3",
                      KM_VALUES(km_value_text(account), km_value_number(KM_TARGET_CERTIFICATE),
                                km_value_text(id)),
                      NULL);
}

km_status km_reg_certificate_remove(struct km_registry *reg, const char *account, const char *id)
{
    KM_TRY(check_things(reg, account, id));
    KM_TRY(detach_policies(reg, account, id));
    KM_TRY(km_reg_run_one(reg, "DELETE FROM certificate WHERE id = ?1 AND account = ?2",
                          KM_VALUES(km_value_text(id), km_value_text(account))));
    return km_reg_change(reg, KM_CHANGE_CERTIFICATE, account, id);
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *id,
                               bool force)
{
    struct life life = {0};
    KM_TRY(read_life(reg, account, id, &life));
    if (life.status == KM_CERTIFICATE_ACTIVE || life.status == KM_CERTIFICATE_PENDING_TRANSFER)
        return KM_REG_FAIL(reg, KM_E_STATE, "certificate %s is %s", id,
                           km_certificate_status_name(life.status));
    if (!force) {
        KM_TRY(check_things(reg, account, id));
        KM_TRY(check_policies(reg, account, id));
    }
    return km_reg_certificate_remove(reg, account, id);
}

km_status km_registry_certificate_delete(struct km_registry *reg, const char *account,
                                         const char *id, bool force)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, id));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, id, force));
}

/* ---- transfers ---- */

/* Nothing of an earlier transfer is left. */
static km_status note_transfer(struct km_registry *reg, const char *account, const char *id,
                               const char *message)
{
    static const char sql[] =
        "INSERT INTO certificate_transfer (id, account, message, transfer_ms, accept_ms, reject_ms)"
        " VALUES (?1, ?2, ?3, ?4, 0, 0) ON CONFLICT (id, account) DO UPDATE SET"
        " message = excluded.message, transfer_ms = excluded.transfer_ms, reject_reason = NULL,"
        " accept_ms = 0, reject_ms = 0";
    return km_reg_run_one(reg, sql,
                          KM_VALUES(km_value_text(id), km_value_text(account),
                                    km_value_text(message), km_value_number(km_reg_now(reg))));
}

static km_status transfer(struct km_registry *reg, const char *account, const char *id,
                          const char *to_account, const char *message)
{
    struct life life = {0};
    bool has_account = false;
    KM_TRY(read_life(reg, account, id, &life));
    if (life.status != KM_CERTIFICATE_INACTIVE)
        return KM_REG_FAIL(reg, KM_E_STATE, "certificate %s is %s, not INACTIVE", id,
                           km_certificate_status_name(life.status));
    KM_TRY(km_reg_exists(reg, "SELECT 1 FROM account WHERE id = ?1",
                         KM_VALUES(km_value_text(to_account)), &has_account));
    if (!has_account)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no account %s", to_account);
    KM_TRY(check_things(reg, account, id));
    KM_TRY(check_policies(reg, account, id));
    KM_TRY(note_transfer(reg, account, id, message));
    return store_status(reg, account, id, KM_CERTIFICATE_PENDING_TRANSFER, to_account);
}

km_status km_registry_certificate_transfer(struct km_registry *reg, const char *account,
                                           const char *id, const char *to_account,
                                           const char *message)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, id));
    KM_TRY(km_reg_check_text(reg, "a transfer's message", message, 0, KM_TRANSFER_TEXT_MAX));
    KM_TRY(km_reg_check_account(reg, to_account));
    if (strcmp(account, to_account) == 0)
        return KM_REG_FAIL(reg, KM_E_ARG, "a transfer goes to another account");
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, transfer(reg, account, id, to_account, message));
}

/* The account that a certificate comes from, when it is on its way to this one. */
static km_status find_incoming(struct km_registry *reg, const char *to_account, const char *id,
                               char ret_from[KM_ACCOUNT_LEN + 1])
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg, "SELECT account FROM certificate WHERE id = ?1 AND transfer_to = ?2",
                        KM_VALUES(km_value_text(id), km_value_text(to_account)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        km_query_copy(&query, 0, ret_from, KM_ACCOUNT_LEN);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return KM_REG_FAIL(reg, KM_E_STATE, "certificate %s is not on its way to account %s", id,
                           to_account);
    return KM_OK;
}

static km_status accept_transfer(struct km_registry *reg, const char *to_account, const char *id,
                                 bool activate)
{
    static const char sql[] = "UPDATE certificate SET account = ?2, previous_account = ?3"
                              " WHERE id = ?1 AND account = ?3";
    char from[KM_ACCOUNT_LEN + 1] = {0};
    bool is_there = false;
    KM_TRY(find_incoming(reg, to_account, id, from));
    KM_TRY(km_reg_exists(reg, "SELECT 1 FROM certificate WHERE id = ?1 AND account = ?2",
                         KM_VALUES(km_value_text(id), km_value_text(to_account)), &is_there));
    if (is_there)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "certificate %s is registered here too", id);
    KM_TRY(km_reg_run_one(
        reg, sql, KM_VALUES(km_value_text(id), km_value_text(to_account), km_value_text(from))));
    KM_TRY(km_reg_run(
        reg, "UPDATE certificate_transfer SET accept_ms = ?3 WHERE id = ?1 AND account = ?2",
        KM_VALUES(km_value_text(id), km_value_text(to_account), km_value_number(km_reg_now(reg))),
        NULL));
    KM_TRY(km_reg_change(reg, KM_CHANGE_CERTIFICATE, from, id));
    return store_status(reg, to_account, id,
                        activate ? KM_CERTIFICATE_ACTIVE : KM_CERTIFICATE_INACTIVE, NULL);
}

km_status km_registry_certificate_transfer_accept(struct km_registry *reg, const char *to_account,
                                                  const char *id, bool activate)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, to_account, id));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, accept_transfer(reg, to_account, id, activate));
}

static km_status reject(struct km_registry *reg, const char *to_account, const char *id,
                        const char *reason)
{
    static const char sql[] = "UPDATE certificate_transfer SET reject_reason = ?3, reject_ms = ?4"
                              " WHERE id = ?1 AND account = ?2";
    char from[KM_ACCOUNT_LEN + 1] = {0};
    KM_TRY(find_incoming(reg, to_account, id, from));
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(id), km_value_text(from), km_value_text(reason),
                                km_value_number(km_reg_now(reg))),
                      NULL));
    return store_status(reg, from, id, KM_CERTIFICATE_INACTIVE, NULL);
}

km_status km_registry_certificate_transfer_reject(struct km_registry *reg, const char *to_account,
                                                  const char *id, const char *reason)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, to_account, id));
    KM_TRY(km_reg_check_text(reg, "a reason", reason, 0, KM_TRANSFER_TEXT_MAX));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, reject(reg, to_account, id, reason));
}

static km_status cancel(struct km_registry *reg, const char *account, const char *id)
{
    struct life life = {0};
    KM_TRY(read_life(reg, account, id, &life));
    if (life.status != KM_CERTIFICATE_PENDING_TRANSFER)
        return KM_REG_FAIL(reg, KM_E_STATE, "certificate %s is not being transferred", id);
    KM_TRY(km_reg_run(reg, "DELETE FROM certificate_transfer WHERE id = ?1 AND account = ?2",
                      KM_VALUES(km_value_text(id), km_value_text(account)), NULL));
    return store_status(reg, account, id, KM_CERTIFICATE_INACTIVE, NULL);
}

km_status km_registry_certificate_transfer_cancel(struct km_registry *reg, const char *account,
                                                  const char *id)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, id));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, cancel(reg, account, id));
}
