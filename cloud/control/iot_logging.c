/* SPDX-License-Identifier: Apache-2.0 */
/* Logging options: how much the broker records of what devices do. */
#include <string.h>

#include "cloud/control/operations.h"
#include "cloud/registry/registry_logging.h"

static const char *const levels[] = {
    [KM_LOG_DISABLED] = "DISABLED", [KM_LOG_ERROR] = "ERROR", [KM_LOG_WARN] = "WARN",
    [KM_LOG_INFO] = "INFO",         [KM_LOG_DEBUG] = "DEBUG",
};
/* The first is the account as a whole. */
static const char *const targets[] = {
    "DEFAULT",
    [KM_LOG_THING_GROUP] = "THING_GROUP",
    [KM_LOG_CLIENT_ID] = "CLIENT_ID",
    [KM_LOG_SOURCE_IP] = "SOURCE_IP",
    [KM_LOG_PRINCIPAL_ID] = "PRINCIPAL_ID",
};

static bool find(const char *const *words, size_t n, const char *word, size_t *ret)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i], word) == 0) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static km_status level_of(struct km_call *call, const char *word, enum km_log_level *ret)
{
    size_t at = 0;
    if (word == NULL || !find(levels, KM_ARRAY_LEN(levels), word, &at))
        return km_call_fail(call, KM_X_NONE, "a level is DEBUG, INFO, WARN, ERROR or DISABLED");
    *ret = (enum km_log_level)at;
    return KM_OK;
}

static km_status target_of(struct km_call *call, const char *word, size_t *ret)
{
    if (word == NULL || !find(targets, KM_ARRAY_LEN(targets), word, ret))
        return km_call_fail(
            call, KM_X_NONE,
            "targetType is DEFAULT, THING_GROUP, CLIENT_ID, SOURCE_IP or PRINCIPAL_ID");
    return KM_OK;
}

/* ---- options ---- */

/* What is stored, or all zero. */
static km_status stored_or_none(struct km_call *call, struct km_registry_logging *ret)
{
    km_status status = km_registry_logging_get(call->reg, call->arena, call->account, ret);
    return status == KM_E_NOTFOUND ? KM_OK : km_call_registry(call, status);
}

static km_status stored(struct km_call *call, struct km_registry_logging *ret)
{
    return km_call_as(call, km_registry_logging_get(call->reg, call->arena, call->account, ret),
                      KM_E_NOTFOUND, KM_X_NOT_CONFIGURED);
}

static km_status store(struct km_call *call, const struct km_registry_logging *logging)
{
    if (logging->role == NULL)
        return km_call_fail(call, KM_X_NONE, "roleArn is missing");
    KM_REG(call, km_registry_logging_set(call->reg, call->account, logging));
    return km_call_reply(call, json_object());
}

static km_status set_options(struct km_call *call)
{
    struct km_registry_logging logging = {.role = km_call_text(call, "roleArn"),
                                          .level = KM_LOG_ERROR};
    if (km_call_member(call, "logLevel") != NULL)
        KM_TRY(level_of(call, km_call_text(call, "logLevel"), &logging.level));
    return store(call, &logging);
}

static km_status get_options(struct km_call *call)
{
    struct km_registry_logging logging = {0};
    KM_TRY(stored_or_none(call, &logging));
    return km_call_reply(
        call, json_pack("{s:s*, s:s}", "roleArn", logging.role, "logLevel", levels[logging.level]));
}

static km_status set_v2_options(struct km_call *call)
{
    struct km_registry_logging logging = {.level = KM_LOG_ERROR};
    const char *role = km_call_text(call, "roleArn");
    KM_TRY(stored_or_none(call, &logging));
    logging.role = role != NULL ? role : logging.role;
    if (km_call_member(call, "defaultLogLevel") != NULL)
        KM_TRY(level_of(call, km_call_text(call, "defaultLogLevel"), &logging.level));
    if (km_call_member(call, "disableAllLogs") != NULL)
        logging.is_off = km_call_is(call, "disableAllLogs");
    return store(call, &logging);
}

static km_status get_v2_options(struct km_call *call)
{
    struct km_registry_logging logging = {0};
    KM_TRY(stored(call, &logging));
    return km_call_reply(call,
                         json_pack("{s:s, s:s, s:b}", "roleArn", logging.role, "defaultLogLevel",
                                   levels[logging.level], "disableAllLogs", (int)logging.is_off));
}

/* ---- levels of targets ---- */

static km_status set_default_level(struct km_call *call, enum km_log_level level)
{
    struct km_registry_logging logging = {0};
    KM_TRY(stored(call, &logging));
    logging.level = level;
    return store(call, &logging);
}

static km_status set_level(struct km_call *call)
{
    const json_t *target = km_call_member(call, "logTarget");
    size_t kind = 0;
    struct km_registry_log_level level = {
        .name = json_string_value(json_object_get(target, "targetName"))};
    KM_TRY(target_of(call, json_string_value(json_object_get(target, "targetType")), &kind));
    KM_TRY(level_of(call, km_call_text(call, "logLevel"), &level.level));
    if (kind == 0)
        return set_default_level(call, level.level);
    level.target = (enum km_log_target)kind;
    KM_TRY(km_call_as(call, km_registry_log_level_set(call->reg, call->account, &level),
                      KM_E_NOTFOUND, KM_X_NOT_CONFIGURED));
    return km_call_reply(call, json_object());
}

static km_status delete_level(struct km_call *call)
{
    size_t kind = 0;
    KM_TRY(target_of(call, km_call_query(call, "targetType"), &kind));
    if (kind == 0)
        return km_call_fail(call, KM_X_NONE, "the level of DEFAULT can be set and not deleted");
    KM_REG(call, km_registry_log_level_delete(call->reg, call->account, (enum km_log_target)kind,
                                              km_call_query(call, "targetName")));
    return km_call_reply(call, json_object());
}

static void add_level(json_t *items, size_t kind, const char *name, enum km_log_level level)
{
    (void)json_array_append_new(items, json_pack("{s:{s:s, s:s*}, s:s}", "logTarget", "targetType",
                                                 targets[kind], "targetName", name, "logLevel",
                                                 levels[level]));
}

/* The default comes first, beside what the first page may have. */
static km_status list_levels(struct km_call *call)
{
    struct km_registry_logging logging = {0};
    struct km_registry_page page = {0};
    struct km_registry_log_level_list list = {0};
    const char *word = km_call_query(call, "targetType");
    size_t kind = 0;
    KM_TRY(stored(call, &logging));
    if (word != NULL)
        KM_TRY(target_of(call, word, &kind));
    bool is_default_alone = word != NULL && kind == 0;
    KM_TRY(km_call_page(call, "nextToken", "maxResults", &page));
    if (!is_default_alone)
        KM_REG(call, km_registry_log_level_list(call->reg, call->arena, call->account,
                                                (enum km_log_target)kind, &page, &list));
    json_t *items = json_array();
    if (kind == 0 && page.marker == NULL)
        add_level(items, 0, NULL, logging.level);
    for (size_t i = 0; i < list.n_items; i++)
        add_level(items, (size_t)list.items[i].target, list.items[i].name, list.items[i].level);
    return km_call_reply(
        call, json_pack("{s:o, s:s*}", "logTargetConfigurations", items, "nextToken", list.next));
}

#define OPTIONS "/loggingOptions"
#define V2_OPTIONS "/v2LoggingOptions"
#define V2_LEVEL "/v2LoggingLevel"

static const struct km_operation rows[] = {
    {"SetLoggingOptions", KM_SERVICE_IOT, "POST", OPTIONS, NULL, NULL, "roleArn!:s logLevel:s",
     KM_OP_CHANGES, set_options},
    {"GetLoggingOptions", KM_SERVICE_IOT, "GET", OPTIONS, NULL, NULL, NULL, 0, get_options},
    {"SetV2LoggingOptions", KM_SERVICE_IOT, "POST", V2_OPTIONS, NULL, NULL,
     "roleArn:s defaultLogLevel:s disableAllLogs:b", KM_OP_CHANGES, set_v2_options},
    {"GetV2LoggingOptions", KM_SERVICE_IOT, "GET", V2_OPTIONS, NULL, NULL, NULL, 0, get_v2_options},
    {"SetV2LoggingLevel", KM_SERVICE_IOT, "POST", V2_LEVEL, NULL, NULL, "logTarget!:o logLevel!:s",
     KM_OP_CHANGES, set_level},
    {"DeleteV2LoggingLevel", KM_SERVICE_IOT, "DELETE", V2_LEVEL, "targetType!:s targetName!:s",
     NULL, NULL, KM_OP_CHANGES, delete_level},
    {"ListV2LoggingLevels", KM_SERVICE_IOT, "GET", V2_LEVEL,
     "targetType:s nextToken:s maxResults:i", NULL, NULL, 0, list_levels},
};

const struct km_operations km_iot_logging = {rows, KM_ARRAY_LEN(rows)};
