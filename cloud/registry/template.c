/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/internal.h"
#include "cloud/registry/registry_rule.h"

static km_status check(struct km_registry *reg, const char *account, const char *name)
{
    return km_reg_check_name(reg, account, "a template's name", name, KM_TEMPLATE_NAME_MAX,
                             KM_CHARS_FUNCTION);
}

static km_status check_texts(struct km_registry *reg, const char *account,
                             const struct km_registry_template *template)
{
    KM_TRY(check(reg, account, template->name));
    KM_TRY(km_reg_check_text(reg, "a template's description", template->description, 0,
                             KM_TEMPLATE_DESCRIPTION_MAX));
    KM_TRY(km_reg_check_text(reg, "a template's role", template->role, 0, KM_TEMPLATE_ROLE_MAX));
    return km_reg_check_text(reg, "a template's body", template->body, 0, KM_TEMPLATE_BODY_MAX);
}

static km_status unknown(struct km_registry *reg, const char *name)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no template %s", name);
}

#define TEMPLATE_VALUES(reg, account, template)                                                    \
    km_value_text(account), km_value_text((template)->name),                                       \
        km_value_text((template)->description), km_value_text((template)->body),                   \
        km_value_text((template)->role), km_value_number((template)->type),                        \
        km_value_number((template)->is_enabled), km_value_number(km_reg_now(reg))

static km_status create(struct km_registry *reg, const char *account,
                        const struct km_registry_template *template)
{
    static const char sql[] =
        "INSERT INTO template (account, name, description, body, role, type, is_enabled,"
        " created_ms, modified_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)"
        " ON CONFLICT DO NOTHING";
    int64_t n_changed = 0;
    KM_TRY(km_reg_run(reg, sql, KM_VALUES(TEMPLATE_VALUES(reg, account, template)), &n_changed));
    if (n_changed == 0)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "template %s exists", template->name);
    return km_reg_change(reg, KM_CHANGE_TEMPLATE, account, template->name);
}

km_status km_registry_template_create(struct km_registry *reg, const char *account,
                                      const struct km_registry_template *template)
{
    km_reg_enter(reg);
    KM_TRY(check_texts(reg, account, template));
    if (template->body == NULL)
        return KM_REG_FAIL(reg, KM_E_ARG, "a template has a body");
    if (template->type != KM_TEMPLATE_FLEET && template->type != KM_TEMPLATE_JITP)
        return KM_REG_FAIL(reg, KM_E_ARG, "a template is for a fleet or for first contacts");
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, create(reg, account, template));
}

static km_status update_within(struct km_registry *reg, const char *account,
                               const struct km_registry_template *template)
{
    static const char sql[] =
        "UPDATE template SET description = coalesce(?3, description), body = coalesce(?4, body),"
        " role = coalesce(?5, role), is_enabled = ?7, modified_ms = ?8"
        " WHERE account = ?1 AND name = ?2 AND type = ?6";
    int64_t type = 0;
    km_status status =
        km_reg_number(reg, "SELECT type FROM template WHERE account = ?1 AND name = ?2",
                      KM_VALUES(km_value_text(account), km_value_text(template->name)), &type);
    if (status == KM_E_NOTFOUND)
        return unknown(reg, template->name);
    KM_TRY(status);
    if (type != (int64_t) template->type)
        return KM_REG_FAIL(reg, KM_E_ARG, "a template's type does not change");
    KM_TRY(km_reg_run(reg, sql, KM_VALUES(TEMPLATE_VALUES(reg, account, template)), NULL));
    return km_reg_change(reg, KM_CHANGE_TEMPLATE, account, template->name);
}

km_status km_registry_template_update(struct km_registry *reg, const char *account,
                                      const struct km_registry_template *template)
{
    km_reg_enter(reg);
    KM_TRY(check_texts(reg, account, template));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, update_within(reg, account, template));
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *name)
{
    km_status status = km_reg_run_one(reg, "DELETE FROM template WHERE account = ?1 AND name = ?2",
                                      KM_VALUES(km_value_text(account), km_value_text(name)));
    if (status == KM_E_NOTFOUND)
        return unknown(reg, name);
    KM_TRY(status);
    KM_TRY(km_reg_tags_forget(reg, account, KM_TAGGED_TEMPLATE, name));
    return km_reg_change(reg, KM_CHANGE_TEMPLATE, account, name);
}

km_status km_registry_template_delete(struct km_registry *reg, const char *account,
                                      const char *name)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, name));
}

/* ---- reading ---- */

#define COLUMNS "name, description, role, type, is_enabled, created_ms, modified_ms"
enum { COLUMN_NAME = 0, COLUMN_BODY = 7 };

static struct km_registry_template take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_registry_template){
        .name = km_query_text(query, arena, COLUMN_NAME),
        .description = km_query_text(query, arena, 1),
        .role = km_query_text(query, arena, 2),
        .type = (enum km_template_type)km_query_number(query, 3),
        .is_enabled = km_query_flag(query, 4),
        .created_ms = km_query_number(query, 5),
        .modified_ms = km_query_number(query, 6),
    };
}

km_status km_registry_template_get(struct km_registry *reg, struct km_arena *arena,
                                   const char *account, const char *name,
                                   struct km_registry_template *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_template template = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_query(reg,
                        "SELECT " COLUMNS ", body FROM template WHERE account = ?1 AND name = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(name)), &query));
    bool has_row = km_query_next(&query);
    if (has_row) {
        template = take(&query, arena);
        template.body = km_query_text(&query, arena, COLUMN_BODY);
    }
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, name);
    *ret = template;
    return KM_OK;
}

static const struct km_list_sql list_all =
    KM_LIST_BY_TEXT(KM_LIST_TAG_TEMPLATE, "SELECT " COLUMNS " FROM template WHERE account = ?1",
                    "name", COLUMN_NAME);

km_status km_registry_template_list(struct km_registry *reg, struct km_arena *arena,
                                    const char *account, const struct km_registry_page *page,
                                    struct km_registry_template_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_list_start(&list, &list_all, page, account, KM_NO_VALUES));
    struct km_registry_template *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = take(&list.query, arena);
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret = (struct km_registry_template_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}
