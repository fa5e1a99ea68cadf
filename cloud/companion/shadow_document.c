/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/companion/shadow_document.h"

#include <string.h>

#include "cloud/registry/registry_shadow.h"
#include "cloud/shadow/shadow.h"

#define DOCUMENT_DEPTH_MAX 64

static struct km_slice text_or_empty(const char *text)
{
    return text != NULL ? KM_SLICE_STR(text) : KM_SLICE(NULL, 0);
}

static bool apply(const struct km_shadow_id *id, const struct km_registry_shadow *stored,
                  int64_t now_s, json_t **ret)
{
    const struct km_shadow_row row = {.state = text_or_empty(stored->state),
                                      .metadata = text_or_empty(stored->metadata),
                                      .version = (uint64_t)stored->version,
                                      .updated_at_s = stored->modified_ms / 1000,
                                      .deleted = stored->state == NULL};
    const struct km_shadow_request request = {.id = id, .kind = KM_SHADOW_GET, .now_s = now_s};
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {.n_outputs = 0};
    if (km_shadow_apply(NULL, &request, &row, &result) != KM_OK ||
        result.reason != KM_SHADOW_ACCEPTED || result.n_outputs == 0)
        return false;
    struct km_slice text = KM_SLICE(result.outputs[0].json.ptr, result.outputs[0].json.len);
    return km_json_object(NULL, text, DOCUMENT_DEPTH_MAX, ret) == KM_OK;
}

bool shadow_document(struct km_registry *registry, struct km_arena *arena, const char *account,
                     struct km_slice thing, struct km_slice name, int64_t now_s, json_t **ret)
{
    struct km_shadow_id id = {.name = ""};
    struct km_registry_shadow stored = {.state = NULL};
    bool is_there =
        km_shadow_id_init(thing, name, &id) &&
        km_registry_shadow_get(registry, arena, account, id.thing, id.name, &stored) == KM_OK &&
        stored.state != NULL && apply(&id, &stored, now_s, ret);
    km_arena_reset(arena);
    return is_there;
}
