/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_thing.h"

#include "cloud/registry/attribute.h"
#include "cloud/registry/job.h"

#include <string.h>

static km_status check(struct km_registry *reg, const char *account, const char *name)
{
    return km_reg_check_name(reg, account, "a thing's name", name, KM_THING_NAME_MAX,
                             KM_CHARS_THING);
}

static km_status check_type(struct km_registry *reg, const char *account, const char *type)
{
    if (type == NULL)
        return KM_OK;
    return km_reg_check_name(reg, account, "a thing type's name", type, KM_THING_NAME_MAX,
                             KM_CHARS_THING);
}

static km_status unknown(struct km_registry *reg, const char *name)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no thing %s", name);
}

static struct km_attributes_of of_thing(const char *account, const char *name)
{
    return (struct km_attributes_of){.account = account, .kind = KM_OWNER_THING, .name = name};
}

struct stored {
    char id[KM_REGISTRY_UUID_LEN + 1];
    char type[KM_THING_NAME_MAX + 1]; /* empty: none */
    int64_t version;
};

/* KM_E_NOTFOUND, without a sentence, when it is not there. */
static km_status read_stored(struct km_registry *reg, const char *account, const char *name,
                             struct stored *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct stored stored = {0};
    KM_TRY(km_reg_query(reg, "SELECT id, type, version FROM thing WHERE account = ?1 AND name = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(name)), &query));
    bool has_row = km_query_next(&query);
    if (has_row) {
        km_query_copy(&query, 0, stored.id, KM_REGISTRY_UUID_LEN);
        km_query_copy(&query, 1, stored.type, KM_THING_NAME_MAX);
        stored.version = km_query_number(&query, 2);
    }
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return KM_E_NOTFOUND;
    *ret = stored;
    return KM_OK;
}

/* That the type is there for new things. */
static km_status find_type(struct km_registry *reg, const char *account, const char *type)
{
    int64_t deprecated_ms = 0;
    if (type == NULL)
        return KM_OK;
    km_status status =
        km_reg_number(reg, "SELECT deprecated_ms FROM thing_type WHERE account = ?1 AND name = ?2",
                      KM_VALUES(km_value_text(account), km_value_text(type)), &deprecated_ms);
    if (status == KM_E_NOTFOUND)
        return KM_REG_FAIL(reg, status, "there is no thing type %s", type);
    KM_TRY(status);
    if (deprecated_ms != 0)
        return KM_REG_FAIL(reg, KM_E_STATE, "thing type %s is deprecated", type);
    return KM_OK;
}

static km_status check_count(struct km_registry *reg, bool has_type, int64_t n_attributes)
{
    int max = has_type ? KM_ATTRIBUTES_TYPED_MAX : KM_ATTRIBUTES_UNTYPED_MAX;
    if (n_attributes > max)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "%lld attributes; a thing %s a type may have %d",
                           (long long)n_attributes, has_type ? "with" : "without", max);
    return KM_OK;
}

/* ---- creating ---- */

static km_status insert(struct km_registry *reg, const char *account,
                        const struct km_registry_thing_new *thing, char *id)
{
    static const char sql[] = "INSERT INTO thing (account, name, id, type, version, created_ms)"
                              " VALUES (?1, ?2, ?3, ?4, 1, ?5)";
    struct km_attributes_of of = of_thing(account, thing->name);
    KM_TRY(find_type(reg, account, thing->type));
    KM_TRY(check_count(reg, thing->type != NULL, (int64_t)thing->n_attributes));
    km_reg_uuid(reg, id);
    KM_TRY(
        km_reg_run(reg, sql,
                   KM_VALUES(km_value_text(account), km_value_text(thing->name), km_value_text(id),
                             km_value_text(thing->type), km_value_number(km_reg_now(reg))),
                   NULL));
    KM_TRY(km_reg_attributes_add(reg, &of, thing->attributes, thing->n_attributes));
    return km_reg_change(reg, KM_CHANGE_THING, account, thing->name);
}

static km_status create(struct km_registry *reg, const char *account,
                        const struct km_registry_thing_new *thing,
                        char id[KM_REGISTRY_UUID_LEN + 1])
{
    struct km_attributes_of of = of_thing(account, thing->name);
    struct stored stored = {0};
    bool is_equal = false;
    km_status status = read_stored(reg, account, thing->name, &stored);
    if (status == KM_E_NOTFOUND)
        return insert(reg, account, thing, id);
    KM_TRY(status);
    KM_TRY(km_reg_attributes_equal(reg, &of, thing->attributes, thing->n_attributes, &is_equal));
    if (!is_equal || strcmp(stored.type, thing->type != NULL ? thing->type : "") != 0)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "thing %s exists with another type or attributes",
                           thing->name);
    km_copy(id, KM_REGISTRY_UUID_LEN + 1, stored.id, sizeof(stored.id));
    return KM_OK;
}

km_status km_registry_thing_create(struct km_registry *reg, const char *account,
                                   const struct km_registry_thing_new *thing,
                                   char ret_id[KM_REGISTRY_UUID_LEN + 1])
{
    char id[KM_REGISTRY_UUID_LEN + 1] = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, thing->name));
    KM_TRY(check_type(reg, account, thing->type));
    KM_TRY(km_reg_check_attributes(reg, thing->attributes, thing->n_attributes));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    KM_TRY(km_reg_write_end(reg, create(reg, account, thing, id)));
    km_copy(ret_id, sizeof(id), id, sizeof(id));
    return KM_OK;
}

/* ---- reading ---- */

km_status km_reg_find_thing(struct km_registry *reg, const char *account, const char *thing)
{
    bool is_there = false;
    KM_TRY(km_reg_exists(reg, "SELECT 1 FROM thing WHERE account = ?1 AND name = ?2",
                         KM_VALUES(km_value_text(account), km_value_text(thing)), &is_there));
    return is_there ? KM_OK : unknown(reg, thing);
}

#define COLUMNS "t.name, t.id, t.type, t.version, t.created_ms"

static struct km_registry_thing take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_registry_thing){
        .name = km_query_text(query, arena, 0),
        .id = km_query_text(query, arena, 1),
        .type = km_query_text(query, arena, 2),
        .version = km_query_number(query, 3),
        .created_ms = km_query_number(query, 4),
    };
}

static km_status take_attributes(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, struct km_registry_thing *thing)
{
    struct km_attributes_of of = of_thing(account, thing->name);
    return km_reg_attributes_read(reg, arena, &of, &thing->attributes, &thing->n_attributes);
}

km_status km_registry_thing_get(struct km_registry *reg, struct km_arena *arena,
                                const char *account, const char *name,
                                struct km_registry_thing *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_thing thing = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_query(reg, "SELECT " COLUMNS " FROM thing t WHERE account = ?1 AND name = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(name)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        thing = take(&query, arena);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, name);
    KM_TRY(take_attributes(reg, arena, account, &thing));
    *ret = thing;
    return KM_OK;
}

static const struct km_list_sql list_all = KM_LIST_BY_TEXT(
    KM_LIST_TAG_THING,
    "SELECT " COLUMNS " FROM thing t WHERE t.account = ?1 AND (?5 IS NULL OR t.type = ?5)",
    "t.name", 0);
static const struct km_list_sql list_by_attribute = KM_LIST_BY_TEXT(
    KM_LIST_TAG_THING,
    "SELECT " COLUMNS " FROM attribute a JOIN thing t ON t.account = a.account AND t.name = a.owner"
    " WHERE a.account = ?1 AND (?5 IS NULL OR t.type = ?5) AND a.kind = 1 AND a.name = ?6"
    " AND (?7 IS NULL OR a.value = ?7 OR (?8 = 1 AND substr(a.value, 1, length(?7)) = ?7))",
    "t.name", 0);
_Static_assert(KM_OWNER_THING == 1, "as the text says");

km_status km_registry_thing_list(struct km_registry *reg, struct km_arena *arena,
                                 const char *account, const struct km_registry_thing_filter *filter,
                                 const struct km_registry_page *page,
                                 struct km_registry_thing_list *ret)
{
    static const struct km_registry_thing_filter any = {0};
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    const char *next = NULL;
    if (filter == NULL)
        filter = &any;
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(check_type(reg, account, filter->type));
    KM_TRY(km_reg_check_text(reg, "an attribute's name", filter->attribute_name, 0,
                             KM_ATTRIBUTE_NAME_MAX));
    KM_TRY(km_reg_check_text(reg, "an attribute's value", filter->attribute_value, 0,
                             KM_ATTRIBUTE_VALUE_MAX));
    if (filter->attribute_value != NULL && filter->attribute_name == NULL)
        return KM_REG_FAIL(reg, KM_E_ARG, "an attribute's value without its name");
    KM_TRY(km_list_start(
        &list, filter->attribute_name != NULL ? &list_by_attribute : &list_all, page, account,
        KM_VALUES(km_value_text(filter->type), km_value_text(filter->attribute_name),
                  km_value_text(filter->attribute_value),
                  km_value_number(filter->is_prefix ? 1 : 0))));
    struct km_registry_thing *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = take(&list.query, arena);
    KM_TRY(km_list_finish(&list, &next));
    for (size_t i = 0; items != NULL && i < list.n_rows; i++)
        KM_TRY(take_attributes(reg, arena, account, &items[i]));
    *ret = (struct km_registry_thing_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}

/* ---- changing ---- */

static km_status check_expected(struct km_registry *reg, const char *name, int64_t expected,
                                int64_t version)
{
    if (expected != 0 && expected != version)
        return KM_REG_FAIL(reg, KM_E_STALE, "%s has version %lld, not %lld", name,
                           (long long)version, (long long)expected);
    return KM_OK;
}

static km_status store_update(struct km_registry *reg, const char *account, const char *name,
                              const struct km_registry_thing_update *update)
{
    static const char sql[] = "UPDATE thing SET type = ?3, version = version + 1"
                              " WHERE account = ?1 AND name = ?2";
    struct km_attributes_of of = of_thing(account, name);
    struct stored stored = {0};
    int64_t n_attributes = 0;
    km_status status = read_stored(reg, account, name, &stored);
    if (status == KM_E_NOTFOUND)
        return unknown(reg, name);
    KM_TRY(status);
    KM_TRY(check_expected(reg, name, update->expected_version, stored.version));
    KM_TRY(find_type(reg, account, update->type));
    const char *type = stored.type[0] != '\0' && !update->removes_type ? stored.type : NULL;
    if (update->type != NULL)
        type = update->type;
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(name), km_value_text(type)),
                      NULL));
    if (update->sets_attributes)
        KM_TRY(km_reg_attributes_change(reg, &of, update->attributes, update->n_attributes,
                                        update->merges));
    KM_TRY(km_reg_attributes_count(reg, &of, &n_attributes));
    KM_TRY(check_count(reg, type != NULL, n_attributes));
    return km_reg_change(reg, KM_CHANGE_THING, account, name);
}

km_status km_registry_thing_update(struct km_registry *reg, const char *account, const char *name,
                                   const struct km_registry_thing_update *update)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(check_type(reg, account, update->type));
    if (update->type != NULL && update->removes_type)
        return KM_REG_FAIL(reg, KM_E_ARG, "a type is set and removed at once");
    KM_TRY(km_reg_check_attributes(reg, update->attributes, update->n_attributes));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, store_update(reg, account, name, update));
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *name,
                               int64_t expected_version)
{
    struct km_attributes_of of = of_thing(account, name);
    struct stored stored = {0};
    bool is_attached = false;
    km_status status = read_stored(reg, account, name, &stored);
    if (status == KM_E_NOTFOUND)
        return KM_OK;
    KM_TRY(status);
    KM_TRY(check_expected(reg, name, expected_version, stored.version));
    KM_TRY(km_reg_exists(reg,
                         "SELECT 1 FROM thing_principal WHERE account = ?1 AND thing = ?2 LIMIT 1",
                         KM_VALUES(km_value_text(account), km_value_text(name)), &is_attached));
    if (is_attached)
        return KM_REG_FAIL(reg, KM_E_BUSY, "thing %s has certificates attached", name);
    KM_TRY(km_reg_attributes_remove(reg, &of));
    KM_TRY(km_reg_job_thing_gone(reg, account, name));
    KM_TRY(km_reg_run_one(reg, "DELETE FROM thing WHERE account = ?1 AND name = ?2",
                          KM_VALUES(km_value_text(account), km_value_text(name))));
    return km_reg_change(reg, KM_CHANGE_THING, account, name);
}

km_status km_registry_thing_delete(struct km_registry *reg, const char *account, const char *name,
                                   int64_t expected_version)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, name, expected_version));
}
