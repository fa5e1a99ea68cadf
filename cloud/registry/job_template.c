/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_job_template.h"

#include "cloud/registry/job.h"

static km_status check(struct km_registry *reg, const char *account, const char *id)
{
    return km_reg_check_name(reg, account, "a job template's id", id, KM_JOB_ID_MAX, "_-");
}

static km_status unknown(struct km_registry *reg, const char *id)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no job template %s", id);
}

/* ---- writing ---- */

static km_status create(struct km_registry *reg, const char *account,
                        const struct km_registry_job_template *job_template)
{
    static const char sql[] =
        "INSERT INTO job_template (account, id, document, description, config, minutes, created_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
    int64_t n_changed = 0;
    KM_TRY(km_reg_run(
        reg, sql,
        KM_VALUES(km_value_text(account), km_value_text(job_template->id),
                  km_value_text(job_template->document), km_value_text(job_template->description),
                  km_value_text(job_template->config), km_value_number(job_template->minutes),
                  km_value_number(km_reg_now(reg))),
        &n_changed));
    if (n_changed == 0)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "job template %s exists", job_template->id);
    return KM_OK;
}

km_status km_registry_job_template_create(struct km_registry *reg, const char *account,
                                          const struct km_registry_job_template *job_template)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, job_template->id));
    KM_TRY(
        km_reg_check_text(reg, "a job's document", job_template->document, 1, KM_JOB_DOCUMENT_MAX));
    KM_TRY(km_reg_check_text(reg, "a description", job_template->description, 1, KM_JOB_TEXT_MAX));
    KM_TRY(km_reg_job_check_minutes(reg, job_template->minutes));
    KM_TRY(km_reg_job_check_config(reg, job_template->config));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, create(reg, account, job_template));
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *id)
{
    km_status status =
        km_reg_run_one(reg, "DELETE FROM job_template WHERE account = ?1 AND id = ?2",
                       KM_VALUES(km_value_text(account), km_value_text(id)));
    if (status == KM_E_NOTFOUND)
        return unknown(reg, id);
    KM_TRY(status);
    return km_reg_tags_forget(reg, account, KM_TAGGED_JOB_TEMPLATE, id);
}

km_status km_registry_job_template_delete(struct km_registry *reg, const char *account,
                                          const char *id)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, id));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, id));
}

/* ---- reading ---- */

km_status km_registry_job_template_get(struct km_registry *reg, struct km_arena *arena,
                                       const char *account, const char *id,
                                       struct km_registry_job_template *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_job_template found = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, id));
    KM_TRY(km_reg_query(reg,
                        "SELECT id, document, description, config, minutes, created_ms"
                        " FROM job_template WHERE account = ?1 AND id = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(id)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        found = (struct km_registry_job_template){
            .id = km_query_text(&query, arena, 0),
            .document = km_query_text(&query, arena, 1),
            .description = km_query_text(&query, arena, 2),
            .config = km_query_text(&query, arena, 3),
            .minutes = km_query_number(&query, 4),
            .created_ms = km_query_number(&query, 5),
        };
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, id);
    *ret = found;
    return KM_OK;
}

static const struct km_list_sql list_all =
    KM_LIST_BY_TEXT(KM_LIST_TAG_JOB_TEMPLATE,
                    "SELECT id, description, minutes, created_ms FROM job_template"
                    " WHERE account = ?1",
                    "id", 0);

km_status km_registry_job_template_list(struct km_registry *reg, struct km_arena *arena,
                                        const char *account, const struct km_registry_page *page,
                                        struct km_registry_job_template_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    const char *next = NULL;
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_list_start(&list, &list_all, page, account, KM_NO_VALUES));
    struct km_registry_job_template *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = (struct km_registry_job_template){
            .id = km_query_text(&list.query, arena, 0),
            .description = km_query_text(&list.query, arena, 1),
            .minutes = km_query_number(&list.query, 2),
            .created_ms = km_query_number(&list.query, 3),
        };
    KM_TRY(km_list_finish(&list, &next));
    *ret = (struct km_registry_job_template_list){
        .items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}
