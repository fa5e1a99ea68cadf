/* SPDX-License-Identifier: Apache-2.0 */
/* Login, logout, and whose session it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cloud/console/cookie.h"
#include "cloud/console/private.h"
#include "cloud/registry/registry_event.h"
#include "common/km_log.h"

#define EVENT_KIND "ConsoleLogin"
#define CHANCE_LEN 64
#define USE_PART                                                                                   \
    16 /* of the time after which a session is over: how exactly the registry knows when it was used */

/* The prefix has browsers refuse a cookie of this name from any other host, and without TLS. */
static const char *cookie_name(const struct console_call *call)
{
    return call->is_secure ? "__Host-keymoor" : "keymoor";
}

static void set_cookie(struct console_call *call, const char *value, const char *more)
{
    (void)snprintf(call->cookie, sizeof(call->cookie),
                   "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", cookie_name(call), value,
                   call->is_secure ? "; Secure" : "", more);
}

/* ---- who is there ---- */

static struct km_registry_console_limits limits_of(const struct km_console *console)
{
    int64_t idle_ms = console->config.idle_ms != 0 ? console->config.idle_ms : KM_SESSION_IDLE_MS;
    return (struct km_registry_console_limits){.idle_ms = idle_ms, .life_ms = KM_SESSION_LIFE_MS};
}

static km_status look_up(struct km_console *console, const char *id,
                         struct km_registry_console *ret)
{
    const struct km_registry_console_limits limits = limits_of(console);
    return km_registry_console_get(console->control->registry, console->arena, id, &limits, ret);
}

void console_forget(struct km_console *console, struct km_console_session *session)
{
    struct km_err err = {0};
    if (session == NULL)
        return;
    console_live_drop(console, session);
    km_session_end(session);
    if (console_watch(&err, console) != KM_OK)
        km_log_err(KM_LOG_ERROR, &err, "console");
}

bool console_is_over(struct km_console *console, const struct km_console_session *session)
{
    struct km_registry_console known = {0};
    return look_up(console, session->id, &known) == KM_E_NOTFOUND;
}

km_status console_find_session(struct console_call *call, struct km_console_session **ret)
{
    struct km_console *console = call->console;
    struct km_slice header = {0};
    struct km_slice token = {0};
    struct km_registry_console known = {0};
    char id[KM_SESSION_ID_LEN + 1] = {0};
    if (!km_http_header(call->request, "Cookie", &header) ||
        !km_console_cookie(header, cookie_name(call), &token))
        return KM_FAIL(&call->err, KM_E_AUTH, "not logged in");
    KM_TRY(km_session_id(&call->err, console->control->crypto, token, id));
    km_status status = look_up(console, id, &known);
    if (status == KM_E_NOTFOUND) {
        console_forget(console, km_session_find(&console->sessions, id));
        return KM_FAIL(&call->err, KM_E_AUTH, "not logged in");
    }
    KM_TRY(console_registry(call, status));
    call->idle_ms = known.idle_ms;
    *ret = km_session_seat(&console->sessions, id, &known, km_loop_now_ms());
    return KM_OK;
}

km_status console_use_session(struct console_call *call)
{
    /* Not with each request: the registry would be written to each time. */
    if (call->idle_ms < limits_of(call->console).idle_ms / USE_PART)
        return KM_OK;
    km_status status = km_registry_console_use(call->console->control->registry, call->session->id);
    return status == KM_E_NOTFOUND ? KM_OK : console_registry(call, status);
}

static json_t *description(const struct console_call *call)
{
    const struct km_control_config *control = call->console->control;
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", call->session->name, "account",
                     call->session->account, "region", control->region, "endpoint",
                     control->endpoint, "csrf", call->session->csrf);
}

km_status console_session(struct console_call *call)
{
    call->reply = description(call);
    return KM_OK;
}

/* ---- in ---- */

static void note(struct console_call *call, const char *account, const char *name, bool is_success)
{
    char principal[KM_PRINCIPAL_NAME_MAX + 1] = {0};
    (void)snprintf(principal, sizeof(principal), CONSOLE_PRINCIPAL "%s", name);
    const struct km_registry_event event = {
        .account = account,
        .kind = EVENT_KIND,
        .is_success = is_success,
        .principal = principal,
        .address = call->request->address,
        .reason = is_success ? NULL : "wrong password",
    };
    if (km_registry_event_add(call->console->control->registry, &event) != KM_OK)
        km_log_err(KM_LOG_ERROR, km_registry_err(call->console->control->registry),
                   "event of a login");
}

/* check: whether it is this user's password; the time that it takes does not tell whether there is such a user. */
static km_status check(struct console_call *call, const char *name, const char *password,
                       struct km_console_user *ret)
{
    struct km_console *console = call->console;
    struct km_err inner = {0};
    km_status found =
        km_console_user_find(&inner, console->control->registry, console->arena, name, ret);
    if (found != KM_OK && found != KM_E_NOTFOUND)
        return KM_FAIL(&call->err, found, "%s", inner.text);
    km_status status = km_console_user_check(&call->err, console->control->crypto, ret->record,
                                             KM_SLICE_STR(password));
    if (found == KM_OK && (status == KM_OK || status == KM_E_AUTH))
        note(call, ret->account, name, status == KM_OK);
    if (found == KM_E_NOTFOUND)
        km_log(KM_LOG_INFO, "console login from %s for a name that is no user's",
               call->request->address);
    return status;
}

/* leave: the session is over at every control plane. */
static km_status leave(struct console_call *call, struct km_console_session *session)
{
    KM_TRY(console_registry(
        call, km_registry_console_end(call->console->control->registry, session->id)));
    console_forget(call->console, session);
    return KM_OK;
}

/* A user who was taken away while his password was checked has no session either. */
static km_status check_is_still_there(struct console_call *call, const char *name,
                                      const struct km_console_user *user)
{
    struct km_console_user now = {0};
    struct km_err inner = {0};
    km_status status = km_console_user_find(&inner, call->console->control->registry,
                                            call->console->arena, name, &now);
    if (status == KM_E_NOTFOUND || (status == KM_OK && strcmp(now.record, user->record) != 0))
        return KM_FAIL(&call->err, KM_E_AUTH, "wrong name or password");
    return status == KM_OK ? KM_OK : KM_FAIL(&call->err, status, "%s", inner.text);
}

/* begin: a session of its own, whatever cookie the browser brought; what that stood for is over, since somebody else may know it. */
static km_status begin(struct console_call *call, const char *name,
                       const struct km_console_user *user, const struct km_session_secrets *secrets)
{
    struct km_console *console = call->console;
    struct km_console_session *before = NULL;
    struct km_err none = {0};
    const struct km_registry_console_limits limits = limits_of(console);
    const struct km_registry_console session = {
        .account = user->account, .name = name, .csrf = secrets->csrf};
    if (console_find_session(call, &before) == KM_OK)
        KM_TRY(leave(call, before));
    call->err = none; /* most bring no cookie, which is no failure */
    KM_TRY(console_registry(
        call, km_registry_console_add(console->control->registry, secrets->id, &session, &limits)));
    call->session = km_session_seat(&console->sessions, secrets->id, &session, km_loop_now_ms());
    km_status status = check_is_still_there(call, name, user);
    if (status != KM_OK) {
        (void)leave(call, call->session);
        return status;
    }
    set_cookie(call, secrets->token, "");
    call->reply = description(call);
    return KM_OK;
}

static km_status begin_new(struct console_call *call, const char *name,
                           const struct km_console_user *user)
{
    uint8_t chance[CHANCE_LEN] = {0};
    struct km_session_secrets secrets = {.token = ""};
    if (getentropy(chance, sizeof(chance)) != 0)
        abort(); /* the kernel has no excuse for so few octets */
    KM_TRY(km_session_secrets_make(&call->err, call->console->control->crypto,
                                   KM_SPAN(chance, sizeof(chance)), &secrets));
    km_status status = begin(call, name, user, &secrets);
    km_wipe(&secrets, sizeof(secrets));
    return status;
}

km_status console_login(struct console_call *call)
{
    struct km_throttle *throttle = &call->console->throttle;
    const char *address = call->request->address[0] != '\0' ? call->request->address : "unknown";
    const char *name = console_text(call, "name");
    const char *password = console_text(call, "password");
    struct km_console_user user = {0};
    if (name == NULL || password == NULL)
        return KM_FAIL(&call->err, KM_E_ARG, "name and password must be there");
    call->retry_ms = km_throttle_ask(throttle, address, km_loop_now_ms());
    if (call->retry_ms > 0)
        return KM_FAIL(&call->err, KM_E_BUSY, "too many attempts: wait %lld seconds",
                       (long long)(call->retry_ms + 999) / 1000);
    km_status status = check(call, name, password, &user);
    if (status == KM_E_AUTH)
        km_throttle_failed(throttle, address, km_loop_now_ms());
    KM_TRY(status);
    km_throttle_passed(throttle, address);
    return begin_new(call, name, &user);
}

/* ---- out ---- */

static void clear_cookie(struct console_call *call)
{
    call->session = NULL;
    set_cookie(call, "", "; Max-Age=0");
}

km_status console_logout(struct console_call *call)
{
    KM_TRY(leave(call, call->session));
    clear_cookie(call);
    return KM_OK;
}

km_status console_logout_everywhere(struct console_call *call)
{
    struct km_console_session *items = call->console->sessions.items;
    char account[KM_ACCOUNT_LEN + 1] = {0};
    char name[KM_CONSOLE_NAME_MAX + 1] = {0};
    km_copy(account, sizeof(account), call->session->account, sizeof(account));
    km_copy(name, sizeof(name), call->session->name, sizeof(name));
    KM_TRY(console_registry(
        call, km_registry_console_end_all(call->console->control->registry, account, name)));
    for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
        if (strcmp(items[i].name, name) == 0 && strcmp(items[i].account, account) == 0)
            console_forget(call->console, &items[i]);
    }
    clear_cookie(call);
    return KM_OK;
}
