/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/internal.h"

#include <string.h>

/* Behind every text: the last character of Unicode. */
#define TEXT_TOP "\xf4\x8f\xbf\xbf"

static km_status place(struct km_list *list, const struct km_registry_page *page)
{
    static const struct km_registry_page first = {0};
    if (page == NULL)
        page = &first;
    if (page->limit > KM_REGISTRY_PAGE_MAX)
        return KM_REG_FAIL(list->reg, KM_E_ARG, "a page has at most %d entries",
                           KM_REGISTRY_PAGE_MAX);
    list->limit = page->limit == 0 ? KM_REGISTRY_PAGE_MAX : page->limit;
    list->at = (struct km_marker){
        .tag = list->sql->tag,
        .is_descending = page->is_descending,
        .number = page->is_descending ? INT64_MAX : INT64_MIN,
    };
    if (page->is_descending)
        km_copy(list->at.text, KM_MARKER_KEY_MAX, TEXT_TOP, sizeof(TEXT_TOP));
    if (page->marker == NULL)
        return KM_OK;
    if (!km_marker_parse(page->marker, &list->at) || list->at.tag != list->sql->tag ||
        list->at.is_descending != page->is_descending)
        return KM_REG_FAIL(list->reg, KM_E_MALFORMED, "the marker is none of this list");
    return KM_OK;
}

km_status km_list_start(struct km_list *list, const struct km_list_sql *sql,
                        const struct km_registry_page *page, const char *account,
                        struct km_values filters)
{
    struct km_value values[4 + KM_LIST_FILTERS_MAX] = {0};
    list->sql = sql;
    KM_TRY(place(list, page));
    if (filters.n_items > KM_LIST_FILTERS_MAX)
        return KM_REG_FAIL(list->reg, KM_E_INTERNAL, "a list with %zu filters", filters.n_items);
    values[0] = km_value_text(account);
    values[1] = km_value_number(list->at.number);
    values[2] = km_value_text(list->at.text);
    values[3] = km_value_number((int64_t)list->limit + 1);
    for (size_t i = 0; i < filters.n_items; i++)
        values[4 + i] = filters.items[i];
    return km_reg_query(list->reg, list->at.is_descending ? sql->descending : sql->ascending,
                        (struct km_values){.items = values, .n_items = 4 + filters.n_items},
                        &list->query);
}

void *km_list_items(struct km_list *list, size_t item_size)
{
    void *items = km_arena_array(list->arena, list->limit, item_size);
    if (items == NULL)
        list->query.status = KM_REG_FAIL(list->reg, km_arena_status(list->arena),
                                         "the arena has no room for a page");
    return items;
}

bool km_list_next(struct km_list *list)
{
    if (!km_query_next(&list->query))
        return false;
    if (list->n_rows == list->limit) {
        list->has_more = true;
        return false;
    }
    list->n_rows++;
    if (list->sql->number_column >= 0)
        list->at.number = km_query_number(&list->query, list->sql->number_column);
    list->at.text[0] = '\0';
    if (list->sql->text_column >= 0)
        km_query_copy(&list->query, list->sql->text_column, list->at.text, KM_MARKER_KEY_MAX);
    return true;
}

km_status km_list_finish(struct km_list *list, const char **ret_next)
{
    char text[KM_MARKER_TEXT_ROOM] = {0};
    const char *next = NULL;
    KM_TRY(km_query_finish(&list->query));
    if (list->has_more) {
        size_t len = km_marker_print(&list->at, text);
        next = km_arena_text(list->arena, KM_SLICE(text, len));
        if (next == NULL)
            return KM_REG_FAIL(list->reg, KM_E_LIMIT, "the arena has no room for a marker");
    }
    *ret_next = next;
    return KM_OK;
}

void km_list_end(struct km_list *list)
{
    km_query_end(&list->query);
}

km_status km_list_names(struct km_registry *reg, struct km_arena *arena,
                        const struct km_list_sql *sql, const struct km_registry_page *page,
                        const char *account, struct km_values filters,
                        struct km_registry_names *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    KM_TRY(km_list_start(&list, sql, page, account, filters));
    const char **names = km_list_items(&list, sizeof(*names));
    while (names != NULL && km_list_next(&list))
        names[list.n_rows - 1] = km_query_text(&list.query, arena, 0);
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret = (struct km_registry_names){.names = names, .n_names = list.n_rows, .next = next};
    return KM_OK;
}
