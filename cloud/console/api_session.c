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

/* is_still_user: a user that was deleted, or made anew, is out at once. */
static bool is_still_user(struct console_call *call, const struct km_console_session *session)
{
    struct km_console_user user = {0};
    struct km_err err = {0};
    return km_console_user_find(&err, call->console->control->registry, call->console->arena,
                                session->name, &user) == KM_OK &&
           strcmp(user.account, session->account) == 0 && strcmp(user.record, session->record) == 0;
}

struct km_console_session *console_find_session(struct console_call *call)
{
    struct km_slice header = {0};
    struct km_slice token = {0};
    if (!km_http_header(call->request, "Cookie", &header) ||
        !km_console_cookie(header, cookie_name(call), &token))
        return NULL;
    struct km_console_session *session = km_session_find(
        call->console->control->crypto, &call->console->sessions, token, km_loop_now_ms());
    return session != NULL && is_still_user(call, session) ? session : NULL;
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

/* leave: what waits for the session is answered, and brokers need not tell it anything any more. */
static km_status leave(struct console_call *call, struct km_console_session *session)
{
    console_live_drop(call->console, session);
    km_session_end(session);
    return console_watch(&call->err, call->console);
}

/* begin: a session of its own, whatever cookie the browser brought; what that stood for is over, since somebody else may know it. */
static km_status begin(struct console_call *call, const char *name,
                       const struct km_console_user *user)
{
    struct km_console_session *before = console_find_session(call);
    uint8_t chance[CHANCE_LEN] = {0};
    char token[KM_SESSION_SECRET_LEN + 1] = {0};
    if (getentropy(chance, sizeof(chance)) != 0)
        abort(); /* the kernel has no excuse for so few octets */
    if (before != NULL)
        KM_TRY(leave(call, before));
    KM_TRY(km_session_new(&call->err, call->console->control->crypto, &call->console->sessions,
                          user, name, KM_SPAN(chance, sizeof(chance)), km_loop_now_ms(), token,
                          &call->session));
    set_cookie(call, token, "");
    km_wipe(token, sizeof(token));
    call->reply = description(call);
    return KM_OK;
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
    return begin(call, name, &user);
}

/* ---- out ---- */

km_status console_logout(struct console_call *call)
{
    km_status status = leave(call, call->session);
    call->session = NULL;
    set_cookie(call, "", "; Max-Age=0");
    return status;
}
