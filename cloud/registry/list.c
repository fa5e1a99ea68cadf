/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages. A marker is base64 of: tag u8, direction u8, number u64be, text: the key of the page's last row, so it stays right
 * whatever is added or removed around it.
 */
#include "cloud/registry/internal.h"

#include <openssl/evp.h>
#include <string.h>

#define RAW_MAX (10 + KM_LIST_KEY_MAX)
#define RAW_ROOM (RAW_MAX + 3)
#define TEXT_ROOM ((RAW_MAX + 2) / 3 * 4 + 1)
/* Behind every text: the last character of Unicode. */
#define TEXT_TOP "\xf4\x8f\xbf\xbf"

static const char base64_chars[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* *ret_len octets of raw; false unless it is what the encoder would have written. */
static bool unbase64(const char *text, uint8_t raw[RAW_ROOM], size_t *ret_len)
{
    char again[TEXT_ROOM] = {0};
    size_t len = strnlen(text, TEXT_ROOM);
    size_t n_plain = strspn(text, base64_chars);
    if (len == 0 || len >= TEXT_ROOM || len % 4 != 0 || len - n_plain > 2)
        return false;
    if (strspn(text + n_plain, "=") != len - n_plain)
        return false;
    int got = EVP_DecodeBlock(raw, (const uint8_t *)text, (int)len);
    if (got < 0)
        return false;
    *ret_len = (size_t)got - (len - n_plain);
    (void)EVP_EncodeBlock((uint8_t *)again, raw, (int)*ret_len);
    return strcmp(again, text) == 0;
}

static bool marker_parse(struct km_list *list, const char *text)
{
    uint8_t raw[RAW_ROOM] = {0};
    size_t len = 0;
    uint8_t tag = 0;
    uint8_t is_descending = 0;
    uint64_t number = 0;
    struct km_slice key = {0};
    if (!unbase64(text, raw, &len))
        return false;
    struct km_rd rd = km_rd_init(KM_SLICE(raw, len));
    if (!km_rd_u8(&rd, &tag) || !km_rd_u8(&rd, &is_descending) || !km_rd_u64be(&rd, &number) ||
        !km_rd_bytes(&rd, km_rd_left(&rd), &key))
        return false;
    if (tag != list->sql->tag || is_descending != list->is_descending ||
        key.len > KM_LIST_KEY_MAX || !km_utf8_valid(key))
        return false;
    list->number = (int64_t)number;
    km_copy(list->text, KM_LIST_KEY_MAX, key.ptr, key.len);
    list->text[key.len] = '\0';
    return true;
}

static const char *marker_print(const struct km_list *list)
{
    uint8_t raw[RAW_MAX] = {0};
    char text[TEXT_ROOM] = {0};
    struct km_slice bytes = {0};
    struct km_wr wr = km_wr_init(raw, sizeof(raw));
    km_wr_u8(&wr, list->sql->tag);
    km_wr_u8(&wr, list->is_descending);
    km_wr_u64be(&wr, (uint64_t)list->number);
    km_wr_bytes(&wr, KM_SLICE_STR(list->text));
    if (!km_wr_finish(&wr, &bytes))
        return NULL;
    int len = EVP_EncodeBlock((uint8_t *)text, bytes.ptr, (int)bytes.len);
    return km_arena_text(list->arena, KM_SLICE(text, (size_t)len));
}

static km_status place(struct km_list *list, const struct km_registry_page *page)
{
    static const struct km_registry_page first = {0};
    if (page == NULL)
        page = &first;
    if (page->limit > KM_REGISTRY_PAGE_MAX)
        return KM_REG_FAIL(list->reg, KM_E_ARG, "a page has at most %d entries",
                           KM_REGISTRY_PAGE_MAX);
    list->limit = page->limit == 0 ? KM_REGISTRY_PAGE_MAX : page->limit;
    list->is_descending = page->is_descending;
    if (page->marker != NULL) {
        if (!marker_parse(list, page->marker))
            return KM_REG_FAIL(list->reg, KM_E_MALFORMED, "the marker is none of this list");
        return KM_OK;
    }
    list->number = page->is_descending ? INT64_MAX : INT64_MIN;
    if (page->is_descending)
        km_copy(list->text, KM_LIST_KEY_MAX, TEXT_TOP, sizeof(TEXT_TOP));
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
    values[1] = km_value_number(list->number);
    values[2] = km_value_text(list->text);
    values[3] = km_value_number((int64_t)list->limit + 1);
    for (size_t i = 0; i < filters.n_items; i++)
        values[4 + i] = filters.items[i];
    return km_reg_query(list->reg, list->is_descending ? sql->descending : sql->ascending,
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
        list->number = km_query_number(&list->query, list->sql->number_column);
    list->text[0] = '\0';
    if (list->sql->text_column >= 0)
        km_query_copy(&list->query, list->sql->text_column, list->text, KM_LIST_KEY_MAX);
    return true;
}

km_status km_list_finish(struct km_list *list, const char **ret_next)
{
    const char *next = NULL;
    KM_TRY(km_query_finish(&list->query));
    if (list->has_more) {
        next = marker_print(list);
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
