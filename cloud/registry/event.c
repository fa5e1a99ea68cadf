/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_event.h"

#include "cloud/registry/internal.h"

#include <stdlib.h>
#include <string.h>

/* Room for each text of an event that may have to be cut. */
struct cut {
    char client[KM_EVENT_CLIENT_MAX + 1];
    char principal[KM_EVENT_CLIENT_MAX + 1];
    char address[KM_EVENT_ADDRESS_MAX + 1];
    char reason[KM_EVENT_REASON_MAX + 1];
    char detail[KM_EVENT_DETAIL_MAX + 1];
};

/* text, or what of it fits into max octets without half a character at the end; NULL when it is not UTF-8. */
static km_status fit(struct km_registry *reg, const char *what, const char *text, char *room,
                     size_t max, const char **ret)
{
    *ret = NULL;
    if (text == NULL)
        return KM_OK;
    size_t len = strnlen(text, max + 1);
    if (len > max) {
        len = max;
        while (len > 0 && ((uint8_t)text[len] & 0xc0u) == 0x80u)
            len--;
    }
    if (!km_utf8_valid(KM_SLICE(text, len)))
        return KM_REG_FAIL(reg, KM_E_ARG, "%s is not UTF-8", what);
    km_copy(room, max, text, len);
    room[len] = '\0';
    *ret = room;
    return KM_OK;
}

static km_status check(struct km_registry *reg, const struct km_registry_event *event)
{
    static const char any_account[] = "000000000000";
    if (event->account != NULL)
        KM_TRY(km_reg_check_account(reg, event->account));
    if (event->certificate_id != NULL)
        KM_TRY(km_reg_check_id(reg, "a certificate's id", event->certificate_id));
    return km_reg_check_name(reg, any_account, "an event's kind", event->kind, KM_EVENT_KIND_MAX,
                             "-");
}

static km_status fit_all(struct km_registry *reg, const struct km_registry_event *event,
                         struct cut *cut, struct km_registry_event *ret)
{
    *ret = *event;
    KM_TRY(fit(reg, "a client id", event->client_id, cut->client, KM_EVENT_CLIENT_MAX,
               &ret->client_id));
    KM_TRY(fit(reg, "a principal", event->principal, cut->principal, KM_EVENT_CLIENT_MAX,
               &ret->principal));
    KM_TRY(
        fit(reg, "an address", event->address, cut->address, KM_EVENT_ADDRESS_MAX, &ret->address));
    KM_TRY(fit(reg, "a reason", event->reason, cut->reason, KM_EVENT_REASON_MAX, &ret->reason));
    KM_TRY(fit(reg, "a detail", event->detail, cut->detail, KM_EVENT_DETAIL_MAX, &ret->detail));
    if (ret->time_ms == 0)
        ret->time_ms = km_reg_now(reg);
    return KM_OK;
}

/* The newest always stays: the next id is counted from it. */
static km_status keep_newest(struct km_registry *reg, int64_t n_kept)
{
    return km_reg_run(reg,
                      "DELETE FROM event WHERE id <= (SELECT coalesce(max(id), 0) FROM event) - ?1",
                      KM_VALUES(km_value_number(n_kept)), NULL);
}

static km_status sweep(struct km_registry *reg, int64_t before_ms, int64_t keep_max)
{
    KM_TRY(km_reg_run(reg,
                      "DELETE FROM event WHERE time_ms < ?1"
                      " AND id < (SELECT coalesce(max(id), 0) FROM event)",
                      KM_VALUES(km_value_number(before_ms)), NULL));
    return keep_max == 0 ? KM_OK : keep_newest(reg, keep_max);
}

/* Writers of events come one by one, so ids grow in the order in which they can be read. */
static km_status insert(struct km_registry *reg, const struct km_registry_event *event)
{
    static const char sql[] =
        "INSERT INTO event (id, time_ms, account, kind, is_success, client_id, certificate_id,"
        " principal, address, reason, detail) SELECT coalesce(max(id), 0) + 1, ?1, ?2, ?3, ?4, ?5,"
        " ?6, ?7, ?8, ?9, ?10 FROM event RETURNING id";
    int64_t id = 0;
    KM_TRY(km_reg_number(reg, sql,
                         KM_VALUES(km_value_number(event->time_ms), km_value_text(event->account),
                                   km_value_text(event->kind), km_value_number(event->is_success),
                                   km_value_text(event->client_id),
                                   km_value_text(event->certificate_id),
                                   km_value_text(event->principal), km_value_text(event->address),
                                   km_value_text(event->reason), km_value_text(event->detail)),
                         &id));
    return km_reg_is_sweep_due(id) ? keep_newest(reg, reg->events_kept) : KM_OK;
}

km_status km_registry_event_add(struct km_registry *reg, const struct km_registry_event *event)
{
    struct cut cut = {.client = ""};
    struct km_registry_event fitted = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, event));
    KM_TRY(fit_all(reg, event, &cut, &fitted));
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_EVENT));
    return km_reg_write_end(reg, insert(reg, &fitted));
}

/* ---- reading ---- */

/* By what is asked for there is an index: other filters then choose among what that finds. */
#define COLUMNS                                                                                    \
    "id, time_ms, account, kind, is_success, client_id, certificate_id, principal, address,"       \
    " reason, detail"
#define FILTERS                                                                                    \
    " AND id > ?5 AND (?6 IS NULL OR kind = ?6) AND (?7 < 0 OR is_success = ?7)"                   \
    " AND time_ms >= ?8 AND (?9 = 0 OR time_ms < ?9)"
#define HEAD(more) "SELECT " COLUMNS " FROM event WHERE (?1 IS NULL OR account = ?1)" FILTERS more
static const struct km_list_sql list_all = KM_LIST_BY_NUMBER(KM_LIST_TAG_EVENT, HEAD(""), "id", 0);
static const struct km_list_sql list_of_client = KM_LIST_BY_NUMBER(
    KM_LIST_TAG_EVENT, HEAD(" AND client_id = ?10 AND (?11 IS NULL OR certificate_id = ?11)"), "id",
    0);
static const struct km_list_sql list_of_certificate =
    KM_LIST_BY_NUMBER(KM_LIST_TAG_EVENT, HEAD(" AND certificate_id = ?11"), "id", 0);

static struct km_registry_event take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_registry_event){
        .id = km_query_number(query, 0),
        .time_ms = km_query_number(query, 1),
        .account = km_query_text(query, arena, 2),
        .kind = km_query_text(query, arena, 3),
        .is_success = km_query_flag(query, 4),
        .client_id = km_query_text(query, arena, 5),
        .certificate_id = km_query_text(query, arena, 6),
        .principal = km_query_text(query, arena, 7),
        .address = km_query_text(query, arena, 8),
        .reason = km_query_text(query, arena, 9),
        .detail = km_query_text(query, arena, 10),
    };
}

static const struct km_list_sql *list_for(const struct km_registry_event_filter *filter)
{
    if (filter->client_id != NULL)
        return &list_of_client;
    return filter->certificate_id != NULL ? &list_of_certificate : &list_all;
}

static km_status check_filter(struct km_registry *reg,
                              const struct km_registry_event_filter *filter)
{
    if (filter->account != NULL)
        KM_TRY(km_reg_check_account(reg, filter->account));
    KM_TRY(km_reg_check_text(reg, "a kind", filter->kind, 0, KM_EVENT_KIND_MAX));
    KM_TRY(km_reg_check_text(reg, "a client id", filter->client_id, 0, KM_EVENT_CLIENT_MAX));
    if (filter->certificate_id != NULL)
        return km_reg_check_id(reg, "a certificate's id", filter->certificate_id);
    return KM_OK;
}

km_status km_registry_event_list(struct km_registry *reg, struct km_arena *arena,
                                 const struct km_registry_event_filter *filter,
                                 const struct km_registry_page *page,
                                 struct km_registry_event_list *ret)
{
    static const struct km_registry_event_filter any = {0};
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    if (filter == NULL)
        filter = &any;
    km_reg_enter(reg);
    KM_TRY(check_filter(reg, filter));
    KM_TRY(km_list_start(
        &list, list_for(filter), page, filter->account,
        KM_VALUES(km_value_number(filter->after_id), km_value_text(filter->kind),
                  km_value_number(filter->is_success == NULL ? -1 : *filter->is_success),
                  km_value_number(filter->from_ms), km_value_number(filter->before_ms),
                  km_value_text(filter->client_id), km_value_text(filter->certificate_id))));
    struct km_registry_event *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = take(&list.query, arena);
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret = (struct km_registry_event_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}

km_status km_registry_event_sweep(struct km_registry *reg, int64_t before_ms, int64_t keep_max)
{
    km_reg_enter(reg);
    if (keep_max < 0)
        return KM_REG_FAIL(reg, KM_E_ARG, "keep_max is a number of events");
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_EVENT));
    return km_reg_write_end(reg, sweep(reg, before_ms, keep_max));
}
