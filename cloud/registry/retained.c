/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_retained.h"

#include "cloud/registry/internal.h"

static km_status check(struct km_registry *reg, const char *account, const char *topic)
{
    KM_TRY(km_reg_check_account(reg, account));
    return km_reg_check_text(reg, "a topic", topic, 1, KM_RETAINED_TOPIC_MAX);
}

/* ---- writing ---- */

static km_status take_away(struct km_registry *reg, const char *account, const char *topic)
{
    return km_reg_run(reg, "DELETE FROM retained WHERE account = ?1 AND topic = ?2",
                      KM_VALUES(km_value_text(account), km_value_text(topic)), NULL);
}

static km_status check_sum(struct km_registry *reg, const char *account)
{
    int64_t n_messages = 0;
    int64_t n_octets = 0;
    KM_TRY(km_reg_number(reg, "SELECT count(*) FROM retained WHERE account = ?1",
                         KM_VALUES(km_value_text(account)), &n_messages));
    KM_TRY(km_reg_number(
        reg, "SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM retained WHERE account = ?1",
        KM_VALUES(km_value_text(account)), &n_octets));
    if (n_messages > KM_RETAINED_MESSAGES_MAX || n_octets > KM_RETAINED_OCTETS_MAX)
        return KM_REG_FAIL(reg, KM_E_LIMIT,
                           "more than %d retained messages, or %lld octets of them",
                           KM_RETAINED_MESSAGES_MAX, (long long)KM_RETAINED_OCTETS_MAX);
    return KM_OK;
}

static km_status put(struct km_registry *reg, const char *account,
                     const struct km_registry_retained *message)
{
    static const char sql[] =
        "INSERT INTO retained (account, topic, qos, modified_ms, size, payload)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (account, topic) DO UPDATE"
        " SET qos = excluded.qos, modified_ms = excluded.modified_ms, size = excluded.size,"
        " payload = excluded.payload";
    if (message->payload.len == 0)
        return take_away(reg, account, message->topic);
    KM_TRY(km_reg_run(
        reg, sql,
        KM_VALUES(km_value_text(account), km_value_text(message->topic),
                  km_value_number(message->qos), km_value_number(message->modified_ms),
                  km_value_number((int64_t)message->payload.len), km_value_blob(message->payload)),
        NULL));
    return check_sum(reg, account);
}

km_status km_registry_retained_put(struct km_registry *reg, const char *account,
                                   const struct km_registry_retained *message)
{
    km_reg_enter(reg);
    KM_TRY(check(reg, account, message->topic));
    if (message->qos > 1 || message->payload.len > KM_PAYLOAD_OCTETS_MAX)
        return KM_REG_FAIL(reg, KM_E_ARG, "a retained message has QoS 0 or 1 and at most %u octets",
                           KM_PAYLOAD_OCTETS_MAX);
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    return km_reg_write_end(reg, put(reg, account, message));
}

/* ---- reading ---- */

km_status km_registry_retained_get(struct km_registry *reg, struct km_arena *arena,
                                   const char *account, const char *topic,
                                   struct km_registry_retained *ret)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_retained message = {0};
    km_reg_enter(reg);
    KM_TRY(check(reg, account, topic));
    KM_TRY(km_reg_query(reg,
                        "SELECT topic, qos, modified_ms, payload FROM retained"
                        " WHERE account = ?1 AND topic = ?2",
                        KM_VALUES(km_value_text(account), km_value_text(topic)), &query));
    bool has_row = km_query_next(&query);
    if (has_row)
        message = (struct km_registry_retained){
            .topic = km_query_text(&query, arena, 0),
            .qos = (unsigned)km_query_number(&query, 1),
            .modified_ms = km_query_number(&query, 2),
            .payload = km_query_blob(&query, arena, 3),
        };
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "no message is retained on %.100s", topic);
    *ret = message;
    return KM_OK;
}

static const struct km_list_sql list_all = KM_LIST_BY_TEXT(
    KM_LIST_TAG_RETAINED, "SELECT topic, qos, modified_ms, size FROM retained WHERE account = ?1",
    "topic", 0);

km_status km_registry_retained_list(struct km_registry *reg, struct km_arena *arena,
                                    const char *account, const struct km_registry_page *page,
                                    struct km_registry_retained_list *ret)
{
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_list_start(&list, &list_all, page, account, KM_NO_VALUES));
    struct km_registry_retained *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = (struct km_registry_retained){
            .topic = km_query_text(&list.query, arena, 0),
            .qos = (unsigned)km_query_number(&list.query, 1),
            .modified_ms = km_query_number(&list.query, 2),
            .payload = KM_SLICE(NULL, (size_t)km_query_number(&list.query, 3)),
        };
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret = (struct km_registry_retained_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}
