/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/attribute.h"

#include <string.h>

/* Names of attributes hold no line feed, so they lie in one text line by line. */
#define SEARCHABLE_ROOM (KM_SEARCHABLE_MAX * (KM_ATTRIBUTE_NAME_MAX + 1) + 1)

static km_status check(struct km_registry *reg, const char *account, const char *name)
{
    return km_reg_check_name(reg, account, "a thing type's name", name, KM_THING_NAME_MAX,
                             KM_CHARS_THING);
}

static km_status unknown(struct km_registry *reg, const char *name)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "there is no thing type %s", name);
}

static km_status check_new(struct km_registry *reg, const char *account,
                           const struct km_registry_thing_type_new *type)
{
    KM_TRY(check(reg, account, type->name));
    KM_TRY(km_reg_check_text(reg, "a description", type->description, 0, KM_THING_DESCRIPTION_MAX));
    if (type->n_searchable > KM_SEARCHABLE_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "%zu searchable attributes; %d are allowed",
                           type->n_searchable, KM_SEARCHABLE_MAX);
    for (size_t i = 0; i < type->n_searchable; i++)
        KM_TRY(km_reg_check_name(reg, account, "an attribute's name", type->searchable[i],
                                 KM_ATTRIBUTE_NAME_MAX, "_.,@/:#-"));
    return KM_OK;
}

static void join(const struct km_registry_thing_type_new *type, char ret[SEARCHABLE_ROOM])
{
    size_t at = 0;
    for (size_t i = 0; i < type->n_searchable; i++) {
        size_t len = strlen(type->searchable[i]);
        km_copy(ret + at, SEARCHABLE_ROOM - at - 2, type->searchable[i], len);
        at += len;
        ret[at++] = '\n';
    }
    ret[at] = '\0';
}

/* ---- creating ---- */

static km_status read_equal(struct km_registry *reg, const char *account,
                            const struct km_registry_thing_type_new *type, const char *searchable,
                            char id[KM_REGISTRY_UUID_LEN + 1])
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg,
                        "SELECT id, description, searchable FROM thing_type"
                        " WHERE account = ?1 AND name = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(type->name)), &query));
    const char *description = type->description != NULL ? type->description : "";
    bool is_equal = km_query_next(&query) &&
                    km_slice_equal(km_query_view(&query, 1), KM_SLICE_STR(description)) &&
                    km_slice_equal(km_query_view(&query, 2), KM_SLICE_STR(searchable));
    if (is_equal)
        km_query_copy(&query, 0, id, KM_REGISTRY_UUID_LEN);
    KM_TRY(km_query_finish(&query));
    if (!is_equal)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "thing type %s exists with other properties",
                           type->name);
    return KM_OK;
}

static km_status create(struct km_registry *reg, const char *account,
                        const struct km_registry_thing_type_new *type,
                        char id[KM_REGISTRY_UUID_LEN + 1])
{
    static const char sql[] =
        "INSERT INTO thing_type (account, name, id, description, searchable, created_ms,"
        " deprecated_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0) ON CONFLICT DO NOTHING";
    char searchable[SEARCHABLE_ROOM] = {0};
    int64_t n_changed = 0;
    join(type, searchable);
    km_reg_uuid(reg, id);
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(account), km_value_text(type->name),
                                km_value_text(id), km_value_text(type->description),
                                km_value_text(searchable), km_value_number(km_reg_now(reg))),
                      &n_changed));
    if (n_changed == 0)
        return read_equal(reg, account, type, searchable, id);
    return km_reg_change(reg, KM_CHANGE_THING_TYPE, account, type->name);
}

km_status km_registry_thing_type_create(struct km_registry *reg, const char *account,
                                        const struct km_registry_thing_type_new *type,
                                        char ret_id[KM_REGISTRY_UUID_LEN + 1])
{
    char id[KM_REGISTRY_UUID_LEN + 1] = {0};
    km_reg_enter(reg);
    KM_TRY(check_new(reg, account, type));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    KM_TRY(km_reg_write_end(reg, create(reg, account, type, id)));
    km_copy(ret_id, sizeof(id), id, sizeof(id));
    return KM_OK;
}

/* ---- reading ---- */

#define COLUMNS "name, id, description, searchable, created_ms, deprecated_ms"

static void split(struct km_query *query, struct km_arena *arena,
                  struct km_registry_thing_type *type)
{
    struct km_slice left = km_query_view(query, 3);
    const char **names = km_arena_array(arena, KM_SEARCHABLE_MAX, sizeof(*names));
    while (names != NULL && left.len > 0 && type->n_searchable < KM_SEARCHABLE_MAX) {
        const uint8_t *end = memchr(left.ptr, '\n', left.len);
        if (end == NULL)
            break;
        size_t len = (size_t)(end - left.ptr);
        names[type->n_searchable] = km_arena_text(arena, KM_SLICE(left.ptr, len));
        if (names[type->n_searchable++] == NULL)
            names = NULL;
        left = KM_SLICE(end + 1, left.len - len - 1);
    }
    type->searchable = names;
    if (names == NULL)
        query->status = KM_FAIL(query->err, km_arena_status(arena), "the arena has no room");
}

static struct km_registry_thing_type take(struct km_query *query, struct km_arena *arena)
{
    struct km_registry_thing_type type = {
        .name = km_query_text(query, arena, 0),
        .id = km_query_text(query, arena, 1),
        .description = km_query_text(query, arena, 2),
        .created_ms = km_query_number(query, 4),
        .deprecated_ms = km_query_number(query, 5),
    };
    split(query, arena, &type);
    return type;
}

km_status km_registry_thing_type_get(struct km_registry *reg, struct km_arena *arena,
                                     const char *account, const char *name,
                                     struct km_registry_thing_type *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_thing_type type = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_query(reg, "SELECT " COLUMNS " FROM thing_type WHERE account = ?1 AND name = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(name)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        type = take(&query, arena);
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, name);
    *ret = type;
    return KM_OK;
}

static const struct km_list_sql list_all = KM_LIST_BY_TEXT(
    KM_LIST_TAG_THING_TYPE, "SELECT " COLUMNS " FROM thing_type WHERE account = ?1", "name", 0);

km_status km_registry_thing_type_list(struct km_registry *reg, struct km_arena *arena,
                                      const char *account, const struct km_registry_page *page,
                                      struct km_registry_thing_type_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_list_start(&list, &list_all, page, account, KM_NO_VALUES));
    struct km_registry_thing_type *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = take(&list.query, arena);
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret =
        (struct km_registry_thing_type_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}

/* ---- the end ---- */

static km_status deprecate(struct km_registry *reg, const char *account, const char *name,
                           bool undo)
{
    km_status status = km_reg_run_one(
        reg, "UPDATE thing_type SET deprecated_ms = ?3 WHERE account = ?1 AND name = ?2",
        KM_VALUES(km_value_text(account), km_value_text(name),
                  km_value_number(undo ? 0 : km_reg_now(reg))));
    if (status == KM_E_NOTFOUND)
        return unknown(reg, name);
    KM_TRY(status);
    return km_reg_change(reg, KM_CHANGE_THING_TYPE, account, name);
}

km_status km_registry_thing_type_deprecate(struct km_registry *reg, const char *account,
                                           const char *name, bool undo)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, deprecate(reg, account, name, undo));
}

static km_status delete_within(struct km_registry *reg, const char *account, const char *name)
{
    int64_t deprecated_ms = 0;
    bool is_used = false;
    km_status status =
        km_reg_number(reg, "SELECT deprecated_ms FROM thing_type WHERE account = ?1 AND name = ?2",
                      KM_VALUES(km_value_text(account), km_value_text(name)), &deprecated_ms);
    if (status == KM_E_NOTFOUND)
        return unknown(reg, name);
    KM_TRY(status);
    if (deprecated_ms == 0)
        return KM_REG_FAIL(reg, KM_E_STATE, "thing type %s is not deprecated", name);
    KM_TRY(km_reg_exists(reg, "SELECT 1 FROM thing WHERE account = ?1 AND type = ?2 LIMIT 1",
                         KM_VALUES(km_value_text(account), km_value_text(name)), &is_used));
    if (is_used)
        return KM_REG_FAIL(reg, KM_E_BUSY, "there are things of type %s", name);
    KM_TRY(km_reg_run_one(reg, "DELETE FROM thing_type WHERE account = ?1 AND name = ?2",
                          KM_VALUES(km_value_text(account), km_value_text(name))));
    KM_TRY(km_reg_tags_forget(reg, account, KM_TAGGED_THING_TYPE, name));
    return km_reg_change(reg, KM_CHANGE_THING_TYPE, account, name);
}

km_status km_registry_thing_type_delete(struct km_registry *reg, const char *account,
                                        const char *name)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, name));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, delete_within(reg, account, name));
}
