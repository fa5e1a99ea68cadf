/* SPDX-License-Identifier: Apache-2.0 */
/* What happens: the registry's events, and the messages that a session has subscribed to. */
#include <stdio.h>
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/console/private.h"
#include "cloud/control/base64.h"
#include "cloud/registry/registry_event.h"
#include "common/km_log.h"
#include "common/km_option.h"

#define EVENTS_FIRST 100u /* that somebody gets who has none yet */
#define MESSAGES_AT_ONCE 64u
#define WAITING_OF_SESSION 3u

/* ---- JSON ---- */

static json_t *event_json(const struct km_registry_event *event)
{
    json_t *detail =
        event->detail != NULL ? km_json_read(KM_SLICE_STR(event->detail), 0, NULL) : NULL;
    return json_pack("{s:I, s:I, s:s, s:b, s:s*, s:s*, s:s*, s:s*, s:s*, s:o*}", "id",
                     (json_int_t)event->id, "timeMs", (json_int_t)event->time_ms, "kind",
                     event->kind, "success", event->is_success, "clientId", event->client_id,
                     "certificateId", event->certificate_id, "principal", event->principal,
                     "address", event->address, "reason", event->reason, "detail", detail);
}

/* Octets that are no text travel in base64. */
static json_t *payload_json(struct km_arena *arena, struct km_slice payload, const char **ret_name)
{
    *ret_name = "payload";
    if (km_utf8_valid(payload))
        return json_stringn((const char *)payload.ptr, payload.len);
    *ret_name = "payloadBase64";
    const char *text = km_base64_encode(arena, payload);
    return text != NULL ? json_string(text) : NULL;
}

static json_t *message_json(struct km_arena *arena, const struct km_inbox_message *message)
{
    const char *name = NULL;
    json_t *payload = payload_json(arena, message->payload, &name);
    return json_pack("{s:I, s:I, s:i, s:b, s:s%, s:s%, s:o}", "number", (json_int_t)message->number,
                     "timeMs", (json_int_t)message->time_ms, "qos", (int)message->qos, "retain",
                     message->retain, "topic", message->topic.ptr, message->topic.len, "clientId",
                     message->client_id.ptr, message->client_id.len, name, payload);
}

/* ---- what is there ---- */

/* events_after: in their order; 0: the newest ones. Returns owned, NULL when memory is short. */
static km_status events_after(struct km_console *console, const char *account, int64_t after,
                              json_t **ret)
{
    const struct km_registry_event_filter filter = {.account = account, .after_id = after};
    const struct km_registry_page page = {.is_descending = after == 0,
                                          .limit = after == 0 ? EVENTS_FIRST : 0};
    struct km_registry_event_list list = {0};
    KM_TRY(
        km_registry_event_list(console->control->registry, console->arena, &filter, &page, &list));
    json_t *events = json_array();
    for (size_t i = 0; i < list.n_items; i++) {
        size_t at = after == 0 ? list.n_items - 1 - i : i;
        (void)json_array_append_new(events, event_json(&list.items[at]));
    }
    *ret = events;
    return KM_OK;
}

static json_t *messages_after(struct km_console *console, const struct km_inbox *inbox,
                              uint64_t after)
{
    json_t *messages = json_array();
    const struct km_inbox_message *message = km_inbox_next(inbox, after);
    for (size_t i = 0; i < MESSAGES_AT_ONCE && message != NULL; i++) {
        (void)json_array_append_new(messages, message_json(console->arena, message));
        message = km_inbox_next(inbox, message->number);
    }
    return messages;
}

static json_t *subscriptions_json(const struct km_inbox *inbox)
{
    json_t *filters = json_array();
    for (size_t i = 0; i < inbox->n_filters; i++)
        (void)json_array_append_new(filters, json_string(inbox->filters[i]));
    return filters;
}

/* news: takes events. */
static json_t *news(struct km_console *console, const struct km_console_session *session,
                    uint64_t after_message, json_t *events)
{
    unsigned n_up = console->links != NULL ? links_n_up(console->links) : 0;
    char seat[2 * 16 + 2] = {0};
    (void)snprintf(seat, sizeof(seat), "%016llx-%llx", (unsigned long long)console->chance,
                   (unsigned long long)session->serial);
    return json_pack(
        "{s:o, s:o, s:o, s:I, s:i, s:I, s:s}", "events", events != NULL ? events : json_array(),
        "messages", messages_after(console, &session->inbox, after_message), "subscriptions",
        subscriptions_json(&session->inbox), "lastMessage", (json_int_t)session->inbox.last,
        "brokers", (int)n_up, "lost", (json_int_t)console->n_lost, "seat", seat);
}

/* ---- who waits ---- */

static void release(struct console_waiting *waiting, unsigned status, json_t *reply)
{
    struct km_http_exchange *exchange = waiting->exchange;
    *waiting = (struct console_waiting){0};
    console_answer(exchange, NULL, status, reply);
}

/* The seat was needed for somebody else: the session may well go on, and the page asks again. */
static void release_unseated(struct console_waiting *waiting)
{
    release(waiting, 503, json_pack("{s:s}", "message", "too many use the console: ask again"));
}

static void release_gone(struct console_waiting *waiting)
{
    release(waiting, 401, json_pack("{s:s}", "message", "not logged in"));
}

void console_live_drop(struct km_console *console, const struct km_console_session *session)
{
    for (size_t i = 0; i < KM_CONSOLE_WAITING_MAX; i++) {
        if (console->waiting[i].exchange != NULL && console->waiting[i].session == session)
            release_gone(&console->waiting[i]);
    }
}

/* tick_one: is_to_look: events are asked for too. */
static void tick_one(struct km_console *console, struct console_waiting *waiting, int64_t now_ms,
                     bool is_to_look)
{
    struct km_console_session *session = waiting->session;
    json_t *events = NULL;
    if (session->serial != waiting->serial) {
        release_unseated(waiting);
        return;
    }
    if (is_to_look && console_is_over(console, session)) {
        console_forget(console, session);
        return;
    }
    bool has_news = km_inbox_next(&session->inbox, waiting->after_message) != NULL;
    if (is_to_look || has_news) {
        if (events_after(console, session->account, waiting->after_event, &events) != KM_OK)
            km_log_err(KM_LOG_ERROR, km_registry_err(console->control->registry), "console");
        has_news = has_news || json_array_size(events) > 0;
    }
    if (has_news || now_ms >= waiting->until_ms)
        release(waiting, 200, news(console, session, waiting->after_message, events));
    else
        json_decref(events);
}

void console_live_tick(struct km_console *console)
{
    int64_t now_ms = km_loop_now_ms();
    bool is_to_look = now_ms >= console->next_look_ms;
    if (is_to_look)
        console->next_look_ms = now_ms + KM_CONSOLE_LOOK_MS;
    for (size_t i = 0; i < KM_CONSOLE_WAITING_MAX; i++) {
        if (console->waiting[i].exchange != NULL)
            tick_one(console, &console->waiting[i], now_ms, is_to_look);
    }
}

/* place: a free one. A session that has its share gives up the request that waits for longest, and so does everybody together. */
static struct console_waiting *place(struct km_console *console,
                                     const struct km_console_session *session)
{
    struct console_waiting *empty = NULL;
    struct console_waiting *own = NULL;
    struct console_waiting *oldest = NULL;
    size_t n_own = 0;
    for (size_t i = 0; i < KM_CONSOLE_WAITING_MAX; i++) {
        struct console_waiting *one = &console->waiting[i];
        if (one->exchange == NULL) {
            empty = one;
            continue;
        }
        if (oldest == NULL || one->until_ms < oldest->until_ms)
            oldest = one;
        if (one->session != session)
            continue;
        n_own++;
        if (own == NULL || one->until_ms < own->until_ms)
            own = one;
    }
    struct console_waiting *ret = n_own >= WAITING_OF_SESSION ? own : empty;
    if (ret == NULL)
        ret = oldest;
    if (ret->exchange != NULL && ret->session->serial != ret->serial)
        release_unseated(ret);
    else if (ret->exchange != NULL)
        release(ret, 200, news(console, ret->session, ret->after_message, NULL));
    return ret;
}

/* ---- handlers ---- */

/* number_of: a parameter of the query; 0 when it is not there. */
static km_status number_of(struct console_call *call, const char *name, uint64_t *ret)
{
    struct km_slice raw = {0};
    unsigned long number = 0;
    *ret = 0;
    if (!km_target_parameter(call->target.query, name, &raw))
        return KM_OK;
    const char *text = km_arena_text(call->console->arena, raw);
    if (text == NULL || !km_option_digits(text, 10, INT64_MAX, &number))
        return KM_FAIL(&call->err, KM_E_ARG, "%s must be a number", name);
    *ret = number;
    return KM_OK;
}

km_status console_live(struct console_call *call)
{
    struct km_console *console = call->console;
    uint64_t after_event = 0;
    uint64_t after_message = 0;
    json_t *events = NULL;
    KM_TRY(number_of(call, "event", &after_event));
    KM_TRY(number_of(call, "message", &after_message));
    KM_TRY(console_registry(
        call, events_after(console, call->session->account, (int64_t)after_event, &events)));
    if (after_event == 0 || json_array_size(events) > 0 ||
        km_inbox_next(&call->session->inbox, after_message) != NULL) {
        call->reply = news(console, call->session, after_message, events);
        return KM_OK;
    }
    json_decref(events);
    *place(console, call->session) = (struct console_waiting){
        .exchange = call->exchange,
        .session = call->session,
        .serial = call->session->serial,
        .after_event = (int64_t)after_event,
        .after_message = after_message,
        .until_ms = km_loop_now_ms() + KM_CONSOLE_LIVE_MS,
    };
    call->is_later = true;
    return KM_OK;
}

static km_status changed(struct console_call *call)
{
    KM_TRY(console_watch(&call->err, call->console));
    call->reply = json_pack("{s:o}", "subscriptions", subscriptions_json(&call->session->inbox));
    return KM_OK;
}

km_status console_subscribe(struct console_call *call)
{
    const char *filter = console_text(call, "filter");
    if (filter == NULL)
        return KM_FAIL(&call->err, KM_E_ARG, "filter must be there");
    if (call->console->links == NULL)
        return KM_FAIL(&call->err, KM_E_DEAD, "the control plane knows no broker");
    if (!km_control_has_brokers(call->console->control, call->session->account))
        return KM_FAIL(&call->err, KM_E_DEAD, "no broker serves account %s",
                       call->session->account);
    KM_TRY(km_inbox_subscribe(&call->err, &call->session->inbox, filter));
    return changed(call);
}

km_status console_unsubscribe(struct console_call *call)
{
    const char *filter = console_text(call, "filter");
    if (filter == NULL)
        return KM_FAIL(&call->err, KM_E_ARG, "filter must be there");
    KM_TRY(km_inbox_unsubscribe(&call->err, &call->session->inbox, filter));
    return changed(call);
}
