/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/control/shadow_store.h"

#include <string.h>

#include "cloud/registry/registry_shadow.h"

static struct km_slice text_or_none(const char *text)
{
    return text == NULL ? (struct km_slice){0} : KM_SLICE_STR(text);
}

static km_status load(struct km_call *call, const struct km_shadow_id *id,
                      struct km_shadow_row *ret)
{
    struct km_registry_shadow stored = {0};
    KM_REG(call, km_registry_shadow_get(call->reg, call->arena, call->account, id->thing, id->name,
                                        &stored));
    *ret = (struct km_shadow_row){.state = text_or_none(stored.state),
                                  .metadata = text_or_none(stored.metadata),
                                  .version = (uint64_t)stored.version,
                                  .updated_at_s = stored.modified_ms / 1000,
                                  .deleted = stored.version > 0 && stored.state == NULL};
    return KM_OK;
}

/* KM_E_STALE, not recorded as a failure: another writer was there. */
static km_status store(struct km_call *call, const struct km_shadow_id *id,
                       const struct km_shadow_result *result)
{
    km_status status = KM_OK;
    const struct km_registry_shadow_put put = {.thing = id->thing,
                                               .name = id->name,
                                               .state = result->state.ptr,
                                               .metadata = result->metadata.ptr,
                                               .version = (int64_t)result->old_version};
    if (result->store == KM_SHADOW_WRITE)
        status = km_registry_shadow_put(call->reg, call->account, &put);
    else if (result->store == KM_SHADOW_BURY)
        status =
            km_registry_shadow_delete(call->reg, call->account, id->thing, id->name, put.version);
    bool is_gone = status == KM_E_NOTFOUND && result->store == KM_SHADOW_BURY;
    return status == KM_E_STALE || is_gone ? KM_E_STALE : km_call_registry(call, status);
}

static km_status try_once(struct km_call *call, const struct km_shadow_request *request,
                          struct km_shadow_result *ret)
{
    struct km_shadow_row row = {0};
    KM_AUTO(km_shadow_result_clear) struct km_shadow_result result = {0};
    KM_TRY(load(call, request->id, &row));
    KM_TRY(km_shadow_apply(&call->err, request, &row, &result));
    KM_TRY(store(call, request->id, &result));
    *ret = result;
    result = (struct km_shadow_result){0};
    return KM_OK;
}

km_status km_shadow_store_apply(struct km_call *call, const struct km_shadow_request *request,
                                struct km_shadow_result *ret)
{
    for (int i = 0; i < KM_SHADOW_STORE_TRIES; i++) {
        km_status status = try_once(call, request, ret);
        if (status != KM_E_STALE)
            return status;
    }
    return KM_FAIL(&call->err, KM_E_TIMEOUT, "too many writers of one shadow at a time");
}
