/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/companion/shadow_document.h"

#include "cloud/shadowstore/shadow_store.h"

#define DOCUMENT_DEPTH_MAX 64

km_status shadow_document(struct km_registry *registry, const char *account, struct km_slice thing,
                          struct km_slice name, int64_t now_s, json_t **ret)
{
    struct km_shadow_id id = {.name = ""};
    const struct km_shadow_request request = {.id = &id, .kind = KM_SHADOW_GET, .now_s = now_s};
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {.n_outputs = 0};
    if (!km_shadow_id_init(thing, name, &id))
        return KM_E_ARG;
    KM_TRY(km_shadow_store_apply(NULL, registry, account, &request, &result));
    if (result.reason != KM_SHADOW_ACCEPTED)
        return KM_E_NOTFOUND;
    struct km_slice text = KM_SLICE(result.outputs[0].json.ptr, result.outputs[0].json.len);
    return km_json_object(NULL, text, DOCUMENT_DEPTH_MAX, ret);
}
