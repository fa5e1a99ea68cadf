/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/companion/lookup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cloud/common/json.h"
#include "cloud/registry/registry_account.h"
#include "cloud/registry/registry_event.h"
#include "cloud/registry/registry_function.h"

#define ARENA_MAX (KM_FUNCTION_CODE_MAX + ((size_t)4 << 20))
#define IOT "iot.amazonaws.com"

km_status lookup_init(struct km_err *err, struct km_registry *registry, const char *region,
                      void (*note)(const struct km_err *err, const char *function),
                      struct lookup *ret)
{
    *ret = (struct lookup){.registry = registry, .region = region, .note = note};
    ret->arena = km_arena_new(ARENA_MAX);
    return ret->arena != NULL ? KM_OK : KM_FAIL(err, KM_E_NOMEM, "no memory for functions");
}

void lookup_clear(struct lookup *lookup)
{
    km_function_config_free(lookup->config);
    km_arena_free(lookup->arena);
    *lookup = (struct lookup){.registry = NULL};
}

/* The registry's own words for what it answered. */
static km_status because(struct km_err *err, const struct km_registry *registry, km_status status)
{
    if (status != KM_OK && err != NULL && err->status == KM_OK)
        *err = *km_registry_err(registry);
    return status;
}

/* Base64 as a file can be named: its digest names the code. */
static void name_code(const char *sha256, char *ret, size_t cap)
{
    size_t n = 0;
    for (const char *at = sha256; *at != '\0' && *at != '=' && n + 1 < cap; at++)
        ret[n++] = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    ret[n] = '\0';
}

static void name_version(struct lookup *lookup)
{
    if (lookup->number == KM_FUNCTION_LATEST)
        snprintf(lookup->version, sizeof lookup->version, "%s", KM_FUNCTION_LATEST_TEXT);
    else
        snprintf(lookup->version, sizeof lookup->version, "%" PRId64, lookup->number);
}

static km_status load(void *ctx, struct km_err *err, const struct km_function_name *name,
                      struct km_function *ret, void **ret_handle)
{
    struct lookup *lookup = ctx;
    struct km_registry_function found = {.name = NULL};
    const char *qualifier = name->qualifier[0] != '\0' ? name->qualifier : NULL;
    lookup->name = *name;
    km_status status = km_registry_function_resolve(lookup->registry, name->account, name->name,
                                                    qualifier, &lookup->number);
    if (status == KM_E_NOTFOUND)
        return KM_FAIL(err, status, "there is no function %s%s%s", name->name,
                       qualifier != NULL ? ":" : "", qualifier != NULL ? qualifier : "");
    KM_TRY(because(err, lookup->registry, status));
    status = km_registry_function_get(lookup->registry, lookup->arena, name->account, name->name,
                                      lookup->number, &found);
    if (status == KM_OK)
        status = km_function_config_parse(err, found.config, &lookup->config);
    if (status != KM_OK) {
        km_arena_reset(lookup->arena);
        return because(err, lookup->registry, status);
    }
    name_version(lookup);
    name_code(found.code_sha256, lookup->code_id, sizeof lookup->code_id);
    *ret = (struct km_function){.account = lookup->name.account,
                                .region = lookup->region,
                                .name = lookup->name.name,
                                .version = lookup->version,
                                .code_id = lookup->code_id};
    km_function_config_fill(lookup->config, ret);
    *ret_handle = lookup;
    return KM_OK;
}

static void unload(void *ctx, void *handle)
{
    struct lookup *lookup = ctx;
    (void)handle;
    km_function_config_free(lookup->config);
    lookup->config = NULL;
    km_arena_reset(lookup->arena);
}

static km_status code(void *ctx, struct km_err *err, void *handle, struct km_slice *ret)
{
    struct lookup *lookup = ctx;
    (void)handle;
    return because(err, lookup->registry,
                   km_registry_function_code(lookup->registry, lookup->arena, lookup->name.account,
                                             lookup->name.name, lookup->number, ret));
}

static void put_text(const struct km_secret *secret, char *ret, size_t cap)
{
    struct km_slice text = km_secret_expose(secret);
    size_t len = text.len < cap ? text.len : cap - 1;
    km_copy(ret, cap, text.ptr, len);
    ret[len] = '\0';
}

static km_status mint(void *ctx, struct km_err *err, const struct km_function *function,
                      unsigned lifetime_s, struct km_runner_credentials *ret)
{
    struct lookup *lookup = ctx;
    struct km_registry_new_key key = {.id = ""};
    char principal[KM_FUNCTION_NAME_LEN_MAX + 16] = {0};
    snprintf(principal, sizeof principal, "function/%s", function->name);
    KM_TRY(because(
        err, lookup->registry,
        km_registry_session_new(lookup->registry, function->account, principal, lifetime_s, &key)));
    snprintf(ret->key_id, sizeof ret->key_id, "%s", key.id);
    put_text(key.secret, ret->secret, sizeof ret->secret);
    put_text(key.token, ret->token, sizeof ret->token);
    km_registry_new_key_clear(&key);
    return KM_OK;
}

static void note(void *ctx, const struct km_err *err, const char *function)
{
    ((const struct lookup *)ctx)->note(err, function);
}

/* Who asks what happened finds runs as well. If that can't be stored the run counts all the same. */
static void ended(void *ctx, const struct km_function_name *function, const char *request_id,
                  const struct km_err *failure)
{
    struct lookup *lookup = ctx;
    char detail[256] = {0};
    snprintf(detail, sizeof detail, "{\"function\":\"%s\",\"requestId\":\"%s\"}", function->name,
             request_id);
    const struct km_registry_event event = {.account = function->account,
                                            .kind = "FunctionExecution",
                                            .is_success = failure == NULL,
                                            .reason = failure != NULL ? failure->text : NULL,
                                            .detail = detail};
    if (km_registry_event_add(lookup->registry, &event) != KM_OK)
        lookup->note(km_registry_err(lookup->registry), function->name);
    if (failure != NULL)
        lookup->note(failure, function->name);
}

static int64_t now_ms(void *ctx)
{
    struct timespec now = {0};
    (void)ctx;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static km_status chance(void *ctx, struct km_err *err, void *ret, size_t len)
{
    (void)ctx;
    return getrandom(ret, len, 0) == (ssize_t)len ? KM_OK : KM_FAIL_ERRNO(err, "no random bytes");
}

struct km_runner_calls lookup_calls(struct lookup *lookup)
{
    return (struct km_runner_calls){.ctx = lookup,
                                    .load = load,
                                    .unload = unload,
                                    .code = code,
                                    .mint = mint,
                                    .note = note,
                                    .ended = ended,
                                    .now_ms = now_ms,
                                    .random = chance};
}

km_status lookup_permits(struct km_err *err, struct lookup *lookup, const char *account,
                         const struct km_function_name *function, const char *rule_arn)
{
    struct km_registry_permission_list list = {.items = NULL};
    bool is_permitted = false;
    unsigned n_short = km_json_n_short();
    if (function->account[0] != '\0' && strcmp(function->account, account) != 0)
        return KM_FAIL(err, KM_E_NOTFOUND, "function %s is of another account", function->name);
    km_status status = km_registry_permission_list(lookup->registry, lookup->arena, account,
                                                   function->name, function->qualifier, &list);
    if (status == KM_E_NOTFOUND)
        return KM_FAIL(err, status, "there is no function %s", function->name);
    for (size_t i = 0; status == KM_OK && i < list.n_items; i++)
        is_permitted |= km_function_permits(list.items[i].statement, IOT, rule_arn, account);
    km_arena_reset(lookup->arena);
    KM_TRY(because(err, lookup->registry, status));
    if (!is_permitted && km_json_n_short() != n_short)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the permissions of a function");
    if (!is_permitted)
        return KM_FAIL(err, KM_E_DENIED,
                       "function %s does not permit " IOT
                       " to call it for %s: see lambda add-permission",
                       function->name, rule_arn);
    return KM_OK;
}
