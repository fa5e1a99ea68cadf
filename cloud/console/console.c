/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/console/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cloud/common/json.h"
#include "cloud/console/assets.h"
#include "cloud/console/private.h"
#include "cloud/control/exception.h"
#include "common/km_log.h"

#define ROOT "/console"
#define API ROOT "/api/"
#define AWS API "aws"
#define CSRF_HEADER "X-Keymoor-CSRF"
/* Pages use what comes from here, as files, and nothing else; nobody frames them. */
#define POLICY                                                                                     \
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src " \
    "'none'; require-trusted-types-for 'script'"

/* ---- answers ---- */

static void add(struct km_http_reply *reply, const char *name, const char *value)
{
    reply->headers[reply->n_headers++] = (struct km_http_reply_header){name, value};
}

static struct km_http_reply reply_of(unsigned status, const char *type, const char *caching)
{
    struct km_http_reply reply = {.status = status, .content_type = type};
    add(&reply, "Content-Security-Policy", POLICY);
    add(&reply, "X-Content-Type-Options", "nosniff");
    add(&reply, "Referrer-Policy", "no-referrer");
    add(&reply, "Cross-Origin-Opener-Policy", "same-origin");
    add(&reply, "Cross-Origin-Resource-Policy", "same-origin");
    add(&reply, "Cache-Control", caching);
    return reply;
}

void console_answer(struct km_http_exchange *exchange, const struct console_call *call,
                    unsigned status, json_t *reply)
{
    struct km_http_reply http = reply_of(status, "application/json", "no-store");
    KM_AUTO(km_json_text_clear) struct km_json_text text = {0};
    char retry[24] = {0};
    if (km_json_print(NULL, reply, CONSOLE_REPLY_MAX, &text) != KM_OK)
        http.status = 500;
    json_decref(reply);
    if (call != NULL && call->cookie[0] != '\0')
        add(&http, "Set-Cookie", call->cookie);
    if (call != NULL && call->retry_ms > 0) {
        (void)snprintf(retry, sizeof(retry), "%lld", (long long)(call->retry_ms + 999) / 1000);
        add(&http, "Retry-After", retry);
    }
    http.body = text.ptr;
    http.body_len = text.len;
    text = (struct km_json_text){0};
    km_http_answer(exchange, &http);
}

static unsigned status_of(km_status status)
{
    static const struct {
        km_status status;
        unsigned http;
    } known[] = {
        {KM_OK, 200},         {KM_E_ARG, 400},     {KM_E_MALFORMED, 400},
        {KM_E_LIMIT, 400},    {KM_E_AUTH, 401},    {KM_E_DENIED, 403},
        {KM_E_NOTFOUND, 404}, {KM_E_EXISTS, 409},  {KM_E_UNSUPPORTED, 405},
        {KM_E_BUSY, 429},     {KM_E_TIMEOUT, 503}, {KM_E_DEAD, 503},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(known); i++) {
        if (known[i].status == status)
            return known[i].http;
    }
    return 500;
}

static void end(struct console_call *call, km_status status)
{
    unsigned http = call->status != 0 ? call->status : status_of(status);
    json_decref(call->body);
    if (call->is_later)
        return;
    if (http >= 500)
        km_log_err(KM_LOG_ERROR, &call->err, "console");
    if (status != KM_OK) {
        json_decref(call->reply);
        call->reply =
            json_pack("{s:s}", "message", http < 500 ? call->err.text : km_status_name(status));
    }
    console_answer(call->exchange, call, http, call->reply != NULL ? call->reply : json_object());
    km_wipe(call->cookie, sizeof(call->cookie));
}

/* ---- what handlers ask for ---- */

const char *console_text(const struct console_call *call, const char *name)
{
    return json_string_value(json_object_get(call->body, name));
}

km_status console_registry(struct console_call *call, km_status status)
{
    if (status == KM_OK)
        return KM_OK;
    return KM_FAIL(&call->err, status, "%s",
                   km_registry_err(call->console->control->registry)->text);
}

/* ---- who may ask ---- */

static bool is(struct km_slice slice, const char *text)
{
    return km_slice_equal(slice, KM_SLICE_STR(text));
}

/* ahead: takes prefix off the front of *slice, if it stands there. */
static bool ahead(struct km_slice *slice, const char *prefix)
{
    size_t len = strlen(prefix);
    if (slice->len < len || !is(KM_SLICE(slice->ptr, len), prefix))
        return false;
    *slice = KM_SLICE(slice->ptr + len, slice->len - len);
    return true;
}

/* Browsers say where a request comes from; pages of others have no business here, whatever else they bring. */
static km_status check_origin(struct console_call *call)
{
    struct km_slice site = {0};
    struct km_slice origin = {0};
    struct km_slice host = {0};
    if (km_http_header(call->request, "Sec-Fetch-Site", &site) && !is(site, "same-origin"))
        return KM_FAIL(&call->err, KM_E_DENIED,
                       "the request does not come from the console's page");
    if (!km_http_header(call->request, "Origin", &origin))
        return KM_OK;
    if ((!ahead(&origin, "https://") && !ahead(&origin, "http://")) ||
        !km_http_header(call->request, "Host", &host) || !km_slice_equal(origin, host))
        return KM_FAIL(&call->err, KM_E_DENIED,
                       "the request does not come from the console's page");
    return KM_OK;
}

/* A header that a form of another page can't send, with a value that it can't know. */
static km_status check_csrf(struct console_call *call)
{
    struct km_slice got = {0};
    if (!km_http_header(call->request, CSRF_HEADER, &got))
        return KM_FAIL(&call->err, KM_E_DENIED, "header " CSRF_HEADER " is missing");
    if (call->session != NULL &&
        (got.len != KM_SESSION_SECRET_LEN || !km_ct_equal(got.ptr, call->session->csrf, got.len)))
        return KM_FAIL(&call->err, KM_E_DENIED,
                       "header " CSRF_HEADER " is not that of the session");
    return KM_OK;
}

/* ---- the API ---- */

enum {
    NO_SESSION = 1u,
    NO_CSRF = 2u,
    IS_NO_USE = 4u /* does not keep the session from being idle */
};

static const struct route {
    const char *method;
    const char *path;
    unsigned flags;
    km_status (*run)(struct console_call *call);
} routes[] = {
    {"POST", API "login", NO_SESSION, console_login},
    {"POST", API "logout", 0, console_logout},
    {"POST", API "logout-everywhere", 0, console_logout_everywhere},
    {"GET", API "session", NO_CSRF, console_session},
    {"GET", API "live", IS_NO_USE, console_live},
    {"POST", API "subscriptions", 0, console_subscribe},
    {"POST", API "subscriptions/remove", 0, console_unsubscribe},
    {"POST", API "ca-check", 0, console_ca_check},
};

static km_status find_route(struct console_call *call, const struct route **ret)
{
    bool has_path = false;
    for (size_t i = 0; i < KM_ARRAY_LEN(routes); i++) {
        if (!is(call->target.path, routes[i].path))
            continue;
        has_path = true;
        if (!is(call->request->method, routes[i].method))
            continue;
        *ret = &routes[i];
        return KM_OK;
    }
    if (has_path)
        return KM_FAIL(&call->err, KM_E_UNSUPPORTED, "this can't be asked for with this method");
    return KM_FAIL(&call->err, KM_E_NOTFOUND, "the console's API has no such path");
}

static km_status admit(struct console_call *call, unsigned flags)
{
    KM_TRY(check_origin(call));
    if ((flags & NO_SESSION) == 0)
        KM_TRY(console_find_session(call, &call->session));
    if ((flags & NO_CSRF) == 0)
        KM_TRY(check_csrf(call));
    return call->session != NULL && (flags & IS_NO_USE) == 0 ? console_use_session(call) : KM_OK;
}

static km_status check_fault(struct console_call *call)
{
    if (call->request->fault == KM_HTTP_OK)
        return KM_OK;
    call->status = call->request->fault == KM_HTTP_BUSY ? 503 : 413;
    return KM_FAIL(&call->err, KM_E_LIMIT, "the request is too large");
}

static km_status run(struct console_call *call)
{
    const struct route *route = NULL;
    KM_TRY(check_fault(call));
    KM_TRY(find_route(call, &route));
    KM_TRY(admit(call, route->flags));
    if (is(call->request->method, "POST"))
        KM_TRY(
            km_json_object(&call->err, call->request->body, CONSOLE_BODY_DEPTH_MAX, &call->body));
    return route->run(call);
}

/* hand_on: to the control plane, as what it is without the console's path in front. */
static void hand_on(struct console_call *call)
{
    char principal[KM_PRINCIPAL_NAME_MAX + 1] = {0};
    struct km_http_request request = *call->request;
    km_status status = admit(call, 0);
    if (status == KM_OK && (!ahead(&request.target, AWS) || request.target.len == 0))
        status = KM_FAIL(&call->err, KM_E_NOTFOUND, "the console's API has no such path");
    if (status != KM_OK) {
        end(call, status);
        return;
    }
    (void)snprintf(principal, sizeof(principal), CONSOLE_PRINCIPAL "%s", call->session->name);
    const struct km_control_identity identity = {
        .account = call->session->account,
        .principal = principal,
        .services = 1u << KM_SERVICE_IOT | 1u << KM_SERVICE_DATA,
    };
    km_control_serve_as(call->console->config.control, call->exchange, &request, &identity);
}

/* ---- pages ---- */

static void send_page(struct km_http_exchange *exchange, const struct km_console_asset *asset)
{
    struct km_http_reply reply = reply_of(200, asset->type, "no-cache");
    size_t len = (size_t)(asset->end - asset->begin);
    reply.body = malloc(len);
    if (reply.body != NULL) {
        km_copy(reply.body, len, asset->begin, len);
        reply.body_len = len;
    } else {
        reply.status = 500;
    }
    km_http_answer(exchange, &reply);
}

static void serve_page(struct console_call *call)
{
    struct km_slice path = call->target.path;
    if (!ahead(&path, ROOT "/")) {
        struct km_http_reply moved = reply_of(308, NULL, "no-cache");
        add(&moved, "Location", ROOT "/");
        km_http_answer(call->exchange, &moved);
        return;
    }
    const struct km_console_asset *asset = km_console_asset_find(path);
    if (asset == NULL)
        end(call, KM_FAIL(&call->err, KM_E_NOTFOUND, "the console has no such page"));
    else if (!is(call->request->method, "GET") && !is(call->request->method, "HEAD"))
        end(call, KM_FAIL(&call->err, KM_E_UNSUPPORTED, "pages can only be read"));
    else
        send_page(call->exchange, asset);
}

/* ---- the service ---- */

static bool came_by_tls(const struct km_console *console, const struct km_http_request *request)
{
    struct km_slice scheme = {0};
    /* Who lies in this header gets a cookie that his browser does not send. */
    return console->config.is_tls ||
           (km_http_header(request, "X-Forwarded-Proto", &scheme) && is(scheme, "https"));
}

static void serve(void *arg, struct km_http_exchange *exchange,
                  const struct km_http_request *request)
{
    struct km_console *console = arg;
    uint8_t room[KM_TARGET_MAX] = {0};
    struct console_call call = {.console = console,
                                .exchange = exchange,
                                .request = request,
                                .is_secure = came_by_tls(console, request)};
    bool is_path = km_target_split(request->target, KM_SPAN(room, sizeof(room)), &call.target);
    struct km_slice rest = call.target.path;
    if (!is_path || !ahead(&rest, ROOT) || (rest.len > 0 && rest.ptr[0] != '/')) {
        const struct km_http_service next = km_control_service(console->config.control);
        next.serve(next.arg, exchange, request);
        return;
    }
    rest = call.target.path;
    if (ahead(&rest, AWS "/"))
        hand_on(&call);
    else if (ahead(&rest, API))
        end(&call, run(&call));
    else
        serve_page(&call);
    km_arena_reset(console->arena);
}

static size_t body_max(void *arg, struct km_slice method, struct km_slice target)
{
    const struct km_console *console = arg;
    const struct km_http_service next = km_control_service(console->config.control);
    return next.body_max(next.arg, method, target);
}

struct km_http_service km_console_service(struct km_console *console)
{
    return (struct km_http_service){.body_max = body_max, .serve = serve, .arg = console};
}

/* ---- brokers ---- */

static void on_message(void *arg, const struct km_bus_frame *frame)
{
    struct km_console *console = arg;
    for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
        if (console->sessions.items[i].serial != 0)
            (void)km_inbox_put(&console->sessions.items[i].inbox, frame);
    }
}

static void on_note(void *arg, const char *path, const struct km_err *failure, uint64_t n_lost)
{
    struct km_console *console = arg;
    (void)path; /* the control plane's own link logs when a broker is gone */
    (void)failure;
    console->n_lost += n_lost;
}

km_status console_watch(struct km_err *err, struct km_console *console)
{
    const char *filters[KM_SESSIONS_MAX * KM_INBOX_FILTERS_MAX] = {NULL};
    size_t n = 0;
    if (console->links == NULL)
        return KM_OK;
    for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
        const struct km_inbox *inbox = &console->sessions.items[i].inbox;
        for (size_t j = 0; j < inbox->n_filters; j++)
            filters[n++] = inbox->filters[j];
    }
    return links_watch(err, console->links, filters, n);
}

/* ---- life ---- */

static void console_freep(struct km_console **console)
{
    km_console_free(*console);
}

km_status km_console_new(struct km_err *err, struct km_loop *loop,
                         const struct km_console_config *config, struct km_console **ret)
{
    KM_AUTO(console_freep) struct km_console *console = calloc(1, sizeof(*console));
    if (console == NULL || (console->arena = km_arena_new(CONSOLE_ARENA_MAX)) == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "console");
    const struct links_host host = {.ctx = console, .message = on_message, .note = on_note};
    if (getentropy(&console->chance, sizeof(console->chance)) != 0)
        abort(); /* the kernel has no excuse for so few octets */
    console->config = *config;
    console->control = km_control_config(config->control);
    console->loop = loop;
    if (config->n_buses > 0)
        KM_TRY(links_new(err, loop, "console", config->buses, config->n_buses, &host,
                         &console->links));
    *ret = km_steal(&console);
    return KM_OK;
}

void km_console_free(struct km_console *console)
{
    if (console == NULL)
        return;
    links_freep(&console->links);
    km_sessions_clear(&console->sessions);
    km_arena_free(console->arena);
    free(console);
}

void km_console_tick(struct km_console *console)
{
    struct km_err err = {0};
    if (km_sessions_sweep(&console->sessions, km_loop_now_ms()) &&
        console_watch(&err, console) != KM_OK)
        km_log_err(KM_LOG_ERROR, &err, "console");
    if (console->links != NULL)
        links_tick(console->links);
    console_live_tick(console);
    km_arena_reset(console->arena);
}

int km_console_next_ms(const struct km_console *console)
{
    int next = console->links != NULL ? links_next_ms(console->links) : -1;
    for (size_t i = 0; i < KM_CONSOLE_WAITING_MAX; i++) {
        if (console->waiting[i].exchange != NULL && (next < 0 || next > KM_CONSOLE_LOOK_MS))
            next = KM_CONSOLE_LOOK_MS;
    }
    return next;
}
