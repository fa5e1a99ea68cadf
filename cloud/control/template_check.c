/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/template_check.h"

#include <string.h>

#include "cloud/common/json.h"
#include "cloud/provision/template.h"

/* Values come with the device; any will do to see whether the whole is understood. */
static km_status sample_values(struct km_call *call, const json_t *template,
                               struct km_template_pair **ret, size_t *ret_n)
{
    json_t *declared = json_object_get(template, "Parameters");
    const char *name = NULL;
    json_t *value = NULL;
    size_t n = 0;
    struct km_template_pair *pairs =
        km_arena_array(call->arena, json_object_size(declared) + 1, sizeof(*pairs));
    if (pairs == NULL)
        return KM_FAIL(&call->err, KM_E_NOMEM, "parameters of a template");
    json_object_foreach(declared, name, value)
    {
        pairs[n++] = (struct km_template_pair){.name = name, .value = "0"};
    }
    *ret = pairs;
    *ret_n = n;
    return KM_OK;
}

km_status km_template_check(struct km_call *call, const char *body)
{
    KM_AUTO(km_json_unref) json_t *template = NULL;
    struct km_template_plan plan = {0};
    struct km_template_pair *values = NULL;
    size_t n = 0;
    KM_TRY(km_json_object(&call->err, KM_SLICE_STR(body), KM_CALL_JSON_DEPTH_MAX, &template));
    KM_TRY(sample_values(call, template, &values, &n));
    km_status status =
        km_template_resolve(&call->err, call->arena, KM_SLICE_STR(body), values, n, &plan);
    if (status == KM_E_NOTFOUND || status == KM_E_LIMIT) /* of something in it */
        call->exception = KM_X_INVALID_REQUEST;
    return status;
}
