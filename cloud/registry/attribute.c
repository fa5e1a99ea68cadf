/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/attribute.h"

#include <string.h>

#define CHARS "_.,@/:#-"

static km_status check_value(struct km_registry *reg, const char *account, const char *value)
{
    if (value != NULL && value[0] == '\0')
        return KM_OK;
    return km_reg_check_name(reg, account, "an attribute's value", value, KM_ATTRIBUTE_VALUE_MAX,
                             CHARS);
}

km_status km_reg_check_attributes(struct km_registry *reg, const struct km_attribute *attributes,
                                  size_t n_attributes)
{
    static const char any_account[] = "000000000000";
    if (n_attributes > KM_ATTRIBUTES_TYPED_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT, "%zu attributes; %d are allowed", n_attributes,
                           KM_ATTRIBUTES_TYPED_MAX);
    for (size_t i = 0; i < n_attributes; i++) {
        KM_TRY(km_reg_check_name(reg, any_account, "an attribute's name", attributes[i].name,
                                 KM_ATTRIBUTE_NAME_MAX, CHARS));
        KM_TRY(check_value(reg, any_account, attributes[i].value));
    }
    return KM_OK;
}

#define OF_VALUES(of)                                                                              \
    km_value_text((of)->account), km_value_number((of)->kind), km_value_text((of)->name)

static km_status put(struct km_registry *reg, const struct km_attributes_of *of,
                     const struct km_attribute *attribute)
{
    return km_reg_run(
        reg,
        "INSERT INTO attribute (account, kind, owner, name, value)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (account, kind, owner, name)"
        " DO UPDATE SET value = excluded.value",
        KM_VALUES(OF_VALUES(of), km_value_text(attribute->name), km_value_text(attribute->value)),
        NULL);
}

km_status km_reg_attributes_add(struct km_registry *reg, const struct km_attributes_of *of,
                                const struct km_attribute *attributes, size_t n_attributes)
{
    int64_t n_stored = 0;
    for (size_t i = 0; i < n_attributes; i++)
        KM_TRY(put(reg, of, &attributes[i]));
    KM_TRY(km_reg_attributes_count(reg, of, &n_stored));
    if (n_stored != (int64_t)n_attributes)
        return KM_REG_FAIL(reg, KM_E_ARG, "an attribute is given twice");
    return KM_OK;
}

km_status km_reg_attributes_change(struct km_registry *reg, const struct km_attributes_of *of,
                                   const struct km_attribute *attributes, size_t n_attributes,
                                   bool merges)
{
    if (!merges) {
        KM_TRY(km_reg_attributes_remove(reg, of));
        return km_reg_attributes_add(reg, of, attributes, n_attributes);
    }
    for (size_t i = 0; i < n_attributes; i++) {
        if (attributes[i].value[0] != '\0')
            KM_TRY(put(reg, of, &attributes[i]));
        else
            KM_TRY(km_reg_run(reg,
                              "DELETE FROM attribute WHERE account = ?1 AND kind = ?2"
                              " AND owner = ?3 AND name = ?4",
                              KM_VALUES(OF_VALUES(of), km_value_text(attributes[i].name)), NULL));
    }
    return KM_OK;
}

km_status km_reg_attributes_remove(struct km_registry *reg, const struct km_attributes_of *of)
{
    return km_reg_run(reg, "DELETE FROM attribute WHERE account = ?1 AND kind = ?2 AND owner = ?3",
                      KM_VALUES(OF_VALUES(of)), NULL);
}

km_status km_reg_attributes_count(struct km_registry *reg, const struct km_attributes_of *of,
                                  int64_t *ret)
{
    return km_reg_number(
        reg, "SELECT count(*) FROM attribute WHERE account = ?1 AND kind = ?2 AND owner = ?3",
        KM_VALUES(OF_VALUES(of)), ret);
}

km_status km_reg_attributes_read(struct km_registry *reg, struct km_arena *arena,
                                 const struct km_attributes_of *of, const struct km_attribute **ret,
                                 size_t *ret_n)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_attribute *items = NULL;
    size_t n_items = 0;
    KM_TRY(km_reg_query(reg,
                        "SELECT name, value FROM attribute WHERE account = ?1 AND kind = ?2"
                        " AND owner = ?3 ORDER BY name",
                        KM_VALUES(OF_VALUES(of)), &query));
    while (n_items < KM_ATTRIBUTES_TYPED_MAX && km_query_next(&query)) {
        if (items == NULL)
            items = km_arena_array(arena, KM_ATTRIBUTES_TYPED_MAX, sizeof(*items));
        if (items == NULL)
            return KM_REG_FAIL(reg, km_arena_status(arena), "the arena has no room");
        items[n_items++] = (struct km_attribute){.name = km_query_text(&query, arena, 0),
                                                 .value = km_query_text(&query, arena, 1)};
    }
    KM_TRY(km_query_finish(&query));
    *ret = items;
    *ret_n = n_items;
    return KM_OK;
}

static bool is_among(struct km_query *query, const struct km_attribute *attributes,
                     size_t n_attributes)
{
    for (size_t i = 0; i < n_attributes; i++) {
        if (km_slice_equal(km_query_view(query, 0), KM_SLICE_STR(attributes[i].name)))
            return km_slice_equal(km_query_view(query, 1), KM_SLICE_STR(attributes[i].value));
    }
    return false;
}

km_status km_reg_attributes_equal(struct km_registry *reg, const struct km_attributes_of *of,
                                  const struct km_attribute *attributes, size_t n_attributes,
                                  bool *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    size_t n_same = 0;
    bool is_equal = true;
    KM_TRY(km_reg_query(
        reg, "SELECT name, value FROM attribute WHERE account = ?1 AND kind = ?2 AND owner = ?3",
        KM_VALUES(OF_VALUES(of)), &query));
    while (is_equal && km_query_next(&query)) {
        is_equal = is_among(&query, attributes, n_attributes);
        n_same++;
    }
    KM_TRY(km_query_finish(&query));
    *ret = is_equal && n_same == n_attributes;
    return KM_OK;
}
