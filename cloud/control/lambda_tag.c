/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of functions. */
#include <string.h>

#include "cloud/common/json.h"
#include "cloud/control/lambda.h"
#include "cloud/control/operations.h"
#include "cloud/control/tags.h"

/* The path's ARN; one of a version or an alias has no tags of its own. */
static km_status name_of(struct km_call *call, struct km_function_name *ret)
{
    struct km_function_name name = {0};
    KM_TRY(km_lambda_name(call, &name));
    if (name.account[0] == '\0' || name.region[0] == '\0' || name.qualifier[0] != '\0')
        return km_call_fail(call, KM_X_NONE, "tags are asked for by the ARN of the whole function");
    *ret = name;
    return KM_OK;
}

static km_status tag_resource(struct km_call *call)
{
    struct km_function_name name = {0};
    struct km_tag_list tags = {0};
    KM_TRY(name_of(call, &name));
    KM_TRY(km_tags_of_map(call, km_call_member(call, "Tags"), &tags));
    const struct km_tagged_resource resource = {KM_TAGGED_FUNCTION, name.name};
    call->status = 204;
    return km_call_registry(
        call, km_registry_tags_add(call->reg, call->account, &resource, tags.items, tags.n_items));
}

static km_status list_tags(struct km_call *call)
{
    struct km_function_name name = {0};
    json_t *map = NULL;
    KM_TRY(name_of(call, &name));
    KM_TRY(km_lambda_tags(call, name.name, &map));
    return km_call_reply(call, json_pack("{s:o}", "Tags", map));
}

/* tagKeys=...&tagKeys=... */
static km_status untag_resource(struct km_call *call)
{
    struct km_function_name name = {0};
    struct km_slice query = call->target.query;
    struct km_slice found = {0};
    struct km_slice value = {0};
    const char *keys[KM_TAGS_MAX] = {0};
    size_t n = 0;
    KM_TRY(name_of(call, &name));
    while (km_target_next_parameter(&query, &found, &value)) {
        if (!km_slice_equal(found, KM_SLICE_STR("tagKeys")))
            continue;
        if (n == KM_TAGS_MAX)
            return km_call_fail(call, KM_X_NONE, "at most %d tagKeys", KM_TAGS_MAX);
        keys[n] = km_tags_decode(call->arena, value);
        if (keys[n++] == NULL)
            return km_call_fail(call, KM_X_NONE, "parameter tagKeys is not readable");
    }
    const struct km_tagged_resource resource = {KM_TAGGED_FUNCTION, name.name};
    call->status = 204;
    return km_call_registry(call,
                            km_registry_tags_remove(call->reg, call->account, &resource, keys, n));
}

#define TAGS "/2017-03-31/tags/{ARN}"

static const struct km_operation rows[] = {
    {"TagResource", KM_SERVICE_LAMBDA, "POST", TAGS, NULL, NULL, "Tags!:o", KM_OP_CHANGES,
     tag_resource},
    {"ListTags", KM_SERVICE_LAMBDA, "GET", TAGS, NULL, NULL, NULL, 0, list_tags},
    {"UntagResource", KM_SERVICE_LAMBDA, "DELETE", TAGS, "tagKeys!:s", NULL, NULL, KM_OP_CHANGES,
     untag_resource},
};

const struct km_operations km_lambda_tag = {rows, KM_ARRAY_LEN(rows)};
