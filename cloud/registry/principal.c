/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificates stand for which things. */
#include "cloud/registry/attribute.h"

static km_status check(struct km_registry *reg, const char *account, const char *thing,
                       const char *certificate_id)
{
    KM_TRY(km_reg_check_name(reg, account, "a thing's name", thing, KM_THING_NAME_MAX,
                             KM_CHARS_THING));
    return certificate_id == NULL ? KM_OK
                                  : km_reg_check_id(reg, "a certificate's id", certificate_id);
}

static km_status find_certificate(struct km_registry *reg, const char *account, const char *id)
{
    bool is_there = false;
    KM_TRY(km_reg_exists(reg, "SELECT 1 FROM certificate WHERE account = ?1 AND id = ?2",
                         KM_VALUES(km_value_text(account), km_value_text(id)), &is_there));
    if (!is_there)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "certificate %s is not registered", id);
    return KM_OK;
}

static km_status attach(struct km_registry *reg, const char *account, const char *thing,
                        const char *certificate_id)
{
    int64_t n_changed = 0;
    KM_TRY(km_reg_find_thing(reg, account, thing));
    KM_TRY(find_certificate(reg, account, certificate_id));
    KM_TRY(km_reg_run(
        reg,
        "INSERT INTO thing_principal (account, thing, certificate)"
        " VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        KM_VALUES(km_value_text(account), km_value_text(thing), km_value_text(certificate_id)),
        &n_changed));
    if (n_changed == 0)
        return KM_OK;
    return km_reg_change(reg, KM_CHANGE_CERTIFICATE, account, certificate_id);
}

km_status km_registry_thing_attach(struct km_registry *reg, const char *account, const char *thing,
                                   const char *certificate_id)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, thing, NULL));
    KM_TRY(km_reg_check_id(reg, "a certificate's id", certificate_id));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, attach(reg, account, thing, certificate_id));
}

static km_status detach(struct km_registry *reg, const char *account, const char *thing,
                        const char *certificate_id)
{
    km_status status = km_reg_run_one(
        reg, "DELETE FROM thing_principal WHERE account = ?1 AND thing = ?2 AND certificate = ?3",
        KM_VALUES(km_value_text(account), km_value_text(thing), km_value_text(certificate_id)));
    if (status == KM_E_NOTFOUND)
        return KM_REG_FAIL(reg, status, "certificate %s is not attached to thing %s",
                           certificate_id, thing);
    KM_TRY(status);
    return km_reg_change(reg, KM_CHANGE_CERTIFICATE, account, certificate_id);
}

km_status km_registry_thing_detach(struct km_registry *reg, const char *account, const char *thing,
                                   const char *certificate_id)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, thing, NULL));
    KM_TRY(km_reg_check_id(reg, "a certificate's id", certificate_id));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, detach(reg, account, thing, certificate_id));
}

/* Client ids are asked for here too, and those may be no name of a thing at all. */
km_status km_registry_thing_is_attached(struct km_registry *reg, const char *account,
                                        const char *thing, const char *certificate_id, bool *ret)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    if (check(reg, account, thing, certificate_id) != KM_OK) {
        km_reg_enter(reg);
        *ret = false;
        return KM_OK;
    }
    return km_reg_exists(
        reg, "SELECT 1 FROM thing_principal WHERE account = ?1 AND thing = ?2 AND certificate = ?3",
        KM_VALUES(km_value_text(account), km_value_text(thing), km_value_text(certificate_id)),
        ret);
}

static const struct km_list_sql list_of_thing = KM_LIST_BY_TEXT(
    KM_LIST_TAG_PRINCIPAL,
    "SELECT certificate FROM thing_principal WHERE account = ?1 AND thing = ?5", "certificate", 0);
static const struct km_list_sql list_of_certificate = KM_LIST_BY_TEXT(
    KM_LIST_TAG_THING, "SELECT thing FROM thing_principal WHERE account = ?1 AND certificate = ?5",
    "thing", 0);

km_status km_registry_thing_principals(struct km_registry *reg, struct km_arena *arena,
                                       const char *account, const char *thing,
                                       const struct km_registry_page *page,
                                       struct km_registry_names *ret)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, thing, NULL));
    KM_TRY(km_reg_find_thing(reg, account, thing));
    return km_list_names(reg, arena, &list_of_thing, page, account, KM_VALUES(km_value_text(thing)),
                         ret);
}

km_status km_registry_thing_of_principal(struct km_registry *reg, struct km_arena *arena,
                                         const char *account, const char *certificate_id,
                                         const struct km_registry_page *page,
                                         struct km_registry_names *ret)
{
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_check_id(reg, "a certificate's id", certificate_id));
    return km_list_names(reg, arena, &list_of_certificate, page, account,
                         KM_VALUES(km_value_text(certificate_id)), ret);
}
