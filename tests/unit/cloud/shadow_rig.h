/* SPDX-License-Identifier: Apache-2.0 */
/* One shadow and its storage in memory, for unit tests and the fuzz target. */
#ifndef KM_SHADOW_RIG_H
#define KM_SHADOW_RIG_H

#include <stdlib.h>

#include "cloud/shadow/shadow.h"

struct shadow_rig {
    struct km_shadow_id id;
    struct km_shadow_row row;
    struct km_json_text state; /* what row views */
    struct km_json_text metadata;
};

static inline void shadow_rig_clear(struct shadow_rig *rig)
{
    km_json_text_clear(&rig->state);
    km_json_text_clear(&rig->metadata);
    rig->row = (struct km_shadow_row){0};
}

static inline void shadow_rig_store(struct shadow_rig *rig, int64_t now_s,
                                    struct km_shadow_result *result)
{
    if (result->store == KM_SHADOW_KEEP)
        return;
    if (result->old_version != rig->row.version)
        abort();
    shadow_rig_clear(rig);
    rig->row.version = result->new_version;
    rig->row.updated_at_s = now_s;
    rig->row.deleted = result->store == KM_SHADOW_BURY;
    if (rig->row.deleted)
        return;
    rig->state = result->state;
    rig->metadata = result->metadata;
    result->state = (struct km_json_text){0};
    result->metadata = (struct km_json_text){0};
    rig->row.state = KM_SLICE(rig->state.ptr, rig->state.len);
    rig->row.metadata = KM_SLICE(rig->metadata.ptr, rig->metadata.len);
}

/* Applies and stores. The outputs are in *ret, its texts for the row are the rig's now. */
static inline km_status shadow_rig_do(struct shadow_rig *rig, enum km_shadow_kind kind,
                                      int64_t now_s, struct km_slice payload,
                                      struct km_shadow_result *ret)
{
    const struct km_shadow_request request = {
        .id = &rig->id, .kind = kind, .payload = payload, .now_s = now_s};
    KM_TRY(km_shadow_apply(NULL, &request, &rig->row, ret));
    shadow_rig_store(rig, now_s, ret);
    return KM_OK;
}

#endif
