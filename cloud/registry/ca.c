/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_ca.h"

#include "cloud/registry/crypto.h"
#include "cloud/registry/internal.h"

#include <string.h>

void km_registry_certificate_id(struct km_slice der, char ret[KM_CERTIFICATE_ID_LEN + 1])
{
    uint8_t hash[KM_SHA256_LEN] = {0};
    km_registry_sha256(der, hash);
    km_hex(KM_SLICE(hash, sizeof(hash)), ret, KM_CERTIFICATE_ID_LEN + 1);
}

static km_status unknown(struct km_registry *reg, const char *id)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "CA %s is not registered", id);
}

/* ---- registering ---- */

static km_status check_new(struct km_registry *reg, const char *account,
                           const struct km_registry_ca_new *ca)
{
    KM_TRY(km_reg_check_account(reg, account));
    if (ca->der.len < 1 || ca->der.len > KM_CERTIFICATE_DER_MAX)
        return KM_REG_FAIL(reg, KM_E_ARG, "a certificate has 1 to %d octets",
                           KM_CERTIFICATE_DER_MAX);
    if (ca->subject.len < 1 || ca->subject.len > KM_CA_SUBJECT_MAX)
        return KM_REG_FAIL(reg, KM_E_ARG, "a CA's subject has 1 to %d octets", KM_CA_SUBJECT_MAX);
    return km_reg_check_text(reg, "a registration configuration", ca->registration_config, 0,
                             KM_REGISTRATION_CONFIG_MAX);
}

static km_status check_room(struct km_registry *reg, const char *account, const char *id,
                            const struct km_registry_ca_new *ca, struct km_slice subject_hash)
{
    static const char same[] =
        "SELECT 1 FROM ca WHERE id = ?1 AND (account = ?2 OR mode = ?3 OR ?4 = ?3) LIMIT 1";
    bool is_there = false;
    int64_t n_same = 0;
    KM_TRY(km_reg_exists(reg, same,
                         KM_VALUES(km_value_text(id), km_value_text(account),
                                   km_value_number(KM_CA_DEFAULT), km_value_number(ca->mode)),
                         &is_there));
    if (is_there)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "CA %s is registered already", id);
    KM_TRY(km_reg_number(reg, "SELECT count(*) FROM ca WHERE account = ?1 AND subject_hash = ?2",
                         KM_VALUES(km_value_text(account), km_value_blob(subject_hash)), &n_same));
    if (n_same >= KM_CA_SAME_SUBJECT_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "%d CAs with this subject are registered",
                           KM_CA_SAME_SUBJECT_MAX);
    return KM_OK;
}

static km_status insert(struct km_registry *reg, const char *account, const char *id,
                        const struct km_registry_ca_new *ca)
{
    static const char sql[] =
        "INSERT INTO ca (id, account, der, subject, subject_hash, mode, is_active, has_auto,"
        " config, generation_id, customer_version, created_ms, modified_ms, not_before_ms,"
        " not_after_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, ?11, ?11, ?12, ?13)";
    uint8_t hash[KM_SHA256_LEN] = {0};
    char generation_id[KM_REGISTRY_UUID_LEN + 1] = {0};
    km_registry_sha256(ca->subject, hash);
    km_reg_uuid(reg, generation_id);
    KM_TRY(check_room(reg, account, id, ca, KM_SLICE(hash, sizeof(hash))));
    KM_TRY(km_reg_run(
        reg, sql,
        KM_VALUES(km_value_text(id), km_value_text(account), km_value_blob(ca->der),
                  km_value_blob(ca->subject), km_value_blob(KM_SLICE(hash, sizeof(hash))),
                  km_value_number(ca->mode), km_value_number(ca->is_active),
                  km_value_number(ca->has_auto_registration),
                  km_value_text(ca->registration_config), km_value_text(generation_id),
                  km_value_number(km_reg_now(reg)), km_value_number(ca->not_before_ms),
                  km_value_number(ca->not_after_ms)),
        NULL));
    return km_reg_change(reg, KM_CHANGE_CA, account, id);
}

km_status km_registry_ca_register(struct km_registry *reg, const char *account,
                                  const struct km_registry_ca_new *ca,
                                  char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    km_reg_enter(reg);
    KM_TRY(check_new(reg, account, ca));
    km_registry_certificate_id(ca->der, id);
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    km_status status = km_reg_write_end(reg, insert(reg, account, id, ca));
    if (status == KM_OK || status == KM_E_EXISTS)
        km_copy(ret_id, sizeof(id), id, sizeof(id));
    return status;
}

/* ---- reading ---- */

#define COLUMNS                                                                                    \
    "id, account, mode, is_active, has_auto, config, generation_id, customer_version,"             \
    " created_ms, modified_ms, not_before_ms, not_after_ms, der, subject"
enum { COLUMN_ID = 0, COLUMN_CREATED = 8 };

static struct km_registry_ca take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_registry_ca){
        .id = km_query_text(query, arena, COLUMN_ID),
        .account = km_query_text(query, arena, 1),
        .mode = (enum km_ca_mode)km_query_number(query, 2),
        .is_active = km_query_flag(query, 3),
        .has_auto_registration = km_query_flag(query, 4),
        .registration_config = km_query_text(query, arena, 5),
        .generation_id = km_query_text(query, arena, 6),
        .customer_version = km_query_number(query, 7),
        .created_ms = km_query_number(query, COLUMN_CREATED),
        .modified_ms = km_query_number(query, 9),
        .not_before_ms = km_query_number(query, 10),
        .not_after_ms = km_query_number(query, 11),
        .der = km_query_blob(query, arena, 12),
        .subject = km_query_blob(query, arena, 13),
    };
}

km_status km_registry_ca_get(struct km_registry *reg, struct km_arena *arena, const char *account,
                             const char *id, struct km_registry_ca *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_ca ca = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_check_id(reg, "a CA's id", id));
    KM_TRY(km_reg_query(reg, "SELECT " COLUMNS " FROM ca WHERE id = ?1 AND account = ?2",
                        KM_VALUES(km_value_text(id), km_value_text(account)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        ca = take(&query, arena);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, id);
    *ret = ca;
    return KM_OK;
}

static const struct km_list_sql list_all =
    KM_LIST_BY_BOTH(KM_LIST_TAG_CA, "SELECT " COLUMNS " FROM ca WHERE account = ?1", "created_ms",
                    "id", COLUMN_CREATED, COLUMN_ID);
static const struct km_list_sql list_same_subject = KM_LIST_BY_BOTH(
    KM_LIST_TAG_CA,
    "SELECT " COLUMNS " FROM ca WHERE account = ?1 AND subject_hash = ?5 AND subject = ?6",
    "created_ms", "id", COLUMN_CREATED, COLUMN_ID);

static km_status read_list(struct km_list *list, struct km_registry_ca_list *ret)
{
    struct km_registry_ca *items = km_list_items(list, sizeof(*items));
    while (items != NULL && km_list_next(list))
        items[list->n_rows - 1] = take(&list->query, list->arena);
    const char *next = NULL;
    KM_TRY(km_list_finish(list, &next));
    *ret = (struct km_registry_ca_list){.items = items, .n_items = list->n_rows, .next = next};
    return KM_OK;
}

km_status km_registry_ca_list(struct km_registry *reg, struct km_arena *arena, const char *account,
                              const struct km_registry_page *page, struct km_registry_ca_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_list_start(&list, &list_all, page, account, KM_NO_VALUES));
    return read_list(&list, ret);
}

km_status km_registry_ca_by_subject(struct km_registry *reg, struct km_arena *arena,
                                    const char *account, struct km_slice subject,
                                    struct km_registry_ca_list *ret)
{
    static const struct km_registry_page page = {.limit = KM_CA_SAME_SUBJECT_MAX};
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    uint8_t hash[KM_SHA256_LEN] = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    km_registry_sha256(subject, hash);
    KM_TRY(km_list_start(
        &list, &list_same_subject, &page, account,
        KM_VALUES(km_value_blob(KM_SLICE(hash, sizeof(hash))), km_value_blob(subject))));
    return read_list(&list, ret);
}

/* ---- changing ---- */

struct stored {
    bool is_active;
    bool has_auto;
};

static km_status read_stored(struct km_registry *reg, const char *account, const char *id,
                             struct stored *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct stored stored = {0};
    KM_TRY(km_reg_query(reg, "SELECT is_active, has_auto FROM ca WHERE id = ?1 AND account = ?2",
                        KM_VALUES(km_value_text(id), km_value_text(account)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        stored = (struct stored){km_query_flag(&query, 0), km_query_flag(&query, 1)};
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, id);
    *ret = stored;
    return KM_OK;
}

static km_status store_update(struct km_registry *reg, const char *account, const char *id,
                              const struct km_registry_ca_update *update)
{
    static const char sql[] =
        "UPDATE ca SET customer_version = customer_version +"
        " (CASE WHEN is_active <> ?3 THEN 1 ELSE 0 END), is_active = ?3, has_auto = ?4,"
        " config = CASE WHEN ?6 = 1 THEN NULL ELSE coalesce(?5, config) END,"
        " generation_id = ?7, modified_ms = ?8 WHERE id = ?1 AND account = ?2";
    struct stored stored = {0};
    char generation_id[KM_REGISTRY_UUID_LEN + 1] = {0};
    KM_TRY(read_stored(reg, account, id, &stored));
    bool is_active = update->is_active != NULL ? *update->is_active : stored.is_active;
    bool has_auto =
        update->has_auto_registration != NULL ? *update->has_auto_registration : stored.has_auto;
    if (is_active == stored.is_active && has_auto == stored.has_auto &&
        update->registration_config == NULL && !update->removes_registration_config)
        return KM_OK;
    km_reg_uuid(reg, generation_id);
    KM_TRY(km_reg_run_one(
        reg, sql,
        KM_VALUES(km_value_text(id), km_value_text(account), km_value_number(is_active),
                  km_value_number(has_auto), km_value_text(update->registration_config),
                  km_value_number(update->removes_registration_config),
                  km_value_text(generation_id), km_value_number(km_reg_now(reg)))));
    return km_reg_change(reg, KM_CHANGE_CA, account, id);
}

km_status km_registry_ca_update(struct km_registry *reg, const char *account, const char *id,
                                const struct km_registry_ca_update *update)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_check_id(reg, "a CA's id", id));
    KM_TRY(km_reg_check_text(reg, "a registration configuration", update->registration_config, 0,
                             KM_REGISTRATION_CONFIG_MAX));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, store_update(reg, account, id, update));
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *id)
{
    struct stored stored = {0};
    KM_TRY(read_stored(reg, account, id, &stored));
    if (stored.is_active)
        return KM_REG_FAIL(reg, KM_E_STATE, "CA %s is active", id);
    KM_TRY(km_reg_run_one(reg, "DELETE FROM ca WHERE id = ?1 AND account = ?2",
                          KM_VALUES(km_value_text(id), km_value_text(account))));
    KM_TRY(km_reg_tags_forget(reg, account, KM_TAGGED_CA, id));
    return km_reg_change(reg, KM_CHANGE_CA, account, id);
}

km_status km_registry_ca_delete(struct km_registry *reg, const char *account, const char *id)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_check_id(reg, "a CA's id", id));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, id));
}
