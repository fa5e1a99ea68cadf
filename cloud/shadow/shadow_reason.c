/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/shadow/shadow.h"

#include <stdio.h>

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

static const struct {
    unsigned code;
    const char *text;
} reasons[] = {
    [KM_SHADOW_ACCEPTED] = {200, ""},
    [KM_SHADOW_BAD_JSON] = {400, "Invalid JSON"},
    [KM_SHADOW_NO_STATE] = {400, "Missing required node: state"},
    [KM_SHADOW_BAD_STATE] = {400, "State node must be an object"},
    [KM_SHADOW_BAD_DESIRED] = {400, "Desired node must be an object"},
    [KM_SHADOW_BAD_REPORTED] = {400, "Reported node must be an object"},
    [KM_SHADOW_BAD_VERSION] = {400, "Invalid version"},
    [KM_SHADOW_BAD_TOKEN] = {400, "Invalid clientToken"},
    [KM_SHADOW_TOO_DEEP] = {400, "JSON contains too many levels of nesting; maximum is " TEXT(
                                     KM_SHADOW_DEPTH_MAX)},
    [KM_SHADOW_BAD_NODE] = {400, "State contains an invalid node"},
    [KM_SHADOW_NOT_FOUND] = {404, "No shadow exists with name: "},
    [KM_SHADOW_CONFLICT] = {409, "Version conflict"},
    [KM_SHADOW_TOO_LARGE] = {413, "The payload exceeds the maximum size allowed"},
    [KM_SHADOW_BAD_ENCODING] = {415,
                                "Unsupported documented encoding; supported encoding is UTF-8"},
    [KM_SHADOW_UNAUTHORIZED] = {401, "Unauthorized"},
    [KM_SHADOW_FORBIDDEN] = {403, "Forbidden"},
    [KM_SHADOW_NO_THING] = {404, "Thing not found"},
    [KM_SHADOW_TOO_MANY] = {429, "The request has been throttled: too many unanswered requests"},
    [KM_SHADOW_INTERNAL] = {500, "Internal service failure"},
};

unsigned km_shadow_reason_code(enum km_shadow_reason reason)
{
    return (size_t)reason < KM_ARRAY_LEN(reasons) ? reasons[reason].code : 500;
}

void km_shadow_message(enum km_shadow_reason reason, const struct km_shadow_id *id,
                       char ret[KM_SHADOW_MESSAGE_CAP])
{
    const char *text = (size_t)reason < KM_ARRAY_LEN(reasons) ? reasons[reason].text
                                                              : reasons[KM_SHADOW_INTERNAL].text;
    if (reason == KM_SHADOW_NOT_FOUND)
        (void)snprintf(ret, KM_SHADOW_MESSAGE_CAP, "%s'%s'", text,
                       id->name[0] == '\0' ? id->thing : id->name);
    else
        (void)snprintf(ret, KM_SHADOW_MESSAGE_CAP, "%s", text);
}
