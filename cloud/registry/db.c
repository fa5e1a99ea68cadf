/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/db.h"

#include <string.h>

#include "common/km_loop.h"

struct km_value km_value_number(int64_t number)
{
    return (struct km_value){.kind = KM_VALUE_NUMBER, .number = number};
}

struct km_value km_value_text(const char *text)
{
    if (text == NULL)
        return (struct km_value){.kind = KM_VALUE_TEXT, .is_null = true};
    return (struct km_value){.kind = KM_VALUE_TEXT, .bytes = KM_SLICE_STR(text)};
}

struct km_value km_value_blob(struct km_slice bytes)
{
    return (struct km_value){.kind = KM_VALUE_BLOB, .is_null = bytes.ptr == NULL, .bytes = bytes};
}

void km_db_close(struct km_db *db)
{
    if (db != NULL)
        db->ops->close(db);
}

bool km_db_is_over(const struct km_db *db)
{
    return db->budget_end_ms != 0 && km_loop_now_ms() >= db->budget_end_ms;
}

int64_t km_db_deadline(const struct km_db *db, unsigned ms)
{
    int64_t end_ms = km_loop_now_ms() + ms;
    return db->budget_end_ms != 0 && db->budget_end_ms < end_ms ? db->budget_end_ms : end_ms;
}

km_status km_query_start(struct km_db *db, struct km_err *err, const char *sql,
                         struct km_values values, struct km_query *ret)
{
    if (km_db_is_over(db)) {
        *ret = (struct km_query){0};
        return KM_FAIL(err, KM_E_TIMEOUT, "the database took too long for what was asked before");
    }
    *ret = (struct km_query){.db = db, .err = err};
    km_status status = db->ops->start(ret, sql, values);
    if (status != KM_OK)
        *ret = (struct km_query){0};
    return status;
}

bool km_query_next(struct km_query *query)
{
    bool has_row = false;
    if (query->status != KM_OK)
        return false;
    query->status = query->db->ops->next(query, &has_row);
    return query->status == KM_OK && has_row;
}

km_status km_query_finish(struct km_query *query)
{
    km_status status = query->status;
    km_query_end(query);
    return status;
}

void km_query_end(struct km_query *query)
{
    if (query->db != NULL)
        query->db->ops->end(query);
    *query = (struct km_query){0};
}

int64_t km_query_number(struct km_query *query, int column)
{
    return query->db->ops->number(query, column);
}

bool km_query_flag(struct km_query *query, int column)
{
    return km_query_number(query, column) != 0;
}

static void note(struct km_query *query, km_status status, const char *what)
{
    if (query->status == KM_OK)
        query->status = KM_FAIL(query->err, status, "%s", what);
}

const char *km_query_text(struct km_query *query, struct km_arena *arena, int column)
{
    if (query->db->ops->is_null(query, column))
        return NULL;
    const char *text = km_arena_text(arena, query->db->ops->bytes(query, column));
    if (text == NULL)
        note(query, km_arena_status(arena), "the arena has no room for the answer");
    return text;
}

struct km_slice km_query_blob(struct km_query *query, struct km_arena *arena, int column)
{
    const char *copy = km_query_text(query, arena, column);
    size_t len = copy == NULL ? 0 : query->db->ops->bytes(query, column).len;
    return KM_SLICE(copy, len);
}

void km_query_copy(struct km_query *query, int column, char *ret, size_t len)
{
    struct km_slice text = km_query_view(query, column);
    if (text.len > len) {
        note(query, KM_E_CORRUPT, "a stored text is longer than its bound");
        text.len = 0;
    }
    km_copy(ret, len, text.ptr, text.len);
    ret[text.len] = '\0';
}

struct km_slice km_query_view(struct km_query *query, int column)
{
    if (query->db->ops->is_null(query, column))
        return (struct km_slice){0};
    return query->db->ops->bytes(query, column);
}
