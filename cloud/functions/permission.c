/* SPDX-License-Identifier: Apache-2.0 */
/* Who may have a function invoked: the statements of its policy. */
#include <string.h>
#include <strings.h>

#include "cloud/common/json.h"
#include "cloud/functions/function.h"

#define STATEMENT_DEPTH_MAX 16

struct asker {
    const char *service, *source_arn, *source_account;
};

/* matches: "*" stands for any run of characters, "?" for one. */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            resume = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool equals(const char *pattern, const char *text)
{
    return strcmp(pattern, text) == 0;
}

/* any: whether the value, or one of them, fits the text. */
static bool any(const json_t *value, bool (*fits)(const char *, const char *), const char *text)
{
    if (json_is_string(value))
        return fits(json_string_value(value), text);
    size_t i = 0;
    const json_t *each = NULL;
    json_array_foreach(value, i, each) if (json_is_string(each) &&
                                           fits(json_string_value(each), text)) return true;
    return false;
}

static bool condition_holds(const char *operator, const json_t * keys, const struct asker *asker)
{
    bool is_like = strcasecmp(operator, "ArnLike") == 0 ||
                   strcasecmp(operator, "StringLike") == 0 ||
                   strcasecmp(operator, "ArnEquals") == 0;
    if (!is_like && strcasecmp(operator, "StringEquals") != 0)
        return false;
    const char *key = NULL;
    const json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)keys, key, value)
    {
        const char *text = NULL;
        if (strcasecmp(key, "AWS:SourceArn") == 0)
            text = asker->source_arn;
        if (strcasecmp(key, "AWS:SourceAccount") == 0)
            text = asker->source_account;
        if (text == NULL || !any(value, is_like ? matches : equals, text))
            return false;
    }
    return json_is_object(keys);
}

static bool principal_fits(const json_t *principal, const struct asker *asker)
{
    if (json_is_string(principal))
        return strcmp(json_string_value(principal), "*") == 0;
    return any(json_object_get(principal, "Service"), equals, asker->service);
}

static bool permits(const json_t *statement, const struct asker *asker)
{
    const char *effect = json_string_value(json_object_get(statement, "Effect"));
    json_t *conditions = json_object_get(statement, "Condition");
    if (effect == NULL || strcmp(effect, "Allow") != 0 ||
        !principal_fits(json_object_get(statement, "Principal"), asker) ||
        !any(json_object_get(statement, "Action"), matches, "lambda:InvokeFunction"))
        return false;
    if (conditions != NULL && !json_is_object(conditions))
        return false;
    const char *operator= NULL;
    const json_t *keys = NULL;
    json_object_foreach(conditions, operator,
                        keys) if (!condition_holds(operator, keys, asker)) return false;
    return true;
}

bool km_function_permits(const char *statement, const char *service, const char *source_arn,
                         const char *source_account)
{
    const struct asker asker = {service, source_arn, source_account};
    KM_AUTO(km_json_unref) json_t *json = NULL;
    return km_json_object(NULL, KM_SLICE_STR(statement), STATEMENT_DEPTH_MAX, &json) == KM_OK &&
           permits(json, &asker);
}
